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

/// What every journal must do; what it must do when sessions die is in `JournalRecoveryConformance`.
///
/// A `Fixture` gives an empty journal, and what a test needs to play several processes:
///
///     auto& journal();                       // models Journal; its session is not open
///     auto another_session();                // another session with the same journal, not open
///     void let_lease_lapse();                // until the lease of every open session has run out
///     settlement_type settlement();          // takes effect, once each time that it is run
///     settlement_type failing_settlement();
///     int settled();                         // how many have taken effect so far
///     auto await(operation);                 // runs a deferred operation to its end and gives its result, or throws
///                                            // boost::system::system_error
///
/// and, if the journal decides about reservations:
///
///     std::string reservation();             // which one operation at a time may hold
template<class Fixture>
class JournalConformance : private JournalDriver<Fixture> {
    using Driver = JournalDriver<Fixture>;
    using Driver::begin;
    using Driver::count;
    using Driver::decide;
    using Driver::decision;
    using Driver::end;
    using Driver::ending;
    using Driver::entry;
    using Driver::error_of;
    using Driver::expect_ends;
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
            {"an operation that nobody is before is granted", &granted},
            {"I17: one key's operations come in the order in which they were begun", &line},
            {"I17: whichever session they were begun by", &line_of_sessions},
            {"an operation with several keys waits in the line of each", &several_lines},
            {"operations of one call come in the order given", &order_in_a_call},
            {"an operation without keys waits for nobody", &no_keys},
            {"an operation that there is already is known, and stays as it is", &known},
            {"the same name with another request is a mistake", &mistaken},
            {"an operation is decided by its holder, and may be decided again", &decided},
            {"an operation that is begun with its plan is planned", &begun_with_plan},
            {"what is not the session's to decide is lost", &decision_lost},
            {"an operation that is done lets its keys go and is known for a while", &done},
            {"an operation that was undone says why", &undone},
            {"an operation that ends undone without a plan is forgotten", &forgotten_at_its_end},
            {"a dead operation keeps its keys, and says why", &dead_keeps_keys},
            {"a dead operation that is dropped lets its keys go", &dropped},
            {"as many dead operations are listed as asked for", &dead_limited},
            {"only dead operations are replayed or dropped", &only_dead},
            {"followers begin when an operation ends, decided and in line", &followers},
            {"settlements take effect when operations end", &settlements},
            {"I18: when a settlement fails nothing has ended", &failing_settlement},
            {"an end of operations of which one is lost changes nothing, and says which", &one_end_lost},
            {"operations that are not finished, and not dead, are counted", &counted},
            {"a call for nothing does nothing", &nothing},
        };
        if constexpr (Driver::has_reservations) {
            all.push_back({"what one operation reserved another does not get, until the first ends", &reserved});
            all.push_back({"a reservation counts once", &reserved_once});
        }
        return all;
    }

