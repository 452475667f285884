#include "database.hpp"
#include "tables.hpp"

#include <understudy/postgres/store.hpp>
#include <understudy/store.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/data/test_case.hpp>

#include <limits>
#include <list>
#include <string>
#include <vector>

using namespace understudy;
using tests::ByEmail;
using tests::ByNumber;
using tests::Customer;
using tests::customer;
using tests::Database;
using tests::EveryType;
using tests::Outcome;
using Store = postgres::Store<Customer>;
using namespace std::chrono_literals;

static_assert(Replica<Store>);
static_assert(ReconcilableReplica<Store>);

namespace {

template<class R>
using Looked = Outcome<error_code, Rows<R>>;

template<class By = ById<Customer>>
Rows<Customer> look_up(Database& db, Store& store, std::vector<std::string> values) {
    Looked<Customer> outcome;
    store.async_lookup<By>(std::move(values), outcome.handler());
    auto& [ec, rows] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return rows;
}

template<class S, class R>
std::vector<Applied> apply(Database& db, S& store, std::vector<R> records, Ticket ticket) {
    std::vector<Observation<R>> observations;
    for (auto& record : records) {
        auto& observation = observations.emplace_back();
        observation.key = record.id;
        observation.ticket = ticket;
        observation.state = State::live;
        observation.version = Version{1};
        observation.record = std::move(record);
    }
    Outcome<error_code, std::vector<Applied>> outcome;
    store.async_apply(std::move(observations), outcome.handler());
    auto& [ec, applied] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return applied;
}

template<class S>
Ticket draw(Database& db, S& store) {
    Outcome<error_code, Ticket> outcome;
    store.async_draw_ticket(outcome.handler());
    return std::get<1>(outcome.wait(db.io));
}

template<class By>
std::vector<Applied> note(Database& db, Store& store, std::vector<std::string> values, Ticket ticket,
                          std::chrono::milliseconds elapsed = 0ms) {
    Outcome<error_code, std::vector<Applied>> outcome;
    store.async_note_absent<By>(std::move(values), ticket, elapsed, outcome.handler());
    auto& [ec, noted] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return noted;
}

void hint(Database& db, Store& store, std::vector<std::string> keys) {
    Outcome<error_code> outcome;
    store.async_hint(std::move(keys), outcome.handler());
    BOOST_TEST(!std::get<0>(outcome.wait(db.io)).failed());
}

} // namespace

BOOST_AUTO_TEST_SUITE(looking_up)

BOOST_AUTO_TEST_CASE(a_key_nobody_heard_of) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    const auto rows = look_up(db, store, {"k1"});
    BOOST_REQUIRE(rows.rows.size() == 1u);
    BOOST_TEST(rows.rows[0].id == "k1");
    BOOST_TEST((rows.rows[0].state == State::unknown));
    BOOST_TEST((rows.rows[0].mark == Mark::dirty));
    BOOST_TEST((rows.rows[0].ticket == no_ticket));
    BOOST_TEST((rows.ticket != no_ticket));
    BOOST_TEST(look_up(db, store, {}).rows.empty());
}

BOOST_AUTO_TEST_CASE(answers_come_in_the_order_asked_however_often) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1), customer(2)}, draw(db, store));
    const auto rows = look_up(db, store, {"k2", "k3", "k1", "k2"});
    BOOST_TEST((rows.rows.at(0).record == customer(2)));
    BOOST_TEST((rows.rows.at(1).state == State::unknown));
    BOOST_TEST((rows.rows.at(2).record == customer(1)));
    BOOST_TEST((rows.rows.at(3).record == customer(2)));
    BOOST_TEST(rows.rows.at(0).current());
    BOOST_TEST((rows.rows.at(0).version == Version{1}));
}

