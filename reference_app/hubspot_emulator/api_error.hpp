#pragma once

#include "property_definition.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hubspot_emulator {

/// Thrown where a call is refused: the status and HubSpot's body for it, without the correlation id.
struct ApiError {
    int status = 400;
    boost::json::object body;
};

/// One property that a write may not set so.
struct InvalidValue {
    std::string property;
    std::string code; ///< such as `READ_ONLY_VALUE`
    std::string message;
};

/// An empty category is left out.
ApiError api_error(int status, std::string_view category, std::string_view message);
ApiError validation_error(std::string_view message);
/// A numeric id that leads nowhere: 404 without a category.
ApiError resource_not_found();
/// An id that is not a number.
ApiError object_not_found(std::string_view id);
ApiError unknown_type(std::string_view spelling);
ApiError invalid_values(const std::vector<InvalidValue>& values, std::int64_t portal_id);
ApiError invalid_json(std::string_view body, std::size_t position, std::string_view reason);

ApiError credentials_not_found();
/// `expired_at` in milliseconds; a bad private token is reported as one that expired in 1970.
ApiError token_expired(std::int64_t expired_at, std::int64_t now);
ApiError missing_scopes(std::string_view scope);

} // namespace hubspot_emulator
