#include <understudy/hubspot/webhook_signature.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
using namespace std::chrono_literals;

namespace {

using Secrets = std::vector<std::string>;

Timestamp at(std::int64_t milliseconds) {
    return Timestamp{std::chrono::milliseconds{milliseconds}};
}

// The first example of HubSpot's documentation, as its own client for Node signs it.
struct Fixture {
    Secrets secrets{"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"};
    Timestamp now = at(1693657560000);
    SignedRequest request{"POST", "https://www.example.com/webhook_uri", "{'example_field':'example_value'}",
                          "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=", "1693657560000"};

    SignatureVerdict verdict() const { return verify_signature(request, secrets, now); }
    void check(SignatureVerdict expected) const {
        BOOST_TEST((verdict() == expected), name_of(verdict()) << ", not " << name_of(expected));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(webhook_signature, Fixture)

BOOST_AUTO_TEST_CASE(what_hubspot_signed_is_believed) {
    check(SignatureVerdict::valid);
}

BOOST_AUTO_TEST_CASE(the_address_is_signed_decoded) {
    secrets = {"autopilot-test-client-secret-0001"};
    now = at(1790000004000);
    request = {"POST", "https://example.com/api/hubspot/webhooks?src=hs%3Aapp%2Fv3&x=%28a%29", "[]",
               "G8ddQlikFQ0ScZOZn+MHQ0E3WCV7vOJTzKlvrkvbvuk=", "1790000004000"};
    check(SignatureVerdict::valid);
    request.uri = "https://example.com/api/hubspot/webhooks?src=hs%3aapp%2fv3&x=%28a%29";
    check(SignatureVerdict::valid);
}

BOOST_AUTO_TEST_CASE(twelve_characters_are_decoded_once_and_no_other_is) {
    BOOST_TEST(signed_uri("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B") == ":/?@!$'()*,;");
    BOOST_TEST(signed_uri("%3a%2f%3f%2a%2c%3b") == ":/?*,;");
    for (const std::string other : {"%20", "%25", "%26", "%2B", "%3D", "%23", "%41", "%7E", "%00", "%C3%A9", "%", "%2",
                                    "%zz", "a%", "%2%2F0", ""})
        BOOST_TEST(signed_uri(other) == (other == "%2%2F0" ? "%2/0" : other));
    BOOST_TEST(signed_uri("%253A") == "%253A");
    BOOST_TEST(signed_uri("%%3A3A") == "%:3A");
}

BOOST_AUTO_TEST_CASE(one_other_byte_anywhere_is_refused) {
    for (const auto member : {&SignedRequest::method, &SignedRequest::uri, &SignedRequest::body}) {
        auto altered = request;
        std::string text{request.*member};
        for (std::size_t i = 0; i <= text.size(); ++i) {
            auto other = text;
            i < text.size() ? void(other[i] ^= 1) : other.push_back(' ');
            altered.*member = other;
            BOOST_TEST((verify_signature(altered, secrets, now) == SignatureVerdict::wrong_signature), other);
        }
    }
    request.timestamp = "1693657560001";
    check(SignatureVerdict::wrong_signature);
    // The same moment, spelled otherwise.
    request.timestamp = "01693657560000";
    check(SignatureVerdict::wrong_signature);
}

BOOST_AUTO_TEST_CASE(another_signature_is_refused_whichever_of_its_digits_differs) {
    const std::string right{request.signature};
    for (std::size_t i = 0; i + 1 < right.size(); ++i) {
        auto other = right;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        request.signature = other;
        check(SignatureVerdict::wrong_signature);
    }
    // The same bits, if those that base64 does not use are not looked at.
    auto loose = right;
    loose[42] = 'Z';
    request.signature = loose;
    check(SignatureVerdict::wrong_signature);
}

BOOST_AUTO_TEST_CASE(a_request_is_believed_for_five_minutes) {
    const auto signed_at = now;
    now = signed_at + 5min;
    check(SignatureVerdict::valid);
    now = signed_at + 5min + 1ms;
    check(SignatureVerdict::too_old);
    now = signed_at - 1min;
    check(SignatureVerdict::valid);
    now = signed_at - 1min - 1ms;
    check(SignatureVerdict::too_new);
}

BOOST_AUTO_TEST_CASE(one_of_several_secrets_is_enough_and_none_is_not) {
    const auto right = secrets.front();
    secrets = {"the-one-before", right};
    check(SignatureVerdict::valid);
    secrets = {right, "the-next-one"};
    check(SignatureVerdict::valid);
    secrets = {"the-one-before", "the-next-one"};
    check(SignatureVerdict::wrong_signature);
    secrets = {};
    check(SignatureVerdict::no_secret);
    secrets = {""};
    check(SignatureVerdict::no_secret);
}

BOOST_AUTO_TEST_CASE(an_empty_secret_opens_nothing) {
    // HMAC-SHA256 with an empty key over the same message.
    secrets = {"", "another"};
    check(SignatureVerdict::wrong_signature);
}

BOOST_AUTO_TEST_CASE(headers_that_are_missing_doubled_or_garbled_are_refused) {
    const std::string right{request.signature};
    const auto intact = request;
    request.signature = {};
    check(SignatureVerdict::missing_signature);
    const std::vector<std::string> garbled{right + "," + right,
                                           right + ", " + right,
                                           " " + right,
                                           right + " ",
                                           right.substr(1),
                                           right + "=",
                                           "x",
                                           right.substr(0, 43),
                                           std::string(44, '='),
                                           std::string(44, 'A'),
                                           std::string(43, '-') + "="};
    for (const auto& text : garbled) {
        request.signature = text;
        check(SignatureVerdict::garbled_signature);
    }
    request = intact;
    request.timestamp = {};
    check(SignatureVerdict::missing_timestamp);
    for (const std::string text :
         {"1693657560000,1693657560000", "1693657560000 ", " 1693657560000", "-1693657560000", "+1693657560000",
          "1693657560000.0", "0x18A56", "now", "99999999999999999999999", "-"}) {
        request.timestamp = text;
        check(SignatureVerdict::garbled_timestamp);
    }
}

BOOST_AUTO_TEST_CASE(no_moment_is_too_far_away_to_be_compared) {
    for (const std::string text : {"0", "1", "9223372036854775807"}) {
        request.timestamp = text;
        check(text.size() > 1 ? SignatureVerdict::too_new : SignatureVerdict::too_old);
    }
}

BOOST_AUTO_TEST_CASE(a_body_is_bytes) {
    const std::string body{"\0\xff{}", 4};
    request.body = body;
    check(SignatureVerdict::wrong_signature);
    const std::string other{"\0\xfe{}", 4};
    request.body = other;
    check(SignatureVerdict::wrong_signature);
}

BOOST_AUTO_TEST_SUITE_END()
