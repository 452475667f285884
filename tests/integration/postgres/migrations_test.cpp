#include "integration/private_postgres.hpp"

#include "contact_credits_stores.hpp"
#include "migrations.hpp"

#include <understudy/postgres/detail/pass_sql.hpp>
#include <understudy/postgres/detail/settle_sql.hpp>
#include <understudy/postgres/detail/table_sql.hpp>
#include <understudy/postgres/journal_ddl.hpp>
#include <understudy/postgres/pass_ddl.hpp>

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <vector>

using service::check_migrations;
using service::migrate;
using service::Migration;
using understudy::Condition;
using understudy::Errc;
using namespace std::chrono_literals;

namespace {

tests::PrivatePostgres& server() {
    static tests::PrivatePostgres postgres;
    return postgres;
}

understudy::postgres::ConnectParams params(const std::string& schema) {
    understudy::postgres::ConnectParams out;
    out.conninfo = server().conninfo();
    out.schema = schema;
    return out;
}

const std::string checksum(64, 'a');

Migration step(int version, std::string_view name, std::string_view sql) {
    return {version, name, checksum, sql};
}

} // namespace

BOOST_AUTO_TEST_SUITE(migrations)

BOOST_AUTO_TEST_CASE(a_new_schema_is_made_and_then_left_alone) {
    const auto before = check_migrations(params("fresh"));
    BOOST_TEST((before.error == Errc::schema_mismatch));
    BOOST_TEST(before.problem.find("understudy migrate") != std::string::npos);
    const auto first = migrate(params("fresh"));
    BOOST_TEST(first.ok(), first.problem);
    BOOST_TEST(first.before == 0);
    BOOST_TEST(first.after == service::migrations().back().version);
    BOOST_TEST(first.names.size() == service::migrations().size());
    const auto second = migrate(params("fresh"));
    BOOST_TEST(second.ok());
    BOOST_TEST(second.names.empty());
    BOOST_TEST(second.before == first.after);
    BOOST_TEST(check_migrations(params("fresh")).ok());
}

BOOST_AUTO_TEST_CASE(schemas_of_one_database_do_not_mix) {
    BOOST_TEST(migrate(params("one")).ok());
    BOOST_TEST(migrate(params("Two")).ok());
    tests::Session sql{server().conninfo()};
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_tables WHERE tablename = 'hubspot_contact_credits' AND schemaname IN "
                         "('one', 'Two')") == "2");
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0");
}

