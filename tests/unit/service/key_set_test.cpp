#include "key_set.hpp"

#include "scripted_keys.hpp"
#include "token_maker.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

const TokenMaker& one() {
    static const auto maker = TokenMaker::es256("one");
    return maker;
}
const TokenMaker& two() {
    static const auto maker = TokenMaker::es256("two");
    return maker;
}

struct Fixture : ScriptedKeys {
    // What is found of the key: `found`, `unknown`, `unavailable`, or `asked` while that is open.
    std::string find(std::string kid) {
        const auto outcome = std::make_shared<std::string>("asked");
        outcomes.push_back(outcome);
        keys.find(std::move(kid), [this, outcome](const KeySet::Answer& answer) {
            BOOST_TEST(*outcome == "asked");
            *outcome = answer.index() == 0 ? "found" : answer.index() == 1 ? "unknown" : "unavailable";
            if (const auto* unavailable = std::get_if<KeySet::Unavailable>(&answer))
                retry_after = unavailable->retry_after;
        });
        return *outcome;
    }
    std::vector<std::shared_ptr<std::string>> outcomes;
    std::chrono::seconds retry_after{0};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(key_set_suite, Fixture)

BOOST_AUTO_TEST_CASE(keys_are_fetched_when_they_are_needed) {
    publish({one()});
    BOOST_TEST(fetches == 0);
    BOOST_TEST(find("one") == "found");
    BOOST_TEST(find("one") == "found");
    BOOST_TEST(fetches == 1);
}

BOOST_AUTO_TEST_CASE(those_who_ask_at_once_wait_for_one_fetch) {
    publish({one()});
    hold();
    BOOST_TEST(find("one") == "asked");
    BOOST_TEST(find("two") == "asked");
    now += 60s;
    BOOST_TEST(find("one") == "asked");
    release();
    BOOST_TEST(*outcomes[0] == "found");
    BOOST_TEST(*outcomes[1] == "unknown");
    BOOST_TEST(*outcomes[2] == "found");
    BOOST_TEST(fetches == 1);
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_looked_for_every_half_minute_at_most) {
    publish({one()});
    BOOST_TEST(find("one") == "found");
    publish({one(), two()});
    now += 29s;
    BOOST_TEST(find("two") == "unknown");
    BOOST_TEST(fetches == 1);
    now += 1s;
    BOOST_TEST(find("two") == "found");
    BOOST_TEST(fetches == 2);
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(find("forged-" + std::to_string(i)) == "unknown");
    BOOST_TEST(fetches == 2);
    // Who is known does not wait for those who are not.
    now += 30s;
    hold();
    BOOST_TEST(find("forged") == "asked");
    BOOST_TEST(find("one") == "found");
}

BOOST_AUTO_TEST_CASE(a_key_that_was_taken_back_is_gone_after_ten_minutes) {
    publish({one(), two()});
    BOOST_TEST(find("two") == "found");
    publish({one()});
    now += 10min - 1ms;
    BOOST_TEST(find("two") == "found");
    BOOST_TEST(fetches == 1);
    now += 1ms;
    BOOST_TEST(find("two") == "unknown");
    BOOST_TEST(find("one") == "found");
    BOOST_TEST(fetches == 2);
    publish({});
    now += 10min;
    BOOST_TEST(find("one") == "unknown");
}

BOOST_AUTO_TEST_CASE(a_fetch_that_fails_keeps_the_keys) {
    publish({one()});
    BOOST_TEST(find("one") == "found");
    for (const auto* document : {"", "nonsense", "[]", "{}", R"({"keys":{}})", R"({"keys":null})"}) {
        answer_with(document);
        now += 10min;
        BOOST_TEST(find("one") == "found", document);
        BOOST_TEST(find("two") == "unavailable", document);
    }
    fail();
    now += 10min;
    BOOST_TEST(find("one") == "found");
    BOOST_TEST(fetches == 8);
    // It is tried again soon, though not at once.
    now += 29s;
    BOOST_TEST(find("one") == "found");
    BOOST_TEST(fetches == 8);
    publish({two()});
    now += 1s;
    BOOST_TEST(find("one") == "unknown");
    BOOST_TEST(find("two") == "found");
    BOOST_TEST(fetches == 9);
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_be_had_are_not_called_unknown) {
    fail();
    BOOST_TEST(find("one") == "unavailable");
    BOOST_TEST((retry_after == 30s));
    now += 12s;
    BOOST_TEST(find("one") == "unavailable");
    BOOST_TEST((retry_after == 18s));
    BOOST_TEST(fetches == 1);
    publish({one()});
    now += 18s;
    BOOST_TEST(find("one") == "found");
}

BOOST_AUTO_TEST_CASE(what_is_of_no_use_is_left_out) {
    auto nameless = two().public_jwk();
    nameless.erase("kid");
    boost::json::array list{7, boost::json::object{}, nameless, one().public_jwk(),
                            boost::json::object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", "ed"}}};
    answer_with(boost::json::serialize(boost::json::object{{"keys", list}}));
    BOOST_TEST(find("one") == "found");
    for (const auto* kid : {"ed", "two", ""})
        BOOST_TEST(find(kid) == "unknown", kid);
}

BOOST_AUTO_TEST_SUITE_END()
