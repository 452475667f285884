#include "scenes.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace demo {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct Answer {
    unsigned status = 0; // 0: none
    json::value body;
    std::string freshness;
    double milliseconds = 0;
};

struct Truth {
    std::string student_id;
    std::string email;
    std::map<std::string, std::int64_t> credits;
};

constexpr std::array<const char*, 5> credit_fields{"sj_credits", "cs_credits", "sjmini_credits",
                                                   "mock_discussion_token", "shared_mock_credits"};

// One keep-alive connection. Every scene comes from a loopback address of its own, as every school does.
class Connection {
public:
    Connection(asio::io_context& context, int scene)
        : socket_{context} {
        socket_.open(tcp::v4());
        const asio::ip::address_v4::bytes_type own{127, 0, 0, static_cast<unsigned char>(1 + scene)};
        socket_.bind({asio::ip::address_v4{own}, 0});
    }

    asio::awaitable<void> connect(std::uint16_t port) {
        const tcp::endpoint there{asio::ip::address_v4::loopback(), port};
        co_await socket_.async_connect(there, asio::use_awaitable);
        socket_.set_option(tcp::no_delay{true});
    }

    asio::awaitable<Answer> ask(http::verb method, std::string target, std::string body) {
        http::request<http::string_body> request{method, target, 11};
        request.set(http::field::host, "127.0.0.1");
        request.set(http::field::content_type, "application/json");
        request.body() = std::move(body);
        request.prepare_payload();
        const auto begin = Clock::now();
        co_await http::async_write(socket_, request, asio::use_awaitable);
        http::response<http::string_body> response;
        co_await http::async_read(socket_, buffer_, response, asio::use_awaitable);
        Answer answer;
        answer.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        answer.status = response.result_int();
        answer.freshness = std::string{response["X-Data-Freshness"]};
        boost::system::error_code error;
        answer.body = json::parse(response.body(), error);
        co_return answer;
    }

private:
    tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

std::string login_body(const Truth& student) {
    const json::object body{{"student_id", student.student_id}, {"email", student.email}};
    return json::serialize(body);
}

const json::object* data_of(const Answer& answer) {
    const auto* object = answer.body.if_object();
    const auto* data = object ? object->if_contains("data") : nullptr;
    return data ? data->if_object() : nullptr;
}

bool has_right_credits(const Answer& answer, const Truth& student) {
    const auto* data = data_of(answer);
    const auto* credits = data ? data->if_contains("credits") : nullptr;
    if (answer.status != 200 || !credits || !credits->is_object())
        return false;
    return std::all_of(credit_fields.begin(), credit_fields.end(), [&](const char* field) {
        const auto* value = credits->get_object().if_contains(field);
        return value && value->is_int64() && value->get_int64() == student.credits.at(field);
    });
}

bool comes_from(const Answer& answer, std::string_view source) {
    const auto* data = data_of(answer);
    const auto* metadata = data ? data->if_contains("_metadata") : nullptr;
    const auto* named = metadata && metadata->is_object() ? metadata->get_object().if_contains("data_source") : nullptr;
    return named && named->is_string() && named->get_string() == source;
}

class Play {
public:
    Play(const Stage& stage, const std::function<void(const std::string&)>& narrate)
        : stage_{stage}
        , narrate_{narrate} {}

    Report run() {
        asio::co_spawn(context_, all(), [](std::exception_ptr failure) {
            if (failure)
                std::rethrow_exception(failure);
        });
        context_.run();
        return report_;
    }

private:
    asio::awaitable<void> all() {
        control_.emplace(context_, 0);
        co_await control_->connect(stage_.emulator_port);
        const std::size_t students = 2 + stage_.storm + stage_.unknown;
        for (std::size_t i = 1; i <= students; ++i)
            students_.push_back(co_await truth(i));
        co_await cold_and_warm();
        co_await storm();
        co_await single_flight();
        co_await places_left();
        co_await empty_list();
        co_await lists();
        co_await outage();
        control_.reset();
    }

