#pragma once

#include "access.hpp"
#include "booking_desk.hpp"
#include "http_message.hpp"
#include "problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// The answers to what was written: 201, or 200 with `idempotent_request` where it had been written before. What the
/// replica does not show yet bears `X-Replica-Sync: pending`.
Response booked_answer(const Booked& booked);
Response discussion_booked_answer(const Booked& booked);
Response cancelled_answer(const Cancelled& cancelled, const std::optional<std::string>& reason);
Response exam_date_answer(const ProfileChanged& changed, const std::string& contact_id);

/// With the missing exams, or with what the request lacks.
Response refusal_answer(const BookingRefused& refused);

/// What became of one booking of many that were to be cancelled.
struct BatchItem {
    /// As the request names it.
    std::string record_id;
    std::variant<Problem, Cancelled> outcome;
};

/// 200 if all were cancelled, 207 if some were, 422 if none was. `Retry-After` is the longest of the items'.
Response batch_answer(const std::vector<BatchItem>& items, Audience audience = Audience::students);

/// Marks what the replica does not show yet.
void add_sync(Response& response, bool pending);

} // namespace service
