#include "contact.hpp"
#include "emulator_process.hpp"

#include <understudy/hubspot/store.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;

namespace {

using Store = hubspot::Store<Contact>;

static_assert(Source<Store>);
static_assert(FetchableBy<Store, ByEmail>);
static_assert(SearchableBy<Store, ByStudentId>);

std::string id_of(int number) {
    return std::to_string(300'000'000'000 + number);
}
std::string email_of(int number) {
    return "student" + std::to_string(100'000 + number) + "@example.com";
}
std::string student_of(int number) {
    return "S" + std::to_string(100'000 + number);
}

const std::vector<std::string> small{
    "--contacts", "400", "--exams", "8", "--bookings", "20", "--index-lag-ms", "0", "--index-lag-jitter-ms", "0"};

struct Bench {
    explicit Bench(std::vector<std::string> options = small, bool tls = false, std::string address = "127.0.0.1")
        : emulator{std::move(options), tls, std::move(address)} {
        params.access_token = "pat-na1-emulator";
        params.base_url = emulator.url();
        params.on_rate = [this](const RateReport& report) { rates.push_back(report); };
        params.on_error = [this](const hubspot::ErrorDetail& detail) { details.push_back(detail); };
    }

    hubspot::Client client() { return hubspot::Client{io.get_executor(), params}; }
    Store store() { return Store{client()}; }

    // Runs an operation to its end and returns what it completed with.
    template<class... Results, class Start>
    std::tuple<error_code, Results...> run(Start start) {
        std::optional<std::tuple<error_code, Results...>> result;
        start([&](error_code ec, Results... results) { result.emplace(ec, std::move(results)...); });
        io.restart();
        while (!result && io.run_one() > 0) {
        }
        BOOST_REQUIRE(result);
        return std::move(*result);
    }

    template<class By = ById<Contact>>
    auto fetch(Store store, std::vector<std::string> values, ReadOptions options = {}) {
        return run<std::vector<Reading<Contact>>>(
            [&](auto handler) { store.async_fetch<By>(std::move(values), options, handler); });
    }

    std::int64_t calls(std::string_view kind) {
        const auto counters = emulator.counters();
        return counters.at("by_kind").at({kind.data(), kind.size()}).to_number<std::int64_t>();
    }

    emulator::Process emulator;
    boost::asio::io_context io;
    hubspot::Params params;
    std::vector<RateReport> rates;
    std::vector<hubspot::ErrorDetail> details;
};

} // namespace

BOOST_AUTO_TEST_SUITE(hubspot_store)

BOOST_AUTO_TEST_CASE(reads_by_id) {
    Bench bench;
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(7), id_of(3), "1", id_of(7), "x"});
    BOOST_REQUIRE(!ec);
    BOOST_REQUIRE(readings.size() == 5);
    BOOST_TEST(readings[0].found());
    BOOST_TEST(readings[0].id == id_of(7));
    BOOST_TEST(readings[0].record.email.value() == email_of(7));
    BOOST_TEST(readings[0].record.student_id.value() == student_of(7));
    BOOST_CHECK(readings[0].version != no_version);
    BOOST_TEST(readings[1].record.more_emails.value() == "old100003@example.com;older100003@example.com");
    BOOST_TEST(readings[2].absent());
    BOOST_CHECK(readings[3].record == readings[0].record);
    BOOST_TEST(readings[4].absent());
}

BOOST_AUTO_TEST_SUITE_END()
