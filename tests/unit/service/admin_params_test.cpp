#include "admin_params.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

using namespace service;

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

struct Read {
    std::vector<std::string> problems;
    AdminParams params;

    explicit Read(const Values& values)
        : params{read_admin_params(
              [&](std::string_view name) -> std::optional<std::string> {
                  const auto found = values.find(name);
                  return found == values.end() ? std::nullopt : std::optional{found->second};
              },
              problems)} {}
};

const std::string secret(32, 's');

} // namespace

BOOST_AUTO_TEST_SUITE(admin_params_suite)

BOOST_AUTO_TEST_CASE(nothing_is_required) {
    const Read none{{}};
    BOOST_TEST(none.problems.empty());
    BOOST_TEST(!none.params.believes_tokens());
    BOOST_TEST(none.params.cron_secret.empty());
    const Read empty{{{"SUPABASE_URL", ""}, {"SUPABASE_JWT_SECRET", ""}, {"CRON_SECRET", ""}}};
    BOOST_TEST(empty.problems.empty());
    BOOST_TEST(!empty.params.believes_tokens());
}

BOOST_AUTO_TEST_CASE(the_project_issues_the_tokens) {
    const Read project{{{"SUPABASE_URL", "https://project.supabase.co/"}, {"SUPABASE_CA_FILE", "/etc/ca.pem"}}};
    BOOST_TEST(project.problems.empty());
    BOOST_TEST(project.params.believes_tokens());
    BOOST_TEST(project.params.supabase_url == "https://project.supabase.co");
    BOOST_TEST(project.params.issuer == "https://project.supabase.co/auth/v1");
    BOOST_TEST(project.params.audience == "authenticated");
    BOOST_TEST(project.params.ca_file == "/etc/ca.pem");
    for (const std::string nearby : {"http://127.0.0.1:54321", "http://localhost:54321", "http://[::1]:54321"})
        BOOST_TEST((Read{{{"SUPABASE_URL", nearby}}}.problems.empty()), nearby);
    const Read other{{{"SUPABASE_URL", "https://x.supabase.co"}, {"SUPABASE_JWT_ISSUER", "https://auth.example.org"}}};
    BOOST_TEST(other.params.issuer == "https://auth.example.org");
    const Read secret_alone{{{"SUPABASE_JWT_SECRET", secret}, {"SUPABASE_JWT_ISSUER", "https://auth.example.org"}}};
    BOOST_TEST(secret_alone.problems.empty());
    BOOST_TEST(secret_alone.params.believes_tokens());
    BOOST_TEST(secret_alone.params.jwt_secret == secret);
    const Read timed{{{"CRON_SECRET", std::string(16, 'c')}}};
    BOOST_TEST(timed.problems.empty());
    BOOST_TEST(timed.params.cron_secret == std::string(16, 'c'));
    BOOST_TEST(!timed.params.believes_tokens());
}

BOOST_AUTO_TEST_CASE(every_wrong_value_is_named_and_no_secret_told) {
    const std::string issuer = "https://auth.example.org";
    const std::pair<std::string, Values> wrong[] = {
        {"SUPABASE_URL", {{"SUPABASE_URL", "project.supabase.co"}}},
        {"SUPABASE_URL", {{"SUPABASE_URL", "ftp://project.supabase.co"}}},
        {"SUPABASE_URL", {{"SUPABASE_URL", "http://project.supabase.co"}}},
        {"SUPABASE_URL", {{"SUPABASE_URL", "http://127.0.0.1.example.org"}}},
        {"SUPABASE_URL", {{"SUPABASE_URL", "https://user:hunter2hunter2@project.supabase.co"}}},
        {"SUPABASE_JWT_SECRET", {{"SUPABASE_JWT_SECRET", std::string(31, 's')}, {"SUPABASE_JWT_ISSUER", issuer}}},
        {"SUPABASE_JWT_SECRET", {{"SUPABASE_JWT_SECRET", secret + "\n"}, {"SUPABASE_JWT_ISSUER", issuer}}},
        {"SUPABASE_JWT_SECRET", {{"SUPABASE_JWT_SECRET", " " + secret}, {"SUPABASE_JWT_ISSUER", issuer}}},
        {"SUPABASE_JWT_SECRET", {{"SUPABASE_JWT_SECRET", secret}}},
        {"CRON_SECRET", {{"CRON_SECRET", std::string(15, 'c')}}},
        {"CRON_SECRET", {{"CRON_SECRET", "a secret with blanks in it"}}},
        {"CRON_SECRET", {{"CRON_SECRET", std::string(16, 'c') + "\r"}}},
    };
    for (const auto& [variable, values] : wrong) {
        const Read read{values};
        BOOST_TEST_REQUIRE(read.problems.size() == 1u, variable);
        const auto& problem = read.problems.front();
        BOOST_TEST(problem.starts_with(variable + " "), problem);
        for (const auto* part : {"sssss", "ccccc", "blanks in it", "hunter2"})
            BOOST_TEST(problem.find(part) == std::string::npos, problem);
    }
}

BOOST_AUTO_TEST_SUITE_END()
