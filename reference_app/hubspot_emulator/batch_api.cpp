#include "api_error.hpp"
#include "crm_api.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <set>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr std::size_t batch_limit = 100;
constexpr std::size_t history_batch_limit = 50;

std::vector<std::string> string_list(const json::object& body, std::string_view key) {
    std::vector<std::string> items;
    if (const auto* list = body.if_contains(key); list && list->is_array())
        for (const auto& item : list->get_array())
            if (item.is_string())
                items.emplace_back(item.get_string());
    return items;
}

const json::object& properties_of(const json::object& input) {
    const auto* properties = input.if_contains("properties");
    if (!properties || !properties->is_object())
        throw validation_error("Required field 'properties' is missing");
    return properties->get_object();
}

/// One entry for all the ids that were not found.
json::object missing_entry(const ObjectType& type, const std::vector<std::string>& ids) {
    return {{"status", "error"},
            {"category", "OBJECT_NOT_FOUND"},
            {"message", "Could not get some " + type.singular +
                            " objects, they may be deleted or not exist. Check that ids are valid."},
            {"context", {{"ids", json::array(ids.begin(), ids.end())}}}};
}

json::object traced(json::object body, const std::optional<std::string>& trace_id) {
    if (!trace_id)
        return body;
    if (!body.contains("context"))
        body["context"] = json::object{};
    body["context"].get_object()["objectWriteTraceId"] = json::array{json::string(*trace_id)};
    return body;
}

std::string with_trace(std::string object, const std::optional<std::string>& trace_id) {
    if (trace_id) {
        object += R"(,"objectWriteTraceId":)";
        append_string(object, *trace_id);
    }
    return object;
}

bool all_traced(const std::vector<json::object>& inputs) {
    std::set<std::string> seen;
    return std::all_of(inputs.begin(), inputs.end(), [&](const json::object& input) {
        auto trace_id = optional_text(input, "objectWriteTraceId");
        return trace_id && seen.insert(*trace_id).second;
    });
}

void refuse_duplicates(const std::vector<json::object>& inputs) {
    std::set<std::string> seen;
    for (const auto& input : inputs) {
        auto id = text_member(input, "id");
        if (!seen.insert(id).second)
            throw validation_error("Duplicate IDs found in batch input: [" + id + "]. IDs must be unique");
    }
}

} // namespace

std::vector<json::object> batch_inputs(const json::object& body, std::size_t limit) {
    const auto* list = body.if_contains("inputs");
    if (!list || !list->is_array())
        throw validation_error("Required field 'inputs' is missing");
    if (list->get_array().size() > limit)
        throw validation_error("Batch size must be at most " + std::to_string(limit) + ", got " +
                               std::to_string(list->get_array().size()));
    std::vector<json::object> inputs;
    for (const auto& item : list->get_array()) {
        if (!item.is_object())
            throw validation_error("Every input must be an object");
        inputs.push_back(item.get_object());
    }
    return inputs;
}

Response batch_response(int status, std::vector<std::string> results, const json::array& errors, Millis now) {
    Response response;
    response.status = errors.empty() ? status : 207;
    auto& out = response.body;
    out = R"({"status":"COMPLETE","results":[)";
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (i > 0)
            out += ',';
        out += results[i];
    }
    out += ']';
    if (!errors.empty())
        out += R"(,"numErrors":)" + std::to_string(errors.size()) + R"(,"errors":)" + json::serialize(errors);
    auto at = format_instant(now);
    out += R"(,"startedAt":")" + at + R"(","completedAt":")" + at + R"("})";
    return response;
}

Response CrmApi::batch_read(const Context& context) {
    auto type = type_at(context.call, 0);
    auto& object_type = store_.types[type];
    auto body = parse_object(context.request);
    auto with_history = string_list(body, "propertiesWithHistory");
    auto inputs = batch_inputs(body, with_history.empty() ? batch_limit : history_batch_limit);
    auto id_property = optional_text(body, "idProperty");
    if (id_property && *id_property != "hs_object_id")
        unique_property(type, *id_property);
    Projection projection(object_type, string_list(body, "properties"));
    projection.remove(context.shape.properties_dropped);
    auto archived = context.call.flag("archived");

    std::vector<const Record*> found;
    std::vector<std::string> missing;
    for (const auto& input : inputs) {
        auto id = text_member(input, "id");
        const Record* record = nullptr;
        if (archived) {
            for (const auto& [number, candidate] : object_type.records)
                if (candidate.state == RecordState::archived && std::to_string(number) == id)
                    record = &candidate;
        } else {
            record = resolve(type, id, id_property);
        }
        if (!record)
            missing.push_back(id);
        else if (std::find(found.begin(), found.end(), record) == found.end())
            found.push_back(record);
    }
    if (store_.behaviour.shuffle_batches)
        std::shuffle(found.begin(), found.end(), store_.random());
    found.resize(found.size() - std::min(found.size(), context.shape.results_dropped));
    std::vector<std::string> results;
    for (const auto* record : found) {
        auto& out = results.emplace_back();
        append_object(out, object_type, *record, projection, context.shape.versions_back);
        if (!with_history.empty())
            append_history(out, object_type, *record, with_history);
        out += '}';
    }
    json::array errors;
    if (!missing.empty())
        errors.push_back(missing_entry(object_type, missing));
    return batch_response(200, std::move(results), errors, context.now);
}

void CrmApi::arrange(const Context& context, std::vector<std::string>& results) {
    if (store_.behaviour.shuffle_batches)
        std::shuffle(results.begin(), results.end(), store_.random());
    results.resize(results.size() - std::min(results.size(), context.shape.results_dropped));
}

