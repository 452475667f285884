#pragma once

#include <understudy/detail/apply_rule.hpp>
#include <understudy/detail/settle_rule.hpp>
#include <understudy/index.hpp>
#include <understudy/key_order.hpp>
#include <understudy/memory/detail/absence_notes.hpp>
#include <understudy/memory/detail/floors.hpp>
#include <understudy/memory/detail/hinted_values.hpp>
#include <understudy/memory/detail/index_map.hpp>
#include <understudy/memory/detail/pass_book.hpp>
#include <understudy/memory/detail/set_map.hpp>
#include <understudy/memory/params.hpp>
#include <understudy/observation.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/row.hpp>
#include <understudy/set_row.hpp>
#include <understudy/settlement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::memory {

/// The rows of a replica in memory, and the rules by which they follow a source: a `Replica` without the waiting. Time
/// is an argument, counted from any fixed point of a monotonic clock. Not thread-safe.
template<Record R>
class Table {
public:
    using Instant = std::chrono::nanoseconds;

    explicit Table(Params params = {})
        : params_{params} {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    std::size_t size() const noexcept { return rows_.size(); }

    Ticket draw_ticket() noexcept { return Ticket{++last_ticket_}; }

    template<IndexTag By>
    Row<R> look_up(const typename By::value_type& value, Instant now) {
        if constexpr (understudy::detail::is_by_id<By>) {
            const auto it = rows_.find(value);
            if (it != rows_.end())
                return seen(it->second, now);
            Row<R> row;
            row.id = value;
            row.ticket = floors_.of(value);
            return row;
        } else {
            const auto wanted = normalised<By>(value);
            Entry* best = nullptr;
            index<By>().for_each_key(wanted, [&](const key_t<R>& key) {
                const auto it = rows_.find(key);
                if (it != rows_.end() && (!best || it->second.row.ticket > best->row.ticket))
                    best = &it->second;
            });
            if (best)
                return seen(*best, now);
            Row<R> row;
            row.ticket = index<By>().floor_of(wanted);
            notes<By>().look_up(wanted, now, row);
            return row;
        }
    }

    std::vector<Applied> apply(const std::vector<Observation<R>>& observations, Instant now) {
        // Sorted by key, the latest ticket of a key first: the others are then dropped by the rule itself.
        std::vector<std::size_t> order(observations.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            const auto& left = observations[a];
            const auto& right = observations[b];
            return left.key != right.key ? left.key < right.key : left.ticket > right.ticket;
        });
        std::vector<Applied> outcomes(observations.size(), Applied::dropped);
        const Observation<R>* previous = nullptr;
        for (const std::size_t at : order) {
            const auto& observation = observations[at];
            if (!previous || previous->key != observation.key)
                outcomes[at] = apply_one(observation, now);
            previous = &observation;
        }
        return outcomes;
    }

    template<IndexTag By>
    Applied note_absent(const typename By::value_type& value, Ticket ticket, Instant since) {
        const auto wanted = normalised<By>(value);
        bool contradicted = false;
        index<By>().for_each_key(wanted, [&](const key_t<R>&) { contradicted = true; });
        if (contradicted || ticket <= index<By>().floor_of(wanted))
            return Applied::dropped;
        return notes<By>().note(wanted, ticket, since, params_.max_absences);
    }

    void hint(const key_t<R>& key) {
        // A bounded table has no room for rows that hold nothing: the floor remembers the hint.
        if (params_.capacity != 0 && !rows_.contains(key))
            return floors_.raise(key, draw_ticket());
        Entry& entry = entry_of(key);
        entry.row.ticket = draw_ticket();
        entry.row.mark = Mark::dirty;
    }

    std::vector<Settled> settle(const std::vector<Settlement<R>>& settlements, Instant now) {
        std::vector<Settled> outcomes;
        outcomes.reserve(settlements.size());
        for (const auto& settlement : settlements)
            outcomes.push_back(settle_one(settlement, now));
        return outcomes;
    }

