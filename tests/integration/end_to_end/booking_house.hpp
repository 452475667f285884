#pragma once

#include "house.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

inline constexpr std::string_view exam_type = "2-50158913";
inline constexpr std::string_view booking_type = "2-50158943";
inline constexpr std::string_view note_type = "0-46";

inline std::string days_from_now(int days) {
    const std::time_t then = std::time(nullptr) + days * 86'400;
    std::tm parts{};
    ::gmtime_r(&then, &parts);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

// A house in which students book.
struct BookingHouse : House {
    explicit BookingHouse(std::vector<std::string> options = {}, Seed seed = {})
        : House{std::move(options), seed} {
        migrate();
    }

    std::string exam(int capacity, int days = 30, const char* type = "Situational Judgment") {
        const auto made = hubspot->control("POST", "records/" + std::string{exam_type},
                                           {{"properties",
                                             {{"mock_exam_name", "An exam"},
                                              {"mock_type", type},
                                              {"location", "Mississauga"},
                                              {"exam_date", days_from_now(days)},
                                              {"capacity", std::to_string(capacity)},
                                              {"is_active", "true"}}}});
        return std::string{made.at("id").as_string()};
    }
    void credits(int student, const std::string& own, const std::string& shared = "0") {
        hubspot->control("PATCH", "records/0-1/" + id_of(student),
                         {{"properties", {{"sj_credits", own}, {"shared_mock_credits", shared}}}});
    }
    // What the source itself holds.
    std::string property(std::string_view type, const std::string& id, const char* name) {
        const auto record = hubspot->control("GET", "records/" + std::string{type} + "/" + id);
        const auto* value = record.at("properties").as_object().if_contains(name);
        return value && value->is_string() ? std::string{value->as_string()} : "~";
    }
    std::string credit(int student, const char* field = "sj_credits") { return property("0-1", id_of(student), field); }
    std::int64_t by_kind(std::initializer_list<const char*> kinds) { return counted("by_kind", {}, kinds); }
    std::int64_t by_kind_and_type(std::string_view type, std::initializer_list<const char*> kinds) {
        return counted("by_kind_and_type", ":" + std::string{type}, kinds);
    }
    std::int64_t counted(const char* what, const std::string& type, std::initializer_list<const char*> kinds) {
        const auto counters = hubspot->counters();
        const auto& counts = counters.at(what).as_object();
        std::int64_t sum = 0;
        for (const auto* kind : kinds)
            if (const auto* count = counts.if_contains(kind + type))
                sum += count->to_number<std::int64_t>();
        return sum;
    }
    std::int64_t writes() { return by_kind({"create", "batch_create", "update", "batch_update"}); }

    // Everything that a booking rests on is in the replica.
    void warm(int student, const std::string& exam_id) {
        BOOST_TEST_REQUIRE(login(student).status == 200);
        BOOST_TEST_REQUIRE(HttpExchange(port, "GET", "/api/mock-exams/" + exam_id + "/capacity").receive().status ==
                           200);
        BOOST_TEST_REQUIRE(list(student).status == 200);
    }
    HttpAnswer list(int student) const {
        return HttpExchange{port, "GET",
                            "/api/bookings/list?student_id=" + student_of(student) + "&email=" + email_of(student)}
            .receive();
    }
    std::size_t active(int student) const {
        const auto listed = list(student).json();
        const auto& bookings = listed.at("data").at("bookings").as_array();
        return static_cast<std::size_t>(
            std::count_if(bookings.begin(), bookings.end(),
                          [](const boost::json::value& booking) { return booking.at("is_active") == "Active"; }));
    }

    HttpExchange ask_booking(int student, const std::string& exam_id, const std::string& key = {}) const {
        const auto body = boost::json::serialize(boost::json::object{{"student_id", student_of(student)},
                                                                     {"email", email_of(student)},
                                                                     {"mock_exam_id", exam_id},
                                                                     {"attending_location", "calgary"}});
        HttpExchange exchange{port};
        exchange.send("POST", "/api/bookings/create", body,
                      key.empty() ? std::string{} : "Idempotency-Key: " + key + "\r\n");
        return exchange;
    }
    HttpAnswer book(int student, const std::string& exam_id, const std::string& key = {}) const {
        return ask_booking(student, exam_id, key).receive();
    }
    HttpExchange ask_cancel(int student, const std::string& booking) const {
        const auto body = boost::json::serialize(
            boost::json::object{{"student_id", student_of(student)}, {"email", email_of(student)}});
        return HttpExchange{port, "DELETE", "/api/bookings/" + booking, body};
    }

    // Until nothing that was promised is left to do.
    void settle() {
        while (sql("SELECT count(*) FROM understudy_operations WHERE state < 2") != "0") {
        }
    }
    // And nothing is left to be read again, or to be counted.
    void rest() {
        while (sql("SELECT (SELECT count(*) FROM hubspot_contact_credits WHERE mark <> 0) + "
                   "(SELECT count(*) FROM hubspot_bookings WHERE mark <> 0) + "
                   "(SELECT count(*) FROM hubspot_mock_exams WHERE mark <> 0) + "
                   "(SELECT count(*) FROM understudy_operations WHERE state < 2) + "
                   "(SELECT count(*) FROM exam_totals_due)") != "0") {
        }
    }

    // The ids of the records of a type that the source itself links with one.
    std::vector<std::string> linked(std::string_view type, const std::string& id, std::string_view to) {
        const auto url = hubspot->url();
        HttpExchange exchange{static_cast<unsigned short>(std::stoi(url.substr(url.rfind(':') + 1)))};
        exchange.send("GET", "/crm/v4/objects/" + std::string{type} + "/" + id + "/associations/" + std::string{to}, {},
                      "Authorization: Bearer " + std::string{token} + "\r\n");
        const auto answer = exchange.receive();
        BOOST_TEST_REQUIRE(answer.status == 200, answer.body);
        std::vector<std::string> ids;
        const auto listed = answer.json();
        for (const auto& result : listed.at("results").as_array())
            ids.push_back(std::to_string(result.at("toObjectId").to_number<std::int64_t>()));
        return ids;
    }
    // What the source holds of a record's notes.
    std::vector<std::string> notes(std::string_view type, const std::string& id) {
        std::vector<std::string> bodies;
        for (const auto& note : linked(type, id, note_type))
            bodies.push_back(property(note_type, note, "hs_note_body"));
        return bodies;
    }
    // The bookings that the source itself has of a student, in the order in which they were made, and what they are.
    std::vector<std::pair<std::string, std::string>> bookings_at_source(const std::string& contact) {
        std::vector<std::pair<std::string, std::string>> found;
        for (const auto& id : linked("0-1", contact, booking_type))
            found.emplace_back(id, property(booking_type, id, "is_active"));
        std::sort(found.begin(), found.end());
        return found;
    }
    // How many of them are Active, and how many are not: `2 + 1`.
    std::string booked_at_source(int student) {
        const auto found = bookings_at_source(id_of(student));
        const auto active =
            std::count_if(found.begin(), found.end(), [](const auto& booking) { return booking.second == "Active"; });
        return std::to_string(active) + " + " + std::to_string(std::ssize(found) - active);
    }

    // I10: what the replica holds of a student is what the source has.
    void same_as_source(int student) {
        const auto contact = id_of(student);
        const auto row = [&](const char* table, const std::string& column, const std::string& id) {
            return sql("SELECT coalesce(" + column + "::text, '~') FROM " + table + " WHERE hubspot_id = '" + id + "'");
        };
        for (const auto* name : {"sj_credits", "shared_mock_credits", "mock_discussion_token"}) {
            // An empty number is none.
            const auto truth = property("0-1", contact, name);
            BOOST_TEST(row("hubspot_contact_credits", name, contact) == (truth.empty() ? "~" : truth),
                       name << " of " << student);
        }
        BOOST_TEST(row("hubspot_contact_credits", "ndecc_exam_date", contact) ==
                   property("0-1", contact, "ndecc_exam_date"));
        std::string ids;
        for (const auto& [id, state] : bookings_at_source(contact)) {
            ids += (ids.empty() ? "" : ",") + id;
            BOOST_TEST(row("hubspot_bookings", "is_active", id) == state);
            BOOST_TEST(row("hubspot_bookings", "token_refunded", id) == property(booking_type, id, "token_refunded"));
        }
        BOOST_TEST(sql("SELECT coalesce(string_agg(hubspot_id, ',' ORDER BY hubspot_id), '') FROM hubspot_bookings "
                       "WHERE state = 1 AND associated_contact_id = '" +
                       contact + "'") == ids);
    }
    void wait_for_held(int number) {
        while (count("held") < number) {
        }
    }
};

inline std::string record_of(const HttpAnswer& booked) {
    return std::string{booked.json().at("data").at("booking_record_id").as_string()};
}

// How many answers there are of each kind: `201`, `409 EXAM_FULL`.
inline std::map<std::string, int> tally(std::vector<HttpExchange>& exchanges) {
    std::map<std::string, int> kinds;
    for (auto& exchange : exchanges) {
        const auto answer = exchange.receive();
        ++kinds[std::to_string(answer.status) + (answer.status < 300 ? "" : " " + code_of(answer))];
    }
    return kinds;
}
inline std::string spelled(const std::map<std::string, int>& kinds) {
    std::string text;
    for (const auto& [kind, number] : kinds)
        text += (text.empty() ? "" : ", ") + std::to_string(number) + " x " + kind;
    return text;
}

} // namespace tests
