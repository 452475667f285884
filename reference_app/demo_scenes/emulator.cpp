#include "emulator.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

namespace demo {

namespace json = boost::json;

namespace {

constexpr std::array<const char*, 5> credit_fields{"sj_credits", "cs_credits", "sjmini_credits",
                                                   "mock_discussion_token", "shared_mock_credits"};

// As the emulator spells instants, so that texts compare as the instants do.
std::string spelled(std::chrono::system_clock::time_point then) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(then);
    const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[32];
    std::string spelled{text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts)};
    const auto fraction = std::to_string(1'000 + std::chrono::floor<std::chrono::milliseconds>(then - seconds).count());
    return spelled + fraction.substr(1) + 'Z';
}

} // namespace

Emulator::Emulator(std::uint16_t port)
    : clients_{port, 0} {}

json::value Emulator::control(const char* method, const std::string& path, const std::string& body) {
    Answer answer = clients_.ask({method, "/_control/" + path, body});
    if (answer.status >= 300)
        throw std::runtime_error{"the emulator refused " + path};
    return std::move(answer.body);
}

void Emulator::reset_counters() {
    control("POST", "counters/reset");
}

Counted Emulator::counted() {
    const json::value counters = control("GET", "counters");
    return {counters.at("calls").to_number<long>(), counters.at("status_429").to_number<long>()};
}

long Emulator::calls_by(std::chrono::system_clock::time_point then) {
    const auto last = spelled(then);
    const json::value log = control("GET", "log");
    const auto& calls = log.at("log").as_array();
    return static_cast<long>(std::count_if(calls.begin(), calls.end(),
                                           [&](const json::value& call) { return call.at("at").as_string() <= last; }));
}

double Emulator::latency_ms() {
    return control("GET", "settings").at("latency_ms").to_number<double>();
}

Student Emulator::student(std::size_t number) {
    const json::value seeded = control("GET", "seeded/contact/" + std::to_string(number));
    Student student;
    student.contact_id = seeded.at("id").as_string();
    student.student_id = seeded.at("student_id").as_string();
    student.email = seeded.at("email").as_string();
    for (const char* field : credit_fields) {
        const auto* text = seeded.at(field).if_string();
        student.credits[field] = text && !text->empty() ? std::stoll(std::string{*text}) : 0;
    }
    return student;
}

json::value Emulator::record(std::string_view type, const std::string& id) {
    return control("GET", "records/" + std::string{type} + '/' + id);
}

std::string Emulator::make(std::string_view type, json::object properties) {
    const json::object record{{"properties", std::move(properties)}};
    const json::value made = control("POST", "records/" + std::string{type}, json::serialize(record));
    return std::string{made.at("id").as_string()};
}

std::vector<json::value> Emulator::live_associated(std::string_view from, const std::string& id, std::string_view to) {
    std::vector<json::value> found;
    const json::value parent = record(from, id);
    for (const auto& association : parent.at("associations").as_array()) {
        if (association.at("type").as_string() != to)
            continue;
        auto other = record(to, std::string{association.at("id").as_string()});
        if (other.at("state") == "live")
            found.push_back(std::move(other));
    }
    return found;
}

void Emulator::fail_with(int status) {
    control("POST", "faults", json::serialize(json::object{{"action", "status"}, {"status", status}}));
}

void Emulator::recover() {
    control("DELETE", "faults");
}

} // namespace demo
