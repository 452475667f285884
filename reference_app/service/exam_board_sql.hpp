#pragma once

#include <string>
#include <string_view>

namespace service {

/// The questions that the replica answers as a set, one statement each. Every answer says beside what it says whether
/// it may be believed: a set is *current* when it was covered, nothing was learned since, and no live row that names it
/// is dirty or as of an earlier read (see `understudy/covered_sets.hpp`). Ages are in milliseconds.
class ExamBoardSql {
public:
    explicit ExamBoardSql(std::string_view schema);

    /// $1 exam. One row: whether the exam is live, and current; its capacity and age; whether its bookings were covered
    /// once, and are current; their age; how many take a place.
    const std::string& capacity() const noexcept { return capacity_; }

    /// $1 kind, $2 the first day, $3 whether to count. A row for each exam, at least one, each beginning with what
    /// holds for all: whether the exams were covered once, and are current; their age. Then, NULL where there is no
    /// exam: id, date, start, end, location, capacity; and as above of its bookings.
    const std::string& available() const noexcept { return available_; }

    /// $1 kind, $2 the first day. The ids of the exams on offer, next first.
    const std::string& on_offer() const noexcept { return on_offer_; }

    /// $1 moment. The ids of the scheduled exams whose time is up by then, that first.
    const std::string& due() const noexcept { return due_; }

private:
    std::string capacity_;
    std::string available_;
    std::string on_offer_;
    std::string due_;
};

} // namespace service
