#pragma once

#include <understudy/hubspot/detail/batches.hpp>
#include <understudy/hubspot/detail/json.hpp>
#include <understudy/hubspot/detail/record_assembler.hpp>
#include <understudy/index.hpp>
#include <understudy/store.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

inline constexpr std::string_view merged_ids_property = "hs_merged_object_ids";

// A value that cannot be anybody's is not asked for: in a batch it would spoil the answer of all the others. Ids are
// positive numbers of 64 bits.
inline bool may_be_id(std::string_view text) {
    return !text.empty() && text.size() <= 19 && text.front() != '0' &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

inline bool may_be_value(std::string_view text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (text.empty() || text.size() > 1000 || std::ranges::any_of(text, control))
        return false;
    return parse_json(boost::json::serialize(boost::json::string{text.data(), text.size()})).has_value();
}

template<class F>
void for_each_part(std::string_view list, F&& f) {
    while (!list.empty()) {
        const auto end = std::min(list.find(';'), list.size());
        if (end > 0)
            f(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

/// Reads the records of any number of values.
///
/// HubSpot's batches answer in no order, leave inputs out, name many in one error, and answer a merged record under the
/// survivor's id. So every input ends as a result, an error, or a question of its own.
template<HubspotRecord R, IndexTag By>
class FetchMachine final : public Machine {
public:
    using signature = FetchSignature<R>;
    using value_type = typename By::value_type;
    static constexpr bool by_id = understudy::detail::is_by_id<By>;
    static constexpr std::size_t batch_size = 100;
    /// Questions about single inputs that one batch may lead to; more than that, and the answer is not to be believed.
    static constexpr std::size_t max_singles = 10;

    /// Gets the values that fail, as texts, and why; not those whose links alone fail. May be empty.
    std::function<void(const std::string&, error_code)> on_failed{};

    /// For values that are still to be added.
    explicit FetchMachine(Portal<R>& portal)
        : assembler_{portal, problems_} {}

    FetchMachine(Portal<R>& portal, const std::vector<value_type>& values)
        : FetchMachine{portal} {
        order_.reserve(values.size());
        for (const auto& value : values)
            order_.push_back(add(value));
        close();
    }

    /// Adds a value to what is read.
    std::size_t add(const value_type& asked) {
        auto value = normalised<By>(asked);
        auto text = encode_property(value);
        const auto [at, added] = known_.try_emplace(text, slots_.size());
        if (!added)
            return at->second;
        slots_.push_back({std::move(value), std::move(text)});
        auto& slot = slots_.back();
        if (!(by_id ? may_be_id(slot.text) : may_be_value(slot.text))) {
            slot.reading = none(slot);
            return at->second;
        }
        if (ask(at->second) && by_id)
            assembler_.expect(slot.text);
        return at->second;
    }
    /// A value that was added is needed again, if it was given up, see `RecordAssembler`.
    void revive(std::size_t at) {
        auto& slot = slots_[at];
        if (std::exchange(slot.dropped, false)) {
            slot.reading.reset();
            ask(at);
        }
        assembler_.revive(slot.text);
    }
    /// Says that nothing more is added.
    void close() noexcept { closed_ = true; }

    RecordAssembler<R>& assembler() noexcept { return assembler_; }

    std::optional<AnyCall> next() override {
        while (!singles_.empty()) {
            const auto at = singles_.front();
            singles_.pop_front();
            if (is_dropped(at))
                continue;
            ++outstanding_;
            return ReadOne{slots_[at].text, query(), [this, at](error_code error, std::optional<Object> object) {
                               on_single(at, error, std::move(object));
                           }};
        }
        for (;;) {
            if (work_.empty() && (waiting_.size() >= batch_size || (closed_ && !waiting_.empty())))
                work_.push_back(take_front(waiting_, batch_size));
            if (work_.empty())
                break;
            auto asked = std::move(work_.front());
            work_.pop_front();
            std::erase_if(asked, [this](std::size_t at) { return is_dropped(at); });
            if (asked.empty())
                continue;
            ++outstanding_;
            ReadBatch call{{}, query(), {}};
            for (const auto at : asked)
                call.inputs.push_back(slots_[at].text);
            call.answer = [this, asked = std::move(asked)](error_code error, const BatchAnswer& answer) {
                on_batch(asked, error, answer);
            };
            return call;
        }
        return assembler_.next(closed_ && by_id, closed_ && waiting_.empty() && outstanding_ == 0);
    }

    /// Why nothing at all was learned; success if something was.
    error_code error() const noexcept { return answered_ ? error_code{} : stopped_; }

    /// One reading for each value that was asked for, in that order; nothing if there was an `error`.
    std::vector<Reading<R>> result() {
        std::vector<Reading<R>> readings;
        if (error())
            return readings;
        readings.reserve(order_.size());
        for (const auto at : order_)
            readings.push_back(reading(at));
        assembler_.report_ambiguous();
        return readings;
    }

    /// The reading of a value that was added.
    const Reading<R>& reading(std::size_t at) {
        auto& slot = slots_[at];
        return slot.held ? assembler_.reading(*slot.held) : *slot.reading;
    }

private:
    struct Slot {
        value_type value;
        std::string text;
        std::optional<Reading<R>> reading{};
        std::optional<std::size_t> held{};
        bool dropped = false;

        bool open() const noexcept { return !reading && !held; }
    };
    using Slots = std::vector<std::size_t>;

    static ReadQuery query() {
        ReadQuery query{property_names<R>(), {}};
        if constexpr (by_id)
            query.properties.emplace_back(merged_ids_property);
        else
            query.id_property = property_name<By::member>();
        return query;
    }

    static Reading<R> none(const Slot& slot) {
        if constexpr (by_id)
            return Reading<R>::none(slot.value);
        else
            return Reading<R>::none({});
    }

    // Whether there is any use in asking.
    bool ask(std::size_t at) {
        if (stopped_)
            fail(at, stopped_);
        else
            waiting_.push_back(at);
        return !stopped_;
    }

    bool is_dropped(std::size_t at) {
        auto& slot = slots_[at];
        const auto why = assembler_.given_up(slot.text);
        if (!why)
            return false;
        slot.dropped = true;
        slot.reading = Reading<R>::failure(why);
        return true;
    }

    void fail(std::size_t at, error_code error) {
        slots_[at].reading = Reading<R>::failure(error);
        if (on_failed)
            on_failed(slots_[at].text, error);
    }

    void on_batch(const Slots& asked, error_code error, const BatchAnswer& answer) {
        --outstanding_;
        if (error) {
            // A batch that is refused as a whole refuses nobody.
            const bool refused = error == Condition::refused;
            if (refused && asked.size() > 1 && !stopped_) {
                std::ranges::move(halves_of(asked), std::back_inserter(work_));
                return;
            }
            for (const auto at : asked)
                fail(at, refused && asked.size() > 1 ? stopped_ : error);
            if (!refused)
                stop(error);
            return;
        }
        answered_ = true;
        match_objects(asked, answer.objects);
        match_errors(asked, answer.errors);
        error_code unnamed;
        for (const auto& entry : answer.errors) {
            if (!entry.error)
                continue;
            if (entry.ids.empty())
                unnamed = entry.error;
            problems_.push_back(problem_of(entry, entry.error));
        }
        std::size_t singles = 0;
        for (const auto at : asked)
            if (const auto& slot = slots_[at]; !slot.open())
                continue;
            else if (unnamed)
                fail(at, unnamed);
            else if (stopped_)
                fail(at, stopped_);
            else if (singles++ < max_singles)
                singles_.push_back(at);
            else
                fail(at, not_accounted_for(slot));
    }

    error_code not_accounted_for(const Slot& slot) {
        constexpr auto why = "the batch's answer accounts for too few of its inputs";
        return assembler_.fail(by_id ? slot.text : std::string{}, Errc::malformed_answer, why).error;
    }

    void on_single(std::size_t at, error_code error, const std::optional<Object>& object) {
        --outstanding_;
        auto& slot = slots_[at];
        if (error) {
            fail(at, error);
            if (error != Condition::refused)
                stop(error);
        } else if (object) {
            take(slot, assembler_.hold(*object));
        } else {
            slot.reading = none(slot);
        }
    }

    // A failure that the next call would meet as well.
    void stop(error_code error) {
        stopped_ = error;
        const auto fail_it = [&](std::size_t at) { fail(at, error); };
        std::ranges::for_each(std::exchange(singles_, {}), fail_it);
        std::ranges::for_each(std::exchange(waiting_, {}), fail_it);
        for (const auto& asked : std::exchange(work_, {}))
            std::ranges::for_each(asked, fail_it);
    }

    void take(Slot& slot, std::size_t held) {
        slot.held = held;
        assembler_.needed(held);
        if (const auto error = assembler_.error(held); error && on_failed)
            on_failed(slot.text, error);
        if constexpr (by_id)
            if (assembler_.id(held) != slot.text)
                assembler_.survives(held);
    }

    void match_objects(const Slots& asked, const std::vector<Object>& objects) {
        if constexpr (by_id) {
            std::map<std::string_view, const Object*> by_own_id;
            // An id that was merged away is answered by its survivor, who knows it.
            std::map<std::string, const Object*, std::less<>> by_merged_id;
            for (const auto& object : objects) {
                by_own_id.try_emplace(object.id, &object);
                for_each_part(text_at(object.properties, merged_ids_property),
                              [&](std::string_view id) { by_merged_id.try_emplace(std::string{id}, &object); });
            }
            std::map<const Object*, std::size_t> held;
            const auto take_from = [&](Slot& slot, const auto& known) {
                const auto found = known.find(slot.text);
                if (found == known.end())
                    return;
                const auto [at, added] = held.try_emplace(found->second, 0);
                if (added)
                    at->second = assembler_.hold(*found->second);
                take(slot, at->second);
            };
            for (const auto at : asked)
                take_from(slots_[at], by_own_id);
            for (const auto at : asked)
                if (slots_[at].open())
                    take_from(slots_[at], by_merged_id);
        } else {
            std::vector<std::pair<std::size_t, R>> records;
            for (const auto& object : objects) {
                const auto held = assembler_.hold(object);
                records.emplace_back(held, assembler_.known(held));
            }
            for (const auto at : asked)
                for (const auto& [held, record] : records)
                    if (slots_[at].open() && answers_to<By>(record, slots_[at].value))
                        take(slots_[at], held);
        }
    }

    void match_errors(const Slots& asked, const std::vector<BatchError>& errors) {
        for (const auto at : asked)
            for (const auto& entry : errors)
                if (auto& slot = slots_[at];
                    !slot.open() || std::ranges::none_of(entry.ids, [&](const auto& id) { return is_asked(slot, id); }))
                    continue;
                else if (entry.error)
                    fail(at, entry.error);
                else
                    slot.reading = none(slot);
    }

    static bool is_asked(const Slot& slot, const std::string& id) {
        if (id == slot.text)
            return true;
        const auto value = PropertyCodec<value_type>::read(id);
        return value && encode_property(normalised<By>(*value)) == slot.text;
    }

    Slots order_; // which slot answers each value that was asked for
    std::map<std::string, std::size_t, std::less<>> known_;
    std::deque<Slot> slots_;
    std::deque<std::size_t> waiting_;
    std::deque<Slots> work_;
    std::deque<std::size_t> singles_;
    std::size_t outstanding_ = 0;
    bool closed_ = false;
    bool answered_ = false;
    error_code stopped_{};
    RecordAssembler<R> assembler_;
};

} // namespace understudy::hubspot::detail
