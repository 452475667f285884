#include "database.hpp"
#include "tables.hpp"

#include <understudy/covered_sets.hpp>
#include <understudy/postgres/store.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tests {

/// Numbered, and part of another of its kind or of none.
struct Part {
    std::int64_t id = 0;
    std::optional<std::int64_t> part_of;

    friend bool operator==(const Part&, const Part&) = default;
};
BOOST_DESCRIBE_STRUCT(Part, (), (id, part_of))

const std::string parts_ddl = "CREATE TABLE parts (id bigint PRIMARY KEY, part_of bigint, version bigint, ticket "
                              "bigint, as_of bigint, mark smallint, state smallint, merged_into bigint, synced_at "
                              "timestamptz, lag_reads smallint, lag_version bigint, lag_since timestamptz);";

/// Orders by a label that reads the same in any case.
struct ByLabel : understudy::Index<&Order::customer_id> {
    static constexpr std::string_view name = "label";
    static constexpr bool is_unique = false;
    static std::string normalise(std::string value) {
        std::transform(value.begin(), value.end(), value.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        return value;
    }
};

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Part> {
    static constexpr std::string_view name = "part";
    static constexpr auto key = &tests::Part::id;
};
template<>
struct understudy::postgres::TableTraits<tests::Part> {
    static constexpr std::string_view table = "parts";
};
template<>
struct understudy::postgres::IndexTraits<tests::ByLabel> {
    static std::string matches(std::string_view row, std::string_view value) {
        return "lower(" + std::string{row} + ".customer_id COLLATE \"C\") = " + std::string{value};
    }
};

namespace tests {
struct PartsOf : understudy::Relation<Part, &Part::part_of> {
    static constexpr std::string_view name = "parts_of";
};
} // namespace tests

using namespace understudy;
using tests::AllOrders;
using tests::Database;
using tests::order;
using tests::Order;
using tests::OrdersOfCustomer;
using tests::Outcome;
using tests::Part;
using tests::PartsOf;
using Store = postgres::Store<Order>;
using namespace std::chrono_literals;

static_assert(SetReplica<Store, OrdersOfCustomer>);
static_assert(SetReplica<Store, AllOrders>);
static_assert(SetReplica<Store, tests::ByLabel>);
static_assert(SetReplica<postgres::Store<Part>, PartsOf>);

namespace {

using LookedUp = Outcome<error_code, SetRows<Order>>;
using CoveredOutcome = Outcome<error_code, std::vector<Covered>>;

template<class By>
SetQuery<By> query(typename By::value_type value, std::size_t limit = whole_set) {
    SetQuery<By> q;
    q.value = std::move(value);
    q.limit = limit;
    return q;
}

template<class By = OrdersOfCustomer, class S>
auto look_up(Database& db, S& store, std::vector<SetQuery<By>> queries) {
    Outcome<error_code, SetRows<typename By::record_type>> outcome;
    store.template async_look_up_sets<By>(std::move(queries), outcome.handler());
    auto& [ec, rows] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return rows;
}

template<class By = OrdersOfCustomer, class S>
auto set(Database& db, S& store, typename By::value_type value, std::size_t limit = whole_set) {
    return look_up<By>(db, store, {query<By>(std::move(value), limit)}).rows.at(0);
}

template<class By>
Coverage<By> coverage(typename By::value_type value, Ticket ticket,
                      std::vector<understudy::key_t<typename By::record_type>> members = {}) {
    Coverage<By> c;
    c.value = std::move(value);
    c.ticket = ticket;
    c.members = std::move(members);
    return c;
}

template<class By = OrdersOfCustomer, class S>
std::vector<Covered> cover(Database& db, S& store, std::vector<Coverage<By>> coverages) {
    CoveredOutcome outcome;
    store.template async_cover<By>(std::move(coverages), outcome.handler());
    auto& [ec, covered] = outcome.wait(db.io);
    BOOST_TEST(!ec.failed(), ec.message());
    return covered;
}

template<class By = OrdersOfCustomer, class S>
void hint_sets(Database& db, S& store, std::vector<typename By::value_type> values) {
    Outcome<error_code> outcome;
    store.template async_hint_sets<By>(std::move(values), outcome.handler());
    BOOST_TEST(!std::get<0>(outcome.wait(db.io)).failed());
}

template<class S>
Ticket draw(Database& db, S& store) {
    Outcome<error_code, Ticket> outcome;
    store.async_draw_ticket(outcome.handler());
    return std::get<1>(outcome.wait(db.io));
}

Ticket draw(tests::Session& sql) {
    return static_cast<Ticket>(std::stoull(sql.value("SELECT nextval('understudy_ticket')")));
}

template<class S, class R>
void apply(Database& db, S& store, std::vector<R> records, Ticket ticket) {
    std::vector<Observation<R>> observations;
    for (auto& record : records) {
        auto& observation = observations.emplace_back();
        observation.key = record.id;
        observation.ticket = ticket;
        observation.state = State::live;
        observation.record = std::move(record);
        observation.confirm = true;
    }
    Outcome<error_code, std::vector<Applied>> outcome;
    store.async_apply(std::move(observations), outcome.handler());
    BOOST_TEST(!std::get<0>(outcome.wait(db.io)).failed());
}

// As the reader of a set does: a ticket, the members, the coverage.
Ticket fill(Database& db, Store& store, const std::string& parent, std::vector<Order> members) {
    const auto ticket = draw(db, store);
    std::vector<std::string> keys;
    for (const auto& member : members)
        keys.push_back(member.id);
    apply(db, store, std::move(members), ticket);
    BOOST_TEST((cover(db, store, {coverage<OrdersOfCustomer>(parent, ticket, std::move(keys))}) ==
                std::vector{Covered::covered}));
    return ticket;
}

std::vector<Order> orders(int first, int count, int parent) {
    std::vector<Order> all;
    for (int i = 0; i < count; ++i)
        all.push_back(order(first + i, parent));
    return all;
}

template<class R>
std::string ids(const SetRow<R>& row) {
    std::string out;
    for (const auto& member : row.members) {
        if constexpr (std::is_same_v<understudy::key_t<R>, std::string>)
            out += member.id + " ";
        else
            out += std::to_string(member.id) + " ";
    }
    return out + (row.more ? "+" : ".");
}

// Runs the store until its statement waits for another transaction.
void until_blocked(Database& db, tests::Session& observer) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (observer.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
        if (db.io.stopped())
            db.io.restart();
        db.io.poll();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(sets)

BOOST_AUTO_TEST_CASE(one_round_trip_and_a_ticket_on_misses_only) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    fill(db, store, "k1", orders(1, 2, 1));
    fill(db, store, "k2", {});
    const auto counter = [&] { return std::stoull(db.sql.value("SELECT last_value FROM understudy_ticket")); };
    const auto before = counter();
    const auto requests = db.pool->stats().requests;
    BOOST_TEST(
        (look_up(db, store, {query<OrdersOfCustomer>("k1"), query<OrdersOfCustomer>("k2")}).ticket == no_ticket));
    BOOST_TEST(counter() == before);
    const auto missed = look_up(db, store, {query<OrdersOfCustomer>("k1"), query<OrdersOfCustomer>("k3")});
    BOOST_TEST((missed.ticket == Ticket{before + 1}));
    BOOST_TEST(db.pool->stats().requests - requests == 2u);
    BOOST_TEST(ids(missed.rows.at(0)) == "o000001 o000002 .");
    BOOST_TEST((missed.rows.at(1).ticket == no_ticket));
    // Nobody asked for more than nothing.
    BOOST_TEST(look_up(db, store, std::vector<SetQuery<OrdersOfCustomer>>{}).rows.empty());
    BOOST_TEST(cover(db, store, std::vector<Coverage<OrdersOfCustomer>>{}).empty());
    hint_sets(db, store, {});
    BOOST_TEST(db.pool->stats().requests - requests == 2u);
}

BOOST_AUTO_TEST_CASE(as_of_is_that_of_the_observation_and_nothing_else_changes_it) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    const auto as_of = [&] { return static_cast<Ticket>(std::stoull(db.sql.value("SELECT as_of FROM orders"))); };
    const auto first = draw(db, store);
    apply(db, store, std::vector{order(1, 1)}, first);
    BOOST_TEST((as_of() == first));
    // Confirmed: the columns are as of the later read.
    const auto second = draw(db, store);
    apply(db, store, std::vector{order(1, 1)}, second);
    BOOST_TEST((as_of() == second));
    // Dropped, and hinted at: what the columns say is as old as before.
    apply(db, store, std::vector{order(1, 1, 9)}, first);
    Outcome<error_code> hinted;
    store.async_hint({"o000001"}, hinted.handler());
    hinted.wait(db.io);
    BOOST_TEST((as_of() == second));
    const auto third = draw(db, store);
    apply(db, store, std::vector{order(1, 1, 5)}, third);
    BOOST_TEST((as_of() == third));
    Outcome<error_code, Rows<Order>> row;
    store.async_lookup<ById<Order>>({"o000001"}, row.handler());
    BOOST_TEST((std::get<1>(row.wait(db.io)).rows.at(0).as_of == third));
    Outcome<error_code, Rows<Order>> by_customer;
    store.async_lookup<OrdersOfCustomer>({"k1"}, by_customer.handler());
    BOOST_TEST((std::get<1>(by_customer.wait(db.io)).rows.at(0).as_of == third));
}

BOOST_AUTO_TEST_CASE(D10_a_coverage_that_is_no_answer_covers_nothing) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    const auto early = draw(db, store);
    hint_sets(db, store, {"k2"});
    apply(db, store, std::vector{order(1, 1)}, early);
    // No ticket; begun before a hint; a hole; a hole and begun too early.
    BOOST_TEST(
        (cover(db, store,
               {coverage<OrdersOfCustomer>("k1", no_ticket), coverage<OrdersOfCustomer>("k2", early),
                coverage<OrdersOfCustomer>("k3", early, {"o000001", "o000009"}),
                coverage<OrdersOfCustomer>("k2", early, {"o000009"}),
                coverage<OrdersOfCustomer>("k4", early, {"o000001"})}) ==
         std::vector{Covered::dropped, Covered::dropped, Covered::incomplete, Covered::dropped, Covered::covered}));
    const auto rows = look_up(db, store,
                              {query<OrdersOfCustomer>("k1"), query<OrdersOfCustomer>("k2"),
                               query<OrdersOfCustomer>("k3"), query<OrdersOfCustomer>("k4")});
    BOOST_TEST(!rows.rows[0].covered());
    BOOST_TEST(!rows.rows[1].covered());
    BOOST_TEST(!rows.rows[2].covered());
    BOOST_TEST(rows.rows[3].current());
    // A row of an earlier read that names no set is as good as none.
    db.sql.run("UPDATE orders SET state = 2 WHERE id = 'o000001'");
    BOOST_TEST((cover(db, store, {coverage<OrdersOfCustomer>("k5", draw(db, store), {"o000001"})}) ==
                std::vector{Covered::dropped}));
}

