#include "database.hpp"

#include <understudy/journal.hpp>
#include <understudy/postgres/journal.hpp>

#include <algorithm>
#include <list>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::postgres;
using tests::Database;
using tests::Outcome;
using tests::server;
using tests::Session;
using namespace std::chrono_literals;

using Postgres = postgres::Journal;
using Kind = Admitted::Kind;

static_assert(understudy::Journal<Postgres>);

namespace {

// As many places as the table says, for each name.
const std::string places_ddl = std::string{journal_ddl} + R"(
CREATE TABLE places (name text PRIMARY KEY, capacity bigint NOT NULL);
CREATE FUNCTION reserve_places(ids text[], reservations text[]) RETURNS TABLE(id text, objection text)
    LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM pg_advisory_xact_lock(1, p.place)
        FROM (SELECT DISTINCT hashtext(r) AS place FROM unnest(reservations) AS r ORDER BY 1) AS p;
    RETURN QUERY EXECUTE format($q$
        SELECT w.id, w.name || ' is full' FROM (
            SELECT u.id, u.name, row_number() OVER (PARTITION BY u.name ORDER BY u.n) AS place
            FROM unnest($1, $2) WITH ORDINALITY AS u(id, name, n)
        ) w JOIN %1$I.places p ON p.name = w.name
        WHERE w.place + (SELECT count(*) FROM %1$I.understudy_operations o WHERE o.reservation = w.name) > p.capacity
        $q$, TG_SCHEMA) USING ids, reservations;
END $f$;
)";

std::string with_schema(std::string text, const std::string& schema) {
    const std::string name = "TG_SCHEMA";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), "'" + schema + "'");
    return text;
}

// A database with a journal's tables, and processes that use it.
struct World : Database {
    explicit World(ConnectParams given = {})
        : Database{std::string{journal_ddl}, std::move(given)} {}

    // A journal over connections of its own, as another process has it; its session is open.
    Postgres& process(JournalParams journal_params = {}) {
        pools.emplace_back(io.get_executor(), params);
        journals.emplace_back(pools.back(), std::move(journal_params));
        BOOST_TEST(!std::get<0>(renew(journals.back())).failed());
        return journals.back();
    }
    ~World() {
        for (auto& each : pools)
            each.close();
    }

    template<class... Answer, class Start>
    auto wait(Start start) {
        Outcome<error_code, Answer...> outcome;
        start(outcome.handler());
        return std::move(outcome.wait(io));
    }
    template<class Answer, class Start>
    Answer good(Start start) {
        auto [ec, answer] = wait<Answer>(std::move(start));
        BOOST_TEST(!ec.failed(), ec.message());
        return answer;
    }

    std::tuple<error_code, std::chrono::milliseconds> renew(Postgres& journal) {
        return wait<std::chrono::milliseconds>([&](auto h) { journal.async_renew(std::move(h)); });
    }
    std::vector<Admitted> begin(Postgres& journal, std::vector<Intent> intents) {
        return good<std::vector<Admitted>>([&](auto h) { journal.async_begin(intents, std::move(h)); });
    }
    std::vector<Verdict> decide(Postgres& journal, std::vector<Decision> decisions) {
        return good<std::vector<Verdict>>([&](auto h) { journal.async_decide(decisions, std::move(h)); });
    }
    std::tuple<error_code, std::vector<bool>> try_end(Postgres& journal, std::vector<Ending> endings,
                                                      std::vector<Command> settlements = {}) {
        return wait<std::vector<bool>>([&](auto h) { journal.async_end(endings, settlements, std::move(h)); });
    }
    std::vector<bool> end(Postgres& journal, std::vector<Ending> endings, std::vector<Command> settlements = {}) {
        auto [ec, ended] = try_end(journal, std::move(endings), std::move(settlements));
        BOOST_TEST(!ec.failed(), ec.message());
        return ended;
    }
    std::vector<bool> ask(Postgres& journal, std::vector<std::string> ids) {
        return good<std::vector<bool>>([&](auto h) { journal.async_ask(ids, std::move(h)); });
    }
    std::vector<JournalEntry> take_over(Postgres& journal, std::size_t limit = 1000) {
        return good<std::vector<JournalEntry>>([&](auto h) { journal.async_take_over(limit, std::move(h)); });
    }

