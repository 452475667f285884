#pragma once

#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What `JournalConformance` and `JournalRecoveryConformance` ask of a journal; see there.
template<class Fixture>
class JournalDriver {
protected:
    using J = std::remove_reference_t<decltype(std::declval<Fixture&>().journal())>;
    using Settlement = typename J::settlement_type;
    using Kind = Admitted::Kind;
    static_assert(Journal<J>);

    static constexpr bool has_reservations = requires(Fixture f) { f.reservation(); };

    static Intent intent(std::string id, std::vector<std::string> keys, std::string plan = {}) {
        Intent i;
        i.request = "request of " + id;
        i.id = std::move(id);
        i.kind = "test";
        i.keys = std::move(keys);
        i.plan = std::move(plan);
        return i;
    }
    static Decision decision(const std::string& id, Fence fence, std::string plan, std::string reservation = {}) {
        Decision d;
        d.id = id;
        d.fence = fence;
        d.plan = std::move(plan);
        d.reservation = std::move(reservation);
        return d;
    }
    static Ending ending(const std::string& id, Fence fence, OperationState state = OperationState::done,
                         std::string plan = "carried out", std::string cause = {}) {
        Ending e;
        e.id = id;
        e.fence = fence;
        e.state = state;
        e.plan = std::move(plan);
        e.cause = std::move(cause);
        return e;
    }

    static std::chrono::milliseconds open(Fixture& f, J& journal) { return f.await(journal.async_renew()); }

    static std::vector<Admitted> begin(Fixture& f, J& journal, const std::vector<Intent>& intents) {
        auto admitted = f.await(journal.async_begin(intents));
        expect(admitted.size() == intents.size(), "every intent is answered");
        return admitted;
    }
    static Admitted begin(Fixture& f, J& journal, const Intent& one) {
        return begin(f, journal, std::vector{one}).front();
    }
    // Begins an operation that nobody is before.
    static Fence grant(Fixture& f, J& journal, const Intent& one) {
        const auto admitted = begin(f, journal, one);
        expect(admitted.kind == Kind::granted, "an operation that nobody is before is granted");
        return admitted.fence;
    }
    static Fence queue(Fixture& f, J& journal, const Intent& one) {
        const auto admitted = begin(f, journal, one);
        expect(admitted.kind == Kind::queued, "an operation that others are before waits");
        return admitted.fence;
    }
    static Verdict decide(Fixture& f, J& journal, const Decision& one) {
        const auto verdicts = f.await(journal.async_decide(std::vector{one}));
        expect(verdicts.size() == 1, "every decision is answered");
        return verdicts.front();
    }
    static std::vector<bool> end(Fixture& f, J& journal, const std::vector<Ending>& endings,
                                 const std::vector<Settlement>& settlements = {}) {
        auto ended = f.await(journal.async_end(endings, settlements));
        expect(ended.size() == endings.size(), "every ending is answered");
        return ended;
    }
    static void expect_ends(Fixture& f, J& journal, const Ending& one) {
        expect(end(f, journal, std::vector{one}).front(), "the holder ends its operation");
    }
    static bool is_first(Fixture& f, J& journal, const std::string& id) {
        const auto first = f.await(journal.async_ask(std::vector{id}));
        expect(first.size() == 1, "every question is answered");
        return first.front();
    }
    // What the journal knows of an operation.
    static JournalEntry entry(Fixture& f, J& journal, const std::string& id) {
        const auto admitted = begin(f, journal, intent(id, {}));
        expect(admitted.kind == Kind::known && admitted.known.intent.id == id, "the operation is known");
        return admitted.known;
    }
    static std::vector<JournalEntry> take(Fixture& f, J& journal, std::size_t limit = 100) {
        return f.await(journal.async_take_over(limit));
    }
    static std::vector<JournalEntry> list_dead(Fixture& f, J& journal) { return f.await(journal.async_list_dead(100)); }
    static std::size_t count(Fixture& f, J& journal) { return f.await(journal.async_count()); }

    template<class Call>
    static boost::system::error_code error_of(Call&& call) {
        try {
            call();
        } catch (const boost::system::system_error& error) {
            return error.code();
        }
        return {};
    }
    template<class Call>
    static void expect_lease_lost(Call&& call, std::string_view what) {
        expect(error_of(call) == Errc::lease_lost, what);
    }

    // The journal's own session dies, and another one takes its place.
    static J successor(Fixture& f) {
        f.let_lease_lapse();
        auto other = f.another_session();
        open(f, other);
        return other;
    }
};

} // namespace understudy::testing
