#pragma once

#include <understudy/date_time.hpp>
#include <understudy/hubspot/detail/json.hpp>
#include <understudy/hubspot/error.hpp>
#include <understudy/hubspot/object.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

// From JSON to the structs of object.hpp. `std::nullopt`: the answer is not what it should be.

inline std::optional<Object> parse_object(boost::json::value&& value) {
    auto* fields = value.if_object();
    if (!fields)
        return std::nullopt;
    auto id = id_at(*fields, "id");
    auto* properties = fields->if_contains("properties");
    if (!id || !properties || !properties->is_object())
        return std::nullopt;
    Object object;
    object.id = std::move(*id);
    object.archived = flag_at(*fields, "archived");
    if (const auto stamp = parse_timestamp(text_at(*fields, "updatedAt")))
        object.version = Version{stamp->time_since_epoch().count()};
    object.properties = std::move(properties->get_object());
    object.trace = text_at(*fields, "objectWriteTraceId");
    if (const auto* histories = object_at(*fields, "propertiesWithHistory"))
        for (const auto& property : *histories)
            if (const auto* versions = property.value().if_array()) {
                auto& values = object.history[std::string{property.key()}];
                for (const auto& version : *versions)
                    if (const auto* entry = version.if_object())
                        values.emplace_back(text_at(*entry, "value"));
            }
    return object;
}

inline std::optional<std::vector<Object>> parse_objects(boost::json::object& fields) {
    auto* results = fields.if_contains("results");
    if (!results || !results->is_array())
        return std::nullopt;
    std::vector<Object> objects;
    objects.reserve(results->get_array().size());
    for (auto& entry : results->get_array()) {
        auto object = parse_object(std::move(entry));
        if (!object)
            return std::nullopt;
        objects.push_back(std::move(*object));
    }
    return objects;
}

inline std::vector<BatchError> parse_batch_errors(const boost::json::object& fields) {
    std::vector<BatchError> errors;
    for_each_object(fields, "errors", [&](const boost::json::object& entry) {
        BatchError error;
        error.category = text_at(entry, "category");
        error.message = text_at(entry, "message");
        error.error = error_of_category(error.category);
        error.existing_id = existing_id_in(error.message);
        if (!error.existing_id.empty() && error.error == Errc::refused)
            error.error = Errc::conflict;
        const auto* context = object_at(entry, "context");
        if (context)
            for_each_text(*context, "objectWriteTraceId", [&](auto text) { error.traces.emplace_back(text); });
        if (context)
            for (const auto* key : {"ids", "id", "fromObjectId"})
                if (const auto* ids = array_at(*context, key))
                    for (const auto& id : *ids)
                        if (auto text = id_of(id))
                            error.ids.push_back(std::move(*text));
        errors.push_back(std::move(error));
    });
    return errors;
}

inline std::optional<BatchAnswer> parse_batch(boost::json::value&& value) {
    auto* fields = value.if_object();
    if (!fields)
        return std::nullopt;
    auto objects = parse_objects(*fields);
    if (!objects)
        return std::nullopt;
    return BatchAnswer{std::move(*objects), parse_batch_errors(*fields)};
}

// A write may be answered with nothing at all (204).
inline std::optional<WriteAnswer> parse_written(boost::json::value&& value) {
    auto* fields = value.if_object();
    if (!fields)
        return value.is_null() ? std::optional{WriteAnswer{}} : std::nullopt;
    auto objects = parse_objects(*fields);
    if (!objects)
        return std::nullopt;
    return WriteAnswer{std::move(*objects), parse_batch_errors(*fields), {}};
}

// `paging.next.after`; a page that names a next one in a way that cannot be read is no page.
inline bool parse_after(const boost::json::object& fields, std::optional<std::string>& after) {
    const auto* paging = object_at(fields, "paging");
    const auto* next = paging ? object_at(*paging, "next") : nullptr;
    if (!next)
        return true;
    after = id_at(*next, "after");
    return after.has_value();
}

inline std::optional<Page> parse_page(boost::json::value&& value) {
    auto* fields = value.if_object();
    if (!fields)
        return std::nullopt;
    auto objects = parse_objects(*fields);
    if (!objects)
        return std::nullopt;
    Page page;
    page.objects = std::move(*objects);
    if (!parse_after(*fields, page.after))
        return std::nullopt;
    if (const auto* total = fields->if_contains("total"); total && total->is_int64())
        page.total = total->get_int64();
    return page;
}

