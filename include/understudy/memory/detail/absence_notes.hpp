#pragma once

#include <understudy/index.hpp>
#include <understudy/memory/detail/hinted_values.hpp>
#include <understudy/row.hpp>

#include <chrono>
#include <deque>
#include <unordered_map>

namespace understudy::memory::detail {

template<Record R>
class AnyAbsenceNotes {
public:
    virtual ~AnyAbsenceNotes() = default;
    virtual void contradict(const R& record) = 0;
    virtual void contradict(const HintedValues<R>& hinted) = 0;
};

// Values of one index of which the source said that nothing answers to them.
template<IndexTag By>
class AbsenceNotes final : public AnyAbsenceNotes<typename By::record_type> {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Instant = std::chrono::nanoseconds;

    void look_up(const Value& value, Instant now, Row<R>& row) const {
        const auto it = notes_.find(value);
        if (it == notes_.end())
            return;
        row.state = State::absent;
        row.mark = Mark::clean;
        row.ticket = it->second.ticket;
        row.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - it->second.noted);
    }

    // A value that was contradicted and noted again is listed twice, and may be forgotten early: that costs a read.
    Applied note(const Value& value, Ticket ticket, Instant since, std::size_t most) {
        const auto [it, added] = notes_.try_emplace(value, Note{ticket, since});
        if (!added) {
            if (ticket <= it->second.ticket)
                return Applied::dropped;
            it->second = {ticket, since};
            return Applied::applied;
        }
        oldest_.push_back(value);
        for (; oldest_.size() > most; oldest_.pop_front())
            notes_.erase(oldest_.front());
        return Applied::applied;
    }

    void contradict(const R& record) override {
        for_each_value<By>(record, [&](const Value& value) { notes_.erase(value); });
    }

    void contradict(const HintedValues<R>& hinted) override {
        hinted.template for_each<By>([&](const Value& value) { notes_.erase(value); });
    }

private:
    struct Note {
        Ticket ticket;
        Instant noted;
    };

    std::unordered_map<Value, Note> notes_;
    std::deque<Value> oldest_;
};

} // namespace understudy::memory::detail
