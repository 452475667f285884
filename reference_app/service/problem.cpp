#include "problem.hpp"

#include "responses.hpp"

namespace service {
namespace {

using namespace std::chrono_literals;

constexpr auto until_outcome_is_known = 5s;

Problem contact_not_found() {
    return {404, "CONTACT_NOT_FOUND", "The student's record is not there any more"};
}

Problem refused_by_source() {
    return {422, "SOURCE_REFUSED", "The records do not accept this"};
}

} // namespace

Problem problem_of(const StudentNotFound&) {
    return {404, "STUDENT_NOT_FOUND", "No student has this number and e-mail address"};
}

Problem problem_of(const EmailMismatch&) {
    return {400, "EMAIL_MISMATCH", "The e-mail address does not belong to this student number"};
}

Problem problem_of(const SourceUnavailable& failure) {
    return {503, "SOURCE_UNAVAILABLE", "The records cannot be read at the moment; please try again",
            failure.retry_after, failure.error};
}

Problem problem_of(const ReplicaUnavailable& failure) {
    return {503, "REPLICA_UNAVAILABLE", "The question cannot be decided at the moment; please try again",
            failure.retry_after, failure.error};
}

Problem problem_of(const OutcomeUnknown&) {
    return {503, "OUTCOME_UNKNOWN", "It goes on, and nobody knows yet how it ends; the same request again will tell",
            until_outcome_is_known, make_error_code(understudy::Errc::outcome_unknown)};
}

Problem problem_of(BookingRefusal refusal) {
    switch (refusal) {
    case BookingRefusal::contact_not_found:
        return contact_not_found();
    case BookingRefusal::exam_not_found:
        return {404, "EXAM_NOT_FOUND", "There is no such exam"};
    case BookingRefusal::exam_not_active:
        return {400, "EXAM_NOT_ACTIVE", "The exam cannot be booked"};
    case BookingRefusal::invalid_exam_type:
        return {400, "INVALID_EXAM_TYPE", "The exam is of another kind"};
    case BookingRefusal::insufficient_credits:
        return {402, "INSUFFICIENT_CREDITS", "The student has no credit left for this kind of exam"};
    case BookingRefusal::exam_full:
        return {409, "EXAM_FULL", "Every place of the exam is taken"};
    case BookingRefusal::duplicate_booking:
        return {409, "DUPLICATE_BOOKING", "The student has a booking for this kind of exam on this day"};
    case BookingRefusal::prerequisite_not_met:
        return {400, "PREREQUISITE_NOT_MET", "The discussion requires bookings of other exams"};
    case BookingRefusal::dominant_hand_required:
    case BookingRefusal::attending_location_required:
        return {400, "VALIDATION_ERROR", "The request is invalid"};
    case BookingRefusal::key_reused:
        return {422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request"};
    case BookingRefusal::refused:
        break;
    }
    return refused_by_source();
}

Problem problem_of(CancelRefusal refusal) {
    switch (refusal) {
    case CancelRefusal::not_found:
        return {404, "BOOKING_NOT_FOUND", "There is no such booking"};
    case CancelRefusal::access_denied:
        return {403, "ACCESS_DENIED", "The booking belongs to another student"};
    case CancelRefusal::other_exam:
        return {409, "OTHER_EXAM", "The booking is of another exam"};
    case CancelRefusal::already_cancelled:
        return {409, "ALREADY_CANCELED", "The booking is cancelled already"};
    case CancelRefusal::completed:
        return {409, "BOOKING_COMPLETED", "The booking's exam took place"};
    case CancelRefusal::refused:
        break;
    }
    return refused_by_source();
}

Problem problem_of(ProfileRefusal refusal) {
    return refusal == ProfileRefusal::contact_not_found ? contact_not_found() : refused_by_source();
}

Problem problem_of(AttendanceRefusal refusal) {
    switch (refusal) {
    case AttendanceRefusal::not_found:
        return problem_of(CancelRefusal::not_found);
    case AttendanceRefusal::other_exam:
        return problem_of(CancelRefusal::other_exam);
    case AttendanceRefusal::cancelled:
        return {409, "BOOKING_CANCELLED", "The booking is cancelled"};
    case AttendanceRefusal::refused:
        break;
    }
    return refused_by_source();
}

Response problem_answer(const Problem& problem) {
    auto response = user_error(problem.status, problem.code, problem.message);
    add_retry(response, problem);
    return response;
}

void add_retry(Response& response, const Problem& problem) {
    if (problem.retry_after > 0s)
        response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after.count()));
    if (problem.cause)
        response.reason = problem.cause.message();
}

} // namespace service
