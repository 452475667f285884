#include "call.hpp"

#include "api_error.hpp"
#include "object_type.hpp"

#include <algorithm>
#include <array>
#include <boost/json/stream_parser.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

enum class Family { none, objects, associations, properties, schemas, account, control };

constexpr std::array kind_names{"read",
                                "list",
                                "create",
                                "update",
                                "archive",
                                "merge",
                                "gdpr_delete",
                                "search",
                                "batch_read",
                                "batch_create",
                                "batch_update",
                                "batch_upsert",
                                "batch_archive",
                                "association_list",
                                "association_put_default",
                                "association_put",
                                "association_delete",
                                "association_batch_read",
                                "association_batch_create",
                                "association_batch_default",
                                "association_batch_archive",
                                "association_batch_labels_archive",
                                "association_labels",
                                "property_list",
                                "property_read",
                                "property_create",
                                "property_update",
                                "property_archive",
                                "property_batch_read",
                                "schema_list",
                                "schema_read",
                                "account",
                                "control",
                                "unknown",
                                "wrong_method"};
static_assert(kind_names.size() == static_cast<std::size_t>(CallKind::wrong_method) + 1);

struct Route {
    Family family;
    std::string_view method;
    std::string_view pattern; // `*` stands for one segment
    CallKind kind;
};

// Fixed words before variables: the first match counts.
constexpr Route routes[] = {
    {Family::objects, "POST", "*/search", CallKind::search},
    {Family::objects, "POST", "*/merge", CallKind::merge},
    {Family::objects, "POST", "*/gdpr-delete", CallKind::gdpr_delete},
    {Family::objects, "POST", "*/batch/read", CallKind::batch_read},
    {Family::objects, "POST", "*/batch/create", CallKind::batch_create},
    {Family::objects, "POST", "*/batch/update", CallKind::batch_update},
    {Family::objects, "POST", "*/batch/upsert", CallKind::batch_upsert},
    {Family::objects, "POST", "*/batch/archive", CallKind::batch_archive},
    {Family::objects, "GET", "*", CallKind::list},
    {Family::objects, "POST", "*", CallKind::create},
    {Family::objects, "GET", "*/*", CallKind::read},
    {Family::objects, "PATCH", "*/*", CallKind::update},
    {Family::objects, "DELETE", "*/*", CallKind::archive},
    {Family::objects, "PUT", "*/*/associations/default/*/*", CallKind::association_put_default},
    {Family::objects, "GET", "*/*/associations/*", CallKind::association_list},
    {Family::objects, "PUT", "*/*/associations/*/*", CallKind::association_put},
    {Family::objects, "DELETE", "*/*/associations/*/*", CallKind::association_delete},
    {Family::associations, "POST", "*/*/batch/read", CallKind::association_batch_read},
    {Family::associations, "POST", "*/*/batch/create", CallKind::association_batch_create},
    {Family::associations, "POST", "*/*/batch/associate/default", CallKind::association_batch_default},
    {Family::associations, "POST", "*/*/batch/archive", CallKind::association_batch_archive},
    {Family::associations, "POST", "*/*/batch/labels/archive", CallKind::association_batch_labels_archive},
    {Family::associations, "GET", "*/*/labels", CallKind::association_labels},
    {Family::properties, "POST", "*/batch/read", CallKind::property_batch_read},
    {Family::properties, "GET", "*", CallKind::property_list},
    {Family::properties, "POST", "*", CallKind::property_create},
    {Family::properties, "GET", "*/*", CallKind::property_read},
    {Family::properties, "PATCH", "*/*", CallKind::property_update},
    {Family::properties, "DELETE", "*/*", CallKind::property_archive},
    {Family::schemas, "GET", "", CallKind::schema_list},
    {Family::schemas, "GET", "*", CallKind::schema_read},
    {Family::account, "GET", "", CallKind::account},
};

bool is_date(std::string_view segment) {
    return segment.size() == 7 && (segment.ends_with("-03") || segment.ends_with("-09")) &&
           segment.find_first_not_of("0123456789-") == segment.npos;
}

struct Root {
    Family family = Family::none;
    ApiVersion version = ApiVersion::v3;
    std::size_t segments = 0;
};

