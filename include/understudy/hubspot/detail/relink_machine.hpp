#pragma once

#include <understudy/hubspot/detail/associations_machine.hpp>
#include <understudy/hubspot/detail/batches.hpp>
#include <understudy/hubspot/detail/operation_probe.hpp>
#include <understudy/hubspot/detail/record_assembler.hpp>
#include <understudy/hubspot/detail/write_machine.hpp>
#include <understudy/hubspot/object_params.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::hubspot::detail {

/// A link of a record, by its place, and the records that it is to hold.
struct LinkWrite {
    std::size_t place = 0;
    std::vector<std::string> ids{};
};

/// A record whose links are to be changed.
struct LinkRow {
    std::string id{};
    std::vector<LinkWrite> links{};
};

/// Changes the links of any number of records: reads what is there, makes what is missing, ends what is too much.
///
/// New associations come first: a record whose links cannot be changed keeps those that it has. What a batch's answer
/// does not confirm is sent again in a smaller one, for making an association twice does no harm; a pair that is alone
/// is refused by what is said of it.
class RelinkMachine : public Machine {
public:
    static constexpr std::size_t batch_size = 1'000;

    RelinkMachine(const std::string& type, std::vector<LinkParams> links, std::size_t& association_batch,
                  std::vector<LinkRow> rows)
        : links_{std::move(links)} {
        for (auto& row : rows) {
            auto& slot = slots_.emplace_back(std::move(row));
            const auto& id = slot.row.id;
            bool good = may_be_id(id);
            for (const auto& link : slot.row.links)
                good = good && std::ranges::all_of(link.ids, may_be_id);
            if (!good) {
                slot.settle(WriteState::refused, Errc::invalid_argument);
                continue;
            }
            slot.asked = records_.ask(id, {});
            for (const auto& link : slot.row.links) {
                const auto& params = links_[link.place];
                auto& way = ways_.try_emplace(link.place, type, params, association_batch, problems_).first->second;
                way.now.want(id);
                for (const auto& to : link.ids)
                    if (const auto [at, added] = way.asked.try_emplace(to); added)
                        at->second = way.others.ask(to, {});
            }
        }
    }

    std::string_view verb() const noexcept override { return "associate"; }

    std::optional<AnyCall> next() override {
        for (;;) {
            if (auto call = stage_ == Stage::reading ? read() : write()) {
                ++outstanding_;
                std::visit([this](auto& made) { count(made.answer); }, *call);
                return call;
            }
            if (outstanding_ > 0 || stage_ == Stage::done)
                return std::nullopt;
            advance();
        }
    }

    static error_code error() noexcept { return {}; }

protected:
    struct Slot {
        explicit Slot(LinkRow given)
            : row{std::move(given)}
            , id{row.id} {}

        LinkRow row;
        /// The survivor if the record was merged away.
        std::string id;
        WriteState state = WriteState::applied;
        error_code error{};
        bool settled = false;
        std::size_t asked = 0;
        // Of the pairs.
        std::vector<std::size_t> made{};
        std::vector<std::size_t> ended{};

        void settle(WriteState to, error_code why) {
            state = to;
            error = why;
            settled = true;
        }
    };

    /// Once there is nothing left to call.
    const std::deque<Slot>& slots() const noexcept { return slots_; }

private:
    enum class Stage : std::uint8_t { reading, making, ending, done };
    // What is read for one link.
    struct Way {
        Way(const std::string& type, const LinkParams& link, std::size_t& batch, std::vector<ErrorDetail>& problems)
            : now{type, link.to, link.type_id, batch, problems}
            , others{{}, link.to} {}

        AssociationsMachine now;
        OperationProbe others;
        std::map<std::string, std::size_t> asked{};
    };
    // An association to be made or ended.
    struct Pair {
        std::size_t place;
        std::string from;
        std::string to;
        WriteState state = WriteState::unsent;
        error_code error{};
    };
    struct Batch {
        std::size_t place;
        bool connect;
        std::vector<std::size_t> pairs;
    };

    template<class Result>
    void count(Answer<Result>& answer) {
        answer = [this, inner = std::move(answer)](error_code error, Result result) {
            --outstanding_;
            inner(error, std::move(result));
        };
    }

