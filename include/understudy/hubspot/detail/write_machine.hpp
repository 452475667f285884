#pragma once

#include <understudy/hubspot/detail/batches.hpp>
#include <understudy/hubspot/detail/operation_probe.hpp>
#include <understudy/hubspot/property_codec.hpp>
#include <understudy/hubspot/record_codec.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// A row to be written, and what its write is called.
struct WriteRow {
    WriteInput input{};
    std::string operation{};
    /// Of a record that is to be made: its associations are all of its links, and will be read as they were sent.
    bool links_certain = false;
};

/// Whether a call, or an entry of a batch's answer, failed in such a way that its rows are refused, if there is but
/// one.
inline bool is_refusal(error_code error) {
    return error == Condition::refused || error == Errc::schema_mismatch;
}

/// What a failure says of the rows of a call.
inline WriteState state_after(error_code error) {
    if (is_refusal(error))
        return WriteState::refused;
    // The client gives up late requests before it sends them.
    if (error == Errc::deadline_exceeded)
        return WriteState::unsent;
    return error == Condition::applied_unknown ? WriteState::unknown : WriteState::unsent;
}

/// Writes any number of rows, 100 a call, each at most once.
///
/// HubSpot's batches answer in no order and leave out what was merged away; one bad row may refuse them all. So a batch
/// that is refused is sent again by halves, for nothing of it was written, and an update that is in neither results nor
/// errors is asked of its record.
class WriteMachine : public Machine {
public:
    static constexpr std::size_t batch_size = 100;

    /// `property` is where the writes leave their names; empty for nowhere.
    WriteMachine(Writing what, std::vector<WriteRow> rows, std::string_view property)
        : what_{what}
        , probe_{property} {
        for (auto& row : rows) {
            auto& slot = slots_.emplace_back(std::move(row));
            auto& input = slot.row.input;
            if (what_ != Writing::create && !may_be_id(input.id)) {
                slot.settle(WriteState::refused, Errc::invalid_argument);
                continue;
            }
            if (what_ != Writing::archive) {
                input.trace = std::to_string(slots_.size());
                if (!property.empty())
                    input.properties[{property.data(), property.size()}] = slot.row.operation;
            }
            if (work_.empty() || work_.back().size() == batch_size)
                work_.emplace_back();
            work_.back().push_back(slots_.size() - 1);
        }
    }

    std::string_view verb() const noexcept override { return "write"; }

    std::optional<AnyCall> next() override {
        if (work_.empty())
            return probe_.next();
        auto asked = std::move(work_.front());
        work_.pop_front();
        WriteBatch call{what_, {}, {}};
        for (const auto at : asked)
            call.inputs.push_back(slots_[at].row.input);
        call.answer = [this, asked = std::move(asked)](error_code error, const WriteAnswer& answer) {
            if (error)
                on_failure(asked, error, answer.existing_id);
            else
                on_answer(asked, answer);
        };
        return call;
    }

    static error_code error() noexcept { return {}; }

protected:
    struct Slot {
        explicit Slot(WriteRow given)
            : row{std::move(given)} {}

        WriteRow row;
        WriteState state = WriteState::unknown;
        error_code error{};
        std::string id{};
        Version version = no_version;
        // What the answer says of a record that was made.
        std::optional<Object> made{};
        bool settled = false;
        std::optional<std::size_t> asked{};

        void settle(WriteState to, error_code why = {}) {
            state = to;
            error = why;
            settled = true;
        }
    };

    /// Once there is nothing left to call: calls `f(slot)` for each row, in the order given.
    template<class F>
    void for_each_outcome(F&& f) {
        for (auto& slot : slots_) {
            if (slot.asked)
                ask_finding(slot);
            f(slot);
        }
    }

private:
    using Slots = std::vector<std::size_t>;

    void on_failure(const Slots& asked, error_code error, const std::string& existing_id) {
        if (is_refusal(error) && asked.size() > 1 && !stopped_) {
            std::ranges::move(halves_of(asked), std::back_inserter(work_));
            return;
        }
        for (const auto at : asked)
            if (is_refusal(error) && asked.size() > 1)
                slots_[at].settle(WriteState::unsent, stopped_);
            else
                fail(at, error, existing_id);
        if (!is_refusal(error))
            stop(error);
    }

    // A failure that the next call would meet as well.
    void stop(error_code error) {
        stopped_ = error;
        for (const auto& asked : std::exchange(work_, {}))
            for (const auto at : asked)
                slots_[at].settle(WriteState::unsent, error);
    }

    void on_answer(const Slots& asked, const WriteAnswer& answer) {
        for (const auto& object : answer.objects)
            if (const auto at = row_of(asked, object)) {
                slots_[*at].settle(WriteState::applied);
                slots_[*at].id = object.id;
                slots_[*at].version = object.version;
                if (what_ == Writing::create)
                    slots_[*at].made = object;
            }
        for (const auto& entry : answer.errors)
            match_error(asked, entry);
        for (const auto at : asked)
            if (!slots_[at].settled)
                account_for(at);
    }

