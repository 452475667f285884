#include "api_error.hpp"
#include "emulator.hpp"
#include "seed.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

Response answer(json::value value, int status = 200) {
    return {status, json::serialize(value)};
}

Response done() {
    return answer(json::object{{"ok", true}});
}

std::optional<std::int64_t> number(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || value->is_null())
        return {};
    if (!value->is_int64())
        throw validation_error(std::string(key) + " must be a whole number");
    return value->get_int64();
}

std::optional<bool> flag(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value)
        return {};
    if (!value->is_bool())
        throw validation_error(std::string(key) + " must be true or false");
    return value->get_bool();
}

Id parse_id(const std::string& text) {
    if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos)
        throw validation_error("not an id: " + text);
    return std::stoll(text);
}

/// An instant as ISO 8601 text, text of milliseconds, or a number of milliseconds.
std::optional<Millis> instant(const json::object& object, std::string_view key) {
    auto text = optional_text(object, key);
    if (!text)
        return {};
    auto at = parse_instant(*text);
    if (!at)
        throw validation_error(std::string(key) + " is not an instant");
    return at;
}

const char* state_name(RecordState state) {
    switch (state) {
    case RecordState::live:
        return "live";
    case RecordState::archived:
        return "archived";
    case RecordState::merged:
        return "merged";
    case RecordState::erased:
        break;
    }
    return "erased";
}

json::object record_json(const Store& store, TypeIndex type, const Record& record) {
    const auto& object_type = store.types[type];
    json::object properties;
    for (const auto& [property, value] : record.values)
        properties[object_type.properties[property].name] = value;
    json::array associations;
    for (const auto& edge : record.edges)
        associations.push_back(
            {{"type", store.types[edge.to_type].id}, {"id", std::to_string(edge.to)}, {"typeId", edge.type_id}});
    json::object object{{"id", std::to_string(record.id)},
                        {"state", state_name(record.state)},
                        {"createdAt", format_instant(record.created)},
                        {"updatedAt", format_instant(record.updated)},
                        {"updatedAtMs", record.updated},
                        {"properties", std::move(properties)},
                        {"associations", std::move(associations)}};
    if (record.state == RecordState::merged)
        object["mergedInto"] = std::to_string(record.merged_into);
    return object;
}

constexpr std::string_view overview =
    R"({"paths":["counters","counters/reset","log","settings","faults","release","index","limits/reset","reset","webhooks",)"
    R"("seeded/{contact|exam|booking}/{number}","records/{type}[/{id}[/restore|/erase]|/touch|/bulk]","merge","associations",)"
    R"("properties/{type}/{name}"]})";

} // namespace

json::object Emulator::settings_json() const {
    const auto& limits = settings_.limits;
    const auto& behaviour = store_->behaviour;
    const auto& seed = settings_.seed;
    return {{"latency_ms", limits.latency_ms},
            {"limit", limits.per_ten_seconds},
            {"searches", limits.searches_per_second},
            {"daily", limits.per_day},
            {"retry_after", limits.retry_after},
            {"index_lag_ms", behaviour.index_lag_ms},
            {"index_lag_jitter_ms", behaviour.index_lag_jitter_ms},
            {"calculated_lag_ms", behaviour.calculated_lag_ms},
            {"background_bump_ms", behaviour.background_bump_ms},
            {"association_batch", behaviour.association_batch},
            {"preserve_primary_id", behaviour.preserve_primary_id},
            {"chunked", settings_.chunked},
            {"shuffle", behaviour.shuffle_batches},
            {"index_frozen", store_->index_frozen()},
            {"index_backlog", store_->index_backlog()},
            {"portal_id", settings_.portal_id},
            {"seed", seed.seed},
            {"epoch", format_date(seed.epoch)},
            {"contacts", seed.contacts},
            {"exams", seed.exams},
            {"bookings", seed.bookings}};
}

