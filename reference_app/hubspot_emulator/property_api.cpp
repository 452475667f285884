#include "api_error.hpp"
#include "crm_api.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

json::object to_json(const PropertyDefinition& property) {
    json::array options;
    for (const auto& [label, value] : property.options)
        options.push_back({{"label", label},
                           {"value", value},
                           {"displayOrder", static_cast<std::int64_t>(options.size())},
                           {"hidden", false}});
    return {{"name", property.name},
            {"label", property.label},
            {"type", to_string(property.type)},
            {"fieldType", property.field_type},
            {"description", property.description},
            {"groupName", property.group},
            {"options", std::move(options)},
            {"displayOrder", -1},
            {"calculated", property.source == PropertySource::calculated},
            {"externalOptions", false},
            {"hasUniqueValue", property.unique},
            {"hidden", false},
            {"hubspotDefined", property.hubspot_defined},
            {"formField", false},
            {"archived", property.archived},
            {"modificationMetadata",
             {{"archivable", !property.hubspot_defined},
              {"readOnlyDefinition", property.hubspot_defined},
              {"readOnlyValue", !property.writable()}}}};
}

ApiError property_not_found(const std::string& name) {
    return api_error(404, "OBJECT_NOT_FOUND", "Property \"" + name + "\" does not exist");
}

PropertyId need(const ObjectType& type, const std::string& name) {
    if (auto property = type.properties.find(name))
        return *property;
    throw property_not_found(name);
}

void read_options(const json::object& body, PropertyDefinition& property) {
    const auto* options = body.if_contains("options");
    if (!options || !options->is_array())
        return;
    property.options.clear();
    for (const auto& option : options->get_array()) {
        if (!option.is_object())
            throw validation_error("Every option must be an object");
        auto value = text_member(option.get_object(), "value");
        property.options.emplace_back(optional_text(option.get_object(), "label").value_or(value), value);
    }
}

json::array all_properties(const ObjectType& type, bool archived) {
    json::array results;
    if (!archived) {
        for (const auto& [name, id] : type.properties.by_name())
            results.push_back(to_json(type.properties[id]));
        return results;
    }
    for (const auto& property : type.properties.all())
        if (property.archived)
            results.push_back(to_json(property));
    return results;
}

json::object schema_json(const Store& store, TypeIndex index) {
    const auto& type = store.types[index];
    json::array associations;
    for (const auto& definition : store.associations)
        if (definition.from == index)
            associations.push_back({{"id", std::to_string(definition.type_id)},
                                    {"fromObjectTypeId", type.id},
                                    {"toObjectTypeId", store.types[definition.to].id},
                                    {"name", definition.name},
                                    {"createdAt", nullptr},
                                    {"updatedAt", nullptr}});
    auto number = type.id.substr(type.id.find('-') + 1);
    return {
        {"id", number},
        {"objectTypeId", type.id},
        {"name", type.name},
        {"fullyQualifiedName", type.custom ? "p" + std::to_string(store.portal_id) + "_" + type.name : type.singular},
        {"labels", {{"singular", type.singular}, {"plural", type.name}}},
        {"primaryDisplayProperty", type.required.empty() ? std::string("hs_object_id") : type.required.front()},
        {"requiredProperties", json::array(type.required.begin(), type.required.end())},
        {"searchableProperties", json::array(type.required.begin(), type.required.end())},
        {"secondaryDisplayProperties", json::array()},
        {"properties", all_properties(type, false)},
        {"associations", std::move(associations)},
        {"archived", false},
        {"createdAt", "2022-01-01T00:00:00Z"},
        {"updatedAt", "2022-01-01T00:00:00Z"}};
}

} // namespace

Response CrmApi::property_list(const Context& context) {
    const auto& type = store_.types[type_at(context.call, 0)];
    return {200, json::serialize(json::object{{"results", all_properties(type, context.call.flag("archived"))}})};
}

