#include "database.hpp"
#include "tables.hpp"

#include <understudy/detail/settle_rule.hpp>
#include <understudy/postgres/journal.hpp>
#include <understudy/postgres/store.hpp>

#include <algorithm>
#include <list>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using tests::customer;
using tests::Customer;
using tests::customer_patch;
using tests::Database;
using tests::EveryType;
using tests::Outcome;
using tests::server;
using tests::Session;
using understudy::detail::decide_settle;
using understudy::detail::mark_after;
using understudy::detail::RowFacts;
using understudy::detail::settled_by;
using understudy::detail::SettleStep;
using Store = postgres::Store<Customer>;
using namespace std::chrono_literals;

static_assert(SettlingReplica<Store>);

namespace {

template<class R>
using Settlements = std::vector<Settlement<R>>;

template<class R>
Settlement<R> settlement(understudy::key_t<R> key, WriteAction action, Ticket ticket) {
    Settlement<R> out;
    out.key = std::move(key);
    out.action = action;
    out.ticket = ticket;
    return out;
}

Settlement<Customer> creation(Customer record, Ticket ticket) {
    auto out = settlement<Customer>(record.id, WriteAction::create, ticket);
    out.record = std::move(record);
    return out;
}

Settlement<Customer> update(int which, int variant, Ticket ticket) {
    auto out = settlement<Customer>(customer(which).id, WriteAction::update, ticket);
    out.patch = customer_patch(which, variant);
    return out;
}

template<class S, class R>
std::vector<Settled> settle(Database& db, S& store, Settlements<R> settlements) {
    Outcome<error_code, std::vector<Settled>> outcome;
    store.async_settle(std::move(settlements), outcome.handler());
    auto& [ec, settled] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return settled;
}

template<class S>
Ticket draw(Database& db, S& store) {
    Outcome<error_code, Ticket> outcome;
    store.async_draw_ticket(outcome.handler());
    return std::get<1>(outcome.wait(db.io));
}

template<class R, class S>
Row<R> row(Database& db, S& store, understudy::key_t<R> key) {
    Outcome<error_code, Rows<R>> outcome;
    store.async_lookup({std::move(key)}, outcome.handler());
    auto& [ec, rows] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return rows.rows.at(0);
}

template<class Enum>
std::string code(Enum value) {
    return std::to_string(static_cast<long long>(value));
}

std::string keys_of(Database& db, Store& store) {
    Outcome<error_code, std::vector<std::string>> outcome;
    store.async_find_marked(1000, outcome.handler());
    std::string out;
    for (const auto& key : std::get<1>(outcome.wait(db.io)))
        out += key + " ";
    return out;
}

} // namespace

