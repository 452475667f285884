#pragma once

#include "local_calendar.hpp"
#include "mock_exam.hpp"
#include "validation.hpp"

#include <string_view>

namespace service {

/// What `is_active` of an exam says.
inline constexpr std::string_view exam_active = "true";
inline constexpr std::string_view exam_inactive = "false";
inline constexpr std::string_view exam_scheduled = "scheduled";

/// What is said where an exam that is not scheduled is told when to be active.
inline constexpr std::string_view activation_without_schedule =
    "scheduled_activation_datetime goes with is_active scheduled alone";

/// Which rules an exam breaks, of those that no member breaks by itself: it begins on its day, by the calendar, and
/// ends later; one that is scheduled says when it is to be active, which is before its day is over; only a Mock
/// Discussion requires others.
ValidationErrors problems_of(const MockExam& exam, const LocalCalendar& calendar);

/// Those that it breaks and did not break before: what staff once wrote otherwise keeps nobody from changing something
/// else.
ValidationErrors new_problems(const MockExam& before, const MockExam& after, const LocalCalendar& calendar);

} // namespace service
