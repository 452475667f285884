#include "api_error.hpp"
#include "crm_api.hpp"
#include "search.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

std::optional<Id> parse_id(std::string_view text) {
    Id id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size())
        return {};
    return id;
}

std::vector<std::string> names_of(const ObjectType& type, const Changes& changes) {
    std::vector<std::string> names;
    for (const auto& [property, value] : changes)
        names.push_back(type.properties[property].name);
    return names;
}

const json::object& properties_of(const json::object& input) {
    static const json::object none;
    const auto* properties = input.if_contains("properties");
    if (!properties || properties->is_null())
        return none;
    if (!properties->is_object())
        throw validation_error("properties must be an object");
    return properties->get_object();
}

} // namespace

std::optional<std::string> optional_text(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || value->is_null())
        return {};
    if (value->is_string())
        return std::string(value->get_string());
    if (value->is_number())
        return json::serialize(*value);
    throw validation_error(std::string(key) + " must be a string");
}

std::string text_member(const json::object& object, std::string_view key) {
    auto text = optional_text(object, key);
    if (!text)
        throw validation_error("Required field '" + std::string(key) + "' is missing");
    return *text;
}

Response CrmApi::perform(const Call& call, const Request& request, const ReadShape& shape, Millis now) {
    store_.advance(now);
    Context context{call, request, shape, now};
    switch (call.kind) {
    case CallKind::read:
        return read(context);
    case CallKind::list:
        return list(context);
    case CallKind::create:
        return create(context);
    case CallKind::update:
        return update(context);
    case CallKind::archive:
        return archive(context);
    case CallKind::merge:
        return merge(context);
    case CallKind::gdpr_delete:
        return gdpr_delete(context);
    case CallKind::search:
        return search_records(context);
    case CallKind::batch_read:
        return batch_read(context);
    case CallKind::batch_create:
        return batch_create(context);
    case CallKind::batch_update:
        return batch_update(context);
    case CallKind::batch_upsert:
        return batch_upsert(context);
    case CallKind::batch_archive:
        return batch_archive(context);
    case CallKind::association_list:
        return association_list(context);
    case CallKind::association_put_default:
        return association_put(context, true);
    case CallKind::association_put:
        return association_put(context, false);
    case CallKind::association_delete:
        return association_delete(context);
    case CallKind::association_batch_read:
        return association_batch_read(context);
    case CallKind::association_batch_create:
        return association_batch_create(context, false);
    case CallKind::association_batch_default:
        return association_batch_create(context, true);
    case CallKind::association_batch_archive:
        return association_batch_archive(context, false);
    case CallKind::association_batch_labels_archive:
        return association_batch_archive(context, true);
    case CallKind::association_labels:
        return association_labels(context);
    case CallKind::property_list:
        return property_list(context);
    case CallKind::property_read:
        return property_read(context);
    case CallKind::property_create:
        return property_create(context);
    case CallKind::property_update:
        return property_update(context);
    case CallKind::property_archive:
        return property_archive(context);
    case CallKind::property_batch_read:
        return property_batch_read(context);
    case CallKind::schema_list:
        return schema_list(context);
    case CallKind::schema_read:
        return schema_read(context);
    case CallKind::account:
        return account(context);
    case CallKind::wrong_method:
        throw api_error(405, "", "Method Not Allowed");
    case CallKind::control:
    case CallKind::unknown:
        break;
    }
    throw resource_not_found();
}

TypeIndex CrmApi::type_at(const Call& call, std::size_t argument) const {
    auto type = store_.find_type(call.arguments.at(argument));
    if (!type)
        throw unknown_type(call.arguments[argument]);
    return *type;
}

PropertyId CrmApi::unique_property(TypeIndex type, const std::string& name) const {
    const auto& properties = store_.types[type].properties;
    auto property = properties.find(name);
    if (!property || !properties[*property].unique)
        throw validation_error("Unable to perform update/upsert by non-unique " + store_.types[type].id + " property " +
                               name + " in portal ID " + std::to_string(store_.portal_id));
    return *property;
}

