// A slow REST interface behind PostgreSQL: read once over HTTP, and from the database ever after, by every process that
// shares it. Needs DATABASE_URL; `examples/with_postgres` lends a private one.
#include "../run_with_database.hpp"
#include "customer_api.hpp"
#include "customer_source.hpp"
#include "schema.hpp"

#include <understudy/postgres/store.hpp>
#include <understudy/understudy.hpp>

#include <algorithm>
#include <iostream>

using namespace understudy;
using boost::asio::awaitable;

using Customers = ReadThroughCache<postgres::Store<Customer>, Coalescing<Guarded<Budgeted<CustomerSource>>>>;

namespace {

// The composition. From the inside out: every try takes a permit from the one rate budget and is repeated if that may
// help; a source that keeps failing is left alone for a while; the values of many readers leave in few requests.
Customers customers_from(const postgres::Store<Customer>& replica, const http::Client& client,
                         const RateBudget& budget) {
    auto source = Coalescing{Guarded{Budgeted{CustomerSource{client}, budget}}};
    return ReadThroughCache{replica, source};
}

struct Answer {
    boost::system::error_code error{};
    Reading<Customer> customer{};
};

// As many readers as ids, who know nothing of each other.
awaitable<std::vector<Answer>> read(Customers customers, std::vector<std::string> ids) {
    std::vector<Answer> answers(ids.size());
    boost::asio::steady_timer all_answered{customers.get_executor(), boost::asio::steady_timer::time_point::max()};
    std::size_t missing = ids.size();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto on_answer = [&, i](boost::system::error_code error, Reading<Customer> customer) {
            answers[i].error = error;
            answers[i].customer = std::move(customer);
            if (--missing == 0)
                all_answered.cancel();
        };
        customers.async_get(ids[i], ReadOptions{}, on_answer);
    }
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    co_await all_answered.async_wait(token);
    co_return answers;
}

awaitable<Answer> read_one(Customers customers, std::string id) {
    std::vector<std::string> ids(1, std::move(id));
    auto answers = co_await read(customers, ids);
    co_return answers.front();
}

std::vector<std::string> ids_from(int first, int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i)
        ids.push_back(std::to_string(first + i));
    return ids;
}

// Prints a step and remembers whether everything was as it must be.
class Report {
public:
    explicit Report(const CustomerApi& api)
        : api_{api} {}

    // `most`: where the readers' values may arrive at the source in several parts, and so leave in more calls.
    void step(const char* what, int calls, bool right, int most = 0) {
        const int made = api_.calls() - calls_;
        const auto now = std::chrono::steady_clock::now();
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_).count();
        const bool good = right && made >= calls && made <= std::max(calls, most);
        std::cout << what << ": " << made << (made == 1 ? " call, " : " calls, ") << ms
                  << (good ? " ms\n" : " ms  <- WRONG\n");
        all_good_ = all_good_ && good;
        calls_ = api_.calls();
        began_ = std::chrono::steady_clock::now();
    }
    bool all_good() const { return all_good_; }

private:
    const CustomerApi& api_;
    int calls_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    bool all_good_ = true;
};

awaitable<bool> show(postgres::Pool pool) {
    CustomerApi api{pool.get_executor()};
    http::Params params;
    params.origin = api.origin();
    http::Client client{pool.get_executor(), params};
    RateBudget budget{pool.get_executor()}; // 100 calls in 10 s unless told otherwise
    postgres::Store<Customer> replica{pool};
    Customers customers = customers_from(replica, client, budget);
    Report report{api};

    Answer one = co_await read_one(customers, "7");
    report.step("cold", 1, one.customer.record.credits == 7 && one.customer.tier == 1);
    one = co_await read_one(customers, "7");
    report.step("warm", 0, one.customer.record.credits == 7 && one.customer.tier == 0);

    int right = 0;
    const std::vector<std::string> same(400, "8");
    for (const Answer& answer : co_await read(customers, same))
        right += answer.customer.record.credits == 8;
    report.step("400 readers of one cold customer", 1, right == 400);

    right = 0;
    const auto different = ids_from(101, 400);
    for (const Answer& answer : co_await read(customers, different))
        right += answer.customer.found();
    report.step("400 readers of 400 cold customers", 4, right == 400, 6);

    one = co_await read_one(customers, "4711");
    report.step("nobody", 1, !one.error && one.customer.absent());
    one = co_await read_one(customers, "4711");
    report.step("still nobody", 0, !one.error && one.customer.absent());

    // A change at the source. Whoever hears of it hints at the key; the next reader loads it again.
    api.give_a_credit_to_everyone();
    const std::vector<std::string> seven(1, "7");
    co_await replica.async_hint(seven);
    one = co_await read_one(customers, "7");
    report.step("after a hint", 1, one.customer.record.credits == 8);

    // The source fails. Three tries each, then what is known answers: as it is where no change is known, flagged where
    // one is. What was never read is an error, and never "nobody" or 0 credits.
    api.fail(true);
    one = co_await read_one(customers, "8");
    report.step("source down, known", 0, one.customer.found() && !one.customer.stale);
    co_await replica.async_hint(seven);
    one = co_await read_one(customers, "7");
    report.step("source down, known to be old", 3,
                !one.error && one.customer.stale && one.customer.error == Errc::unavailable);
    one = co_await read_one(customers, "9");
    report.step("source down, never read", 3, one.error == Errc::unavailable && !one.customer.absent());

    // Another process, or this one after a restart.
    postgres::Pool other_pool{pool.get_executor(), pool.params()};
    postgres::Store<Customer> other_replica{other_pool};
    Customers others = customers_from(other_replica, client, budget);
    one = co_await read_one(others, "8");
    report.step("another process", 0, one.customer.record.credits == 8 && one.customer.tier == 0);

    co_await customers.async_drain(); // before anything is closed, for loads under way belong to the cache
    other_pool.close();
    co_return report.all_good();
}

} // namespace

int main() {
    return run_with_database(schema_name, schema_sql, show);
}
