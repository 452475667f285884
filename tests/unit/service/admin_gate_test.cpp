#include "admin_gate.hpp"

#include "scripted_keys.hpp"
#include "token_maker.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace service;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr std::string_view cron_secret = "the-secret-of-the-timed-jobs";

const TokenMaker& shared() {
    static const auto maker = TokenMaker::hs256(sample::secret);
    return maker;
}
const TokenMaker& rsa() {
    static const auto maker = TokenMaker::rs256("rsa-1");
    return maker;
}
const TokenMaker& ec() {
    static const auto maker = TokenMaker::es256("ec-1");
    return maker;
}

std::string bearer(std::string_view token) {
    return "Bearer " + std::string{token};
}

std::string token_with(std::initializer_list<json::value_ref> permissions, const TokenMaker& maker = shared()) {
    return maker(sample::claims_with("permissions", json::array(permissions)));
}

struct Fixture {
    ScriptedKeys published;
    AdminParams params;
    std::optional<AdminGate> gate;
    int answers = 0;
    std::optional<AdminCaller> caller;
    Response response;

    Fixture() {
        published.publish({rsa(), ec()});
        params.supabase_url = "https://project.supabase.co";
        params.issuer = sample::issuer;
        params.jwt_secret = sample::secret;
        params.cron_secret = cron_secret;
    }