BOOST_AUTO_TEST_CASE(one_set_twice_in_a_call) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    const auto early = draw(db, store);
    const auto late = draw(db, store);
    BOOST_TEST((cover(db, store,
                      {coverage<OrdersOfCustomer>("k1", early), coverage<OrdersOfCustomer>("k2", early),
                       coverage<OrdersOfCustomer>("k1", late), coverage<OrdersOfCustomer>("k1", late)}) ==
                std::vector{Covered::dropped, Covered::covered, Covered::covered, Covered::dropped}));
    BOOST_TEST((set(db, store, "k1").as_of == late));
    hint_sets(db, store, {"k1", "k2", "k1"});
    const auto rows = look_up(
        db, store, {query<OrdersOfCustomer>("k2"), query<OrdersOfCustomer>("k1"), query<OrdersOfCustomer>("k2", 1)});
    for (const auto& row : rows.rows) {
        BOOST_TEST((row.mark == Mark::dirty));
        BOOST_TEST((row.covered() && row.ticket > late));
    }
}

BOOST_AUTO_TEST_CASE(pages_by_the_order_of_cpp) {
    // Whatever the order of the column.
    Database db{tests::orders_ddl + "ALTER TABLE orders ALTER id TYPE text COLLATE \"und-x-icu\""};
    Store store{*db.pool};
    std::vector<Order> members;
    for (const std::string id : {"b", "B", "a", "\xC3\xA4", "Z", "_"}) {
        auto& member = members.emplace_back(order(1, 1));
        member.id = id;
    }
    const auto at = fill(db, store, "k1", members);
    std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    const auto whole = set(db, store, "k1");
    BOOST_TEST((whole.as_of == at));
    BOOST_TEST(!whole.more);
    for (std::size_t i = 0; i < members.size(); ++i)
        BOOST_TEST((whole.members.at(i).record == members[i]));
    auto page = query<OrdersOfCustomer>("k1", 4);
    const auto first = look_up(db, store, {page}).rows.at(0);
    BOOST_TEST(ids(first) == "B Z _ a +");
    page.after = "a";
    BOOST_TEST(ids(look_up(db, store, {page}).rows.at(0)) == "b \xC3\xA4 .");
    page.limit = 2;
    BOOST_TEST(ids(look_up(db, store, {page}).rows.at(0)) == "b \xC3\xA4 .");
    page.limit = 1;
    BOOST_TEST(ids(look_up(db, store, {page}).rows.at(0)) == "b +");
    page.after = "zzz";
    BOOST_TEST(ids(look_up(db, store, {page}).rows.at(0)) == "\xC3\xA4 .");
    page.after = "\xC3\xA4";
    BOOST_TEST(ids(look_up(db, store, {page}).rows.at(0)) == ".");
    // Parts of one set that several ask for at once are not mixed up.
    auto nothing = query<OrdersOfCustomer>("k1", 0);
    const auto rows = look_up(db, store, {nothing, query<OrdersOfCustomer>("k1", 1), query<OrdersOfCustomer>("k1")});
    BOOST_TEST(ids(rows.rows.at(0)) == "+");
    BOOST_TEST(ids(rows.rows.at(1)) == "B +");
    BOOST_TEST(rows.rows.at(2).members.size() == 6u);
}