void Emulator::change_settings(const json::object& body, Millis now) {
    store_->advance(now);
    auto& limits = settings_.limits;
    auto behaviour = store_->behaviour;
    for (const auto& [key, value] : body) {
        std::string name(key);
        const auto take = [&](auto& setting) {
            using Setting = std::decay_t<decltype(setting)>;
            if constexpr (std::is_same_v<Setting, bool>) {
                setting = flag(body, name).value_or(setting);
            } else {
                auto given = number(body, name).value_or(setting);
                if (given < 0)
                    throw validation_error(name + " must not be negative");
                setting = static_cast<Setting>(given);
            }
        };
        if (name == "latency_ms")
            take(limits.latency_ms);
        else if (name == "limit")
            take(limits.per_ten_seconds);
        else if (name == "searches")
            take(limits.searches_per_second);
        else if (name == "daily")
            take(limits.per_day);
        else if (name == "retry_after")
            take(limits.retry_after);
        else if (name == "index_lag_ms")
            take(behaviour.index_lag_ms);
        else if (name == "index_lag_jitter_ms")
            take(behaviour.index_lag_jitter_ms);
        else if (name == "calculated_lag_ms")
            take(behaviour.calculated_lag_ms);
        else if (name == "background_bump_ms")
            take(behaviour.background_bump_ms);
        else if (name == "association_batch")
            take(behaviour.association_batch);
        else if (name == "preserve_primary_id")
            take(behaviour.preserve_primary_id);
        else if (name == "shuffle")
            take(behaviour.shuffle_batches);
        else if (name == "chunked")
            take(settings_.chunked);
        else if (name == "token")
            settings_.token = text_member(body, name);
        else
            throw validation_error("unknown setting: " + name);
    }
    store_->behaviour = behaviour;
    settings_.behaviour = behaviour;
}

Response Emulator::control(const Call& call, const Request& request, Millis now) {
    const auto& path = call.arguments;
    const auto& method = request.method;
    const auto is = [&](std::string_view wanted_method, std::initializer_list<std::string_view> wanted) {
        return method == wanted_method && path.size() == wanted.size() &&
               std::equal(path.begin(), path.end(), wanted.begin());
    };
    if (is("GET", {}))
        return {200, std::string(overview)};
    if (is("GET", {"counters"}))
        return answer(counters_.to_json());
    if (is("POST", {"counters", "reset"})) {
        counters_.reset();
        return done();
    }
    if (is("GET", {"log"}))
        return answer(counters_.log_to_json());
    if (is("GET", {"settings"}))
        return answer(settings_json());
    if (is("PATCH", {"settings"})) {
        change_settings(parse_object(request), now);
        return answer(settings_json());
    }
    if (is("POST", {"faults"})) {
        auto fault = parse_fault(parse_object(request));
        fault.id = next_fault_++;
        faults_.push_back(std::move(fault));
        return answer(faults_.back().to_json(), 201);
    }
    if (is("GET", {"faults"})) {
        json::array list;
        for (const auto& fault : faults_)
            list.push_back(fault.to_json());
        return answer(json::object{{"faults", std::move(list)}});
    }
    if (is("DELETE", {"faults"})) {
        faults_.clear();
        return done();
    }
    if (method == "DELETE" && path.size() == 2 && path[0] == "faults") {
        auto id = static_cast<std::uint64_t>(parse_id(path[1]));
        if (std::erase_if(faults_, [&](const Fault& fault) { return fault.id == id; }) == 0)
            throw resource_not_found();
        return done();
    }
    if (is("POST", {"release"})) {
        ++hold_generation_;
        return done();
    }
    if (is("POST", {"index"}))
        return control_index(parse_object(request), now);
    if (is("POST", {"limits", "reset"})) {
        limiter_.reset();
        return done();
    }
    if (is("GET", {"webhooks"}))
        return answer(webhooks_.to_json());
    if (is("PUT", {"webhooks"})) {
        webhooks_.subscribe(parse_object(request));
        return answer(webhooks_.to_json());
    }
    if (is("DELETE", {"webhooks"})) {
        webhooks_.unsubscribe();
        return done();
    }
    if (is("POST", {"reset"})) {
        webhooks_.unsubscribe();
        store_ = std::make_unique<Store>(settings_);
        store_->advance(now);
        faults_.clear();
        counters_.reset();
        limiter_.reset();
        ++hold_generation_;
        return done();
    }
    if (path.size() == 3 && path[0] == "seeded" && method == "GET")
        return control_seeded(call);
    if (is("POST", {"merge"})) {
        auto body = parse_object(request);
        store_->advance(now);
        auto type = store_->find_type(text_member(body, "type"));
        auto* primary = type ? store_->types[*type].find_live(parse_id(text_member(body, "primary"))) : nullptr;
        auto* other = type ? store_->types[*type].find_live(parse_id(text_member(body, "other"))) : nullptr;
        if (!primary || !other || primary == other)
            throw resource_not_found();
        return answer(record_json(*store_, *type, store_->merge(*type, *primary, *other, now)));
    }
    if (is("POST", {"associations"}))
        return control_association(parse_object(request), now);
    if (path.size() >= 2 && path.size() <= 4 && path[0] == "records")
        return control_record(call, request, now);
    if (path.size() == 3 && path[0] == "properties")
        return control_property(call, request);
    throw resource_not_found();
}

Response Emulator::control_index(const json::object& body, Millis now) {
    if (auto frozen = flag(body, "frozen"))
        store_->freeze_index(*frozen, now);
    if (auto steps = number(body, "step"))
        store_->step_index(static_cast<std::size_t>(std::max<std::int64_t>(0, *steps)));
    if (flag(body, "catch_up").value_or(false)) {
        store_->advance(now);
        store_->step_index(static_cast<std::size_t>(-1));
    }
    return answer(json::object{{"frozen", store_->index_frozen()}, {"backlog", store_->index_backlog()}});
}

