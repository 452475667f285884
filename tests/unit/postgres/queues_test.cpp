#include "support/customer.hpp"

#include <understudy/postgres/detail/apply_queue.hpp>
#include <understudy/postgres/detail/batch_while_busy.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace understudy;
using tests::Customer;

namespace {

struct Caller {
    bool done = false;
};
using Batches = postgres::detail::BatchWhileBusy<std::string, Caller>;

struct Apply {
    bool done = false;
    bool single = false;
    std::vector<Observation<Customer>> observations;
};
using Applies = postgres::detail::ApplyQueue<Customer, Apply>;

std::shared_ptr<Apply> apply(std::vector<int> keys) {
    auto call = std::make_shared<Apply>();
    for (const int key : keys) {
        Observation<Customer> observation;
        observation.key = "k" + std::to_string(key);
        call->observations.push_back(observation);
    }
    return call;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_while_busy)

BOOST_AUTO_TEST_CASE(idle_sends_one_value_at_once) {
    Batches batches{4};
    batches.add(std::make_shared<Caller>(), {"a"});
    BOOST_TEST((batches.next().values == std::vector<std::string>{"a"}));
}

BOOST_AUTO_TEST_CASE(what_arrives_meanwhile_leaves_together_and_once) {
    Batches batches{4};
    const auto one = std::make_shared<Caller>();
    const auto two = std::make_shared<Caller>();
    batches.add(one, {"a"});
    batches.next();
    batches.add(one, {"b", "c"});
    batches.add(two, {"c", "d", "b"});
    BOOST_TEST(batches.next().empty());
    batches.returned();
    const auto batch = batches.next();
    BOOST_TEST((batch.values == std::vector<std::string>{"b", "c", "d"}));
    BOOST_TEST(batch.uses.size() == 5u);
    BOOST_TEST((batch.uses[4].caller == two));
    BOOST_TEST(batch.uses[4].place == 2u);
    BOOST_TEST(batch.uses[4].value == 0u);
}

BOOST_AUTO_TEST_CASE(a_full_batch_leaves_the_rest_for_the_next) {
    Batches batches{2};
    batches.add(std::make_shared<Caller>(), {"a", "b", "a", "c", "a"});
    const auto first = batches.next();
    BOOST_TEST((first.values == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(first.uses.size() == 3u);
    batches.returned();
    BOOST_TEST((batches.next().values == std::vector<std::string>{"c", "a"}));
    batches.returned();
    BOOST_TEST(batches.next().empty());
}

BOOST_AUTO_TEST_CASE(who_has_gone_is_not_asked_for) {
    Batches batches{4};
    const auto gone = std::make_shared<Caller>();
    const auto there = std::make_shared<Caller>();
    batches.add(gone, {"a", "b"});
    batches.add(there, {"b"});
    gone->done = true;
    BOOST_TEST((batches.next().values == std::vector<std::string>{"b"}));
    batches.returned();
    batches.add(gone, {"x"});
    BOOST_TEST(batches.next().empty());
    batches.add(there, {"y"});
    BOOST_TEST(!batches.next().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(apply_queue)

BOOST_AUTO_TEST_CASE(calls_share_a_statement_up_to_the_limit) {
    Applies queue{3};
    const auto first = apply({1});
    queue.add(first);
    BOOST_TEST(queue.next().size() == 1u);
    queue.add(apply({1}));
    queue.add(apply({2, 3}));
    queue.add(apply({4}));
    BOOST_TEST(queue.next().empty());
    queue.returned();
    BOOST_TEST(queue.next().size() == 2u);
    queue.returned();
    BOOST_TEST(queue.next().size() == 1u);
}

BOOST_AUTO_TEST_CASE(two_observations_of_a_key_are_decided_one_after_the_other) {
    Applies queue{10};
    queue.add(apply({1, 2}));
    queue.add(apply({2, 3}));
    queue.add(apply({4}));
    BOOST_TEST(queue.next().size() == 1u);
    queue.returned();
    BOOST_TEST(queue.next().size() == 2u);
}

BOOST_AUTO_TEST_CASE(one_call_alone_may_be_larger_than_the_limit) {
    Applies queue{2};
    queue.add(apply({1, 2, 3}));
    queue.add(apply({4}));
    BOOST_TEST(queue.next().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_group_that_failed_is_tried_call_by_call) {
    Applies queue{10};
    queue.add(apply({1}));
    queue.add(apply({2}));
    auto group = queue.next();
    BOOST_TEST(group.size() == 2u);
    queue.add(apply({3}));
    queue.returned();
    queue.retry_singly(std::move(group));
    for (const std::string key : {"k1", "k2", "k3"}) {
        const auto next = queue.next();
        BOOST_TEST(next.size() == 1u);
        BOOST_TEST(next.at(0)->observations.at(0).key == key);
        queue.returned();
    }
}

BOOST_AUTO_TEST_CASE(the_latest_ticket_of_a_key_counts_and_the_first_of_equals) {
    std::vector<Observation<Customer>> observations(4);
    observations[0].key = "a";
    observations[0].ticket = Ticket{5};
    observations[1].key = "b";
    observations[1].ticket = Ticket{1};
    observations[2].key = "a";
    observations[2].ticket = Ticket{7};
    observations[3].key = "a";
    observations[3].ticket = Ticket{7};
    BOOST_TEST((postgres::detail::latest_of_each_key(observations) == std::vector<bool>{false, true, true, false}));
}

BOOST_AUTO_TEST_SUITE_END()