BOOST_AUTO_TEST_CASE(doubts_are_those_of_the_whole_set_and_name_their_tickets) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    fill(db, store, "k1", orders(1, 6, 1));
    fill(db, store, "k1", orders(2, 5, 1));
    Outcome<error_code> hinted;
    store.async_hint({"o000006", "o000009"}, hinted.handler());
    hinted.wait(db.io);
    // A patched row is served like a clean one, and a tombstone is no member.
    db.sql.run("UPDATE orders SET mark = 1 WHERE id = 'o000003'; UPDATE orders SET state = 3 WHERE id = 'o000004'");
    auto page = query<OrdersOfCustomer>("k1", 2);
    page.after = "o000002";
    const auto row = look_up(db, store, {page}).rows.at(0);
    BOOST_TEST(ids(row) == "o000003 o000005 +");
    BOOST_REQUIRE(row.doubts.size() == 2u);
    BOOST_TEST(row.doubts[0].id == "o000001");
    BOOST_TEST(row.doubts[1].id == "o000006");
    for (const auto& doubt : row.doubts)
        BOOST_TEST(db.sql.value("SELECT ticket FROM orders WHERE id = '" + doubt.id + "'") ==
                   std::to_string(static_cast<std::uint64_t>(doubt.ticket)));
    const auto alone = set(db, store, "k1", 0);
    BOOST_TEST((alone.doubts == row.doubts));
    BOOST_TEST(alone.members.empty());
}