    // The status of the refusal; 0 of who is let in.
    unsigned ask(std::string_view authorization, Access access = Access::exams_edit) {
        if (!gate)
            gate.emplace(params, published.keys,
                         [] { return understudy::Timestamp{std::chrono::seconds{sample::now}}; });
        caller.reset();
        response = Response{};
        response.status = 0;
        gate->admit(authorization, access, [this](AdminGate::Admission admission) {
            ++answers;
            if (auto* let_in = std::get_if<AdminCaller>(&admission))
                caller = std::move(*let_in);
            else
                response = std::get<Response>(std::move(admission));
        });
        return response.status;
    }
    std::string header(std::string_view name) const {
        const auto& all = response.headers;
        const auto at = std::ranges::find(all, name, [](const auto& one) { return one.first; });
        return at == all.end() ? "" : at->second;
    }
    std::string code() const {
        const auto body = json::parse(response.body);
        BOOST_TEST(body.at("success") == false);
        BOOST_TEST(!body.at("error").at("message").as_string().empty());
        return std::string{body.at("error").at("code").as_string()};
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(admin_gate_suite, Fixture)

BOOST_AUTO_TEST_CASE(each_admin_endpoint_has_its_permission) {
    struct Row {
        std::string_view endpoint;
        Access access;
        std::string_view permission;
    };
    const Row rows[] = {
        {"POST /api/admin/sync/force-supabase", Access::exams_edit, "exams.edit"},
        {"PATCH /api/admin/mock-exams/:id/cancel-bookings", Access::bookings_batch_cancel, "bookings.batch_cancel"},
        {"POST /api/admin/bookings/batch-cancel", Access::bookings_batch_cancel, "bookings.batch_cancel"},
        {"POST /api/admin/bookings/create", Access::bookings_create, "bookings.create"},
        {"POST /api/admin/mock-exams/:id/attendance", Access::bookings_cancel, "bookings.cancel"},
        {"POST /api/admin/mock-exams/create", Access::exams_create, "exams.create"},
        {"PATCH /api/admin/mock-exams/:id", Access::exams_edit, "exams.edit"},
        {"DELETE /api/admin/mock-exams/:id", Access::exams_delete, "exams.delete"},
        {"PATCH /api/admin/trainees/:contactId/tokens", Access::contacts_tokens, "contacts.tokens"},
    };
    json::array all;
    for (const auto& row : rows)
        all.emplace_back(row.permission);
    for (const auto& row : rows) {
        BOOST_TEST(permission_of(row.access) == row.permission, row.endpoint);
        BOOST_TEST(ask("", row.access) == 401u, row.endpoint);
        BOOST_TEST(ask(bearer("garbage"), row.access) == 401u, row.endpoint);
        BOOST_TEST(ask(bearer(cron_secret), row.access) == 401u, row.endpoint);
        BOOST_TEST(ask(bearer(shared()(sample::claims())), row.access) == 403u, row.endpoint);
        BOOST_TEST(ask(bearer(token_with({row.permission})), row.access) == 0u, row.endpoint);
        BOOST_TEST(caller.value().subject == "8ccaa7af-909f-44e7-84cb-67cdccb56be6");
        json::array others;
        for (const auto& other : rows)
            if (other.permission != row.permission)
                others.emplace_back(other.permission);
        BOOST_TEST(ask(bearer(shared()(sample::claims_with("permissions", others))), row.access) == 403u, row.endpoint);
    }
    for (const auto* endpoint : {"/api/admin/cron/sync-supabase", "/api/admin/cron/activate-scheduled-exams"}) {
        BOOST_TEST(ask("", Access::cron) == 401u, endpoint);
        BOOST_TEST(ask(bearer(shared()(sample::claims_with("permissions", all))), Access::cron) == 401u, endpoint);
        BOOST_TEST(ask(bearer(cron_secret), Access::cron) == 0u, endpoint);
        BOOST_TEST(caller.value().subject == "cron");
    }
}

BOOST_AUTO_TEST_CASE(refusals_have_the_form_of_admin_answers) {
    BOOST_TEST(ask("") == 401u);
    BOOST_TEST(code() == "UNAUTHORIZED");
    BOOST_TEST(header("WWW-Authenticate") == "Bearer");
    BOOST_TEST(response.reason == "no_token");
    BOOST_TEST(ask(bearer(shared()(sample::claims_with("exp", 1)))) == 401u);
    BOOST_TEST(code() == "UNAUTHORIZED");
    BOOST_TEST(header("WWW-Authenticate") == "Bearer");
    BOOST_TEST(response.reason == "expired");
    BOOST_TEST(ask(bearer(token_with({"exams.create"}))) == 403u);
    BOOST_TEST(code() == "FORBIDDEN");
    BOOST_TEST(ask(bearer("wrong"), Access::cron) == 401u);
    BOOST_TEST(header("WWW-Authenticate") == "Bearer");
}

BOOST_AUTO_TEST_CASE(the_scheme_is_bearer) {
    const auto token = token_with({"exams.edit"});
    for (const auto* scheme : {"Bearer ", "bearer ", "BEARER ", "Bearer   "})
        BOOST_TEST(ask(scheme + token) == 0u, scheme);
    for (const auto* scheme : {"", "Basic ", "Bearer", "Bearer\t", "Bearer: ", "Token Bearer ", " Bearer "}) {
        BOOST_TEST(ask(scheme + token) == 401u, scheme);
        BOOST_TEST(response.reason == "no_token", scheme);
    }
    for (const auto* nothing : {"Bearer", "Bearer ", "Bearer    ", "B"})
        BOOST_TEST(ask(nothing) == 401u, nothing);
    BOOST_TEST(ask("Bearer " + token + " " + token) == 401u);
}

BOOST_AUTO_TEST_CASE(published_keys_verify_and_none_else) {
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, rsa()))) == 0u);
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec()))) == 0u);
    BOOST_TEST(published.fetches == 1);
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, TokenMaker::es256("ec-1")))) == 401u);
    BOOST_TEST(response.reason == "signature");
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec().with_kid("ec-2")))) == 401u);
    BOOST_TEST(response.reason == "unknown_key");
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec().with_kid("")))) == 401u);
    BOOST_TEST(response.reason == "unknown_key");
    // A key under the name of another.
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec().with_kid("rsa-1")))) == 401u);
    BOOST_TEST(response.reason == "algorithm");
}