Record* CrmApi::resolve(TypeIndex type, const std::string& id, const std::optional<std::string>& id_property) {
    auto& object_type = store_.types[type];
    if (id_property && *id_property != "hs_object_id" && !id_property->empty())
        return object_type.find_unique(unique_property(type, *id_property), id);
    auto number = parse_id(id);
    return number ? object_type.find_live(*number) : nullptr;
}

Record& CrmApi::require(TypeIndex type, const std::string& id, const std::optional<std::string>& id_property) {
    if (auto* record = resolve(type, id, id_property))
        return *record;
    if (!id_property && !parse_id(id))
        throw object_not_found(id);
    throw resource_not_found();
}

std::optional<ApiError> CrmApi::conflict(TypeIndex type, const Changes& changes, const Record* self) {
    auto& object_type = store_.types[type];
    for (const auto& [property, value] : changes) {
        const auto& definition = object_type.properties[property];
        if (!definition.unique || value.empty())
            continue;
        auto* holder = object_type.find_unique(property, value);
        if (!holder || holder == self)
            continue;
        const auto* held = holder->values.find(property);
        if (!self && property == object_type.email && held && to_lower(*held) == to_lower(value))
            return api_error(409, "CONFLICT", "Contact already exists. Existing ID: " + std::to_string(holder->id));
        return validation_error("Cannot set PropertyValueCoordinates{portalId=" + std::to_string(store_.portal_id) +
                                ", objectTypeId=" + object_type.id + ", propertyName=" + definition.name +
                                ", value=" + value + "} on " + std::to_string(self ? self->id : object_type.next_id) +
                                ". " + std::to_string(holder->id) + " already has that value.");
    }
    return {};
}

Values CrmApi::new_values(TypeIndex type, const json::object& properties, Changes& changes) const {
    const auto& object_type = store_.types[type];
    changes = normalise_all(object_type, properties, store_.portal_id);
    Values values;
    for (const auto& [property, value] : changes)
        values.set(property, value);
    json::array missing;
    for (const auto& name : object_type.required) {
        auto property = object_type.properties.find(name);
        if (property && !values.find(*property))
            missing.push_back(json::string(name));
    }
    if (!missing.empty()) {
        auto error =
            validation_error("Error creating " + object_type.singular + ". Some required properties were not set.");
        error.body["context"] = json::object{{"properties", std::move(missing)}};
        throw error;
    }
    return values;
}

// With no record it only checks, so that a bad association refuses the call before anything is created.
void CrmApi::associate_inline(TypeIndex type, Record* record, const json::object& input, Millis now) {
    const auto* list = input.if_contains("associations");
    if (!list || list->is_null())
        return;
    if (!list->is_array())
        throw validation_error("associations must be a list");
    for (const auto& item : list->get_array()) {
        const auto* object = item.if_object();
        const auto* to = object ? object->if_contains("to") : nullptr;
        const auto* specs = object ? object->if_contains("types") : nullptr;
        if (!to || !to->is_object() || !specs || !specs->is_array())
            throw validation_error("An association needs to and types");
        auto id = text_member(to->get_object(), "id");
        for (const auto& spec : specs->get_array()) {
            auto type_id = parse_id(spec.is_object() ? text_member(spec.get_object(), "associationTypeId") : "");
            const AssociationDefinition* definition = nullptr;
            for (const auto& known : store_.associations)
                if (type_id && known.from == type && known.type_id == *type_id &&
                    (!definition || resolve(known.to, id, {})))
                    definition = &known;
            if (!definition)
                throw validation_error("Invalid association type for objects of type " + store_.types[type].id);
            auto* target = resolve(definition->to, id, {});
            if (!target) {
                auto error = validation_error("Invalid association: no object " + id + " of type " +
                                              store_.types[definition->to].id);
                error.body["context"] = json::object{{"id", json::array{json::string(id)}}};
                throw error;
            }
            if (record)
                store_.associate(type, *record, *target, *definition, now);
        }
    }
}

