#include "api_error.hpp"
#include "crm_api.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr std::size_t create_limit = 2000, page_limit = 500;

const char* category(const AssociationDefinition& definition) {
    return definition.user_defined ? "USER_DEFINED" : "HUBSPOT_DEFINED";
}

/// The associated records in the order of association, one entry each, from `offset`, at most `limit` of them.
struct Page {
    std::string results;
    std::size_t count = 0;
    std::optional<std::string> after;
};

Page page_of(const Store& store, TypeIndex from_type, const Record& from, TypeIndex to_type, std::size_t offset,
             std::size_t limit) {
    std::vector<Id> targets;
    for (const auto& edge : from.edges)
        if (edge.to_type == to_type && std::find(targets.begin(), targets.end(), edge.to) == targets.end())
            if (store.types[to_type].records.at(edge.to).live())
                targets.push_back(edge.to);
    Page page;
    for (auto i = offset; i < targets.size(); ++i) {
        if (page.count == limit) {
            page.after = std::to_string(i);
            break;
        }
        auto& out = page.results;
        if (page.count++ > 0)
            out += ',';
        out += R"({"toObjectId":)" + std::to_string(targets[i]) + R"(,"associationTypes":[)";
        auto first = true;
        for (const auto& edge : from.edges) {
            if (edge.to_type != to_type || edge.to != targets[i])
                continue;
            const auto* definition = store.find_association(from_type, to_type, edge.type_id);
            if (!definition)
                continue;
            if (!first)
                out += ',';
            first = false;
            out += R"({"category":")" + std::string(category(*definition)) + R"(","typeId":)" +
                   std::to_string(edge.type_id) + R"(,"label":)";
            if (definition->label.empty())
                out += "null";
            else
                append_string(out, definition->label);
            out += '}';
        }
        out += "]}";
    }
    return page;
}

std::string paging(const Page& page) {
    return page.after ? R"(,"paging":{"next":{"after":")" + *page.after + R"("}})" : std::string();
}

std::size_t parse_offset(const std::optional<std::string>& text) {
    if (!text || text->empty())
        return 0;
    std::size_t offset = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), offset);
    if (error != std::errc{} || end != text->data() + text->size())
        throw validation_error("after is not valid");
    return offset;
}

std::string id_of(const json::object& input, std::string_view key) {
    const auto* object = input.if_contains(key);
    if (!object || !object->is_object())
        throw validation_error("Required field '" + std::string(key) + "' is missing");
    return text_member(object->get_object(), "id");
}

std::vector<std::uint32_t> type_ids(const json::value* specs) {
    std::vector<std::uint32_t> ids;
    if (!specs || !specs->is_array() || specs->get_array().empty())
        throw validation_error("Association types are missing");
    for (const auto& spec : specs->get_array()) {
        const auto* object = spec.if_object();
        const auto* id = object ? object->if_contains("associationTypeId") : nullptr;
        if (!id || !id->is_int64())
            throw validation_error("Required field 'associationTypeId' is missing");
        ids.push_back(static_cast<std::uint32_t>(id->get_int64()));
    }
    return ids;
}

const AssociationDefinition& need(const Store& store, TypeIndex from, TypeIndex to, std::uint32_t type_id) {
    if (const auto* definition = store.find_association(from, to, type_id))
        return *definition;
    throw validation_error("Association type " + std::to_string(type_id) + " is not valid from " +
                           store.types[from].id + " to " + store.types[to].id);
}

const AssociationDefinition& need_default(const Store& store, TypeIndex from, TypeIndex to) {
    if (const auto* definition = store.default_association(from, to))
        return *definition;
    throw validation_error("No association is defined from " + store.types[from].id + " to " + store.types[to].id);
}

std::string labels_answer(const Store& store, TypeIndex from_type, const Record& from, TypeIndex to_type,
                          const Record& to) {
    std::string out = R"({"fromObjectTypeId":")" + store.types[from_type].id + R"(","fromObjectId":")" +
                      std::to_string(from.id) + R"(","toObjectTypeId":")" + store.types[to_type].id +
                      R"(","toObjectId":")" + std::to_string(to.id) + R"(","labels":[)";
    auto first = true;
    for (const auto& edge : from.edges) {
        if (edge.to_type != to_type || edge.to != to.id)
            continue;
        const auto* definition = store.find_association(from_type, to_type, edge.type_id);
        if (!definition || definition->label.empty())
            continue;
        if (!first)
            out += ',';
        first = false;
        append_string(out, definition->label);
    }
    return out += "]}";
}

