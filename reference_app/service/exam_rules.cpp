#include "exam_rules.hpp"

#include <algorithm>

namespace service {

ValidationErrors problems_of(const MockExam& exam, const LocalCalendar& calendar) {
    ValidationErrors errors;
    if (exam.exam_date && exam.start_time && calendar.today(*exam.start_time) != *exam.exam_date)
        errors.push_back("start_time must be on exam_date, in Toronto");
    if (exam.start_time && exam.end_time && *exam.end_time <= *exam.start_time)
        errors.push_back("end_time must be after start_time");
    const bool scheduled = exam.is_active == exam_scheduled;
    if (scheduled && !exam.scheduled_activation_datetime)
        errors.push_back("scheduled_activation_datetime is required where is_active is scheduled");
    if (scheduled && exam.scheduled_activation_datetime && exam.exam_date &&
        *exam.scheduled_activation_datetime >= calendar.end_of_day(*exam.exam_date))
        errors.push_back("scheduled_activation_datetime must be before exam_date is over, in Toronto");
    if (!exam.prerequisite_exam_ids.empty() && !may_require_exams(exam))
        errors.push_back("prerequisite_exam_ids are for Mock Discussion alone");
    if (std::ranges::find(exam.prerequisite_exam_ids, exam.hubspot_id) != exam.prerequisite_exam_ids.end())
        errors.push_back("prerequisite_exam_ids must not name the exam itself");
    return errors;
}

ValidationErrors new_problems(const MockExam& before, const MockExam& after, const LocalCalendar& calendar) {
    const auto known = problems_of(before, calendar);
    auto errors = problems_of(after, calendar);
    std::erase_if(errors, [&](const std::string& error) { return std::ranges::find(known, error) != known.end(); });
    return errors;
}

} // namespace service