    std::optional<AnyCall> read() {
        if (auto call = records_.next())
            return call;
        for (auto& [place, way] : ways_) {
            if (auto call = way.now.next(true))
                return call;
            if (auto call = way.others.next())
                return call;
        }
        return std::nullopt;
    }

    std::optional<AnyCall> write() {
        if (work_.empty())
            return std::nullopt;
        auto batch = std::move(work_.front());
        work_.pop_front();
        const auto& link = links_[batch.place];
        Connect call{batch.connect, link.to, {link.category, link.type_id, {}}, {}, {}};
        for (const auto at : batch.pairs)
            call.pairs.push_back({pairs_[at].from, pairs_[at].to});
        call.answer = [this, batch = std::move(batch)](error_code error, const ConnectionsAnswer& answer) {
            if (error)
                on_failure(batch, error);
            else
                on_answer(batch, answer);
        };
        return call;
    }

    void advance() {
        for (auto& slot : slots_)
            if (slot.settled)
                continue;
            else if (stage_ == Stage::reading)
                on_read(slot);
            else if (stage_ == Stage::making)
                on_made(slot);
            else
                on_ended(slot);
        stage_ = static_cast<Stage>(static_cast<std::uint8_t>(stage_) + 1);
    }

    // The record that is meant; it may have been merged into another.
    static bool is_there(const Finding& finding) { return !finding.id.empty() && !finding.archived; }

    void on_read(Slot& slot) {
        const auto& own = records_.finding(slot.asked);
        if (own.error)
            return slot.settle(WriteState::unsent, own.error);
        if (!is_there(own))
            return slot.settle(WriteState::refused, Errc::refused);
        if (own.id != slot.id) {
            slot.id = own.id;
            return slot.settle(WriteState::merged, {});
        }
        error_code failed;
        for (auto& link : slot.row.links) {
            const auto& way = ways_.at(link.place);
            for (auto& id : link.ids) {
                const auto& other = way.others.finding(way.asked.at(id));
                if (!other.error && !is_there(other))
                    return slot.settle(WriteState::refused, Errc::refused);
                failed = other.error ? other.error : failed;
                id = other.id;
            }
            if (const auto& now = way.now.list(slot.id); now.error)
                failed = now.error;
        }
        if (failed)
            return slot.settle(WriteState::unsent, failed);
        for (const auto& link : slot.row.links)
            for (const auto& id : missing(link.ids, now(slot, link)))
                slot.made.push_back(queue(slot, link.place, true, id));
    }

    void on_made(Slot& slot) {
        const auto is = [this](WriteState state) {
            return [this, state](auto at) { return pairs_[at].state == state; };
        };
        if (std::ranges::all_of(slot.made, is(WriteState::applied))) {
            for (const auto& link : slot.row.links)
                for (const auto& id : missing(now(slot, link), link.ids))
                    slot.ended.push_back(queue(slot, link.place, false, id));
            return;
        }
        for (const auto state : {WriteState::unknown, WriteState::refused, WriteState::unsent}) {
            const auto at = std::ranges::find_if(slot.made, is(state));
            if (at == slot.made.end())
                continue;
            slot.state = state;
            slot.error = pairs_[*at].error;
            break;
        }
        if (slot.state == WriteState::unknown)
            return slot.settle(slot.state, slot.error);
        for (const auto at : slot.made)
            if (is(WriteState::applied)(at))
                slot.ended.push_back(queue(slot, pairs_[at].place, false, pairs_[at].to));
    }

    void on_ended(Slot& slot) {
        for (const auto at : slot.ended)
            if (pairs_[at].state != WriteState::applied)
                return slot.settle(WriteState::unknown, pairs_[at].error);
        slot.settled = true;
    }

    const std::vector<std::string>& now(const Slot& slot, const LinkWrite& link) const {
        return ways_.at(link.place).now.list(slot.id).ids;
    }

    // What is to be there, once each, and is not.
    static std::vector<std::string> missing(std::vector<std::string> wanted, const std::vector<std::string>& there) {
        std::ranges::sort(wanted, id_less);
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        std::erase_if(wanted, [&](const auto& id) { return std::ranges::find(there, id) != there.end(); });
        return wanted;
    }