inline std::optional<std::vector<Association>> parse_association_list(const boost::json::object& fields,
                                                                      std::string_view key) {
    const auto* results = array_at(fields, key);
    if (!results)
        return std::nullopt;
    std::vector<Association> list;
    list.reserve(results->size());
    for (const auto& entry : *results) {
        const auto* object = entry.if_object();
        auto to = object ? id_at(*object, "toObjectId") : std::nullopt;
        // Without its types it cannot be told which association it is.
        if (!to || !array_at(*object, "associationTypes"))
            return std::nullopt;
        Association association{std::move(*to), {}};
        for_each_object(*object, "associationTypes", [&](const boost::json::object& type) {
            AssociationType known;
            known.category = text_at(type, "category");
            if (const auto* id = type.if_contains("typeId"); id && id->is_int64())
                known.type_id = id->get_int64();
            if (const auto* label = type.if_contains("label"); label && label->is_string())
                known.label = std::string{view(label->get_string())};
            association.types.push_back(std::move(known));
        });
        list.push_back(std::move(association));
    }
    return list;
}

inline std::optional<Associations> parse_associations(boost::json::value&& value) {
    const auto* fields = value.if_object();
    if (!fields)
        return std::nullopt;
    auto list = parse_association_list(*fields, "results");
    Associations associations;
    if (!list || !parse_after(*fields, associations.after))
        return std::nullopt;
    associations.to = std::move(*list);
    return associations;
}

inline std::optional<AssociationsAnswer> parse_associations_batch(boost::json::value&& value) {
    const auto* fields = value.if_object();
    const auto* results = fields ? array_at(*fields, "results") : nullptr;
    if (!results)
        return std::nullopt;
    AssociationsAnswer answer;
    for (const auto& entry : *results) {
        const auto* object = entry.if_object();
        const auto* from = object ? object_at(*object, "from") : nullptr;
        auto id = from ? id_at(*from, "id") : std::nullopt;
        auto list = object ? parse_association_list(*object, "to") : std::nullopt;
        Associations associations;
        if (!id || !list || !parse_after(*object, associations.after))
            return std::nullopt;
        associations.from_id = std::move(*id);
        associations.to = std::move(*list);
        answer.results.push_back(std::move(associations));
    }
    answer.errors = parse_batch_errors(*fields);
    return answer;
}

// Ids are beside the types, or in objects of their own, as the kind of association has it. Connections that end are
// answered with nothing (204).
inline std::optional<ConnectionsAnswer> parse_connections(boost::json::value&& value) {
    const auto* fields = value.if_object();
    if (!fields)
        return value.is_null() ? std::optional{ConnectionsAnswer{}} : std::nullopt;
    ConnectionsAnswer answer;
    for_each_object(*fields, "results", [&](const boost::json::object& entry) {
        const auto id = [&](std::string_view flat, std::string_view nested) {
            const auto* object = object_at(entry, nested);
            return object ? id_at(*object, "id") : id_at(entry, flat);
        };
        if (auto from = id("fromObjectId", "from"), to = id("toObjectId", "to"); from && to)
            answer.made.push_back({std::move(*from), std::move(*to)});
    });
    answer.errors = parse_batch_errors(*fields);
    return answer;
}

inline std::optional<std::vector<PropertyDefinition>> parse_properties(boost::json::value&& value) {
    const auto* fields = value.if_object();
    const auto* results = fields ? array_at(*fields, "results") : nullptr;
    if (!results)
        return std::nullopt;
    std::vector<PropertyDefinition> definitions;
    definitions.reserve(results->size());
    for (const auto& entry : *results) {
        const auto* object = entry.if_object();
        const auto name = object ? text_at(*object, "name") : std::string_view{};
        if (name.empty())
            return std::nullopt;
        if (flag_at(*object, "archived"))
            continue;
        PropertyDefinition definition;
        definition.name = name;
        definition.type = text_at(*object, "type");
        definition.has_unique_value = flag_at(*object, "hasUniqueValue");
        definition.calculated = flag_at(*object, "calculated");
        if (const auto* meta = object_at(*object, "modificationMetadata"))
            definition.read_only = flag_at(*meta, "readOnlyValue");
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

inline std::optional<Account> parse_account(boost::json::value&& value) {
    const auto* fields = value.if_object();
    const auto* portal = fields ? fields->if_contains("portalId") : nullptr;
    if (!portal || !portal->is_int64())
        return std::nullopt;
    return Account{portal->get_int64(), std::string{text_at(*fields, "timeZone")}};
}

} // namespace understudy::hubspot::detail