    void lapse(std::string ago = "20 seconds") {
        sql.run("UPDATE understudy_sessions SET alive_until = clock_timestamp() - interval '" + ago + "'");
    }
    Command statement(const std::string& text) const { return {std::make_shared<const Statement>(text)}; }
    std::string table(const std::string& name) const { return qualified(params.schema, name); }

    std::list<Pool> pools;
    std::list<Postgres> journals;
};

struct Places : World {
    Places() {
        sql.run(with_schema(places_ddl.substr(journal_ddl.size()), params.schema));
        sql.run("INSERT INTO places VALUES ('one', 1), ('three', 3)");
    }
    Postgres& deciding() {
        JournalParams with;
        with.reserve = "reserve_places";
        return process(with);
    }
};

Intent intent(std::string id, std::vector<std::string> keys, std::string plan = "plan") {
    Intent out;
    out.request = "request of " + id;
    out.id = std::move(id);
    out.kind = "test";
    out.keys = std::move(keys);
    out.plan = std::move(plan);
    return out;
}

Ending ending(std::string id, Fence fence = Fence{1}, OperationState state = OperationState::done) {
    Ending out;
    out.id = std::move(id);
    out.fence = fence;
    out.state = state;
    out.plan = "carried out";
    return out;
}

Decision decision(std::string id, std::string reservation = {}) {
    Decision out;
    out.id = std::move(id);
    out.fence = Fence{1};
    out.plan = "plan";
    out.reservation = std::move(reservation);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lines)

