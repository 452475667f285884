#include "booking_hall.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace demo {

namespace json = boost::json;

namespace {

std::string days_from_now(int days) {
    const std::time_t then = std::time(nullptr) + days * std::time_t{86'400};
    std::tm parts{};
    ::gmtime_r(&then, &parts);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

} // namespace

const std::string& BookingHall::credit_field() {
    static const std::string field{"sj_credits"};
    return field;
}

std::string BookingHall::open_exam(std::size_t capacity) {
    return scenery_.emulator.make(exam_type, {{"mock_exam_name", "An exam on sale"},
                                              {"mock_type", "Situational Judgment"},
                                              {"location", "Mississauga"},
                                              {"exam_date", days_from_now(next_day_++)},
                                              {"capacity", std::to_string(capacity)},
                                              {"total_bookings", "0"},
                                              {"is_active", "true"}});
}

std::vector<Student> BookingHall::students(std::size_t count) {
    std::vector<Student> found;
    while (found.size() < count) {
        auto student = scenery_.emulator.student(next_student_++);
        if (student.credits[credit_field()] > 0)
            found.push_back(std::move(student));
    }
    return found;
}

void BookingHall::warm(const std::vector<Student>& students, const std::string& exam, int address) {
    Clients clients{scenery_.stage.service_port, address};
    std::vector<Visit> visits{{{{"GET", "/api/mock-exams/" + exam + "/capacity"}}}};
    for (const auto& student : students)
        visits.push_back({{login_of(student), list_of(student)}});
    for (const auto& answers : clients.at_once(visits))
        if (std::any_of(answers.begin(), answers.end(), [](const Answer& answer) { return answer.status != 200; }))
            throw std::runtime_error{"what bookings rest on could not be read"};
    if (!wait_until([&] { return scenery_.database.is_settled(); }))
        throw std::runtime_error{"the service does not come to rest"};
}

Question BookingHall::booking_of(const Student& student, const std::string& exam, const std::string& key) {
    const json::object body{{"student_id", student.student_id},
                            {"email", student.email},
                            {"mock_exam_id", exam},
                            {"attending_location", "calgary"}};
    return {"POST", "/api/bookings/create", json::serialize(body), key};
}

Question BookingHall::cancellation_of(const Student& student, const std::string& booking) {
    const json::object body{{"student_id", student.student_id}, {"email", student.email}};
    return {"DELETE", "/api/bookings/" + booking, json::serialize(body)};
}

std::map<std::string, BookingHall::Holding> BookingHall::at_source(const std::vector<Student>& students,
                                                                   const std::string& exam) {
    std::map<std::string, Holding> holdings;
    for (const auto& student : students) {
        const auto contact = scenery_.emulator.record(contact_type, student.contact_id);
        holdings[student.contact_id].credits =
            std::stoll(std::string{contact.at("properties").at(credit_field()).as_string()});
    }
    for (const auto& booking : scenery_.emulator.live_associated(exam_type, exam, booking_type)) {
        if (booking.at("properties").at("is_active") != "Active")
            continue;
        for (const auto& association : booking.at("associations").as_array())
            if (association.at("type").as_string() == contact_type)
                ++holdings[std::string{association.at("id").as_string()}].bookings;
    }
    return holdings;
}

std::map<std::string, BookingHall::Holding> BookingHall::in_replica(const std::vector<Student>& students,
                                                                    const std::string& exam) {
    std::map<std::string, Holding> holdings;
    for (const auto& student : students)
        holdings[student.contact_id];
    for (const auto& row : scenery_.database.rows(
             "SELECT hubspot_id, coalesce(sj_credits, 0) FROM hubspot_contact_credits WHERE state = 1"))
        if (const auto holding = holdings.find(row[0]); holding != holdings.end())
            holding->second.credits = std::stoll(row[1]);
    for (const auto& row : scenery_.database.rows(
             "SELECT associated_contact_id, count(*) FROM hubspot_bookings WHERE associated_mock_exam = $1"
             " AND state = 1 AND is_active = 'Active' GROUP BY associated_contact_id",
             {exam}))
        holdings[row[0]].bookings = std::stoul(row[1]);
    return holdings;
}

} // namespace demo
