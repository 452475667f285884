#include "router.hpp"

#include <algorithm>
#include <array>

namespace service {
namespace {

struct Route {
    Method method;
    // `:id` stands for one segment. A path that is written out goes before one that it would match.
    std::string_view path;
    Endpoint endpoint;
    std::string_view name;
    bool probe;
    Access access = Access::anyone;
};

constexpr std::array routes{
    Route{Method::post, "/api/user/login", Endpoint::login, "login", false},
    Route{Method::post, "/api/mock-exams/validate-credits", Endpoint::validate_exam_credits, "validate_exam_credits",
          false},
    Route{Method::post, "/api/mock-discussions/validate-credits", Endpoint::validate_discussion_credits,
          "validate_discussion_credits", false},
    Route{Method::get, "/api/mock-exams/available", Endpoint::exams_on_offer, "exams_on_offer", false},
    Route{Method::get, "/api/mock-discussions/available", Endpoint::discussions_on_offer, "discussions_on_offer",
          false},
    Route{Method::get, "/api/mock-exams/:id/capacity", Endpoint::exam_capacity, "exam_capacity", false},
    Route{Method::get, "/api/bookings/list", Endpoint::list_bookings, "list_bookings", false},
    Route{Method::post, "/api/bookings/create", Endpoint::create_booking, "create_booking", false},
    Route{Method::post, "/api/bookings/batch-cancel", Endpoint::batch_cancel_bookings, "batch_cancel_bookings", false},
    Route{Method::get, "/api/bookings/:id", Endpoint::get_booking, "get_booking", false},
    Route{Method::delete_, "/api/bookings/:id", Endpoint::cancel_booking, "cancel_booking", false},
    Route{Method::post, "/api/mock-discussions/create-booking", Endpoint::book_discussion, "book_discussion", false},
    Route{Method::put, "/api/user/update-ndecc-date", Endpoint::update_exam_date, "update_exam_date", false},
    Route{Method::post, "/api/admin/bookings/create", Endpoint::create_booking_as_admin, "create_booking_as_admin",
          false, Access::bookings_create},
    Route{Method::post, "/api/admin/bookings/batch-cancel", Endpoint::cancel_bookings_as_admin,
          "cancel_bookings_as_admin", false, Access::bookings_batch_cancel},
    Route{Method::patch, "/api/admin/mock-exams/:id/cancel-bookings", Endpoint::cancel_bookings_of_exam,
          "cancel_bookings_of_exam", false, Access::bookings_batch_cancel},
    Route{Method::post, "/api/admin/mock-exams/:id/attendance", Endpoint::mark_attendance, "mark_attendance", false,
          Access::bookings_cancel},
    Route{Method::post, "/api/admin/mock-exams/create", Endpoint::create_exam, "create_exam", false,
          Access::exams_create},
    Route{Method::patch, "/api/admin/mock-exams/:id", Endpoint::edit_exam, "edit_exam", false, Access::exams_edit},
    Route{Method::delete_, "/api/admin/mock-exams/:id", Endpoint::delete_exam, "delete_exam", false,
          Access::exams_delete},
    Route{Method::patch, "/api/admin/trainees/:id/tokens", Endpoint::set_tokens, "set_tokens", false,
          Access::contacts_tokens},
    Route{Method::post, "/api/admin/cron/activate-scheduled-exams", Endpoint::activate_exams, "activate_exams", false,
          Access::cron},
    Route{Method::get, "/api/admin/cron/activate-scheduled-exams", Endpoint::activate_exams_by_get, "activate_exams",
          false, Access::cron},
    Route{Method::post, "/api/admin/cron/sync-supabase", Endpoint::sync, "sync", false, Access::cron},
    Route{Method::get, "/api/admin/cron/sync-supabase", Endpoint::sync_by_get, "sync", false, Access::cron},
    Route{Method::post, "/api/admin/sync/force-supabase", Endpoint::force_sync, "force_sync", false,
          Access::exams_edit},
    Route{Method::post, hubspot_webhook_path, Endpoint::hubspot_webhook, "hubspot_webhook", false},
    Route{Method::get, "/api/health", Endpoint::health, "health", true},
    Route{Method::get, "/livez", Endpoint::livez, "livez", true},
    Route{Method::get, "/readyz", Endpoint::readyz, "readyz", true},
    Route{Method::get, "/metrics", Endpoint::metrics, "metrics", true},
};
static_assert(routes.size() == endpoint_count);
static_assert(std::ranges::all_of(routes,
                                  [](const Route& route) {
                                      return route.path.starts_with("/api/admin/") == (route.access != Access::anyone);
                                  }),
              "what admins may do needs to be shown something for, and nothing else does");

constexpr std::string_view placeholder = ":id";

constexpr bool is_written_out(const Route& route) noexcept {
    return route.path.find(placeholder) == std::string_view::npos;
}

// The segment in the place of `:id`; nothing if the path does not have this form.
std::optional<std::string_view> id_in(std::string_view path, const Route& route) noexcept {
    if (is_written_out(route))
        return std::nullopt;
    const auto at = route.path.find(placeholder);
    const auto before = route.path.substr(0, at);
    const auto after = route.path.substr(at + placeholder.size());
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
        return std::nullopt;
    const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
    return id.find('/') == std::string_view::npos ? std::optional{id} : std::nullopt;
}

// Calls `f(route, id)` for every route at the path.
template<class F>
void for_each_route(std::string_view path, F f) {
    bool found = false;
    for (const Route& route : routes) {
        if (route.path != path || !is_written_out(route))
            continue;
        found = true;
        f(route, std::string_view{});
    }
    if (found)
        return;
    for (const Route& route : routes)
        if (const auto id = id_in(path, route))
            f(route, *id);
}

} // namespace

std::string_view name_of(Method method) noexcept {
    constexpr std::array<std::string_view, 8> names{"GET",   "HEAD",   "POST",    "PUT",
                                                    "PATCH", "DELETE", "OPTIONS", "other"};
    return names[static_cast<std::size_t>(method)];
}

std::string_view name_of(Endpoint endpoint) noexcept {
    return routes[static_cast<std::size_t>(endpoint)].name;
}

bool is_probe(Endpoint endpoint) noexcept {
    return routes[static_cast<std::size_t>(endpoint)].probe;
}

RouteMatch find_route(Method method, std::string_view path) noexcept {
    if (method == Method::head)
        method = Method::get;
    RouteMatch match;
    for_each_route(path, [&](const Route& route, std::string_view id) {
        match.known_path = true;
        if (route.method != method)
            return;
        match.endpoint = route.endpoint;
        match.access = route.access;
        match.id = id;
    });
    return match;
}

std::string allowed_methods(std::string_view path) {
    std::string allowed;
    for_each_route(path, [&](const Route& route, std::string_view) {
        allowed += name_of(route.method);
        allowed += route.method == Method::get ? ", HEAD, " : ", ";
    });
    return allowed + "OPTIONS";
}

} // namespace service