// What several processes begin at once, on few keys.
BOOST_AUTO_TEST_CASE(I17_at_any_time_one_holder_for_each_key_in_the_order_of_places) {
    World w;
    // A server that takes its time between the statements of those who begin.
    w.sql.run("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN "
              "NULL; END $$; CREATE TRIGGER linger AFTER INSERT ON understudy_operation_keys EXECUTE FUNCTION " +
              w.table("linger") + "()");
    std::vector<Postgres*> processes;
    for (int i = 0; i < 3; ++i)
        processes.push_back(&w.process());
    std::mt19937 random{20240229};
    const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };

    struct Operation {
        std::size_t process;
        std::vector<std::string> keys;
    };
    std::map<std::string, Operation> unfinished;
    int number = 0;
    std::map<std::string, std::vector<std::string>> ended_by_key;
    for (int round = 0; round < 30; ++round) {
        struct Call {
            std::vector<Intent> intents;
            Outcome<error_code, std::vector<Admitted>> outcome;
        };
        std::list<Call> calls;
        for (int c = 0; c < 6; ++c) {
            const auto process = static_cast<std::size_t>(upto(3));
            auto& call = calls.emplace_back();
            for (int i = 0; i <= upto(4); ++i) {
                std::set<std::string> keys;
                for (int k = 0; k <= upto(3); ++k)
                    keys.insert("k" + std::to_string(upto(6)));
                call.intents.push_back(intent("op" + std::to_string(++number), {keys.rbegin(), keys.rend()}));
                unfinished[call.intents.back().id] = {process, call.intents.back().keys};
            }
            processes[process]->async_begin(call.intents, call.outcome.handler());
        }
        std::set<std::string> granted;
        for (auto& call : calls) {
            auto& [ec, admitted] = call.outcome.wait(w.io);
            BOOST_REQUIRE(!ec.failed());
            for (std::size_t i = 0; i < admitted.size(); ++i) {
                BOOST_TEST((admitted[i].kind == Kind::granted || admitted[i].kind == Kind::queued));
                if (admitted[i].kind == Kind::granted)
                    granted.insert(call.intents[i].id);
            }
        }
        // Each key's line, by places; what the processes are told agrees with it.
        std::map<std::string, std::vector<std::string>> line;
        for (const auto& row : w.sql.run("SELECT k.key, o.id FROM understudy_operation_keys k JOIN "
                                         "understudy_operations o USING (seq) ORDER BY k.seq"))
            line[row[0]].push_back(row[1]);
        std::set<std::string> first;
        for (std::size_t process = 0; process < 3; ++process) {
            std::vector<std::string> mine;
            for (const auto& [id, operation] : unfinished)
                if (operation.process == process)
                    mine.push_back(id);
            const auto answers = w.ask(*processes[process], mine);
            for (std::size_t i = 0; i < mine.size(); ++i)
                if (answers[i])
                    first.insert(mine[i]);
        }
        std::map<std::string, int> holders;
        for (const auto& [id, operation] : unfinished) {
            const bool expected = std::all_of(operation.keys.begin(), operation.keys.end(),
                                              [&, name = id](const auto& key) { return line[key].front() == name; });
            BOOST_TEST_REQUIRE(first.contains(id) == expected, id);
            if (granted.contains(id))
                BOOST_TEST_REQUIRE(expected, id << " was granted what others are before it for");
            for (const auto& key : operation.keys)
                holders[key] += first.contains(id);
        }
        for (const auto& [key, count] : holders)
            BOOST_TEST_REQUIRE(count <= 1, key);
        BOOST_TEST_REQUIRE((unfinished.empty() || !first.empty())); // nobody waits in a ring
        // Some of the first leave, in several calls at once.
        std::list<Outcome<error_code, std::vector<bool>>> ends;
        for (const auto& id : first) {
            if (upto(4) == 0)
                continue;
            processes[unfinished[id].process]->async_end({ending(id)}, {}, ends.emplace_back().handler());
            for (const auto& key : unfinished[id].keys)
                ended_by_key[key].push_back(id);
            unfinished.erase(id);
        }
        for (auto& each : ends) {
            auto& [ec, ended] = each.wait(w.io);
            BOOST_TEST(!ec.failed());
            BOOST_TEST(ended.at(0));
        }
    }
    // Each key saw its operations in the order of their places.
    std::map<std::string, long long> place;
    for (const auto& row : w.sql.run("SELECT id, seq FROM understudy_operations"))
        place[row[0]] = std::stoll(row[1]);
    for (const auto& [key, ids] : ended_by_key)
        BOOST_TEST(std::is_sorted(ids.begin(), ids.end(), [&](auto& a, auto& b) { return place[a] < place[b]; }), key);
    BOOST_TEST(ended_by_key.size() == 6u);
}

