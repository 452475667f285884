// The orders of a customer, a question about a set: answered from the replica only when the replica holds the whole
// set, also when it is empty. Once over memory and once over PostgreSQL; the function that asks is the same. Needs
// DATABASE_URL; `examples/with_postgres` lends a private one.
#include "../run_with_database.hpp"
#include "order.hpp"
#include "order_office.hpp"
#include "schema.hpp"

#include <understudy/postgres/store.hpp>
#include <understudy/understudy.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

using namespace understudy;
using boost::asio::awaitable;

namespace {

constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

// Prints a step and remembers whether everything was as it must be.
class Report {
public:
    explicit Report(const OrderOffice& office)
        : office_{office}
        , calls_{office.calls()} {}

    void step(const char* what, int calls, bool right) {
        const int made = office_.calls() - calls_;
        const bool good = right && made == calls;
        std::cout << "  " << what << ": " << made << (made == 1 ? " call" : " calls") << (good ? "\n" : "  <- WRONG\n");
        all_good_ = all_good_ && good;
        calls_ = office_.calls();
    }
    bool all_good() const { return all_good_; }

private:
    const OrderOffice& office_;
    int calls_;
    bool all_good_ = true;
};

template<class Replica>
awaitable<bool> show(Replica replica, OrderOffice office) {
    auto source = Coalescing{Guarded{office}};
    ReadThroughCache orders{replica, source};
    Report report{office};
    const std::vector<std::string> ann(1, "ann");
    const std::vector<std::string> bob(1, "bob");

    auto [error, set] = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("Ann's orders, cold", 1, !error && set.members.size() == 250);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("warm", 0, set.members.size() == 250 && set.tier == 0);

    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("bob", {}, token);
    report.step("Bob has none", 1, set.found() && set.members.empty());
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("bob", {}, token);
    report.step("still none", 0, set.found() && set.members.empty());

    SetPage<Order> page;
    std::size_t seen = 0;
    int pages = 0;
    do {
        std::tie(error, set) = co_await orders.template async_get_page<OrdersOfCustomer>("ann", page, {}, token);
        seen += set.members.size();
        page.after = set.next;
        ++pages;
    } while (page.after);
    report.step("page by page", 0, seen == 250 && pages == 3);

    std::vector<std::string> customers;
    for (int i = 0; i < 100; ++i)
        customers.push_back("customer " + std::to_string(i));
    auto [failed, sets] = co_await orders.template async_fetch_set<OrdersOfCustomer>(customers, {}, token);
    seen = 0;
    for (const auto& one : sets)
        seen += one.members.size();
    report.step("a hundred customers at once", 1, !failed && seen == 200);

    // Somebody changes an order at the office. Whoever hears of it hints at the order; it alone is read again.
    const std::vector<std::string> first(1, "ann 100");
    office.put({"ann 100", "ann", 99});
    co_await replica.async_hint(first, token);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("an order has changed", 1, set.members.size() == 250 && set.members.front().record.cents == 99);

    // An order goes to another customer: both sets may have changed.
    office.put({"ann 100", "bob", 99});
    co_await replica.async_hint(first, token);
    co_await replica.template async_hint_sets<OrdersOfCustomer>(bob, token);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("bob", {}, token);
    report.step("an order has moved to Bob", 1, set.members.size() == 1);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("and is Ann's no more", 0, set.members.size() == 249);

    // Nobody hinted at the order that is gone, only at the list. The list lacks it, which proves nothing: it is asked
    // for by its id, and then it is gone.
    office.remove("ann 101");
    co_await replica.template async_hint_sets<OrdersOfCustomer>(ann, token);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("an order is gone", 2, set.members.size() == 248);

    // The office is closed. What is held completely is answered, flagged; what is not is an error, never "no orders".
    office.close(true);
    co_await replica.template async_hint_sets<OrdersOfCustomer>(ann, token);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("ann", {}, token);
    report.step("closed, known", 1, !error && set.stale && set.members.size() == 248);
    std::tie(error, set) = co_await orders.template async_get_set<OrdersOfCustomer>("eve", {}, token);
    report.step("closed, never read", 1, error == Errc::unavailable && set.failed());

    co_await orders.async_drain(token);
    co_return report.all_good();
}

OrderOffice open_office(boost::asio::any_io_executor executor) {
    OrderOffice office{std::move(executor)};
    for (int i = 100; i < 350; ++i)
        office.put({"ann " + std::to_string(i), "ann", i});
    for (int i = 0; i < 200; ++i)
        office.put({"order " + std::to_string(i), "customer " + std::to_string(i / 2), i});
    return office;
}

awaitable<bool> show_both(postgres::Pool pool) {
    const auto executor = pool.get_executor();
    std::cout << "over memory\n";
    const bool memory = co_await show(memory::Store<Order>{executor}, open_office(executor));

    std::cout << "over PostgreSQL\n";
    const bool postgres = co_await show(postgres::Store<Order>{pool}, open_office(executor));
    co_return memory&& postgres;
}

} // namespace

int main() {
    return run_with_database(schema_name, schema_sql, show_both);
}
