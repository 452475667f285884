#include "database.hpp"

#include <understudy/postgres/identity.hpp>
#include <understudy/postgres/pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <list>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace understudy;
using namespace understudy::postgres;
using tests::Database;
using tests::server;
using tests::Session;
using namespace std::chrono_literals;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

ConnectParams to(std::string conninfo) {
    ConnectParams params;
    params.conninfo = std::move(conninfo);
    return params;
}

std::shared_ptr<const Statement> statement(std::string text) {
    return std::make_shared<const Statement>(std::move(text));
}

const ExecuteOptions reading{true};

// Many answers, waited for together.
struct Answers {
    std::list<Database::Answer> all;

    auto next() { return all.emplace_back().handler(); }
    void wait(Database& db) {
        for (auto& answer : all)
            answer.wait(db.io);
    }
    std::size_t count(const error_code& ec) {
        std::size_t found = 0;
        for (auto& answer : all)
            found += answer.ready() && std::get<0>(answer.wait(*io)) == ec;
        return found;
    }
    boost::asio::io_context* io = nullptr;
};

} // namespace

BOOST_AUTO_TEST_SUITE(pool)

BOOST_AUTO_TEST_CASE(values_go_there_and_back) {
    Database db;
    auto [ec, result] =
        db.execute("SELECT $1::integer + 1, $2::text, NULL::text, ''", Parameters::of(41, std::string{"{\"a\\"}));
    BOOST_TEST(!ec.failed());
    std::int32_t number = 0;
    std::string text;
    std::optional<std::string> null{"x"};
    std::optional<std::string> empty;
    BOOST_TEST(result.get(0, 0, number));
    BOOST_TEST(result.get(0, 1, text));
    BOOST_TEST(result.get(0, 2, null));
    BOOST_TEST(result.get(0, 3, empty));
    BOOST_TEST(number == 42);
    BOOST_TEST(text == "{\"a\\");
    BOOST_TEST(!null.has_value());
    BOOST_TEST(empty.value() == "");
    // A NULL where none fits, another type, a column that is not there.
    BOOST_TEST(!result.get(0, 2, text));
    BOOST_TEST(!result.get(0, 0, text));
    BOOST_TEST(!result.get(0, 4, text));
    BOOST_TEST(!result.get(1, 0, number));
}