BOOST_AUTO_TEST_CASE(I9_the_age_is_that_of_the_oldest_member_whichever_page_it_is_on) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    fill(db, store, "k1", orders(1, 3, 1));
    BOOST_TEST((set(db, store, "k1").age < 1min));
    db.sql.run("UPDATE orders SET synced_at = now() - interval '1 hour' WHERE id = 'o000003'");
    BOOST_TEST((set(db, store, "k1", 1).age >= 1h));
    db.sql.run("UPDATE understudy_sets SET synced_at = now() - interval '2 hours'");
    BOOST_TEST((set(db, store, "k1", 1).age >= 2h));
    db.sql.run("UPDATE understudy_sets SET synced_at = now() + interval '2 hours'; UPDATE orders SET synced_at = now() "
               "+ interval '2 hours'");
    BOOST_TEST((set(db, store, "k1", 1).age == 0ms));
    auto old = coverage<OrdersOfCustomer>("k2", draw(db, store));
    old.elapsed = 5min;
    cover(db, store, {old});
    const auto age = set(db, store, "k2").age;
    BOOST_TEST((age >= 5min && age < 10min));
}

BOOST_AUTO_TEST_CASE(all_records_numbers_and_values_in_a_form_of_their_own) {
    Database db{tests::orders_ddl + tests::parts_ddl};
    Store store{*db.pool};
    auto ticket = draw(db, store);
    apply(db, store, std::vector{order(1, 1), order(2, -1), order(3, 2)}, ticket);
    BOOST_TEST(!set<AllOrders>(db, store, Everything{}).covered());
    BOOST_TEST((cover<AllOrders>(db, store, {coverage<AllOrders>({}, ticket, {"o000001", "o000002", "o000003"})}) ==
                std::vector{Covered::covered}));
    BOOST_TEST(ids(set<AllOrders>(db, store, Everything{}, 2)) == "o000001 o000002 +");
    BOOST_TEST(set<AllOrders>(db, store, Everything{}).current());
    hint_sets<AllOrders>(db, store, {Everything{}, Everything{}});
    BOOST_TEST(!set<AllOrders>(db, store, Everything{}).current());
    BOOST_TEST(db.sql.value("SELECT kind || '/' || parent FROM understudy_sets") == "orders.all_orders/");

    // Compared in the tag's form, whatever it is asked for in.
    cover<tests::ByLabel>(db, store, {coverage<tests::ByLabel>("K1", ticket, {"o000001"})});
    BOOST_TEST(ids(set<tests::ByLabel>(db, store, "k1")) == "o000001 .");
    BOOST_TEST(set<tests::ByLabel>(db, store, "K1").current());

    postgres::Store<Part> parts{*db.pool};
    ticket = draw(db, parts);
    apply(db, parts, std::vector<Part>{{9, -1}, {10, -1}, {100, -1}, {11, 9}, {12, {}}}, ticket);
    cover<PartsOf>(db, parts, {coverage<PartsOf>(-1, ticket, {9, 10, 100}), coverage<PartsOf>(9, ticket, {11})});
    auto page = query<PartsOf>(-1, 2);
    BOOST_TEST(ids(look_up<PartsOf>(db, parts, {page}).rows.at(0)) == "9 10 +");
    page.after = 10;
    BOOST_TEST(ids(look_up<PartsOf>(db, parts, {page}).rows.at(0)) == "100 .");
    BOOST_TEST(ids(set<PartsOf>(db, parts, 9)) == "11 .");
    BOOST_TEST(db.sql.value("SELECT string_agg(parent, ' ' ORDER BY parent) FROM understudy_sets WHERE kind = "
                            "'parts.parts_of'") == "-1 9");
}

