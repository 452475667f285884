#pragma once

#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/testing/conformance_case.hpp>
#include <understudy/testing/journal_driver.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace understudy::testing {

/// What every journal must do when sessions die, and others go on with what they held. The `Fixture` is that of
/// `JournalConformance`.
template<class Fixture>
class JournalRecoveryConformance : private JournalDriver<Fixture> {
    using Driver = JournalDriver<Fixture>;
    using Driver::begin;
    using Driver::count;
    using Driver::decide;
    using Driver::decision;
    using Driver::end;
    using Driver::ending;
    using Driver::entry;
    using Driver::expect_ends;
    using Driver::expect_lease_lost;
    using Driver::grant;
    using Driver::intent;
    using Driver::is_first;
    using Driver::list_dead;
    using Driver::open;
    using Driver::queue;
    using Driver::successor;
    using Driver::take;
    using typename Driver::Kind;

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        std::vector<ConformanceCase<Fixture>> all{
            {"without a lease nothing can be held", &no_lease},
            {"a dead operation that is replayed is taken over, also by who held it", &replayed},
            {"I16: nobody takes from a session that lives", &living_session},
            {"what a session held whose lease ran out is taken over", &take_over},
            {"a session takes over what an earlier one of its process held", &take_over_from_itself},
            {"I16: who lost an operation ends nothing, settles nothing and decides nothing", &former_holder},
            {"I16: nothing is decided under a lease that ran out, though nobody took over", &lapsed_decision},
            {"an operation that was not decided is forgotten with its holder", &open_is_forgotten},
            {"an operation that is not first is taken over in its turn", &taken_in_turn},
            {"as many are taken over as asked for, those begun first before others", &taken_limited},
        };
        if constexpr (Driver::has_reservations) {
            all.push_back({"I16: a reservation changes hands with its operation", &reservation_taken_over});
        }
        return all;
    }

