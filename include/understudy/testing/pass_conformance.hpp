#pragma once

#include <understudy/error.hpp>
#include <understudy/key_order.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every replica must do that a reconciler brings up to date, besides what `ReplicaConformance` says.
///
/// A `Fixture` gives an empty replica and records to fill it with:
///
///     auto& store();                         // models ReconcilableReplica; empty when the fixture is new
///     R record(int which, int variant);      // the same `which`: the same key; from 1 to 9 keys ascend with it, as
///                                            // `key_less` orders them
///     void let_leases_lapse();               // until every lease has run out
///     auto await(operation);                 // runs a deferred operation to its end and gives its result, or throws
///                                            // boost::system::system_error
///
///     for (auto& c : PassConformance<Fixture>::cases()) { Fixture fixture; c.run(fixture); }
template<class Fixture>
class PassConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    static_assert(ReconcilableReplica<Store>);

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        return {
            {"a pass that nobody carried out yet begins at the beginning", &first_begin},
            {"a pass is told how many rows are live", &live_rows},
            {"a pass is one holder's at a time", &one_holder},
            {"passes of different names have different holders", &other_pass},
            {"one who begins again what it has gets another fence, and loses the first", &begun_again},
            {"a pass whose lease ran out is anybody's, with the position that its last step left", &taken_over},
            {"a step makes the lease its own", &step_makes_lease},
            {"I16: whose pass was taken over writes nothing", &nothing_after_take_over},
            {"I16: whose lease ran out writes nothing, even if nobody took over", &nothing_after_lapse},
            {"I16: nobody writes in the name of a pass that was never begun", &never_begun},
            {"a pass that ended is anybody's, with the position that its end left", &ended},
            {"I16: whose pass was taken over does not end it", &no_end_after_take_over},
            {"a step applies observations as `async_apply` does", &observations},
            {"of several observations of one key the latest counts", &one_key_twice},
            {"a step hints at keys as `async_hint` does", &hints},
            {"a key that is observed and hinted at in one step is to be read again", &observed_and_hinted},
            {"a step that says nothing misses nothing", &nothing},
            {"I5: rows that were not listed are named, and stay as they are", &missing},
            {"a range holds its first key and not the one after its last", &bounds},
            {"a range may hold nothing, or lie where no key is", &empty_ranges},
            {"rows that are not live are not missing", &tombstones},
            {"I4: a row of which something was learned since a list was asked for is not missing", &later_tickets},
            {"what a step writes counts for what it misses", &written_in_step},
            {"ranges of one step are judged one by one", &several_ranges},
        };
    }