// The statement against the rule itself, on every kind of row and settlement.
BOOST_AUTO_TEST_CASE(differential_the_statement_settles_as_the_rule_does) {
    Database db{tests::customers_ddl};
    db.sql.run("SELECT setval('understudy_ticket', 1000)");
    Store store{*db.pool};
    struct Case {
        bool there;
        RowFacts facts;
        Settlement<Customer> settlement;
    };
    std::vector<Case> cases;
    std::string insert;
    const auto add = [&](bool there, State state, Mark mark, WriteAction action, Ticket sent, Version version) {
        const int which = static_cast<int>(cases.size());
        Case c{there, {}, settlement<Customer>(customer(which).id, action, sent)};
        c.settlement.version = version;
        c.settlement.complete = which % 2 == 1;
        c.settlement.patch = customer_patch(which, 3);
        c.settlement.record = customer(which, 3);
        if (there) {
            c.facts.state = state;
            c.facts.mark = mark;
            c.facts.ticket = Ticket{5};
            c.facts.version = Version{2};
            const bool live = state == State::live;
            const auto record = customer(which, 2);
            insert += std::string{insert.empty() ? "" : ", "} + "('" + record.id + "', " +
                      (live ? "'" + *record.email + "', 'N" + std::to_string(which) + "', 2, 'variant 2'"
                            : "NULL, NULL, NULL, NULL") +
                      ", 2, 5, " + code(mark) + ", " + code(state) + ", " +
                      (state == State::merged ? "'other'" : "NULL") + ", " +
                      (state == State::unknown ? "NULL" : "now() - interval '1 hour'") + ", 4, 1, 1, now())";
        }
        cases.push_back(std::move(c));
    };
    for (const auto action : {WriteAction::update, WriteAction::create, WriteAction::archive}) {
        for (const auto sent : {no_ticket, Ticket{4}, Ticket{5}, Ticket{6}}) {
            for (const auto version : {no_version, Version{1}, Version{3}}) {
                add(false, State::unknown, Mark::dirty, action, sent, version);
                for (int state = 0; state <= 5; ++state)
                    for (const auto mark : {Mark::clean, Mark::patched, Mark::dirty})
                        add(true, static_cast<State>(state), mark, action, sent, version);
            }
        }
    }
    db.sql.run("INSERT INTO customers (id, email, number, credits, note, version, ticket, mark, state, merged_into, "
               "synced_at, as_of, lag_reads, lag_version, lag_since) VALUES " +
               insert);
    Settlements<Customer> all;
    for (const auto& each : cases)
        all.push_back(each.settlement);
    const auto settled = settle(db, store, all);
    BOOST_REQUIRE(settled.size() == cases.size());
    int shown = 0;
    int noted = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& [there, facts, given] = cases[i];
        const auto step = decide_settle(facts, given.action, given.ticket);
        const auto what = "case " + std::to_string(i) + ": there " + std::to_string(there) + ", state " +
                          code(facts.state) + ", mark " + code(facts.mark) + ", action " + code(given.action) +
                          ", ticket " + code(given.ticket) + ", version " + code(given.version);
        shown += step == SettleStep::show;
        noted += step == SettleStep::note;
        BOOST_TEST((settled[i] == settled_by(step)), what);
        const bool content = step != SettleStep::hint;
        const bool whole = content && given.action != WriteAction::update;
        State state = facts.state;
        if (whole)
            state = given.action == WriteAction::create ? State::live : State::archived;
        const bool live = state == State::live;
        const auto version = content ? std::max(facts.version, given.version) : facts.version;
        const std::string as_of = whole ? code(step == SettleStep::show ? given.ticket : no_ticket) : there ? "4" : "0";
        const std::string variant = content ? "3" : "2";
        const std::string expected =
            code(state) + "|" + code(mark_after(step, given.action, given.complete)) + "|" + code(version) + "|" +
            as_of + "|" + (content || !there ? "0|~|t" : "1|1|f") + "|" + (state == State::merged ? "other" : "~") +
            "|" +
            (live ? *customer(static_cast<int>(i), content ? 3 : 2).email + "|" + variant + "|variant " + variant
                  : "~|~|~") +
            "|" +
            (state == State::unknown ? "~"
             : whole                 ? "new"
                                     : "old") +
            "|t";
        std::string found;
        const auto rows = db.sql.run(
            "SELECT state, mark, version, as_of, lag_reads, lag_version, lag_since IS NULL, merged_into, email, "
            "credits, note, CASE WHEN synced_at < now() - interval '30 minutes' THEN 'old' WHEN synced_at IS "
            "NOT NULL THEN 'new' END, ticket > 1000 FROM customers WHERE id = '" +
            given.key + "'");
        for (const auto& field : rows.at(0))
            found += (found.empty() ? "" : "|") + field;
        BOOST_TEST(found == expected, what << ": " << found << " instead of " << expected);
    }
    BOOST_TEST(shown > 20);
    BOOST_TEST(noted > 5);
}

BOOST_AUTO_TEST_SUITE(settling)

