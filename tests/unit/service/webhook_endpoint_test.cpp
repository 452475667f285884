#include "webhook_endpoint.hpp"

#include "answered.hpp"
#include "scripted_hints.hpp"
#include "support/webhook_signer.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace service;
using namespace std::chrono_literals;

namespace {

using Ids = std::vector<std::string>;

constexpr std::string_view secret = "0123-the-secret-of-the-app";
constexpr std::string_view change_of_7 =
    R"([{"subscriptionType":"contact.propertyChange","objectId":7,"propertyName":"sj_credits","propertyValue":"99"}])";

struct Sink final : MetricSink {
    void counter(std::string_view name, std::string_view, double value, Labels labels) override {
        counts[std::string{name} + " " + std::string{labels.begin()->second}] = value;
    }
    void gauge(std::string_view, std::string_view, double, Labels) override {}

    std::map<std::string, double> counts;
};

struct Fixture {
    WebhookParams params{{std::string{secret}}, "https://book.example.org/understudy", 4s};
    ScriptedHints desk;
    Log log = Log::silent();
    understudy::Timestamp now{std::chrono::milliseconds{1'790'000'000'000}};
    std::optional<WebhookEndpoint> made;
    Answered answer;
    std::string address = "https://book.example.org/understudy/api/webhooks/hubspot";
    std::string_view query;

