// Others write to the source too: edits, deletes and a mistake that would have emptied the replica. A
// PeriodicReconciler brings in what changed, once over memory and once over PostgreSQL; the function that shows it is
// the same. Needs DATABASE_URL; `examples/with_postgres` lends a private one.
#include "../run_with_database.hpp"
#include "catalogue.hpp"
#include "product.hpp"
#include "schema.hpp"

#include <understudy/postgres/store.hpp>
#include <understudy/understudy.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;
using boost::asio::awaitable;
using boost::asio::use_awaitable;

namespace {

// What the replica says, without asking the source.
template<class Replica>
awaitable<Row<Product>> row(Replica replica, std::int64_t id) {
    const std::vector<std::int64_t> ids(1, id);
    auto rows = co_await replica.async_lookup(ids, use_awaitable);
    co_return rows.rows.front();
}

bool step(const char* what, int calls, bool right) {
    std::cout << "  " << what << ": " << calls << (calls == 1 ? " call" : " calls") << (right ? "\n" : "  <- WRONG\n");
    return right;
}

template<class Replica>
awaitable<bool> show(Replica replica) {
    Catalogue catalogue{replica.get_executor()};
    for (std::int64_t id = 1; id < 1'000; ++id)
        catalogue.put({id, "product " + std::to_string(id), 100});
    catalogue.let_pass(24h);
    catalogue.put({1'000, "product 1000", 100});
    ReconcilerSchedule schedule;
    schedule.incremental = Schedule::every(100ms);
    schedule.full = Schedule::cron(CronExpression::parse("0 */2 * * *").value(), TimeZone::utc());
    schedule.full_at_first = false;
    PeriodicReconciler sync{Coalescing{Guarded{catalogue}}, replica, schedule};
    PassOptions options;
    bool good = true;
    int before = 0;
    const auto calls = [&] { return catalogue.calls() - std::exchange(before, catalogue.calls()); };

    auto report = co_await sync.async_run_pass(PassKind::full, options, use_awaitable);
    good &= step("a thousand products", calls(), report.success() && report.changed == 1'000);
    report = co_await sync.async_run_pass(PassKind::full, options, use_awaitable);
    good &= step("once more, and nothing is written", calls(), report.success() && report.changed == 0);

    catalogue.put({17, "product 17", 95});
    catalogue.remove(18);
    report = co_await sync.async_run_pass(PassKind::incremental, options, use_awaitable);
    auto changed = co_await row(replica, 17);
    auto gone = co_await row(replica, 18);
    good &= step("an edit", calls(), report.success() && changed.record.cents == 95 && gone.current());
    report = co_await sync.async_run_pass(PassKind::full, options, use_awaitable);
    gone = co_await row(replica, 18);
    good &= step("a delete, which no index tells", calls(), report.deletes_done == 1 && gone.state == State::absent);

    // Half of the catalogue is gone. So says the list; perhaps somebody took a permission away.
    for (std::int64_t id = 501; id <= 1'000; ++id)
        catalogue.remove(id);
    report = co_await sync.async_run_pass(PassKind::full, options, use_awaitable);
    gone = co_await row(replica, 600);
    good &= step("500 deletes wait for a yes", calls(), report.braked && !report.success() && gone.current());
    options.allow_deletes = report.deletes_wanted;
    report = co_await sync.async_run_pass(PassKind::full, options, use_awaitable);
    gone = co_await row(replica, 600);
    good &= step("here it is", calls(), report.success() && report.deletes_done == 500 && !gone.current());

    // From now on by itself, ten times a second.
    sync.start();
    catalogue.put({17, "product 17", 90});
    boost::asio::steady_timer timer{replica.get_executor()};
    do {
        timer.expires_after(20ms);
        co_await timer.async_wait(use_awaitable);
        changed = co_await row(replica, 17);
    } while (changed.record.cents != 90);
    sync.close();
    good &= step("an edit that nobody asked for", calls(), true);
    co_return good;
}

awaitable<bool> show_both(postgres::Pool pool) {
    std::cout << "over memory\n";
    const bool memory = co_await show(memory::Store<Product>{pool.get_executor()});
    std::cout << "over PostgreSQL\n";
    const bool postgres = co_await show(postgres::Store<Product>{pool});
    co_return memory&& postgres;
}

} // namespace

int main() {
    return run_with_database(schema_name, schema_sql, show_both);
}