BOOST_AUTO_TEST_CASE(a_ticket_is_drawn_on_misses_only_and_in_the_same_round_trip) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1), customer(2)}, draw(db, store));
    const auto counter = [&] { return std::stoull(db.sql.value("SELECT last_value FROM understudy_ticket")); };
    const auto before = counter();
    BOOST_TEST((look_up(db, store, {"k1", "k2"}).ticket == no_ticket));
    BOOST_TEST((look_up<ByEmail>(db, store, {"c1v2@example.com"}).ticket == no_ticket));
    db.sql.run("UPDATE customers SET mark = 1");
    BOOST_TEST((look_up(db, store, {"k1", "k2"}).ticket == no_ticket));
    BOOST_TEST(counter() == before);
    const auto requests = db.pool->stats().requests;
    BOOST_TEST((look_up(db, store, {"k1", "k3"}).ticket == Ticket{before + 1}));
    BOOST_TEST((look_up<ByEmail>(db, store, {"nobody"}).ticket == Ticket{before + 2}));
    hint(db, store, {"k2"});
    BOOST_TEST((look_up(db, store, {"k2"}).ticket == Ticket{before + 4}));
    BOOST_TEST((look_up<ByNumber>(db, store, {"N2"}).ticket == Ticket{before + 5}));
    BOOST_TEST(db.pool->stats().requests - requests == 5u);
}

BOOST_AUTO_TEST_CASE(by_another_key_the_live_record_learned_last) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1, 4)}, draw(db, store));
    apply<Store, Customer>(db, store, {customer(2, 4)}, draw(db, store));
    // Asked for in the form that the tag compares in.
    BOOST_TEST(look_up<ByEmail>(db, store, {"Shared@Example.com"}).rows.at(0).id == "k2");
    hint(db, store, {"k1"});
    const auto rows = look_up<ByEmail>(db, store, {"shared@example.com"});
    BOOST_TEST(rows.rows.at(0).id == "k1");
    BOOST_TEST((rows.rows.at(0).mark == Mark::dirty));
    db.sql.run("UPDATE customers SET state = 3 WHERE id = 'k1'");
    BOOST_TEST((look_up<ByEmail>(db, store, {"shared@example.com"}).rows.at(0).record == customer(2, 4)));
    db.sql.run("UPDATE customers SET state = 3");
    BOOST_TEST((look_up<ByEmail>(db, store, {"shared@example.com"}).rows.at(0).state == State::unknown));
}

BOOST_AUTO_TEST_CASE(age_is_by_the_databases_clock) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1), customer(2)}, draw(db, store));
    db.sql.run("UPDATE customers SET synced_at = now() - interval '1 hour' WHERE id = 'k1'");
    db.sql.run("UPDATE customers SET synced_at = now() + interval '1 hour' WHERE id = 'k2'");
    const auto rows = look_up(db, store, {"k1", "k2"});
    BOOST_TEST((rows.rows[0].age >= 1h && rows.rows[0].age < 61min));
    BOOST_TEST((rows.rows[1].age == 0ms));
}

BOOST_AUTO_TEST_CASE(I15_absences_are_noted_believed_and_taken_back) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1)}, draw(db, store));
    const auto ticket = draw(db, store);
    // What a live record answers to is not absent.
    BOOST_TEST((note<ByEmail>(db, store, {"C1V2@example.com", "C7V2@example.com", "c7v2@example.com"}, ticket) ==
                std::vector{Applied::dropped, Applied::applied, Applied::applied}));
    auto row = look_up<ByEmail>(db, store, {"c7v2@example.com"}).rows.at(0);
    BOOST_TEST((row.state == State::absent));
    BOOST_TEST((row.mark == Mark::clean));
    BOOST_TEST((row.ticket == ticket));
    BOOST_TEST((row.age < 1min));
    BOOST_TEST(row.id == "");
    // Not by another index, and not by an older read.
    BOOST_TEST((look_up<ByNumber>(db, store, {"c7v2@example.com"}).rows.at(0).state == State::unknown));
    BOOST_TEST((note<ByEmail>(db, store, {"c7v2@example.com"}, Ticket{1}) == std::vector{Applied::dropped}));
    note<ByNumber>(db, store, {"N7"}, ticket, 5min);
    row = look_up<ByNumber>(db, store, {"N7"}).rows.at(0);
    BOOST_TEST((row.age >= 5min && row.age < 6min));
    // The record appears: nothing says absent any more.
    apply<Store, Customer>(db, store, {customer(7)}, draw(db, store));
    BOOST_TEST((look_up<ByEmail>(db, store, {"c7v2@example.com"}).rows.at(0).record == customer(7)));
    BOOST_TEST(db.sql.value("SELECT count(*) FROM understudy_lookups") == "0");
}

