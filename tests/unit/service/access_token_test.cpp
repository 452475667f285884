#include "access_token.hpp"

#include "token_maker.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <optional>

using namespace service;
using namespace std::chrono_literals;
namespace json = boost::json;
using sample::claims;
using sample::claims_with;

namespace {

constexpr understudy::Timestamp now{std::chrono::seconds{sample::now}};

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
const VerificationKey& shared_key() {
    static const auto key = key_of_secret(sample::secret);
    return key;
}

std::variant<AccessToken, TokenRefusal> verify(std::string_view token, const VerificationKey& key = shared_key(),
                                               understudy::Timestamp when = now) {
    const TokenRules rules{std::string{sample::issuer}, "authenticated"};
    return verify_access_token(token, key, rules, when);
}

// `accepted`, or the name of the refusal.
std::string verdict(std::string_view token, const VerificationKey& key = shared_key(),
                    understudy::Timestamp when = now) {
    const auto verified = verify(token, key, when);
    const auto* refusal = std::get_if<TokenRefusal>(&verified);
    return refusal ? std::string{name_of(*refusal)} : "accepted";
}

std::string part(std::string_view token, int which) {
    for (; which > 0; --which)
        token.remove_prefix(token.find('.') + 1);
    return std::string{token.substr(0, token.find('.'))};
}

std::string joined(std::string_view header, std::string_view payload, std::string_view signature) {
    return std::string{header}.append(".").append(payload).append(".").append(signature);
}

std::vector<std::string> permissions_of(const json::object& all) {
    return std::get<AccessToken>(verify(shared()(all))).permissions;
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_token_suite)

BOOST_AUTO_TEST_CASE(tokens_of_each_algorithm_are_believed) {
    BOOST_TEST(verdict(shared()(claims())) == "accepted");
    BOOST_TEST(verdict(shared().with_kid("any")(claims())) == "accepted");
    BOOST_TEST(verdict(rsa()(claims()), rsa().public_key()) == "accepted");
    BOOST_TEST(verdict(ec()(claims()), ec().public_key()) == "accepted");
    const auto verified = verify(ec()(claims()), ec().public_key());
    BOOST_TEST(std::get<AccessToken>(verified).subject == "8ccaa7af-909f-44e7-84cb-67cdccb56be6");
}

BOOST_AUTO_TEST_CASE(the_header_chooses_the_key) {
    const auto header = std::get<TokenHeader>(read_token_header(ec()(claims())));
    BOOST_TEST(header.algorithm == "ES256");
    BOOST_TEST(header.kid == "ec-1");
    BOOST_TEST(std::get<TokenHeader>(read_token_header(shared()(claims()))).kid.empty());
}

BOOST_AUTO_TEST_CASE(signatures_of_others_are_refused) {
    const auto other = TokenMaker::hs256("another-secret-of-more-than-32-bytes!");
    BOOST_TEST(verdict(other(claims())) == "signature");
    BOOST_TEST(verdict(rsa()(claims()), TokenMaker::rs256("rsa-1").public_key()) == "signature");
    BOOST_TEST(verdict(ec()(claims()), TokenMaker::es256("ec-1").public_key()) == "signature");
    // Of the same length, but longer than the secret's.
    BOOST_TEST(verdict(TokenMaker::hs256(std::string{sample::secret} + "x")(claims())) == "signature");
}

BOOST_AUTO_TEST_CASE(the_algorithm_is_the_keys_own) {
    const auto payload = encoded(json::serialize(claims()));
    const auto signature = part(shared()(claims()), 2);
    for (const auto* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":""})", R"({"alg":"hs256"})",
                               R"({"alg":"EdDSA"})", R"({"alg":"HS512"})", R"({"alg":null})", R"({"alg":["HS256"]})",
                               R"({"typ":"JWT"})", R"({"alg":"HS256","alg":"none"})"}) {
        BOOST_TEST(verdict(joined(encoded(header), payload, signature)) == "algorithm", header);
        BOOST_TEST(verdict(joined(encoded(header), payload, "AA"), ec().public_key()) == "algorithm", header);
        const auto read = read_token_header(joined(encoded(header), payload, signature));
        BOOST_TEST((std::get<TokenRefusal>(read) == TokenRefusal::algorithm), header);
    }
    // What is signed well, but by an algorithm that is not the key's.
    BOOST_TEST(verdict(rsa().calling_itself("RS512")(claims()), rsa().public_key()) == "algorithm");
    BOOST_TEST(verdict(rsa().calling_itself("PS256")(claims()), rsa().public_key()) == "algorithm");
    BOOST_TEST(verdict(shared().calling_itself("HS384")(claims())) == "algorithm");
    BOOST_TEST(verdict(ec()(claims()), rsa().public_key()) == "algorithm");
    BOOST_TEST(verdict(rsa()(claims()), ec().public_key()) == "algorithm");
    BOOST_TEST(verdict(rsa()(claims())) == "algorithm");
}