private:
    static void no_lease(Fixture& f) {
        auto& j = f.journal();
        expect_lease_lost([&] { begin(f, j, intent("a", {"k"})); }, "nothing is begun before the session is open");
        expect_lease_lost([&] { take(f, j); }, "nor taken over");
        expect(open(f, j) > std::chrono::milliseconds{0}, "a session that opens is told how long its lease lasts");
        grant(f, j, intent("a", {"k"}));
        expect(open(f, j) > std::chrono::milliseconds{0}, "and renews it");
        f.let_lease_lapse();
        expect_lease_lost([&] { begin(f, j, intent("b", {"l"})); }, "nothing is begun without a lease");
        expect_lease_lost([&] { take(f, j); }, "nor taken over");
        expect_lease_lost([&] { open(f, j); }, "a lease that ran out is not renewed");
        expect(open(f, j) > std::chrono::milliseconds{0}, "but there is a new one");
        grant(f, j, intent("b", {"l"}));
    }

    static void replayed(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        queue(f, j, intent("b", {"k"}));
        expect_ends(f, j, ending("a", a, OperationState::dead, "what was done", "cause"));
        // Whoever is asked to, has it done by whoever takes it over.
        expect(f.await(other.async_replay("a")), "there was such an operation");
        expect(list_dead(f, j).empty(), "it is dead no more");
        expect(!is_first(f, j, "b"), "and still before the others");
        const auto taken = take(f, j);
        expect(taken.size() == 1 && taken.front().intent.id == "a", "it is taken over");
        expect(taken.front().state == OperationState::planned && taken.front().intent.plan == "what was done",
               "with its plan");
        expect(taken.front().fence > a, "with a new fence");
        expect(take(f, other).empty(), "by one session");
        expect(!end(f, j, {ending("a", a)}).front(), "the old fence ends nothing");
        expect_ends(f, j, ending("a", taken.front().fence));
        expect(is_first(f, j, "b"), "then come the others");
    }

    static void living_session(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        const Fence b = grant(f, j, intent("b", {"l"}));
        expect(take(f, other).empty(), "nothing is left behind");
        expect(!end(f, other, {ending("a", a)}, {f.settlement()}).front() && f.settled() == 0,
               "what is another's is not ended");
        expect(!is_first(f, other, "a"), "nor anybody's turn");
        expect(decide(f, j, decision("b", b, "plan")).kind == Verdict::Kind::recorded, "its holder has it");
        expect_ends(f, j, ending("a", a));
    }

    static void take_over(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}, "plan of b"));
        decide(f, j, decision("a", a, "plan of a"));
        auto other = successor(f);
        const auto taken = take(f, other);
        expect(taken.size() == 2 && taken[0].intent.id == "a" && taken[1].intent.id == "b",
               "what is planned is taken over, in the order in which it was begun");
        expect(taken[0].intent.plan == "plan of a" && taken[0].intent.keys == std::vector<std::string>{"k"} &&
                   taken[0].state == OperationState::planned && taken[0].intent.request == "request of a",
               "with all that is known of it");
        expect(taken[0].fence > a && taken[1].fence > b, "with higher fences");
        expect(taken[0].silent_for >= std::chrono::milliseconds{0}, "and how long it was silent");
        expect(take(f, other).empty(), "once");
        expect(is_first(f, other, "a"), "the new holder has its place in line");
        const auto verdict = decide(f, other, decision("a", taken[0].fence, "another plan"));
        expect(verdict.kind == Verdict::Kind::recorded, "and decides");
        expect(end(f, other, {ending("a", taken[0].fence), ending("b", taken[1].fence)}) == std::vector<bool>(2, true),
               "and ends");
        auto third = successor(f);
        expect(take(f, third).empty(), "what has ended is nobody's");
    }

    static void take_over_from_itself(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        f.let_lease_lapse();
        expect_lease_lost([&] { open(f, j); }, "the lease ran out");
        open(f, j);
        expect(!end(f, j, {ending("a", a)}, {f.settlement()}).front() && f.settled() == 0,
               "what the earlier session held is not this one's");
        expect(!is_first(f, j, "a"), "nor its turn");
        const auto taken = take(f, j);
        expect(taken.size() == 1 && taken.front().fence > a, "until it is taken over");
        expect_ends(f, j, ending("a", taken.front().fence));
    }

    // Else it might be sent after the moment from which the next holder counts its silence.
    static void lapsed_decision(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        f.let_lease_lapse();
        expect(decide(f, j, decision("a", a, "late plan")).kind == Verdict::Kind::lost, "the decision is lost");
    }

    static void former_holder(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        queue(f, j, intent("b", {"k"}, "plan"));
        auto other = successor(f);
        const auto taken = take(f, other);
        expect(taken.size() == 1, "the first is taken over");
        auto last = ending("a", a);
        last.followers = {intent("a/follower", {}, "plan")};
        const auto expect_powerless = [&] {
            const std::vector endings{last};
            expect(!end(f, j, endings, {f.settlement()}).front(), "the former holder ends nothing");
            expect(f.settled() == 0, "and settles nothing");
            expect(decide(f, j, decision("a", a, "late plan")).kind == Verdict::Kind::lost, "and decides nothing");
            expect(decide(f, j, decision("a", taken.front().fence, "late plan")).kind == Verdict::Kind::lost,
                   "whatever the fence that it names");
            expect(!is_first(f, j, "a"), "and has no turn");
        };
        expect_powerless();
        expect_lease_lost([&] { open(f, j); }, "it is told when it renews its lease");
        open(f, j);
        expect_powerless();
        const auto kept = entry(f, other, "a");
        expect(kept.state == OperationState::planned && kept.intent.plan == "plan" && kept.fence == taken.front().fence,
               "the operation is the other's");
        grant(f, other, intent("a/follower", {}));
        expect(end(f, other, {ending("a", taken.front().fence)}, {f.settlement()}).front() && f.settled() == 1,
               "who ends it");
    }

    static void open_is_forgotten(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        queue(f, j, intent("b", {"k"}));
        auto other = successor(f);
        queue(f, other, intent("c", {"k"}));
        expect(take(f, other).empty(), "nothing was sent for it: nothing is to be done");
        expect(is_first(f, other, "c"), "its keys are free");
        expect(decide(f, j, decision("a", a, "plan")).kind == Verdict::Kind::lost, "its holder cannot decide it");
        expect(count(f, other) == 1, "it is not there any more");
        queue(f, other, intent("a", {"k"}));
    }

    static void taken_in_turn(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan of a"));
        queue(f, j, intent("b", {"k"}, "plan of b"));
        grant(f, j, intent("c", {"l"}));
        queue(f, j, intent("d", {"l"}, "plan of d"));
        auto other = successor(f);
        auto taken = take(f, other);
        expect(taken.size() == 2 && taken[0].intent.id == "a" && taken[1].intent.id == "d",
               "those that are first, once what was not decided is gone");
        expect(taken[0].fence > a, "with higher fences");
        expect(take(f, other).empty(), "others are not in their turn");
        expect_ends(f, other, ending("a", taken[0].fence));
        taken = take(f, other);
        expect(taken.size() == 1 && taken[0].intent.id == "b", "when they are, they are taken over");
        expect_ends(f, other, ending("b", taken[0].fence));
    }

    static void taken_limited(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        for (const char* id : {"c", "a", "b"})
            grant(f, j, intent(id, {id}, "plan"));
        auto other = successor(f);
        auto taken = take(f, other, 2);
        expect(taken.size() == 2 && taken[0].intent.id == "c" && taken[1].intent.id == "a", "two of three");
        taken = take(f, other, 2);
        expect(taken.size() == 1 && taken[0].intent.id == "b", "then the third");
    }

    static void reservation_taken_over(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        decide(f, j, decision("a", a, "plan", f.reservation()));
        auto other = successor(f);
        const auto taken = take(f, other);
        expect(taken.size() == 1, "the operation is taken over");
        const Fence b = grant(f, other, intent("b", {"l"}));
        const auto second = decision("b", b, "plan", f.reservation());
        expect(decide(f, other, second).kind == Verdict::Kind::objected, "what it reserved is still its own");
        expect_ends(f, other, ending("a", taken.front().fence));
        expect(decide(f, other, second).kind == Verdict::Kind::recorded, "until it ends");
    }
};

} // namespace understudy::testing