    asio::awaitable<json::value> control(http::verb method, std::string path, std::string body = {}) {
        const Answer answer = co_await control_->ask(method, "/_control/" + path, std::move(body));
        if (answer.status >= 300)
            throw std::runtime_error{"the emulator refused " + path};
        co_return answer.body;
    }

    asio::awaitable<Truth> truth(std::size_t number) {
        const json::value seeded = co_await control(http::verb::get, "seeded/contact/" + std::to_string(number));
        Truth student;
        student.student_id = seeded.at("student_id").as_string();
        student.email = seeded.at("email").as_string();
        for (const char* field : credit_fields) {
            const auto* text = seeded.at(field).if_string();
            student.credits[field] = text && !text->empty() ? std::stoll(std::string{*text}) : 0;
        }
        co_return student;
    }

    asio::awaitable<void> reset_counters() { co_await control(http::verb::post, "counters/reset"); }

    // Calls and 429s since the last reset, as the emulator counted them.
    asio::awaitable<std::pair<long, long>> counted() {
        const json::value counters = co_await control(http::verb::get, "counters");
        const auto calls = counters.at("calls").to_number<long>();
        const auto refused = counters.at("status_429").to_number<long>();
        co_return std::pair{calls, refused};
    }

    asio::awaitable<void> cold_and_warm() {
        narrate_("a student logs in, and logs in again");
        const Truth& student = students_[0];
        Connection client{context_, 1};
        co_await client.connect(stage_.service_port);
        co_await reset_counters();
        const Answer cold = co_await client.ask(http::verb::post, "/api/user/login", login_body(student));
        const auto after_cold = co_await counted();
        co_await reset_counters();
        const Answer warm = co_await client.ask(http::verb::post, "/api/user/login", login_body(student));
        const auto after_warm = co_await counted();
        report_.cold = {has_right_credits(cold, student) && comes_from(cold, "hubspot"), cold.milliseconds,
                        after_cold.first};
        report_.warm = {has_right_credits(warm, student) && comes_from(warm, "supabase"), warm.milliseconds,
                        after_warm.first};
    }

    struct Question {
        http::verb method = http::verb::get;
        std::string target;
        std::string body;
    };

    static Question login_of(const Truth& student) {
        return {http::verb::post, "/api/user/login", login_body(student)};
    }
    static Question list_of(const Truth& student) {
        return {http::verb::get,
                "/api/bookings/list?filter=all&limit=100&student_id=" + student.student_id + "&email=" + student.email,
                {}};
    }

    asio::awaitable<std::vector<Answer>> all_at_once(std::vector<Truth> students, int scene, double& seconds) {
        std::vector<Question> questions;
        for (const auto& student : students)
            questions.push_back(login_of(student));
        co_return co_await all_at_once(questions, scene, seconds);
    }

    // Asks all of them at the same moment, each over a connection of its own that is already open.
    asio::awaitable<std::vector<Answer>> all_at_once(std::vector<Question> questions, int scene, double& seconds) {
        std::vector<std::unique_ptr<Connection>> clients;
        for (std::size_t i = 0; i < questions.size(); ++i) {
            clients.push_back(std::make_unique<Connection>(context_, scene));
            co_await clients.back()->connect(stage_.service_port);
        }
        std::vector<Answer> answers(questions.size());
        asio::steady_timer done{context_, asio::steady_timer::time_point::max()};
        std::size_t open = questions.size();
        co_await reset_counters();
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < questions.size(); ++i)
            asio::co_spawn(context_, ask_one(*clients[i], questions[i], answers[i], open, done), asio::detached);
        boost::system::error_code ignored;
        auto woken = asio::redirect_error(asio::use_awaitable, ignored);
        if (open > 0)
            co_await done.async_wait(woken);
        seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        co_return answers;
    }

    static asio::awaitable<void> ask_one(Connection& client, const Question& question, Answer& answer,
                                         std::size_t& open, asio::steady_timer& done) {
        try {
            answer = co_await client.ask(question.method, question.target, question.body);
        } catch (const boost::system::system_error&) {
            answer.status = 0;
        }
        if (--open == 0)
            done.cancel();
    }

