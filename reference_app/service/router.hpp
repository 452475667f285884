#pragma once

#include "access.hpp"
#include "http_message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace service {

enum class Endpoint : std::uint8_t {
    login,
    validate_exam_credits,
    validate_discussion_credits,
    exams_on_offer,
    discussions_on_offer,
    exam_capacity,
    list_bookings,
    create_booking,
    batch_cancel_bookings,
    get_booking,
    cancel_booking,
    book_discussion,
    update_exam_date,
    create_booking_as_admin,
    cancel_bookings_as_admin,
    cancel_bookings_of_exam,
    mark_attendance,
    create_exam,
    edit_exam,
    delete_exam,
    set_tokens,
    activate_exams,
    activate_exams_by_get,
    sync,
    sync_by_get,
    force_sync,
    hubspot_webhook,
    health,
    livez,
    readyz,
    metrics,
};
inline constexpr std::size_t endpoint_count = 31;

/// Where HubSpot delivers its events.
inline constexpr std::string_view hubspot_webhook_path = "/api/webhooks/hubspot";

/// The endpoint's name in logs and metrics.
std::string_view name_of(Endpoint endpoint) noexcept;

/// Whether the endpoint serves those who watch the service: such requests are never refused for their rate.
bool is_probe(Endpoint endpoint) noexcept;

/// What stands behind a path.
struct RouteMatch {
    /// Whether there is anything at the path.
    bool known_path = false;
    /// What answers this method there.
    std::optional<Endpoint> endpoint;
    /// What a caller must show before it does.
    Access access = Access::anyone;
    /// The segment of the path that names a record, any text but an empty one; a view of the path.
    std::string_view id;
};

/// `HEAD` is answered by what answers `GET`.
RouteMatch find_route(Method method, std::string_view path) noexcept;

/// The methods that a path answers, as the `Allow` header lists them.
std::string allowed_methods(std::string_view path);

} // namespace service
