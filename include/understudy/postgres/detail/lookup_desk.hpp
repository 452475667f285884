#pragma once

#include <understudy/observation.hpp>
#include <understudy/postgres/detail/batch_while_busy.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/lease.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/store_params.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// `Answer` has one row for each value, in `rows`, and the `ticket` that was drawn.
template<class Answer>
struct LookupCall : Call<Answer> {
    Answer found;
    std::size_t missing = 0;
};

// Look-ups of many callers, folded into one statement at a time. `Lookup` says what is asked for, and how:
//
//     using Value; using Answer;
//     static constexpr bool one_row_each;                         // else at least one
//     static error_code check(const Value&);                      // whether it can be sent
//     static Parameters parameters(const std::vector<Value>&);    // of the statement, for distinct values
//     static bool read(const Value&, const Result&, std::size_t at, Row&);   // takes over one row; false: no such row
//
// The statement's rows begin with the ticket that was drawn, if any was, and the number of the value, from 1.
template<class Lookup>
class LookupDesk : public std::enable_shared_from_this<LookupDesk<Lookup>> {
public:
    using Value = typename Lookup::Value;
    using Caller = LookupCall<typename Lookup::Answer>;

    LookupDesk(Pool pool, const StoreParams& params, std::string statement)
        : pool_{std::move(pool)}
        , max_waiting_{params.max_waiting}
        , statement_{std::make_shared<const Statement>(std::move(statement))}
        , batches_{params.max_batch} {}

    void look_up(const std::shared_ptr<Caller>& call, std::vector<Value> values) {
        for (const auto& value : values) {
            if (const auto ec = Lookup::check(value))
                return call->refuse(ec);
        }
        if (batches_.waiting() > max_waiting_)
            return call->refuse(Errc::overloaded);
        if (values.empty())
            return call->refuse({});
        call->found.rows.resize(values.size());
        call->missing = values.size();
        batches_.add(call, std::move(values));
        pump_soon();
    }

    void abandon() { batches_.clear(); }

private:
    using Batches = BatchWhileBusy<Value, Caller>;
    struct Found {
        typename decltype(Lookup::Answer::rows)::value_type row{};
        bool answered = false;
        bool bad = false;
    };

    // Who asks in one turn of the event loop leaves in one statement.
    void pump_soon() {
        if (std::exchange(due_, true))
            return;
        boost::asio::post(pool_.get_executor(), [lease = Lease{this->shared_from_this()}]() mutable {
            const auto self = lease.take();
            self->due_ = false;
            self->pump();
        });
    }

    void pump() {
        auto batch = batches_.next();
        if (batch.empty())
            return;
        auto parameters = Lookup::parameters(batch.values);
        pool_.async_execute(
            statement_, std::move(parameters), ExecuteOptions{true},
            [lease = Lease{this->shared_from_this()}, batch = std::move(batch)](error_code ec, Result result) mutable {
                lease.take()->answered(std::move(batch), ec, result);
            });
    }

    void answered(typename Batches::Batch batch, error_code ec, const Result& result) {
        batches_.returned();
        // What waited leaves before anybody is answered.
        pump();
        std::vector<Found> found(batch.values.size());
        std::optional<std::int64_t> drawn;
        if (!ec && Lookup::one_row_each && result.rows() != found.size())
            ec = ClientErrc::bad_answer;
        for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
            std::int64_t number = 0;
            if (!result.get(i, 0, drawn) || !result.get(i, 1, number) || number < 1 || number > std::ssize(found)) {
                ec = ClientErrc::bad_answer;
            } else {
                const auto at = static_cast<std::size_t>(number - 1);
                found[at].answered = true;
                found[at].bad = found[at].bad || !Lookup::read(batch.values[at], result, i, found[at].row);
            }
        }
        for (const auto& use : batch.uses) {
            Caller& call = *use.caller;
            if (call.done)
                continue;
            const Found& one = found[use.value];
            // What could not be read fails those who asked for it.
            if (ec || !one.answered || one.bad) {
                call.finish(ec ? ec : error_code{ClientErrc::bad_answer}, {});
                continue;
            }
            if (!one.row.current() && drawn)
                call.found.ticket = std::max(call.found.ticket, static_cast<Ticket>(*drawn));
            call.found.rows[use.place] = one.row;
            if (--call.missing == 0)
                call.finish({}, std::move(call.found));
        }
    }

    Pool pool_;
    std::size_t max_waiting_;
    std::shared_ptr<const Statement> statement_;
    Batches batches_;
    bool due_ = false;
};

} // namespace understudy::postgres::detail
