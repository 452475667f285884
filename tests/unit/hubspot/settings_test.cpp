#include <understudy/hubspot/params.hpp>
#include <understudy/hubspot/paths.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

using namespace understudy;

BOOST_AUTO_TEST_SUITE(hubspot_settings)

namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

hubspot::Params read(const Environment& environment) {
    return hubspot::params_from([&](std::string_view name) -> std::optional<std::string> {
        const auto at = environment.find(name);
        return at == environment.end() ? std::nullopt : std::optional{at->second};
    });
}

std::string complaint(const Environment& environment) {
    try {
        read(environment);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

bool mentions(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(both_families_of_paths) {
    const hubspot::Paths old{"v3"};
    BOOST_TEST(old.objects("0-1") == "/crm/v3/objects/0-1");
    BOOST_TEST(old.object("0-1", "77") == "/crm/v3/objects/0-1/77");
    BOOST_TEST(old.batch_read("0-1") == "/crm/v3/objects/0-1/batch/read");
    BOOST_TEST(old.search("2-5") == "/crm/v3/objects/2-5/search");
    BOOST_TEST(old.associations("2-5", "7", "0-1") == "/crm/v4/objects/2-5/7/associations/0-1");
    BOOST_TEST(old.associations_batch("2-5", "0-1", "read") == "/crm/v4/associations/2-5/0-1/batch/read");
    BOOST_TEST(old.properties("0-1") == "/crm/v3/properties/0-1");
    BOOST_TEST(old.account() == "/account-info/v3/details");

    const hubspot::Paths dated{"2026-09"};
    BOOST_TEST(dated.objects("0-1") == "/crm/objects/2026-09/0-1");
    BOOST_TEST(dated.object("0-1", "77") == "/crm/objects/2026-09/0-1/77");
    BOOST_TEST(dated.batch_read("0-1") == "/crm/objects/2026-09/0-1/batch/read");
    BOOST_TEST(dated.search("2-5") == "/crm/objects/2026-09/2-5/search");
    BOOST_TEST(dated.associations("2-5", "7", "0-1") == "/crm/objects/2026-09/2-5/7/associations/0-1");
    BOOST_TEST(dated.associations_batch("2-5", "0-1", "labels/archive") ==
               "/crm/associations/2026-09/2-5/0-1/batch/labels/archive");
    BOOST_TEST(dated.properties("0-1") == "/crm/properties/2026-09/0-1");
    BOOST_TEST(dated.account() == "/account-info/2026-09/details");
}

BOOST_AUTO_TEST_CASE(an_id_cannot_leave_its_place_in_a_path) {
    BOOST_TEST(hubspot::Paths{"v3"}.object("0-1", "../../x?y#z\r\nA: b") ==
               "/crm/v3/objects/0-1/..%2F..%2Fx%3Fy%23z%0D%0AA%3A%20b");
}

BOOST_AUTO_TEST_CASE(versions) {
    for (const auto* good : {"v3", "2026-09", "2026-03", "2027-03"})
        BOOST_TEST(hubspot::is_api_version(good), good);
    for (const auto* bad :
         {"", "v4", "v1", "V3", "2026", "2026-9", "2026-10", "2026-09-01", "1926-09", "20x6-09", "../.."})
        BOOST_TEST(!hubspot::is_api_version(bad), bad);
}

BOOST_AUTO_TEST_CASE(only_the_token_is_needed) {
    const auto params = read({{"HUBSPOT_ACCESS_TOKEN", "pat-na1-x"}, {"HUBSPOT_BASE_URL", ""}});
    BOOST_TEST(params.access_token == "pat-na1-x");
    BOOST_TEST(params.base_url == "https://api.hubapi.com");
    BOOST_TEST(params.api_version == "2026-09");
    BOOST_TEST(params.ca_file == "");
}

BOOST_AUTO_TEST_CASE(everything_may_be_set) {
    const auto params = read({{"HUBSPOT_ACCESS_TOKEN", "t"},
                              {"HUBSPOT_BASE_URL", "http://localhost:8080"},
                              {"HUBSPOT_API_VERSION", "v3"},
                              {"HUBSPOT_CA_FILE", "/etc/ca.pem"}});
    BOOST_TEST(params.base_url == "http://localhost:8080");
    BOOST_TEST(params.api_version == "v3");
    BOOST_TEST(params.ca_file == "/etc/ca.pem");
}

BOOST_AUTO_TEST_CASE(all_that_is_wrong_is_named_and_the_token_is_not_printed) {
    const auto text = complaint({{"HUBSPOT_ACCESS_TOKEN", "secret token"},
                                 {"HUBSPOT_BASE_URL", "api.hubapi.com"},
                                 {"HUBSPOT_API_VERSION", "v4"}});
    BOOST_TEST(mentions(text, "HUBSPOT_ACCESS_TOKEN"));
    BOOST_TEST(mentions(text, "HUBSPOT_BASE_URL"));
    BOOST_TEST(mentions(text, "HUBSPOT_API_VERSION"));
    BOOST_TEST(!mentions(text, "secret"));
    BOOST_TEST(mentions(complaint({}), "HUBSPOT_ACCESS_TOKEN is not set"));
    BOOST_TEST(mentions(complaint({{"HUBSPOT_ACCESS_TOKEN", ""}}), "HUBSPOT_ACCESS_TOKEN is not set"));
    BOOST_TEST(mentions(complaint({{"HUBSPOT_ACCESS_TOKEN", "a\r\nX-Evil: 1"}}), "HUBSPOT_ACCESS_TOKEN"));
}

BOOST_AUTO_TEST_SUITE_END()