private:
    static constexpr std::chrono::milliseconds long_lease{600'000};

    static Ticket ticket(Fixture& f) { return f.await(f.store().async_draw_ticket()); }
    static key_t<R> key(Fixture& f, int which) { return key_of(f.record(which, 2)); }

    static PassLease begin(Fixture& f, std::string holder, std::string pass = "pass") {
        return f.await(f.store().async_begin_pass(std::move(pass), std::move(holder), long_lease));
    }
    static PassStep<R> step(const PassLease& lease, std::string position = {}, std::string pass = "pass") {
        PassStep<R> s;
        s.pass = std::move(pass);
        s.fence = lease.fence;
        s.lease = long_lease;
        s.position = std::move(position);
        return s;
    }
    static PassStepped<R> take(Fixture& f, PassStep<R> s) { return f.await(f.store().async_step_pass(std::move(s))); }
    static void end(Fixture& f, const PassLease& lease, std::string position) {
        f.await(f.store().async_end_pass("pass", lease.fence, std::move(position)));
    }

    template<class Work>
    static void expect_error(Work work, Errc wanted, std::string_view what) {
        try {
            work();
        } catch (const boost::system::system_error& error) {
            return expect(error.code() == wanted, what);
        }
        expect(false, what);
    }
    static void expect_held(Fixture& f, std::string holder, std::string_view what) {
        expect_error([&] { begin(f, std::move(holder)); }, Errc::lease_held, what);
    }
    static void expect_lost(Fixture& f, PassStep<R> s, std::string_view what) {
        expect_error([&] { take(f, std::move(s)); }, Errc::lease_lost, what);
    }

    static Observation<R> observation(Fixture& f, int which, int variant, Ticket at, State state = State::live) {
        Observation<R> o;
        o.key = key(f, which);
        o.ticket = at;
        o.state = state;
        o.version = Version{100};
        if (state == State::live)
            o.record = f.record(which, variant);
        return o;
    }
    static void put(Fixture& f, int which, int variant = 2, State state = State::live) {
        std::vector<Observation<R>> batch(1, observation(f, which, variant, ticket(f), state));
        expect(f.await(f.store().async_apply(std::move(batch))).front() == Applied::applied, "a read is applied");
    }
    static void put_all(Fixture& f, int last) {
        for (int which = 1; which <= last; ++which)
            put(f, which);
    }
    static void hint(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key(f, which));
        f.await(f.store().async_hint(std::move(keys)));
    }
    static Row<R> row(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key(f, which));
        return f.await(f.store().template async_lookup<ById<R>>(std::move(keys))).rows.front();
    }

    static std::vector<key_t<R>> keys(Fixture& f, const std::vector<int>& which) {
        std::vector<key_t<R>> all;
        for (const int w : which)
            all.push_back(key(f, w));
        return all;
    }
    // Zero stands for no bound.
    static ListedRange<R> range(Fixture& f, int from, int until, Ticket at, const std::vector<int>& listed) {
        ListedRange<R> r;
        if (from != 0)
            r.from = key(f, from);
        if (until != 0)
            r.until = key(f, until);
        r.ticket = at;
        r.keys = keys(f, listed);
        return r;
    }
    static std::vector<key_t<R>> missing_of(Fixture& f, const PassLease& lease, ListedRange<R> listed) {
        auto s = step(lease);
        s.ranges.push_back(std::move(listed));
        return take(f, std::move(s)).missing;
    }

    static void first_begin(Fixture& f) {
        const auto lease = begin(f, "a");
        expect(lease.fence > 0 && lease.position.empty() && lease.live_rows == 0, "nothing was done yet");
    }

    static void live_rows(Fixture& f) {
        put_all(f, 4);
        put(f, 2, 2, State::archived);
        hint(f, 3);
        hint(f, 5);
        expect(begin(f, "a").live_rows == 3, "marked rows are live, tombstones and placeholders are not");
    }

    static void one_holder(Fixture& f) {
        const auto lease = begin(f, "a");
        expect_held(f, "b", "somebody else has it");
        take(f, step(lease, "here"));
        expect_held(f, "b", "and has it still after a step");
        take(f, step(lease, "there"));
    }

    static void other_pass(Fixture& f) {
        const auto first = begin(f, "a", "first");
        const auto second = begin(f, "b", "second");
        take(f, step(first, "here", "first"));
        take(f, step(second, "there", "second"));
        f.let_leases_lapse();
        expect(begin(f, "c", "first").position == "here", "each has a position of its own");
        expect(begin(f, "c", "second").position == "there", "each has a position of its own");
    }

    static void begun_again(Fixture& f) {
        const auto first = begin(f, "a");
        take(f, step(first, "here"));
        const auto second = begin(f, "a");
        expect(second.fence > first.fence && second.position == "here", "it goes on, with another fence");
        expect_lost(f, step(first, "there"), "the first one counts no more");
        take(f, step(second, "there"));
    }

    static void taken_over(Fixture& f) {
        const auto first = begin(f, "a");
        take(f, step(first, "here"));
        take(f, step(first, "there"));
        f.let_leases_lapse();
        const auto second = begin(f, "b");
        expect(second.fence > first.fence, "the fence grows");
        expect(second.position == "there", "it goes on where the last step says");
        expect_held(f, "a", "it is the second one's now");
    }

    static void step_makes_lease(Fixture& f) {
        const auto first = begin(f, "a");
        auto last = step(first, "here");
        last.lease = std::chrono::milliseconds{0};
        take(f, std::move(last));
        expect_lost(f, step(first, "there"), "a step asked for no more time");
        expect(begin(f, "b").position == "here", "so it is anybody's");
    }

    // A step that would be seen.
    static PassStep<R> full_step(Fixture& f, const PassLease& lease) {
        auto s = step(lease, "wrong");
        s.observations.push_back(observation(f, 1, 3, ticket(f)));
        s.observations.push_back(observation(f, 5, 2, ticket(f)));
        s.hints = keys(f, {2, 6});
        s.ranges.push_back(range(f, 0, 0, ticket(f), {}));
        return s;
    }
    static void expect_untouched(Fixture& f) {
        expect(row(f, 1).record == f.record(1, 2), "no row is written");
        expect(row(f, 2).mark == Mark::clean, "none is marked");
        expect(row(f, 5).state == State::unknown && row(f, 5).ticket == no_ticket, "none is made");
        expect(row(f, 6).ticket == no_ticket, "nor a placeholder");
    }

    static void nothing_after_take_over(Fixture& f) {
        put_all(f, 2);
        const auto first = begin(f, "a");
        take(f, step(first, "here"));
        f.let_leases_lapse();
        const auto second = begin(f, "b");
        expect_lost(f, full_step(f, first), "the pass is somebody else's");
        expect_untouched(f);
        take(f, step(second, "there"));
        expect_lost(f, full_step(f, first), "and stays so");
        expect_untouched(f);
        f.let_leases_lapse();
        expect(begin(f, "c").position == "there", "nor is the position");
    }

    static void nothing_after_lapse(Fixture& f) {
        put_all(f, 2);
        const auto lease = begin(f, "a");
        take(f, step(lease, "here"));
        f.let_leases_lapse();
        expect_lost(f, full_step(f, lease), "the lease ran out");
        expect_untouched(f);
        expect_error([&] { end(f, lease, "wrong"); }, Errc::lease_lost, "the lease ran out");
        expect(begin(f, "a").position == "here", "nor is the position written");
    }

    static void never_begun(Fixture& f) {
        put_all(f, 2);
        PassLease made_up;
        made_up.fence = 1;
        expect_lost(f, full_step(f, made_up), "there is no such pass");
        expect_lost(f, full_step(f, {}), "there is no such pass");
        expect_untouched(f);
        expect(begin(f, "a").position.empty(), "nor a position");
    }

    static void ended(Fixture& f) {
        const auto first = begin(f, "a");
        take(f, step(first, "here"));
        end(f, first, "there");
        expect_lost(f, step(first, "wrong"), "it has ended");
        const auto second = begin(f, "b");
        expect(second.position == "there" && second.fence > first.fence, "the next one goes on from its end");
        end(f, second, "");
        expect(begin(f, "a").position.empty(), "or anew");
    }

    static void no_end_after_take_over(Fixture& f) {
        const auto first = begin(f, "a");
        take(f, step(first, "here"));
        f.let_leases_lapse();
        const auto second = begin(f, "b");
        expect_error([&] { end(f, first, "wrong"); }, Errc::lease_lost, "the pass is somebody else's");
        take(f, step(second, "there"));
        end(f, second, "done");
        expect_error([&] { end(f, second, "wrong"); }, Errc::lease_lost, "it has ended");
        expect(begin(f, "c").position == "done", "the position is its holder's");
    }

    static void observations(Fixture& f) {
        const Ticket early = ticket(f);
        put_all(f, 3);
        const auto lease = begin(f, "a");
        const Ticket late = ticket(f);
        auto s = step(lease);
        s.observations = {observation(f, 5, 0, late), observation(f, 3, 2, late), observation(f, 1, 3, late),
                          observation(f, 2, 3, early), observation(f, 6, 2, late, State::archived)};
        s.observations[2].version = Version{200};
        const auto stepped = take(f, std::move(s));
        expect(stepped.outcomes == std::vector{Applied::applied, Applied::unchanged, Applied::applied, Applied::dropped,
                                               Applied::applied},
               "outcomes come in the order of the observations");
        expect(stepped.missing.empty(), "no range, nothing missing");
        const auto changed = row(f, 1);
        expect(changed.state == State::live && changed.record == f.record(1, 3), "what was read is there");
        expect(changed.mark == Mark::clean && changed.version == Version{200} && changed.as_of == late,
               "as of the read, with its version");
        expect(row(f, 2).record == f.record(2, 2) && row(f, 2).mark == Mark::dirty, "a late read is in doubt");
        expect(row(f, 3).mark == Mark::clean, "a read that says the same changes nothing");
        expect(row(f, 5).record == f.record(5, 0), "a new record is there");
        expect(row(f, 6).state == State::archived, "and a tombstone");
    }

    static void one_key_twice(Fixture& f) {
        const auto lease = begin(f, "a");
        const Ticket early = ticket(f);
        const Ticket late = ticket(f);
        auto s = step(lease);
        s.observations = {observation(f, 1, 3, late), observation(f, 1, 2, early)};
        const auto stepped = take(f, std::move(s));
        expect(stepped.outcomes.size() == 2 && stepped.outcomes.front() == Applied::applied,
               "every observation is answered");
        expect(row(f, 1).record == f.record(1, 3), "what was read last is there");
    }

    static void hints(Fixture& f) {
        put_all(f, 2);
        const auto lease = begin(f, "a");
        const Ticket before = ticket(f);
        auto s = step(lease);
        s.hints = keys(f, {5, 1, 5});
        take(f, std::move(s));
        expect(row(f, 1).mark == Mark::dirty && row(f, 1).ticket > before, "the row is marked");
        expect(row(f, 1).record == f.record(1, 2), "and keeps its values");
        expect(row(f, 2).mark == Mark::clean, "another is not");
        expect(row(f, 5).state == State::unknown && row(f, 5).ticket > before, "a new key has a placeholder");
    }

    static void observed_and_hinted(Fixture& f) {
        put(f, 1);
        const auto lease = begin(f, "a");
        auto s = step(lease);
        s.observations = {observation(f, 1, 3, ticket(f)), observation(f, 2, 3, ticket(f))};
        s.hints = keys(f, {2, 1});
        take(f, std::move(s));
        for (int which = 1; which <= 2; ++which)
            expect(row(f, which).record == f.record(which, 3) && row(f, which).mark == Mark::dirty,
                   "what was read is there, and in doubt");
    }

    static void nothing(Fixture& f) {
        put_all(f, 2);
        const auto lease = begin(f, "a");
        const auto stepped = take(f, step(lease, "here"));
        expect(stepped.outcomes.empty() && stepped.missing.empty(), "nothing came of it");
        f.let_leases_lapse();
        expect(begin(f, "b").position == "here", "but the position");
    }

    static void missing(Fixture& f) {
        put_all(f, 9);
        const auto lease = begin(f, "a");
        const auto named = missing_of(f, lease, range(f, 0, 0, ticket(f), {1, 2, 4, 6, 7, 8}));
        expect(named == keys(f, {3, 5, 9}), "all that were not listed, by key");
        for (const int which : {3, 5, 9})
            expect(row(f, which).state == State::live && row(f, which).mark == Mark::clean,
                   "absence from a list says nothing of a record");
        expect(missing_of(f, lease, range(f, 0, 0, ticket(f), {})).size() == 9, "nothing was listed");
        expect(missing_of(f, lease, range(f, 0, 0, ticket(f), {1, 2, 3, 4, 5, 6, 7, 8, 9})).empty(), "all was listed");
    }

    static void bounds(Fixture& f) {
        put_all(f, 9);
        const auto lease = begin(f, "a");
        const Ticket at = ticket(f);
        for (int from = 1; from <= 9; ++from)
            for (int until = from + 1; until <= 9; ++until) {
                std::vector<int> within;
                for (int which = from; which < until; ++which)
                    within.push_back(which);
                expect(missing_of(f, lease, range(f, from, until, at, {})) == keys(f, within),
                       "from the first key to the one before the last");
            }
        expect(missing_of(f, lease, range(f, 0, 4, at, {2})) == keys(f, {1, 3}), "no key is too small");
        expect(missing_of(f, lease, range(f, 7, 0, at, {8})) == keys(f, {7, 9}), "no key is too great");
    }

    static void empty_ranges(Fixture& f) {
        const auto lease = begin(f, "a");
        const Ticket first = ticket(f);
        expect(missing_of(f, lease, range(f, 0, 0, first, {1, 2})).empty(), "the replica is empty");
        put(f, 2);
        put(f, 8);
        const Ticket at = ticket(f);
        expect(missing_of(f, lease, range(f, 4, 6, at, {})).empty(), "between two rows");
        expect(missing_of(f, lease, range(f, 0, 1, at, {})).empty(), "before all rows");
        expect(missing_of(f, lease, range(f, 9, 0, at, {})).empty(), "after all rows");
        expect(missing_of(f, lease, range(f, 2, 2, at, {})).empty(), "no key at all");
        expect(missing_of(f, lease, range(f, 1, 9, at, {})) == keys(f, {2, 8}), "bounds need no rows");
    }

    static void tombstones(Fixture& f) {
        put_all(f, 5);
        put(f, 2, 2, State::archived);
        put(f, 3, 2, State::absent);
        put(f, 4, 2, State::erased);
        hint(f, 6);
        const auto lease = begin(f, "a");
        expect(missing_of(f, lease, range(f, 0, 0, ticket(f), {})) == keys(f, {1, 5}), "live rows alone");
    }

    static void later_tickets(Fixture& f) {
        put_all(f, 4);
        const auto lease = begin(f, "a");
        const Ticket at = ticket(f);
        put(f, 2, 3);
        hint(f, 3);
        put(f, 5);
        expect(missing_of(f, lease, range(f, 0, 0, at, {})) == keys(f, {1, 4}),
               "what was read, marked or made since may well be there");
        expect(missing_of(f, lease, range(f, 0, 0, ticket(f), {})) == keys(f, {1, 2, 3, 4, 5}),
               "a later list may tell");
    }

    static void written_in_step(Fixture& f) {
        put_all(f, 4);
        const auto lease = begin(f, "a");
        auto s = step(lease);
        s.observations = {observation(f, 2, 2, ticket(f), State::archived), observation(f, 6, 2, ticket(f))};
        s.hints = keys(f, {3});
        s.ranges.push_back(range(f, 0, 0, ticket(f), {1, 6}));
        const auto later = take(f, std::move(s));
        expect(later.missing == keys(f, {4}), "a row that is gone is not missing, one that was marked neither");
    }

    static void several_ranges(Fixture& f) {
        put_all(f, 6);
        const auto lease = begin(f, "a");
        const Ticket early = ticket(f);
        put(f, 2, 3);
        put(f, 5, 3);
        const Ticket late = ticket(f);
        auto s = step(lease);
        s.ranges = {range(f, 4, 0, late, {6}), range(f, 0, 4, early, {3})};
        expect(take(f, std::move(s)).missing == keys(f, {4, 5, 1}), "by range, each as of its own list");
    }
};

} // namespace understudy::testing