Response Emulator::control_seeded(const Call& call) {
    const auto& what = call.arguments[1];
    auto i = static_cast<int>(parse_id(call.arguments[2]));
    const auto& seed = settings_.seed;
    json::object object{{"id", std::to_string((what == "exam" ? first_seeded_exam_id : first_seeded_id) + i)}};
    if (what == "contact" && i >= 1 && i <= seed.contacts) {
        object["student_id"] = seeded_student_id(i);
        object["email"] = seeded_email(i);
        object["hs_additional_emails"] = seeded_additional_emails(i);
        for (std::size_t field = 0; field < credit_fields; ++field) {
            auto value = seeded_credits(i, field, seed.seed);
            object[credit_field_names[field]] = value ? json::value(*value) : json::value();
        }
    } else if (what == "exam" && i >= 1 && i <= seed.exams) {
        object["mock_type"] = seeded_mock_type(i);
        object["exam_date"] = format_date(seeded_exam_date(i, seed));
    } else if (what == "booking" && i >= 1 && i <= seed.bookings && seed.contacts > 0 && seed.exams > 0) {
        object["contact_id"] = std::to_string(first_seeded_id + seeded_booking_contact(i, seed));
        object["exam_id"] = std::to_string(first_seeded_exam_id + seeded_booking_exam(i, seed));
    } else {
        throw resource_not_found();
    }
    return answer(std::move(object));
}

// As staff do it in HubSpot's own screens; stamps can be chosen, calculated values set.
Response Emulator::control_record(const Call& call, const Request& request, Millis now) {
    store_->advance(now);
    const auto& path = call.arguments;
    auto type = store_->find_type(path[1]);
    if (!type)
        throw unknown_type(path[1]);
    auto& object_type = store_->types[*type];
    auto body = parse_object(request);
    if (path.size() == 3 && path[2] == "bulk" && request.method == "POST")
        return control_bulk(*type, body, now);
    Changes changes;
    std::vector<PropertyId> unset;
    if (const auto* properties = body.if_contains("properties"); properties && properties->is_object())
        for (const auto& [name, value] : properties->get_object()) {
            auto property = object_type.properties.find(name);
            if (!property)
                throw validation_error("unknown property: " + std::string(name));
            if (value.is_null())
                unset.push_back(*property);
            else
                changes.emplace_back(*property, text_member(properties->get_object(), name));
        }
    auto updated_at = instant(body, "updatedAt");
    if (path.size() == 2 && request.method == "POST") {
        Values values;
        for (auto& [property, value] : changes)
            values.set(property, value);
        if (auto id = optional_text(body, "id")) {
            if (object_type.find_exact(parse_id(*id)))
                throw api_error(409, "CONFLICT", "this id is taken");
            object_type.next_id = parse_id(*id);
        }
        auto next = object_type.next_id;
        auto& record = store_->create(*type, std::move(values), now, "CRM_UI");
        object_type.next_id = std::max(object_type.records.rbegin()->first, next) + 1;
        if (updated_at)
            record.updated = *updated_at;
        return answer(record_json(*store_, *type, record), 201);
    }
    if (path.size() < 3)
        throw resource_not_found();
    if (path.size() == 3 && path[2] == "touch" && request.method == "POST")
        return control_touch(*type, number(body, "count"), updated_at.value_or(now), now);
    auto* record = object_type.find_exact(parse_id(path[2]));
    if (!record)
        throw resource_not_found();
    if (path.size() == 4 && request.method == "POST" && path[3] == "restore") {
        if (record->state == RecordState::archived)
            store_->restore(*type, *record, now);
    } else if (path.size() == 4 && request.method == "POST" && path[3] == "erase") {
        store_->erase(*type, *record, now);
    } else if (path.size() == 3 && request.method == "DELETE") {
        if (record->live())
            store_->archive(*type, *record, now);
    } else if (path.size() == 3 && request.method == "PATCH") {
        for (auto property : unset)
            store_->unset(*type, *record, property, now);
        store_->update(*type, *record, changes, now, "CRM_UI", updated_at);
        store_->advance(now);
    } else if (path.size() != 3 || request.method != "GET") {
        throw resource_not_found();
    }
    return answer(record_json(*store_, *type, *record));
}