BOOST_AUTO_TEST_CASE(six_hundred_members_and_none_of_their_columns) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    const auto members = orders(1, 600, 1);
    fill(db, store, "k1", members);
    const auto whole = set(db, store, "k1");
    BOOST_TEST(whole.current());
    BOOST_TEST_REQUIRE(whole.members.size() == 600u);
    for (std::size_t i = 0; i < 600; ++i)
        BOOST_TEST((whole.members[i].record == members[i]));
    // A row that is no record spoils the page that it is on, and nothing else.
    db.sql.run("UPDATE orders SET amount = NULL WHERE id = 'o000300'");
    fill(db, store, "k2", orders(601, 1, 2));
    BOOST_TEST(set(db, store, "k1", 0).current());
    BOOST_TEST(set(db, store, "k1", 299).members.size() == 299u);
    std::list<LookedUp> outcomes(3);
    auto it = outcomes.begin();
    store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k1")}, (it++)->handler());
    store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k1")}, (it++)->handler());
    store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k2")}, (it++)->handler());
    std::string outcome;
    for (auto& each : outcomes) {
        const auto ec = std::get<0>(each.wait(db.io));
        outcome += ec == postgres::ClientErrc::bad_answer ? 'x' : ec ? '?' : '+';
    }
    BOOST_TEST(outcome == "xx+");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(set_callers)

BOOST_AUTO_TEST_CASE(I12_many_callers_few_statements) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    fill(db, store, "k5", orders(1, 3, 5));
    const auto before = db.pool->stats().requests;
    std::list<LookedUp> outcomes;
    for (int i = 0; i < 400; ++i)
        store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k" + std::to_string(i))},
                                                   outcomes.emplace_back().handler());
    int i = 0;
    for (auto& outcome : outcomes)
        BOOST_TEST(std::get<1>(outcome.wait(db.io)).rows.at(0).current() == (i++ == 5));
    // 256, then the rest.
    BOOST_TEST(db.pool->stats().requests - before == 2u);
    std::list<LookedUp> same;
    for (int n = 0; n < 400; ++n)
        store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k5", n % 2 ? 1 : 2)},
                                                   same.emplace_back().handler());
    std::size_t n = 0;
    for (auto& outcome : same) {
        const auto& found = std::get<1>(outcome.wait(db.io));
        BOOST_TEST(found.rows.at(0).members.size() == (n++ % 2 ? 1u : 2u));
        BOOST_TEST((found.ticket == no_ticket));
    }
    BOOST_TEST(db.pool->stats().requests - before == 3u);
}

BOOST_AUTO_TEST_CASE(one_cancelled_caller_disturbs_nobody) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    fill(db, store, "k1", orders(1, 1, 1));
    boost::asio::cancellation_signal first;
    boost::asio::cancellation_signal third;
    std::list<LookedUp> outcomes(4);
    auto it = outcomes.begin();
    const std::vector<SetQuery<OrdersOfCustomer>> one{query<OrdersOfCustomer>("k1")};
    const auto late = query<OrdersOfCustomer>("k2");
    using boost::asio::bind_cancellation_slot;
    store.async_look_up_sets<OrdersOfCustomer>(one, bind_cancellation_slot(first.slot(), (it++)->handler()));
    store.async_look_up_sets<OrdersOfCustomer>(one, (it++)->handler());
    store.async_look_up_sets<OrdersOfCustomer>({late}, bind_cancellation_slot(third.slot(), (it++)->handler()));
    store.async_look_up_sets<OrdersOfCustomer>(one, (it++)->handler());
    boost::asio::cancellation_signal covering;
    CoveredOutcome covered;
    store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>("k3", Ticket{1})},
                                        bind_cancellation_slot(covering.slot(), covered.handler()));
    boost::asio::cancellation_signal hinting;
    Outcome<error_code> hinted;
    store.async_hint_sets<OrdersOfCustomer>({"k4"}, bind_cancellation_slot(hinting.slot(), hinted.handler()));
    first.emit(boost::asio::cancellation_type::total);
    third.emit(boost::asio::cancellation_type::terminal);
    covering.emit(boost::asio::cancellation_type::partial);
    hinting.emit(boost::asio::cancellation_type::total);
    std::string outcome;
    for (auto& each : outcomes)
        outcome += std::get<0>(each.wait(db.io)) == boost::asio::error::operation_aborted ? 'x' : '+';
    BOOST_TEST(outcome == "x+x+");
    BOOST_TEST(ids(std::get<1>(outcomes.back().wait(db.io)).rows.at(0)) == "o000001 .");
    BOOST_TEST((std::get<0>(covered.wait(db.io)) == boost::asio::error::operation_aborted));
    BOOST_TEST((std::get<0>(hinted.wait(db.io)) == boost::asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_asked_for_fails_its_caller_only) {
    Database db{tests::orders_ddl};
    Store store{*db.pool};
    std::list<LookedUp> outcomes(3);
    auto it = outcomes.begin();
    auto after = query<OrdersOfCustomer>("k1");
    after.after = "\xff";
    store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k1")}, (it++)->handler());
    store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>(std::string("a\0b", 3))}, (it++)->handler());
    store.async_look_up_sets<OrdersOfCustomer>({after}, (it++)->handler());
    it = outcomes.begin();
    BOOST_TEST(!std::get<0>((it++)->wait(db.io)).failed());
    BOOST_TEST((std::get<0>((it++)->wait(db.io)) == postgres::ClientErrc::text_with_nul));
    BOOST_TEST((std::get<0>((it++)->wait(db.io)) == postgres::ClientErrc::text_not_utf8));
    CoveredOutcome covered;
    store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>("\xff", Ticket{1})}, covered.handler());
    BOOST_TEST((std::get<0>(covered.wait(db.io)) == postgres::ClientErrc::text_not_utf8));
    Outcome<error_code> hinted;
    store.async_hint_sets<OrdersOfCustomer>({"\xff"}, hinted.handler());
    BOOST_TEST((std::get<0>(hinted.wait(db.io)) == postgres::ClientErrc::text_not_utf8));
}

