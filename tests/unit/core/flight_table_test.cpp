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

struct Waiter final : FlightWaiter<Customer> {
    std::vector<std::size_t> landed;
    void on_landed(std::size_t slot, const Landing<Customer>&) override { landed.push_back(slot); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(flight_table)

BOOST_AUTO_TEST_CASE(I12_there_is_one_joinable_flight_per_key) {
    FlightTable<std::string, Customer> table;
    const auto flight = table.begin("a", Ticket{5});
    BOOST_TEST((table.joinable("a", Ticket{4}) == flight));
    BOOST_TEST(!table.joinable("b", no_ticket));
    BOOST_TEST(table.size() == 1U);
}

BOOST_AUTO_TEST_CASE(I7_a_reader_joins_no_flight_that_began_before_what_its_row_knows) {
    FlightTable<std::string, Customer> table;
    table.begin("a", Ticket{5});
    BOOST_TEST(!table.joinable("a", Ticket{5}));
    BOOST_TEST(!table.joinable("a", Ticket{6}));
}

BOOST_AUTO_TEST_CASE(a_flight_that_was_replaced_lands_for_those_on_board) {
    FlightTable<std::string, Customer> table;
    const auto waiter = std::make_shared<Waiter>();
    const auto older = table.begin("a", Ticket{5});
    older->join(waiter, 1);
    const auto newer = table.begin("a", Ticket{9});
    newer->join(waiter, 2);
    table.end("a", older);
    BOOST_TEST((table.joinable("a", Ticket{8}) == newer));
    older->land({});
    BOOST_TEST((waiter->landed == std::vector<std::size_t>{1}));
    table.end("a", newer);
    newer->land({});
    BOOST_TEST((waiter->landed == std::vector<std::size_t>{1, 2}));
    BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_flight_lands_once) {
    Flight<Customer> flight{Ticket{1}};
    const auto waiter = std::make_shared<Waiter>();
    flight.join(waiter, 7);
    flight.land({});
    flight.land({});
    BOOST_TEST(waiter->landed.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