BOOST_AUTO_TEST_CASE(answers_fit_their_requests_whatever_is_in_flight) {
    Database db;
    const auto same = statement("SELECT $1::integer");
    Answers answers;
    for (int i = 0; i < 2000; ++i)
        db.pool->async_execute(same, Parameters::of(i), i % 3 ? reading : ExecuteOptions{}, answers.next());
    answers.wait(db);
    int i = 0;
    for (auto& answer : answers.all) {
        std::int32_t number = -1;
        BOOST_TEST(std::get<1>(answer.wait(db.io)).get(0, 0, number));
        BOOST_TEST(number == i++);
    }
    BOOST_TEST(db.pool->stats().connects <= db.params.max_connections);
    BOOST_TEST(db.pool->stats().failed == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_fails_in_company_fails_alone) {
    ConnectParams one;
    one.max_connections = 1;
    Database db{"CREATE TABLE x (n integer)", one};
    db.execute("SELECT 1");
    Answers answers;
    db.pool->async_execute("SELECT 1", {}, reading, answers.next());
    db.pool->async_execute("SELECT 1 / $1::integer", Parameters::of(0), reading, answers.next());
    db.pool->async_execute("SELECT 2", {}, reading, answers.next());
    // A write never shares a transaction: this one stays, whatever becomes of its neighbours.
    db.pool->async_execute("INSERT INTO " + db.params.schema + ".x VALUES (1)", {}, {}, answers.next());
    db.pool->async_execute("SELECT 1 / $1::integer", Parameters::of(0), reading, answers.next());
    answers.wait(db);
    std::string outcome;
    for (auto& answer : answers.all)
        outcome += std::get<0>(answer.wait(db.io)) ? '-' : '+';
    BOOST_TEST(outcome == "+-++-");
    BOOST_TEST(is_sqlstate(std::get<0>(std::next(answers.all.begin())->wait(db.io)), "22012"));
    BOOST_TEST(db.pool->stats().sent_again == 2u);
    BOOST_TEST(db.sql.value("SELECT count(*) FROM x") == "1");
}

BOOST_AUTO_TEST_CASE(what_a_server_refuses_is_an_error_with_its_words_apart) {
    Database db{"CREATE TABLE x (n integer PRIMARY KEY); INSERT INTO x VALUES (1)"};
    auto [ec, result] = db.execute("INSERT INTO " + db.params.schema + ".x VALUES (1)");
    BOOST_TEST(is_sqlstate(ec, "23505"));
    BOOST_TEST((ec == Condition::refused));
    BOOST_TEST(result.diagnostics().constraint == "x_pkey");
    BOOST_TEST(ec.message().find("x_pkey") == std::string::npos);
    BOOST_TEST(db.failures.size() == 1u);
    auto [missing, nothing] = db.execute("SELECT * FROM nowhere");
    BOOST_TEST(missing.message().find("were the migrations run?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_sent_never_is) {
    Database db;
    BOOST_TEST((std::get<0>(db.execute("SELECT $1::text", Parameters::of(std::string(1, '\0')))) ==
                ClientErrc::text_with_nul));
    BOOST_TEST(db.pool->stats().connects == 0u);
}

BOOST_AUTO_TEST_CASE(prepared_where_allowed) {
    const auto count = [](StatementMode mode, const std::string& conninfo) {
        ConnectParams params = to(conninfo);
        params.statements = mode;
        params.max_connections = 1;
        Database db{"", params};
        const auto counting = statement("SELECT count(*)::integer FROM pg_prepared_statements");
        Database::Answer answer;
        for (int i = 0; i < 3; ++i) {
            Database::Answer each;
            db.pool->async_execute(counting, {}, reading, each.handler());
            std::int32_t number = -1;
            BOOST_TEST(std::get<1>(each.wait(db.io)).get(0, 0, number));
            if (i == 2)
                return number;
        }
        return -1;
    };
    BOOST_TEST(count(StatementMode::automatic, server().conninfo()) == 1);
    BOOST_TEST(count(StatementMode::prepared, server().conninfo()) == 1);
    BOOST_TEST(count(StatementMode::plain, server().conninfo()) == 0);
}

BOOST_AUTO_TEST_CASE(a_plan_that_is_kept_is_never_a_scan_where_an_index_serves) {
    for (const auto mode : {StatementMode::prepared, StatementMode::plain}) {
        ConnectParams params;
        params.statements = mode;
        Database db{"", params};
        auto [ec, result] = db.execute("SELECT current_setting('enable_seqscan'), current_setting('jit')");
        BOOST_TEST(!ec.failed());
        std::string scans;
        std::string compiles;
        BOOST_TEST(result.get(0, 0, scans));
        BOOST_TEST(result.get(0, 1, compiles));
        BOOST_TEST(scans == (mode == StatementMode::prepared ? "off" : "on"));
        BOOST_TEST(compiles == (mode == StatementMode::prepared ? "off" : "on"));
    }
}

BOOST_AUTO_TEST_CASE(falls_back_to_plain_when_prepared_statements_come_and_go) {
    ConnectParams one;
    one.max_connections = 1;
    Database db{"", one};
    const auto same = statement("SELECT $1::integer");
    const auto ask = [&](int i) {
        Database::Answer answer;
        db.pool->async_execute(same, Parameters::of(i), reading, answer.handler());
        auto& [ec, result] = answer.wait(db.io);
        std::int32_t number = -1;
        return !ec && result.get(0, 0, number) && number == i;
    };
    BOOST_TEST(ask(1));
    BOOST_TEST(!db.pool->stats().plain);
    // As a pooler of transactions does that gives the next request to another session.
    db.execute("DEALLOCATE ALL");
    BOOST_TEST(ask(2));
    BOOST_TEST(db.pool->stats().plain);
    BOOST_TEST(ask(3));
    BOOST_TEST(db.pool->stats().failed == 0u);
}

BOOST_AUTO_TEST_CASE(falls_back_to_plain_when_the_name_is_taken) {
    ConnectParams one;
    one.max_connections = 1;
    Database db{"", one};
    const auto same = statement("SELECT 7");
    db.execute("PREPARE " + same->name() + " AS SELECT 8");
    Database::Answer answer;
    db.pool->async_execute(same, {}, reading, answer.handler());
    std::int32_t number = -1;
    BOOST_TEST(std::get<1>(answer.wait(db.io)).get(0, 0, number));
    BOOST_TEST(number == 7);
    BOOST_TEST(db.pool->stats().plain);
}

BOOST_AUTO_TEST_CASE(a_statement_that_cannot_be_prepared_does_not_turn_the_pool_plain) {
    Database db;
    const auto bad = statement("SELECT nonsense FROM nowhere");
    Answers answers;
    for (int i = 0; i < 3; ++i)
        db.pool->async_execute(bad, {}, reading, answers.next());
    answers.wait(db);
    for (auto& answer : answers.all)
        BOOST_TEST(is_sqlstate(std::get<0>(answer.wait(db.io)), "42P01"));
    BOOST_TEST(!db.pool->stats().plain);
}

BOOST_AUTO_TEST_CASE(no_more_connections_than_allowed) {
    ConnectParams two;
    two.max_connections = 2;
    two.application_name = "limited";
    Database db{"", two};
    Answers answers;
    for (int i = 0; i < 40; ++i)
        db.pool->async_execute("SELECT count(*)::integer FROM pg_stat_activity WHERE application_name = 'limited'", {},
                               {}, answers.next());
    answers.wait(db);
    BOOST_TEST(db.pool->stats().connects <= 2u);
    BOOST_TEST(db.pool->stats().failed == 0u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
    ConnectParams narrow;
    narrow.max_connections = 1;
    narrow.pipeline_depth = 1;
    narrow.max_waiting = 3;
    Database db{"", narrow};
    Answers answers;
    answers.io = &db.io;
    for (int i = 0; i < 6; ++i)
        db.pool->async_execute("SELECT 1", {}, {}, answers.next());
    answers.wait(db);
    BOOST_TEST(answers.count(Errc::overloaded) == 3u);
    BOOST_TEST(answers.count({}) == 3u);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_the_wait_of_one) {
    Database db;
    db.execute("SELECT 1");
    Database::Answer slow;
    Database::Answer quick;
    db.pool->async_execute("SELECT pg_sleep(30)", {}, ExecuteOptions{false, 20ms}, slow.handler());
    db.pool->async_execute("SELECT 1", {}, {}, quick.handler());
    const auto ec = std::get<0>(slow.wait(db.io));
    BOOST_TEST((ec == Errc::deadline_exceeded));
    BOOST_TEST((ec == Condition::applied_unknown));
    BOOST_TEST(!std::get<0>(quick.wait(db.io)).failed());
    BOOST_TEST(db.pool->stats().timed_out == 1u);
    BOOST_TEST(!std::get<0>(db.execute("SELECT 1")).failed());
    db.sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
}

BOOST_AUTO_TEST_CASE(a_silent_connection_is_given_up) {
    ConnectParams one;
    one.max_connections = 1;
    one.stall_timeout = 50ms;
    Database db{"", one};
    db.execute("SELECT 1");
    BOOST_TEST((std::get<0>(db.execute("SELECT pg_sleep(30)")) == ClientErrc::stalled));
    BOOST_TEST(!std::get<0>(db.execute("SELECT 1")).failed());
    db.sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
}

BOOST_AUTO_TEST_CASE(cancelling_one_leaves_the_others_alone) {
    ConnectParams one;
    one.max_connections = 1;
    Database db{"", one};
    for (const bool connected : {false, true}) {
        boost::asio::cancellation_signal signal;
        Database::Answer cancelled;
        Database::Answer other;
        db.pool->async_execute("SELECT 1", {}, reading,
                               boost::asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
        db.pool->async_execute("SELECT 2", {}, reading, other.handler());
        signal.emit(boost::asio::cancellation_type::total);
        BOOST_TEST((std::get<0>(cancelled.wait(db.io)) == boost::asio::error::operation_aborted));
        BOOST_TEST(!std::get<0>(other.wait(db.io)).failed());
        // Cancelling what has ended does nothing.
        signal.emit(boost::asio::cancellation_type::terminal);
        BOOST_TEST(db.pool->stats().cancelled == (connected ? 2u : 1u));
    }
}

BOOST_AUTO_TEST_CASE(closing_ends_everything) {
    Database db;
    Database::Answer outstanding;
    db.pool->async_execute("SELECT 1", {}, {}, outstanding.handler());
    db.pool->close();
    BOOST_TEST((std::get<0>(outstanding.wait(db.io)) == Errc::shutting_down));
    BOOST_TEST((std::get<0>(db.execute("SELECT 1")) == Errc::shutting_down));
    db.io.restart();
    db.io.run(); // nothing is left to wait for
}

BOOST_AUTO_TEST_CASE(handlers_run_on_the_pools_executor_or_their_own) {
    Database db;
    db.pool->close();
    // A refusal that needs no waiting takes the same way as everything else.
    auto refused = db.pool->async_execute("SELECT 1")(boost::asio::use_future);
    BOOST_TEST((refused.wait_for(0s) == std::future_status::timeout));
    db.io.restart();
    BOOST_TEST(db.io.poll() == 1u);
    BOOST_CHECK_THROW(refused.get(), boost::system::system_error);
    boost::asio::io_context other;
    Database::Answer answer;
    db.pool->async_execute("SELECT 1", {}, {}, boost::asio::bind_executor(other.get_executor(), answer.handler()));
    db.io.restart();
    db.io.poll();
    BOOST_TEST(!answer.ready());
    BOOST_TEST((std::get<0>(answer.wait(other)) == Errc::shutting_down));
}

BOOST_AUTO_TEST_CASE(a_request_outlives_the_last_handle) {
    boost::asio::io_context io;
    Database::Answer answer;
    Pool{io.get_executor(), to(server().conninfo())}.async_execute("SELECT 1", {}, {}, answer.handler());
    BOOST_TEST(!std::get<0>(answer.wait(io)).failed());
    io.restart();
    io.run(); // and nothing outlives the request
}

BOOST_AUTO_TEST_CASE(a_statement_that_is_gone_is_prepared_again_where_that_is_demanded) {
    ConnectParams one;
    one.max_connections = 1;
    one.statements = StatementMode::prepared;
    Database db{"", one};
    const auto same = statement("SELECT 1");
    for (int i = 0; i < 2; ++i) {
        Database::Answer answer;
        db.pool->async_execute(same, {}, reading, answer.handler());
        BOOST_TEST(!std::get<0>(answer.wait(db.io)).failed());
        db.execute("DEALLOCATE ALL");
    }
    BOOST_TEST(!db.pool->stats().plain);
}

BOOST_AUTO_TEST_CASE(an_io_context_that_goes_away_takes_its_requests_along) {
    const auto witness = std::make_shared<int>(0);
    {
        boost::asio::io_context io;
        Pool pool{io.get_executor(), to(server().conninfo())};
        pool.async_execute("SELECT pg_sleep(0.1)", {}, {}, [witness, pool](auto, auto) {});
        io.run_for(20ms);
        BOOST_TEST(witness.use_count() == 2);
    }
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// Several statements as one transaction.
BOOST_AUTO_TEST_SUITE(transactions)

namespace {

struct Counting : Database {
    explicit Counting(ConnectParams given)
        : Database{"CREATE TABLE x (n integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)", std::move(given)}
        , insert{statement("INSERT INTO " + params.schema + ".x SELECT $1::integer / $2::integer")}
        , count{statement("SELECT count(*)::integer, $1::integer FROM " + params.schema + ".x")} {}

    Command put(int n, int by = 1) const { return {insert, Parameters::of(n, by)}; }
    Command counted(int tag = 0) const { return {count, Parameters::of(tag)}; }

    using Answers = tests::Outcome<error_code, std::vector<Result>>;
    std::tuple<error_code, std::vector<Result>> run(std::vector<Command> commands, ExecuteOptions options = {}) {
        Answers answers;
        pool->async_execute(std::move(commands), options, answers.handler());
        return std::move(answers.wait(io));
    }
    static int number(const Result& result, std::size_t column = 0) {
        std::int32_t found = -1;
        BOOST_TEST(result.get(0, column, found));
        return found;
    }
    std::string rows() { return sql.value("SELECT string_agg(n::text, ',' ORDER BY n) FROM x"); }

    std::shared_ptr<const Statement> insert;
    std::shared_ptr<const Statement> count;
};

ConnectParams with(StatementMode mode) {
    ConnectParams params;
    params.statements = mode;
    params.max_connections = 1;
    return params;
}

} // namespace

BOOST_AUTO_TEST_CASE(all_of_them_take_effect_and_each_sees_those_before_it) {
    for (const auto mode : {StatementMode::prepared, StatementMode::plain}) {
        Counting db{with(mode)};
        for (int i = 0; i < 3; ++i) {
            auto [ec, results] = db.run({db.put(2 * i), db.counted(), db.put(2 * i + 1), db.counted(i)});
            BOOST_TEST(!ec.failed(), ec.message());
            BOOST_REQUIRE(results.size() == 4u);
            BOOST_TEST(results[0].affected() == 1u);
            BOOST_TEST(Counting::number(results[1]) == 2 * i + 1);
            BOOST_TEST(Counting::number(results[3]) == 2 * i + 2);
            BOOST_TEST(Counting::number(results[3], 1) == i);
        }
        BOOST_TEST(db.rows() == "0,1,2,3,4,5");
        auto [ec, nothing] = db.run({});
        BOOST_TEST((!ec && nothing.empty()));
    }
}

BOOST_AUTO_TEST_CASE(I18_one_that_fails_takes_all_back_and_says_which_it_was) {
    for (const auto mode : {StatementMode::prepared, StatementMode::plain}) {
        Counting db{with(mode)};
        auto [ec, results] = db.run({db.put(1), db.put(2), db.put(3, 0), db.put(4)});
        BOOST_TEST(is_sqlstate(ec, "22012"));
        BOOST_TEST(results.size() == 3u);
        BOOST_TEST(results.back().diagnostics().sqlstate == "22012");
        BOOST_TEST(db.rows() == "~");
        BOOST_TEST(db.failures.size() == 1u);
        // At the commit.
        std::tie(ec, results) = db.run({db.put(1), db.put(1)});
        BOOST_TEST(is_sqlstate(ec, "23505"));
        BOOST_TEST(results.size() == 3u);
        // What the server cannot even read.
        std::tie(ec, results) = db.run({db.put(1), {statement("SELECT nonsense FROM nowhere")}, db.put(2)});
        BOOST_TEST(is_sqlstate(ec, "42P01"));
        // A value that cannot be sent: nothing is.
        const auto requests = db.pool->stats().connects;
        std::tie(ec, results) =
            db.run({db.put(1), {statement("SELECT $1::text"), Parameters::of(std::string(1, '\0'))}});
        BOOST_TEST((ec == ClientErrc::text_with_nul));
        BOOST_TEST(db.pool->stats().connects == requests);
        BOOST_TEST(db.rows() == "~");
        // And the connection is as good as before.
        BOOST_TEST(!std::get<0>(db.run({db.put(7), db.put(8)})).failed());
        BOOST_TEST(db.rows() == "7,8");
    }
}

BOOST_AUTO_TEST_CASE(neighbours_are_not_disturbed) {
    Counting db{with(StatementMode::automatic)};
    db.run({db.put(0), db.counted()});
    Answers answers;
    std::list<Counting::Answers> several;
    const auto run = [&](std::vector<Command> commands, ExecuteOptions options) {
        db.pool->async_execute(std::move(commands), options, several.emplace_back().handler());
    };
    db.pool->async_execute("SELECT 1", {}, reading, answers.next());
    run({db.put(1), db.put(2)}, {});
    run({db.put(3), db.put(4, 0)}, {});
    db.pool->async_execute("SELECT 1 / $1::integer", Parameters::of(0), reading, answers.next());
    // These three share a sync.
    run({db.counted(1), db.counted(2)}, reading);
    db.pool->async_execute("SELECT 1 / $1::integer", Parameters::of(0), reading, answers.next());
    run({db.put(5), db.put(6)}, {});
    answers.wait(db);
    std::string outcome;
    for (auto& answer : answers.all)
        outcome += std::get<0>(answer.wait(db.io)) ? '-' : '+';
    for (auto& answer : several)
        outcome += std::get<0>(answer.wait(db.io)) ? '-' : '+';
    BOOST_TEST(outcome == "+--+-++");
    auto& read = std::get<1>(std::next(several.begin(), 2)->wait(db.io));
    BOOST_REQUIRE(read.size() == 2u);
    BOOST_TEST((Counting::number(read[0], 1) == 1 && Counting::number(read[1], 1) == 2));
    BOOST_TEST(db.rows() == "0,1,2,5,6");
    BOOST_TEST(db.pool->stats().connects == 1u);
}

BOOST_AUTO_TEST_CASE(done_once_where_prepared_statements_come_and_go) {
    for (const auto mode : {StatementMode::automatic, StatementMode::prepared}) {
        Counting db{with(mode)};
        const std::vector<Command> commands{db.put(1), db.counted(), {statement("SELECT 1")}, {statement("SELECT 2")}};
        BOOST_TEST(!std::get<0>(db.run(commands)).failed());
        db.sql.run("TRUNCATE x");
        // As a pooler of transactions does that gives the next request to another session.
        db.execute("DEALLOCATE ALL");
        auto [ec, results] = db.run(commands);
        BOOST_TEST(!ec.failed(), ec.message());
        BOOST_TEST(results.size() == 4u);
        BOOST_TEST(db.rows() == "1");
        BOOST_TEST(db.pool->stats().plain == (mode == StatementMode::automatic));
        BOOST_TEST(!std::get<0>(db.run({db.put(2), db.counted()})).failed());
    }
    // A name that is taken, of the second statement.
    Counting db{with(StatementMode::automatic)};
    db.execute("PREPARE " + db.count->name() + " AS SELECT 8");
    auto [ec, results] = db.run({db.put(1), db.counted(3)});
    BOOST_TEST(!ec.failed(), ec.message());
    BOOST_TEST(Counting::number(results.back(), 1) == 3);
    BOOST_TEST(db.pool->stats().plain);
    BOOST_TEST(db.rows() == "1");
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_prepared_leaves_the_others_prepared_or_not_as_they_are) {
    Counting db{with(StatementMode::prepared)};
    const auto bad = statement("SELECT nonsense FROM nowhere");
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(is_sqlstate(std::get<0>(db.run({db.put(1), {bad}, db.counted()})), "42P01"));
    BOOST_TEST(!std::get<0>(db.run({db.put(1), db.counted()})).failed());
    BOOST_TEST(db.pool->stats().sent_again == 0u);
}

BOOST_AUTO_TEST_CASE(a_lost_connection_leaves_all_or_nothing_and_says_so) {
    Counting db{with(StatementMode::automatic)};
    Counting::Answers answers;
    db.pool->async_execute({db.put(1), {statement("SELECT pg_sleep(60)")}, db.put(2)}, {}, answers.handler());
    while (db.sql.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = "
                        "'active'") == "0")
        db.io.poll();
    db.sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
    const auto ec = std::get<0>(answers.wait(db.io));
    BOOST_TEST((ec == Condition::applied_unknown || ec == Condition::retryable), ec.message());
    BOOST_TEST(db.rows() == "~");
}

BOOST_AUTO_TEST_CASE(who_gives_up_is_told_at_once_and_the_transaction_goes_its_way) {
    Counting db{with(StatementMode::automatic)};
    Session other{server().conninfo()};
    other.run("SELECT pg_advisory_lock(7)");
    boost::asio::cancellation_signal signal;
    Counting::Answers sent;
    Counting::Answers unsent;
    const auto cancellable = [&](auto handler) { return boost::asio::bind_cancellation_slot(signal.slot(), handler); };
    db.pool->async_execute({{statement("SELECT pg_advisory_xact_lock(7)")}, db.put(1)}, {},
                           cancellable(sent.handler()));
    while (db.sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        db.io.poll();
    signal.emit(boost::asio::cancellation_type::total);
    BOOST_TEST((std::get<0>(sent.wait(db.io)) == boost::asio::error::operation_aborted));
    // What was not sent yet never is.
    db.pool->async_execute({db.put(2), db.counted()}, {}, cancellable(unsent.handler()));
    signal.emit(boost::asio::cancellation_type::total);
    BOOST_TEST((std::get<0>(unsent.wait(db.io)) == boost::asio::error::operation_aborted));
    Counting::Answers late;
    db.pool->async_execute({db.counted(), db.counted()}, ExecuteOptions{false, 20ms}, late.handler());
    BOOST_TEST((std::get<0>(late.wait(db.io)) == Errc::deadline_exceeded));
    other.run("SELECT pg_advisory_unlock(7)");
    BOOST_TEST(!std::get<0>(db.run({db.put(3), db.counted()})).failed());
    BOOST_TEST(db.rows() == "1,3");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(trouble)

BOOST_AUTO_TEST_CASE(nobody_there) {
    // Port 1 of the loopback; a name that cannot exist (RFC 6761); a socket that is not there; a string that is none.
    const struct {
        const char* conninfo;
        error_code expected;
        bool retryable;
    } cases[] = {{"host=127.0.0.1 port=1", ClientErrc::connect_failed, true},
                 {"host=nobody.invalid", ClientErrc::host_not_found, true},
                 {"host=/nonexistent", ClientErrc::connect_failed, true},
                 {"hostt=nobody", Errc::invalid_argument, false}};
    for (const auto& each : cases) {
        Database db{"", to(each.conninfo)};
        const auto ec = std::get<0>(db.execute("SELECT 1"));
        BOOST_TEST(ec == each.expected, each.conninfo << ": " << ec.message());
        BOOST_TEST((ec == Condition::retryable) == each.retryable);
        BOOST_TEST((ec == Condition::recoverable_by_fallback) == each.retryable);
        // While it pauses, it says so at once.
        BOOST_TEST(std::get<0>(db.execute("SELECT 1")) == each.expected);
        BOOST_TEST(db.pool->last_connection_error() == each.expected);
    }
}

BOOST_AUTO_TEST_CASE(wrong_password) {
    const std::string password = server().file("password");
    Database db{"", to(replaced(server().conninfo(), password, "wrong-" + password))};
    const auto ec = std::get<0>(db.execute("SELECT 1"));
    BOOST_TEST(is_sqlstate(ec, "28P01"));
    BOOST_TEST((ec != Condition::retryable));
    BOOST_TEST((ec == Condition::recoverable_by_fallback));
    BOOST_REQUIRE(db.failures.size() >= 1u);
    for (const auto& said : db.failures)
        BOOST_TEST(said.find(password) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(unknown_database) {
    Database db{"", to(replaced(server().conninfo(), "dbname=understudy", "dbname=nothing"))};
    BOOST_TEST(is_sqlstate(std::get<0>(db.execute("SELECT 1")), "3D000"));
}

BOOST_AUTO_TEST_CASE(a_name_of_the_loopback_is_resolved) {
    Database db{"", to(replaced(server().conninfo(), "127.0.0.1", "localhost"))};
    BOOST_TEST(!std::get<0>(db.execute("SELECT 1")).failed());
}

BOOST_AUTO_TEST_CASE(over_a_unix_socket) {
    Database db{"", to(replaced(server().conninfo(), "127.0.0.1", server().file("socket_directory")))};
    BOOST_TEST(!std::get<0>(db.execute("SELECT 1")).failed());
}

BOOST_AUTO_TEST_CASE(a_crash_fails_what_is_out_and_nothing_later) {
    tests::PrivatePostgres own;
    ConnectParams params = to(own.conninfo());
    params.backoff_first = 1ms;
    params.backoff_last = 20ms;
    Database db{"", params};
    db.execute("SELECT 1");
    Answers answers;
    answers.io = &db.io;
    for (int i = 0; i < 20; ++i)
        db.pool->async_execute("SELECT pg_sleep(60)", {}, reading, answers.next());
    Session probe{own.conninfo()};
    while (probe.value(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'") == "0")
        db.io.poll();
    own.halt();
    answers.wait(db);
    for (auto& answer : answers.all) {
        const auto ec = std::get<0>(answer.wait(db.io));
        BOOST_TEST((ec == Condition::retryable), ec.message());
        BOOST_TEST((ec == Condition::recoverable_by_fallback));
    }
    BOOST_TEST((std::get<0>(db.execute("SELECT 1")) == Condition::retryable));
    own.restart();
    // It comes back by itself.
    error_code ec;
    do
        ec = std::get<0>(db.execute("SELECT 1"));
    while (ec == Condition::retryable);
    BOOST_TEST(!ec.failed());
}

BOOST_AUTO_TEST_CASE(a_terminated_session_is_replaced) {
    Database db;
    db.execute("SELECT 1");
    db.sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy'");
    error_code ec;
    do
        ec = std::get<0>(db.execute("SELECT 1"));
    while (ec == Condition::retryable);
    BOOST_TEST(!ec.failed());
}

BOOST_AUTO_TEST_CASE(tls) {
    tests::PrivatePostgres secure{true};
    const auto answer = [&](const std::string& conninfo) {
        Database db{"", to(conninfo)};
        auto [ec, result] = db.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        bool encrypted = false;
        if (!ec)
            BOOST_TEST(result.get(0, 0, encrypted));
        BOOST_TEST(encrypted == !ec.failed());
        return ec;
    };
    const std::string root = "sslrootcert=" + (secure.directory() / "root.crt").string();
    const std::string good = secure.conninfo();
    BOOST_TEST(!answer(good).failed());
    BOOST_TEST(!answer(replaced(good, "127.0.0.1", "localhost")).failed());
    BOOST_TEST(!answer(replaced(replaced(good, "verify-full", "require"), root, "")).failed());
    // The server insists.
    BOOST_TEST(is_sqlstate(answer(replaced(good, "verify-full", "disable")), "28000"));
    // A certificate that nobody we know has signed, and one for another name.
    BOOST_TEST((answer(replaced(good, "root.crt", "other.crt")) == ClientErrc::tls_failed));
    BOOST_TEST(
        (answer(replaced(good, "host=127.0.0.1", "host=db.example.com hostaddr=127.0.0.1")) == ClientErrc::tls_failed));
    // We insist, the server has none.
    BOOST_TEST((answer(server().conninfo() + " sslmode=require") == ClientErrc::tls_failed));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(identity)

const char* const two_tables =
    "CREATE SEQUENCE understudy_ticket; CREATE TABLE understudy_meta (key text PRIMARY KEY, value text "
    "NOT NULL, changed_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE a (id text, ticket bigint, mark smallint); CREATE TABLE b (LIKE a);"
    "CREATE TABLE understudy_sets (LIKE a); INSERT INTO understudy_sets VALUES ('1', 4, 0);"
    "INSERT INTO a VALUES ('1', 1, 0), ('2', 2, 1); INSERT INTO b VALUES ('1', 3, 0)";

IdentityReport checked(Database& db) {
    tests::Outcome<error_code, IdentityReport> outcome;
    async_check_identity(*db.pool, {"a", "b"}, outcome.handler());
    auto& [ec, report] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return report;
}

BOOST_AUTO_TEST_CASE(a_database_that_is_not_the_one_last_seen_makes_every_row_dirty) {
    Database db{two_tables};
    BOOST_TEST(!checked(db).changed);
    BOOST_TEST(!checked(db).changed);
    BOOST_TEST(db.sql.value("SELECT count(*) FROM a WHERE mark = 2") == "0");
    // What a restore from a copy made elsewhere, or a fail-over, looks like.
    db.sql.run("UPDATE understudy_meta SET value = regexp_replace(value, '/.*', '/00000009')");
    const auto before = std::stoull(db.sql.value("SELECT last_value FROM understudy_ticket"));
    const auto report = checked(db);
    BOOST_TEST(report.changed);
    BOOST_TEST(report.marked == 3u);
    // Every row, and the set.
    BOOST_TEST(db.sql.value("SELECT count(*) FROM (TABLE a UNION ALL TABLE b UNION ALL TABLE understudy_sets) x WHERE "
                            "mark = 2 AND ticket > " +
                            std::to_string(before + 1'000'000)) == "4");
    BOOST_TEST(!checked(db).changed);
}

BOOST_AUTO_TEST_CASE(a_role_that_may_not_ask_is_told_so) {
    Database db{two_tables};
    Session admin{server().file("admin_conninfo")};
    admin.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    const auto report = checked(db);
    admin.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
    BOOST_TEST(report.unknown);
    BOOST_TEST(!report.changed);
    BOOST_TEST(report.note.find("pg_control_system") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