Response CrmApi::property_read(const Context& context) {
    const auto& type = store_.types[type_at(context.call, 0)];
    return {200, json::serialize(to_json(type.properties[need(type, context.call.arguments[1])]))};
}

Response CrmApi::property_batch_read(const Context& context) {
    const auto& type = store_.types[type_at(context.call, 0)];
    std::vector<std::string> results;
    json::array errors;
    for (const auto& input : batch_inputs(parse_object(context.request), 100)) {
        auto name = text_member(input, "name");
        if (auto property = type.properties.find(name))
            results.push_back(json::serialize(to_json(type.properties[*property])));
        else
            errors.push_back(property_not_found(name).body);
    }
    return batch_response(200, std::move(results), errors, context.now);
}

Response CrmApi::property_create(const Context& context) {
    auto& type = store_.types[type_at(context.call, 0)];
    auto body = parse_object(context.request);
    PropertyDefinition property{.name = text_member(body, "name")};
    auto value_type = parse_value_type(text_member(body, "type"));
    if (!value_type)
        throw validation_error("type must be string, number, bool, date, datetime or enumeration");
    property.type = *value_type;
    property.label = text_member(body, "label");
    property.field_type = text_member(body, "fieldType");
    property.group = text_member(body, "groupName");
    property.description = optional_text(body, "description").value_or("");
    if (const auto* unique = body.if_contains("hasUniqueValue"); unique && unique->is_bool())
        property.unique = unique->get_bool();
    read_options(body, property);
    if (property.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != property.name.npos)
        throw validation_error("A property's name consists of lower-case letters, digits and underscores");
    if (type.properties.find(property.name)) {
        auto error =
            api_error(409, "OBJECT_ALREADY_EXISTS", "A property named '" + property.name + "' already exists.");
        error.body["subCategory"] = "Properties.PROPERTY_WITH_NAME_EXISTS";
        throw error;
    }
    auto id = type.properties.add(std::move(property));
    return {201, json::serialize(to_json(type.properties[id]))};
}

Response CrmApi::property_update(const Context& context) {
    auto& type = store_.types[type_at(context.call, 0)];
    auto& property = type.properties[need(type, context.call.arguments[1])];
    auto body = parse_object(context.request);
    // A change of hasUniqueValue is ignored.
    property.label = optional_text(body, "label").value_or(property.label);
    property.description = optional_text(body, "description").value_or(property.description);
    property.group = optional_text(body, "groupName").value_or(property.group);
    property.field_type = optional_text(body, "fieldType").value_or(property.field_type);
    read_options(body, property);
    return {200, json::serialize(to_json(property))};
}

Response CrmApi::property_archive(const Context& context) {
    auto& type = store_.types[type_at(context.call, 0)];
    auto id = need(type, context.call.arguments[1]);
    if (type.properties[id].hubspot_defined)
        throw validation_error("Property \"" + context.call.arguments[1] + "\" cannot be archived");
    type.properties.remove(id);
    return {204, ""};
}

Response CrmApi::schema_list(const Context&) {
    json::array results;
    for (std::size_t i = 0; i < store_.types.size(); ++i)
        if (store_.types[i].custom)
            results.push_back(schema_json(store_, static_cast<TypeIndex>(i)));
    return {200, json::serialize(json::object{{"results", std::move(results)}})};
}

Response CrmApi::schema_read(const Context& context) {
    return {200, json::serialize(schema_json(store_, type_at(context.call, 0)))};
}

Response CrmApi::account(const Context&) {
    return {200, json::serialize(json::object{{"portalId", store_.portal_id},
                                              {"accountType", "STANDARD"},
                                              {"timeZone", "America/Toronto"},
                                              {"companyCurrency", "CAD"},
                                              {"additionalCurrencies", json::array()},
                                              {"utcOffset", "-05:00"},
                                              {"utcOffsetMilliseconds", -18'000'000},
                                              {"uiDomain", "app.hubspot.com"},
                                              {"dataHostingLocation", "na1"}})};
}

} // namespace hubspot_emulator