    WebhookEndpoint& endpoint() {
        if (!made)
            made.emplace(params, SourceTypes{}, desk, log, [this] { return now; });
        return *made;
    }
    Request request(std::string_view body, std::string_view with = secret) {
        Request made_request;
        made_request.method = Method::post;
        made_request.path = "/api/webhooks/hubspot";
        made_request.query = query;
        made_request.body = body;
        made_request.signed_at = std::to_string(now.time_since_epoch().count());
        const auto uri = address + (query.empty() ? "" : "?" + std::string{query});
        made_request.signature = tests::signature_v3(with, "POST", uri, body, made_request.signed_at);
        return made_request;
    }
    unsigned receive(const Request& received) {
        answer = {};
        endpoint().receive(received, answer.respond());
        BOOST_TEST(answer.times == (desk.waits ? 0 : 1));
        return answer.response.status;
    }
    unsigned deliver(std::string_view body) { return receive(request(body)); }
    double count(const std::string& what) {
        Sink sink;
        endpoint().collect(sink);
        return sink.counts[what];
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(webhook_endpoint, Fixture)

BOOST_AUTO_TEST_CASE(what_a_delivery_names_is_hinted_at) {
    BOOST_TEST(deliver(change_of_7) == 204u);
    BOOST_TEST(answer.response.body.empty());
    BOOST_TEST_REQUIRE(desk.told.size() == 1u);
    BOOST_TEST((desk.told[0].contacts == Ids{"7"}));
    BOOST_TEST((desk.told[0].exams.empty() && desk.told[0].bookings.empty()));
    BOOST_TEST((desk.timeout == 4s));
    BOOST_TEST(count("webhook_events_total changed") == 1);
    BOOST_TEST(count("webhook_deliveries_total hinted") == 1);
}

BOOST_AUTO_TEST_CASE(each_type_gets_its_own_hints_whatever_happened) {
    BOOST_TEST(deliver(R"([{"subscriptionType":"object.creation","objectTypeId":"2-50158913","objectId":1},)"
                       R"({"subscriptionType":"object.deletion","objectTypeId":"2-50158943","objectId":2},)"
                       R"({"subscriptionType":"object.restore","objectTypeId":"0-1","objectId":"3"},)"
                       R"({"subscriptionType":"contact.privacyDeletion","objectId":4},)"
                       R"({"subscriptionType":"object.merge","objectTypeId":"0-1","primaryObjectId":5,)"
                       R"("mergedObjectIds":[6],"newObjectId":8}])") == 204u);
    BOOST_TEST_REQUIRE(desk.told.size() == 1u);
    BOOST_TEST((desk.told[0].exams == Ids{"1"}));
    BOOST_TEST((desk.told[0].bookings == Ids{"2"}));
    BOOST_TEST((desk.told[0].contacts == Ids{"3", "4", "8", "5", "6"}));
    for (const std::string kind : {"created", "deleted", "restored", "erased", "merged"})
        BOOST_TEST(count("webhook_events_total " + kind) == 1, kind);
}

BOOST_AUTO_TEST_CASE(an_association_of_a_booking_concerns_the_sets_at_its_other_end) {
    BOOST_TEST(deliver(R"([{"subscriptionType":"object.associationChange","fromObjectTypeId":"0-1",)"
                       R"("toObjectTypeId":"2-50158943","fromObjectId":7,"toObjectId":20},)"
                       R"({"subscriptionType":"object.associationChange","fromObjectTypeId":"2-50158943",)"
                       R"("toObjectTypeId":"2-50158913","fromObjectId":20,"toObjectId":30},)"
                       R"({"subscriptionType":"object.associationChange","fromObjectTypeId":"2-50158913",)"
                       R"("toObjectTypeId":"2-50158913","fromObjectId":31,"toObjectId":32}])") == 204u);
    BOOST_TEST_REQUIRE(desk.told.size() == 1u);
    const auto& told = desk.told[0];
    BOOST_TEST((told.contacts == Ids{"7"}));
    BOOST_TEST((told.bookings == Ids{"20", "20"}));
    BOOST_TEST((told.exams == Ids{"30", "31", "32"}));
    BOOST_TEST_REQUIRE(told.links_to_contacts.size() == 1u);
    BOOST_TEST((told.links_to_contacts[0].booking_id == "20" && told.links_to_contacts[0].parent_id == "7"));
    BOOST_TEST_REQUIRE(told.links_to_exams.size() == 1u);
    BOOST_TEST((told.links_to_exams[0].booking_id == "20" && told.links_to_exams[0].parent_id == "30"));
    BOOST_TEST(count("webhook_events_total associated") == 6);
}

BOOST_AUTO_TEST_CASE(what_is_not_mirrored_is_counted_and_skipped) {
    BOOST_TEST(deliver(R"([{"subscriptionType":"company.creation","objectId":1},)"
                       R"({"subscriptionType":"conversation.creation","objectId":1},)"
                       R"({"subscriptionType":"contact.creation"}])") == 204u);
    BOOST_TEST(deliver("[]") == 204u);
    BOOST_TEST(desk.told.empty());
    for (const std::string kind : {"other_type", "unknown", "unreadable"})
        BOOST_TEST(count("webhook_events_total " + kind) == 1, kind);
}

BOOST_AUTO_TEST_CASE(it_is_answered_when_the_hints_are_stored) {
    desk.waits = true;
    deliver(change_of_7);
    BOOST_TEST(answer.times == 0);
    desk.waiting({});
    BOOST_TEST(answer.times == 1);
    BOOST_TEST(answer.response.status == 204u);
}

BOOST_AUTO_TEST_CASE(hints_that_cannot_be_stored_are_asked_for_again) {
    for (const auto error : {understudy::Errc::unavailable, understudy::Errc::deadline_exceeded}) {
        desk.error = error;
        BOOST_TEST(deliver(change_of_7) == 503u);
        BOOST_TEST(answer.code() == "REPLICA_UNAVAILABLE");
    }
    BOOST_TEST(count("webhook_deliveries_total failed") == 2);
    desk.error = {};
    BOOST_TEST(deliver(change_of_7) == 204u);
}

BOOST_AUTO_TEST_CASE(a_replay_is_the_same_hint_again) {
    const auto recorded = request(change_of_7);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(receive(recorded) == 204u);
    BOOST_TEST(desk.told.size() == 3u);
    BOOST_TEST((desk.told[2].contacts == Ids{"7"}));
}

BOOST_AUTO_TEST_CASE(whoever_is_not_believed_hints_at_nothing_and_is_not_told_why) {
    const auto right = request(change_of_7);
    std::string refusal;
    const auto check = [&](const Request& wrong, const std::string& reason) {
        const auto before = count("webhook_refused_total " + reason);
        BOOST_TEST(receive(wrong) == 401u, reason);
        BOOST_TEST(count("webhook_refused_total " + reason) == before + 1);
        BOOST_TEST(answer.response.reason.empty());
        if (refusal.empty())
            refusal = answer.response.body;
        BOOST_TEST(answer.response.body == refusal);
    };
    check(request(change_of_7, "another-secret-0123456789"), "wrong_signature");
    auto wrong = right;
    wrong.body = R"([{"subscriptionType":"contact.propertyChange","objectId":8}])";
    check(wrong, "wrong_signature");
    wrong = right;
    wrong.query = "a=b";
    check(wrong, "wrong_signature");
    wrong = right;
    wrong.method = Method::put;
    check(wrong, "wrong_signature");
    wrong = right;
    wrong.signature.clear();
    check(wrong, "missing_signature");
    wrong = right;
    wrong.signature += "," + right.signature;
    check(wrong, "garbled_signature");
    wrong = right;
    wrong.signed_at.clear();
    check(wrong, "missing_timestamp");
    now += 5min + 1ms;
    check(right, "too_old");
    now -= 7min;
    check(right, "too_new");
    BOOST_TEST(desk.told.empty());
}

BOOST_AUTO_TEST_CASE(the_address_is_the_one_that_hubspot_calls) {
    query = "src=hs%3Aapp";
    address = "https://book.example.org/understudy/api/webhooks/hubspot";
    auto asked = request(change_of_7);
    asked.signature = tests::signature_v3(secret, "POST", address + "?src=hs:app", change_of_7, asked.signed_at);
    BOOST_TEST(receive(asked) == 204u);
    address = "http://127.0.0.1:8080/api/webhooks/hubspot";
    BOOST_TEST(deliver(change_of_7) == 401u);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_delivery_is_refused) {
    for (const std::string_view body : {"", "{}", "[7]", "not json"})
        BOOST_TEST(deliver(body) == 400u, body);
    BOOST_TEST(desk.told.empty());
    BOOST_TEST(count("webhook_refused_total malformed_body") == 4);
}

BOOST_AUTO_TEST_CASE(without_a_secret_nobody_is_let_in) {
    params.secrets.clear();
    BOOST_TEST(deliver(change_of_7) == 503u);
    BOOST_TEST(answer.code() == "WEBHOOKS_DISABLED");
    BOOST_TEST(!endpoint().enabled());
    BOOST_TEST(desk.told.empty());
}

BOOST_AUTO_TEST_CASE(the_secret_before_and_the_next_one_are_both_good) {
    params.secrets.emplace_back("the-next-secret-0123456789");
    BOOST_TEST(deliver(change_of_7) == 204u);
    BOOST_TEST(receive(request(change_of_7, "the-next-secret-0123456789")) == 204u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(webhook_params)

namespace {

struct Read {
    std::vector<std::string> problems;
    WebhookParams params;

    explicit Read(const std::map<std::string, std::string, std::less<>>& values)
        : params{read_webhook_params(
              [&](std::string_view name) -> std::optional<std::string> {
                  const auto found = values.find(name);
                  return found == values.end() ? std::nullopt : std::optional{found->second};
              },
              problems)} {}
};

} // namespace

BOOST_AUTO_TEST_CASE(webhooks_are_not_required) {
    for (const Read& none : {Read{{}}, Read{{{"HUBSPOT_WEBHOOK_SECRET", ""}, {"PUBLIC_URL", ""}}},
                             Read{{{"PUBLIC_URL", "https://a.example.org"}}}}) {
        BOOST_TEST(none.problems.empty());
        BOOST_TEST(none.params.secrets.empty());
    }
}

BOOST_AUTO_TEST_CASE(secrets_are_separated_by_commas_and_the_address_ends_without_a_slash) {
    const std::string one(16, 'a');
    const std::string other(36, 'b');
    const Read both{{{"HUBSPOT_WEBHOOK_SECRET", one + "," + other}, {"PUBLIC_URL", "https://a.example.org/x//"}}};
    BOOST_TEST(both.problems.empty());
    BOOST_TEST((both.params.secrets == Ids{one, other}));
    BOOST_TEST(both.params.public_url == "https://a.example.org/x");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_without_the_secret) {
    for (const std::string wrong : {"hunter2", "hunter2 hunter2 hunter2", "hunter2hunter2hunter2,",
                                    "hunter2hunter2hunter2,,x", "hunter2hunter2hunter2\n"}) {
        const Read found{{{"HUBSPOT_WEBHOOK_SECRET", wrong}, {"PUBLIC_URL", "https://a.example.org"}}};
        if (wrong == "hunter2hunter2hunter2,")
            BOOST_TEST(found.problems.empty());
        else
            BOOST_TEST_REQUIRE(found.problems.size() == 1u, wrong);
        for (const auto& problem : found.problems)
            BOOST_TEST((problem.starts_with("HUBSPOT_WEBHOOK_SECRET ") && problem.find("hunter2") == problem.npos));
    }
    const Read homeless{{{"HUBSPOT_WEBHOOK_SECRET", std::string(20, 'a')}}};
    BOOST_TEST_REQUIRE(homeless.problems.size() == 1u);
    BOOST_TEST((homeless.problems[0].find("PUBLIC_URL") != std::string::npos));
    for (const std::string url :
         {"a.example.org", "ftp://a.example.org", "https://u:hunter2@a.example.org", "https://a.example.org/?x"}) {
        const Read found{{{"PUBLIC_URL", url}}};
        BOOST_TEST_REQUIRE(found.problems.size() == 1u, url);
        BOOST_TEST(
            (found.problems[0].starts_with("PUBLIC_URL ") && found.problems[0].find("hunter2") == std::string::npos));
    }
}

BOOST_AUTO_TEST_SUITE_END()
