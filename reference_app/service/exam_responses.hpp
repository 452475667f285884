#pragma once

#include "exam_directory.hpp"
#include "http_message.hpp"

#include <understudy/date_time.hpp>

#include <string_view>

namespace service {

/// `full`, `limited` (up to three places are left) or `available`.
std::string_view availability(const Places& places) noexcept;

/// The answer of both available. What was not counted is left out.
Response exams_on_offer_answer(const ExamsOnOffer& found);
/// The answer of capacity; `now` less the answer's age is the moment in `last_checked`.
Response capacity_answer(const ExamCapacity& found, understudy::Timestamp now);
Response exam_not_found();

} // namespace service
