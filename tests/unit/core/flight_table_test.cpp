#include "support/customer.hpp"

#include <understudy/detail/flight_table.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::detail;
using tests::Customer;

namespace {

struct Waiter final : FlightWaiter<Landing<Customer>> {
    std::vector<std::size_t> landed;
    void on_landed(std::size_t slot, const Landing<Customer>&) override { landed.push_back(slot); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(flight_table)

BOOST_AUTO_TEST_CASE(I12_there_is_one_joinable_flight_per_key) {
    FlightTable<std::string, Landing<Customer>> table;
    const auto flight = table.begin("a", Ticket{5}, Priority::write);
    BOOST_TEST((table.joinable("a", Ticket{4}, Priority::write) == flight));
    BOOST_TEST(!table.joinable("b", no_ticket, Priority::write));
    BOOST_TEST(table.size() == 1U);
}

BOOST_AUTO_TEST_CASE(I7_a_reader_joins_no_flight_that_began_before_what_its_row_knows) {
    FlightTable<std::string, Landing<Customer>> table;
    table.begin("a", Ticket{5}, Priority::write);
    BOOST_TEST(!table.joinable("a", Ticket{5}, Priority::write));
    BOOST_TEST(!table.joinable("a", Ticket{6}, Priority::write));
}

BOOST_AUTO_TEST_CASE(an_urgent_reader_joins_no_flight_that_waits_behind_others) {
    FlightTable<std::string, Landing<Customer>> table;
    table.begin("a", Ticket{5}, Priority::background);
    BOOST_TEST(!table.joinable("a", Ticket{4}, Priority::interactive));
    BOOST_TEST((table.joinable("a", Ticket{4}, Priority::background) != nullptr));
    table.begin("a", Ticket{6}, Priority::interactive);
    BOOST_TEST((table.joinable("a", Ticket{5}, Priority::background) != nullptr));
}

BOOST_AUTO_TEST_CASE(a_flight_keeps_nobody_alive) {
    Flight<Landing<Customer>> flight{Ticket{1}, Priority::interactive};
    auto waiter = std::make_shared<Waiter>();
    flight.join(waiter, 7);
    const std::weak_ptr<Waiter> watched{waiter};
    waiter.reset();
    BOOST_TEST(watched.expired());
    flight.land({});
}

BOOST_AUTO_TEST_CASE(a_flight_that_was_replaced_lands_for_those_on_board) {
    FlightTable<std::string, Landing<Customer>> table;
    const auto waiter = std::make_shared<Waiter>();
    const auto older = table.begin("a", Ticket{5}, Priority::write);
    older->join(waiter, 1);
    const auto newer = table.begin("a", Ticket{9}, Priority::write);
    newer->join(waiter, 2);
    table.end("a", older);
    BOOST_TEST((table.joinable("a", Ticket{8}, Priority::write) == newer));
    older->land({});
    BOOST_TEST((waiter->landed == std::vector<std::size_t>{1}));
    table.end("a", newer);
    newer->land({});
    BOOST_TEST((waiter->landed == std::vector<std::size_t>{1, 2}));
    BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_flight_lands_once) {
    Flight<Landing<Customer>> flight{Ticket{1}, Priority::interactive};
    const auto waiter = std::make_shared<Waiter>();
    flight.join(waiter, 7);
    flight.land({});
    flight.land({});
    BOOST_TEST(waiter->landed.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