BOOST_AUTO_TEST_CASE(I15_a_record_that_was_read_too_late_takes_nothing_back) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    const auto early = draw(db, store);
    hint(db, store, {"k7"});
    note<ByEmail>(db, store, {"c7v2@example.com"}, draw(db, store));
    BOOST_TEST((apply<Store, Customer>(db, store, {customer(7)}, early) == std::vector{Applied::dropped}));
    BOOST_TEST((look_up<ByEmail>(db, store, {"c7v2@example.com"}).rows.at(0).state == State::absent));
}

// The note is written by SQL, and taken back by what C++ says of the record.
BOOST_AUTO_TEST_CASE(I15_values_are_noted_as_sql_writes_them) {
    Database db;
    const auto check = [&](const auto& value) {
        const auto outcome = db.execute("SELECT $1::text", postgres::Parameters::of(value));
        std::string text;
        BOOST_TEST_REQUIRE(std::get<1>(outcome).get(0, 0, text));
        BOOST_TEST(postgres::detail::note_text(value) == text);
    };
    check(std::string{"k'1"});
    check(true);
    check(false);
    check(std::int16_t{-7});
    check(std::int32_t{0});
    check(std::int64_t{1} << 40);
    check(tests::Hand::right);
}

BOOST_AUTO_TEST_CASE(absences_nobody_believes_any_more_are_forgotten) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    db.sql.run("INSERT INTO understudy_lookups SELECT 'customers.email', 'old' || n, n, now() - interval '2 days' FROM "
               "generate_series(1, 50) n");
    note<ByEmail>(db, store, {"new"}, draw(db, store));
    BOOST_TEST(db.sql.value("SELECT string_agg(value, ',') FROM understudy_lookups") == "new");
}

BOOST_AUTO_TEST_CASE(a_hint_makes_a_placeholder_or_marks_and_changes_no_value) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1)}, draw(db, store));
    const auto before = look_up(db, store, {"k1"}).rows.at(0).ticket;
    hint(db, store, {"k1", "k2", "k1"});
    const auto rows = look_up(db, store, {"k1", "k2"});
    BOOST_TEST((rows.rows[0].mark == Mark::dirty));
    BOOST_TEST((rows.rows[0].ticket > before));
    BOOST_TEST((rows.rows[0].record == customer(1)));
    BOOST_TEST((rows.rows[1].state == State::unknown));
    BOOST_TEST((rows.rows[1].mark == Mark::dirty));
    BOOST_TEST((rows.rows[1].ticket > before));
    hint(db, store, {});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(coalescing)

BOOST_AUTO_TEST_CASE(I12_many_callers_few_statements) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    std::vector<Customer> all;
    for (int i = 0; i < 400; ++i)
        all.push_back(customer(i));
    apply(db, store, all, draw(db, store));
    const auto before = db.pool->stats().requests;
    std::list<Looked<Customer>> outcomes;
    for (int i = 0; i < 400; ++i)
        store.async_lookup<ById<Customer>>({"k" + std::to_string(i)}, outcomes.emplace_back().handler());
    int i = 0;
    for (auto& outcome : outcomes)
        BOOST_TEST((std::get<1>(outcome.wait(db.io)).rows.at(0).record == customer(i++)));
    // 256, then the rest.
    BOOST_TEST(db.pool->stats().requests - before == 2u);

    std::list<Looked<Customer>> same;
    for (int n = 0; n < 400; ++n)
        store.async_lookup<ByEmail>({"c5v2@example.com"}, same.emplace_back().handler());
    for (auto& outcome : same)
        BOOST_TEST(std::get<1>(outcome.wait(db.io)).rows.at(0).id == "k5");
    BOOST_TEST(db.pool->stats().requests - before == 3u);
}

BOOST_AUTO_TEST_CASE(a_large_call_is_split_and_put_together) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    std::vector<Customer> all;
    std::vector<std::string> keys;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(customer(i));
        keys.push_back("k" + std::to_string(i));
    }
    apply(db, store, all, draw(db, store));
    keys.push_back("nobody");
    const auto rows = look_up(db, store, keys);
    for (std::size_t i = 0; i < 1000; ++i)
        BOOST_TEST((rows.rows.at(i).record == all[i]));
    BOOST_TEST((rows.ticket != no_ticket));
}