BOOST_AUTO_TEST_CASE(every_type_of_member_is_written_or_left_alone) {
    Database db{tests::everything_ddl};
    postgres::Store<EveryType> store{*db.pool};
    EveryType record;
    record.id = 7;
    record.flag = true;
    record.small = -3;
    record.big = std::int64_t{1} << 40;
    record.ratio = 0.125;
    record.text = "{\"text\\";
    record.day = Date{std::chrono::year{2024} / 2 / 29};
    record.moment = Timestamp{std::chrono::sys_days{record.day} + 1ms};
    record.hand = tests::Hand::right;
    record.maybe_text = "";
    record.maybe_number = 0;
    record.maybe_hand = tests::Hand::left;
    auto made = settlement<EveryType>(7, WriteAction::create, draw(db, store));
    made.record = record;
    BOOST_TEST((settle(db, store, Settlements<EveryType>{made}) == std::vector{Settled::shown}));
    BOOST_TEST((row<EveryType>(db, store, 7).record == record));
    auto patched = settlement<EveryType>(7, WriteAction::update, draw(db, store));
    patched.patch.set<&EveryType::text>("other")
        .set<&EveryType::maybe_text>(std::nullopt)
        .set<&EveryType::maybe_day>(record.day)
        .set<&EveryType::maybe_hand>(tests::Hand::right)
        .set<&EveryType::flag>(false);
    patched.patch.apply_to(record);
    BOOST_TEST((settle(db, store, Settlements<EveryType>{patched}) == std::vector{Settled::shown}));
    BOOST_TEST((row<EveryType>(db, store, 7).record == record));
    BOOST_TEST(
        (settle(db, store, Settlements<EveryType>{settlement<EveryType>(7, WriteAction::archive, draw(db, store))}) ==
         std::vector{Settled::shown}));
    BOOST_TEST(db.sql.value("SELECT text IS NULL AND day IS NULL AND maybe_hand IS NULL FROM everything") == "t");
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_stored_fails_its_call_and_settles_nothing) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    auto bad = creation(customer(2), Ticket{9});
    bad.record.note = std::string(1, '\0');
    Outcome<error_code, std::vector<Settled>> outcome;
    store.async_settle({creation(customer(1), Ticket{9}), bad}, outcome.handler());
    BOOST_TEST((std::get<0>(outcome.wait(db.io)) == postgres::ClientErrc::text_with_nul));
    BOOST_TEST(db.sql.value("SELECT count(*) FROM customers") == "0");
}

// Where another transaction inserts the key at the same time, nobody knows which was first.
BOOST_AUTO_TEST_CASE(what_is_inserted_at_the_same_time_is_hinted_at_or_noted) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    draw(db, store);
    struct Other {
        const char* row;
        Settlement<Customer> given;
        State state;
        std::string note;
    };
    for (const auto& other :
         {Other{"'k1', NULL, 0, 1000, 2, 0, NULL", creation(customer(1, 3), Ticket{9}), State::live, "variant 3"},
          Other{"'k2', 'read', 0, 1000, 0, 1, now()", creation(customer(2, 3), Ticket{9}), State::live, "read"},
          Other{"'k3', 'read', 0, 1000, 0, 1, now()", update(3, 3, Ticket{2000}), State::live, "read"},
          Other{"'k4', NULL, 0, 1000, 0, 3, now()", creation(customer(4, 3), Ticket{9}), State::archived, ""},
          Other{"'k5', 'read', 0, 1000, 0, 1, now()", settlement<Customer>("k5", WriteAction::archive, Ticket{9}),
                State::live, "read"}}) {
        Session session{server().conninfo()};
        session.run("SET search_path = " + db.params.schema +
                    "; BEGIN; INSERT INTO customers (id, note, version, ticket, mark, state, synced_at) VALUES (" +
                    other.row + ")");
        Outcome<error_code, std::vector<Settled>> outcome;
        store.async_settle({other.given}, outcome.handler());
        while (db.sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
            db.io.poll();
        session.run("COMMIT");
        BOOST_TEST((std::get<1>(outcome.wait(db.io)) == std::vector{Settled::hinted}));
        const auto found = row<Customer>(db, store, other.given.key);
        BOOST_TEST((found.state == other.state && found.mark == Mark::dirty), other.row);
        BOOST_TEST((found.record.note == other.note), other.row);
        BOOST_TEST((found.as_of == no_ticket));
    }
    // What the creations wrote, and their rows do not show, was noted.
    BOOST_TEST(
        db.sql.value("SELECT string_agg(value, ' ' ORDER BY value) FROM understudy_lookups WHERE mark = 2 AND kind "
                     "= 'customers.email' AND value LIKE 'c%v3@%'") ==
        "c1v3@example.com c2v3@example.com c3v3@example.com c4v3@example.com");
}