Response CrmApi::batch_create(const Context& context) {
    auto type = type_at(context.call, 0);
    auto inputs = batch_inputs(parse_object(context.request), batch_limit);
    auto partial = all_traced(inputs);
    struct Row {
        const json::object* input;
        Changes changes;
        Values values;
    };
    std::vector<Row> rows;
    json::array errors;
    std::set<std::string> taken;
    for (const auto& input : inputs) {
        try {
            Row row{&input, {}, {}};
            row.values = new_values(type, properties_of(input), row.changes);
            if (auto refused = conflict(type, row.changes, nullptr))
                throw *refused;
            for (const auto& [property, value] : row.changes)
                if (store_.types[type].properties[property].unique && !value.empty() &&
                    !taken.insert(std::to_string(property) + ":" + to_lower(value)).second)
                    throw validation_error("Duplicate values found in batch input: " + value);
            associate_inline(type, nullptr, input, context.now);
            rows.push_back(std::move(row));
        } catch (const ApiError& error) {
            if (!partial)
                throw;
            errors.push_back(traced(error.body, optional_text(input, "objectWriteTraceId")));
        }
    }
    std::vector<std::string> results;
    for (auto& row : rows) {
        auto& record = store_.create(type, std::move(row.values), context.now, "INTEGRATION");
        associate_inline(type, &record, *row.input, context.now);
        results.push_back(
            with_trace(write_answer(type, record, row.changes, true), optional_text(*row.input, "objectWriteTraceId")) +
            "}");
    }
    store_.advance(context.now);
    arrange(context, results);
    return batch_response(201, std::move(results), errors, context.now);
}

Response CrmApi::batch_update(const Context& context) {
    auto type = type_at(context.call, 0);
    auto& object_type = store_.types[type];
    auto inputs = batch_inputs(parse_object(context.request), batch_limit);
    refuse_duplicates(inputs);
    auto partial = all_traced(inputs);
    struct Row {
        Record* record;
        Changes changes;
        std::optional<std::string> trace_id;
    };
    std::vector<Row> rows;
    json::array errors;
    std::vector<std::string> missing;
    for (const auto& input : inputs) {
        auto id = text_member(input, "id");
        auto id_property = optional_text(input, "idProperty");
        auto trace_id = optional_text(input, "objectWriteTraceId");
        auto* record = resolve(type, id, id_property);
        if (!record) {
            if (trace_id)
                errors.push_back(traced(missing_entry(object_type, {id}), trace_id));
            else
                missing.push_back(id);
            continue;
        }
        // A merged-away id is dropped without a word.
        if (!id_property && std::to_string(record->id) != id)
            continue;
        try {
            auto changes = normalise_all(object_type, properties_of(input), store_.portal_id, record);
            if (auto refused = conflict(type, changes, record))
                throw *refused;
            rows.push_back({record, std::move(changes), trace_id});
        } catch (const ApiError& error) {
            if (!partial)
                throw;
            errors.push_back(traced(error.body, trace_id));
        }
    }
    if (!missing.empty())
        errors.push_back(missing_entry(object_type, missing));
    std::vector<std::string> results;
    for (auto& row : rows) {
        store_.update(type, *row.record, row.changes, context.now, "INTEGRATION");
        results.push_back(with_trace(write_answer(type, *row.record, row.changes, false), row.trace_id) + "}");
    }
    store_.advance(context.now);
    arrange(context, results);
    return batch_response(200, std::move(results), errors, context.now);
}

Response CrmApi::batch_upsert(const Context& context) {
    auto type = type_at(context.call, 0);
    auto& object_type = store_.types[type];
    auto inputs = batch_inputs(parse_object(context.request), batch_limit);
    refuse_duplicates(inputs);
    auto partial = all_traced(inputs);
    struct Row {
        Record* record;
        Changes changes;
        Values values;
        std::optional<std::string> trace_id;
    };
    std::vector<Row> rows;
    json::array errors;
    for (const auto& input : inputs) {
        auto trace_id = optional_text(input, "objectWriteTraceId");
        auto id = text_member(input, "id"), name = text_member(input, "idProperty");
        auto property = unique_property(type, name);
        // Nothing of an upsert by e-mail can be carried out in part.
        auto whole = !partial || property == object_type.email;
        try {
            auto* record = object_type.find_unique(property, id);
            auto properties = properties_of(input);
            if (!record && !properties.contains(name))
                properties[name] = id;
            Row row{record, {}, {}, trace_id};
            if (record)
                row.changes = normalise_all(object_type, properties, store_.portal_id, record);
            else
                row.values = new_values(type, properties, row.changes);
            if (auto refused = conflict(type, row.changes, record))
                throw *refused;
            rows.push_back(std::move(row));
        } catch (const ApiError& error) {
            if (whole)
                throw;
            errors.push_back(traced(error.body, trace_id));
        }
    }
    std::vector<std::string> results;
    for (auto& row : rows) {
        auto created = !row.record;
        if (created)
            row.record = &store_.create(type, std::move(row.values), context.now, "INTEGRATION");
        else
            store_.update(type, *row.record, row.changes, context.now, "INTEGRATION");
        results.push_back(with_trace(write_answer(type, *row.record, row.changes, created), row.trace_id) +
                          (created ? R"(,"new":true})" : R"(,"new":false})"));
    }
    store_.advance(context.now);
    arrange(context, results);
    return batch_response(200, std::move(results), errors, context.now);
}

Response CrmApi::batch_archive(const Context& context) {
    auto type = type_at(context.call, 0);
    for (const auto& input : batch_inputs(parse_object(context.request), batch_limit)) {
        auto id = text_member(input, "id");
        if (auto* record = resolve(type, id, {}); record && std::to_string(record->id) == id)
            store_.archive(type, *record, context.now);
    }
    return {204, ""};
}

} // namespace hubspot_emulator
