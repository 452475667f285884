#include "search.hpp"

#include "api_error.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>
#include <cstdlib>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr std::size_t result_limit = 10'000, page_limit = 200, default_page = 10;
constexpr std::size_t group_limit = 5, group_filter_limit = 6, filter_limit = 18, value_limit = 100;

enum class Operator { eq, neq, lt, lte, gt, gte, between, in, not_in, has, not_has, contains, not_contains };

constexpr std::array<std::pair<std::string_view, Operator>, 13> operators{{
    {"EQ", Operator::eq},
    {"NEQ", Operator::neq},
    {"LT", Operator::lt},
    {"LTE", Operator::lte},
    {"GT", Operator::gt},
    {"GTE", Operator::gte},
    {"BETWEEN", Operator::between},
    {"IN", Operator::in},
    {"NOT_IN", Operator::not_in},
    {"HAS_PROPERTY", Operator::has},
    {"NOT_HAS_PROPERTY", Operator::not_has},
    {"CONTAINS_TOKEN", Operator::contains},
    {"NOT_CONTAINS_TOKEN", Operator::not_contains},
}};

bool is_range(Operator op) {
    return op >= Operator::lt && op <= Operator::between;
}

/// A record as the index has it.
struct Indexed {
    Id id;
    const Values* values;
    Millis created, updated;
    const Record* record;
};

bool measured(ValueType type) {
    return type == ValueType::number || type == ValueType::date || type == ValueType::datetime;
}

std::optional<double> measure(ValueType type, const std::string& text) {
    if (text.empty())
        return {};
    if (type == ValueType::number) {
        char* end = nullptr;
        auto value = std::strtod(text.c_str(), &end);
        return end == text.c_str() + text.size() ? std::optional(value) : std::nullopt;
    }
    auto at = parse_instant(text);
    return at ? std::optional(static_cast<double>(*at)) : std::nullopt;
}

std::optional<double> measure(const ObjectType& type, const Indexed& indexed, PropertyId property) {
    const auto& definition = type.properties[property];
    switch (definition.source) {
    case PropertySource::object_id:
        return static_cast<double>(indexed.id);
    case PropertySource::created:
        return static_cast<double>(indexed.created);
    case PropertySource::modified:
        return static_cast<double>(indexed.updated);
    default:
        break;
    }
    const auto* value = indexed.values->find(property);
    return value ? measure(definition.type, *value) : std::nullopt;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    if (pattern.empty())
        return text.empty();
    if (pattern.front() == '*')
        return matches_wildcard(pattern.substr(1), text) ||
               (!text.empty() && matches_wildcard(pattern, text.substr(1)));
    return !text.empty() && pattern.front() == text.front() && matches_wildcard(pattern.substr(1), text.substr(1));
}

bool contains_token(const std::string& lower_value, const std::string& lower_token) {
    if (matches_wildcard(lower_token, lower_value))
        return true;
    const auto part_of_token = [](char c) {
        auto code = static_cast<unsigned char>(c);
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || code >= 0x80;
    };
    for (std::size_t at = 0; at < lower_value.size();) {
        if (!part_of_token(lower_value[at])) {
            ++at;
            continue;
        }
        auto end = at;
        while (end < lower_value.size() && part_of_token(lower_value[end]))
            ++end;
        if (matches_wildcard(lower_token, std::string_view(lower_value).substr(at, end - at)))
            return true;
        at = end;
    }
    return false;
}