BOOST_AUTO_TEST_CASE(a_public_key_is_no_shared_secret) {
    const auto jwk = rsa().public_jwk();
    const std::string modulus{jwk.at("n").as_string()};
    for (const auto& known_to_all : {json::serialize(jwk), modulus})
        BOOST_TEST(verdict(TokenMaker::hs256(known_to_all)(claims()), rsa().public_key()) == "algorithm");
}

BOOST_AUTO_TEST_CASE(nothing_can_be_changed_afterwards) {
    for (const auto* maker : {&shared(), &rsa(), &ec()}) {
        const auto& key = maker == &shared() ? shared_key() : maker->public_key();
        const auto token = (*maker)(claims());
        const auto more = encoded(json::serialize(claims_with("permissions", {"exams.edit"})));
        BOOST_TEST(verdict(joined(part(token, 0), more, part(token, 2)), key) == "signature");
        const auto header = encoded(R"({"kid":"x","alg":")" + std::string{key.algorithm} + R"("})");
        BOOST_TEST(verdict(joined(header, part(token, 1), part(token, 2)), key) == "signature");
        auto signature = part(token, 2);
        signature.front() = signature.front() == 'A' ? 'B' : 'A';
        BOOST_TEST(verdict(joined(part(token, 0), part(token, 1), signature), key) == "signature");
        BOOST_TEST(verdict(joined(part(token, 0), part(token, 1), signature.substr(0, 40)), key) == "signature");
    }
    // Two more bytes that a lenient verifier takes for the same two numbers.
    const auto token = ec()(claims());
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    const auto signature = part(token, 2);
    BOOST_TEST_REQUIRE(cjose_base64url_decode(signature.data(), signature.size(), &bytes, &size, nullptr));
    const std::string raw{reinterpret_cast<const char*>(bytes), size};
    cjose_get_dealloc()(bytes);
    const auto longer = std::string(1, '\0') + raw.substr(0, 32) + std::string(1, '\0') + raw.substr(32);
    BOOST_TEST(verdict(joined(part(token, 0), part(token, 1), encoded(longer)), ec().public_key()) == "signature");
}

BOOST_AUTO_TEST_CASE(a_forged_signature_leaves_no_error_behind) {
    ERR_clear_error();
    verdict(rsa()(claims()), TokenMaker::rs256("rsa-1").public_key());
    BOOST_TEST(ERR_peek_error() == 0u);
}

BOOST_AUTO_TEST_CASE(claims_are_checked) {
    struct Row {
        std::string_view name;
        json::value value;
        std::string_view expected;
    };
    const Row rows[] = {
        {"iss", nullptr, "issuer"},
        {"iss", "", "issuer"},
        {"iss", "https://project.supabase.co", "issuer"},
        {"iss", "https://project.supabase.co/auth/v1/", "issuer"},
        {"iss", "https://other.supabase.co/auth/v1", "issuer"},
        {"iss", {sample::issuer}, "issuer"},
        {"aud", nullptr, "audience"},
        {"aud", "anon", "audience"},
        {"aud", "authenticated2", "audience"},
        {"aud", json::array{}, "audience"},
        {"aud", {"anon", "other"}, "audience"},
        {"aud", {"anon", "authenticated"}, "accepted"},
        {"exp", nullptr, "incomplete"},
        {"exp", "1900000000", "incomplete"},
        {"exp", sample::now - 3600, "expired"},
        {"exp", 0, "expired"},
        {"exp", -1, "expired"},
        {"nbf", sample::now - 10, "accepted"},
        {"nbf", sample::now + 3600, "not_yet_valid"},
        {"nbf", "soon", "incomplete"},
        {"sub", nullptr, "incomplete"},
        {"sub", "", "incomplete"},
        {"sub", 7, "incomplete"},
        {"sub", json::value(std::string(257, 'x')), "incomplete"},
    };
    for (const auto& row : rows)
        BOOST_TEST(verdict(shared()(claims_with(row.name, row.value))) == row.expected,
                   row.name << ' ' << json::serialize(row.value));
}

