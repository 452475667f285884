#pragma once

#include <understudy/detail/deadline.hpp>
#include <understudy/detail/read_machine.hpp>
#include <understudy/store.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Replica's rows, then its notes of absence, then a search.
template<class Core, IndexTag By>
class ExistsOperation {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;

    ExistsOperation(std::shared_ptr<Core> core, Value value, const ReadOptions& options)
        : core_{std::move(core)}
        , value_{std::move(value)}
        , options_{options} {}

    template<class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        auto core = core_;
        std::vector<Value> values(1, value_);
        core->primary.template async_lookup<By>(std::move(values), std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, Rows<R> found) {
        if (is_cancelled(self))
            return;
        if (!error && !found.rows.empty()) {
            const Row<R>& row = found.rows.front();
            if (row.state == State::live)
                return self.complete({}, true);
            if (judge(row, options_.freshness, core_->params, core_->sees_every_write) == Verdict::negative_hit) {
                ++core_->stats.negative_hits;
                return self.complete({}, false);
            }
            ticket_ = found.ticket;
        }
        if (core_->closed)
            return self.complete(Errc::shutting_down, false);
        auto core = core_;
        std::vector<Value> values(1, value_);
        ReadOptions options = options_;
        options.timeout = time_until<typename Core::Timer::clock_type>(deadline_);
        core->fallback.template async_search<By>(std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<std::vector<Candidate<R>>> candidates) {
        if (is_cancelled(self))
            return;
        if (!error && candidates.size() != 1)
            error = Errc::malformed_answer;
        if (error)
            return self.complete(error, false);
        if (!candidates.front().empty()) {
            if (ticket_ != no_ticket) {
                std::vector<key_t<R>> ids;
                for (auto& candidate : candidates.front())
                    ids.push_back(std::move(candidate.id));
                core_->prefetch(ids, ticket_, options_);
            }
            return self.complete({}, true);
        }
        if (ticket_ == no_ticket)
            return self.complete({}, false);
        auto core = core_;
        std::vector<Value> values(1, value_);
        core->primary.template async_note_absent<By>(std::move(values), ticket_, std::chrono::milliseconds{0},
                                                     std::move(self));
    }

    // A note that could not be written, or was contradicted meanwhile, does not change what the search said.
    template<class Self>
    void operator()(Self& self, boost::system::error_code error, const std::vector<Applied>&) {
        if (is_cancelled(self))
            return;
        if (error)
            ++core_->stats.populate_failures;
        self.complete({}, false);
    }

private:
    template<class Self>
    bool is_cancelled(Self& self) {
        if (self.cancelled() == boost::asio::cancellation_type::none)
            return false;
        self.complete(boost::asio::error::operation_aborted, false);
        return true;
    }

    std::shared_ptr<Core> core_;
    Value value_;
    ReadOptions options_;
    typename Core::Timer::time_point deadline_ = deadline_after<typename Core::Timer::clock_type>(options_.timeout);
    Ticket ticket_ = no_ticket;
};

} // namespace understudy::detail