BOOST_AUTO_TEST_CASE(values_learned_of_are_forgotten_after_a_day) {
    Database db{tests::customers_ddl};
    Store store{*db.pool};
    settle(db, store, Settlements<Customer>{update(1, 3, no_ticket)});
    BOOST_TEST(db.sql.value("SELECT count(*) FROM understudy_lookups WHERE mark = 2") != "0");
    db.sql.run("UPDATE understudy_lookups SET synced_at = now() - interval '25 hours'");
    Outcome<error_code, std::vector<Applied>> noted;
    store.async_note_absent<tests::ByEmail>({"nobody"}, Ticket{99}, 0ms, noted.handler());
    noted.wait(db.io);
    BOOST_TEST(db.sql.value("SELECT string_agg(value || mark, ' ') FROM understudy_lookups") == "nobody0");
}

// Several nodes apply, settle, hint and note the same few keys in any order.
BOOST_AUTO_TEST_CASE(I10_overlapping_batches_neither_deadlock_nor_hide_what_is_to_be_read) {
    const unsigned seed = 4711;
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>{from, to}(random); };
    Database db{tests::customers_ddl +
                "CREATE INDEX ON customers (number); CREATE INDEX ON understudy_lookups (synced_at)"};
    std::list<postgres::Pool> pools;
    std::vector<Store> stores;
    for (int node = 0; node < 4; ++node)
        stores.emplace_back(pools.emplace_back(db.io.get_executor(), db.params));
    for (int round = 0; round < 20; ++round) {
        std::list<Outcome<error_code, std::vector<Settled>>> settled;
        std::list<Outcome<error_code, std::vector<Applied>>> applied;
        std::list<Outcome<error_code>> hinted;
        for (int batch = 0; batch < 24; ++batch) {
            auto& store = stores[static_cast<std::size_t>(pick(0, 3))];
            const auto ticket = draw(db, store);
            if (batch % 3 == 0) {
                std::vector<Observation<Customer>> read;
                for (int i = pick(1, 8); i > 0; --i) {
                    auto& one = read.emplace_back();
                    one.record = customer(pick(0, 19), round);
                    one.key = one.record.id;
                    one.ticket = ticket;
                    one.state = State::live;
                }
                store.async_apply(read, applied.emplace_back().handler());
                store.async_note_absent<tests::ByNumber>({"N" + std::to_string(pick(0, 19))}, ticket, 0ms,
                                                         applied.emplace_back().handler());
            } else {
                Settlements<Customer> writes;
                for (int i = pick(1, 8); i > 0; --i) {
                    const int which = pick(0, 19);
                    writes.push_back(pick(0, 2) ? update(which, 100 + round, ticket)
                                                : creation(customer(which, 100 + round), ticket));
                }
                store.async_settle(writes, settled.emplace_back().handler());
            }
            if (pick(0, 3) == 0)
                store.async_hint({"k" + std::to_string(pick(0, 19)), "k3"}, hinted.emplace_back().handler());
        }
        for (auto& each : settled)
            BOOST_TEST_REQUIRE(!std::get<0>(each.wait(db.io)).failed());
        for (auto& each : applied)
            BOOST_TEST_REQUIRE(!std::get<0>(each.wait(db.io)).failed());
        for (auto& each : hinted)
            BOOST_TEST_REQUIRE(!std::get<0>(each.wait(db.io)).failed());
    }
    BOOST_TEST(db.failures.empty());
    // What shows a write of ours, and is clean, was read after it: none of the reads above says what the writes wrote.
    BOOST_TEST(db.sql.value("SELECT count(*) FROM customers WHERE mark = 0 AND credits >= 100") == "0");
    // Everything else is found, and once it was read nothing is left.
    BOOST_TEST(!keys_of(db, stores[0]).empty());
    std::vector<Observation<Customer>> read;
    const auto ticket = draw(db, stores[0]);
    for (int which = 0; which < 20; ++which) {
        auto& one = read.emplace_back();
        one.record = customer(which);
        one.key = one.record.id;
        one.ticket = ticket;
        one.state = State::live;
    }
    Outcome<error_code, std::vector<Applied>> last;
    stores[0].async_apply(read, last.handler());
    last.wait(db.io);
    BOOST_TEST(keys_of(db, stores[0]).empty());
    for (auto& pool : pools)
        pool.close();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(journaled)