class Filter {
public:
    Filter(const Store& store, const ObjectType& type, const json::value& source)
        : type_(type) {
        const auto* object = source.if_object();
        if (!object)
            throw validation_error("A filter must be an object");
        auto name = text(*object, "propertyName");
        auto op = text(*object, "operator");
        const auto* known = std::find_if(operators.begin(), operators.end(), [&](auto& o) { return o.first == op; });
        if (known == operators.end())
            throw validation_error("Cannot deserialize value of type `Filter$Operator` from String \"" + op + "\"");
        operator_ = known->second;
        constexpr std::string_view association = "associations.";
        if (name.starts_with(association)) {
            associated_type_ = store.find_type(std::string_view(name).substr(association.size()));
            if (!associated_type_ || type.custom || store.types[*associated_type_].custom || operator_ != Operator::eq)
                throw validation_error("Filtering by " + name + " is not supported for this object type");
            values_ = {text(*object, "value")};
            return;
        }
        auto property = type.properties.find(name);
        if (!property)
            throw validation_error("There was a problem with the request. Property \"" + name + "\" does not exist");
        property_ = *property;
        kind_ = type.properties[property_].type;
        if (is_range(operator_) && !measured(kind_))
            throw validation_error("Operator " + op + " is not supported for properties of type " +
                                   std::string(to_string(kind_)) + ": " + name);
        read_values(*object, name);
        for (const auto& value : values_) {
            measures_.push_back(measured(kind_) ? measure(kind_, value) : std::nullopt);
            if (!measured(kind_))
                continue;
            if (!measures_.back())
                throw validation_error("Value \"" + value + "\" is not valid for property " + name);
            if (kind_ == ValueType::datetime && *measures_.back() == 0)
                throw api_error(500, "", "internal error");
        }
    }

    bool matches(const Indexed& indexed) const {
        if (associated_type_)
            return std::any_of(indexed.record->edges.begin(), indexed.record->edges.end(), [&](const Edge& edge) {
                return edge.to_type == *associated_type_ && std::to_string(edge.to) == values_.front();
            });
        if (measured(kind_))
            return matches_measure(measure(type_, indexed, property_));
        const auto* value = indexed.values->find(property_);
        return matches_text(value && !value->empty() ? value : nullptr);
    }

private:
    static std::string text(const json::object& object, std::string_view key) {
        const auto* value = object.if_contains(key);
        if (value && value->is_string())
            return std::string(value->get_string());
        if (value && value->is_int64())
            return std::to_string(value->get_int64());
        if (value && value->is_bool())
            return value->get_bool() ? "true" : "false";
        throw validation_error("A filter needs " + std::string(key));
    }

    void read_values(const json::object& object, const std::string& name) {
        switch (operator_) {
        case Operator::has:
        case Operator::not_has:
            if (object.contains("value") || object.contains("values"))
                throw validation_error("Operator HAS_PROPERTY takes no value: " + name);
            break;
        case Operator::in:
        case Operator::not_in: {
            const auto* list = object.if_contains("values");
            if (!list || !list->is_array() || list->get_array().empty())
                throw validation_error("Operator IN needs a list of values: " + name);
            if (list->get_array().size() > value_limit)
                throw validation_error("At most 100 values are allowed: " + name);
            for (const auto& value : list->get_array())
                values_.push_back(text({{"values", value}}, "values"));
            break;
        }
        case Operator::between:
            values_ = {text(object, "value"), text(object, "highValue")};
            break;
        case Operator::contains:
        case Operator::not_contains:
            values_ = {to_lower(text(object, "value"))};
            break;
        case Operator::eq:
        case Operator::neq:
            values_ = {text(object, "value")};
            if (kind_ == ValueType::string)
                values_.front() = to_lower(values_.front());
            break;
        default:
            values_ = {text(object, "value")};
        }
    }

    bool matches_measure(std::optional<double> value) const {
        const auto one_of = [&] {
            return std::any_of(measures_.begin(), measures_.end(), [&](auto& m) { return *m == *value; });
        };
        switch (operator_) {
        case Operator::has:
            return value.has_value();
        case Operator::not_has:
            return !value;
        case Operator::neq:
        case Operator::not_in:
        case Operator::not_contains:
            return value && !one_of();
        default:
            break;
        }
        if (!value)
            return false;
        switch (operator_) {
        case Operator::lt:
            return *value < *measures_[0];
        case Operator::lte:
            return *value <= *measures_[0];
        case Operator::gt:
            return *value > *measures_[0];
        case Operator::gte:
            return *value >= *measures_[0];
        case Operator::between:
            return *value >= *measures_[0] && *value <= *measures_[1];
        default:
            return one_of();
        }
    }

