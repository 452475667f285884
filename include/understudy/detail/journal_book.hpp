#pragma once

#include <understudy/journal.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// The rules of a journal that has all its operations in memory: who is before whom, who holds what. Time counts from
// any fixed point of a monotonic clock.
class JournalBook {
public:
    using Instant = std::chrono::nanoseconds;

    // A session: whoever holds an operation points to it.
    struct Session {
        Instant until{0};
    };
    using SessionPtr = std::shared_ptr<Session>;

    using Place = std::uint64_t;
    struct Operation {
        JournalEntry entry{};
        Place place = 0;
        SessionPtr holder{}; // nobody if it is dead, was replayed, or is finished
        Instant since{0};    // when it became dead or was finished
        std::string reservation{};
        bool reserved = false;
    };

    // Is told of each operation before it changes; of one that begins, that there was none.
    using Watch = std::function<void(const std::string& id, const Operation* before)>;

    // Says what is wrong with a reservation beside those that are held; nothing if it is to be had.
    using Reserve = std::function<std::string(const std::vector<std::string>& held, const std::string& wanted)>;

    JournalBook(std::chrono::milliseconds lease, std::chrono::milliseconds retention, Reserve reserve)
        : lease_{lease}
        , retention_{retention}
        , reserve_{std::move(reserve)} {}

    void watch(Watch watch) { watch_ = std::move(watch); }

    const Operation* find(const std::string& id) const {
        const auto it = operations_.find(id);
        return it == operations_.end() ? nullptr : &it->second;
    }

    // Makes an operation what it was once; without a state there is none.
    void put_back(const std::string& id, const Operation* state) {
        if (const auto it = operations_.find(id); it != operations_.end()) {
            if (unfinished_.contains(it->second.place))
                leave_lines(it->second);
            else
                std::erase_if(finished_, [&](const auto& finished) { return finished.second == id; });
            operations_.erase(it);
        }
        if (!state)
            return;
        Operation& operation = operations_[id] = *state;
        last_place_ = std::max(last_place_, operation.place);
        if (operation.entry.state == OperationState::done || operation.entry.state == OperationState::undone) {
            const auto later = [](Instant since, const auto& finished) { return since < finished.first; };
            finished_.emplace(std::upper_bound(finished_.begin(), finished_.end(), operation.since, later),
                              operation.since, id);
        } else {
            join_lines(operation);
        }
    }

    std::chrono::milliseconds lease() const noexcept { return lease_; }

    static bool alive(const SessionPtr& session, Instant now) { return session && now < session->until; }

    // Opens a session where there is none. False if the lease had run out: the session is over.
    bool renew(SessionPtr& session, Instant now) const {
        if (!session) {
            session = std::make_shared<Session>();
        } else if (!alive(session, now)) {
            session.reset();
            return false;
        }
        session->until = now + lease_;
        return true;
    }

    Admitted begin(const SessionPtr& session, Intent intent, Instant now) {
        forget_finished(now);
        Admitted admitted;
        if (const auto it = operations_.find(intent.id); it != operations_.end()) {
            const bool same = it->second.entry.intent.request == intent.request;
            admitted.kind = same ? Admitted::Kind::known : Admitted::Kind::mistaken;
            admitted.fence = it->second.entry.fence;
            admitted.known = it->second.entry;
            return admitted;
        }
        touch(intent.id);
        Operation& operation = operations_[intent.id];
        operation.entry.state = intent.plan.empty() ? OperationState::open : OperationState::planned;
        operation.entry.intent = std::move(intent);
        operation.entry.fence = Fence{1};
        operation.place = ++last_place_;
        operation.holder = session;
        join_lines(operation);
        admitted.kind = is_first(operation) ? Admitted::Kind::granted : Admitted::Kind::queued;
        admitted.fence = operation.entry.fence;
        return admitted;
    }

    understudy::Verdict decide(const SessionPtr& session, Decision decision) {
        understudy::Verdict verdict;
        Operation* operation = held(session, decision.id, decision.fence);
        if (!operation)
            return verdict;
        if (!operation->reserved && !decision.reservation.empty()) {
            if (reserve_)
                verdict.objection = reserve_(reservations(), decision.reservation);
            if (!verdict.objection.empty()) {
                verdict.kind = understudy::Verdict::Kind::objected;
                return verdict;
            }
        }
        touch(decision.id);
        if (!operation->reserved)
            operation->reservation = std::move(decision.reservation);
        operation->reserved = true;
        operation->entry.intent.plan = std::move(decision.plan);
        operation->entry.state = OperationState::planned;
        verdict.kind = understudy::Verdict::Kind::recorded;
        return verdict;
    }

    bool holds(const SessionPtr& session, const std::string& id, Fence fence) {
        return held(session, id, fence) != nullptr;
    }

    // The operation is the session's.
    void end(const SessionPtr& session, Ending ending, Instant now) {
        touch(ending.id);
        Operation& operation = operations_.at(ending.id);
        operation.entry.intent.plan = std::move(ending.plan);
        operation.entry.cause = std::move(ending.cause);
        if (ending.state == OperationState::dead) {
            operation.entry.state = OperationState::dead;
            operation.holder.reset();
            operation.since = now;
        } else {
            finish(operation, ending.state, now);
        }
        for (auto& follower : ending.followers)
            begin(session, std::move(follower), now);
    }

