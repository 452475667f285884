#include "admin_responses.hpp"
#include "application.hpp"
#include "http_server.hpp"
#include "key_fetch.hpp"
#include "scripted_admin_desk.hpp"
#include "scripted_bookings.hpp"
#include "scripted_desk.hpp"
#include "scripted_directory.hpp"
#include "scripted_exam_desk.hpp"
#include "scripted_exams.hpp"
#include "scripted_hints.hpp"
#include "scripted_keys.hpp"
#include "scripted_reader.hpp"
#include "scripted_sync.hpp"
#include "token_maker.hpp"
#include "wall_clock.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <optional>
#include <string>
#include <thread>

using namespace service;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// The server on its own thread, as `serve` runs it, with a scripted directory instead of stores.
struct Service {
    ScriptedDirectory students;
    ScriptedExams exams;
    ScriptedBookings bookings;
    ScriptedDesk desk;
    ScriptedAdminDesk admin_desk;
    ScriptedExamDesk exam_desk;
    ScriptedReader reader;
    ExamActivation activation{reader, [](auto, const auto& found) { found({}, {}); }, exam_desk, 1s};
    ScriptedKeys published;
    AdminGate gate{AdminParams{}, published.keys, &wall_clock_now};
    ClosedWebhooks webhooks;
    ScriptedSync sync;
    Metrics metrics;
    Log log = Log::silent();
    asio::io_context context{1};
    ApplicationParams application_params;
    HttpServerParams server_params;
    std::optional<Application> application;
    std::optional<HttpServer> server;
    std::uint16_t port = 0;
    std::promise<void> stopped;
    std::thread thread;

    Service() {
        students.add(ann());
        application_params.rate_limit.per_second = 0;
        server_params.port = 0;
    }
    ~Service() {
        if (thread.joinable()) {
            asio::post(context, [this] { server->abort(); });
            thread.join();
        }
    }

    void start() {
        application.emplace(application_params,
                            ApplicationParts{students, exams, bookings, desk, admin_desk, gate, exam_desk, activation,
                                             webhooks.endpoint, sync.endpoints},
                            metrics, log);
        server.emplace(
            context, server_params,
            [this](const Request& request, Respond respond) { application->handle(request, std::move(respond)); }, log);
        port = server->listen();
        thread = std::thread{[this] { context.run(); }};
    }

    // Runs on the server's thread and waits for the result.
    template<class F>
    auto on_server(F f) {
        std::packaged_task<decltype(f())()> task{std::move(f)};
        auto result = task.get_future();
        asio::post(context, [&] { task(); });
        return result.get();
    }

    // Waits until something is so on the server's thread; the test's own time limit ends it otherwise.
    template<class F>
    void until(F f) {
        while (!on_server(f))
            std::this_thread::yield();
    }

    std::future<void> stop() {
        asio::post(context, [this] {
            application->drain();
            server->stop([this] {
                server->abort();
                stopped.set_value();
            });
        });
        return stopped.get_future();
    }
};

struct Answer {
    int status = 0;
    std::string head;
    std::string body;

    std::string header(std::string_view name) const {
        const auto at = head.find("\r\n" + std::string{name} + ": ");
        if (at == std::string::npos)
            return {};
        const auto begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

class Client {
public:
    explicit Client(const Service& service) { socket_.connect({asio::ip::address_v4::loopback(), service.port}); }

    void send(std::string_view text) { asio::write(socket_, asio::buffer(text)); }

    // Sends what may be refused before it has arrived.
    void try_send(std::string_view text) {
        boost::system::error_code ignored;
        asio::write(socket_, asio::buffer(text), ignored);
    }

    Answer receive(bool body = true) {
        const auto size = asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n");
        Answer answer;
        answer.head = received_.substr(0, size);
        received_.erase(0, size);
        answer.status = std::stoi(answer.head.substr(9, 3));
        const auto length = answer.header("Content-Length");
        if (!length.empty() && body) {
            const auto expected = static_cast<std::size_t>(std::stoul(length));
            if (received_.size() < expected)
                asio::read(socket_, asio::dynamic_buffer(received_),
                           asio::transfer_exactly(expected - received_.size()));
            answer.body = received_.substr(0, expected);
            received_.erase(0, expected);
        }
        return answer;
    }

    // Whether the server has closed the connection, in order and with nothing left to read.
    bool at_end() {
        boost::system::error_code error;
        char byte = 0;
        const auto size = received_.empty() ? socket_.read_some(asio::buffer(&byte, 1), error) : 1;
        return size == 0 && error == asio::error::eof;
    }

    Answer ask(std::string_view text) {
        send(text);
        return receive();
    }

    void half_close() { socket_.shutdown(tcp::socket::shutdown_send); }

private:
    asio::io_context context_;
    tcp::socket socket_{context_};
    std::string received_;
};

std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
    std::string text{"POST "};
    text.append(path).append(" HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n").append(headers);
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return text;
}

std::string get(std::string_view path, std::string_view headers = {}) {
    return std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers).append("\r\n");
}