BOOST_AUTO_TEST_CASE(a_bound_on_those_who_wait) {
    Database db{tests::orders_ddl};
    postgres::StoreParams params;
    params.max_waiting = 2;
    Store store{*db.pool, params};
    std::list<LookedUp> outcomes;
    for (int i = 0; i < 6; ++i)
        store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>("k" + std::to_string(i))},
                                                   outcomes.emplace_back().handler());
    std::string outcome;
    for (auto& each : outcomes)
        outcome += std::get<0>(each.wait(db.io)) == Errc::overloaded ? 'x' : '+';
    BOOST_TEST(outcome == "+++xxx");
}

BOOST_AUTO_TEST_CASE(an_io_context_that_goes_away_takes_its_callers_along) {
    const auto witness = std::make_shared<int>(0);
    {
        Database db{tests::orders_ddl};
        boost::asio::io_context io;
        postgres::Pool pool{io.get_executor(), db.params};
        Store store{pool};
        for (int i = 0; i < 3; ++i) {
            const auto value = "k" + std::to_string(i);
            store.async_look_up_sets<OrdersOfCustomer>({query<OrdersOfCustomer>(value)},
                                                       [witness, store](auto, auto) {});
            store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>(value, Ticket{1})},
                                                [witness, store](auto, auto) {});
            store.async_hint_sets<OrdersOfCustomer>({value}, [witness, store](auto) {});
        }
        io.poll();
        BOOST_TEST(witness.use_count() == 10);
    }
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(plain_statements_do_the_same) {
    postgres::ConnectParams params;
    params.statements = postgres::StatementMode::plain;
    Database db{tests::orders_ddl, params};
    Store store{*db.pool};
    fill(db, store, "k1", orders(1, 2, 1));
    BOOST_TEST(set(db, store, "k1").current());
    hint_sets(db, store, {"k1"});
    BOOST_TEST(!set(db, store, "k1").current());
    BOOST_TEST(db.pool->stats().plain);
    BOOST_TEST(db.pool->stats().failed == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(set_races)

BOOST_AUTO_TEST_CASE(I1_a_coverage_that_meets_the_first_hint_of_its_set) {
    Database db{tests::orders_ddl};
    tests::Session observer{tests::server().conninfo()};
    Store store{*db.pool};
    const auto early = draw(db, store);
    db.sql.run("BEGIN; INSERT INTO understudy_sets VALUES ('orders.orders_of_customer', 'k1', "
               "nextval('understudy_ticket'), 0, 2, NULL)");
    CoveredOutcome outcome;
    store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>("k1", early)}, outcome.handler());
    until_blocked(db, observer);
    db.sql.run("COMMIT");
    BOOST_TEST((std::get<1>(outcome.wait(db.io)) == std::vector{Covered::dropped}));
    BOOST_TEST(!set(db, store, "k1").covered());
}

BOOST_AUTO_TEST_CASE(I1_of_two_first_coverages_the_later_one_stays) {
    Database db{tests::orders_ddl};
    tests::Session observer{tests::server().conninfo()};
    Store store{*db.pool};
    for (const bool ours_is_later : {false, true}) {
        const auto early = draw(db, store);
        const auto theirs = draw(db, store);
        // The other node finishes with a ticket drawn after all of these.
        db.sql.run("BEGIN; INSERT INTO understudy_sets VALUES ('orders.orders_of_customer', 'k1', " +
                   std::to_string(static_cast<std::uint64_t>(theirs)) + " + " + (ours_is_later ? "0" : "1") + ", " +
                   std::to_string(static_cast<std::uint64_t>(theirs)) + ", 0, now())");
        const auto ours = ours_is_later ? draw(db.sql) : early;
        CoveredOutcome outcome;
        store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>("k1", ours)}, outcome.handler());
        until_blocked(db, observer);
        db.sql.run("COMMIT");
        BOOST_TEST(
            (std::get<1>(outcome.wait(db.io)) == std::vector{ours_is_later ? Covered::covered : Covered::dropped}));
        BOOST_TEST((set(db, store, "k1").as_of == (ours_is_later ? ours : theirs)));
        db.sql.run("DELETE FROM understudy_sets");
    }
}

