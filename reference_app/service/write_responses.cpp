#include "write_responses.hpp"

#include "document.hpp"
#include "responses.hpp"
#include "tokens.hpp"
#include "write_validation.hpp"

#include <algorithm>

namespace service {
namespace {

namespace json = boost::json;

constexpr std::string_view batch_failed = "BATCH_FAILED";
constexpr std::string_view nothing_cancelled = "None of the bookings was cancelled";

// Fills in what is told of every booking; `put_payment` adds what was paid, if anything was.
template<class F>
Response answer_booked(const Booked& booked, F put_payment) {
    Document document;
    auto& data =
        document.begin_success(booked.repeated ? "Booking was created before" : "Booking created").emplace_object();
    const auto date = understudy::format_date(booked.exam_date);
    data["booking_id"] = booked.booking_id;
    data["booking_record_id"] = booked.record_id;
    data["confirmation_message"] =
        "Your " + std::string{name_of(booked.mock_type)} + " booking for " + date + " is confirmed";
    data["idempotency_key"] = booked.idempotency_key;
    if (booked.repeated)
        data["idempotent_request"] = true;
    auto& exam = data["exam_details"].emplace_object();
    exam["mock_exam_id"] = booked.exam_id;
    exam["exam_date"] = date;
    exam["mock_type"] = name_of(booked.mock_type);
    put_optional(exam, "location", booked.location);
    if (booked.payment)
        put_payment(data, *booked.payment);
    else
        data["token_used"] = override_token;
    auto response = document.answer(booked.repeated ? 200 : 201);
    add_sync(response, booked.replica_pending);
    return response;
}

// Null where nothing had been paid.
void put_restoration(json::object& object, const std::optional<CreditRestored>& restored) {
    auto& value = object["credit_restoration"];
    if (!restored)
        return;
    auto& restoration = value.emplace_object();
    restoration["credit_type"] = name_of(restored->field);
    restoration["amount"] = restored->amount;
    restoration["new_balance"] = restored->new_balance;
}

void put_cancelled(json::object& object, const Cancelled& cancelled) {
    object["status"] = "cancelled";
    object["cancelled_at"] = understudy::format_timestamp(cancelled.cancelled_at);
    put_restoration(object, cancelled.restored);
}

void put_item(json::object& object, const BatchItem& item) {
    object["booking_id"] = item.record_id;
    const auto* problem = std::get_if<Problem>(&item.outcome);
    object["success"] = problem == nullptr;
    if (problem) {
        object["error"] = problem->message;
        object["error_code"] = problem->code;
    } else {
        put_cancelled(object, std::get<Cancelled>(item.outcome));
    }
}

} // namespace

void add_sync(Response& response, bool pending) {
    if (pending)
        response.headers.emplace_back("X-Replica-Sync", "pending");
}

Response booked_answer(const Booked& booked) {
    return answer_booked(booked, [](json::object& data, const Payment& payment) {
        const auto& [field, before, after] = payment;
        auto& credits = data["credit_details"].emplace_object();
        credits["credit_field_deducted"] = name_of(field);
        credits["remaining_credits"] = after.available();
        auto& left = credits["credit_breakdown"].emplace_object();
        left["specific_credits"] = after.specific;
        left["shared_credits"] = after.shared;
        auto& deduction = credits["deduction_details"].emplace_object();
        deduction["specific_credits_before"] = before.specific;
        deduction["shared_credits_before"] = before.shared;
        deduction["field_used"] = name_of(field);
        deduction["amount_deducted"] = 1;
    });
}

Response discussion_booked_answer(const Booked& booked) {
    return answer_booked(booked, [](json::object& data, const Payment& payment) {
        auto& tokens = data["token_details"].emplace_object();
        tokens["tokens_before"] = payment.before.specific;
        tokens["tokens_deducted"] = 1;
        tokens["tokens_remaining"] = payment.after.specific;
    });
}

Response cancelled_answer(const Cancelled& cancelled, const std::optional<std::string>& reason) {
    Document document;
    auto& data = document.begin_success("Booking cancelled").emplace_object();
    data["booking_id"] = cancelled.record_id;
    put_cancelled(data, cancelled);
    if (reason)
        data["reason"] = *reason;
    auto response = document.answer(200);
    add_sync(response, cancelled.replica_pending);
    return response;
}

Response exam_date_answer(const ProfileChanged& changed, const std::string& contact_id) {
    Document document;
    auto& data = document.begin_success("NDECC exam date updated").emplace_object();
    data["contact_id"] = contact_id;
    data["ndecc_exam_date"] = changed.ndecc_exam_date;
    auto response = document.answer(200);
    add_sync(response, changed.replica_pending);
    return response;
}

Response refusal_answer(const BookingRefused& refused) {
    if (refused.reason == BookingRefusal::dominant_hand_required)
        return invalid_request({std::string{dominant_hand_missing}});
    if (refused.reason == BookingRefusal::attending_location_required)
        return invalid_request({std::string{attending_location_missing}});
    const auto problem = problem_of(refused.reason);
    if (refused.reason != BookingRefusal::prerequisite_not_met)
        return problem_answer(problem);
    Document document;
    document.begin_error(problem.code, problem.message);
    auto& missing = document.root()["missing_exams"].emplace_array();
    for (const auto& exam : refused.missing_exams)
        missing.emplace_back(exam);
    return document.answer(problem.status);
}

Response batch_answer(const std::vector<BatchItem>& items, Audience audience) {
    std::size_t successful = 0;
    bool pending = false;
    Problem worst;
    for (const auto& item : items) {
        if (const auto* cancelled = std::get_if<Cancelled>(&item.outcome)) {
            ++successful;
            pending = pending || cancelled->replica_pending;
        } else if (const auto& problem = std::get<Problem>(item.outcome); problem.retry_after > worst.retry_after) {
            worst = problem;
        }
    }

    Document document;
    if (successful > 0)
        document.begin_success(std::to_string(successful) + " of " + std::to_string(items.size()) +
                               " bookings cancelled");
    else if (audience == Audience::admins)
        document.begin_admin_error(batch_failed, nothing_cancelled);
    else
        document.begin_error(batch_failed, nothing_cancelled);
    auto& data = document.root()["data"].emplace_object();
    auto& summary = data["summary"].emplace_object();
    summary["total"] = items.size();
    summary["successful"] = successful;
    summary["failed"] = items.size() - successful;
    for (auto& results = data["results"].emplace_array(); const auto& item : items)
        put_item(results.emplace_back(json::object_kind).get_object(), item);

    auto response = document.answer(successful == items.size() ? 200 : successful > 0 ? 207 : 422);
    add_sync(response, pending);
    add_retry(response, worst);
    return response;
}

} // namespace service