    asio::awaitable<void> storm() {
        narrate_(std::to_string(stage_.storm) + " students log in at once, none seen before");
        const auto first = students_.begin() + 1;
        const std::vector<Truth> students(first, first + static_cast<std::ptrdiff_t>(stage_.storm));
        auto& result = report_.storm;
        const auto answers = co_await all_at_once(students, 2, result.seconds);
        const auto after = co_await counted();
        result.students = students.size();
        result.source_calls = after.first;
        result.status_429 = after.second;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            result.answered += has_right_credits(answers[i], students[i]);
            result.status_429 += answers[i].status == 429;
        }
    }

    asio::awaitable<void> single_flight() {
        narrate_(std::to_string(stage_.readers) + " requests for one student, not seen before either");
        const Truth& student = students_[1 + stage_.storm];
        auto& result = report_.single_flight;
        const std::vector<Truth> readers(stage_.readers, student);
        const auto answers = co_await all_at_once(readers, 3, result.seconds);
        const auto after = co_await counted();
        result.readers = answers.size();
        result.source_calls = after.first;
        for (const auto& answer : answers)
            result.answered += has_right_credits(answer, student);
    }

    // Which exam a seeded booking is for, counted from 1; see the emulator's README.
    std::size_t exam_of(std::size_t booking) const {
        const std::size_t first = booking - 1;
        return (13 * (first % stage_.contacts) + first / stage_.contacts) % stage_.exams + 1;
    }
    static std::string exam_id(std::size_t number) { return std::to_string(400'000'000'000 + number); }
    static std::string booking_id(std::size_t number) { return std::to_string(300'000'000'000 + number); }

    asio::awaitable<Answer> counted_ask(Connection& client, Question question, Report::Read& read) {
        co_await reset_counters();
        const Answer answer = co_await client.ask(question.method, question.target, question.body);
        const auto after = co_await counted();
        read.milliseconds = answer.milliseconds;
        read.source_calls = after.first;
        co_return answer;
    }

    asio::awaitable<void> places_left() {
        narrate_("somebody asks for the places left of an exam, the first one to ask");
        const std::string id = exam_id(1 + stage_.exams / 3);
        const json::value exam = co_await control(http::verb::get, "records/2-50158913/" + id);
        std::int64_t taken = 0;
        for (const auto& association : exam.at("associations").as_array()) {
            if (association.at("type") != "2-50158943")
                continue;
            const std::string booking_id{association.at("id").as_string()};
            const json::value booking = co_await control(http::verb::get, "records/2-50158943/" + booking_id);
            taken += booking.at("state") == "live" && booking.at("properties").at("is_active") != "Cancelled";
        }
        const auto capacity = std::stoll(std::string{exam.at("properties").at("capacity").as_string()});
        Connection client{context_, 6};
        co_await client.connect(stage_.service_port);
        Question question;
        question.target = "/api/mock-exams/" + id + "/capacity";
        auto& read = report_.sets.cold_capacity;
        const Answer answer = co_await counted_ask(client, question, read);
        const auto* data = data_of(answer);
        const auto says = [&](const char* name, std::int64_t value) {
            const auto* found = data ? data->if_contains(name) : nullptr;
            return found && found->is_int64() && found->get_int64() == value;
        };
        read.right = answer.status == 200 && says("capacity", capacity) && says("total_bookings", taken) &&
                     says("available_slots", std::max<std::int64_t>(capacity - taken, 0));
    }

    // Somebody whom no seeded booking belongs to.
    asio::awaitable<void> empty_list() {
        narrate_("a student who has booked nothing asks for the bookings, twice");
        Truth student;
        student.student_id = "S999999";
        student.email = "newcomer@example.com";
        const json::object properties{{"student_id", student.student_id}, {"email", student.email}};
        const json::object record{{"properties", properties}};
        co_await control(http::verb::post, "records/0-1", json::serialize(record));
        Connection client{context_, 6};
        co_await client.connect(stage_.service_port);
        for (auto* read : {&report_.sets.empty_list, &report_.sets.empty_again}) {
            const Question question = list_of(student);
            const Answer answer = co_await counted_ask(client, question, *read);
            const std::set<std::string> none;
            read->right = has_bookings(answer, none);
        }
    }

    // Exactly these bookings, each `id of the booking/id of its exam`.
    static bool has_bookings(const Answer& answer, const std::set<std::string>& expected) {
        const auto* data = data_of(answer);
        const auto* list = data ? data->if_contains("bookings") : nullptr;
        if (answer.status != 200 || !list || !list->is_array() || list->get_array().size() != expected.size())
            return false;
        std::set<std::string> found;
        for (const auto& booking : list->get_array()) {
            const auto* object = booking.if_object();
            const auto* id = object ? object->if_contains("id") : nullptr;
            const auto* exam = object ? object->if_contains("mock_exam_id") : nullptr;
            if (id && id->is_string() && exam && exam->is_string())
                found.insert(std::string{id->get_string()} + '/' + std::string{exam->get_string()});
        }
        return found == expected;
    }

    asio::awaitable<void> lists() {
        narrate_(std::to_string(stage_.lists) + " students ask for their bookings at once, none seen before");
        auto& sets = report_.sets;
        const std::size_t first = stage_.contacts / 2 + 1;
        std::vector<Question> questions;
        std::vector<std::set<std::string>> expected(stage_.lists);
        for (std::size_t i = 0; i < stage_.lists; ++i) {
            const Truth student = co_await truth(first + i);
            questions.push_back(list_of(student));
            for (std::size_t booking = first + i; booking <= stage_.bookings; booking += stage_.contacts)
                expected[i].insert(booking_id(booking) + '/' + exam_id(exam_of(booking)));
        }
        const auto answers = co_await all_at_once(questions, 7, sets.seconds);
        const auto after = co_await counted();
        sets.lists = answers.size();
        sets.source_calls = after.first;
        sets.status_429 = after.second;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            sets.lists_answered += has_bookings(answers[i], expected[i]);
            sets.status_429 += answers[i].status == 429;
        }
    }

    asio::awaitable<void> outage() {
        narrate_("HubSpot fails for a while, and comes back");
        auto& result = report_.outage;
        const auto known_begin = students_.begin() + 1;
        const auto known_count = std::min(stage_.known, stage_.storm);
        const std::vector<Truth> known(known_begin, known_begin + static_cast<std::ptrdiff_t>(known_count));
        const std::vector<Truth> unknown(students_.end() - static_cast<std::ptrdiff_t>(stage_.unknown),
                                         students_.end());
        result.known = known.size();
        result.unknown = unknown.size();

        co_await control(http::verb::post, "faults", R"({"action":"status","status":503})");
        double seconds = 0;
        const auto from_unknown = co_await all_at_once(unknown, 4, seconds);
        const auto from_known = co_await all_at_once(known, 4, seconds);
        for (std::size_t i = 0; i < unknown.size(); ++i) {
            result.unknown_503 += from_unknown[i].status == 503;
            result.zero_credits += from_unknown[i].status == 200;
        }
        for (std::size_t i = 0; i < known.size(); ++i) {
            const bool right = has_right_credits(from_known[i], known[i]);
            result.known_answered += right;
            result.known_flagged += right && from_known[i].freshness == "stale";
            result.zero_credits += from_known[i].status == 200 && !right;
        }
        co_await control(http::verb::delete_, "faults");

        // The service looks once a second whether the source is back.
        asio::steady_timer pause{context_};
        for (int attempt = 0; attempt < 20 && result.recovered < unknown.size(); ++attempt) {
            pause.expires_after(std::chrono::milliseconds{500});
            co_await pause.async_wait(asio::use_awaitable);
            const auto again = co_await all_at_once(unknown, 5, seconds);
            result.recovered = 0;
            for (std::size_t i = 0; i < unknown.size(); ++i)
                result.recovered += has_right_credits(again[i], unknown[i]);
        }
    }

    Stage stage_;
    const std::function<void(const std::string&)>& narrate_;
    asio::io_context context_{1};
    std::optional<Connection> control_;
    std::vector<Truth> students_;
    Report report_;
};

} // namespace

Report play(const Stage& stage, const std::function<void(const std::string&)>& narrate) {
    return Play{stage, narrate}.run();
}

} // namespace demo