BOOST_AUTO_TEST_CASE(I1_a_hint_that_had_to_wait_never_takes_a_ticket_back) {
    Database db{tests::orders_ddl};
    tests::Session observer{tests::server().conninfo()};
    Store store{*db.pool};
    fill(db, store, "k1", {});
    db.sql.run("BEGIN; SELECT FROM understudy_sets FOR UPDATE");
    Outcome<error_code> outcome;
    store.async_hint_sets<OrdersOfCustomer>({"k1"}, outcome.handler());
    until_blocked(db, observer);
    // Meanwhile a reader begins, and then somebody else hints.
    const auto reading = draw(db.sql);
    db.sql.run("UPDATE understudy_sets SET ticket = nextval('understudy_ticket'), mark = 2; COMMIT");
    BOOST_TEST(!std::get<0>(outcome.wait(db.io)).failed());
    BOOST_TEST((cover(db, store, {coverage<OrdersOfCustomer>("k1", reading)}) == std::vector{Covered::dropped}));
    BOOST_TEST(!set(db, store, "k1").current());
}

// Where transactions are stricter than by default, a statement that had to wait for another one has lost against it.
BOOST_AUTO_TEST_CASE(who_lost_against_another_transaction_tries_again_but_not_for_ever) {
    postgres::ConnectParams params;
    params.conninfo = tests::server().conninfo() + " options='-c default_transaction_isolation=repeatable\\\\ read'";
    Database db{tests::orders_ddl, params};
    tests::Session observer{tests::server().conninfo()};
    postgres::StoreParams once;
    once.attempts = 1;
    Store patient{*db.pool};
    Store hasty{*db.pool, once};
    fill(db, patient, "k1", orders(1, 1, 1));
    using Told = std::function<void(error_code)>;
    const std::vector<std::function<void(Store&, Told)>> operations{
        [&](Store& store, Told told) {
            Observation<Order> seen;
            seen.key = "o000001";
            seen.ticket = draw(db.sql);
            seen.state = State::absent;
            store.async_apply({seen}, [told](error_code ec, auto) { told(ec); });
        },
        [](Store& store, Told told) { store.async_hint({"o000001"}, told); },
        [&](Store& store, Told told) {
            store.async_cover<OrdersOfCustomer>({coverage<OrdersOfCustomer>("k1", draw(db.sql))},
                                                [told](error_code ec, auto) { told(ec); });
        },
        [](Store& store, Told told) { store.async_hint_sets<OrdersOfCustomer>({"k1"}, told); },
    };
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto ended = [&](Store& store) {
            db.sql.run("BEGIN; UPDATE orders SET mark = mark; UPDATE understudy_sets SET mark = mark");
            Outcome<error_code> outcome;
            operations[i](store, outcome.handler());
            until_blocked(db, observer);
            db.sql.run("COMMIT");
            return std::get<0>(outcome.wait(db.io));
        };
        BOOST_TEST(!ended(patient).failed(), i);
        BOOST_TEST((ended(hasty) == Errc::contended), i);
    }
}

// Several nodes cover and hint the same few sets in any order, starting from nothing.
BOOST_AUTO_TEST_CASE(overlapping_calls_neither_deadlock_nor_lose_an_order) {
    const unsigned seed = 8128;
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>{from, to}(random); };
    Database db{tests::orders_ddl};
    std::vector<postgres::Pool> pools;
    std::vector<Store> stores;
    for (int node = 0; node < 6; ++node) {
        pools.emplace_back(db.io.get_executor(), db.params);
        stores.emplace_back(pools.back());
    }
    const auto some = [&] {
        std::vector<std::string> values;
        for (int i = pick(1, 15); i > 0; --i)
            values.push_back("k" + std::to_string(pick(0, 19)));
        return values;
    };
    struct Sent {
        std::vector<Coverage<OrdersOfCustomer>> coverages;
        CoveredOutcome outcome;
    };
    std::size_t effects = 0;
    for (int round = 0; round < 20; ++round) {
        if (round % 5 == 0)
            db.sql.run("TRUNCATE understudy_sets");
        std::map<std::string, Ticket> last;
        for (const auto& fields : db.sql.run("SELECT parent, as_of FROM understudy_sets"))
            last[fields[0]] = static_cast<Ticket>(std::stoull(fields[1]));
        std::list<Sent> all;
        std::list<Outcome<error_code>> hints;
        for (int batch = 0; batch < 24; ++batch) {
            auto& store = stores[static_cast<std::size_t>(pick(0, 5))];
            auto& sent = all.emplace_back();
            const auto ticket = draw(db, store);
            for (auto& value : some())
                sent.coverages.push_back(coverage<OrdersOfCustomer>(std::move(value), ticket));
            store.async_cover<OrdersOfCustomer>(sent.coverages, sent.outcome.handler());
            if (pick(0, 3) == 0)
                store.async_hint_sets<OrdersOfCustomer>(some(), hints.emplace_back().handler());
        }
        for (auto& hinted : hints)
            BOOST_TEST(!std::get<0>(hinted.wait(db.io)).failed());
        for (auto& sent : all) {
            auto& [ec, outcomes] = sent.outcome.wait(db.io);
            BOOST_REQUIRE(!ec.failed());
            for (std::size_t i = 0; i < outcomes.size(); ++i) {
                if (outcomes[i] != Covered::covered)
                    continue;
                ++effects;
                auto& best = last[sent.coverages[i].value];
                best = std::max(best, sent.coverages[i].ticket);
            }
        }
        for (const auto& fields : db.sql.run("SELECT parent, as_of, ticket FROM understudy_sets")) {
            BOOST_TEST(fields[1] == std::to_string(static_cast<std::uint64_t>(last[fields[0]])), fields[0]);
            BOOST_TEST(std::stoull(fields[2]) > std::stoull(fields[1]));
        }
    }
    BOOST_TEST(effects > 100u);
    for (const auto& said : db.failures)
        BOOST_TEST(said == "");
    for (auto& pool : pools)
        pool.close();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(set_plans)

