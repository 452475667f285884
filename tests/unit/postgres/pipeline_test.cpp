#include <understudy/postgres/detail/backoff.hpp>
#include <understudy/postgres/detail/pipeline.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

using understudy::postgres::detail::Backoff;
using Pipeline = understudy::postgres::detail::Pipeline<int, std::string>;

namespace {

std::vector<int> ids(const Pipeline::Finished& finished) {
    std::vector<int> out;
    for (const auto& done : finished.done)
        out.push_back(done.item);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pipeline)

BOOST_AUTO_TEST_CASE(answers_go_to_requests_in_order) {
    Pipeline pipeline;
    pipeline.sent(1, 0, 1);
    pipeline.synced();
    pipeline.sent(2, 0, 1);
    pipeline.sent(3, 0, 1);
    pipeline.synced();
    BOOST_TEST(pipeline.size() == 3u);
    pipeline.answered("one", false, false);
    auto first = pipeline.finished();
    BOOST_TEST(ids(first) == std::vector{1});
    BOOST_TEST(first.done[0].answers.back() == "one");
    pipeline.answered("two", false, false);
    pipeline.answered("three", false, false);
    auto second = pipeline.finished();
    BOOST_TEST((ids(second) == std::vector{2, 3}));
    BOOST_TEST(second.done[1].answers.back() == "three");
    BOOST_TEST(second.again.empty());
    BOOST_TEST(pipeline.empty());
}

BOOST_AUTO_TEST_CASE(I18_nothing_is_done_before_its_transaction_is) {
    // The second statement fails: what the first one did is undone, so it is run again, like the third.
    Pipeline pipeline;
    for (int i = 1; i <= 3; ++i)
        pipeline.sent(i, 0, 1);
    pipeline.synced();
    pipeline.answered("fine", false, false);
    pipeline.answered("error", true, false);
    pipeline.answered("skipped", false, true);
    const auto finished = pipeline.finished();
    BOOST_TEST(ids(finished) == std::vector{2});
    BOOST_TEST(finished.done[0].answers.back() == "error");
    BOOST_TEST((finished.again == std::vector{1, 3}));
}

BOOST_AUTO_TEST_CASE(preparing_is_a_command_of_its_own) {
    Pipeline pipeline;
    pipeline.sent(1, 1, 1);
    pipeline.synced();
    BOOST_TEST(pipeline.preparing());
    pipeline.answered("syntax error", true, false);
    BOOST_TEST(!pipeline.preparing());
    pipeline.answered("skipped", false, true);
    const auto finished = pipeline.finished();
    BOOST_TEST(finished.done.at(0).answers.back() == "syntax error");

    pipeline.sent(2, 1, 1);
    pipeline.synced();
    pipeline.answered("prepared", false, false);
    pipeline.answered("rows", false, false);
    BOOST_TEST(pipeline.finished().done.at(0).answers.back() == "rows");
}

BOOST_AUTO_TEST_CASE(several_statements_are_one_request) {
    Pipeline pipeline;
    pipeline.sent(1, 2, 3);
    pipeline.synced();
    for (const auto* answer : {"prepared", "prepared"}) {
        BOOST_TEST(pipeline.preparing());
        pipeline.answered(answer, false, false);
    }
    for (const auto* answer : {"a", "b", "c"}) {
        BOOST_TEST(!pipeline.preparing());
        pipeline.answered(answer, false, false);
    }
    BOOST_TEST((pipeline.finished().done.at(0).answers == std::vector<std::string>{"a", "b", "c"}));

    // One that fails takes back the one before it, and the server skips the rest.
    pipeline.sent(2, 0, 3);
    pipeline.synced();
    pipeline.answered("a", false, false);
    pipeline.answered("error", true, false);
    pipeline.answered("skipped", false, true);
    auto finished = pipeline.finished();
    BOOST_TEST((finished.done.at(0).answers == std::vector<std::string>{"a", "error"}));

    // So does a commit, for all of them.
    pipeline.sent(3, 0, 2);
    pipeline.synced();
    pipeline.answered("a", false, false);
    pipeline.answered("b", false, false);
    pipeline.answered("could not serialize", true, false);
    finished = pipeline.finished();
    BOOST_TEST((finished.done.at(0).answers == std::vector<std::string>{"a", "b", "could not serialize"}));

    // In company it is sent again as a whole.
    pipeline.sent(4, 0, 2);
    pipeline.sent(5, 0, 1);
    pipeline.synced();
    pipeline.answered("a", false, false);
    pipeline.answered("b", false, false);
    pipeline.answered("error", true, false);
    finished = pipeline.finished();
    BOOST_TEST(ids(finished) == std::vector{5});
    BOOST_TEST((finished.again == std::vector{4}));
}

BOOST_AUTO_TEST_CASE(a_commit_that_fails_fails_the_request) {
    Pipeline pipeline;
    pipeline.sent(1, 0, 1);
    pipeline.synced();
    pipeline.answered("fine", false, false);
    pipeline.answered("could not serialize", true, false);
    const auto finished = pipeline.finished();
    BOOST_TEST(finished.done.at(0).answers.back() == "could not serialize");
}

BOOST_AUTO_TEST_CASE(a_commit_that_fails_sends_company_again) {
    Pipeline pipeline;
    pipeline.sent(1, 0, 1);
    pipeline.sent(2, 0, 1);
    pipeline.synced();
    pipeline.answered("fine", false, false);
    pipeline.answered("fine", false, false);
    pipeline.answered("could not serialize", true, false);
    const auto finished = pipeline.finished();
    BOOST_TEST(finished.done.empty());
    BOOST_TEST((finished.again == std::vector{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_lost_connection_gives_everything_back) {
    Pipeline pipeline;
    pipeline.sent(1, 1, 1);
    pipeline.synced();
    pipeline.sent(2, 0, 1);
    pipeline.answered("prepared", false, false);
    BOOST_TEST((pipeline.lost() == std::vector{1, 2}));
    BOOST_TEST(pipeline.empty());
    BOOST_TEST(pipeline.size() == 0u);
    pipeline.sent(3, 0, 1);
    pipeline.synced();
    pipeline.answered("fine", false, false);
    BOOST_TEST(ids(pipeline.finished()) == std::vector{3});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(backoff_doubles_within_bounds_and_starts_over) {
    using namespace std::chrono_literals;
    Backoff<> backoff{100ms, 1s, std::minstd_rand{7}};
    for (const auto whole : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        const auto pause = backoff.failed();
        BOOST_TEST(pause.count() >= whole.count() / 2);
        BOOST_TEST(pause.count() <= whole.count());
    }
    backoff.succeeded();
    BOOST_TEST(backoff.failed().count() <= 100);
    std::set<long> different;
    for (int seed = 0; seed < 20; ++seed)
        different.insert(Backoff<>{1s, 1s, std::minstd_rand{static_cast<unsigned>(seed + 1) * 7919}}.failed().count());
    BOOST_TEST(different.size() > 10u);
}