    /// Goes over all rows.
    std::vector<key_t<R>> find_marked(std::size_t limit) const {
        std::vector<const Row<R>*> marked;
        for (const auto& [key, entry] : rows_)
            if (entry.row.mark != Mark::clean)
                marked.push_back(&entry.row);
        const auto wanted = std::next(marked.begin(), static_cast<std::ptrdiff_t>(std::min(limit, marked.size())));
        std::partial_sort(marked.begin(), wanted, marked.end(),
                          [](const Row<R>* a, const Row<R>* b) { return a->ticket < b->ticket; });
        std::vector<key_t<R>> keys;
        std::transform(marked.begin(), wanted, std::back_inserter(keys), [](const Row<R>* row) { return row->id; });
        return keys;
    }

    /// Goes over all rows.
    std::size_t live_rows() const {
        const auto live = [](const auto& row) { return row.second.row.state == State::live; };
        return static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), live));
    }

    /// See `PassStepped::missing`. Goes over all rows.
    std::vector<key_t<R>> missing_of(const ListedRange<R>& listed) const {
        std::vector<key_t<R>> missing;
        for (const auto& [key, entry] : rows_) {
            const bool within =
                !(listed.from && key_less<R>(key, *listed.from)) && (!listed.until || key_less<R>(key, *listed.until));
            if (within && entry.row.state == State::live && entry.row.ticket < listed.ticket &&
                !std::binary_search(listed.keys.begin(), listed.keys.end(), key, key_less<R>))
                missing.push_back(key);
        }
        std::sort(missing.begin(), missing.end(), key_less<R>);
        return missing;
    }

    detail::PassBook& passes() noexcept { return passes_; }

    template<IndexTag By>
    SetRow<R> look_up_set(const SetQuery<By>& query, Instant now) {
        const auto wanted = normalised<By>(query.value);
        const auto known = sets<By>().look_up(wanted);
        SetRow<R> set;
        set.ticket = known.ticket;
        set.as_of = known.as_of;
        set.mark = known.mark;
        if (!set.covered())
            return set;
        auto oldest = known.confirmed;
        index<By>().for_each_key(wanted, [&](const key_t<R>& key) {
            Entry& entry = rows_.find(key)->second;
            oldest = std::min(oldest, entry.confirmed);
            if (entry.row.mark == Mark::dirty || entry.row.as_of < set.as_of)
                set.doubts.push_back({key, entry.row.ticket});
            if (query.after && !(*query.after < key))
                return;
            if (set.members.size() < query.limit)
                set.members.push_back(seen(entry, now));
            else
                set.more = true;
        });
        set.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest);
        return set;
    }

    template<IndexTag By>
    Covered cover(const Coverage<By>& coverage, Instant now) {
        const auto value = normalised<By>(coverage.value);
        auto set = sets<By>().look_up(value);
        if (coverage.ticket <= set.ticket)
            return Covered::dropped;
        for (const auto& key : coverage.members) {
            const auto it = rows_.find(key);
            if (it == rows_.end())
                return Covered::incomplete;
            const Row<R>& row = it->second.row;
            const bool named = row.state == State::live && answers_to<By>(row.record, value);
            if (!named && row.as_of < coverage.ticket)
                return Covered::dropped;
        }
        set.ticket = draw_ticket();
        set.as_of = coverage.ticket;
        set.mark = Mark::clean;
        set.confirmed = now - coverage.elapsed;
        sets<By>().put(value, set, params_.capacity);
        return Covered::covered;
    }

    template<IndexTag By>
    void hint_set(const typename By::value_type& hinted) {
        const auto value = normalised<By>(hinted);
        auto set = sets<By>().look_up(value);
        set.ticket = draw_ticket();
        set.mark = Mark::dirty;
        sets<By>().put(value, set, params_.capacity);
    }

