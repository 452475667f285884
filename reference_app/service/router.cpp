#include "router.hpp"

#include <array>

namespace service {
namespace {

struct Route {
    Method method;
    std::string_view path;
    Endpoint endpoint;
    std::string_view name;
    bool probe;
};

constexpr std::array routes{
    Route{Method::post, "/api/user/login", Endpoint::login, "login", false},
    Route{Method::post, "/api/mock-exams/validate-credits", Endpoint::validate_exam_credits, "validate_exam_credits",
          false},
    Route{Method::post, "/api/mock-discussions/validate-credits", Endpoint::validate_discussion_credits,
          "validate_discussion_credits", false},
    Route{Method::get, "/api/health", Endpoint::health, "health", true},
    Route{Method::get, "/livez", Endpoint::livez, "livez", true},
    Route{Method::get, "/readyz", Endpoint::readyz, "readyz", true},
    Route{Method::get, "/metrics", Endpoint::metrics, "metrics", true},
};
static_assert(routes.size() == endpoint_count);

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
    for (const Route& route : routes) {
        if (route.path != path)
            continue;
        match.known_path = true;
        if (route.method == method)
            match.endpoint = route.endpoint;
    }
    return match;
}

std::string allowed_methods(std::string_view path) {
    std::string allowed;
    for (const Route& route : routes) {
        if (route.path != path)
            continue;
        allowed += name_of(route.method);
        allowed += route.method == Method::get ? ", HEAD, " : ", ";
    }
    return allowed + "OPTIONS";
}

} // namespace service
