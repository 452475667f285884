#include "value_codec.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdlib>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

bool is_number(const std::string& text) {
    if (text.find_first_not_of("+-.0123456789eE") != text.npos)
        return false;
    char* end = nullptr;
    std::strtod(text.c_str(), &end);
    return end == text.c_str() + text.size();
}

bool is_email(std::string_view text) {
    auto at = text.find('@');
    return at != text.npos && at > 0 && text.find('@', at + 1) == text.npos && text.find('.', at) != text.npos &&
           text.back() != '.' && text.find_first_of(" ,;<>") == text.npos;
}

bool is_option(const PropertyDefinition& property, std::string_view value) {
    return property.options.empty() || std::any_of(property.options.begin(), property.options.end(),
                                                   [&](const auto& option) { return option.second == value; });
}

} // namespace

std::variant<std::string, InvalidValue> normalise(const PropertyDefinition& property, const json::value& value,
                                                  const std::string* old) {
    const auto refuse = [&](const char* code, const std::string& why) {
        return InvalidValue{property.name, code, why};
    };
    std::string text;
    if (value.is_string())
        text = std::string(value.get_string());
    else if (value.is_number() || value.is_bool())
        text = json::serialize(value);
    else
        return refuse("INVALID_VALUE", "The value of \"" + property.name + "\" must be a string");
    if (text.empty())
        return text;
    const auto quoted = [&](const char* kind) { return text + " was not a valid " + kind + "."; };
    switch (property.type) {
    case ValueType::number:
        if (!is_number(text))
            return refuse("INVALID_LONG", quoted("long"));
        break;
    case ValueType::boolean:
        if (text != "true" && text != "false")
            return refuse("INVALID_OPTION", quoted("boolean"));
        break;
    case ValueType::date: {
        auto at = parse_instant(text);
        if (!at || *at % day_ms != 0)
            return refuse("INVALID_DATE", quoted("date"));
        return format_date(*at);
    }
    case ValueType::datetime: {
        auto at = parse_instant(text);
        if (!at)
            return refuse("INVALID_DATE", quoted("date"));
        return format_instant(*at);
    }
    case ValueType::enumeration:
        for (auto part : split(text, ';'))
            if (!is_option(property, part))
                return refuse("INVALID_OPTION", std::string(part) + " was not one of the allowed options");
        if (text.front() == ';')
            return old && !old->empty() ? *old + text : text.substr(1);
        break;
    case ValueType::string:
        if (property.name == "email" && property.hubspot_defined) {
            if (!is_email(text))
                return refuse("INVALID_EMAIL", "Email address " + text + " is invalid");
            return to_lower(text);
        }
        break;
    }
    return text;
}

Changes normalise_all(const ObjectType& type, const json::object& properties, std::int64_t portal_id,
                      const Record* old) {
    Changes changes;
    std::vector<InvalidValue> refused;
    for (const auto& [key, value] : properties) {
        std::string name(key);
        auto property = type.properties.find(name);
        if (!property) {
            refused.push_back({name, "PROPERTY_DOESNT_EXIST", "Property \"" + name + "\" does not exist"});
            continue;
        }
        const auto& definition = type.properties[*property];
        if (!definition.writable()) {
            refused.push_back(
                {name, "READ_ONLY_VALUE", "\"" + name + "\" is a read only property; its value cannot be set."});
            continue;
        }
        auto result = normalise(definition, value, old ? old->values.find(*property) : nullptr);
        if (auto* why = std::get_if<InvalidValue>(&result))
            refused.push_back(std::move(*why));
        else
            changes.emplace_back(*property, std::move(std::get<std::string>(result)));
    }
    if (!refused.empty())
        throw invalid_values(refused, portal_id);
    return changes;
}

} // namespace hubspot_emulator
