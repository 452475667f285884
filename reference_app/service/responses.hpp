#pragma once

#include "access.hpp"
#include "credit_rules.hpp"
#include "http_message.hpp"
#include "provenance.hpp"
#include "student_directory.hpp"
#include "validation.hpp"

#include <understudy/date_time.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <string_view>

namespace service {

/// What the user endpoints answer when they do not answer a question: `{"success":false,"error":…,"code":…}`.
Response user_error(unsigned status, std::string_view code, std::string_view message);
Response invalid_request(const ValidationErrors& errors);
Response malformed_json();
Response not_found(Audience audience = Audience::students);
Response method_not_allowed(std::string_view allowed, Audience audience = Audience::students);
Response too_many_requests(std::chrono::seconds retry_after, Audience audience = Audience::students);
Response unreadable_path();
Response source_unavailable(const SourceUnavailable& failure);
Response replica_unavailable(const ReplicaUnavailable& failure);
Response internal_error();

Provenance provenance_of(const Student& student);
/// Of an answer that is made of both: as old as the older, stale if either is, from the replica if any of it is.
Provenance together(const Provenance& one, const Provenance& other);
/// Adds `Age` (seconds) and `X-Data-Freshness` to an answer that is not the source's own of this moment.
void add_freshness(Response& response, const Provenance& provenance);

/// Puts `credits`, the five of them.
void put_credits(boost::json::object& object, const ContactCredits& contact);

/// The answer of login. `now` is the moment in `_metadata`.
Response login_answer(const Student& student, understudy::Timestamp now);
/// The answer of both validate-credits.
Response credits_answer(const Student& student, MockType type);

struct HealthReport {
    bool draining = false;
    std::string_view version;
    std::chrono::seconds uptime{0};
};

Response health_answer(const HealthReport& report);
Response live_answer();
Response ready_answer(bool draining);

} // namespace service
