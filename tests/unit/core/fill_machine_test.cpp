#include "support/customer.hpp"
#include "support/order.hpp"

#include <understudy/detail/fill_machine.hpp>
#include <understudy/detail/set_fill_machine.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::detail;
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;
using Kind = Landing<Customer>::Kind;
using Machine = FillMachine<ById<Customer>>;
using EmailMachine = FillMachine<tests::ByEmail>;

namespace {

Reading<Customer> found(int which) {
    return Reading<Customer>::of(customer(which), Version{100});
}

} // namespace

BOOST_AUTO_TEST_SUITE(fill_machine)

BOOST_AUTO_TEST_CASE(what_was_read_is_observed_with_the_fills_ticket) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    auto aged = found(1);
    aged.age = 20ms;
    fill.on_readings({aged, Reading<Customer>::none("k2")}, 500ms);
    const auto observations = fill.take_observations();
    BOOST_TEST_REQUIRE(observations.size() == 2U);
    BOOST_TEST((observations[0].ticket == Ticket{7}));
    BOOST_TEST((observations[0].elapsed == 520ms));
    BOOST_TEST((observations[0].record == customer(1)));
    BOOST_TEST((observations[1].state == State::absent));
    BOOST_TEST((observations[1].key == "k2"));
}

BOOST_AUTO_TEST_CASE(I1_a_read_that_was_dropped_or_lags_is_repeated_not_answered) {
    Machine fill{{"k1", "k2", "k3"}, Ticket{7}, false};
    fill.on_readings({found(1), found(2), found(3)}, 0ms);
    fill.take_observations();
    fill.on_applied({Applied::applied, Applied::dropped, Applied::lagging});
    BOOST_TEST((fill.landings()[0].kind == Kind::answered));
    BOOST_TEST((fill.landings()[1].kind == Kind::repeat));
    BOOST_TEST((fill.landings()[1].reading.error == Errc::contended));
    BOOST_TEST((fill.landings()[2].kind == Kind::repeat));
    BOOST_TEST((fill.landings()[2].reading.error == Errc::source_lagging));
}

BOOST_AUTO_TEST_CASE(D10_a_failure_is_observed_as_nothing) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    fill.on_readings({Reading<Customer>::failure(Errc::incomplete_record), found(2)}, 0ms);
    BOOST_TEST(fill.take_observations().size() == 1U);
    BOOST_TEST((fill.landings()[0].kind == Kind::failed));
    BOOST_TEST((fill.landings()[0].reading.error == Errc::incomplete_record));
    Machine all{{"k1"}, Ticket{7}, false};
    all.on_read_failed(Errc::rate_limited);
    BOOST_TEST(all.take_observations().empty());
    BOOST_TEST((all.landings()[0].reading.error == Errc::rate_limited));
}

BOOST_AUTO_TEST_CASE(D10_a_failed_reading_without_a_cause_is_a_failure_all_the_same) {
    Machine fill{{"k1"}, Ticket{7}, false};
    fill.on_readings({Reading<Customer>{}}, 0ms);
    BOOST_TEST((fill.landings()[0].kind == Kind::failed));
    BOOST_TEST((fill.landings()[0].reading.error == Errc::malformed_answer));
}

BOOST_AUTO_TEST_CASE(too_few_readings_are_no_answer) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    fill.on_readings({found(1)}, 0ms);
    BOOST_TEST((fill.landings()[1].kind == Kind::failed));
    BOOST_TEST(fill.take_observations().empty());
}

BOOST_AUTO_TEST_CASE(I6_an_answer_under_another_id_leaves_an_alias_and_the_survivor) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    fill.on_readings({found(2), found(2)}, 0ms);
    const auto observations = fill.take_observations();
    BOOST_TEST_REQUIRE(observations.size() == 2U);
    BOOST_TEST((observations[0].state == State::merged && observations[0].key == "k1"));
    BOOST_TEST((observations[0].merged_into == "k2"));
    BOOST_TEST((observations[1].state == State::live && observations[1].key == "k2"));
    fill.on_applied({Applied::applied, Applied::dropped});
    BOOST_TEST((fill.landings()[0].kind == Kind::repeat));
    BOOST_TEST((fill.landings()[1].kind == Kind::repeat));
}