    std::size_t queue(const Slot& slot, std::size_t place, bool connect, const std::string& to) {
        pairs_.push_back({place, slot.id, to});
        if (stopped_) {
            pairs_.back().error = stopped_;
            return pairs_.size() - 1;
        }
        auto open = std::ranges::find_if(work_, [&](const Batch& batch) {
            return batch.place == place && batch.connect == connect && batch.pairs.size() < batch_size;
        });
        if (open == work_.end())
            open = work_.insert(work_.end(), {place, connect, {}});
        open->pairs.push_back(pairs_.size() - 1);
        return pairs_.size() - 1;
    }

    void settle(const std::vector<std::size_t>& pairs, WriteState state, error_code error) {
        for (const auto at : pairs) {
            // What an answer left open stays so if it is not sent again.
            if (state != WriteState::unsent || pairs_[at].state != WriteState::unknown)
                pairs_[at].state = state;
            pairs_[at].error = error;
        }
    }

    void again(const Batch& batch, const std::vector<std::vector<std::size_t>>& pieces) {
        for (const auto& pairs : pieces)
            if (stopped_)
                settle(pairs, WriteState::unsent, stopped_);
            else
                work_.push_back({batch.place, batch.connect, pairs});
    }

    void on_failure(const Batch& batch, error_code error) {
        if (is_refusal(error) && batch.pairs.size() > 1)
            return again(batch, halves_of(batch.pairs));
        settle(batch.pairs, state_after(error), error);
        if (!is_refusal(error))
            stop(error);
    }

    // A failure that the next call would meet as well.
    void stop(error_code error) {
        stopped_ = error;
        for (const auto& batch : std::exchange(work_, {}))
            again(batch, {batch.pairs});
    }

    void on_answer(const Batch& batch, const ConnectionsAnswer& answer) {
        error_code said;
        for (const auto& entry : answer.errors) {
            // What is not there need not be ended.
            const auto error = entry.error || !batch.connect ? entry.error : error_code{Errc::refused};
            said = said ? said : error;
            if (error)
                problems_.push_back(problem_of(entry, error));
        }
        std::vector<std::size_t> rest;
        for (const auto at : batch.pairs) {
            auto& pair = pairs_[at];
            const bool confirmed =
                batch.connect ? std::ranges::any_of(answer.made,
                                                    [&](const auto& made) {
                                                        return made.from_id == pair.from && made.to_id == pair.to;
                                                    })
                              : !said;
            pair.state = confirmed ? WriteState::applied : WriteState::unknown;
            pair.error = confirmed ? error_code{} : error_code{Errc::malformed_answer};
            if (!confirmed)
                rest.push_back(at);
        }
        if (rest.empty())
            return;
        if (batch.pairs.size() > 1)
            again(batch, rest.size() < batch.pairs.size() ? pieces_of(rest, rest.size()) : halves_of(rest));
        else if (said)
            settle(rest, state_after(said), said);
    }

    const std::vector<LinkParams> links_;
    OperationProbe records_{{}};
    std::map<std::size_t, Way> ways_;
    std::deque<Slot> slots_;
    std::deque<Pair> pairs_;
    std::deque<Batch> work_;
    Stage stage_ = Stage::reading;
    std::size_t outstanding_ = 0;
    error_code stopped_{};
};

/// The changes of links in a store of such records.
template<HubspotRecord R>
class RelinkMachineOf final : public RelinkMachine {
public:
    using signature = WriteSignature<R>;

    RelinkMachineOf(Portal<R>& portal, std::vector<LinkRow> rows)
        : RelinkMachine{portal.object.object_type,
                        {portal.object.links().begin(), portal.object.links().end()},
                        portal.association_batch,
                        std::move(rows)} {}

    std::vector<WriteOutcome<R>> result() const {
        std::vector<WriteOutcome<R>> outcomes;
        for (const auto& slot : slots()) {
            auto& outcome = outcomes.emplace_back();
            outcome.state = slot.state;
            outcome.error = slot.error;
            if (slot.state == WriteState::applied || slot.state == WriteState::merged)
                outcome.id = PropertyCodec<key_t<R>>::read(slot.id).value_or(key_t<R>{});
        }
        return outcomes;
    }
};

} // namespace understudy::hubspot::detail
