#pragma once

#include "message.hpp"

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace hubspot_emulator {

/// What a call does. `unknown` is a path that does not exist, `wrong_method` one that does not take the method.
enum class CallKind {
    read,
    list,
    create,
    update,
    archive,
    merge,
    gdpr_delete,
    search,
    batch_read,
    batch_create,
    batch_update,
    batch_upsert,
    batch_archive,
    association_list,
    association_put_default,
    association_put,
    association_delete,
    association_batch_read,
    association_batch_create,
    association_batch_default,
    association_batch_archive,
    association_batch_labels_archive,
    association_labels,
    property_list,
    property_read,
    property_create,
    property_update,
    property_archive,
    property_batch_read,
    schema_list,
    schema_read,
    account,
    control,
    unknown,
    wrong_method,
};

std::string_view to_string(CallKind kind);

enum class ApiVersion { v3, v4, dated };

/// A request, taken apart.
struct Call {
    CallKind kind = CallKind::unknown;
    ApiVersion version = ApiVersion::v3;
    std::vector<std::string> arguments; ///< what stands for the variable parts of the path
    std::vector<std::pair<std::string, std::string>> query;
    bool malformed = false;

    std::optional<std::string> parameter(std::string_view name) const;
    /// Comma lists and repetitions, joined.
    std::vector<std::string> list(std::string_view name) const;
    std::size_t number(std::string_view name, std::size_t otherwise, std::size_t limit) const;
    bool flag(std::string_view name) const;
};

/// Both path families: `/crm/v3`, `/crm/v4`, and `/crm/.../2026-09` (any March or September).
Call parse_call(const Request& request);

/// The body as an object; an empty body is an empty object. Throws `ApiError` with the place of the mistake.
boost::json::value parse_body(const Request& request);
boost::json::object parse_object(const Request& request);

} // namespace hubspot_emulator
