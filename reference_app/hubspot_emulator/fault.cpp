#include "fault.hpp"

#include "api_error.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, std::string_view key, std::string otherwise = {}) {
    const auto* value = object.if_contains(key);
    if (!value || value->is_null())
        return otherwise;
    if (!value->is_string())
        throw validation_error(std::string(key) + " must be a string");
    return std::string(value->get_string());
}

std::optional<int> number(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || value->is_null())
        return {};
    if (!value->is_int64())
        throw validation_error(std::string(key) + " must be a number");
    return static_cast<int>(value->get_int64());
}

std::vector<std::string> texts(const json::object& object, std::string_view key) {
    std::vector<std::string> result;
    const auto* value = object.if_contains(key);
    if (value && value->is_string())
        result.emplace_back(value->get_string());
    else if (value && value->is_array())
        for (const auto& item : value->get_array())
            result.push_back(text({{"item", item}}, "item"));
    return result;
}

Response plain_answer(int status) {
    Response response;
    response.status = status;
    if (status == 502 || status == 504 || (status >= 520 && status <= 530)) {
        response.content_type = "text/html; charset=UTF-8";
        response.body = "<html>\r\n<head><title>" + std::to_string(status) +
                        " error</title></head>\r\n<body>\r\n<center><h1>" + std::to_string(status) +
                        "</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";
        return response;
    }
    json::object body{{"status", "error"}};
    if (status == 423)
        body["message"] = "The record is locked by other writes. Wait two seconds.";
    else if (status == 477)
        body["message"] = "The account is being migrated between data centres.";
    else
        body["message"] = status == 503 ? "Service unavailable" : "internal error";
    response.body = json::serialize(body);
    return response;
}

} // namespace

bool Fault::matches(const Call& call, const Request& request) const {
    return (kinds.empty() || std::find(kinds.begin(), kinds.end(), to_string(call.kind)) != kinds.end()) &&
           (method.empty() || method == request.method) && request.target.find(path) != std::string::npos &&
           request.body.find(body) != std::string::npos;
}

json::object Fault::to_json() const {
    json::object object{{"id", id}, {"action", action}, {"hits", hits}, {"skip", skip}};
    object["times"] = times ? json::value(*times) : json::value();
    object["kind"] = json::array(kinds.begin(), kinds.end());
    object["path"] = path;
    object["method"] = method;
    return object;
}

Fault parse_fault(const json::object& source) {
    Fault fault;
    fault.kinds = texts(source, "kind");
    fault.path = text(source, "path");
    fault.method = text(source, "method");
    fault.body = text(source, "body_contains");
    fault.skip = number(source, "skip").value_or(0);
    fault.times = number(source, "times");
    fault.retry_after = number(source, "retry_after");
    fault.action = text(source, "action");
    auto when = text(source, "when", "before");
    if (when != "before" && when != "after")
        throw validation_error("when must be before or after");
    auto& moment = when == "after" ? fault.after : fault.before;
    if (fault.action == "rate_limit") {
        fault.error = text(source, "policy", "ten_secondly_rolling");
        if (fault.error != "ten_secondly_rolling" && fault.error != "search" && fault.error != "daily")
            throw validation_error("policy must be ten_secondly_rolling, search or daily");
    } else if (fault.action == "expired_token" || fault.action == "missing_scope" || fault.action == "no_credentials") {
        fault.error = fault.action;
    } else if (fault.action == "status") {
        auto status = number(source, "status");
        if (!status || *status < 200 || *status > 599)
            throw validation_error("status must be given, 200 to 599");
        auto answer = plain_answer(*status);
        if (source.contains("body"))
            answer.body = text(source, "body");
        answer.content_type = text(source, "content_type", answer.content_type);
        if (fault.retry_after)
            answer.headers.emplace_back("Retry-After", std::to_string(*fault.retry_after));
        (when == "after" ? fault.answer_after : fault.answer) = std::move(answer);
    } else if (fault.action == "timeout") {
        moment = Interruption::never_answer;
    } else if (fault.action == "reset") {
        moment = Interruption::reset;
    } else if (fault.action == "hold") {
        moment = Interruption::hold;
    } else if (fault.action == "half_answer") {
        fault.after = Interruption::half_answer;
    } else if (fault.action == "drop_properties") {
        fault.shape.properties_dropped = texts(source, "properties");
    } else if (fault.action == "drop_results") {
        fault.shape.results_dropped = static_cast<std::size_t>(std::max(1, number(source, "count").value_or(1)));
    } else if (fault.action == "stale") {
        fault.shape.versions_back = static_cast<std::size_t>(std::max(1, number(source, "versions").value_or(1)));
    } else if (fault.action == "latency") {
        fault.latency_ms = number(source, "latency_ms").value_or(0);
    } else {
        throw validation_error(
            "action must be rate_limit, expired_token, missing_scope, no_credentials, status, timeout, "
            "reset, hold, half_answer, drop_properties, drop_results, stale or latency");
    }
    if (source.contains("latency_ms"))
        fault.latency_ms = number(source, "latency_ms");
    return fault;
}

} // namespace hubspot_emulator