BOOST_AUTO_TEST_CASE(clocks_may_be_half_a_minute_apart) {
    const auto expiring = shared()(claims_with("exp", sample::now));
    BOOST_TEST(verdict(expiring, shared_key(), now + 29'999ms) == "accepted");
    BOOST_TEST(verdict(expiring, shared_key(), now + 30s) == "expired");
    const auto beginning = shared()(claims_with("nbf", sample::now));
    BOOST_TEST(verdict(beginning, shared_key(), now - 30s) == "accepted");
    BOOST_TEST(verdict(beginning, shared_key(), now - 30'001ms) == "not_yet_valid");
    const auto with_fraction = shared()(claims_with("exp", static_cast<double>(sample::now) + 0.5));
    BOOST_TEST(verdict(with_fraction, shared_key(), now + 30s) == "accepted");
    BOOST_TEST(verdict(with_fraction, shared_key(), now + 30'500ms) == "expired");
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_malformed) {
    const auto token = shared()(claims());
    const auto header = part(token, 0);
    const auto payload = part(token, 1);
    const auto signature = part(token, 2);
    for (const auto& text : {std::string{},
                             std::string{"."},
                             std::string{".."},
                             std::string{"..."},
                             std::string{"garbage"},
                             header,
                             header + "." + payload,
                             header + "." + payload + ".",
                             token + ".",
                             token + "." + signature,
                             "." + payload + "." + signature,
                             header + ".." + signature,
                             token + "=",
                             token + " ",
                             " " + token,
                             token + "\n",
                             joined(header, payload, signature.substr(0, 41)),
                             joined(header, payload, "+/"),
                             joined(header + "=", payload, signature),
                             joined("AAAAA", payload, signature),
                             joined(encoded("[]"), payload, signature),
                             joined(encoded("{"), payload, signature),
                             joined(encoded("null"), payload, signature),
                             joined(encoded("\xff"), payload, signature),
                             joined(encoded(R"({"alg":"HS256","crit":["exp"]})"), payload, signature),
                             std::string{"\0.\0.\0", 5}})
        BOOST_TEST(verdict(text) == "malformed", text);
    BOOST_TEST(verdict(std::string(8 * 1024 + 1, 'a')) == "too_long");
    // As long as may be, and one letter more.
    auto padded = claims();
    padded["pad"] = "";
    padded["pad"] = std::string((8 * 1024 - shared()(padded).size()) / 4 * 3, 'x');
    BOOST_TEST(verdict(shared()(padded)) == "accepted");
    padded["pad"] = std::string(padded.at("pad").as_string().size() + 6, 'x');
    BOOST_TEST(verdict(shared()(padded)) == "too_long");
}

BOOST_AUTO_TEST_CASE(a_critical_extension_is_not_understood_however_well_signed) {
    const auto token = shared().sign({{"alg", "HS256"}, {"crit", {"b64"}}}, json::serialize(claims()));
    BOOST_TEST(verdict(token) == "malformed");
}

BOOST_AUTO_TEST_CASE(a_payload_that_is_no_object_is_refused) {
    for (const auto* payload : {"", "[]", "7", "{", "null", "\"text\""})
        BOOST_TEST(verdict(shared().sign({{"alg", "HS256"}}, payload)) != "accepted", payload);
}

BOOST_AUTO_TEST_CASE(permissions_come_from_where_only_the_project_writes) {
    using List = std::vector<std::string>;
    BOOST_TEST((permissions_of(claims()) == List{}));
    BOOST_TEST((permissions_of(claims_with("permissions", {"exams.edit", "exams.create"})) ==
                List{"exams.edit", "exams.create"}));
    BOOST_TEST((permissions_of(claims_with("app_metadata", {{"permissions", {"bookings.create"}}})) ==
                List{"bookings.create"}));
    auto both = claims_with("app_metadata", {{"permissions", {"exams.edit"}}});
    both["permissions"] = json::array{"bookings.create"};
    BOOST_TEST((permissions_of(both) == List{"bookings.create", "exams.edit"}));
    // Users write this themselves.
    BOOST_TEST((permissions_of(claims_with("user_metadata", {{"permissions", {"exams.edit"}}})) == List{}));
    for (const json::value& odd :
         {json::value("exams.edit"), json::value(7), json::value(true), json::value{{"exams.edit", true}}})
        BOOST_TEST((permissions_of(claims_with("permissions", odd)) == List{}), json::serialize(odd));
    BOOST_TEST((permissions_of(claims_with("permissions", {7, "exams.edit", nullptr})) == List{"exams.edit"}));
    BOOST_TEST((permissions_of(claims_with("app_metadata", "permissions")) == List{}));
}

BOOST_AUTO_TEST_CASE(a_permission_is_had_or_not) {
    AccessToken token;
    token.permissions = {"exams.edit", "bookings.*"};
    BOOST_TEST(token.permits("exams.edit"));
    for (const auto* other : {"exams", "exams.", "exams.edi", "exams.edits", "Exams.edit", "bookings.create", ""})
        BOOST_TEST(!token.permits(other), other);
}

BOOST_AUTO_TEST_CASE(keys_that_are_not_for_this_are_none) {
    BOOST_TEST(key_of_jwk(rsa().public_jwk())->algorithm == "RS256");
    BOOST_TEST(key_of_jwk(ec().public_jwk())->algorithm == "ES256");
    const auto with = [](json::object jwk, std::string_view name, json::value value) {
        if (value.is_null())
            jwk.erase(name);
        else
            jwk[name] = std::move(value);
        return key_of_jwk(jwk).has_value();
    };
    for (const auto* name : {"alg", "use", "key_ops"})
        BOOST_TEST(with(rsa().public_jwk(), name, nullptr), name);
    for (const auto* name : {"kty", "n", "e"})
        BOOST_TEST(!with(rsa().public_jwk(), name, nullptr), name);
    for (const auto* name : {"kty", "crv", "x", "y"})
        BOOST_TEST(!with(ec().public_jwk(), name, nullptr), name);
    BOOST_TEST(!with(rsa().public_jwk(), "alg", "RS512"));
    BOOST_TEST(!with(rsa().public_jwk(), "alg", "HS256"));
    BOOST_TEST(!with(rsa().public_jwk(), "alg", 7));
    BOOST_TEST(!with(rsa().public_jwk(), "use", "enc"));
    BOOST_TEST(!with(rsa().public_jwk(), "key_ops", {"encrypt"}));
    BOOST_TEST(!with(rsa().public_jwk(), "key_ops", "verify"));
    BOOST_TEST(!with(ec().public_jwk(), "crv", "P-384"));
    BOOST_TEST(!with(ec().public_jwk(), "alg", "RS256"));
    BOOST_TEST(!with(TokenMaker::es256("large", CJOSE_JWK_EC_P_384).public_jwk(), "alg", nullptr));
    // A point that is not on the curve.
    BOOST_TEST(!with(ec().public_jwk(), "x", json::value(encoded(std::string(32, '\1')))));
    BOOST_TEST(!key_of_jwk(TokenMaker::rs256("short", 1024).public_jwk()).has_value());
    BOOST_TEST(!key_of_jwk({{"kty", "oct"}, {"kid", "1"}, {"k", encoded(sample::secret)}}).has_value());
    BOOST_TEST(!key_of_jwk({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", encoded(std::string(32, 'x'))}}).has_value());
    BOOST_TEST(!key_of_jwk({}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
