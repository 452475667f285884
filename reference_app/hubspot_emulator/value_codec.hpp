#pragma once

#include "api_error.hpp"
#include "object_type.hpp"

#include <boost/json/value.hpp>
#include <variant>

namespace hubspot_emulator {

using Changes = std::vector<std::pair<PropertyId, std::string>>;

/// A value in the form in which it is stored and read back, or why it is refused. `old` is what the record has now
/// (a multiple choice that begins with `;` is added to it).
std::variant<std::string, InvalidValue> normalise(const PropertyDefinition& property, const boost::json::value& value,
                                                  const std::string* old = nullptr);

/// The `properties` of a write. Throws `ApiError` that names every bad one.
Changes normalise_all(const ObjectType& type, const boost::json::object& properties, std::int64_t portal_id,
                      const Record* old = nullptr);

} // namespace hubspot_emulator