const std::string ann_logs_in = post("/api/user/login", R"({"student_id":"ANN1","email":"ann@example.org"})");

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_server_suite, Service)

BOOST_AUTO_TEST_CASE(a_connection_is_kept_and_answers_carry_what_they_should) {
    start();
    Client client{*this};
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(ann_logs_in);
        BOOST_TEST(answer.status == 200);
        BOOST_TEST(answer.header("Content-Type") == "application/json");
        BOOST_TEST(answer.header("X-Data-Freshness") == "fresh");
        BOOST_TEST(answer.header("Cache-Control") == "no-store");
        BOOST_TEST(answer.header("Date").size() == 29u);
        BOOST_TEST(!answer.header("X-Request-Id").empty());
        BOOST_TEST(contains(answer.body, R"("contact_id":"101")"));
    }
    BOOST_TEST(on_server([this] { return server->connections(); }) == 1u);
}

BOOST_AUTO_TEST_CASE(a_plain_request_id_is_kept_and_another_replaced) {
    start();
    Client client{*this};
    BOOST_TEST(client.ask(get("/livez", "X-Request-Id: abc-1.2_3\r\n")).header("X-Request-Id") == "abc-1.2_3");
    const auto other = client.ask(get("/livez", "X-Request-Id: a b\r\n")).header("X-Request-Id");
    BOOST_TEST(other != "a b");
    BOOST_TEST(!other.empty());
    BOOST_TEST(client.ask(get("/livez")).header("X-Request-Id") != other);
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_is_taken_from_either_header) {
    start();
    Client client{*this};
    const auto key_of = [&](std::string_view headers) {
        client.ask(post("/api/bookings/create", R"({"student_id":"ANN1","email":"ann@example.org","mock_exam_id":"1"})",
                        headers));
        return on_server([this] { return std::exchange(desk.order, {}).idempotency_key; });
    };
    BOOST_TEST(key_of("") == "");
    BOOST_TEST(key_of("Idempotency-Key: one\r\n") == "one");
    BOOST_TEST(key_of("x-idempotency-key: two\r\n") == "two");
    BOOST_TEST(key_of("idempotency-key:  one\t\r\nX-Idempotency-Key: two\r\n") == "one");
    for (const auto* headers :
         {"Idempotency-Key:\r\n", "Idempotency-Key: \"a b\"\r\n", "X-Idempotency-Key: \xe4\r\n"}) {
        const auto answer = client.ask(post("/api/bookings/create", "{}", headers));
        BOOST_TEST(answer.status == 400);
        BOOST_TEST(contains(answer.body, "Idempotency-Key must consist of"), answer.body);
    }
}

BOOST_AUTO_TEST_CASE(a_booking_is_cancelled_by_a_delete_with_a_body) {
    start();
    Client client{*this};
    auto request = post("/api/bookings/701", R"({"student_id":"ANN1","email":"ann@example.org"})");
    const auto answer = client.ask(request.replace(0, 4, "DELETE"));
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(contains(answer.body, R"("status":"cancelled")"), answer.body);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
    start();
    Client client{*this};
    client.send(ann_logs_in + get("/livez") + post("/api/user/login", "{") + get("/nowhere") + ann_logs_in);
    for (const int status : {200, 200, 400, 404, 200})
        BOOST_TEST(client.receive().status == status);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_wait_for_the_one_before) {
    start();
    on_server([this] { students.hold(); });
    Client client{*this};
    client.send(ann_logs_in + get("/livez"));
    until([this] { return students.waiting() == 1; });
    on_server([this] { students.release(); });
    BOOST_TEST(contains(client.receive().body, "contact_id"));
    BOOST_TEST(contains(client.receive().body, "live"));
}