std::string CrmApi::write_answer(TypeIndex type, const Record& record, const Changes& changes, bool created) const {
    const auto& object_type = store_.types[type];
    auto names = names_of(object_type, changes);
    names.push_back(object_type.properties[object_type.modified].name);
    // An update of a contact answers with neither its id nor its creation among the properties.
    if (created || !object_type.email) {
        names.push_back(object_type.properties[object_type.object_id].name);
        names.push_back(object_type.properties[object_type.created].name);
    }
    std::string out;
    append_object(out, object_type, record, Projection(object_type, names, true), 0, true);
    return out;
}

Response CrmApi::read(const Context& context) {
    const auto& call = context.call;
    auto type = type_at(call, 0);
    auto& object_type = store_.types[type];
    auto id_property = call.parameter("idProperty");
    Record* record = nullptr;
    if (call.flag("archived")) {
        auto number = parse_id(call.arguments[1]);
        record = number ? object_type.find_exact(*number) : nullptr;
        if (!record || record->state != RecordState::archived)
            throw resource_not_found();
    } else {
        record = &require(type, call.arguments[1], id_property);
    }
    Projection projection(object_type, call.list("properties"));
    projection.remove(context.shape.properties_dropped);
    Response response;
    append_object(response.body, object_type, *record, projection, context.shape.versions_back);
    if (auto names = call.list("propertiesWithHistory"); !names.empty())
        append_history(response.body, object_type, *record, names);
    auto associated = call.list("associations");
    std::string associations;
    for (const auto& name : associated) {
        auto to_type = store_.find_type(name);
        if (!to_type)
            throw unknown_type(name);
        std::string results;
        for (const auto& edge : record->edges)
            if (edge.to_type == *to_type)
                if (const auto* definition = store_.find_association(type, edge.to_type, edge.type_id)) {
                    results += results.empty() ? "" : ",";
                    results += R"({"id":")" + std::to_string(edge.to) + R"(","type":)";
                    append_string(results, definition->label.empty() ? definition->name
                                                                     : definition->name + "_" + definition->label);
                    results += '}';
                }
        if (results.empty())
            continue;
        associations += associations.empty() ? "" : ",";
        const auto& to = store_.types[*to_type];
        append_string(associations, to.custom ? to.spellings.back() : to.name);
        associations += R"(:{"results":[)" + results + "]}";
    }
    if (!associations.empty())
        response.body += R"(,"associations":{)" + associations + "}";
    response.body += '}';
    return response;
}

Response CrmApi::list(const Context& context) {
    const auto& call = context.call;
    auto type = type_at(call, 0);
    auto& object_type = store_.types[type];
    auto with_history = call.list("propertiesWithHistory");
    auto limit = call.number("limit", 10, with_history.empty() ? 100 : 50);
    auto archived = call.flag("archived");
    auto after = parse_id(call.parameter("after").value_or("0"));
    if (!after)
        throw validation_error("after is not valid");
    Projection projection(object_type, call.list("properties"));
    projection.remove(context.shape.properties_dropped);
    Response response;
    response.body = R"({"results":[)";
    auto at = object_type.records.lower_bound(*after);
    const auto listed = [&] { return at->second.state == (archived ? RecordState::archived : RecordState::live); };
    std::size_t count = 0;
    Id last = 0;
    for (; at != object_type.records.end(); ++at) {
        if (!listed())
            continue;
        if (count == limit)
            break;
        if (count++ > 0)
            response.body += ',';
        last = at->first;
        append_object(response.body, object_type, at->second, projection, context.shape.versions_back);
        if (!with_history.empty())
            append_history(response.body, object_type, at->second, with_history);
        response.body += '}';
    }
    response.body += ']';
    if (at != object_type.records.end() && count > 0) {
        auto next = std::to_string(last + 1);
        response.body += R"(,"paging":{"next":{"after":")" + next + R"(","link":)";
        append_string(response.body, "https://api.hubapi.com/crm/v3/objects/" + object_type.name + "?after=" + next);
        response.body += "}}";
    }
    response.body += '}';
    return response;
}