BOOST_AUTO_TEST_CASE(the_contacts_table_is_as_supabase_and_the_rules_expect) {
    BOOST_TEST(migrate(params("shape")).ok());
    tests::Session sql{server().conninfo()};
    // Row level security on every table, and not one policy: denied.
    BOOST_TEST(sql.value("SELECT bool_and(relrowsecurity) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                         "'shape'::regnamespace") == "t");
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_policies WHERE schemaname = 'shape'") == "0");
    // D9: one unique key.
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_index WHERE indisunique AND indrelid = "
                         "'shape.hubspot_contact_credits'::regclass") == "1");
    BOOST_TEST(sql.value("SELECT cache_size FROM pg_sequences WHERE schemaname = 'shape' AND sequencename = "
                         "'understudy_ticket'") == "1");
    sql.run("INSERT INTO shape.hubspot_contact_credits (hubspot_id, student_id, email, version, ticket, mark, state, "
            "synced_at) VALUES ('1', 'S', 'a@b', 0, 1, 0, 1, now()), ('2', 'S', 'a@b', 0, 2, 0, 1, now())");
    for (const std::string wrong : {"mark = 3", "state = 6", "state = 4", "state = 0", "merged_into = '2'",
                                    "lag_reads = 4", "lag_reads = 1", "ticket = NULL"})
        BOOST_CHECK_THROW(sql.run("UPDATE shape.hubspot_contact_credits SET " + wrong), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(every_way_of_asking_has_an_index) {
    BOOST_TEST(migrate(params("plans")).ok());
    tests::Session sql{server().conninfo()};
    const understudy::postgres::detail::TableSql<service::ContactCredits> statements{"plans"};
    // Small tables are scanned; what matters is that the planner has a choice.
    sql.run("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
    const auto plan = [&](const std::string& statement, const std::string& arguments = "'{x}'") {
        sql.run("DEALLOCATE ALL; PREPARE ask AS " + statement);
        std::string text;
        for (const auto& line : sql.run("EXPLAIN EXECUTE ask (" + arguments + ")"))
            text += line.at(0) + "\n";
        return text;
    };
    using understudy::ById;
    const auto by_id = plan(statements.lookup<ById<service::ContactCredits>>());
    const auto by_email = plan(statements.lookup<service::ByEmail>());
    const auto by_student = plan(statements.lookup<service::ByStudentId>());
    const auto absent = plan(statements.note_absent<service::ByEmail>(), "'{x}', 1, 0");
    const auto has = [](const std::string& text, const char* index) {
        BOOST_TEST(text.find(index) != std::string::npos, index << " is not used in\n" << text);
        BOOST_TEST(text.find("Seq Scan") == std::string::npos, text);
    };
    has(by_id, "hubspot_contact_credits_pkey");
    has(by_email, "hubspot_contact_credits_email");
    has(by_email, "hubspot_contact_credits_additional_emails");
    has(by_email, "understudy_lookups_pkey");
    has(by_email, "(value = a.value)");
    has(by_student, "hubspot_contact_credits_student");
    has(absent, "hubspot_contact_credits_additional_emails");
    const understudy::postgres::detail::SettleSql<service::ContactCredits> writes{statements};
    has(plan(writes.find_marked(), "100"), "hubspot_contact_credits_unclean");
    const understudy::postgres::detail::PassSql<service::ContactCredits> passes{statements, "plans"};
    const auto missing = plan(passes.missing(), "'{10,NULL}', '{NULL,99}', '{7,7}', '{11}'");
    has(missing, "Index Cond: ((length(hubspot_id) = s.digits) AND (hubspot_id >= ");
    has(missing, "hubspot_contact_credits_listed");
}

BOOST_AUTO_TEST_CASE(the_journal_and_the_passes_are_what_the_library_expects) {
    BOOST_TEST(migrate(params("migrated")).ok());
    tests::Session sql{server().conninfo()};
    sql.run("CREATE SCHEMA described; SET search_path = described;" + std::string{understudy::postgres::journal_ddl} +
            std::string{understudy::postgres::pass_ddl});
    const auto shape = [&](const std::string& schema) {
        const std::string ours = "'" + schema + "' AND %s ~ '^understudy_(operation|session|pass)'";
        const auto where = [&](const std::string& name) { return std::string{ours}.replace(ours.find("%s"), 2, name); };
        return sql.value("SELECT string_agg(format('%s', c), E'\\n' ORDER BY c) FROM ("
                         "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default FROM "
                         "information_schema.columns WHERE table_schema = " +
                         where("table_name") + ") c") +
               sql.value(
                   "SELECT string_agg(replace(indexdef, '" + schema +
                   ".', ''), E'\\n' ORDER BY indexname) FROM pg_indexes WHERE schemaname = " + where("tablename")) +
               sql.value(
                   "SELECT string_agg(pg_get_constraintdef(c.oid), E'\\n' ORDER BY c.conname) FROM pg_constraint c "
                   "JOIN pg_class t ON t.oid = c.conrelid WHERE t.relnamespace::regnamespace::text = " +
                   where("t.relname")) +
               sql.value("SELECT string_agg(sequencename || cache_size, ' ') FROM pg_sequences WHERE schemaname = " +
                         where("sequencename"));
    };
    BOOST_TEST(shape("migrated") == shape("described"));
    BOOST_TEST(shape("described").find("understudy_operation_keys_pkey") != std::string::npos);
    BOOST_TEST(shape("described").find("understudy_operation_seq1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_newer_schema_is_refused) {
    const std::vector<Migration> newer{step(1, "0001_a", "CREATE TABLE a ()"), step(2, "0002_b", "CREATE TABLE b ()")};
    BOOST_TEST(migrate(params("newer"), newer).ok());
    const auto report = migrate(params("newer"), std::span{newer}.first(1));
    BOOST_TEST((report.error == Errc::schema_mismatch));
    BOOST_TEST((report.error != Condition::retryable));
    BOOST_TEST(report.problem.find("newer than this program") != std::string::npos);
    BOOST_TEST(report.problem.find("0002_b") != std::string::npos);
    BOOST_TEST(!check_migrations(params("newer"), std::span{newer}.first(1)).ok());
}

BOOST_AUTO_TEST_CASE(a_changed_migration_is_refused) {
    std::vector<Migration> steps{step(1, "0001_a", "CREATE TABLE a ()")};
    BOOST_TEST(migrate(params("changed"), steps).ok());
    const std::string other(64, 'b');
    steps[0].checksum = other;
    steps.push_back(step(2, "0002_b", "CREATE TABLE b ()"));
    const auto report = migrate(params("changed"), steps);
    BOOST_TEST((report.error == Errc::schema_mismatch));
    BOOST_TEST(report.problem.find("0001_a") != std::string::npos);
    tests::Session sql{server().conninfo()};
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'changed' AND tablename = 'b'") == "0");
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_leaves_nothing) {
    const std::vector<Migration> steps{step(1, "0001_a", "CREATE TABLE a ()"), step(2, "0002_b", "CREATE TABLE a ()")};
    const auto report = migrate(params("failing"), steps);
    BOOST_TEST(!report.ok());
    BOOST_TEST(report.problem.find("0002_b") != std::string::npos);
    BOOST_TEST(report.names.empty());
    BOOST_TEST(report.after == 0);
    tests::Session sql{server().conninfo()};
    BOOST_TEST(sql.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'failing'") == "0");
}

BOOST_AUTO_TEST_CASE(several_at_once_wait_for_each_other) {
    std::vector<std::future<service::MigrationReport>> runs;
    for (int i = 0; i < 4; ++i)
        runs.push_back(std::async(std::launch::async, [] { return migrate(params("together")); }));
    std::size_t applied = 0;
    for (auto& run : runs) {
        const auto report = run.get();
        BOOST_TEST(report.ok(), report.problem);
        applied += report.names.size();
    }
    BOOST_TEST(applied == service::migrations().size());
}

BOOST_AUTO_TEST_CASE(trouble_is_told_without_the_password) {
    auto wrong = params("x");
    const auto password = server().file("password");
    wrong.conninfo.replace(wrong.conninfo.find(password), password.size(), "not-" + password);
    const auto refused = migrate(wrong);
    BOOST_TEST(understudy::postgres::is_sqlstate(refused.error, "28P01"));
    BOOST_TEST(refused.problem.find(password) == std::string::npos);
    auto nobody = params("x");
    nobody.conninfo = "host=127.0.0.1 port=1 password=" + password;
    const auto unreachable = check_migrations(nobody);
    BOOST_TEST((unreachable.error == Condition::retryable));
    BOOST_TEST(unreachable.problem.find(password) == std::string::npos);
    BOOST_TEST((migrate(params("not a name")).error == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