private:
    static void granted(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        expect(grant(f, j, intent("a", {"k"})) == Fence{1}, "the first holder's fence is 1");
        grant(f, j, intent("b", {"l", "m"}));
        expect(is_first(f, j, "a") && is_first(f, j, "b"), "and they stay so");
    }

    static void line(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = queue(f, j, intent("b", {"k"}));
        const Fence c = queue(f, j, intent("c", {"k"}));
        const auto asked = f.await(j.async_ask(std::vector<std::string>{"c", "a", "b"}));
        const std::vector<bool> expected{false, true, false};
        expect(asked == expected, "the first in line is first");
        expect_ends(f, j, ending("b", b, OperationState::undone));
        expect(!is_first(f, j, "c"), "who leaves the middle of a line makes nobody first");
        expect_ends(f, j, ending("a", a));
        expect(is_first(f, j, "c"), "the next is first when the first has left");
        expect_ends(f, j, ending("c", c));
        grant(f, j, intent("d", {"k"}));
    }

    static void line_of_sessions(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, other, intent("a", {"k"}));
        const Fence b = queue(f, j, intent("b", {"k"}));
        queue(f, other, intent("c", {"k"}));
        expect(!is_first(f, j, "b"), "another session's operation is before it");
        expect_ends(f, other, ending("a", a));
        expect(is_first(f, j, "b") && !is_first(f, other, "c"), "they come in their order");
        expect_ends(f, j, ending("b", b));
        expect(is_first(f, other, "c"), "whoever begins them");
    }

    static void several_lines(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}));
        const Fence c = queue(f, j, intent("c", {"l", "k"}));
        queue(f, j, intent("d", {"k", "m"}));
        queue(f, j, intent("e", {"m"}));
        grant(f, j, intent("f", {"n"}));
        expect_ends(f, j, ending("a", a));
        expect(!is_first(f, j, "c"), "first in one line of two is not first");
        expect(!is_first(f, j, "d"), "who waits keeps the others waiting in each of its lines");
        expect_ends(f, j, ending("b", b));
        expect(is_first(f, j, "c") && !is_first(f, j, "d") && !is_first(f, j, "e"), "first in both is first");
        expect_ends(f, j, ending("c", c));
        expect(is_first(f, j, "d") && !is_first(f, j, "e"), "then comes the next");
    }

    static void order_in_a_call(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const auto admitted =
            begin(f, j, {intent("b", {"k"}), intent("a", {"k"}), intent("c", {"l"}), intent("d", {"l", "k"})});
        expect(admitted[0].kind == Kind::granted && admitted[1].kind == Kind::queued &&
                   admitted[2].kind == Kind::granted && admitted[3].kind == Kind::queued,
               "those before it in the call are before it in line");
        expect(end(f, j, {ending("b", admitted[0].fence), ending("c", admitted[2].fence)}) ==
                   std::vector<bool>(2, true),
               "several operations end in one call");
        expect(is_first(f, j, "a") && !is_first(f, j, "d"), "the order is that of the call");
    }

    static void no_keys(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        grant(f, j, intent("a", {}));
        const Fence b = grant(f, j, intent("b", {}));
        expect(is_first(f, j, "a") && is_first(f, j, "b"), "there is no line to wait in");
        expect_ends(f, j, ending("b", b));
    }

    static void known(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        auto again = intent("a", {"k"}, "another plan");
        const auto admitted = begin(f, j, {again, intent("b", {"l"}), again});
        for (const std::size_t i : {0U, 2U}) {
            expect(admitted[i].kind == Kind::known, "an operation begins once");
            expect(admitted[i].known.state == OperationState::open && admitted[i].known.intent.plan.empty(),
                   "and is as it was");
            expect(admitted[i].known.intent.request == again.request && admitted[i].known.fence == a, "and whose");
        }
        expect(admitted[1].kind == Kind::granted, "which disturbs no other");
        auto other = f.another_session();
        open(f, other);
        expect(begin(f, other, again).kind == Kind::known, "not even in another session");
        expect(decide(f, j, decision("a", a, "plan")).kind == Verdict::Kind::recorded, "its holder still holds it");
    }

    static void mistaken(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        auto other = intent("a", {"l"});
        other.request = "another request";
        const auto admitted = begin(f, j, {other, intent("b", {"l"})});
        expect(admitted[0].kind == Kind::mistaken, "a name means one request");
        expect(admitted[1].kind == Kind::granted, "which disturbs no other");
        expect_ends(f, j, ending("a", a));
        expect(begin(f, j, other).kind == Kind::mistaken, "also when it has ended");
    }

    static void decided(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}));
        const auto verdicts =
            f.await(j.async_decide(std::vector{decision("b", b, "plan of b"), decision("a", a, "plan of a")}));
        expect(verdicts.size() == 2 && verdicts[0].kind == Verdict::Kind::recorded &&
                   verdicts[1].kind == Verdict::Kind::recorded,
               "several are decided in one call");
        expect(entry(f, j, "a").state == OperationState::planned, "what is decided is planned");
        expect(entry(f, j, "a").intent.plan == "plan of a" && entry(f, j, "b").intent.plan == "plan of b",
               "each with its plan");
        expect(decide(f, j, decision("a", a, "second plan")).kind == Verdict::Kind::recorded, "it may be replaced");
        expect(entry(f, j, "a").intent.plan == "second plan", "by another one");
        expect(is_first(f, j, "a"), "it keeps its place");
    }

    static void begun_with_plan(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const auto whole = intent("a", {"k", "l"}, "plan of a");
        grant(f, j, whole);
        const auto kept = entry(f, j, "a");
        expect(kept.state == OperationState::planned, "it is planned from the beginning");
        expect(kept.intent.plan == whole.plan && kept.intent.kind == whole.kind && kept.intent.keys == whole.keys &&
                   kept.intent.request == whole.request,
               "and kept whole");
    }

    static void decision_lost(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, other, intent("b", {"l"}));
        const auto verdicts = f.await(j.async_decide(std::vector{
            decision("nobody", Fence{1}, "plan"), decision("a", Fence{static_cast<std::uint64_t>(a) + 1}, "plan"),
            decision("b", b, "plan"), decision("a", a, "plan of a")}));
        expect(verdicts.size() == 4, "every decision is answered");
        expect(verdicts[0].kind == Verdict::Kind::lost, "there is no such operation");
        expect(verdicts[1].kind == Verdict::Kind::lost, "the fence is another");
        expect(verdicts[2].kind == Verdict::Kind::lost, "the operation is another session's");
        expect(verdicts[3].kind == Verdict::Kind::recorded, "which disturbs no other");
        expect(entry(f, j, "b").state == OperationState::open, "what is lost changes nothing");
        expect_ends(f, j, ending("a", a));
        expect(decide(f, j, decision("a", a, "plan")).kind == Verdict::Kind::lost, "the operation has ended");
    }

    static void done(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        expect_ends(f, j, ending("a", a, OperationState::done, "the plan as it was carried out"));
        const auto kept = entry(f, j, "a");
        expect(kept.state == OperationState::done, "what is done is known to be done");
        expect(kept.intent.plan == "the plan as it was carried out", "and how");
        grant(f, j, intent("b", {"k"}));
        expect(!end(f, j, {ending("a", a)}).front(), "it ends once");
        expect(!is_first(f, j, "a"), "and is first no more");
    }

    static void undone(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        expect_ends(f, j, ending("a", a, OperationState::undone, "plan", "refused"));
        expect(entry(f, j, "a").state == OperationState::undone && entry(f, j, "a").cause == "refused",
               "what is undone is known to be undone, and why");
        grant(f, j, intent("b", {"k"}));
    }

    static void forgotten_at_its_end(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        queue(f, j, intent("b", {"k"}));
        expect_ends(f, j, ending("a", a, OperationState::undone, "", "given up"));
        expect(is_first(f, j, "b"), "its keys are free");
        queue(f, j, intent("a", {"k"}));
    }

    static void dead_keeps_keys(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        queue(f, j, intent("b", {"k"}));
        expect(list_dead(f, j).empty(), "nothing is dead yet");
        expect_ends(f, j, ending("a", a, OperationState::dead, "what was done", "cannot be known"));
        expect(!is_first(f, j, "b"), "its keys are taken");
        const auto dead = list_dead(f, j);
        expect(dead.size() == 1 && dead.front().intent.id == "a", "it is listed");
        expect(dead.front().state == OperationState::dead && dead.front().cause == "cannot be known" &&
                   dead.front().intent.plan == "what was done" && dead.front().intent.kind == "test",
               "with its cause");
        expect(dead.front().silent_for >= std::chrono::milliseconds{0} &&
                   dead.front().silent_for < std::chrono::minutes{5},
               "and for how long");
        expect(entry(f, j, "a").state == OperationState::dead, "who asks for it again is told");
        expect(!end(f, j, {ending("a", a)}).front(), "nobody holds it");
        expect(take(f, j).empty(), "and nobody takes it over");
        auto other = successor(f);
        expect(take(f, other).empty() && list_dead(f, other).size() == 1, "however long it takes");
    }

    static void dropped(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        queue(f, j, intent("b", {"k"}));
        expect_ends(f, j, ending("a", a, OperationState::dead, "plan", "cause"));
        expect(f.await(j.async_drop("a")), "there was such an operation");
        expect(is_first(f, j, "b"), "its keys are free");
        expect(list_dead(f, j).empty(), "it is dead no more");
        expect(entry(f, j, "a").state == OperationState::undone && entry(f, j, "a").cause == "cause", "but undone");
        expect(!f.await(j.async_drop("a")), "it is dropped once");
    }

    static void dead_limited(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        for (const char* id : {"a", "b", "c"})
            expect_ends(f, j, ending(id, grant(f, j, intent(id, {id}, "plan")), OperationState::dead));
        expect(f.await(j.async_list_dead(2)).size() == 2 && f.await(j.async_list_dead(3)).size() == 3, "two, and all");
    }

    static void only_dead(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        grant(f, j, intent("a", {"k"}, "plan"));
        const Fence b = grant(f, j, intent("b", {"l"}, "plan"));
        expect_ends(f, j, ending("b", b));
        for (const char* id : {"a", "b", "nobody"}) {
            expect(!f.await(j.async_replay(id)), "there is nothing to be replayed");
            expect(!f.await(j.async_drop(id)), "nor to be dropped");
        }
        expect(entry(f, j, "a").state == OperationState::planned && entry(f, j, "b").state == OperationState::done,
               "nothing has changed");
        expect(take(f, j).empty(), "nothing is to be taken over");
    }

    static void followers(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        queue(f, other, intent("b", {"k"}));
        auto last = ending("a", a);
        last.followers = {intent("a/first", {"l"}, "plan of the first"),
                          intent("a/second", {"k"}, "plan of the second"),
                          intent("a/third", {"l"}, "plan of the third")};
        expect_ends(f, j, last);
        expect(is_first(f, j, "a/first") && !is_first(f, j, "a/third"), "followers come in their order");
        expect(is_first(f, other, "b") && !is_first(f, j, "a/second"), "behind those who waited");
        const auto first = entry(f, j, "a/first");
        expect(first.state == OperationState::planned && first.intent.plan == "plan of the first", "each has its plan");
        expect(first.fence == Fence{1}, "and its first fence");
        expect(count(f, j) == 4, "they are to be finished like others");
        expect_ends(f, j, ending("a/first", first.fence));
        expect(is_first(f, j, "a/third"), "they end like others");
        auto next = successor(f);
        expect(take(f, next).size() == 2, "and are taken over like others, in their turn");
    }

    static void settlements(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        const Fence b = grant(f, j, intent("b", {"l"}, "plan"));
        expect(end(f, j, {ending("a", a), ending("b", b)}, {f.settlement(), f.settlement()}) ==
                   std::vector<bool>(2, true),
               "both end");
        expect(f.settled() == 2, "every settlement takes effect, once");
        const Fence c = grant(f, j, intent("c", {"k"}, "plan"));
        end(f, j, {ending("c", c, OperationState::dead)}, {f.settlement()});
        expect(f.settled() == 3, "also when the operation is dead");
    }

    static void failing_settlement(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        const Fence b = grant(f, j, intent("b", {"l"}, "plan"));
        queue(f, j, intent("c", {"k"}));
        auto last = ending("a", a, OperationState::done, "carried out");
        last.followers = {intent("a/follower", {}, "plan")};
        const std::vector endings{last, ending("b", b)};
        const auto why = error_of([&] { end(f, j, endings, {f.failing_settlement()}); });
        expect(why.failed() && why != Errc::lease_lost, "the failure is told");
        expect(!is_first(f, j, "c"), "no key is free");
        expect(entry(f, j, "a").state == OperationState::planned && entry(f, j, "a").intent.plan == "plan" &&
                   entry(f, j, "b").state == OperationState::planned,
               "nothing has ended");
        expect(count(f, j) == 3, "and nothing has begun");
        expect(end(f, j, endings, {f.settlement()}) == std::vector<bool>(2, true), "another time it may");
        expect(f.settled() == 1 && is_first(f, j, "c"), "as if it had not been tried before");
    }

    static void one_end_lost(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}, "plan"));
        const Fence b = grant(f, other, intent("b", {"l"}, "plan"));
        const Fence c = grant(f, j, intent("c", {"m"}, "plan"));
        queue(f, j, intent("d", {"k", "m"}));
        const auto ended = end(f, j, {ending("a", a), ending("b", b), ending("c", c)}, {f.settlement()});
        const std::vector<bool> expected{true, false, true};
        expect(ended == expected, "it says which is lost");
        expect(f.settled() == 0, "nothing is settled");
        expect(!is_first(f, j, "d") && entry(f, j, "a").state == OperationState::planned, "and nothing has ended");
        expect(end(f, j, {ending("a", a), ending("c", c)}, {f.settlement()}) == std::vector<bool>(2, true),
               "the others end without it");
        expect(f.settled() == 1 && is_first(f, j, "d"), "as if it had not been tried before");
        expect_ends(f, other, ending("b", b));
    }

    static void counted(Fixture& f) {
        auto& j = f.journal();
        expect(count(f, j) == 0, "a new journal is empty");
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}, "plan"));
        queue(f, j, intent("c", {"l"}, "plan"));
        expect(count(f, j) == 3, "open and planned ones, waiting or not");
        expect_ends(f, j, ending("b", b, OperationState::dead));
        expect(count(f, j) == 2, "what is dead waits for somebody, not for us");
        expect_ends(f, j, ending("a", a));
        expect(count(f, j) == 1, "what is done is finished");
    }

    static void nothing(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        expect(f.await(j.async_begin({})).empty() && f.await(j.async_decide({})).empty() &&
                   f.await(j.async_ask({})).empty() && end(f, j, {}).empty(),
               "nothing asked, nothing answered");
        expect(take(f, j, 0).empty() && f.await(j.async_list_dead(0)).empty(), "nor here");
    }

    static void reserved(Fixture& f) {
        auto& j = f.journal();
        auto other = f.another_session();
        open(f, j);
        open(f, other);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}));
        const Fence c = grant(f, other, intent("c", {"m"}));
        const Fence d = grant(f, j, intent("d", {"n"}));
        const auto verdicts =
            f.await(j.async_decide(std::vector{decision("a", a, "plan", f.reservation()),
                                               decision("b", b, "plan", f.reservation()), decision("d", d, "plan")}));
        expect(verdicts[0].kind == Verdict::Kind::recorded, "the first has it");
        expect(verdicts[1].kind == Verdict::Kind::objected && !verdicts[1].objection.empty(),
               "the second does not, also in the same call, and is told why");
        expect(verdicts[2].kind == Verdict::Kind::recorded, "who needs nothing gets its way");
        expect(entry(f, j, "b").state == OperationState::open && entry(f, j, "b").intent.plan.empty(),
               "nothing is journaled for the second");
        const auto late = decision("c", c, "plan", f.reservation());
        expect(decide(f, other, late).kind == Verdict::Kind::objected, "nor does a third, of another session");
        expect_ends(f, j, ending("a", a));
        expect(decide(f, other, late).kind == Verdict::Kind::recorded, "until the first has ended");
        expect_ends(f, other, ending("c", c, OperationState::undone));
        expect(decide(f, j, decision("b", b, "plan", f.reservation())).kind == Verdict::Kind::recorded,
               "however it ends");
    }

    static void reserved_once(Fixture& f) {
        auto& j = f.journal();
        open(f, j);
        const Fence a = grant(f, j, intent("a", {"k"}));
        const Fence b = grant(f, j, intent("b", {"l"}));
        const auto first = decision("a", a, "plan", f.reservation());
        expect(decide(f, j, first).kind == Verdict::Kind::recorded, "it is reserved");
        expect(decide(f, j, first).kind == Verdict::Kind::recorded, "not once more");
        expect(decide(f, j, decision("a", a, "another plan")).kind == Verdict::Kind::recorded, "nor less");
        const auto second = decision("b", b, "plan", f.reservation());
        expect(decide(f, j, second).kind == Verdict::Kind::objected, "it is still reserved");
        expect_ends(f, j, ending("a", a, OperationState::dead));
        expect(decide(f, j, second).kind == Verdict::Kind::objected, "a dead operation keeps it");
        f.await(j.async_drop("a"));
        expect(decide(f, j, second).kind == Verdict::Kind::recorded, "until it is dropped");
    }
};

} // namespace understudy::testing
