#pragma once

#include <understudy/pass_step.hpp>
#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/contended.hpp>
#include <understudy/postgres/detail/open_observations.hpp>
#include <understudy/postgres/detail/pass_sql.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/store_params.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// The passes of a reconciler over one table.
template<Mirrored R>
class PassDesk : public std::enable_shared_from_this<PassDesk<R>> {
public:
    struct BeginCall : Call<PassLease> {};
    struct StepCall : Call<PassStepped<R>> {
        PassStep<R> step; // its observations are `open`
        OpenObservations<R> open;
        int attempts = 0;
    };
    struct EndCall : Call<Nothing> {};

    PassDesk(Pool pool, const StoreParams& params, const TableSql<R>& table)
        : pool_{std::move(pool)}
        , attempts_{params.attempts}
        , apply_{statement(table.apply())}
        , hint_{statement(table.hint())} {
        const PassSql<R> sql{table, pool_.params().schema};
        begin_ = statement(sql.begin());
        hold_ = statement(sql.hold());
        end_ = statement(sql.end());
        lock_ = statement(sql.lock());
        missing_ = statement(sql.missing());
    }

    void begin(const std::shared_ptr<BeginCall>& call, const std::string& pass, const std::string& holder,
               std::chrono::milliseconds lease) {
        pool_.async_execute(begin_, Parameters::of(pass, holder, std::int64_t{lease.count()}), {},
                            [call](error_code ec, const Result& result) {
                                if (call->done)
                                    return;
                                PassLease granted;
                                std::int64_t fence = 0;
                                std::int64_t live = 0;
                                if (!ec && result.rows() == 0)
                                    ec = Errc::lease_held;
                                else if (!ec && !(result.get(0, 0, fence) && result.get(0, 1, granted.position) &&
                                                  result.get(0, 2, live)))
                                    ec = ClientErrc::bad_answer;
                                granted.fence = static_cast<std::uint64_t>(fence);
                                granted.live_rows = static_cast<std::size_t>(live);
                                call->finish(ec, ec ? PassLease{} : std::move(granted));
                            });
    }

    void step(std::shared_ptr<StepCall> call, PassStep<R> step) {
        call->open.take(std::move(step.observations));
        std::sort(step.hints.begin(), step.hints.end());
        step.hints.erase(std::unique(step.hints.begin(), step.hints.end()), step.hints.end());
        call->step = std::move(step);
        send(std::move(call));
    }

    void end(const std::shared_ptr<EndCall>& call, const std::string& pass, std::uint64_t fence,
             const std::string& position) {
        pool_.async_execute(end_, Parameters::of(pass, static_cast<std::int64_t>(fence), position), {},
                            [call](error_code ec, const Result& result) {
                                if (call->done)
                                    return;
                                if (!ec && result.affected() == 0)
                                    ec = Errc::lease_lost;
                                call->finish(ec, {});
                            });
    }

private:
    using StatementPtr = std::shared_ptr<const Statement>;

    // Which of a step's results says what; 0 is whether the pass is still theirs.
    struct Places {
        std::size_t applied = 0;
        std::size_t hinted = 0;
        std::size_t missing = 0;
    };

    static StatementPtr statement(std::string text) { return std::make_shared<const Statement>(std::move(text)); }

    void send(std::shared_ptr<StepCall> call) {
        const auto& step = call->step;
        const auto& open = call->open;
        std::vector<Command> commands;
        const auto add = [&](const StatementPtr& text, Parameters parameters) {
            commands.push_back({text, std::move(parameters)});
            return commands.size() - 1;
        };
        Places at;
        add(hold_, Parameters::of(step.pass, static_cast<std::int64_t>(step.fence), std::int64_t{step.lease.count()},
                                  step.position));
        if (!open.observations.empty() && !step.hints.empty()) {
            auto keys = step.hints;
            for (const auto& observation : open.observations)
                keys.push_back(observation.key);
            add(lock_, Parameters::of(keys));
        }
        if (!open.observations.empty()) {
            typename RowCodec<R>::Observations parameters;
            open.add_to(parameters, OpenObservations<R>::Clock::now());
            at.applied = add(apply_, std::move(parameters).finish());
        }
        if (!step.hints.empty())
            at.hinted = add(hint_, Parameters::of(step.hints));
        if (!step.ranges.empty())
            at.missing = add(missing_, ranges_of(step));
        pool_.async_execute(std::move(commands), {},
                            [self = this->shared_from_this(), call = std::move(call),
                             at](error_code ec, const std::vector<Result>& results) mutable {
                                self->stepped(std::move(call), at, ec, results);
                            });
    }

    static Parameters ranges_of(const PassStep<R>& step) {
        ArrayBuilder<key_t<R>> first;
        ArrayBuilder<key_t<R>> beyond;
        ArrayBuilder<std::int64_t> tickets;
        ArrayBuilder<key_t<R>> listed;
        for (const auto& range : step.ranges) {
            first.add(range.from);
            beyond.add(range.until);
            tickets.add(static_cast<std::int64_t>(range.ticket));
            for (const auto& key : range.keys)
                listed.add(key);
        }
        Parameters parameters;
        parameters.add(std::move(first)).add(std::move(beyond)).add(std::move(tickets)).add(std::move(listed));
        return parameters;
    }

    void stepped(std::shared_ptr<StepCall> call, Places at, error_code ec, const std::vector<Result>& results) {
        if (call->done)
            return;
        if (is_sqlstate(ec, "22P02") && results.size() == 1)
            ec = Errc::lease_lost;
        ec = contended_if_lost(ec);
        std::vector<key_t<R>> missing;
        if (!ec)
            ec = read(*call, at, results, missing);
        if (!ec && !(call->open.observations.empty() && call->step.hints.empty()))
            ec = Errc::contended;
        if (ec == Errc::contended && ++call->attempts < attempts_)
            return send(std::move(call));
        PassStepped<R> answer;
        if (!ec)
            answer = {std::move(call->open.outcomes), std::move(missing)};
        call->finish(ec, std::move(answer));
    }

    // Takes over what was done; what lost against other transactions stays in the call.
    static error_code read(StepCall& call, Places at, const std::vector<Result>& results,
                           std::vector<key_t<R>>& missing) {
        if (at.applied > 0) {
            ApplySteps steps;
            if (const auto ec = read_steps(results[at.applied], call.open.observations.size(), steps))
                return ec;
            call.open.settle(steps);
        }
        if (at.hinted > 0) {
            std::vector<key_t<R>> hinted;
            if (!read_keys(results[at.hinted], hinted))
                return ClientErrc::bad_answer;
            const std::set<key_t<R>> done{hinted.begin(), hinted.end()};
            std::erase_if(call.step.hints, [&](const auto& key) { return done.contains(key); });
        }
        if (at.missing > 0 && !read_keys(results[at.missing], missing))
            return ClientErrc::bad_answer;
        return {};
    }

    static bool read_keys(const Result& result, std::vector<key_t<R>>& keys) {
        keys.resize(result.rows());
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (!result.get(i, 0, keys[i]))
                return false;
        return true;
    }

    Pool pool_;
    int attempts_;
    StatementPtr apply_;
    StatementPtr hint_;
    StatementPtr begin_;
    StatementPtr hold_;
    StatementPtr end_;
    StatementPtr lock_;
    StatementPtr missing_;
};

} // namespace understudy::postgres::detail