Response CrmApi::create(const Context& context) {
    auto type = type_at(context.call, 0);
    auto body = parse_object(context.request);
    Changes changes;
    auto values = new_values(type, properties_of(body), changes);
    if (auto refused = conflict(type, changes, nullptr))
        throw *refused;
    associate_inline(type, nullptr, body, context.now);
    auto& record = store_.create(type, std::move(values), context.now, "INTEGRATION");
    associate_inline(type, &record, body, context.now);
    store_.advance(context.now);
    return {201, write_answer(type, record, changes, true) + "}"};
}

Response CrmApi::update(const Context& context) {
    auto type = type_at(context.call, 0);
    auto body = parse_object(context.request);
    auto& record = require(type, context.call.arguments[1], context.call.parameter("idProperty"));
    auto changes = normalise_all(store_.types[type], properties_of(body), store_.portal_id, &record);
    if (auto refused = conflict(type, changes, &record))
        throw *refused;
    store_.update(type, record, changes, context.now, "INTEGRATION");
    store_.advance(context.now);
    return {200, write_answer(type, record, changes, false) + "}"};
}

Response CrmApi::archive(const Context& context) {
    auto type = type_at(context.call, 0);
    auto id = parse_id(context.call.arguments[1]);
    if (!id)
        throw object_not_found(context.call.arguments[1]);
    auto* record = store_.types[type].find_exact(*id);
    if (!record)
        throw resource_not_found();
    if (record->live())
        store_.archive(type, *record, context.now);
    return {204, ""};
}

Response CrmApi::merge(const Context& context) {
    auto type = type_at(context.call, 0);
    auto body = parse_object(context.request);
    auto& primary = require(type, text_member(body, "primaryObjectId"));
    auto& other = require(type, text_member(body, "objectIdToMerge"));
    if (&primary == &other)
        throw validation_error("Cannot merge an object with itself");
    auto& survivor = store_.merge(type, primary, other, context.now);
    store_.advance(context.now);
    Response response;
    append_object(response.body, store_.types[type], survivor,
                  Projection(store_.types[type], {"email", "firstname", "lastname", "hs_merged_object_ids"}));
    response.body += '}';
    return response;
}

Response CrmApi::gdpr_delete(const Context& context) {
    auto type = type_at(context.call, 0);
    auto body = parse_object(context.request);
    auto& record = require(type, text_member(body, "objectId"), optional_text(body, "idProperty"));
    store_.erase(type, record, context.now);
    return {204, ""};
}

Response CrmApi::search_records(const Context& context) {
    auto type = type_at(context.call, 0);
    if (context.request.body.size() > search_body_limit)
        throw validation_error("The request body must not exceed 3000 characters");
    auto hits = search(store_, type, parse_object(context.request));
    const auto& object_type = store_.types[type];
    Projection projection(object_type, hits.properties);
    projection.remove(context.shape.properties_dropped);
    hits.page.resize(hits.page.size() - std::min(hits.page.size(), context.shape.results_dropped));
    Response response;
    response.body = R"({"total":)" + std::to_string(hits.total) + R"(,"results":[)";
    auto first = true;
    for (const auto* record : hits.page) {
        if (!first)
            response.body += ',';
        first = false;
        append_object(response.body, object_type, *record, projection, context.shape.versions_back);
        response.body += '}';
    }
    response.body += ']';
    if (hits.next)
        response.body += R"(,"paging":{"next":{"after":")" + std::to_string(*hits.next) + R"("}})";
    response.body += '}';
    return response;
}

} // namespace hubspot_emulator
