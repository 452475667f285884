// What a write costs beside the source's own time, on a real PostgreSQL with its disk: the transactions that journal it
// (step 1) and that show and end it (step 3), next to the smallest transaction that writes a row of the same database.
// Everything is timed side by side in one run; compare the ratios.
//
//     bench_step_three [ROUNDS]
#include "integration/postgres/database.hpp"
#include "integration/postgres/tables.hpp"

#include <understudy/postgres/journal.hpp>
#include <understudy/postgres/journal_ddl.hpp>
#include <understudy/postgres/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace understudy;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using tests::Customer;
using tests::Outcome;

struct Timings {
    const char* what;
    std::vector<double> ms{};

    double at(double quantile) {
        std::sort(ms.begin(), ms.end());
        return ms[static_cast<std::size_t>(quantile * static_cast<double>(ms.size() - 1))];
    }
};

struct Bench : tests::Database {
    Bench()
        : Database{tests::customers_ddl + std::string{postgres::journal_ddl} +
                   "CREATE TABLE bare (id integer PRIMARY KEY, value integer); INSERT INTO bare VALUES (1, 0);"} {}

    template<class... Answer, class Start>
    auto timed(Timings& timings, Start start) {
        Outcome<error_code, Answer...> outcome;
        const auto began = Clock::now();
        start(outcome.handler());
        auto answer = std::move(outcome.wait(io));
        timings.ms.push_back(Milliseconds{Clock::now() - began}.count());
        if (std::get<0>(answer))
            throw std::runtime_error{std::string{timings.what} + ": " + std::get<0>(answer).message()};
        return answer;
    }

    void statement(Timings& timings, const std::string& text) {
        timed<postgres::Result>(timings, [&](auto h) {
            pool->async_execute(text, postgres::Parameters{}, postgres::ExecuteOptions{}, std::move(h));
        });
    }

    // `count` operations in one transaction each way.
    void write(Timings& begin, Timings& end, int count) {
        std::vector<Intent> intents;
        for (int i = 0; i < count; ++i) {
            Intent intent;
            intent.id = "op" + std::to_string(++operations);
            intent.keys = {"customer/" + tests::customer(i).id};
            intent.plan = "{}";
            intents.push_back(std::move(intent));
        }
        const auto admitted = std::get<1>(timed<std::vector<Admitted>>(
            begin, [&](auto h) { journal.async_begin(std::vector<Intent>{intents}, std::move(h)); }));

        Timings unused{"a ticket"};
        const auto ticket = std::get<1>(timed<Ticket>(unused, [&](auto h) { store.async_draw_ticket(std::move(h)); }));
        std::vector<Settlement<Customer>> settlements;
        std::vector<Ending> endings;
        for (int i = 0; i < count; ++i) {
            Settlement<Customer> settlement;
            settlement.key = tests::customer(i).id;
            settlement.ticket = ticket;
            settlement.patch = Patch<Customer>{}.set<&Customer::credits>(operations % 9);
            settlements.push_back(std::move(settlement));
            Ending ending;
            ending.id = intents[static_cast<std::size_t>(i)].id;
            ending.fence = admitted[static_cast<std::size_t>(i)].fence;
            endings.push_back(std::move(ending));
        }
        timed<std::vector<bool>>(end, [&](auto h) {
            std::vector<postgres::Command> commands;
            commands.push_back(store.settle_command(settlements));
            journal.async_end(std::move(endings), std::move(commands), std::move(h));
        });
    }

    void fill(int count) {
        Timings unused{"filling"};
        const auto ticket = std::get<1>(timed<Ticket>(unused, [&](auto h) { store.async_draw_ticket(std::move(h)); }));
        std::vector<Observation<Customer>> rows;
        for (int i = 0; i < count; ++i) {
            Observation<Customer> row;
            row.record = tests::customer(i);
            row.key = row.record.id;
            row.ticket = ticket;
            row.state = State::live;
            rows.push_back(std::move(row));
        }
        timed<std::vector<Applied>>(unused, [&](auto h) { store.async_apply(std::move(rows), std::move(h)); });
        timed<std::chrono::milliseconds>(unused, [&](auto h) { journal.async_renew(std::move(h)); });
    }

    postgres::Journal journal{*pool, postgres::JournalParams{}};
    postgres::Store<Customer> store{*pool};
    int operations = 0;
};

} // namespace

int main(int argc, char** argv) try {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 300;
    tests::server(true);
    Bench bench;
    bench.fill(100);
    Timings select{"SELECT 1"};
    Timings bare{"one row, bare"};
    Timings begin{"step 1, one write"};
    Timings end{"step 3, one write"};
    Timings begin_many{"step 1, 100 writes"};
    Timings end_many{"step 3, 100 writes"};
    for (int i = -10; i < rounds; ++i) {
        if (i == 0)
            for (auto* each : {&select, &bare, &begin, &end, &begin_many, &end_many})
                each->ms.clear();
        bench.statement(select, "SELECT 1");
        bench.statement(bare, "UPDATE " + bench.params.schema + ".bare SET value = value + 1");
        bench.write(begin, end, 1);
        bench.write(begin_many, end_many, 100);
    }
    const double unit = bare.at(0.5);
    std::printf("%-20s %10s %10s %18s\n", "", "median ms", "p99 ms", "of a bare write");
    for (auto* each : {&select, &bare, &begin, &end, &begin_many, &end_many})
        std::printf("%-20s %10.2f %10.2f %17.1fx\n", each->what, each->at(0.5), each->at(0.99), each->at(0.5) / unit);
    return EXIT_SUCCESS;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
}
