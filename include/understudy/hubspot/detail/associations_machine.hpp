#pragma once

#include <understudy/error.hpp>
#include <understudy/hubspot/detail/batches.hpp>
#include <understudy/hubspot/detail/calls.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

// The vendor's limit of one batch of the v4 and dated API ("Associate records"), and that of the older one, which some
// servers keep to (airbytehq/airbyte#48834).
inline constexpr std::size_t max_association_batch = 1'000;
inline constexpr std::size_t small_association_batch = 100;

// Ids are decimal numbers of any length.
inline bool id_less(std::string_view a, std::string_view b) noexcept {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// Reads the associations of any number of records with those of one other type, every list to its end.
///
/// Batches answer in no order and leave inputs out; an input that no answer accounts for is asked for by itself. A
/// batch that is refused may be too large or hold one bad input: it is sent again in hundreds, and these by halves. A
/// list is known whole or has failed.
class AssociationsMachine {
public:
    /// Inputs left out of one batch that are asked for by themselves.
    static constexpr std::size_t max_singles = 10;
    /// Batches that are divided, each into two, or into ten if it is large. One bad input in n has about log2 n of them
    /// divided; after so many it is not the inputs that are bad, and what is refused has failed.
    static constexpr std::size_t max_divisions = 50;

    struct List {
        /// Ascending by number, each once, once the list is known.
        std::vector<std::string> ids{};
        error_code error{};
    };

    /// Gets every id of the lists as it comes: whose list, and which id. May be empty.
    std::function<void(const std::string&, const std::string&)> on_id{};
    /// Says why nobody needs a record's list any more; success while somebody does. What is not needed when its turn
    /// comes is dropped: its list fails without being asked for. May be empty.
    std::function<error_code(const std::string&)> given_up{};

    /// Reads from `from` to `to`, associations of type `type_id` only unless that is 0. `batch` is how many inputs a
    /// call may carry, and is lowered for good when the server refuses as many but not the same in hundreds.
    AssociationsMachine(std::string from, std::string to, std::int64_t type_id, std::size_t& batch,
                        std::vector<ErrorDetail>& problems)
        : from_{std::move(from)}
        , to_{std::move(to)}
        , type_id_{type_id}
        , batch_{batch}
        , problems_{problems} {}

    /// Asks for a record's associations, unless they are known or asked for already.
    void want(const std::string& id) {
        if (const auto [at, added] = lists_.try_emplace(id); added)
            ask(at->first, at->second);
    }
    /// What a record is associated with is known from elsewhere, unless it was asked for.
    void tell(const std::string& id, std::string only) {
        const auto [at, added] = lists_.try_emplace(id);
        if (!added)
            return;
        at->second.stage = Stage::known;
        at->second.told = true;
        at->second.list.ids = {std::move(only)};
    }
    /// What was told of a record, if anything was, is not relied upon: asks.
    void doubt(const std::string& id) {
        const auto at = lists_.find(id);
        if (at == lists_.end() || !std::exchange(at->second.told, false))
            return;
        at->second.list.ids.clear();
        ask(id, at->second);
    }

    /// A record's list is needed again, if it was dropped.
    void revive(const std::string& id) {
        const auto at = lists_.find(id);
        if (at == lists_.end() || !std::exchange(at->second.dropped, false))
            return;
        at->second.list = {};
        ask(id, at->second);
    }

    /// The next call to make. A batch that is not full waits for company unless told to `flush`.
    std::optional<AnyCall> next(bool flush) {
        while (!pages_.empty()) {
            auto page = std::move(pages_.front());
            pages_.pop_front();
            // A sample speaks for others as well.
            if (!page.sample && is_dropped(page.id))
                continue;
            ++outstanding_;
            ReadAssociationPage call{from_, to_, page.id, page.after, {}};
            call.answer = [this, page](error_code error, std::optional<Associations> answer) {
                on_page(page, error, std::move(answer));
            };
            return call;
        }
        Batch batch;
        while (batch.inputs.empty()) {
            if (work_.empty() && (wanted_.size() >= batch_ || (flush && !wanted_.empty())))
                work_.push_back({take_front(wanted_, batch_), {}});
            if (work_.empty())
                return std::nullopt;
            batch = std::move(work_.front());
            work_.pop_front();
            std::erase_if(batch.inputs, [this](const std::string& id) { return is_dropped(id); });
        }
        ++outstanding_;
        ReadAssociations call{from_, to_, batch.inputs, {}};
        call.answer = [this, batch = std::move(batch)](error_code error, AssociationsAnswer answer) {
            --outstanding_;
            if (batch.trial)
                learn(*batch.trial, error);
            if (error)
                on_failed_batch(batch.inputs, error);
            else
                on_batch(batch.inputs, std::move(answer));
        };
        return call;
    }

    /// Whether everything that was wanted is known or has failed.
    bool idle() const noexcept { return outstanding_ == 0 && wanted_.empty() && work_.empty() && pages_.empty(); }

    /// The list of a record that was wanted or told of; only once `idle`.
    const List& list(const std::string& id) const { return lists_.at(id).list; }

    /// Why nothing at all was learned; success if something was.
    error_code error() const noexcept { return answered_ ? error_code{} : stopped_; }

private:
    enum class Stage : std::uint8_t { asked, paging, known };
    struct Entry {
        Stage stage = Stage::asked;
        bool told = false;
        bool dropped = false;
        List list{};
    };
    // A large batch that was refused and goes again in hundreds: was it too large?
    struct Trial {
        std::size_t open = 0;
        bool failed = false;
    };
    struct Batch {
        std::vector<std::string> inputs;
        std::shared_ptr<Trial> trial{};
    };
    // Inputs that a batch left out, more than can be asked for one by one. Some servers leave out those without
    // associations, so it takes a sample to tell whether this is one of them or the answer is not to be believed.
    struct Sample {
        std::vector<std::string> rest{};
        std::size_t open = 0;
        error_code verdict{};
    };
    struct PageCall {
        std::string id;
        std::string after{};
        std::shared_ptr<Sample> sample{};
    };

    void ask(const std::string& id, Entry& entry) {
        entry.stage = Stage::asked;
        if (stopped_)
            fail(entry, stopped_);
        else
            wanted_.push_back(id);
    }

    bool is_dropped(const std::string& id) {
        const auto why = given_up ? given_up(id) : error_code{};
        if (!why)
            return false;
        auto& entry = lists_.at(id);
        entry.dropped = true;
        fail(entry, why);
        return true;
    }

    void on_batch(const std::vector<std::string>& asked, AssociationsAnswer answer) {
        answered_ = true;
        for (const auto& result : answer.results)
            if (const auto at = lists_.find(result.from_id); at != lists_.end() && !at->second.told)
                take(at->first, at->second, result);
        error_code unnamed;
        for (const auto& failure : answer.errors) {
            for (const auto& id : failure.ids)
                if (const auto at = lists_.find(id); at != lists_.end() && at->second.stage == Stage::asked) {
                    if (failure.error)
                        fail(at->second, failure.error);
                    else
                        at->second.stage = Stage::known;
                }
            if (failure.error && failure.ids.empty())
                unnamed = failure.error;
            if (failure.error)
                problems_.push_back(problem_of(failure, failure.error));
        }
        std::vector<std::string> left;
        for (const auto& id : asked)
            if (auto& entry = lists_.at(id); entry.stage == Stage::asked && unnamed)
                fail(entry, unnamed);
            else if (entry.stage == Stage::asked)
                left.push_back(id);
        ask_singly(std::move(left));
    }

    void on_failed_batch(const std::vector<std::string>& asked, error_code error) {
        const bool refused = error == Condition::refused;
        const bool large = asked.size() > small_association_batch;
        if (refused && asked.size() > 1 && !stopped_ && divisions_++ < max_divisions) {
            auto pieces = large ? pieces_of(asked, small_association_batch) : halves_of(asked);
            const auto trial = large ? std::make_shared<Trial>(Trial{pieces.size()}) : nullptr;
            for (auto& piece : pieces)
                work_.push_back({std::move(piece), trial});
            return;
        }
        for (const auto& id : asked)
            fail(lists_.at(id), refused && asked.size() > 1 && stopped_ ? stopped_ : error);
        if (!refused)
            stop(error);
    }

    void learn(Trial& trial, error_code error) {
        trial.failed = trial.failed || error;
        if (--trial.open == 0 && !trial.failed)
            batch_ = small_association_batch;
    }

    void ask_singly(std::vector<std::string> ids) {
        if (stopped_) {
            for (const auto& id : ids)
                fail(lists_.at(id), stopped_);
            return;
        }
        std::shared_ptr<Sample> sample;
        if (ids.size() > max_singles) {
            sample = std::make_shared<Sample>();
            sample->open = max_singles;
            sample->rest.assign(ids.begin() + max_singles, ids.end());
            ids.resize(max_singles);
        }
        for (auto& id : ids)
            pages_.push_back({std::move(id), {}, sample});
    }

    void on_page(const PageCall& call, error_code error, std::optional<Associations> answer) {
        --outstanding_;
        auto& entry = lists_.at(call.id);
        // A record that goes while its list is read has no list that could be told.
        if (!error && !answer && !call.after.empty())
            error = Errc::unavailable;
        // Else the same page for ever.
        if (!error && answer && answer->after && *answer->after == call.after)
            error = Errc::malformed_answer;
        if (error)
            fail(entry, error);
        else
            take(call.id, entry, answer.value_or(Associations{}));
        judge(call, error, answer && !answer->to.empty());
        if (error && error != Condition::refused)
            stop(error);
    }

    void judge(const PageCall& call, error_code error, bool has_some) {
        if (!call.sample)
            return;
        auto& sample = *call.sample;
        if (error || has_some)
            sample.verdict = error ? error : error_code{Errc::malformed_answer};
        if (--sample.open > 0)
            return;
        if (sample.verdict == Errc::malformed_answer) {
            ErrorDetail problem;
            problem.error = sample.verdict;
            problem.reason = "the answer to a batch of associations accounts for too few of its inputs";
            problems_.push_back(std::move(problem));
        }
        for (const auto& id : std::exchange(sample.rest, {}))
            if (sample.verdict)
                fail(lists_.at(id), sample.verdict);
            else
                lists_.at(id).stage = Stage::known;
    }

    void take(const std::string& id, Entry& entry, const Associations& page) {
        auto& ids = entry.list.ids;
        for (const auto& association : page.to)
            if (is_meant(association)) {
                ids.push_back(association.to_id);
                if (on_id)
                    on_id(id, association.to_id);
            }
        if (page.after && stopped_)
            return fail(entry, stopped_);
        if (page.after) {
            entry.stage = Stage::paging;
            pages_.push_back({id, *page.after, {}});
            return;
        }
        entry.stage = Stage::known;
        std::ranges::sort(ids, id_less);
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    }

    bool is_meant(const Association& association) const {
        const auto fits = [this](const AssociationType& type) { return type.type_id == type_id_; };
        return type_id_ == 0 || std::ranges::any_of(association.types, fits);
    }

    static void fail(Entry& entry, error_code error) {
        entry.stage = Stage::known;
        entry.list.error = error;
    }

    // A failure that the next call would meet as well.
    void stop(error_code error) {
        stopped_ = error;
        for (const auto& id : std::exchange(wanted_, {}))
            fail(lists_.at(id), error);
        for (const auto& batch : std::exchange(work_, {}))
            for (const auto& id : batch.inputs)
                fail(lists_.at(id), error);
        for (const auto& page : std::exchange(pages_, {})) {
            fail(lists_.at(page.id), error);
            judge(page, error, false);
        }
    }

    std::string from_;
    std::string to_;
    std::int64_t type_id_;
    std::size_t& batch_;
    std::vector<ErrorDetail>& problems_;
    std::map<std::string, Entry, std::less<>> lists_;
    std::deque<std::string> wanted_;
    std::deque<Batch> work_;
    std::deque<PageCall> pages_;
    std::size_t outstanding_ = 0;
    std::size_t divisions_ = 0;
    bool answered_ = false;
    error_code stopped_{};
};

} // namespace understudy::hubspot::detail