private:
    struct Entry {
        Row<R> row{};
        Instant confirmed{0};
        understudy::detail::LagCount lag{};
        Instant lag_since{0};
        bool visited = false;
    };

    Row<R> seen(Entry& entry, Instant now) const {
        entry.visited = true;
        Row<R> row = entry.row;
        row.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.confirmed);
        return row;
    }

    understudy::detail::RowFacts facts_of(const key_t<R>& key, Instant now) const {
        understudy::detail::RowFacts facts;
        facts.ticket = floors_.of(key);
        if (const auto it = rows_.find(key); it != rows_.end()) {
            const Entry& entry = it->second;
            facts = {entry.row.state, entry.row.mark, entry.row.ticket, entry.row.version, entry.lag};
            facts.lag.lasting = std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.lag_since);
        }
        return facts;
    }

    Applied apply_one(const Observation<R>& observation, Instant now) {
        using understudy::detail::ApplyStep;
        const auto it = rows_.find(observation.key);
        understudy::detail::ObservationFacts fresh{observation.ticket, observation.version, false};
        if (it != rows_.end())
            fresh.same_content = same_content(it->second.row, observation);
        const auto decision = understudy::detail::decide_apply(facts_of(observation.key, now), fresh);
        switch (decision.step) {
        case ApplyStep::write:
            write(observation, decision.version, now);
            break;
        case ApplyStep::keep:
            if (observation.confirm) {
                Entry& entry = it->second;
                entry.confirmed = std::max(entry.confirmed, now - observation.elapsed);
                entry.row.as_of = std::max(entry.row.as_of, observation.ticket);
            }
            break;
        case ApplyStep::drop:
            break;
        case ApplyStep::mark:
            hint(observation.key);
            break;
        case ApplyStep::lag:
            hint(observation.key);
            it->second.lag = decision.lag;
            if (decision.lag.reads == 1)
                it->second.lag_since = now;
            break;
        }
        return decision.outcome();
    }

    Settled settle_one(const Settlement<R>& settlement, Instant now) {
        using understudy::detail::SettleStep;
        const auto step =
            understudy::detail::decide_settle(facts_of(settlement.key, now), settlement.action, settlement.ticket);
        if (step == SettleStep::hint) {
            hint(settlement.key);
            note_hinted(settlement);
            return Settled::hinted;
        }
        Entry& entry = entry_of(settlement.key);
        Row<R>& row = entry.row;
        if (settlement.action == WriteAction::update) {
            // Its other members are as old as they were: so are its age and `as_of`.
            R record = row.record;
            settlement.patch.apply_to(record);
            show(entry, State::live, std::move(record));
        } else {
            const bool created = settlement.action == WriteAction::create;
            show(entry, created ? State::live : State::archived, created ? settlement.record : R{});
            row.as_of = step == SettleStep::show ? settlement.ticket : no_ticket;
            entry.confirmed = now;
        }
        row.version = std::max(row.version, settlement.version);
        row.mark = understudy::detail::mark_after(step, settlement.action, settlement.complete);
        return settled_by(step);
    }

    // Who asks for a value that was written, but is not to be seen in the row, joins no load from before.
    void note_hinted(const Settlement<R>& settlement) {
        if (settlement.action == WriteAction::archive)
            return;
        const auto it = rows_.find(settlement.key);
        const R* shown = it != rows_.end() && it->second.row.state == State::live ? &it->second.row.record : nullptr;
        detail::HintedValues<R> hinted{shown, settlement, draw_ticket()};
        hinted_ = hinted.ticket;
        for (auto& [type, map] : indexes_)
            map->learn(hinted);
        for (auto& [type, list] : notes_)
            list->contradict(hinted);
        for (auto& [type, map] : sets_)
            map->hint(hinted);
    }

    static bool same_content(const Row<R>& row, const Observation<R>& observation) {
        if (row.state != observation.state)
            return false;
        if (row.state == State::live)
            return row.record == observation.record;
        return row.state != State::merged || row.merged_into == observation.merged_into;
    }

    void write(const Observation<R>& observation, Version version, Instant now) {
        Entry& entry = entry_of(observation.key);
        Row<R>& row = entry.row;
        show(entry, observation.state, observation.state == State::live ? observation.record : R{});
        if (observation.state == State::merged)
            row.merged_into = observation.merged_into;
        row.version = version;
        row.as_of = observation.ticket;
        row.mark = Mark::clean;
        entry.confirmed = now - observation.elapsed;
    }

    // From now on the row says this.
    void show(Entry& entry, State state, R record) {
        Row<R>& row = entry.row;
        if (row.state == State::live)
            unindex(row);
        row.state = state;
        row.merged_into = key_t<R>{};
        row.record = std::move(record);
        row.ticket = draw_ticket();
        entry.lag = {};
        if (row.state == State::live) {
            for (auto& [type, map] : indexes_)
                map->insert(row.record);
            for (auto& [type, list] : notes_)
                list->contradict(row.record);
        }
    }

    void unindex(const Row<R>& row) {
        for (auto& [type, map] : indexes_)
            map->erase(row.record);
    }

    Entry& entry_of(const key_t<R>& key) {
        const auto it = rows_.find(key);
        if (it != rows_.end())
            return it->second;
        if (params_.capacity != 0 && rows_.size() >= params_.capacity)
            evict();
        Entry& entry = rows_[key];
        entry.row.id = key;
        queue_.push_back(key);
        return entry;
    }

    // SIEVE: the hand moves from the oldest to the newest, forgives each visited row once, and takes the first other.
    void evict() {
        for (;;) {
            if (hand_ == queue_.end())
                hand_ = queue_.begin();
            const auto victim = rows_.find(*hand_);
            if (!victim->second.visited) {
                // What the row knew must still hold back reads that began before it was learned.
                const Row<R>& row = victim->second.row;
                floors_.raise(row.id, row.ticket);
                evicted_ = std::max(evicted_, row.ticket);
                if (row.state == State::live) {
                    for (auto& [type, map] : indexes_)
                        map->evict(row.record, row.ticket);
                    for (auto& [type, map] : sets_)
                        map->uncover(row.record);
                }
                hand_ = queue_.erase(hand_);
                rows_.erase(victim);
                return;
            }
            victim->second.visited = false;
            ++hand_;
        }
    }

    template<IndexTag By>
    detail::IndexMap<By>& index() {
        auto& slot = indexes_[typeid(By)];
        if (!slot) {
            auto map = std::make_unique<detail::IndexMap<By>>(
                detail::Floors<typename By::value_type>{std::max(evicted_, hinted_)});
            for (const auto& [key, entry] : rows_)
                if (entry.row.state == State::live)
                    map->insert(entry.row.record);
            slot = std::move(map);
        }
        return static_cast<detail::IndexMap<By>&>(*slot);
    }

    template<IndexTag By>
    detail::AbsenceNotes<By>& notes() {
        auto& slot = notes_[typeid(By)];
        if (!slot)
            slot = std::make_unique<detail::AbsenceNotes<By>>();
        return static_cast<detail::AbsenceNotes<By>&>(*slot);
    }

    template<IndexTag By>
    detail::SetMap<By>& sets() {
        auto& slot = sets_[typeid(By)];
        if (!slot)
            slot = std::make_unique<detail::SetMap<By>>(detail::Floors<typename By::value_type>{hinted_});
        return static_cast<detail::SetMap<By>&>(*slot);
    }

    Params params_;
    detail::PassBook passes_;
    std::uint64_t last_ticket_ = 0;
    detail::Floors<key_t<R>> floors_;
    Ticket evicted_ = no_ticket; // the latest of all evicted rows
    Ticket hinted_ = no_ticket;  // the latest of all values that were hinted at
    std::unordered_map<key_t<R>, Entry> rows_;
    std::list<key_t<R>> queue_;
    typename std::list<key_t<R>>::iterator hand_ = queue_.end();
    std::map<std::type_index, std::unique_ptr<detail::AnyIndexMap<R>>> indexes_;
    std::map<std::type_index, std::unique_ptr<detail::AnyAbsenceNotes<R>>> notes_;
    std::map<std::type_index, std::unique_ptr<detail::AnySetMap<R>>> sets_;
};

} // namespace understudy::memory