BOOST_AUTO_TEST_CASE(I17_who_begins_while_another_does_waits_to_see_it) {
    World w;
    auto& one = w.process();
    const postgres::detail::JournalSql sql{w.params.schema, ""};
    Session other{server().conninfo()};
    other.run("PREPARE lock AS " + sql.lock() + "; PREPARE begin AS " + sql.begin() +
              "; BEGIN; EXECUTE lock ('{x,k,l}'); EXECUTE begin ('s', '{x}', '{kind}', '{\"{k,l}\"}', '{r}', '{p}', "
              "true)");
    Outcome<error_code, std::vector<Admitted>> same;
    Outcome<error_code, std::vector<Admitted>> another;
    one.async_begin({intent("a", {"m", "l"})}, same.handler());
    one.async_begin({intent("b", {"n"})}, another.handler());
    BOOST_TEST((std::get<1>(another.wait(w.io)).at(0).kind == Kind::granted));
    while (!same.ready() && w.sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        w.io.poll();
    BOOST_TEST(!same.ready());
    other.run("COMMIT");
    BOOST_TEST((std::get<1>(same.wait(w.io)).at(0).kind == Kind::queued));
}

BOOST_AUTO_TEST_CASE(one_name_begun_twice_at_once_is_one_operation) {
    World w;
    auto& one = w.process();
    auto& two = w.process();
    for (int round = 0; round < 20; ++round) {
        std::list<Outcome<error_code, std::vector<Admitted>>> outcomes;
        const std::string id = "op" + std::to_string(round);
        for (int i = 0; i < 3; ++i) {
            one.async_begin({intent(id, {"a" + id}), intent(id, {"a" + id})}, outcomes.emplace_back().handler());
            two.async_begin({intent(id, {"b" + id})}, outcomes.emplace_back().handler());
        }
        int granted = 0;
        for (auto& outcome : outcomes) {
            auto& [ec, admitted] = outcome.wait(w.io);
            BOOST_REQUIRE(!ec.failed());
            for (const auto& each : admitted) {
                granted += each.kind == Kind::granted;
                BOOST_TEST((each.kind == Kind::granted || each.kind == Kind::known));
                if (each.kind == Kind::known)
                    BOOST_TEST(each.known.intent.request == "request of " + id);
            }
        }
        BOOST_TEST(granted == 1);
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back_as_it_was) {
    World w;
    auto& one = w.process();
    const std::string odd = "{\"quote\":\"\\\\\",'é\n,}";
    auto strange = intent("a", {odd, "", "plain", "NULL"}, odd);
    strange.kind = odd;
    strange.request = odd;
    w.begin(one, {strange});
    const auto known = w.begin(one, {strange}).front();
    BOOST_TEST((known.kind == Kind::known));
    BOOST_TEST(known.known.intent.keys == strange.keys);
    BOOST_TEST(known.known.intent.plan == odd);
    BOOST_TEST(known.known.intent.kind == odd);
    BOOST_TEST((known.known.state == OperationState::planned));
    // What cannot be stored fails the call, and nothing of it is begun.
    auto [ec, nothing] = w.wait<std::vector<Admitted>>([&](auto h) {
        one.async_begin({intent("b", {"b"}), intent("c", {std::string(1, '\0')})}, std::move(h));
    });
    BOOST_TEST((ec == ClientErrc::text_with_nul));
    BOOST_TEST(w.sql.value("SELECT count(*) FROM understudy_operations") == "1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(endings)

BOOST_AUTO_TEST_CASE(I18_operations_end_and_settle_together_or_not_at_all) {
    World w;
    w.sql.run("CREATE TABLE settled (id text)");
    auto& one = w.process();
    w.begin(one, {intent("a", {"k"}), intent("b", {"k"})});
    const auto settle = w.statement("INSERT INTO " + w.table("settled") + " VALUES ('a')");
    const auto fail = w.statement("INSERT INTO " + w.table("nowhere") + " VALUES (1)");
    const auto refuse = w.statement("SELECT ('x' || count(*))::integer FROM " + w.table("settled"));
    const auto state = [&] {
        return w.sql.value(
            "SELECT (SELECT string_agg(state::text, ',' ORDER BY id) FROM understudy_operations) || ' ' || "
            "(SELECT count(*) FROM understudy_operation_keys) || ' ' || (SELECT count(*) FROM settled)");
    };
    for (const auto& bad : {fail, refuse}) {
        const auto ec = std::get<0>(w.try_end(one, {ending("a")}, {settle, bad}));
        BOOST_TEST(ec.failed());
        BOOST_TEST(state() == "1,1 2 0");
    }
    // The connection is lost in the middle.
    Outcome<error_code, std::vector<bool>> lost;
    one.async_end({ending("a")}, {settle, w.statement("SELECT pg_sleep(60)")}, lost.handler());
    while (w.sql.value(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'") == "0")
        w.io.poll();
    w.sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
    BOOST_TEST(std::get<0>(lost.wait(w.io)).failed());
    BOOST_TEST(state() == "1,1 2 0");
    // One that is not the session's: nothing of the call.
    auto& two = w.process();
    w.begin(two, {intent("c", {"l"})});
    BOOST_TEST((w.end(one, {ending("a"), ending("c"), ending("b", Fence{2}), ending("none")}, {settle}) ==
                std::vector<bool>{true, false, false, false}));
    BOOST_TEST(state() == "1,1,1 3 0");
    BOOST_TEST((w.end(one, {ending("a"), ending("b")}, {settle}) == std::vector<bool>{true, true}));
    BOOST_TEST(state() == "2,2,1 1 1");
    // Nothing but settlements.
    BOOST_TEST(w.end(one, {}, {settle}).empty());
    BOOST_TEST(state() == "2,2,1 1 2");
}

BOOST_AUTO_TEST_CASE(a_transaction_that_loses_is_repeated_a_few_times) {
    World w;
    w.sql.run("CREATE SEQUENCE tries; CREATE FUNCTION shaky(failures bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
              "IF nextval('" +
              w.params.schema + ".tries') <= failures THEN RAISE serialization_failure; END IF; END $$");
    auto& one = w.process();
    w.begin(one, {intent("a", {"k"}), intent("b", {"l"})});
    const auto shaky = [&](int failures) {
        w.sql.run("SELECT setval('tries', 1, false)");
        return w.statement("SELECT " + w.table("shaky") + "(" + std::to_string(failures) + ")");
    };
    BOOST_TEST(w.end(one, {ending("a")}, {shaky(4)}).at(0));
    BOOST_TEST((std::get<0>(w.try_end(one, {ending("b")}, {shaky(5)})) == Errc::contended));
    BOOST_TEST(w.sql.value("SELECT state FROM understudy_operations WHERE id = 'b'") == "1");
}

BOOST_AUTO_TEST_CASE(followers_are_in_line_before_anybody_who_comes_later) {
    World w;
    auto& one = w.process();
    auto& two = w.process();
    for (int round = 0; round < 20; ++round) {
        const std::string n = std::to_string(round);
        w.begin(one, {intent("a" + n, {"k" + n})});
        auto last = ending("a" + n);
        last.followers = {intent("f" + n, {"k" + n, "l" + n})};
        Outcome<error_code, std::vector<bool>> ended;
        Outcome<error_code, std::vector<Admitted>> begun;
        one.async_end({last}, {}, ended.handler());
        two.async_begin({intent("b" + n, {"l" + n, "k" + n})}, begun.handler());
        BOOST_TEST(std::get<1>(ended.wait(w.io)).at(0));
        const auto kind = std::get<1>(begun.wait(w.io)).at(0).kind;
        const bool follower_first = w.ask(one, {"f" + n}).at(0);
        BOOST_TEST(w.ask(two, {"b" + n}).at(0) != follower_first);
        BOOST_TEST((kind != Kind::granted || !follower_first));
    }
}

BOOST_AUTO_TEST_CASE(what_is_finished_is_forgotten_in_time_and_what_is_dead_is_not) {
    World w;
    auto& one = w.process();
    w.begin(one, {intent("old", {"a"}), intent("new", {"b"}), intent("dead", {"c"}), intent("open", {"d"})});
    w.end(one, {ending("old"), ending("new"), ending("dead", Fence{1}, OperationState::dead)});
    w.sql.run("UPDATE understudy_operations SET ended_at = now() - interval '25 hours' WHERE id IN ('old', 'dead')");
    w.sql.run("INSERT INTO understudy_sessions VALUES ('gone', now() - interval '25 hours'), "
              "('holding', now() - interval '25 hours'), ('asleep', now() - interval '1 hour')");
    w.sql.run("UPDATE understudy_operations SET holder = 'holding' WHERE id = 'open'");
    BOOST_TEST(!std::get<0>(w.renew(one)).failed());
    BOOST_TEST(w.sql.value("SELECT string_agg(id, ',' ORDER BY id) FROM understudy_operations") == "dead,new,open");
    BOOST_TEST(w.sql.value("SELECT string_agg(id, ',' ORDER BY id) FROM understudy_sessions WHERE length(id) < 32") ==
               "asleep,holding");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(reservations)

BOOST_AUTO_TEST_CASE(D6_fifty_decisions_at_once_for_one_place_and_for_three) {
    Places w;
    const std::vector<Postgres*> processes{&w.deciding(), &w.deciding()};
    for (const std::string name : {"one", "three"}) {
        std::list<Outcome<error_code, std::vector<Verdict>>> outcomes;
        for (int i = 0; i < 50; ++i) {
            const auto id = name + std::to_string(i);
            w.begin(*processes[static_cast<std::size_t>(i % 2)], {intent(id, {id}, "")});
        }
        for (int i = 0; i < 50; i += 2) {
            // Some calls decide several.
            auto& process = *processes[static_cast<std::size_t>(i / 2 % 2)];
            std::vector<Decision> both;
            for (const int which : {i + i / 2 % 2, (i + 2 + i / 2 % 2) % 50})
                if (which % 2 == i / 2 % 2 && both.size() < 1 + static_cast<std::size_t>(i % 4 / 2))
                    both.push_back(decision(name + std::to_string(which), name));
            process.async_decide(both, outcomes.emplace_back().handler());
        }
        for (int i = 0; i < 50; ++i)
            processes[static_cast<std::size_t>(i % 2)]->async_decide({decision(name + std::to_string(i), name)},
                                                                     outcomes.emplace_back().handler());
        for (auto& outcome : outcomes) {
            auto& [ec, verdicts] = outcome.wait(w.io);
            BOOST_TEST(!ec.failed(), ec.message());
            for (const auto& verdict : verdicts) {
                BOOST_TEST((verdict.kind != Verdict::Kind::lost));
                if (verdict.kind == Verdict::Kind::objected)
                    BOOST_TEST(verdict.objection == name + " is full");
            }
        }
        BOOST_TEST(w.sql.value("SELECT count(*) FROM understudy_operations WHERE state = 1 AND reservation = '" + name +
                               "'") == (name == "one" ? "1" : "3"));
        BOOST_TEST(w.sql.value("SELECT count(*) FROM understudy_operations WHERE state = 1 AND id LIKE '" + name +
                               "%'") == (name == "one" ? "1" : "3"));
    }
}

BOOST_AUTO_TEST_CASE(a_place_is_free_again_when_its_operation_has_ended_and_not_while_it_is_dead) {
    Places w;
    auto& one = w.deciding();
    for (const std::string id : {"a", "b", "c"})
        w.begin(one, {intent(id, {id}, "")});
    const auto got = [&](const std::string& id) {
        return w.decide(one, {decision(id, "one")}).at(0).kind == Verdict::Kind::recorded;
    };
    BOOST_TEST(got("a"));
    BOOST_TEST(got("a")); // decided again, it reserves no more
    BOOST_TEST(!got("b"));
    BOOST_TEST(w.sql.value("SELECT state FROM understudy_operations WHERE id = 'b'") == "0");
    w.end(one, {ending("a", Fence{1}, OperationState::dead)});
    BOOST_TEST(!got("b"));
    BOOST_TEST(w.good<bool>([&](auto h) { one.async_drop("a", std::move(h)); }));
    BOOST_TEST(got("b"));
    w.end(one, {ending("b", Fence{1}, OperationState::undone)});
    BOOST_TEST(got("c"));
    // What the function itself fails with.
    w.begin(one, {intent("d", {"d"}, "")});
    w.sql.run("DROP TABLE places");
    auto [ec, none] =
        w.wait<std::vector<Verdict>>([&](auto h) { one.async_decide({decision("d", "one")}, std::move(h)); });
    BOOST_TEST(is_sqlstate(ec, "42P01"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(leases)

// Runs until some statement waits for a lock.
void until_somebody_waits(World& w) {
    while (w.sql.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
        w.io.poll();
}

BOOST_AUTO_TEST_CASE(I16_a_session_that_is_being_taken_over_is_not_renewed) {
    World w;
    auto& one = w.process();
    Session other{server().conninfo()};
    other.run("SET search_path = " + w.params.schema + "; BEGIN; UPDATE understudy_sessions SET over = true");
    // It was in time when it began, and has to wait for the row.
    Outcome<error_code, std::chrono::milliseconds> renewed;
    one.async_renew(renewed.handler());
    until_somebody_waits(w);
    other.run("COMMIT");
    BOOST_TEST((std::get<0>(renewed.wait(w.io)) == Errc::lease_lost));
    // The next call opens another session, which takes over from the first.
    auto [ec, lease] = w.renew(one);
    BOOST_TEST((!ec && lease == JournalParams{}.lease));
}

BOOST_AUTO_TEST_CASE(I16_who_begins_while_it_is_taken_over_is_taken_over_too_or_refused) {
    World w;
    auto& one = w.process();
    auto& two = w.process();
    w.begin(one, {intent("a", {"a"})});
    Session other{server().conninfo()};
    other.run("SET search_path = " + w.params.schema +
              "; BEGIN; UPDATE understudy_sessions s SET alive_until = now() - interval '1 minute' FROM "
              "understudy_operations o WHERE o.holder = s.id");
    Outcome<error_code, std::vector<Admitted>> late;
    one.async_begin({intent("b", {"b"})}, late.handler());
    other.run("COMMIT");
    const bool refused = std::get<0>(late.wait(w.io)) == Errc::lease_lost;
    std::set<std::string> taken;
    for (const auto& entry : w.take_over(two))
        taken.insert(entry.intent.id);
    BOOST_TEST(taken.contains("a"));
    BOOST_TEST(taken.contains("b") != refused);
    BOOST_TEST((std::get<1>(w.try_end(one, {ending("a")})) == std::vector<bool>{false}));
}

BOOST_AUTO_TEST_CASE(I16_two_that_take_over_at_once_get_each_operation_once) {
    World w;
    auto& dying = w.process();
    std::vector<Intent> intents;
    for (int i = 0; i < 60; ++i)
        intents.push_back(intent("op" + std::to_string(i), {"k" + std::to_string(i)}, i % 3 ? "plan" : ""));
    w.begin(dying, intents);
    w.lapse("90 seconds");
    std::vector<Postgres*> heirs{&w.process(), &w.process(), &w.process()};
    std::map<std::string, std::vector<Fence>> taken;
    for (int round = 0; round < 3; ++round) {
        std::list<Outcome<error_code, std::vector<JournalEntry>>> outcomes;
        for (int i = 0; i < 6; ++i)
            heirs[static_cast<std::size_t>(i % 3)]->async_take_over(5, outcomes.emplace_back().handler());
        for (auto& outcome : outcomes) {
            auto& [ec, entries] = outcome.wait(w.io);
            BOOST_TEST(!ec.failed(), ec.message());
            for (const auto& entry : entries) {
                taken[entry.intent.id].push_back(entry.fence);
                BOOST_TEST((entry.silent_for >= 90s && entry.silent_for < 10min));
            }
        }
    }
    BOOST_TEST(taken.size() == 40u);
    for (const auto& [id, fences] : taken)
        BOOST_TEST((fences == std::vector{Fence{2}}), id);
    BOOST_TEST(w.sql.value("SELECT count(*) FROM understudy_operation_keys") == "40");
}

BOOST_AUTO_TEST_CASE(a_replayed_operation_was_silent_since_it_died) {
    World w;
    auto& one = w.process();
    w.begin(one, {intent("a", {"a"})});
    w.end(one, {ending("a", Fence{1}, OperationState::dead)});
    w.sql.run("UPDATE understudy_operations SET ended_at = now() - interval '1 hour'");
    BOOST_TEST(w.take_over(one).empty());
    BOOST_TEST(w.good<bool>([&](auto h) { one.async_replay("a", std::move(h)); }));
    const auto taken = w.take_over(one);
    BOOST_REQUIRE(taken.size() == 1u);
    BOOST_TEST((taken[0].silent_for >= 1h && taken[0].silent_for < 2h));
    BOOST_TEST((taken[0].fence == Fence{2}));
}

BOOST_AUTO_TEST_CASE(a_database_that_is_down_is_said_to_be) {
    World w;
    ConnectParams nowhere;
    nowhere.conninfo = "host=127.0.0.1 port=1";
    w.pools.emplace_back(w.io.get_executor(), nowhere);
    Postgres journal{w.pools.back()};
    BOOST_TEST((std::get<0>(w.renew(journal)) == ClientErrc::connect_failed));
    auto [ec, count] = w.wait<std::size_t>([&](auto h) { journal.async_count(std::move(h)); });
    BOOST_TEST((ec == ClientErrc::connect_failed));
    // Tables that nobody made.
    Database bare;
    Postgres untold{*bare.pool};
    Outcome<error_code, std::chrono::milliseconds> renewed;
    untold.async_renew(renewed.handler());
    BOOST_TEST(is_sqlstate(std::get<0>(renewed.wait(bare.io)), "42P01"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(statements)

BOOST_AUTO_TEST_CASE(every_statement_has_an_index_to_work_with) {
    Places w;
    // Many that are finished, some that wait, few sessions that live.
    w.sql.run(R"(
INSERT INTO understudy_sessions SELECT 's' || i, now() + (i - 2000) * interval '1 second' FROM generate_series(1, 2100) i;
INSERT INTO understudy_operations (id, seq, kind, keys, request, plan, state, fence, holder, reservation, ended_at)
SELECT 'op' || i, i, 'kind', ARRAY['k' || i % 5000, 'l' || i], 'request', 'plan',
       CASE WHEN i % 20 = 0 THEN 1 WHEN i % 977 = 0 THEN 4 ELSE 2 END, 1, CASE WHEN i % 20 = 0 THEN 's' || i % 2000 END, '',
       CASE WHEN i % 20 <> 0 THEN now() - i * interval '1 minute' END
FROM generate_series(1, 50000) i;
INSERT INTO understudy_operation_keys
SELECT k, o.seq FROM understudy_operations o, unnest(o.keys) k WHERE o.state IN (1, 4);
)");
    w.sql.run("ANALYZE");
    const postgres::detail::JournalSql sql{w.params.schema, "reserve_places"};
    const struct {
        const char* what;
        std::string text;
        const char* arguments;
    } statements[] = {
        {"begin", sql.begin(), "'s2050', '{a,b}', '{x,y}', '{\"{k1,k2}\",\"{k3}\"}', '{r,r}', '{p,p}', false"},
        {"decide", sql.decide(), "'s2050', '{op20,op40}', '{1,1}', '{p,p}', '{\"\",one}'"},
        {"end", sql.end(), "'s2050', '{op20,op40}', '{1,1}', '{2,2}', '{p,p}', '{\"\",\"\"}'"},
        {"held", sql.held(), "'s2050', '{op20,op40}', '{1,1}'"},
        {"ask", sql.ask(), "'s2050', '{op20,op40}'"},
        {"renew", sql.renew(), "'s2050', 1000, 86400000"},
        {"close_lapsed", sql.close_lapsed(), "'s2050'"},
        {"take_over", sql.take_over(), "'s2050', 100"},
        {"list_dead", sql.list_dead(), "100"},
        {"replay", sql.replay(), "'op977'"},
        {"drop", sql.drop(), "'op977'"},
        {"count", sql.count(), ""},
    };
    for (const auto& statement : statements) {
        // The last one as the pool's connections plan what they keep: what can only be scanned would cost so much there
        // that it is compiled first, for a second or so.
        for (const std::string mode :
             {"force_custom_plan", "force_generic_plan", "force_generic_plan; SET enable_seqscan = off"}) {
            w.sql.run("RESET ALL; SET search_path = " + w.params.schema + "; SET plan_cache_mode = " + mode +
                      "; DEALLOCATE ALL; PREPARE ask AS " + statement.text);
            const std::string arguments = *statement.arguments ? "(" + std::string{statement.arguments} + ")" : "";
            std::string plan;
            for (const auto& line : w.sql.run("EXPLAIN EXECUTE ask " + arguments))
                plan += line.at(0) + "\n";
            const bool off = mode.ends_with("off");
            for (const std::string never : {off ? "Seq Scan" : "Seq Scan on understudy_operation", "JIT:"})
                BOOST_TEST(plan.find(never) == std::string::npos, statement.what << " " << mode << "\n" << plan);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