BOOST_AUTO_TEST_CASE(a_published_key_is_no_secret) {
    params.jwt_secret.clear();
    for (const auto& known_to_all :
         {json::serialize(rsa().public_jwk()), std::string{rsa().public_jwk().at("n").as_string()}}) {
        const auto forged = token_with({"exams.edit"}, TokenMaker::hs256(known_to_all).with_kid("rsa-1"));
        BOOST_TEST(ask(bearer(forged)) == 401u);
        BOOST_TEST(response.reason == "algorithm");
    }
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}))) == 401u);
    BOOST_TEST(published.fetches == 0);
}

BOOST_AUTO_TEST_CASE(what_no_key_could_verify_is_no_reason_to_fetch_keys) {
    for (const auto* algorithm : {"none", "EdDSA", "RS512"}) {
        const auto header = encoded(R"({"kid":"new","alg":")" + std::string{algorithm} + R"("})");
        BOOST_TEST(ask(bearer(header + "." + encoded(json::serialize(sample::claims())) + ".AA")) == 401u, algorithm);
        BOOST_TEST(response.reason == "algorithm", algorithm);
    }
    BOOST_TEST(published.fetches == 0);
}

BOOST_AUTO_TEST_CASE(a_secret_alone_asks_nobody_for_keys) {
    params.supabase_url.clear();
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}))) == 0u);
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec()))) == 401u);
    BOOST_TEST(response.reason == "algorithm");
    BOOST_TEST(published.fetches == 0);
}

BOOST_AUTO_TEST_CASE(a_caller_waits_for_the_keys) {
    published.hold();
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec()))) == 0u);
    BOOST_TEST(answers == 0);
    published.release();
    BOOST_TEST(answers == 1);
    BOOST_TEST(caller.has_value());
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_be_had_are_not_the_callers_fault) {
    published.fail();
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}, ec()))) == 503u);
    BOOST_TEST(code() == "AUTHENTICATION_UNAVAILABLE");
    BOOST_TEST(header("Retry-After") == "30");
    BOOST_TEST(ask(bearer(token_with({"exams.edit"}))) == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_not_configured_lets_nobody_in) {
    params = AdminParams{};
    for (const auto access : {Access::cron, Access::exams_edit})
        for (const auto& shown : {std::string{}, bearer(""), bearer("x"), bearer(token_with({"exams.edit"})),
                                  bearer(TokenMaker::hs256("x")(sample::claims_with("permissions", {"exams.edit"})))}) {
            BOOST_TEST(ask(shown, access) == 503u, shown);
            BOOST_TEST(code() == "ADMIN_DISABLED");
        }
    BOOST_TEST(published.fetches == 0);
}

BOOST_AUTO_TEST_CASE(the_cron_secret_is_compared_whole) {
    const std::string secret{cron_secret};
    for (const auto& wrong : {secret.substr(0, 8), secret + "x", secret.substr(1), "X" + secret.substr(1),
                              secret.substr(0, secret.size() - 1) + "X", secret + " ", std::string{"x"}})
        BOOST_TEST(ask(bearer(wrong), Access::cron) == 401u, wrong);
}

BOOST_AUTO_TEST_CASE(nothing_that_is_shown_is_told) {
    const std::string tokens[] = {token_with({"exams.create"}), shared()(sample::claims_with("exp", 1)),
                                  token_with({}, ec().with_kid("not-there")), "the-wrong-secret-of-somebody"};
    for (const auto& token : tokens)
        for (const auto access : {Access::exams_edit, Access::cron}) {
            ask(bearer(token), access);
            for (const auto& text : {response.body, response.reason})
                for (const auto& secret :
                     {token, std::string{cron_secret}, std::string{sample::secret}, token.substr(token.rfind('.') + 1)})
                    BOOST_TEST(text.find(secret) == std::string::npos);
        }
}

BOOST_AUTO_TEST_SUITE_END()
