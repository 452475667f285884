#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>
#include <understudy/key_order.hpp>
#include <understudy/listing.hpp>
#include <understudy/store.hpp>
#include <understudy/writable_source.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What a `ScriptedSource` holds, what reading it says and what writing to it does, all without waiting. The source
/// says what each function is for, and adds the time, the failures and the answers that get lost.
template<Record R>
class ScriptedTruth {
public:
    void put(R record, std::optional<Version> version) {
        auto& entry = entries_[key_of(record)];
        entry = {State::live, std::move(record), version ? *version : Version{++stamp_}, {}, entry.indexed};
        if (!index_held_)
            entry.indexed = entry.version;
    }
    void set_state(const key_t<R>& key, State state) { entries_[key].state = state; }
    void hold_index(bool held) {
        index_held_ = held;
        for (auto& [key, entry] : entries_)
            if (!held)
                entry.indexed = entry.version;
    }
    void merge(const key_t<R>& loser, const key_t<R>& survivor) {
        auto& entry = entries_[loser];
        entry.state = State::merged;
        entry.survivor = survivor;
    }
    std::size_t size() const noexcept { return entries_.size(); }

    void fail_key(const key_t<R>& key, boost::system::error_code error) {
        if (error)
            bad_[key] = error;
        else
            bad_.erase(key);
    }
    void hide_from_sets(const key_t<R>& key, bool hidden) {
        if (hidden)
            hidden_.insert(key);
        else
            hidden_.erase(key);
    }

    void refuse_key(const key_t<R>& key) { refused_.insert(key); }
    void refuse_if(std::function<bool(const R&)> rule) { rule_ = std::move(rule); }
    template<IndexTag By>
    void keep_unique() {
        holders_.push_back([](const ScriptedTruth& truth, const R& record) -> const key_t<R>* {
            for (const auto& [key, entry] : truth.entries_) {
                const R& other = entry.record;
                bool same = false;
                if (entry.state == State::live && key != key_of(record))
                    for_each_value<By>(record, [&](const auto& value) { same = same || answers_to<By>(other, value); });
                if (same)
                    return &key;
            }
            return nullptr;
        });
    }
    void keep_operations(bool keep) { keeps_operations_ = keep; }
    const std::vector<std::string>& operations(const key_t<R>& key) { return operations_[key]; }

    template<IndexTag By>
    Reading<R> read(const typename By::value_type& value) const {
        if constexpr (detail::is_by_id<By>) {
            return read_key(value);
        } else {
            for (const auto& [key, entry] : entries_)
                if (entry.state == State::live && answers_to<By>(entry.record, normalised<By>(value)))
                    return read_key(key);
            return Reading<R>::none({});
        }
    }

    Reading<R> read_key(const key_t<R>& asked, bool may_fail = true) const {
        if (const auto it = bad_.find(asked); may_fail && it != bad_.end())
            return Reading<R>::failure(it->second);
        const auto it = survivor_of(asked);
        if (it == entries_.end())
            return Reading<R>::none(asked);
        if (it->second.state == State::live)
            return Reading<R>::of(it->second.record, it->second.version);
        return Reading<R>::none(asked, it->second.state);
    }

    template<IndexTag By>
    std::vector<Candidate<R>> search(const typename By::value_type& value) const {
        std::vector<Candidate<R>> candidates;
        for (const auto& [key, entry] : entries_)
            if (entry.state == State::live && answers_to<By>(entry.record, normalised<By>(value)))
                candidates.push_back({key, entry.version});
        return candidates;
    }

    template<IndexTag By>
    SetReading<R> read_set(const typename By::value_type& value) const {
        std::vector<Reading<R>> members;
        for (const auto& candidate : search<By>(value)) {
            if (hidden_.contains(candidate.id))
                continue;
            members.push_back(read_key(candidate.id));
            if (members.back().failed())
                return SetReading<R>::failure(members.back().error);
        }
        return SetReading<R>::of(std::move(members));
    }

    ListingPage<R> list(const ListingQuery<R>& query, std::size_t length) const {
        ListingPage<R> page;
        for (const auto* key : sorted([](const Entry& entry) { return entry.state == State::live; })) {
            if (hidden_.contains(*key) || (query.from && key_less<R>(*key, *query.from)))
                continue;
            if (page.records.size() == length) {
                page.next = *key;
                break;
            }
            page.records.emplace_back(*key, read_key(*key));
        }
        return page;
    }

    ChangesPage<R> changes(const ChangesQuery<R>& query, std::size_t length) const {
        ChangesPage<R> page;
        const auto matches = [&](const Entry& entry) {
            return entry.state == State::live && entry.indexed != no_version && entry.indexed >= query.since;
        };
        for (const auto* key : sorted(matches)) {
            if (query.after && !key_less<R>(*query.after, *key))
                continue;
            if (page.candidates.size() == length) {
                page.next = page.candidates.back().id;
                break;
            }
            page.candidates.push_back({*key, entries_.at(*key).version});
        }
        return page;
    }

    std::optional<Candidate<R>> extreme(Extreme which) const {
        std::optional<Candidate<R>> found;
        for (const auto* key : sorted([](const Entry& entry) { return entry.indexed != no_version; })) {
            const auto stamp = entries_.at(*key).indexed;
            if (!found || which == Extreme::last || stamp > found->version)
                found = {*key, stamp};
        }
        return found;
    }

