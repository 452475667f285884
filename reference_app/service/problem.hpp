#pragma once

#include "admin_desk.hpp"
#include "booking_desk.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"

#include <chrono>
#include <string_view>

namespace service {

/// Why something is not done, or not known to be done, as the user who asked for it is told.
struct Problem {
    unsigned status = 500;
    std::string_view code;
    std::string_view message;
    /// After how long it makes sense to try again; zero where it does not.
    std::chrono::seconds retry_after{0};
    /// For the log, never told.
    understudy::error_code cause{};
};

/// What the outcomes that are no success come to.
Problem problem_of(const StudentNotFound&);
Problem problem_of(const EmailMismatch&);
Problem problem_of(const SourceUnavailable& failure);
Problem problem_of(const ReplicaUnavailable& failure);
Problem problem_of(const OutcomeUnknown&);
/// Without what is missing, which `refusal_answer` adds.
Problem problem_of(BookingRefusal refusal);
Problem problem_of(CancelRefusal refusal);
Problem problem_of(ProfileRefusal refusal);
Problem problem_of(AttendanceRefusal refusal);

/// `{"success":false,"error":…,"code":…}`, with `Retry-After` where it makes sense.
Response problem_answer(const Problem& problem);
/// Adds `Retry-After` where it makes sense, and the cause.
void add_retry(Response& response, const Problem& problem);

} // namespace service
