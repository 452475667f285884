#pragma once

#include <understudy/plan.hpp>
#include <understudy/record_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::detail {

// A plan as a journal keeps it.
struct JournaledPlan {
    Plan plan{};
    // The keys of writes that are known to have taken effect, by the writes' names.
    std::map<std::string, std::string> landed{};
    // Why what took effect is being taken back; nothing while the plan goes forward.
    std::optional<std::string> undoing{};
    // Writes nothing, but holds its keys until nothing that was sent before it can land any more.
    bool guard = false;
};

inline boost::json::object json_of(const PlannedWrite& write) {
    boost::json::object object{{"name", write.name}, {"record", write.record}};
    object["action"] = JsonCodec<WriteAction>::write(write.action);
    object["key"] = write.key;
    object["values"] = write.values;
    if (write.undo)
        object["undo"] = *write.undo;
    object["repeatable"] = write.repeatable;
    if (write.findable)
        object["findable"] = true;
    boost::json::object keys;
    for (const auto& key : write.keys)
        keys[key.member] = key.write;
    if (!keys.empty())
        object["keys"] = std::move(keys);
    return object;
}

// A follower's write, once the keys are known of the records that its operation wrote, by the writes' names.
inline PlannedWrite with_keys(PlannedWrite write, const std::map<std::string, std::string>& landed) {
    if (write.keys.empty())
        return write;
    boost::json::error_code error;
    auto values = boost::json::parse(write.values, error);
    auto* members = error ? nullptr : values.if_object();
    for (const auto& [member, name] : std::exchange(write.keys, {}))
        if (const auto key = landed.find(name); members && key != landed.end())
            (*members)[member] = key->second;
    if (members)
        write.values = boost::json::serialize(values);
    return write;
}

inline std::string text_of(const JournaledPlan& journaled) {
    boost::json::array writes;
    for (const auto& write : journaled.plan.writes)
        writes.push_back(json_of(write));
    boost::json::array followers;
    for (const auto& write : journaled.plan.followers)
        followers.push_back(json_of(write));
    boost::json::object landed;
    for (const auto& [name, key] : journaled.landed)
        landed[name] = key;
    boost::json::object object{{"writes", std::move(writes)},
                               {"followers", std::move(followers)},
                               {"context", journaled.plan.context},
                               {"landed", std::move(landed)}};
    if (journaled.undoing)
        object["undoing"] = *journaled.undoing;
    if (journaled.guard)
        object["guard"] = true;
    return boost::json::serialize(object);
}

class PlanReader {
public:
    static std::optional<JournaledPlan> read(std::string_view text) {
        boost::json::error_code error;
        const auto value = boost::json::parse(text, error);
        const auto* object = error ? nullptr : value.if_object();
        if (!object)
            return std::nullopt;
        PlanReader reader;
        JournaledPlan journaled;
        journaled.plan.writes = reader.writes(*object, "writes");
        journaled.plan.followers = reader.writes(*object, "followers");
        journaled.plan.context = reader.text(*object, "context");
        const auto* landed = object->if_contains("landed");
        if (const auto* keys = landed ? landed->if_object() : nullptr)
            for (const auto& [name, key] : *keys)
                journaled.landed[std::string{name}] = reader.text(*keys, name);
        if (object->contains("undoing"))
            journaled.undoing = reader.text(*object, "undoing");
        journaled.guard = object->contains("guard");
        return reader.good_ ? std::optional{std::move(journaled)} : std::nullopt;
    }

private:
    std::vector<PlannedWrite> writes(const boost::json::object& object, std::string_view name) {
        std::vector<PlannedWrite> found;
        const auto* value = object.if_contains(name);
        const auto* array = value ? value->if_array() : nullptr;
        good_ = good_ && array;
        for (const auto& element : array ? *array : boost::json::array{}) {
            const auto* write = element.if_object();
            good_ = good_ && write;
            if (!write)
                continue;
            PlannedWrite& one = found.emplace_back();
            one.name = text(*write, "name");
            one.record = text(*write, "record");
            const auto* action = write->if_contains("action");
            good_ = good_ && action && JsonCodec<WriteAction>::read(*action, one.action);
            one.key = text(*write, "key");
            one.values = text(*write, "values");
            if (write->contains("undo"))
                one.undo = text(*write, "undo");
            const auto* repeatable = write->if_contains("repeatable");
            good_ = good_ && repeatable && repeatable->is_bool();
            one.repeatable = good_ && repeatable->get_bool();
            one.findable = write->contains("findable");
            const auto* keys = write->if_contains("keys");
            if (const auto* named = keys ? keys->if_object() : nullptr)
                for (const auto& [member, from] : *named)
                    one.keys.push_back({std::string{member}, text(*named, member)});
        }
        return found;
    }

    std::string text(const boost::json::object& object, std::string_view name) {
        const auto* value = object.if_contains(name);
        const auto* string = value ? value->if_string() : nullptr;
        good_ = good_ && string;
        return string ? std::string{*string} : std::string{};
    }

    bool good_ = true;
};

} // namespace understudy::detail