// Many new records alike: in every value `{id}` is the record's id, and each takes one id of every list to be
// associated with, in turn.
Response Emulator::control_bulk(TypeIndex type, const json::object& body, Millis now) {
    auto& object_type = store_->types[type];
    std::vector<std::pair<PropertyId, std::string>> wanted;
    if (const auto* properties = body.if_contains("properties"); properties && properties->is_object())
        for (const auto& [name, value] : properties->get_object()) {
            auto property = object_type.properties.find(name);
            if (!property)
                throw validation_error("unknown property: " + std::string(name));
            wanted.emplace_back(*property, text_member(properties->get_object(), name));
        }
    struct Ends {
        const AssociationDefinition* definition;
        std::vector<Record*> records;
    };
    std::vector<Ends> associations;
    if (const auto* list = body.if_contains("associations"); list && list->is_array())
        for (const auto& item : list->get_array()) {
            const auto* object = item.if_object();
            const auto* ids = object ? object->if_contains("ids") : nullptr;
            auto to = object ? store_->find_type(text_member(*object, "type")) : std::nullopt;
            if (!to || !ids || !ids->is_array() || ids->get_array().empty())
                throw validation_error("an association needs a type and ids");
            auto type_id = number(*object, "typeId");
            Ends ends{type_id ? store_->find_association(type, *to, static_cast<std::uint32_t>(*type_id))
                              : store_->default_association(type, *to),
                      {}};
            for (const auto& id : ids->get_array())
                ends.records.push_back(store_->types[*to].find_live(parse_id(text_member({{"id", id}}, "id"))));
            if (!ends.definition || std::find(ends.records.begin(), ends.records.end(), nullptr) != ends.records.end())
                throw validation_error("no such association or record");
            associations.push_back(std::move(ends));
        }
    json::array made;
    const auto count =
        static_cast<std::size_t>(std::clamp<std::int64_t>(number(body, "count").value_or(1), 0, 100'000));
    for (std::size_t i = 0; i < count; ++i) {
        const auto id = std::to_string(object_type.next_id);
        Values values;
        for (const auto& [property, text] : wanted) {
            auto value = text;
            if (const auto at = value.find("{id}"); at != value.npos)
                value.replace(at, 4, id);
            values.set(property, std::move(value));
        }
        auto& record = store_->create(type, std::move(values), now, "IMPORT");
        for (const auto& ends : associations)
            store_->associate(type, record, *ends.records[i % ends.records.size()], *ends.definition, now);
        made.push_back(json::string(id));
    }
    store_->advance(now);
    return answer(json::object{{"ids", std::move(made)}}, 201);
}

// A bulk update: many records, one stamp.
Response Emulator::control_touch(TypeIndex type, std::optional<std::int64_t> count, Millis updated_at, Millis now) {
    std::int64_t touched = 0;
    for (auto& [id, record] : store_->types[type].records) {
        if (count && touched == *count)
            break;
        if (!record.live())
            continue;
        store_->update(type, record, {}, now, "CRM_UI", updated_at);
        ++touched;
    }
    return answer(json::object{{"touched", touched}});
}

Response Emulator::control_association(const json::object& body, Millis now) {
    store_->advance(now);
    const auto find = [&](std::string_view end, TypeIndex& type) -> Record& {
        const auto* object = body.if_contains(end);
        auto found =
            object && object->is_object() ? store_->find_type(text_member(object->get_object(), "type")) : std::nullopt;
        auto* record =
            found ? store_->types[*found].find_live(parse_id(text_member(object->get_object(), "id"))) : nullptr;
        if (!record)
            throw resource_not_found();
        type = *found;
        return *record;
    };
    TypeIndex from_type = 0, to_type = 0;
    auto &from = find("from", from_type), &to = find("to", to_type);
    auto type_id = number(body, "typeId");
    const auto* definition = type_id
                                 ? store_->find_association(from_type, to_type, static_cast<std::uint32_t>(*type_id))
                                 : store_->default_association(from_type, to_type);
    if (!definition)
        throw validation_error("no such association");
    if (flag(body, "remove").value_or(false))
        store_->dissociate(from_type, from, to, *definition, now);
    else
        store_->associate(from_type, from, to, *definition, now);
    store_->advance(now);
    return answer(record_json(*store_, from_type, from));
}

Response Emulator::control_property(const Call& call, const Request& request) {
    auto type = store_->find_type(call.arguments[1]);
    if (!type)
        throw unknown_type(call.arguments[1]);
    auto& properties = store_->types[*type].properties;
    auto property = properties.find(call.arguments[2]);
    if (!property)
        throw resource_not_found();
    if (request.method == "DELETE") {
        properties.remove(*property);
    } else if (request.method == "PATCH") {
        auto name = text_member(parse_object(request), "name");
        if (properties.find(name))
            throw api_error(409, "CONFLICT", "this name is taken");
        properties.rename(*property, name);
    } else {
        throw resource_not_found();
    }
    return done();
}

} // namespace hubspot_emulator
