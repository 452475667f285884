#pragma once

#include "exam_desk.hpp"
#include "local_calendar.hpp"
#include "validation.hpp"

#include <understudy/date_time.hpp>
#include <understudy/patch.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace service {

/// Read what admins ask of exams and of students' credits; unknown members are ignored, and one that is null was not
/// given. Whether the members go together is said by `exam_rules.hpp`. `today` is the first day on which an exam can
/// be put.
Validated<ExamOrder> validate_new_exam(const boost::json::object& body, std::optional<std::string_view> key,
                                       const LocalCalendar& calendar, understudy::Date today);
Validated<ExamChange> validate_exam_change(const boost::json::object& body, understudy::Date today);
Validated<std::vector<TokenCount>> validate_tokens(const boost::json::object& body);

} // namespace service