    bool matches_text(const std::string* value) const {
        const auto equal = [&](const std::string& wanted) {
            return kind_ == ValueType::string ? to_lower(*value) == wanted : *value == wanted;
        };
        const auto one_of = [&] { return std::any_of(values_.begin(), values_.end(), equal); };
        switch (operator_) {
        case Operator::has:
            return value != nullptr;
        case Operator::not_has:
            return value == nullptr;
        case Operator::eq:
        case Operator::in:
            return value && one_of();
        case Operator::contains:
            return value && contains_token(to_lower(*value), values_.front());
        case Operator::not_contains:
            return value && !contains_token(to_lower(*value), values_.front());
        default:
            return value && !one_of();
        }
    }

    const ObjectType& type_;
    Operator operator_;
    std::optional<TypeIndex> associated_type_;
    PropertyId property_ = 0;
    ValueType kind_ = ValueType::string;
    std::vector<std::string> values_;
    std::vector<std::optional<double>> measures_;
};

using FilterGroup = std::vector<Filter>;

FilterGroup read_group(const Store& store, const ObjectType& type, const json::value& filters, std::size_t& count) {
    const auto* list = filters.if_array();
    if (!list)
        throw validation_error("filters must be a list");
    if (list->size() > group_filter_limit)
        throw validation_error("At most 6 filters are allowed in one filter group");
    FilterGroup group;
    for (const auto& filter : *list)
        group.emplace_back(store, type, filter);
    count += group.size();
    if (count > filter_limit)
        throw validation_error("At most 18 filters are allowed in one search");
    return group;
}

std::vector<FilterGroup> read_groups(const Store& store, const ObjectType& type, const json::object& body) {
    std::vector<FilterGroup> groups;
    std::size_t count = 0;
    if (const auto* list = body.if_contains("filterGroups"); list && list->is_array()) {
        if (list->get_array().size() > group_limit)
            throw validation_error("At most 5 filter groups are allowed in one search");
        for (const auto& group : list->get_array()) {
            const auto* object = group.if_object();
            const auto* filters = object ? object->if_contains("filters") : nullptr;
            if (!filters)
                throw validation_error("A filter group needs filters");
            groups.push_back(read_group(store, type, *filters, count));
        }
    }
    if (const auto* filters = body.if_contains("filters"); filters && !filters->is_null())
        groups.push_back(read_group(store, type, *filters, count));
    return groups;
}

std::size_t read_number(const json::object& body, std::string_view key, std::size_t otherwise) {
    const auto* value = body.if_contains(key);
    if (!value || value->is_null())
        return otherwise;
    if (value->is_int64() && value->get_int64() >= 0)
        return static_cast<std::size_t>(value->get_int64());
    if (const auto* text = value->if_string()) {
        std::size_t number = 0;
        auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        if (error == std::errc{} && end == text->data() + text->size())
            return number;
        if (text->empty())
            return otherwise;
    }
    throw validation_error(std::string(key) + " must be a number");
}

struct Sort {
    std::optional<PropertyId> property; // none: by creation
    bool descending = false;
};

Sort read_sort(const ObjectType& type, const json::object& body) {
    const auto* list = body.if_contains("sorts");
    if (!list || !list->is_array() || list->get_array().empty())
        return {};
    if (list->get_array().size() > 1)
        throw validation_error("Only one sort is allowed");
    Sort sort;
    std::string name;
    const auto& rule = list->get_array().front();
    if (const auto* text = rule.if_string()) {
        name = std::string(*text);
        if (name.starts_with('-')) {
            sort.descending = true;
            name.erase(0, 1);
        }
    } else if (const auto* object = rule.if_object()) {
        if (const auto* property = object->if_contains("propertyName"); property && property->is_string())
            name = std::string(property->get_string());
        if (const auto* direction = object->if_contains("direction"); direction && direction->is_string()) {
            if (direction->get_string() != "ASCENDING" && direction->get_string() != "DESCENDING")
                throw validation_error("A sort's direction is ASCENDING or DESCENDING");
            sort.descending = direction->get_string() == "DESCENDING";
        }
    }
    sort.property = type.properties.find(name);
    if (!sort.property)
        throw validation_error("Cannot sort by property \"" + name + "\": it does not exist");
    return sort;
}