    WriteOutcome<R> update(const Change<R>& change) {
        WriteOutcome<R> outcome;
        const auto* entry = target(change.key, outcome);
        if (!entry)
            return outcome;
        auto record = entry->record;
        change.patch.apply_to(record);
        if (auto refused_for = objection(record))
            return *refused_for;
        return accept(change.key, std::move(record), change.operation);
    }

    WriteOutcome<R> create(const Creation<R>& creation) {
        auto record = creation.record;
        key_t<R> key{};
        do
            if constexpr (std::is_integral_v<key_t<R>>)
                key = static_cast<key_t<R>>(++made_);
            else
                key = std::to_string(++made_);
        while (entries_.contains(key));
        record.*RecordTraits<R>::key = key;
        if (auto refused_for = objection(record))
            return *refused_for;
        return accept(key, std::move(record), creation.operation);
    }

    WriteOutcome<R> archive(const key_t<R>& key) {
        WriteOutcome<R> outcome;
        if (auto* entry = target(key, outcome))
            entry->state = State::archived;
        else if (outcome.state == WriteState::merged || refused_.contains(key))
            return outcome;
        return WriteOutcome<R>::done(key, no_version);
    }

    WriteOutcome<R> associate(const Relinking<R>& relinking) {
        WriteOutcome<R> outcome;
        const auto* entry = target(relinking.key, outcome);
        if (!entry)
            return outcome;
        auto record = entry->record;
        relinking.links.apply_to(record);
        if (auto refused_for = objection(record))
            return *refused_for;
        put(std::move(record), {});
        return WriteOutcome<R>::done(relinking.key, no_version);
    }

    Landed find(const SentOperation<R>& sent) const {
        if (!keeps_operations_ || bad_.contains(sent.key))
            return Landed::unknown;
        const auto it = survivor_of(sent.key);
        if (it == entries_.end())
            return entries_.contains(sent.key) ? Landed::unknown : Landed::no;
        const auto known = operations_.find(it->first);
        if (known != operations_.end() &&
            std::find(known->second.begin(), known->second.end(), sent.operation) != known->second.end())
            return Landed::yes;
        return it->first == sent.key ? Landed::no : Landed::unknown;
    }

private:
    struct Entry {
        State state = State::absent;
        R record{};
        Version version = no_version;
        key_t<R> survivor{};
        Version indexed = no_version;
    };
    using Entries = std::map<key_t<R>, Entry>;

    typename Entries::const_iterator survivor_of(const key_t<R>& key) const {
        auto it = entries_.find(key);
        while (it != entries_.end() && it->second.state == State::merged)
            it = entries_.find(it->second.survivor);
        return it;
    }

    // The keys of the entries that `matches` likes, in the order of the list.
    template<class Matches>
    std::vector<const key_t<R>*> sorted(Matches matches) const {
        std::vector<const key_t<R>*> keys;
        for (const auto& [key, entry] : entries_)
            if (matches(entry))
                keys.push_back(&key);
        std::sort(keys.begin(), keys.end(), [](const key_t<R>* a, const key_t<R>* b) { return key_less<R>(*a, *b); });
        return keys;
    }

    static WriteOutcome<R> refusal(Errc why, key_t<R> holder = {}) {
        auto outcome = WriteOutcome<R>::failure(WriteState::refused, why);
        outcome.id = std::move(holder);
        return outcome;
    }

    // The live record that a write to a key is about; else what becomes of the write.
    Entry* target(const key_t<R>& key, WriteOutcome<R>& outcome) {
        const auto it = survivor_of(key);
        if (it != entries_.end() && it->first != key) {
            outcome.state = WriteState::merged;
            outcome.id = it->first;
            return nullptr;
        }
        outcome = refusal(Errc::refused);
        const bool live = it != entries_.end() && it->second.state == State::live;
        return live && !refused_.contains(key) ? &entries_[key] : nullptr;
    }

    std::optional<WriteOutcome<R>> objection(const R& record) const {
        if (rule_ && rule_(record))
            return refusal(Errc::refused);
        for (const auto& holder_of : holders_)
            if (const auto* holder = holder_of(*this, record))
                return refusal(Errc::conflict, *holder);
        return std::nullopt;
    }

    WriteOutcome<R> accept(const key_t<R>& key, R record, const std::string& operation) {
        put(std::move(record), {});
        operations_[key].push_back(operation);
        return WriteOutcome<R>::done(key, Version{stamp_});
    }

    Entries entries_;
    std::map<key_t<R>, boost::system::error_code> bad_;
    std::set<key_t<R>> hidden_;
    std::set<key_t<R>> refused_;
    std::function<bool(const R&)> rule_;
    // Who has a value that only one may have.
    std::vector<std::function<const key_t<R>*(const ScriptedTruth&, const R&)>> holders_;
    std::map<key_t<R>, std::vector<std::string>> operations_;
    bool keeps_operations_ = true;
    bool index_held_ = false;
    std::int64_t made_ = 900'000'000'000;
    std::int64_t stamp_ = 1'700'000'000'000;
};

} // namespace understudy::testing
