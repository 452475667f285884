#pragma once

#include <understudy/postgres/detail/apply_queue.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/contended.hpp>
#include <understudy/postgres/detail/lease.hpp>
#include <understudy/postgres/detail/lookup_desk.hpp>
#include <understudy/postgres/detail/open_observations.hpp>
#include <understudy/postgres/detail/pass_desk.hpp>
#include <understudy/postgres/detail/record_lookup.hpp>
#include <understudy/postgres/detail/set_desk.hpp>
#include <understudy/postgres/detail/settle_desk.hpp>
#include <understudy/postgres/detail/table_sql.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/row_codec.hpp>
#include <understudy/postgres/store_params.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// What the handles of a store share: its statements, and the calls that wait for one.
template<Mirrored R>
class StoreState : public std::enable_shared_from_this<StoreState<R>> {
public:
    using Clock = std::chrono::steady_clock;

    struct ApplyCall : Call<std::vector<Applied>>, OpenObservations<R> {
        bool single = false;
        int attempts = 0;
    };
    struct NoteCall : Call<std::vector<Applied>> {};
    struct TicketCall : Call<Ticket> {};
    struct HintCall : Call<Nothing> {
        std::vector<key_t<R>> keys;
        int attempts = 0;
    };

    StoreState(Pool pool, StoreParams params)
        : pool_{std::move(pool)}
        , params_{params}
        , sql_{pool_.params().schema}
        , apply_statement_{statement(sql_.apply())}
        , hint_statement_{statement(sql_.hint())}
        , ticket_statement_{statement(sql_.draw_ticket())}
        , applies_{params.max_batch} {}

    const Pool& pool() const noexcept { return pool_; }

    template<IndexTag By>
    void look_up(const std::shared_ptr<LookupCall<Rows<R>>>& call, std::vector<typename By::value_type> values) {
        for (auto& value : values)
            value = normalised<By>(std::move(value));
        using Desk = LookupDesk<RecordLookup<By>>;
        const auto desk =
            part<Desk>([&] { return std::make_shared<Desk>(pool_, params_, sql_.template lookup<By>()); });
        desk->look_up(call, std::move(values));
    }

    void apply(std::shared_ptr<ApplyCall> call, std::vector<Observation<R>> observations) {
        if (applies_.waiting() > params_.max_waiting)
            return call->refuse(Errc::overloaded);
        if (observations.empty())
            return call->refuse({});
        call->take(std::move(observations));
        applies_.add(std::move(call));
        pump_applies();
    }

    template<IndexTag By>
    void note_absent(std::shared_ptr<NoteCall> call, std::vector<typename By::value_type> values, Ticket ticket,
                     std::chrono::milliseconds elapsed) {
        if (values.empty())
            return call->refuse({});
        std::vector<typename By::value_type> distinct;
        std::vector<std::size_t> places;
        std::map<typename By::value_type, std::size_t> known;
        for (auto& value : values) {
            value = normalised<By>(std::move(value));
            const auto [at, added] = known.emplace(value, distinct.size());
            if (added)
                distinct.push_back(std::move(value));
            places.push_back(at->second);
        }
        pool_.async_execute(
            part<NoteStatement<By>>([&] { return std::make_shared<NoteStatement<By>>(sql_); }),
            Parameters::of(distinct, static_cast<std::int64_t>(ticket), static_cast<std::int64_t>(elapsed.count())), {},
            [call, places, size = distinct.size()](error_code ec, Result result) {
                if (std::exchange(call->done, true))
                    return;
                std::vector<Applied> noted(size, Applied::dropped);
                std::int64_t number = 0;
                for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
                    if (!result.get(i, 0, number) || number < 1 || number > std::ssize(noted))
                        ec = ClientErrc::bad_answer;
                    else
                        noted[static_cast<std::size_t>(number - 1)] = Applied::applied;
                }
                std::vector<Applied> outcomes;
                for (const auto place : places)
                    outcomes.push_back(noted[place]);
                if (ec)
                    outcomes.clear();
                call->deliver(ec, std::move(outcomes));
            });
    }

    void hint(std::shared_ptr<HintCall> call, std::vector<key_t<R>> keys) {
        if (keys.empty())
            return call->refuse({});
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        call->keys = std::move(keys);
        send(std::move(call));
    }

    void draw_ticket(std::shared_ptr<TicketCall> call) {
        pool_.async_execute(ticket_statement_, {}, ExecuteOptions{true}, [call](error_code ec, Result result) {
            if (std::exchange(call->done, true))
                return;
            std::int64_t drawn = 0;
            if (!ec && !result.get(0, 0, drawn))
                ec = ClientErrc::bad_answer;
            call->deliver(ec, static_cast<Ticket>(drawn));
        });
    }

    template<IndexTag By>
    SetDesk<By>& sets() {
        return *part<SetDesk<By>>([&] { return std::make_shared<SetDesk<By>>(pool_, params_, SetSql<By>{sql_}); });
    }

    SettleDesk<R>& settling() {
        return *part<SettleDesk<R>>(
            [&] { return std::make_shared<SettleDesk<R>>(pool_, params_, SettleSql<R>{sql_}); });
    }

    PassDesk<R>& passes() {
        return *part<PassDesk<R>>([&] { return std::make_shared<PassDesk<R>>(pool_, params_, sql_); });
    }

    void abandon() { applies_.clear(); }