// A hundred thousand orders of two hundred customers, and as many sets.
BOOST_AUTO_TEST_CASE(no_statement_scans_a_table) {
    Database db{tests::orders_ddl};
    db.sql.run("INSERT INTO orders (id, customer_id, amount, version, ticket, as_of, mark, state, synced_at) "
               "SELECT 'o' || lpad(n::text, 6, '0'), 'k' || n % 200, n, 0, n, n, 0, 1, now() FROM generate_series(1, "
               "100000) n;"
               "INSERT INTO understudy_sets SELECT 'orders.orders_of_customer', 'k' || n, 1, 1, 0, now() FROM "
               "generate_series(1, 100000) n;"
               "SELECT setval('understudy_ticket', 200000)");
    const postgres::detail::TableSql<Order> records{db.params.schema};
    const postgres::detail::SetSql<OrdersOfCustomer> sets{records};
    // Before and after statistics were gathered; planned once for all, as the server comes to do with what the pool
    // prepared, and for the values of one full batch. (Above it the planner may rightly think a scan cheaper.)
    for (const std::string analyze : {"", "ANALYZE orders, understudy_sets;"}) {
        for (const std::string mode : {"force_generic_plan", "force_custom_plan"}) {
            db.sql.run(analyze + "SET plan_cache_mode = " + mode);
            const std::string count = mode == "force_generic_plan" ? "600" : "256";
            const auto many = [&](const std::string& value) {
                return db.sql.value("SELECT quote_literal(array_agg(" + value + ")::text) FROM generate_series(1, " +
                                    count + ") n");
            };
            const auto keys = many("'o' || lpad(n::text, 6, '0')");
            const auto parents = many("'k' || n % 200");
            const std::vector<std::pair<std::string, std::string>> statements{
                {records.lookup<ById<Order>>(), keys},
                {records.lookup<OrdersOfCustomer>(), parents},
                {records.apply(), keys + ", " + many("n") + ", " + many("0") + ", " + many("1") + ", " +
                                      many("NULL::text") + ", " + many("0") + ", " + many("true") + ", " + parents +
                                      ", " + many("7")},
                {records.hint(), keys},
                {sets.lookup(), "'{k1,k2,k3}', '{NULL,o000300,NULL}', '{NULL,50,0}'"},
                {sets.lookup(), parents + ", " + many("NULL::text") + ", " + many("NULL::bigint")},
                {sets.cover(), "'{k1,k2}', '{1,2}', '{0,0}', " + many("1 + n % 2") + ", " + keys},
                {sets.hint(), many("'k' || n")},
            };
            for (const auto& [statement, arguments] : statements) {
                db.sql.run("DEALLOCATE ALL; PREPARE ask AS " + statement);
                std::string plan;
                for (const auto& line : db.sql.run("EXPLAIN EXECUTE ask (" + arguments + ")"))
                    plan += line.at(0) + "\n";
                for (const auto scan : {"Seq Scan on orders", "Seq Scan on understudy_sets"})
                    BOOST_TEST(plan.find(scan) == std::string::npos, mode << "\n" << plan);
                // What the planner finds expensive is compiled first, for a second or so.
                if (mode == "force_generic_plan")
                    BOOST_TEST(plan.find("JIT:") == std::string::npos, plan);
            }
        }
    }
    // A set of everything is read as a whole, and is not worth compiling either while it is as small as it should be.
    db.sql.run("DELETE FROM orders WHERE id > 'o005000'");
    db.sql.run("VACUUM FULL ANALYZE orders");
    const postgres::detail::SetSql<AllOrders> all{records};
    db.sql.run("SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE ask AS " + all.lookup());
    for (const auto& line : db.sql.run("EXPLAIN EXECUTE ask ('{\"\"}', '{NULL}', '{NULL}')"))
        BOOST_TEST(line.at(0) != "JIT:");
    Store store{*db.pool};
    // And as the pool prepares them: after some calls the server keeps one plan for all.
    for (int i = 0; i < 8; ++i)
        BOOST_TEST(set(db, store, "k7").members.size() == 25u);
}

BOOST_AUTO_TEST_SUITE_END()