    bool is_first(const SessionPtr& session, const std::string& id) const {
        const auto it = operations_.find(id);
        return it != operations_.end() && it->second.holder && it->second.holder == session && is_first(it->second);
    }

    std::vector<JournalEntry> take_over(const SessionPtr& session, std::size_t limit, Instant now) {
        std::vector<Operation*> left;
        for (const auto& [place, operation] : unfinished_)
            if (operation->entry.state != OperationState::dead && !alive(operation->holder, now))
                left.push_back(operation);
        std::erase_if(left, [&](Operation* operation) {
            if (operation->entry.state != OperationState::open)
                return false;
            touch(operation->entry.intent.id);
            forget(*operation);
            return true;
        });
        std::vector<JournalEntry> taken;
        for (Operation* operation : left) {
            if (taken.size() >= limit)
                break;
            // Whoever is not first stays with nobody, or nobody would hear of its turn.
            if (!is_first(*operation))
                continue;
            const Instant since = operation->holder ? operation->holder->until : operation->since;
            touch(operation->entry.intent.id);
            operation->entry.fence = Fence{static_cast<std::uint64_t>(operation->entry.fence) + 1};
            operation->holder = session;
            taken.push_back(operation->entry);
            taken.back().silent_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - since);
        }
        return taken;
    }

    std::vector<JournalEntry> dead(std::size_t limit, Instant now) const {
        std::vector<JournalEntry> entries;
        for (const auto& [place, operation] : unfinished_)
            if (operation->entry.state == OperationState::dead && entries.size() < limit) {
                auto& entry = entries.emplace_back(operation->entry);
                entry.silent_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - operation->since);
            }
        return entries;
    }

    bool replay(const std::string& id) {
        Operation* operation = dead(id);
        if (operation) {
            touch(id);
            operation->entry.state = OperationState::planned;
        }
        return operation;
    }

    bool drop(const std::string& id, Instant now) {
        Operation* operation = dead(id);
        if (operation) {
            touch(id);
            finish(*operation, OperationState::undone, now);
        }
        return operation;
    }

    // Those that are dead wait for somebody, not for us.
    std::size_t unfinished() const {
        std::size_t count = 0;
        for (const auto& [place, operation] : unfinished_)
            count += operation->entry.state != OperationState::dead;
        return count;
    }

private:
    void touch(const std::string& id) {
        if (watch_)
            watch_(id, find(id));
    }

    bool is_first(const Operation& operation) const {
        for (const auto& key : operation.entry.intent.keys)
            if (*lines_.at(key).begin() != operation.place)
                return false;
        return true;
    }

    Operation* held(const SessionPtr& session, const std::string& id, Fence fence) {
        const auto it = operations_.find(id);
        const bool ours =
            it != operations_.end() && session && it->second.holder == session && it->second.entry.fence == fence;
        return ours ? &it->second : nullptr;
    }

    Operation* dead(const std::string& id) {
        const auto it = operations_.find(id);
        return it != operations_.end() && it->second.entry.state == OperationState::dead ? &it->second : nullptr;
    }

    std::vector<std::string> reservations() const {
        std::vector<std::string> all;
        for (const auto& [place, operation] : unfinished_)
            if (!operation->reservation.empty())
                all.push_back(operation->reservation);
        return all;
    }

    void join_lines(Operation& operation) {
        unfinished_[operation.place] = &operation;
        for (const auto& key : operation.entry.intent.keys)
            lines_[key].insert(operation.place);
    }

    void leave_lines(Operation& operation) {
        for (const auto& key : operation.entry.intent.keys) {
            const auto it = lines_.find(key);
            it->second.erase(operation.place);
            if (it->second.empty())
                lines_.erase(it);
        }
        unfinished_.erase(operation.place);
        operation.holder.reset();
    }

    void forget(Operation& operation) {
        leave_lines(operation);
        operations_.erase(operations_.find(operation.entry.intent.id));
    }

    void finish(Operation& operation, OperationState state, Instant now) {
        // Nothing was ever sent for it: whoever asks again begins anew.
        if (state == OperationState::undone && operation.entry.intent.plan.empty())
            return forget(operation);
        leave_lines(operation);
        operation.entry.state = state;
        operation.since = now;
        finished_.emplace_back(now, operation.entry.intent.id);
    }

    void forget_finished(Instant now) {
        for (; !finished_.empty() && finished_.front().first + retention_ <= now; finished_.pop_front())
            operations_.erase(finished_.front().second);
    }

    std::chrono::milliseconds lease_;
    std::chrono::milliseconds retention_;
    Reserve reserve_;
    Watch watch_;
    Place last_place_ = 0;
    std::unordered_map<std::string, Operation> operations_;
    std::map<Place, Operation*> unfinished_;
    std::unordered_map<std::string, std::set<Place>> lines_;
    std::deque<std::pair<Instant, std::string>> finished_;
};

} // namespace understudy::detail