BOOST_AUTO_TEST_CASE(I18_an_operation_ends_in_the_transaction_that_shows_its_writes) {
    Database db{tests::customers_ddl + std::string{postgres::journal_ddl}};
    Store store{*db.pool};
    postgres::Journal journal{*db.pool};
    Outcome<error_code, std::chrono::milliseconds> open;
    journal.async_renew(open.handler());
    open.wait(db.io);
    Intent intent;
    intent.id = "op";
    intent.keys = {"k1"};
    intent.plan = "plan";
    Outcome<error_code, std::vector<Admitted>> begun;
    journal.async_begin({intent}, begun.handler());
    begun.wait(db.io);
    Ending ending;
    ending.id = "op";
    const auto end = [&](Fence fence) {
        ending.fence = fence;
        Outcome<error_code, std::vector<bool>> ended;
        journal.async_end({ending}, {store.settle_command({creation(customer(1), draw(db, store))})}, ended.handler());
        auto& [ec, ours] = ended.wait(db.io);
        BOOST_TEST(!ec.failed(), ec.message());
        return bool{ours.at(0)};
    };
    // Somebody else's by now: the replica is left alone (I16).
    BOOST_TEST(!end(Fence{2}));
    BOOST_TEST((row<Customer>(db, store, "k1").state == State::unknown));
    BOOST_TEST(end(Fence{1}));
    BOOST_TEST(row<Customer>(db, store, "k1").current());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(every_statement_has_an_index_to_work_with) {
    Database db{tests::orders_ddl + "CREATE INDEX ON orders (ticket) WHERE mark <> 0;"};
    db.sql.run(
        "INSERT INTO orders (id, customer_id, amount, version, ticket, mark, state, synced_at) SELECT 'o' || i, 'k' "
        "|| i % 1000, i, 0, i, CASE WHEN i % 500 = 0 THEN 2 ELSE 0 END, 1, now() FROM generate_series(1, 50000) i;"
        "INSERT INTO understudy_sets SELECT 'orders.orders_of_customer', 'k' || i, i, i, 0, now() FROM "
        "generate_series(1, 1000) i; ANALYZE");
    const postgres::detail::TableSql<tests::Order> table{db.params.schema};
    const postgres::detail::SettleSql<tests::Order> sql{table};
    const std::pair<std::string, const char*> statements[] = {
        {sql.settle(),
         "'{o1,o2}', '{0,1}', '{1,60000}', '{0,0}', '{t,f}', '{k1,k2}', '{1,2}', '{t,t}', '{t,t}', '{1,2}', "
         "'{orders.orders_of_customer,orders.orders_of_customer}', '{k1,k2}'"},
        {sql.find_marked(), "100"}};
    for (const auto& [statement, arguments] : statements) {
        // The last one as the pool's connections plan what they keep.
        for (const std::string mode :
             {"force_custom_plan", "force_generic_plan", "force_generic_plan; SET enable_seqscan = off"}) {
            db.sql.run("SET plan_cache_mode = " + mode + "; DEALLOCATE ALL; PREPARE ask AS " + statement);
            std::string plan;
            for (const auto& line : db.sql.run("EXPLAIN EXECUTE ask (" + std::string{arguments} + ")"))
                plan += line.at(0) + "\n";
            for (const auto* never : {"Seq Scan", "JIT:"})
                BOOST_TEST(plan.find(never) == std::string::npos, mode << "\n" << plan);
        }
        db.sql.run("RESET enable_seqscan");
    }
}