BOOST_AUTO_TEST_CASE(one_cancelled_caller_disturbs_nobody) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    apply<Store, Customer>(db, store, {customer(1)}, draw(db, store));
    boost::asio::cancellation_signal first;
    boost::asio::cancellation_signal third;
    std::list<Looked<Customer>> outcomes(4);
    auto it = outcomes.begin();
    store.async_lookup<ById<Customer>>({"k1"}, boost::asio::bind_cancellation_slot(first.slot(), (it++)->handler()));
    store.async_lookup<ById<Customer>>({"k1"}, (it++)->handler());
    store.async_lookup<ById<Customer>>({"k2"}, boost::asio::bind_cancellation_slot(third.slot(), (it++)->handler()));
    store.async_lookup<ById<Customer>>({"k1"}, (it++)->handler());
    first.emit(boost::asio::cancellation_type::total);
    third.emit(boost::asio::cancellation_type::terminal);
    std::string outcome;
    for (auto& each : outcomes)
        outcome += std::get<0>(each.wait(db.io)) == boost::asio::error::operation_aborted ? 'x' : '+';
    BOOST_TEST(outcome == "x+x+");
    BOOST_TEST((std::get<1>(outcomes.back().wait(db.io)).rows.at(0).record == customer(1)));

    boost::asio::cancellation_signal applying;
    Outcome<error_code, std::vector<Applied>> applied;
    Observation<Customer> observation;
    observation.key = "k9";
    observation.state = State::absent;
    observation.ticket = draw(db, store);
    store.async_apply({observation}, boost::asio::bind_cancellation_slot(applying.slot(), applied.handler()));
    applying.emit(boost::asio::cancellation_type::partial);
    BOOST_TEST((std::get<0>(applied.wait(db.io)) == boost::asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_key_that_cannot_be_asked_for_fails_its_caller_only) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    std::list<Looked<Customer>> outcomes(3);
    auto it = outcomes.begin();
    store.async_lookup<ById<Customer>>({"k1"}, (it++)->handler());
    store.async_lookup<ById<Customer>>({std::string("a\0b", 3)}, (it++)->handler());
    store.async_lookup<ByEmail>({"\xff"}, (it++)->handler());
    it = outcomes.begin();
    BOOST_TEST(!std::get<0>((it++)->wait(db.io)).failed());
    BOOST_TEST((std::get<0>((it++)->wait(db.io)) == postgres::ClientErrc::text_with_nul));
    BOOST_TEST((std::get<0>((it++)->wait(db.io)) == postgres::ClientErrc::text_not_utf8));
}

BOOST_AUTO_TEST_CASE(a_bound_on_those_who_wait) {
    Database db{tests::customers_ddl};
    postgres::StoreParams params;
    params.max_waiting = 2;
    Store store{*db.pool, params};
    std::list<Looked<Customer>> outcomes;
    for (int i = 0; i < 6; ++i)
        store.async_lookup<ById<Customer>>({"k" + std::to_string(i)}, outcomes.emplace_back().handler());
    std::string outcome;
    for (auto& each : outcomes)
        outcome += std::get<0>(each.wait(db.io)) == Errc::overloaded ? 'x' : '+';
    BOOST_TEST(outcome == "+++xxx");
}