/// The two results that a default association answers with, one a direction.
void append_default_results(std::vector<std::string>& results, const Record& from, const Record& to,
                            const AssociationDefinition& definition) {
    const auto one = [&](Id a, Id b, std::uint32_t type_id) {
        results.push_back(R"({"from":{"id":")" + std::to_string(a) + R"("},"to":{"id":")" + std::to_string(b) +
                          R"("},"associationSpec":{"associationCategory":")" + category(definition) +
                          R"(","associationTypeId":)" + std::to_string(type_id) + "}}");
    };
    one(from.id, to.id, definition.type_id);
    one(to.id, from.id, definition.inverse_type_id);
}

json::object missing_object(const ObjectType& type, const std::string& id) {
    return {{"status", "error"},
            {"category", "OBJECT_NOT_FOUND"},
            {"message", "No object of type " + type.id + " with ID " + id + " exists."},
            {"context", {{"ids", json::array{json::string(id)}}}}};
}

} // namespace

Response CrmApi::association_list(const Context& context) {
    const auto& call = context.call;
    auto from_type = type_at(call, 0), to_type = type_at(call, 2);
    auto& from = require(from_type, call.arguments[1]);
    auto limit = call.number("limit", page_limit, page_limit);
    auto page = page_of(store_, from_type, from, to_type, parse_offset(call.parameter("after")), limit);
    return {200, R"({"results":[)" + page.results + "]" + paging(page) + "}"};
}

Response CrmApi::association_put(const Context& context, bool plain) {
    const auto& call = context.call;
    auto from_type = type_at(call, 0), to_type = type_at(call, 2);
    auto& from = require(from_type, call.arguments[1]);
    auto& to = require(to_type, call.arguments[3]);
    if (plain) {
        const auto& definition = need_default(store_, from_type, to_type);
        store_.associate(from_type, from, to, definition, context.now);
        store_.advance(context.now);
        std::vector<std::string> results;
        append_default_results(results, from, to, definition);
        return batch_response(200, std::move(results), {}, context.now);
    }
    auto body = parse_body(context.request);
    auto wanted = type_ids(&body);
    std::vector<const AssociationDefinition*> definitions;
    for (auto type_id : wanted)
        definitions.push_back(&need(store_, from_type, to_type, type_id));
    // Labels that are not named are replaced.
    auto edges = from.edges;
    for (const auto& edge : edges)
        if (edge.to_type == to_type && edge.to == to.id &&
            std::find(wanted.begin(), wanted.end(), edge.type_id) == wanted.end())
            if (const auto* old = store_.find_association(from_type, to_type, edge.type_id); old && !old->label.empty())
                store_.dissociate(from_type, from, to, *old, context.now);
    for (const auto* definition : definitions)
        store_.associate(from_type, from, to, *definition, context.now);
    store_.advance(context.now);
    return {201, labels_answer(store_, from_type, from, to_type, to)};
}

Response CrmApi::association_delete(const Context& context) {
    const auto& call = context.call;
    auto from_type = type_at(call, 0), to_type = type_at(call, 2);
    auto* from = resolve(from_type, call.arguments[1], {});
    auto* to = resolve(to_type, call.arguments[3], {});
    if (from && to)
        store_.dissociate(from_type, *from, *to, need_default(store_, from_type, to_type), context.now);
    store_.advance(context.now);
    return {204, ""};
}

