#pragma once

#include <understudy/http/origin.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace understudy::hubspot {

/// Whether the text names a version of HubSpot's API: `v3` (with `v4` for associations) or a dated one, `2026-09`.
constexpr bool is_api_version(std::string_view text) noexcept {
    if (text == "v3")
        return true;
    if (text.size() != 7 || text.substr(0, 2) != "20" || text[4] != '-')
        return false;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return digit(text[2]) && digit(text[3]) && (text.substr(5) == "03" || text.substr(5) == "09");
}

/// Where things are in one version of the API. Types and ids are percent-encoded.
class Paths {
public:
    /// The version must be one, see `is_api_version`.
    explicit Paths(std::string version)
        : version_{std::move(version)}
        , dated_{version_ != "v3"} {}

    const std::string& version() const noexcept { return version_; }

    std::string objects(std::string_view type) const {
        return (dated_ ? "/crm/objects/" + version_ + "/" : std::string{"/crm/v3/objects/"}) + http::encoded(type);
    }
    std::string object(std::string_view type, std::string_view id) const {
        return objects(type) + "/" + http::encoded(id);
    }
    std::string batch_read(std::string_view type) const { return objects(type) + "/batch/read"; }
    /// `what` is `update`, `create` or `archive`.
    std::string batch(std::string_view type, std::string_view what) const {
        return objects(type) + "/batch/" + std::string{what};
    }
    std::string search(std::string_view type) const { return objects(type) + "/search"; }

    std::string associations(std::string_view from, std::string_view id, std::string_view to) const {
        return (dated_ ? object(from, id) : "/crm/v4/objects/" + http::encoded(from) + "/" + http::encoded(id)) +
               "/associations/" + http::encoded(to);
    }
    /// `what` is `read`, `create` or `labels/archive`.
    std::string associations_batch(std::string_view from, std::string_view to, std::string_view what) const {
        return (dated_ ? "/crm/associations/" + version_ + "/" : std::string{"/crm/v4/associations/"}) +
               http::encoded(from) + "/" + http::encoded(to) + "/batch/" + std::string{what};
    }

    std::string properties(std::string_view type) const {
        return (dated_ ? "/crm/properties/" + version_ + "/" : std::string{"/crm/v3/properties/"}) +
               http::encoded(type);
    }

    std::string account() const { return "/account-info/" + version_ + "/details"; }

private:
    std::string version_;
    bool dated_;
};

} // namespace understudy::hubspot
