#pragma once

#include <understudy/hubspot/detail/json.hpp>
#include <understudy/hubspot/error_detail.hpp>
#include <understudy/hubspot/object.hpp>
#include <understudy/hubspot/record_codec.hpp>
#include <understudy/index.hpp>
#include <understudy/reading.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

using PropertyNames = std::set<std::string, std::less<>>;

inline constexpr std::string_view merged_ids_property = "hs_merged_object_ids";

// A value that cannot be anybody's is not asked for: in a batch it would spoil the answer of all the others.
inline bool may_be_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789") == std::string_view::npos;
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

/// Reads the records of any number of values: what to ask next, and what the answers mean. Knows no I/O.
///
/// HubSpot's batches answer in no order, leave inputs out, name many in one error, and answer a merged record under the
/// survivor's id. So every input ends as a result, an error, or a question of its own.
template<HubspotRecord R, IndexTag By>
class FetchMachine {
public:
    using value_type = typename By::value_type;
    static constexpr bool by_id = understudy::detail::is_by_id<By>;
    static constexpr std::size_t batch_size = 100;
    /// Questions about single inputs that one batch may lead to; more than that, and the answer is not to be believed.
    static constexpr std::size_t max_singles = 10;

    enum class Action : std::uint8_t { batch, single, definitions, done };

    explicit FetchMachine(const std::vector<value_type>& values) {
        std::map<std::string, std::size_t, std::less<>> known;
        std::vector<std::size_t> chunk;
        order_.reserve(values.size());
        for (const auto& asked : values) {
            auto value = normalised<By>(asked);
            auto text = encode_property(value);
            const auto [at, added] = known.try_emplace(text, slots_.size());
            order_.push_back(at->second);
            if (!added)
                continue;
            slots_.push_back({std::move(value), std::move(text), {}});
            auto& slot = slots_.back();
            if (by_id ? may_be_id(slot.text) : may_be_value(slot.text))
                chunk.push_back(slots_.size() - 1);
            else
                slot.reading = none(slot);
            if (chunk.size() == batch_size)
                work_.push_back(std::exchange(chunk, {}));
        }
        if (!chunk.empty())
            work_.push_back(std::move(chunk));
    }

    /// What to do first.
    Action start() { return next_batch(); }

    /// The inputs of the batch to read now.
    std::vector<std::string> batch_inputs() const {
        std::vector<std::string> inputs;
        for (const auto at : current_)
            inputs.push_back(slots_[at].text);
        return inputs;
    }
    /// The input to read now by itself.
    const std::string& single_input() const { return slots_[singles_.front()].text; }

    Action on_batch(boost::system::error_code error, BatchAnswer answer) {
        if (error) {
            // A batch that is refused as a whole refuses nobody.
            if (error == Condition::refused && current_.size() > 1) {
                const auto middle = current_.begin() + static_cast<std::ptrdiff_t>(current_.size() / 2);
                work_.emplace_front(middle, current_.end());
                work_.emplace_front(current_.begin(), middle);
                return next_batch();
            }
            for (const auto at : current_)
                slots_[at].reading = Reading<R>::failure(error);
            if (error != Condition::refused)
                stop(error);
            return next_batch();
        }
        answered_ = true;
        for (auto& object : answer.objects)
            hold(std::move(object));
        match_objects();
        match_errors(answer.errors);
        std::optional<boost::system::error_code> unnamed;
        for (const auto& entry : answer.errors) {
            if (!entry.error)
                continue;
            if (entry.ids.empty())
                unnamed = entry.error;
            ErrorDetail problem;
            problem.error = entry.error;
            problem.reason = "the batch's answer names a failure";
            problem.category = entry.category;
            problem.message = entry.message;
            problems_.push_back(std::move(problem));
        }
        for (const auto at : unmatched())
            if (unnamed)
                slots_[at].reading = Reading<R>::failure(*unnamed);
            else if (singles_.size() < max_singles)
                singles_.push_back(at);
            else
                fail(at, Errc::malformed_answer, "the batch's answer accounts for too few of its inputs");
        return next_single();
    }