BOOST_AUTO_TEST_CASE(I8_two_states_of_one_record_in_one_answer_are_not_both_given) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    fill.on_readings({found(2), Reading<Customer>::of(customer(2, 3), Version{200})}, 0ms);
    BOOST_TEST(fill.take_observations().size() == 2U);
    fill.on_applied({Applied::applied, Applied::applied});
    BOOST_TEST((fill.landings()[0].kind == Kind::answered));
    BOOST_TEST((fill.landings()[1].kind == Kind::repeat));
}

BOOST_AUTO_TEST_CASE(I15_an_absence_is_as_old_as_its_reading) {
    EmailMachine fill{{"a@example.com", "b@example.com"}, Ticket{7}, false};
    auto old = Reading<Customer>::none({});
    old.age = 40s;
    fill.on_readings({Reading<Customer>::none({}), old}, 2s);
    BOOST_TEST((fill.absence_age() == 42s));
}

BOOST_AUTO_TEST_CASE(a_replica_that_accounts_for_too_little_stored_nothing) {
    Machine fill{{"k1", "k2"}, Ticket{7}, false};
    fill.on_readings({found(1), found(2)}, 0ms);
    fill.take_observations();
    BOOST_TEST(!fill.on_applied({Applied::applied}));
    BOOST_TEST((fill.landings()[1].kind == Kind::answered));
}

BOOST_AUTO_TEST_CASE(a_stale_answer_of_a_lower_tier_is_passed_on_and_not_stored) {
    Machine fill{{"k1"}, Ticket{7}, false};
    auto stale = found(1);
    stale.stale = true;
    fill.on_readings({stale}, 0ms);
    BOOST_TEST(fill.take_observations().empty());
    BOOST_TEST((fill.landings()[0].kind == Kind::answered));
    BOOST_TEST(fill.landings()[0].reading.stale);
}

BOOST_AUTO_TEST_CASE(I5_absence_by_another_index_makes_no_tombstone) {
    EmailMachine fill{{"a@example.com"}, Ticket{7}, false};
    fill.on_readings({Reading<Customer>::none({})}, 0ms);
    BOOST_TEST(fill.take_observations().empty());
    BOOST_TEST_REQUIRE(fill.has_absences());
    BOOST_TEST((fill.take_absences() == std::vector<std::string>{"a@example.com"}));
    fill.on_noted({Applied::dropped});
    BOOST_TEST((fill.landings()[0].kind == Kind::repeat));
}

BOOST_AUTO_TEST_CASE(what_is_found_by_another_index_is_kept_under_the_id) {
    EmailMachine fill{{*customer(1).email, *customer(1, 3).email}, Ticket{7}, true};
    fill.on_readings({found(1), found(1)}, 0ms);
    const auto observations = fill.take_observations();
    BOOST_TEST_REQUIRE(observations.size() == 1U);
    BOOST_TEST((observations[0].key == "k1"));
    BOOST_TEST(observations[0].confirm);
}

BOOST_AUTO_TEST_CASE(D10_an_apply_that_accounts_for_too_little_covers_no_set) {
    using tests::Order;
    SetFillMachine<tests::OrdersOfCustomer> fill{{"k1"}, Ticket{5}};
    auto set = SetReading<Order>::of({Reading<Order>::of(tests::order(1, 1), Version{1})});
    fill.on_readings({set}, 0ms);
    BOOST_TEST(fill.take_observations().size() == 1U);
    BOOST_TEST(!fill.on_applied({}));
    BOOST_TEST(fill.take_coverages(0ms).empty());
    const auto landing = fill.landings().front();
    BOOST_TEST((landing.kind == SetLanding<Order>::Kind::answered && landing.reading->members.size() == 1U));
}

BOOST_AUTO_TEST_SUITE_END()
