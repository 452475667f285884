#include "booking_admin_responses.hpp"

#include "admin_responses.hpp"
#include "document.hpp"
#include "problem.hpp"
#include "write_responses.hpp"
#include "write_validation.hpp"

#include <type_traits>
#include <utility>

namespace service {
namespace {

namespace json = boost::json;

// How the items of a request ended.
struct Tally {
    std::size_t done = 0;
    std::size_t skipped = 0;
    std::size_t failed = 0;
    bool pending = false;
    Problem worst{};

    void add(const Problem& problem) {
        ++failed;
        if (problem.retry_after > worst.retry_after)
            worst = problem;
    }
};

json::object& begin_item(json::array& items, const std::string& id, std::string_view status) {
    auto& item = items.emplace_back(json::object_kind).get_object();
    item["bookingId"] = id;
    item["status"] = status;
    return item;
}

void put_problem(json::object& item, const Problem& problem) {
    auto& error = item["error"].emplace_object();
    error["code"] = problem.code;
    error["message"] = problem.message;
}

Response finish(Document& document, json::object data, const Tally& tally, std::string_view what) {
    const auto total = tally.done + tally.skipped + tally.failed;
    const bool all_failed = tally.failed == total;
    if (all_failed) {
        document.begin_admin_error("BATCH_FAILED", "None of the bookings was " + std::string{what});
        document.root()["data"] = std::move(data);
    } else {
        document.begin_success(std::to_string(tally.done) + " of " + std::to_string(total) + " bookings " +
                               std::string{what}) = std::move(data);
    }
    auto response = document.answer(all_failed ? 422 : tally.failed > 0 ? 207 : 200);
    add_sync(response, tally.pending);
    add_retry(response, tally.worst);
    return response;
}

// What became of the payments of the bookings that were cancelled.
struct Refunds {
    explicit Refunds(json::storage_ptr memory)
        : details(std::move(memory)) {}

    void add(const std::string& id, const Cancelled& cancelled, bool wanted) {
        if (cancelled.restored) {
            ++successful;
            auto& detail = begin_item(details, id, "successful");
            detail["creditType"] = name_of(cancelled.restored->field);
            detail["amount"] = cancelled.restored->amount;
            detail["newBalance"] = cancelled.restored->new_balance;
        } else if (cancelled.refund_lost) {
            ++failed;
            put_problem(begin_item(details, id, "failed"), problem_of(BookingRefusal::contact_not_found));
        } else {
            ++skipped;
            begin_item(details, id, "skipped")["reason"] = wanted ? "NOTHING_TO_REFUND" : "REFUNDS_DISABLED";
        }
    }

    std::size_t successful = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;
    json::array details;
};

} // namespace

Response admin_booking_refused(const BookingRefused& refused) {
    if (refused.reason == BookingRefusal::dominant_hand_required)
        return admin_invalid_request({std::string{dominant_hand_missing}});
    if (refused.reason == BookingRefusal::attending_location_required)
        return admin_invalid_request({std::string{attending_location_missing}});
    const auto problem = problem_of(refused.reason);
    if (refused.reason != BookingRefusal::prerequisite_not_met)
        return admin_problem(problem);
    Document document;
    auto& details = document.begin_admin_error(problem.code, problem.message)["details"].emplace_object();
    for (auto& missing = details["missing_exams"].emplace_array(); const auto& exam : refused.missing_exams)
        missing.emplace_back(exam);
    return document.answer(problem.status);
}

Response exam_cancellation_answer(const std::vector<std::string>& ids, const std::vector<CancelResult>& results,
                                  bool with_refund) {
    Document document;
    const auto memory = document.root().storage();
    Tally tally;
    Refunds refunds{memory};
    json::array items(memory);
    for (std::size_t i = 0; i < ids.size(); ++i)
        std::visit(
            [&]<class T>(const T& outcome) {
                if constexpr (std::is_same_v<T, Cancelled>) {
                    ++tally.done;
                    tally.pending = tally.pending || outcome.replica_pending;
                    begin_item(items, ids[i], "cancelled")["cancelledAt"] =
                        understudy::format_timestamp(outcome.cancelled_at);
                    refunds.add(ids[i], outcome, with_refund);
                } else {
                    const auto problem = problem_of(outcome);
                    bool skipped = false;
                    if constexpr (std::is_same_v<T, CancelRefusal>)
                        skipped = outcome == CancelRefusal::already_cancelled;
                    if (skipped)
                        ++tally.skipped;
                    else
                        tally.add(problem);
                    put_problem(begin_item(items, ids[i], skipped ? "skipped" : "failed"), problem);
                }
            },
            results[i]);

    json::object data(memory);
    auto& summary = data["summary"].emplace_object();
    summary["total"] = ids.size();
    summary["cancelled"] = tally.done;
    summary["failed"] = tally.failed;
    summary["skipped"] = tally.skipped;
    auto& refund = data["refundSummary"].emplace_object();
    refund["enabled"] = with_refund;
    refund["successful"] = refunds.successful;
    refund["failed"] = refunds.failed;
    refund["skipped"] = refunds.skipped;
    refund["details"] = std::move(refunds.details);
    data["results"] = std::move(items);
    return finish(document, std::move(data), tally, "cancelled");
}

Response attendance_answer(const std::vector<std::string>& ids, const std::vector<AttendanceResult>& results) {
    Document document;
    const auto memory = document.root().storage();
    Tally tally;
    json::array items(memory);
    for (std::size_t i = 0; i < ids.size(); ++i)
        std::visit(
            [&]<class T>(const T& outcome) {
                if constexpr (std::is_same_v<T, AttendanceMarked>) {
                    ++(outcome.unchanged ? tally.skipped : tally.done);
                    tally.pending = tally.pending || outcome.replica_pending;
                    auto& item = begin_item(items, ids[i], outcome.unchanged ? "skipped" : "updated");
                    put_optional(item, "attended", outcome.attended);
                    item["isActive"] = outcome.attended ? "Completed" : "Active";
                } else {
                    const auto problem = problem_of(outcome);
                    tally.add(problem);
                    put_problem(begin_item(items, ids[i], "failed"), problem);
                }
            },
            results[i]);

    json::object data(memory);
    auto& summary = data["summary"].emplace_object();
    summary["total"] = ids.size();
    summary["updated"] = tally.done;
    summary["failed"] = tally.failed;
    summary["skipped"] = tally.skipped;
    data["results"] = std::move(items);
    return finish(document, std::move(data), tally, "updated");
}

} // namespace service