    /// The object, or nothing if the server says that there is none.
    Action on_single(boost::system::error_code error, std::optional<Object> object) {
        const auto at = singles_.front();
        singles_.pop_front();
        if (error) {
            slots_[at].reading = Reading<R>::failure(error);
            if (error != Condition::refused) {
                for (const auto left : std::exchange(singles_, {}))
                    slots_[left].reading = Reading<R>::failure(error);
                stop(error);
            }
        } else if (object) {
            hold(std::move(*object));
            slots_[at].held = held_.size() - 1;
        } else {
            slots_[at].reading = none(slots_[at]);
        }
        return next_single();
    }

    /// `names` are the properties that the type has, asked for after the answers in question had arrived.
    Action on_definitions(boost::system::error_code error, const PropertyNames* names) {
        for (auto& held : held_) {
            if (held.decoded.absent.empty())
                continue;
            if (error) {
                held.reading = Reading<R>::failure(error);
                held.decoded.absent.clear();
                continue;
            }
            std::vector<std::string> undefined;
            for (const auto& name : held.decoded.absent)
                if (!names->contains(name))
                    undefined.push_back(name);
            if (undefined.empty() && held.decoded.writes_null) {
                // It leaves nothing out for having no value: the answer is but a part of the record.
                held.reading = fail(held.object, Errc::incomplete_record, "left out of an answer that writes nulls",
                                    std::exchange(held.decoded.absent, {}));
            } else if (undefined.empty()) {
                absent_is_no_value(held.decoded);
            } else {
                held.decoded.absent.clear();
                held.reading =
                    fail(held.object, Errc::schema_mismatch, "not defined in the account", std::move(undefined));
            }
        }
        return end_batch();
    }

    /// Why nothing at all was learned; success if something was.
    boost::system::error_code error() const noexcept { return answered_ ? boost::system::error_code{} : stopped_; }

    /// One reading for each value that was asked for, in that order.
    std::vector<Reading<R>> readings() const {
        std::vector<Reading<R>> result;
        result.reserve(order_.size());
        for (const auto at : order_)
            result.push_back(slots_[at].reading.value());
        return result;
    }

    /// What was wrong with single records since the last call, for the logs.
    std::vector<ErrorDetail> take_problems() { return std::exchange(problems_, {}); }

private:
    struct Slot {
        value_type value;
        std::string text;
        std::optional<Reading<R>> reading{};
        std::optional<std::size_t> held{};
    };
    struct Held {
        Object object;
        DecodedObject<R> decoded;
        std::optional<Reading<R>> reading{};
    };

    static Reading<R> none(const Slot& slot) {
        if constexpr (by_id)
            return Reading<R>::none(slot.value);
        else
            return Reading<R>::none({});
    }

    Action next_batch() {
        if (work_.empty())
            return Action::done;
        current_ = std::move(work_.front());
        work_.pop_front();
        return Action::batch;
    }

    Action next_single() {
        if (!singles_.empty())
            return Action::single;
        const auto unsure = [](const Held& held) { return !held.reading && !held.decoded.absent.empty(); };
        return std::ranges::any_of(held_, unsure) ? Action::definitions : end_batch();
    }

    Action end_batch() {
        for (const auto at : current_)
            if (auto& slot = slots_[at]; slot.held)
                slot.reading = reading_of(held_[*slot.held]);
        held_.clear();
        current_.clear();
        return next_batch();
    }

    // A failure that the next call would meet as well.
    void stop(boost::system::error_code error) {
        stopped_ = error;
        for (const auto& chunk : std::exchange(work_, {}))
            for (const auto at : chunk)
                slots_[at].reading = Reading<R>::failure(error);
    }

    void hold(Object object) {
        Held held{std::move(object), {}};
        held.decoded = decode_object<R>(held.object);
        if (held.object.archived)
            held.reading = Reading<R>::none({}, State::archived);
        else if (held.decoded.wrong_id)
            held.reading = fail(held.object, Errc::malformed_answer, "the id is none");
        else if (!held.decoded.wrong.empty())
            held.reading = fail(held.object, Errc::malformed_answer, "a value of another type", held.decoded.wrong);
        held_.push_back(std::move(held));
    }