Response CrmApi::association_batch_read(const Context& context) {
    auto from_type = type_at(context.call, 0), to_type = type_at(context.call, 1);
    std::vector<std::string> results;
    json::array errors;
    const auto limit = static_cast<std::size_t>(store_.behaviour.association_batch);
    for (const auto& input : batch_inputs(parse_object(context.request), limit)) {
        auto id = text_member(input, "id");
        auto* from = resolve(from_type, id, {});
        Page page;
        if (from)
            page = page_of(store_, from_type, *from, to_type, parse_offset(optional_text(input, "after")), page_limit);
        if (page.count == 0) {
            const auto &from_name = store_.types[from_type].name, &to_name = store_.types[to_type].name;
            errors.push_back({{"status", "error"},
                              {"category", "OBJECT_NOT_FOUND"},
                              {"subCategory", "crm.associations.NO_ASSOCIATIONS_FOUND"},
                              {"message", "No " + to_name + " is associated with " + from_name + " " + id + "."},
                              {"context",
                               {{"fromObjectId", json::array{json::string(id)}},
                                {"fromObjectType", json::array{json::string(from_name)}},
                                {"toObjectType", json::array{json::string(to_name)}}}}});
            continue;
        }
        results.push_back(R"({"from":{"id":")" + id + R"("},"to":[)" + page.results + "]" + paging(page) + "}");
    }
    if (store_.behaviour.shuffle_batches)
        std::shuffle(results.begin(), results.end(), store_.random());
    results.resize(results.size() - std::min(results.size(), context.shape.results_dropped));
    return batch_response(200, std::move(results), errors, context.now);
}

Response CrmApi::association_batch_create(const Context& context, bool plain) {
    auto from_type = type_at(context.call, 0), to_type = type_at(context.call, 1);
    std::vector<std::string> results;
    json::array errors;
    for (const auto& input : batch_inputs(parse_object(context.request), create_limit)) {
        auto from_id = id_of(input, "from"), to_id = id_of(input, "to");
        auto* from = resolve(from_type, from_id, {});
        auto* to = resolve(to_type, to_id, {});
        if (!from || !to) {
            errors.push_back(from ? missing_object(store_.types[to_type], to_id)
                                  : missing_object(store_.types[from_type], from_id));
            continue;
        }
        if (plain) {
            const auto& definition = need_default(store_, from_type, to_type);
            store_.associate(from_type, *from, *to, definition, context.now);
            append_default_results(results, *from, *to, definition);
            continue;
        }
        for (auto type_id : type_ids(input.if_contains("types")))
            store_.associate(from_type, *from, *to, need(store_, from_type, to_type, type_id), context.now);
        results.push_back(labels_answer(store_, from_type, *from, to_type, *to));
    }
    store_.advance(context.now);
    return batch_response(plain || context.call.version == ApiVersion::dated ? 200 : 201, std::move(results), errors,
                          context.now);
}

Response CrmApi::association_batch_archive(const Context& context, bool labels) {
    auto from_type = type_at(context.call, 0), to_type = type_at(context.call, 1);
    for (const auto& input : batch_inputs(parse_object(context.request), create_limit)) {
        auto* from = resolve(from_type, id_of(input, "from"), {});
        if (labels) {
            auto* to = resolve(to_type, id_of(input, "to"), {});
            for (auto type_id : type_ids(input.if_contains("types")))
                if (from && to)
                    store_.dissociate(from_type, *from, *to, need(store_, from_type, to_type, type_id), context.now);
            continue;
        }
        const auto* targets = input.if_contains("to");
        if (!targets || !targets->is_array())
            throw validation_error("Required field 'to' is missing");
        for (const auto& target : targets->get_array()) {
            auto* to = resolve(to_type, id_of({{"to", target}}, "to"), {});
            if (from && to)
                store_.dissociate(from_type, *from, *to, need_default(store_, from_type, to_type), context.now);
        }
    }
    store_.advance(context.now);
    return {204, ""};
}

Response CrmApi::association_labels(const Context& context) {
    auto from_type = type_at(context.call, 0), to_type = type_at(context.call, 1);
    json::array results;
    for (const auto& definition : store_.associations)
        if (definition.from == from_type && definition.to == to_type)
            results.push_back({{"category", category(definition)},
                               {"typeId", definition.type_id},
                               {"label", definition.label.empty() ? json::value() : json::value(definition.label)}});
    return {200, json::serialize(json::object{{"results", std::move(results)}})};
}

} // namespace hubspot_emulator