BOOST_AUTO_TEST_CASE(requests_may_arrive_in_any_pieces) {
    start();
    Client client{*this};
    for (const char c : ann_logs_in)
        client.send({&c, 1});
    BOOST_TEST(client.receive().status == 200);
    client.send("POST /api/user/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"stu\r\n");
    client.send("2e\r\ndent_id\":\"ANN1\",\"email\":\"ann@example.org\"    }\r\n0\r\n\r\n");
    BOOST_TEST(client.receive().status == 200);
}

BOOST_AUTO_TEST_CASE(head_has_no_body_and_the_length_of_one) {
    start();
    Client client{*this};
    client.send("HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n" + get("/livez"));
    const auto head = client.receive(false);
    BOOST_TEST(head.status == 200);
    const auto whole = client.receive();
    BOOST_TEST(head.header("Content-Length") == std::to_string(whole.body.size()));
}

BOOST_AUTO_TEST_CASE(queries_and_ids_arrive_decoded) {
    start();
    Client client{*this};
    const auto available = get("/api/mock-exams/available?mock_type=Clinical+Skills&x=1");
    const auto answer = client.ask(available);
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(contains(answer.body, R"("mock_exam_id":"501")"));
    BOOST_TEST((on_server([this] { return exams.question.mock_type; }) == MockType::clinical_skills));
    client.send("HEAD" + available.substr(3));
    const auto head = client.receive(false);
    BOOST_TEST(head.status == 200);
    BOOST_TEST(head.header("Content-Length") == std::to_string(answer.body.size()));

    BOOST_TEST(client.ask(get("/api/mock-exams/%35%30%31/capacity")).status == 200);
    BOOST_TEST(on_server([this] { return exams.exam_id; }) == "501");
    BOOST_TEST(contains(client.ask(get("/api/mock-exams/50%2F1/capacity")).body, "INVALID_PATH"));
    BOOST_TEST(client.ask(get("/api/mock-exams/\xff/capacity")).status == 400);
    BOOST_TEST(client.ask(get("/api/bookings/list?student_id=ANN1&email=ann%40example.org")).status == 200);
    BOOST_TEST(client.ask(get("/api/bookings/list?student_id=ANN1&email=\xff")).status == 400);
    BOOST_TEST(client.ask(get("/api/bookings/list?x=" + std::string(5000, 'x'))).status == 400);
    BOOST_TEST(client.ask(get("/api/bookings/701?student_id=ANN1&email=ann@example.org")).status == 200);
    BOOST_TEST(client.ask("DELETE /api/bookings/list HTTP/1.1\r\nHost: x\r\n\r\n").header("Allow") ==
               "GET, HEAD, OPTIONS");
}

BOOST_AUTO_TEST_CASE(what_a_path_does_not_do) {
    application_params.cors_origins = {"https://book.example.org"};
    start();
    Client client{*this};
    BOOST_TEST(client.ask(get("/nowhere")).status == 404);
    const auto wrong = client.ask("DELETE /api/user/login HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(wrong.status == 405);
    BOOST_TEST(wrong.header("Allow") == "POST, OPTIONS");
    const auto preflight =
        client.ask("OPTIONS /api/user/login HTTP/1.1\r\nHost: x\r\nOrigin: https://book.example.org\r\n\r\n");
    BOOST_TEST(preflight.status == 204);
    BOOST_TEST(preflight.header("Access-Control-Allow-Origin") == "https://book.example.org");
    BOOST_TEST(preflight.header("Content-Length").empty());
    BOOST_TEST(client.ask(get("http://test/livez?x=1")).status == 200);
}

BOOST_AUTO_TEST_CASE(malformed_json_and_wrong_types_are_400_on_a_kept_connection) {
    start();
    Client client{*this};
    BOOST_TEST(contains(client.ask(post("/api/user/login", "{\"student_id\":")).body, "INVALID_JSON"));
    const auto answer = client.ask(post("/api/user/login", R"({"student_id":1,"email":{}})"));
    BOOST_TEST(answer.status == 400);
    BOOST_TEST(contains(answer.body, R"(["student_id must be a string","email must be a string"])"));
    BOOST_TEST(client.ask(ann_logs_in).status == 200);
}

BOOST_AUTO_TEST_CASE(an_oversized_body_is_413_whether_announced_or_not) {
    server_params.body_limit = 1000;
    server_params.body_limits = {{"/api/webhooks/hubspot", 2000}};
    start();
    {
        Client client{*this};
        client.try_send(post("/api/user/login", std::string(1'000'000, ' ')));
        BOOST_TEST(client.receive().status == 413);
        client.half_close();
        BOOST_TEST(client.at_end());
    }
    {
        Client client{*this};
        client.send("POST /api/user/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.try_send("3e9\r\n" + std::string(1001, ' ') + "\r\n");
        const auto answer = client.receive();
        BOOST_TEST(answer.status == 413);
        BOOST_TEST(contains(answer.body, R"("code":"PAYLOAD_TOO_LARGE")"));
        BOOST_TEST(answer.header("Connection") == "close");
    }
    {
        // Where that was said, the limit is another one.
        Client client{*this};
        const auto roomy = client.ask(post("/api/webhooks/hubspot?x=1", std::string(2000, ' ')));
        BOOST_TEST(contains(roomy.body, "WEBHOOKS_DISABLED"));
        client.try_send(post("/api/webhooks/hubspot", std::string(2001, ' ')));
        BOOST_TEST(client.receive().status == 413);
    }
    Client client{*this};
    std::string body = R"({"student_id":"ANN1","email":"ann@example.org"})";
    body.resize(1000, ' ');
    BOOST_TEST(client.ask(post("/api/user/login", body)).status == 200);
}

BOOST_AUTO_TEST_CASE(huge_headers_are_431) {
    server_params.header_limit = 2048;
    start();
    for (const auto& headers : {"X-Long: " + std::string(100'000, 'a') + "\r\n", [] {
                                    std::string many;
                                    for (int i = 0; i < 5000; ++i)
                                        many += "X: y\r\n";
                                    return many;
                                }()}) {
        Client client{*this};
        client.try_send(get("/livez", headers));
        const auto answer = client.receive();
        BOOST_TEST(answer.status == 431);
        BOOST_TEST(answer.header("Connection") == "close");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_400) {
    start();
    for (const auto* text : {"nonsense\r\n\r\n", "GET /livez HTTP/3.7\r\n\r\n", "GET  /livez HTTP/1.1\r\n\r\n",
                             "GET /livez HTTP/1.1\r\nbad header\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                             "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
        Client client{*this};
        client.send(text);
        const auto answer = client.receive();
        BOOST_TEST(answer.status == 400, text);
        BOOST_TEST(contains(answer.body, R"("success":false)"));
        client.half_close();
        BOOST_TEST(client.at_end());
    }
}

BOOST_AUTO_TEST_CASE(a_slow_request_is_408_and_a_silent_connection_closed) {
    server_params.request_timeout = 50ms;
    start();
    for (const auto* piece : {"GET /li", "POST /api/user/login HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"}) {
        Client client{*this};
        client.send(piece);
        const auto answer = client.receive();
        BOOST_TEST(answer.status == 408, piece);
        client.half_close();
        BOOST_TEST(client.at_end());
    }
}

BOOST_AUTO_TEST_CASE(a_silent_connection_is_closed) {
    server_params.idle_timeout = 50ms;
    start();
    Client never{*this};
    BOOST_TEST(never.at_end());
    Client once{*this};
    BOOST_TEST(once.ask(get("/livez")).status == 200);
    BOOST_TEST(once.at_end());
}

BOOST_AUTO_TEST_CASE(a_client_that_expects_continue_gets_it_before_the_body) {
    start();
    Client client{*this};
    const std::string body = R"({"student_id":"ANN1","email":"ann@example.org"})";
    client.send("POST /api/user/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    BOOST_TEST(client.receive().status == 100);
    client.send(body);
    BOOST_TEST(client.receive().status == 200);
}

BOOST_AUTO_TEST_CASE(old_clients_and_those_that_ask_for_it_are_closed_after_the_answer) {
    start();
    for (const auto* text : {"GET /livez HTTP/1.0\r\n\r\n", "GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
        Client client{*this};
        const auto answer = client.ask(text);
        BOOST_TEST(answer.status == 200);
        BOOST_TEST(answer.header("Connection") == "close");
        client.half_close();
        BOOST_TEST(client.at_end());
    }
}

BOOST_AUTO_TEST_CASE(one_client_over_the_rate_is_429_and_another_is_not) {
    application_params.rate_limit.per_second = 1;
    application_params.rate_limit.burst = 2;
    server_params.trusted_proxies = {*Network::parse("127.0.0.0/8")};
    start();
    Client client{*this};
    const auto from = [&](std::string_view address) {
        std::string headers{"X-Forwarded-For: 203.0.113.99, "};
        headers.append(address).append("\r\n");
        return client.ask(post("/api/user/login", R"({"student_id":"ANN1","email":"ann@example.org"})", headers));
    };
    BOOST_TEST(from("198.51.100.1").status == 200);
    BOOST_TEST(from("198.51.100.1").status == 200);
    const auto refused = from("198.51.100.1");
    BOOST_TEST(refused.status == 429);
    BOOST_TEST(std::stoi(refused.header("Retry-After")) > 0);
    BOOST_TEST(contains(refused.body, "\"retryAfter\":" + refused.header("Retry-After")));
    BOOST_TEST(from("198.51.100.2").status == 200);
}

// D10 as a client sees it.
BOOST_AUTO_TEST_CASE(d10_a_failed_read_is_503_never_zero_credits_never_404) {
    start();
    on_server([this] { students.fail_with(understudy::Errc::unavailable); });
    Client client{*this};
    for (const auto* path :
         {"/api/user/login", "/api/mock-exams/validate-credits", "/api/mock-discussions/validate-credits"}) {
        const auto answer = client.ask(
            post(path, R"({"student_id":"ANN1","email":"ann@example.org","mock_type":"Situational Judgment"})"));
        BOOST_TEST(answer.status == 503, path);
        BOOST_TEST(contains(answer.body, R"("code":"SOURCE_UNAVAILABLE")"));
        BOOST_TEST(!contains(answer.body, "credits"));
        BOOST_TEST(std::stoi(answer.header("Retry-After")) > 0);
    }
}

BOOST_AUTO_TEST_CASE(an_idle_connection_makes_room_and_busy_ones_do_not) {
    server_params.connection_limit = 2;
    start();
    Client idle{*this};
    BOOST_TEST(idle.ask(get("/livez")).status == 200);
    Client second{*this};
    BOOST_TEST(second.ask(get("/livez")).status == 200);
    Client third{*this};
    BOOST_TEST(idle.at_end());
    BOOST_TEST(third.ask(get("/livez")).status == 200);

    on_server([this] { students.hold(); });
    second.send(ann_logs_in);
    third.send(ann_logs_in);
    until([this] { return students.waiting() == 2; });
    Client waits{*this};
    waits.send(get("/livez"));
    on_server([this] { students.release(); });
    BOOST_TEST(second.receive().status == 200);
    BOOST_TEST(third.receive().status == 200);
    BOOST_TEST(waits.receive().status == 200);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_is_500_and_nothing_leaks) {
    server.emplace(
        context, server_params, [](const Request&, Respond) { throw std::runtime_error{"secret of the house"}; }, log);
    port = server->listen();
    thread = std::thread{[this] { context.run(); }};
    Client client{*this};
    const auto answer = client.ask(get("/livez"));
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(!contains(answer.body, "secret"));
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_before_the_answer_harms_nobody) {
    start();
    on_server([this] { students.hold(); });
    {
        Client leaves{*this};
        leaves.send(ann_logs_in);
        until([this] { return students.waiting() == 1; });
    }
    on_server([this] { students.release(); });
    Client stays{*this};
    BOOST_TEST(stays.ask(ann_logs_in).status == 200);
}

BOOST_AUTO_TEST_CASE(stopping_answers_what_has_begun_and_closes_the_rest) {
    start();
    Client idle{*this};
    BOOST_TEST(idle.ask(get("/readyz")).status == 200);
    on_server([this] { students.hold(); });
    Client busy{*this};
    busy.send(ann_logs_in);
    until([this] { return students.waiting() == 1; });
    Client sending{*this};
    sending.send("GET /readyz HT");
    until([this] { return server->connections() == 3; });

    auto done = stop();
    BOOST_TEST(idle.at_end());
    sending.send("TP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(sending.receive().status == 503);
    boost::system::error_code refused;
    asio::io_context other;
    tcp::socket late{other};
    late.connect({asio::ip::address_v4::loopback(), port}, refused);
    BOOST_TEST(refused == asio::error::connection_refused);
    BOOST_TEST((done.wait_for(0s) == std::future_status::timeout));

    on_server([this] { students.release(); });
    const auto answer = busy.receive();
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.header("Connection") == "close");
    busy.half_close();
    sending.half_close();
    done.get();
    thread.join();
}

BOOST_AUTO_TEST_CASE(stopping_with_nothing_open_is_done_at_once) {
    start();
    stop().get();
    thread.join();
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_an_error_at_start) {
    start();
    HttpServerParams same;
    same.port = port;
    asio::io_context other;
    HttpServer second{other, same, {}, log};
    BOOST_CHECK_THROW(second.listen(), boost::system::system_error);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

const TokenMaker& published() {
    static const auto maker = TokenMaker::es256("ec-1");
    return maker;
}

// A project that publishes a key, and the client that fetches it, on one thread.
struct Project {
    Log log = Log::silent();
    asio::io_context context{1};
    unsigned status = 200;
    std::string path;
    std::string authorization;
    std::optional<HttpServer> server;
    AdminParams params;

    Project() {
        HttpServerParams server_params;
        server_params.port = 0;
        server.emplace(
            context, server_params,
            [this](const Request& request, Respond respond) {
                path = request.path;
                authorization = request.authorization;
                auto response = admin_error(status, "", "");
                response.body =
                    boost::json::serialize(boost::json::object{{"keys", boost::json::array{published().public_jwk()}}});
                respond(std::move(response));
            },
            log);
        params.supabase_url = "http://127.0.0.1:" + std::to_string(server->listen());
    }
    ~Project() {
        server->abort();
        context.restart();
        context.poll();
    }

    KeySet::Answer find(KeySet& keys, std::string kid) {
        std::optional<KeySet::Answer> found;
        keys.find(std::move(kid), [&](KeySet::Answer answer) { found = std::move(answer); });
        while (!found && context.run_one() > 0) {
        }
        return found.value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(key_fetch_suite, Project)

BOOST_AUTO_TEST_CASE(keys_come_from_where_the_project_publishes_them) {
    KeySet keys{fetch_keys_from(context.get_executor(), params), log};
    BOOST_TEST(std::get<VerificationKey>(find(keys, "ec-1")).algorithm == "ES256");
    BOOST_TEST(path == "/auth/v1/.well-known/jwks.json");
    BOOST_TEST(authorization == "");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_none_gives_no_keys) {
    status = 500;
    KeySet keys{fetch_keys_from(context.get_executor(), params), log};
    BOOST_TEST(std::holds_alternative<KeySet::Unavailable>(find(keys, "ec-1")));
}

BOOST_AUTO_TEST_CASE(a_project_that_is_not_there_gives_no_keys) {
    server->abort();
    server.emplace(
        context, HttpServerParams{}, [](const Request&, const Respond&) {}, log);
    KeySet keys{fetch_keys_from(context.get_executor(), params), log};
    BOOST_TEST(std::holds_alternative<KeySet::Unavailable>(find(keys, "ec-1")));
}

BOOST_AUTO_TEST_CASE(nothing_is_fetched_where_no_project_is_named) {
    BOOST_TEST(!fetch_keys_from(context.get_executor(), AdminParams{}));
}

BOOST_AUTO_TEST_CASE(what_a_caller_shows_reaches_the_application) {
    understudy::http::Params client_params;
    client_params.origin = params.supabase_url;
    understudy::http::Client client{context.get_executor(), client_params};
    understudy::http::Request request;
    request.headers.push_back({"Authorization", "Bearer shown"});
    bool answered = false;
    client.async_request(request, std::chrono::seconds{5},
                         [&](const boost::system::error_code& error, const understudy::http::Answer&) {
                             BOOST_TEST(!error);
                             answered = true;
                         });
    while (!answered && context.run_one() > 0) {
    }
    BOOST_TEST(authorization == "Bearer shown");
}

BOOST_AUTO_TEST_SUITE_END()