Root find_root(const std::vector<std::string>& path) {
    const auto at = [&](std::size_t i) { return i < path.size() ? std::string_view(path[i]) : std::string_view(); };
    const auto family = [](std::string_view word) {
        return word == "objects"        ? Family::objects
               : word == "associations" ? Family::associations
               : word == "properties"   ? Family::properties
               : word == "schemas"      ? Family::schemas
                                        : Family::none;
    };
    if (at(0) == "_control")
        return {Family::control, ApiVersion::v3, 1};
    if (at(0) == "crm" && at(1) == "v3" && at(2) != "associations")
        return {family(at(2)), ApiVersion::v3, 3};
    if (at(0) == "crm" && at(1) == "v4" && (at(2) == "objects" || at(2) == "associations"))
        return {family(at(2)), ApiVersion::v4, 3};
    if (at(0) == "crm" && is_date(at(2)) && at(1) != "schemas")
        return {family(at(1)), ApiVersion::dated, 3};
    if (at(0) == "crm-object-schemas" && at(2) == "schemas" && (at(1) == "v3" || is_date(at(1))))
        return {Family::schemas, at(1) == "v3" ? ApiVersion::v3 : ApiVersion::dated, 3};
    if (at(0) == "account-info" && at(2) == "details" && (at(1) == "v3" || is_date(at(1))))
        return {Family::account, at(1) == "v3" ? ApiVersion::v3 : ApiVersion::dated, 3};
    return {};
}

bool is_association(CallKind kind) {
    return kind >= CallKind::association_list && kind <= CallKind::association_labels;
}

bool fits(std::string_view pattern, const std::vector<std::string>& path, std::size_t from,
          std::vector<std::string>& arguments) {
    arguments.clear();
    auto words = split(pattern, '/');
    if (words.size() != path.size() - from)
        return false;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == "*")
            arguments.push_back(path[from + i]);
        else if (words[i] != path[from + i])
            return false;
    return true;
}

} // namespace

std::string_view to_string(CallKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<std::string> Call::parameter(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name)
            return value;
    return {};
}

std::vector<std::string> Call::list(std::string_view name) const {
    std::vector<std::string> items;
    for (const auto& [key, value] : query)
        if (key == name)
            for (auto item : split(value, ','))
                items.emplace_back(item);
    return items;
}

std::size_t Call::number(std::string_view name, std::size_t otherwise, std::size_t limit) const {
    auto text = parameter(name);
    if (!text || text->empty())
        return otherwise;
    std::size_t value = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value > limit)
        throw validation_error(std::string(name) + " must be a number of at most " + std::to_string(limit));
    return value;
}

bool Call::flag(std::string_view name) const {
    return parameter(name) == "true";
}

Call parse_call(const Request& request) {
    Call call;
    auto url = boost::urls::parse_origin_form(request.target);
    if (!url) {
        call.malformed = true;
        return call;
    }
    std::vector<std::string> path;
    for (auto segment : url->segments())
        if (!segment.empty())
            path.emplace_back(segment);
    for (auto parameter : url->params())
        call.query.emplace_back(parameter.key, parameter.has_value ? parameter.value : std::string());
    auto root = find_root(path);
    call.version = root.version;
    if (root.family == Family::control) {
        call.kind = CallKind::control;
        call.arguments.assign(path.begin() + 1, path.end());
        return call;
    }
    for (const auto& route : routes) {
        if (route.family != root.family || root.family == Family::none)
            continue;
        auto association_path = is_association(route.kind);
        if ((root.version == ApiVersion::v4) != association_path && root.version != ApiVersion::dated)
            continue;
        if (!fits(route.pattern, path, root.segments, call.arguments))
            continue;
        if (route.method == request.method) {
            call.kind = route.kind;
            return call;
        }
        call.kind = CallKind::wrong_method;
    }
    return call;
}

json::value parse_body(const Request& request) {
    if (request.body.empty())
        return json::object{};
    json::stream_parser parser;
    boost::system::error_code error;
    auto read = parser.write_some(request.body, error);
    auto rest = request.body.find_first_not_of(" \t\r\n", read);
    if (!error && rest != request.body.npos)
        throw invalid_json(request.body, rest, "Unexpected character");
    if (!error && !parser.done())
        throw invalid_json(request.body, request.body.size(), "Unexpected end-of-input");
    if (error)
        throw invalid_json(request.body, read, error.message());
    return parser.release();
}

json::object parse_object(const Request& request) {
    auto value = parse_body(request);
    if (auto* object = value.if_object())
        return std::move(*object);
    throw invalid_json(request.body, 0, "an object is expected");
}

} // namespace hubspot_emulator