private:
    template<IndexTag By>
    struct NoteStatement : Statement {
        explicit NoteStatement(const TableSql<R>& sql)
            : Statement{sql.template note_absent<By>()} {}
    };

    static std::shared_ptr<const Statement> statement(std::string text) {
        return std::make_shared<const Statement>(std::move(text));
    }

    // What there is one of for each index, made when it is first asked for.
    template<class Part, class Make>
    std::shared_ptr<Part> part(Make make) {
        auto& slot = parts_[typeid(Part)];
        if (!slot)
            slot = make();
        return std::static_pointer_cast<Part>(slot);
    }

    void pump_applies() {
        auto group = applies_.next();
        if (group.empty())
            return;
        const auto now = Clock::now();
        typename RowCodec<R>::Observations observations;
        for (const auto& call : group)
            call->add_to(observations, now);
        pool_.async_execute(
            apply_statement_, std::move(observations).finish(), {},
            [lease = Lease{this->shared_from_this()}, group = std::move(group)](error_code ec, Result result) mutable {
                lease.take()->applied(std::move(group), ec, result);
            });
    }

    void applied(std::vector<std::shared_ptr<ApplyCall>> group, error_code ec, const Result& result) {
        applies_.returned();
        std::size_t size = 0;
        for (const auto& call : group)
            size += call->observations.size();
        ApplySteps steps;
        if (!ec)
            ec = read_steps(result, size, steps);
        if (ec == Condition::refused && group.size() > 1) {
            applies_.retry_singly(std::move(group));
            return pump_applies();
        }
        ec = contended_if_lost(ec);
        std::vector<std::shared_ptr<ApplyCall>> answered;
        std::vector<std::shared_ptr<ApplyCall>> again;
        std::size_t first = 0;
        for (auto& call : group) {
            const std::size_t count = call->observations.size();
            if (!ec)
                call->settle(std::span{steps}.subspan(first, count));
            first += count;
            const bool open = ec == Errc::contended || (!ec && !call->observations.empty());
            if (open && ++call->attempts < params_.attempts)
                again.push_back(std::move(call));
            else
                answered.push_back(std::move(call));
        }
        applies_.retry(std::move(again));
        pump_applies();
        for (const auto& call : answered) {
            if (call->done)
                continue;
            if (ec)
                call->finish(ec, {});
            else if (!call->observations.empty())
                call->finish(Errc::contended, {});
            else
                call->finish({}, std::move(call->outcomes));
        }
    }

    void send(std::shared_ptr<HintCall> call) {
        auto parameters = Parameters::of(call->keys);
        pool_.async_execute(
            hint_statement_, std::move(parameters), {},
            [self = this->shared_from_this(), call](error_code ec, Result result) { self->hinted(call, ec, result); });
    }

    void hinted(const std::shared_ptr<HintCall>& call, error_code ec, const Result& result) {
        if (call->done)
            return;
        std::set<key_t<R>> marked;
        for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
            key_t<R> key{};
            if (!result.get(i, 0, key))
                ec = ClientErrc::bad_answer;
            else
                marked.insert(std::move(key));
        }
        ec = contended_if_lost(ec);
        if (!ec) {
            std::erase_if(call->keys, [&](const auto& key) { return marked.contains(key); });
            if (!call->keys.empty())
                ec = Errc::contended;
        }
        if (ec == Errc::contended && ++call->attempts < params_.attempts)
            return send(call);
        call->finish(ec, {});
    }

    Pool pool_;
    StoreParams params_;
    TableSql<R> sql_;
    std::shared_ptr<const Statement> apply_statement_;
    std::shared_ptr<const Statement> hint_statement_;
    std::shared_ptr<const Statement> ticket_statement_;
    ApplyQueue<R, ApplyCall> applies_;
    std::map<std::type_index, std::shared_ptr<void>> parts_;
};

} // namespace understudy::postgres::detail
