#include "support/customer.hpp"

#include <understudy/postgres/detail/table_sql.hpp>
#include <understudy/postgres/statement.hpp>
#include <understudy/supabase/config.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

using namespace understudy;

template<>
struct understudy::postgres::TableTraits<tests::Customer> {
    static constexpr std::string_view table = "custo\"mers";
    using indexes = Indexes<tests::ByNumber>;
};

namespace {

supabase::Config read(std::map<std::string, std::string, std::less<>> variables) {
    return supabase::Config::read([&](std::string_view name) -> std::optional<std::string> {
        const auto it = variables.find(name);
        return it == variables.end() ? std::nullopt : std::optional{it->second};
    });
}

std::string sslmode(const std::string& url) {
    const auto config = read({{"SUPABASE_DB_URL", url}});
    BOOST_TEST(config.ok());
    return postgres::detail::Conninfo::parse(config.database.conninfo)->get("sslmode");
}

bool mentions(const supabase::Config& config, const std::string& text) {
    for (const auto& problem : config.problems)
        if (problem.find(text) != std::string::npos)
            return true;
    return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(supabase_config)

BOOST_AUTO_TEST_CASE(a_url_alone_is_enough) {
    const auto config = read({{"SUPABASE_DB_URL", "postgresql://u:p@127.0.0.1:5432/postgres"}});
    BOOST_TEST(config.ok());
    BOOST_TEST(config.database.schema == "public");
    BOOST_TEST(config.database.prepares());
}

BOOST_AUTO_TEST_CASE(the_rest_interface_is_no_database) {
    const auto config =
        read({{"SUPABASE_URL", "https://x.supabase.co"}, {"SUPABASE_SERVICE_ROLE_KEY", "service-role-secret"}});
    BOOST_TEST(mentions(config, "SUPABASE_DB_URL is not set"));
    BOOST_TEST(mentions(config, "Supabase shows it under"));
    BOOST_TEST(!mentions(config, "service-role-secret"));
    BOOST_TEST(mentions(read({{"SUPABASE_DB_URL", "https://x.supabase.co"}}), "Supabase shows it under"));
    BOOST_TEST(mentions(read({{"SUPABASE_DB_URL", ""}}), "SUPABASE_DB_URL is not set"));
    BOOST_TEST(mentions(read({{"SUPABASE_DB_URL", "postgresql://postgres:[YOUR-PASSWORD]@db.x.supabase.co/postgres"}}),
                        "placeholder"));
}

BOOST_AUTO_TEST_CASE(no_message_repeats_a_password) {
    for (const std::string url :
         {"postgresql://u:pass word@h:5432/d", "postgresql://u:hunter2@h:port/d", "hunter2", "password=hunter2 hostt=x",
          "postgresql://u:hun/ter2@h?hunter2", "host=h password='hunter2"}) {
        const auto config = read({{"SUPABASE_DB_URL", url}});
        BOOST_TEST(!mentions(config, "hunter2"), url);
        BOOST_TEST(!mentions(config, "ter2"), url);
    }
    BOOST_TEST(mentions(read({{"SUPABASE_DB_URL", "password=hunter2 hostt=x"}}), "SUPABASE_DB_URL is no PostgreSQL"));
}

BOOST_AUTO_TEST_CASE(a_schema_must_be_a_name) {
    for (const std::string schema : {"1st", "a b", "x;y", "pg_catalog", "a\"b", "schéma"})
        BOOST_TEST(mentions(read({{"SUPABASE_DB_URL", "postgresql://h/d"}, {"SUPABASE_SCHEMA_NAME", schema}}),
                            "SUPABASE_SCHEMA_NAME must be"));
    BOOST_TEST(read({{"SUPABASE_DB_URL", "postgresql://h/d"}, {"SUPABASE_SCHEMA_NAME", "Mock_exams2"}}).ok());
}

BOOST_AUTO_TEST_CASE(other_machines_are_reached_over_tls) {
    BOOST_TEST(sslmode("postgresql://u:p@db.x.supabase.co:5432/postgres") == "require");
    BOOST_TEST(sslmode("host=203.0.113.5 user=u") == "require");
    BOOST_TEST(sslmode("host=localhost hostaddr=203.0.113.5") == "require");
    BOOST_TEST(sslmode("postgresql://u@h/d?sslrootcert=/ca.crt") == "verify-full");
    BOOST_TEST(sslmode("postgresql://u@h/d?sslrootcert=/ca.crt&sslmode=verify-ca") == "verify-ca");
    BOOST_TEST(sslmode("postgresql://u@h/d?sslmode=disable") == "disable");
    BOOST_TEST(sslmode("postgresql://u@localhost/d") == "");
    BOOST_TEST(sslmode("host=/run/postgresql") == "");
    BOOST_TEST(sslmode("host=127.0.0.1,db.example.com user=u") == "require");
}

BOOST_AUTO_TEST_CASE(the_transaction_pooler_prepares_nothing) {
    auto config = read({{"SUPABASE_DB_URL", "postgresql://u:p@aws-0-eu-west-1.pooler.supabase.com:6543/postgres"}});
    BOOST_TEST(!config.database.prepares());
    config.database.statements = postgres::StatementMode::prepared;
    BOOST_TEST(config.database.prepares());
}

BOOST_AUTO_TEST_CASE(odd_passwords_survive) {
    const auto config = read({{"SUPABASE_DB_URL", "postgresql://u:p%27%5C%20%3D%40@db.example.com/d"}});
    BOOST_TEST(postgres::detail::Conninfo::parse(config.database.conninfo)->get("password") == "p'\\ =@");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(statements)

BOOST_AUTO_TEST_CASE(names_follow_the_text) {
    const postgres::Statement one{"SELECT 1"};
    BOOST_TEST(one.name() == postgres::Statement{"SELECT 1"}.name());
    BOOST_TEST(one.name() != postgres::Statement{"SELECT 2"}.name());
    BOOST_TEST(one.name().size() <= 63u);
}

BOOST_AUTO_TEST_CASE(every_name_is_qualified_and_quoted) {
    const postgres::detail::TableSql<tests::Customer> sql{"my\"schema"};
    const std::string table = R"("my""schema"."custo""mers")";
    for (const auto& text : {sql.lookup<ById<tests::Customer>>(), sql.lookup<tests::ByNumber>(), sql.apply(),
                             sql.hint(), sql.note_absent<tests::ByNumber>()}) {
        BOOST_TEST(text.find(table) != std::string::npos);
        BOOST_TEST(text.find('{') == std::string::npos);
    }
    BOOST_TEST(sql.draw_ticket() == R"(SELECT nextval('"my""schema"."understudy_ticket"'))");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(bounds_that_make_no_sense_are_named) {
    postgres::ConnectParams params;
    params.conninfo = "host=h";
    BOOST_TEST(params.problems().empty());
    params.max_connections = 0;
    params.request_timeout = std::chrono::milliseconds{0};
    params.backoff_last = std::chrono::milliseconds{1};
    BOOST_TEST(params.problems().size() == 3u);
}