struct Hit {
    bool missing; // records without the value come last
    double measure;
    std::string text;
    Id id;
    const Record* record;
};

bool mentions(const ObjectType& type, const Values& values, const std::vector<std::string>& words) {
    return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
        return std::any_of(values.begin(), values.end(), [&](const auto& entry) {
            return type.properties[entry.first].type == ValueType::string &&
                   to_lower(entry.second).find(word) != std::string::npos;
        });
    });
}

} // namespace

SearchHits search(Store& store, TypeIndex type_index, const json::object& body) {
    auto& type = store.types[type_index];
    auto groups = read_groups(store, type, body);
    auto sort = read_sort(type, body);
    auto limit = read_number(body, "limit", default_page), offset = read_number(body, "after", 0);
    if (limit > page_limit)
        throw validation_error("limit must be at most 200");
    if (offset + limit > result_limit)
        throw validation_error("Paging past 10000 results is not possible: narrow the search");
    std::vector<std::string> words;
    if (const auto* query = body.if_contains("query"); query && query->is_string())
        for (auto word : split(query->get_string(), ' '))
            words.push_back(to_lower(word));

    std::vector<Hit> hits;
    for (const auto& [id, record] : type.records) {
        Indexed indexed{id, &record.values, record.created, record.updated, &record};
        auto present = record.live();
        if (record.history && record.history->indexed) {
            const auto& old = *record.history->indexed;
            indexed = {id, &old.values, old.created, old.updated, &record};
            present = old.live;
        }
        if (!present)
            continue;
        const auto all = [&](const FilterGroup& group) {
            return std::all_of(group.begin(), group.end(), [&](const Filter& f) { return f.matches(indexed); });
        };
        if (!groups.empty() && std::none_of(groups.begin(), groups.end(), all))
            continue;
        if (!words.empty() && !mentions(type, *indexed.values, words))
            continue;
        Hit hit{false, static_cast<double>(indexed.created), {}, id, &record};
        if (sort.property) {
            if (measured(type.properties[*sort.property].type)) {
                auto value = measure(type, indexed, *sort.property);
                hit.missing = !value;
                hit.measure = value.value_or(0);
            } else {
                const auto* value = indexed.values->find(*sort.property);
                hit.missing = !value || value->empty();
                hit.measure = 0;
                if (value)
                    hit.text = to_lower(*value);
            }
        }
        hits.push_back(std::move(hit));
    }
    const auto before = [&](const Hit& a, const Hit& b) {
        if (a.missing != b.missing)
            return b.missing;
        const auto &low = sort.descending ? b : a, &high = sort.descending ? a : b;
        if (low.measure != high.measure)
            return low.measure < high.measure;
        if (auto order = low.text.compare(high.text); order != 0)
            return order < 0;
        return a.id < b.id;
    };
    auto end = std::min(offset + limit, hits.size());
    std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(end), hits.end(), before);

    SearchHits result;
    result.total = hits.size();
    for (auto i = offset; i < end; ++i)
        if (auto* record = type.find_exact(hits[i].id); record->live())
            result.page.push_back(record);
    if (end < hits.size() && limit > 0)
        result.next = end;
    if (const auto* names = body.if_contains("properties"); names && names->is_array())
        for (const auto& name : names->get_array())
            if (name.is_string())
                result.properties.emplace_back(name.get_string());
    return result;
}

} // namespace hubspot_emulator