BOOST_AUTO_TEST_CASE(an_io_context_that_goes_away_takes_its_callers_along) {
    const auto witness = std::make_shared<int>(0);
    {
        Database db{tests::customers_ddl};
        boost::asio::io_context io;
        postgres::Pool pool{io.get_executor(), db.params};
        Store store{pool};
        for (int i = 0; i < 3; ++i) {
            store.async_lookup<ById<Customer>>({"k1"}, [witness, store](auto, auto) {});
            store.async_apply({Observation<Customer>{}}, [witness, store](auto, auto) {});
            store.async_hint({"k1"}, [witness, store](auto) {});
        }
        io.poll();
        BOOST_TEST(witness.use_count() == 10);
    }
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_table_that_is_not_there_says_what_to_do) {
    Database db;
    Store store{*db.pool};
    Looked<Customer> outcome;
    store.async_lookup<ById<Customer>>({"k1"}, outcome.handler());
    const auto ec = std::get<0>(outcome.wait(db.io));
    BOOST_TEST(ec.message().find("were the migrations run?") != std::string::npos);
    BOOST_TEST((ec == Condition::recoverable_by_fallback));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(every_type_in_every_state_round_trips_whatever_the_session_says) {
    // Output formats are settings of the role: none of them may matter.
    for (const std::string settings : {"-c DateStyle=German -c TimeZone=Asia/Kathmandu -c extra_float_digits=-15",
                                       "-c standard_conforming_strings=off -c bytea_output=escape"}) {
        postgres::ConnectParams params;
        params.conninfo = tests::server().conninfo() + " options='" + settings + "'";
        Database db{tests::everything_ddl, params};
        postgres::Store<EveryType> store{*db.pool};
        std::vector<EveryType> all(4);
        all[1] = {2,
                  true,
                  -32768,
                  -2147483647 - 1,
                  std::numeric_limits<std::int64_t>::min(),
                  0.1,
                  "text",
                  *parse_date("2024-02-29"),
                  *parse_timestamp("2026-11-01T05:30:00.123Z"),
                  tests::Hand::right,
                  true,
                  0,
                  0,
                  0,
                  0.0,
                  "",
                  *parse_date("0001-01-01"),
                  *parse_timestamp("1969-12-31T23:59:59.999Z"),
                  tests::Hand::left};
        all[2].text = "'; DROP TABLE everything; -- \"\\{},NULL\n\t\U0001F600";
        all[2].maybe_text = "NULL";
        all[2].ratio = -0.0;
        all[3].ratio = std::numeric_limits<double>::infinity();
        all[3].maybe_big = std::numeric_limits<std::int64_t>::max();
        all[3].maybe_day = *parse_date("9999-12-31");
        std::vector<std::int64_t> keys;
        for (std::size_t i = 0; i < all.size(); ++i)
            keys.push_back(all[i].id = static_cast<std::int64_t>(i) + 1);
        apply(db, store, all, draw(db, store));
        Looked<EveryType> outcome;
        store.async_lookup<ById<EveryType>>(keys, outcome.handler());
        const auto& rows = std::get<1>(outcome.wait(db.io));
        for (std::size_t i = 0; i < all.size(); ++i)
            BOOST_TEST((rows.rows.at(i).record == all[i]), i);
        BOOST_TEST(apply(db, store, all, draw(db, store)).size() == 4u);
        // D16: what the database holds, in its own words.
        BOOST_TEST(
            db.sql.value(
                "SET datestyle = ISO; SET timezone = UTC; SELECT day || ' ' || moment FROM everything WHERE id = 2") ==
            "2024-02-29 2026-11-01 05:30:00.123+00");
        // The same again is recognised as such, in every type.
        for (const auto applied : apply(db, store, all, draw(db, store)))
            BOOST_TEST((applied == Applied::unchanged));
    }
}

BOOST_AUTO_TEST_CASE(a_row_that_lacks_what_the_record_needs_is_no_record) {
    Database db{tests::everything_ddl};
    postgres::Store<EveryType> store{*db.pool};
    apply(db, store, std::vector{EveryType{}}, draw(db, store));
    const auto error = [&] {
        Looked<EveryType> outcome;
        store.async_lookup<ById<EveryType>>({0}, outcome.handler());
        return std::get<0>(outcome.wait(db.io));
    };
    BOOST_TEST(!error().failed());
    for (const std::string damage : {"number = NULL", "hand = 'both'", "day = 'infinity'", "state = 9"}) {
        db.sql.run("BEGIN; UPDATE everything SET " + damage + "; COMMIT");
        BOOST_TEST((error() == postgres::ClientErrc::bad_answer), damage);
        // Whoever shares the statement and asked for another row is not concerned.
        std::list<Looked<EveryType>> outcomes(3);
        auto it = outcomes.begin();
        for (const std::int64_t key : {7, 0, 8})
            store.async_lookup<ById<EveryType>>({key}, (it++)->handler());
        std::string outcome;
        for (auto& each : outcomes)
            outcome += std::get<0>(each.wait(db.io)) ? 'x' : '+';
        BOOST_TEST(outcome == "+x+");
        db.sql.run("UPDATE everything SET number = 0, hand = 'left', day = '1970-01-01', state = 1");
    }
}

BOOST_AUTO_TEST_CASE(plain_statements_do_the_same) {
    postgres::ConnectParams params;
    params.statements = postgres::StatementMode::plain;
    Database db{tests::customers_ddl, params};
    Store store{*db.pool};
    for (int i = 0; i < 3; ++i) {
        const auto rows = look_up(db, store, {"k1"});
        BOOST_TEST((apply<Store, Customer>(db, store, {customer(1, i)},
                                           rows.ticket == no_ticket ? draw(db, store) : rows.ticket) ==
                    std::vector{Applied::applied}));
        BOOST_TEST((look_up(db, store, {"k1"}).rows.at(0).record == customer(1, i)));
    }
    hint(db, store, {"k1"});
    note<ByEmail>(db, store, {"x"}, draw(db, store));
    BOOST_TEST(db.pool->stats().plain);
    BOOST_TEST(db.pool->stats().failed == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(passes)

namespace {

// A process: its own connections to the tables that the others use.
struct Leader {
    explicit Leader(Database& db)
        : io{db.io}
        , store{postgres::Pool{db.io.get_executor(), db.params}} {}
    ~Leader() { postgres::Pool{store.pool()}.close(); }

    using Begun = Outcome<error_code, PassLease>;
    using Stepped = Outcome<error_code, PassStepped<Customer>>;

    Begun start(const std::string& name) {
        Begun begun;
        store.async_begin_pass("pass", name, 60s, begun.handler());
        return begun;
    }
    PassLease begin(const std::string& name) {
        auto begun = start(name);
        auto& [ec, lease] = begun.wait(io);
        BOOST_TEST(!ec.failed(), ec.message());
        fence = lease.fence;
        return lease;
    }
    PassStep<Customer> step(const std::string& position, std::initializer_list<int> observed, Ticket ticket) const {
        PassStep<Customer> s;
        s.pass = "pass";
        s.fence = fence;
        s.lease = 60s;
        s.position = position;
        for (const int which : observed) {
            auto& o = s.observations.emplace_back();
            o.key = customer(which).id;
            o.ticket = ticket;
            o.state = State::live;
            o.record = customer(which);
        }
        return s;
    }
    Stepped send(PassStep<Customer> s) {
        Stepped stepped;
        store.async_step_pass(std::move(s), stepped.handler());
        return stepped;
    }

    boost::asio::io_context& io;
    Store store;
    std::uint64_t fence = 0;
};

// Runs until so many transactions wait for another one.
void until_waiting(Database& db, const std::string& count) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (db.sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted") != count) {
        BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
        db.io.restart();
        db.io.run_one_for(10ms);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(of_those_who_begin_at_once_one_leads) {
    Database db{tests::customer_passes_ddl};
    std::list<Leader> leaders;
    for (int i = 0; i < 4; ++i)
        leaders.emplace_back(db);
    std::uint64_t fence = 0;
    for (int round = 0; round < 10; ++round) {
        std::vector<Leader::Begun> begun;
        int number = 0;
        for (auto& leader : leaders)
            begun.push_back(leader.start("leader " + std::to_string(++number)));
        int granted = 0;
        for (auto& one : begun) {
            auto& [ec, lease] = one.wait(db.io);
            BOOST_TEST((!ec || ec == Errc::lease_held), ec.message());
            if (ec)
                continue;
            ++granted;
            BOOST_TEST(lease.fence > fence);
            fence = lease.fence;
        }
        BOOST_TEST(granted == 1);
        db.sql.run("UPDATE understudy_passes SET alive_until = clock_timestamp()");
    }
}

BOOST_AUTO_TEST_CASE(I16_nobody_takes_a_pass_over_in_the_middle_of_a_step) {
    Database db{tests::customer_passes_ddl};
    Leader first{db};
    Leader second{db};
    apply<Store, Customer>(db, first.store, {customer(1, 3)}, draw(db, first.store));
    first.begin("first");
    auto step = first.step("after the step", {1, 2}, draw(db, first.store));
    step.lease = 0ms;
    tests::Session other{db.params.conninfo};
    other.run("BEGIN; SELECT FROM " + db.params.schema + ".customers FOR UPDATE");
    auto stepped = first.send(std::move(step));
    until_waiting(db, "1");
    // By the clock it is anybody's now, but the first one is at it.
    auto begun = second.start("second");
    until_waiting(db, "2");
    BOOST_TEST(!begun.ready());
    other.run("ROLLBACK");
    auto& [ec, lease] = begun.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    BOOST_TEST(stepped.ready());
    BOOST_TEST(!std::get<0>(stepped.wait(db.io)).failed());
    BOOST_TEST(lease.position == "after the step");
}

BOOST_AUTO_TEST_CASE(I16_a_leader_that_wakes_up_after_it_was_taken_over_writes_nothing) {
    Database db{tests::customer_passes_ddl};
    Leader first{db};
    Leader second{db};
    first.begin("first");
    first.send(first.step("first page", {1}, draw(db, first.store))).wait(db.io);
    // It has read the next pages, and sleeps.
    const auto read = draw(db, first.store);
    db.sql.run("UPDATE understudy_passes SET alive_until = clock_timestamp()");
    BOOST_TEST(second.begin("second").position == "first page");
    // The one that took over is in the middle of a step when the other one wakes up.
    tests::Session other{db.params.conninfo};
    other.run("BEGIN; SELECT FROM " + db.params.schema + ".customers FOR UPDATE");
    auto ours = second.send(second.step("second page", {1, 2}, draw(db, second.store)));
    until_waiting(db, "1");
    auto late = first.send(first.step("third page", {2, 3, 4}, read));
    BOOST_TEST((std::get<0>(late.wait(db.io)) == Errc::lease_lost));
    other.run("ROLLBACK");
    BOOST_TEST(!std::get<0>(ours.wait(db.io)).failed());
    BOOST_TEST(db.sql.value("SELECT string_agg(id, ' ' ORDER BY id) FROM customers") == "k1 k2");
    BOOST_TEST(db.sql.value("SELECT position FROM understudy_passes") == "second page");
}

BOOST_AUTO_TEST_CASE(what_loses_against_another_transaction_is_done_by_another_one) {
    Database db{tests::customer_passes_ddl};
    Leader leader{db};
    leader.begin("leader");
    const auto ticket = draw(db, leader.store);
    auto step = leader.step("here", {1, 2, 3}, ticket);
    step.hints = {"k8", "k9"};
    step.ranges.emplace_back().ticket = ticket;
    tests::Session other{db.params.conninfo};
    const auto made = [&](const std::string& key) {
        return "INSERT INTO " + db.params.schema + ".customers (id, state, version, ticket, mark) VALUES ('" + key +
               "', 0, 0, 0, 2);";
    };
    other.run("BEGIN;" + made("k2") + made("k9"));
    const auto requests = leader.store.pool().stats().requests;
    auto stepped = leader.send(std::move(step));
    until_waiting(db, "1");
    other.run("COMMIT");
    auto& [ec, answer] = stepped.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    BOOST_TEST((answer.outcomes == std::vector{Applied::applied, Applied::applied, Applied::applied}));
    BOOST_TEST(answer.missing.empty());
    BOOST_TEST(leader.store.pool().stats().requests - requests == 2U);
    BOOST_TEST(db.sql.value("SELECT string_agg(id, ' ' ORDER BY id) FROM customers WHERE state = 1 AND mark = 0") ==
               "k1 k2 k3");
    BOOST_TEST(db.sql.value("SELECT string_agg(id, ' ' ORDER BY id) FROM customers WHERE ticket > 0 AND mark = 2") ==
               "k8 k9");
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_stored_fails_the_step_and_is_no_lost_lease) {
    Database db{tests::customer_passes_ddl};
    Leader leader{db};
    leader.begin("leader");
    auto step = leader.step("here", {1, 2}, draw(db, leader.store));
    step.observations.back().record.note = std::string{"\xff"};
    auto stepped = leader.send(std::move(step));
    const auto ec = std::get<0>(stepped.wait(db.io));
    BOOST_TEST((ec.failed() && ec != Errc::lease_lost), ec.message());
    BOOST_TEST(db.sql.value("SELECT count(*) FROM customers") == "0");
    BOOST_TEST(db.sql.value("SELECT position FROM understudy_passes") == "");
}

BOOST_AUTO_TEST_SUITE_END()
