#pragma once

#include "object_type.hpp"

namespace hubspot_emulator {

/// Appends a JSON string literal.
void append_string(std::string& out, std::string_view text);

/// The properties that an answer shows, resolved once a call: names in their order, with the three system ones.
class Projection {
public:
    /// Default set when `names` is empty. Unknown names are left out; with `exactly`, system ones are not added.
    Projection(const ObjectType& type, const std::vector<std::string>& names, bool exactly = false);

    void remove(const std::vector<std::string>& names);
    const std::vector<PropertyId>& properties() const noexcept { return properties_; }

private:
    const ObjectType* type_;
    std::vector<PropertyId> properties_;
};

/// How many versions back the answer is, and more that faults can do to it.
struct ReadShape {
    std::size_t versions_back = 0;
    std::size_t results_dropped = 0;
    std::vector<std::string> properties_dropped;
};

/// Appends `{"id":..,"properties":{..},"createdAt":..,"updatedAt":..,"archived":..}`; the closing brace is left to the
/// caller, who may have more to say.
void append_object(std::string& out, const ObjectType& type, const Record& record, const Projection& projection,
                   std::size_t versions_back = 0, bool write_answer = false);

/// Appends `,"propertiesWithHistory":{..}`.
void append_history(std::string& out, const ObjectType& type, const Record& record,
                    const std::vector<std::string>& names);

} // namespace hubspot_emulator