    std::optional<std::size_t> row_of(const Slots& asked, const Object& object) const {
        const auto by = [&](auto&& is_it) -> std::optional<std::size_t> {
            const auto found = std::ranges::find_if(asked, [&](auto at) { return is_it(slots_[at].row); });
            return found == asked.end() ? std::nullopt : std::optional{*found};
        };
        if (!object.trace.empty())
            return by([&](const WriteRow& row) { return row.input.trace == object.trace; });
        if (what_ != Writing::create)
            return by([&](const WriteRow& row) { return row.input.id == object.id; });
        return asked.size() == 1 ? std::optional{asked.front()} : std::nullopt;
    }

    void match_error(const Slots& asked, const BatchError& entry) {
        // For a write, a record that is not there is no good news.
        const error_code error = entry.error ? entry.error : error_code{Errc::refused};
        problems_.push_back(problem_of(entry, error));
        const bool unnamed = entry.traces.empty() && entry.ids.empty();
        for (const auto at : asked) {
            const auto& input = slots_[at].row.input;
            const bool traced = std::ranges::find(entry.traces, input.trace) != entry.traces.end();
            // The ids of a row that has a trace may be about something else, such as an association.
            const bool named =
                entry.traces.empty() && !input.id.empty() && std::ranges::find(entry.ids, input.id) != entry.ids.end();
            if (slots_[at].settled || !(traced || named || (unnamed && asked.size() == 1)))
                continue;
            // Of a category that nobody knows: what it says of the row, the row says itself.
            if (error != Errc::unavailable)
                fail(at, error, entry.existing_id);
        }
    }

    void fail(std::size_t at, error_code error, const std::string& existing_id) {
        auto& slot = slots_[at];
        if (!existing_id.empty() && existing_id == slot.row.input.id)
            return account_for(at); // it has the value itself
        slot.settle(state_after(error), error);
        if (slot.state == WriteState::refused)
            slot.id = existing_id;
    }

    // What the answer says nothing of.
    void account_for(std::size_t at) {
        auto& slot = slots_[at];
        if (what_ == Writing::archive) {
            slot.settle(WriteState::applied);
            slot.id = slot.row.input.id;
            return;
        }
        slot.settle(WriteState::unknown, Errc::malformed_answer);
        if (what_ == Writing::update)
            slot.asked = probe_.ask(slot.row.input.id, slot.row.operation);
    }

    void ask_finding(Slot& slot) const {
        const auto& finding = probe_.finding(*slot.asked);
        if (finding.error)
            slot.error = finding.error;
        if (finding.landed == Landed::yes)
            slot.settle(WriteState::applied);
        else if (!finding.id.empty() && finding.id != slot.row.input.id)
            slot.settle(WriteState::merged);
        else
            return;
        slot.id = finding.id;
        slot.version = finding.version;
    }

    Writing what_;
    OperationProbe probe_;
    std::deque<Slot> slots_;
    std::deque<Slots> work_;
    error_code stopped_{};
};

/// The writes to a store of such records.
template<HubspotRecord R>
class WriteMachineOf final : public WriteMachine {
public:
    using signature = WriteSignature<R>;
    using WriteMachine::WriteMachine;

    std::vector<WriteOutcome<R>> result() {
        std::vector<WriteOutcome<R>> outcomes;
        for_each_outcome([&](const Slot& slot) {
            WriteOutcome<R> outcome{slot.state, slot.error, {}, slot.version};
            outcome.complete =
                slot.made && slot.row.links_certain && shows_all_of(slot.row.input.properties, *slot.made);
            auto key = PropertyCodec<key_t<R>>::read(slot.id);
            if (key)
                outcome.id = std::move(*key);
            else if (slot.state == WriteState::applied || slot.state == WriteState::merged)
                outcome = WriteOutcome<R>::failure(WriteState::unknown, Errc::malformed_answer);
            outcomes.push_back(std::move(outcome));
        });
        return outcomes;
    }

private:
    /// Whether an answer shows that a record is what was sent: what was sent came back with the same value, and nothing
    /// else has one. The associations it does not show; but a record is made with all of them, or not at all.
    static bool shows_all_of(const boost::json::object& sent, const Object& made) {
        Object as_sent;
        as_sent.id = made.id;
        as_sent.properties = sent;
        const auto given = decode_object<R>(as_sent).partial;
        const auto answer = decode_object<R>(made);
        const auto& found = answer.partial;
        bool same = answer.wrong.empty() && answer.unreadable.empty() && answer.without_value.empty();
        for_each_property<R>([&](auto descriptor, std::string_view) {
            constexpr auto pointer = decltype(descriptor)::pointer;
            // What has no value is neither sent nor has to be in the answer.
            const bool missing = given.template has<pointer>() && !found.template has<pointer>();
            same = same && !missing && given.template get<pointer>() == found.template get<pointer>();
        });
        return same;
    }
};

} // namespace understudy::hubspot::detail
