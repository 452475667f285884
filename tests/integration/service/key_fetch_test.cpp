#include "key_fetch.hpp"

#include "admin_responses.hpp"
#include "http_server.hpp"
#include "token_maker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

using namespace service;
namespace asio = boost::asio;

namespace {

const TokenMaker& published() {
    static const auto maker = TokenMaker::es256("ec-1");
    return maker;
}

// A project that publishes a key, and the client that fetches it, on one thread.
struct Fixture {
    Log log = Log::silent();
    asio::io_context context{1};
    unsigned status = 200;
    std::string path;
    std::string authorization;
    std::optional<HttpServer> server;
    AdminParams params;

    Fixture() {
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
    ~Fixture() {
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

BOOST_FIXTURE_TEST_SUITE(key_fetch_suite, Fixture)

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
