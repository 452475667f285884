#include "api_error.hpp"

#include "instant.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace hubspot_emulator {

namespace json = boost::json;

ApiError api_error(int status, std::string_view category, std::string_view message) {
    ApiError error{status, {{"status", "error"}, {"message", json::string(message)}}};
    if (!category.empty())
        error.body["category"] = json::string(category);
    return error;
}

ApiError validation_error(std::string_view message) {
    return api_error(400, "VALIDATION_ERROR", message);
}

ApiError resource_not_found() {
    return api_error(404, "", "resource not found");
}

ApiError object_not_found(std::string_view id) {
    auto error = api_error(404, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.");
    error.body["context"] = json::object{{"id", json::array{json::string(id)}}};
    return error;
}

ApiError unknown_type(std::string_view spelling) {
    auto error = validation_error("Unable to infer object type from: " + std::string(spelling));
    error.body["context"] = json::object{{"type", json::array{json::string(spelling)}}};
    return error;
}

ApiError invalid_values(const std::vector<InvalidValue>& values, std::int64_t portal_id) {
    json::array verdicts, errors;
    for (const auto& value : values) {
        verdicts.push_back({{"isValid", false},
                            {"message", value.message},
                            {"error", value.code},
                            {"name", value.property},
                            {"localizedErrorMessage", value.message},
                            {"portalId", portal_id}});
        errors.push_back({{"message", value.message},
                          {"code", value.code},
                          {"context", {{"propertyName", json::array{json::string(value.property)}}}}});
    }
    auto error = validation_error("Property values were not valid: " + json::serialize(verdicts));
    error.body["errors"] = std::move(errors);
    return error;
}

ApiError invalid_json(std::string_view body, std::size_t position, std::string_view reason) {
    auto read = body.substr(0, std::min(position, body.size()));
    auto line = 1 + std::count(read.begin(), read.end(), '\n');
    auto column = 1 + read.size() - (read.rfind('\n') == read.npos ? 0 : read.rfind('\n') + 1);
    return validation_error("Invalid input JSON on line " + std::to_string(line) + ", column " +
                            std::to_string(column) + ": " + std::string(reason));
}

ApiError credentials_not_found() {
    return api_error(401, "INVALID_AUTHENTICATION",
                     "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
                     "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview");
}

ApiError token_expired(std::int64_t expired_at, std::int64_t now) {
    auto ago = now - expired_at;
    auto span =
        ago >= day_ms ? std::to_string(ago / day_ms) + " day(s)" : std::to_string(ago / second_ms) + " second(s)";
    auto error =
        api_error(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired " + span + " ago.");
    error.body["context"] = json::object{{"expire time", json::array{json::string(format_instant(expired_at))}}};
    return error;
}

ApiError missing_scopes(std::string_view scope) {
    auto error = api_error(403, "MISSING_SCOPES",
                           "This app hasn't been granted all required scopes to make this call. Read more about "
                           "required scopes here: https://developers.hubspot.com/scopes.");
    error.body["errors"] = json::array{{{"message", "One or more of the following scopes are required."},
                                        {"context", {{"requiredGranularScopes", json::array{json::string(scope)}}}}}};
    error.body["links"] = json::object{{"scopes", "https://developers.hubspot.com/scopes"}};
    return error;
}

} // namespace hubspot_emulator