    std::vector<std::size_t> unmatched() const {
        std::vector<std::size_t> left;
        for (const auto at : current_)
            if (!slots_[at].held && !slots_[at].reading)
                left.push_back(at);
        return left;
    }

    void match_objects() {
        if constexpr (by_id) {
            std::map<std::string_view, std::size_t> at_id;
            for (std::size_t i = 0; i < held_.size(); ++i)
                at_id.try_emplace(held_[i].object.id, i);
            for (const auto at : current_)
                if (const auto found = at_id.find(slots_[at].text); found != at_id.end())
                    slots_[at].held = found->second;
            // An id that was merged away is answered by its survivor, who knows it.
            std::map<std::string, std::size_t, std::less<>> merged;
            for (std::size_t i = 0; i < held_.size(); ++i)
                for_each_part(text_at(held_[i].object.properties, merged_ids_property),
                              [&](std::string_view id) { merged.try_emplace(std::string{id}, i); });
            for (const auto at : unmatched())
                if (const auto found = merged.find(slots_[at].text); found != merged.end())
                    slots_[at].held = found->second;
        } else {
            std::vector<R> records;
            for (const auto& held : held_)
                records.push_back(known_of(held.decoded.partial));
            for (const auto at : current_)
                for (std::size_t i = 0; i < held_.size() && !slots_[at].held; ++i)
                    if (answers_to<By>(records[i], slots_[at].value))
                        slots_[at].held = i;
        }
    }

    void match_errors(const std::vector<BatchError>& errors) {
        for (const auto at : unmatched())
            for (const auto& entry : errors)
                if (std::ranges::any_of(entry.ids, [&](const auto& id) { return is_asked(slots_[at], id); })) {
                    auto& slot = slots_[at];
                    slot.reading = entry.error ? Reading<R>::failure(entry.error) : none(slot);
                    break;
                }
    }

    static bool is_asked(const Slot& slot, const std::string& id) {
        if (id == slot.text)
            return true;
        const auto value = PropertyCodec<value_type>::read(id);
        return value && encode_property(normalised<By>(*value)) == slot.text;
    }

    // What is known of a record; good enough to see which question it answers.
    static R known_of(const Partial<R>& partial) {
        R record{};
        for_each_member<R>([&](auto descriptor) {
            if (partial.template has<decltype(descriptor)::pointer>())
                record.*descriptor.pointer = partial.template get<decltype(descriptor)::pointer>();
        });
        return record;
    }

    Reading<R> reading_of(Held& held) {
        if (!held.reading) {
            if (auto record = held.decoded.partial.complete())
                held.reading = Reading<R>::of(std::move(*record), held.object.version);
            else
                held.reading = fail(held.object, Errc::incomplete_record, "no value for a member that must have one",
                                    held.decoded.without_value);
        }
        return *held.reading;
    }

    Reading<R> fail(const Object& object, Errc error, std::string_view why, std::vector<std::string> properties = {}) {
        ErrorDetail problem;
        problem.error = error;
        problem.reason = std::string{RecordTraits<R>::name} + " " + object.id.substr(0, 64) + ": " + std::string{why};
        problem.properties = std::move(properties);
        problems_.push_back(std::move(problem));
        return Reading<R>::failure(error);
    }
    void fail(std::size_t at, Errc error, std::string_view why) {
        slots_[at].reading = fail(Object{by_id ? slots_[at].text : std::string{}, {}}, error, why);
    }

    std::vector<std::size_t> order_; // which slot answers each value that was asked for
    std::vector<Slot> slots_;
    std::deque<std::vector<std::size_t>> work_;
    std::vector<std::size_t> current_;
    std::deque<std::size_t> singles_;
    std::vector<Held> held_;
    std::vector<ErrorDetail> problems_;
    boost::system::error_code stopped_{};
    bool answered_ = false;
};

} // namespace understudy::hubspot::detail
