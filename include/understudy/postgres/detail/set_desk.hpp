#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/postgres/detail/batch_while_busy.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/lease.hpp>
#include <understudy/postgres/detail/set_sql.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/row_codec.hpp>
#include <understudy/postgres/store_params.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <compare>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// The sets of one relation: its statements, and the calls that wait for one.
template<IndexTag By>
class SetDesk : public std::enable_shared_from_this<SetDesk<By>> {
public:
    using R = typename By::record_type;
    using Value = index_value_t<By>;
    using Clock = std::chrono::steady_clock;
    static_assert(NoteValue<Value>, "the value of a relation is kept as text: a string, an integer or an enumerator");

    struct LookupCall : Call<SetRows<R>> {
        SetRows<R> found;
        std::size_t missing = 0;
    };
    struct CoverCall : Call<std::vector<Covered>> {
        // For each value the coverage that counts, and its place in the answer.
        std::map<Value, std::pair<Coverage<By>, std::size_t>> coverages;
        std::size_t size = 0;
        Clock::time_point since;
        int attempts = 0;
    };
    struct Nothing {};
    struct HintCall : Call<Nothing> {
        std::vector<Value> values;
        int attempts = 0;
    };

    SetDesk(Pool pool, const StoreParams& params, const SetSql<By>& sql)
        : pool_{std::move(pool)}
        , params_{params}
        , lookup_statement_{std::make_shared<const Statement>(sql.lookup())}
        , cover_statement_{std::make_shared<const Statement>(sql.cover())}
        , hint_statement_{std::make_shared<const Statement>(sql.hint())}
        , lookups_{params.max_batch} {}

    void look_up(std::shared_ptr<LookupCall> call, std::vector<SetQuery<By>> queries) {
        std::vector<Asked> asked;
        asked.reserve(queries.size());
        std::string scratch;
        for (auto& query : queries) {
            auto& one = asked.emplace_back();
            one.value = value_of(std::move(query.value));
            one.after = std::move(query.after);
            if (query.limit < static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))
                one.most = static_cast<std::int64_t>(query.limit);
            scratch.clear();
            auto ec = Codec<Value>::encode(one.value, scratch);
            if (!ec && one.after)
                ec = Codec<key_t<R>>::encode(*one.after, scratch);
            if (ec)
                return refuse(*call, ec);
        }
        if (lookups_.waiting() > params_.max_waiting)
            return refuse(*call, Errc::overloaded);
        if (asked.empty())
            return refuse(*call, {});
        call->found.rows.resize(asked.size());
        call->missing = asked.size();
        lookups_.add(call, std::move(asked));
        pump_soon();
    }

    void cover(std::shared_ptr<CoverCall> call, std::vector<Coverage<By>> coverages) {
        if (coverages.empty())
            return refuse(*call, {});
        call->size = coverages.size();
        call->since = Clock::now();
        for (std::size_t i = 0; i < coverages.size(); ++i) {
            auto& coverage = coverages[i];
            auto value = value_of(std::move(coverage.value));
            const auto [kept, added] = call->coverages.try_emplace(std::move(value), coverage, i);
            if (!added && kept->second.first.ticket < coverage.ticket)
                kept->second = {std::move(coverage), i};
        }
        send(std::move(call));
    }

    void hint(std::shared_ptr<HintCall> call, std::vector<typename By::value_type> values) {
        if (values.empty())
            return refuse(*call, {});
        for (auto& value : values)
            call->values.push_back(value_of(std::move(value)));
        std::sort(call->values.begin(), call->values.end());
        call->values.erase(std::unique(call->values.begin(), call->values.end()), call->values.end());
        send(std::move(call));
    }

    void abandon() { lookups_.clear(); }

private:
    struct Asked {
        Value value{};
        std::optional<key_t<R>> after;
        std::optional<std::int64_t> most;

        friend auto operator<=>(const Asked&, const Asked&) = default;
    };
    using Lookups = BatchWhileBusy<Asked, LookupCall>;

    static Value value_of(typename By::value_type value) {
        if constexpr (understudy::detail::is_whole<By>)
            return {};
        else
            return normalised<By>(std::move(value));
    }

    template<class C>
    static void refuse(C& call, error_code ec) {
        call.done = true;
        call.deliver_later(ec);
    }

    static bool lost(error_code ec) noexcept { return is_sqlstate(ec, "40001") || is_sqlstate(ec, "40P01"); }

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
        auto batch = lookups_.next();
        if (batch.empty())
            return;
        ArrayBuilder<Value> values;
        ArrayBuilder<std::optional<key_t<R>>> afters;
        ArrayBuilder<std::optional<std::int64_t>> mosts;
        for (const auto& asked : batch.values) {
            values.add(asked.value);
            afters.add(asked.after);
            mosts.add(asked.most);
        }
        Parameters parameters;
        parameters.add(std::move(values)).add(std::move(afters)).add(std::move(mosts));
        pool_.async_execute(
            lookup_statement_, std::move(parameters), ExecuteOptions{true},
            [lease = Lease{this->shared_from_this()}, batch = std::move(batch)](error_code ec, Result result) mutable {
                lease.take()->looked_up(std::move(batch), ec, result);
            });
    }

    void looked_up(typename Lookups::Batch batch, error_code ec, const Result& result) {
        lookups_.returned();
        // What waited leaves before anybody is answered.
        pump();
        std::vector<SetRow<R>> rows(batch.values.size());
        // A set with a row that is no record fails those who asked for it; so does one that was not answered.
        std::vector<bool> good(rows.size(), false);
        std::vector<bool> seen(rows.size(), false);
        std::optional<std::int64_t> drawn;
        for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
            std::int64_t number = 0;
            if (!result.get(i, 0, drawn) || !result.get(i, 1, number) || number < 1 || number > std::ssize(rows)) {
                ec = ClientErrc::bad_answer;
            } else {
                const auto at = static_cast<std::size_t>(number - 1);
                good[at] = (good[at] || !seen[at]) && decode(result, i, rows[at]);
                seen[at] = true;
            }
        }
        for (const auto& use : batch.uses) {
            LookupCall& call = *use.caller;
            if (call.done)
                continue;
            if (ec || !good[use.value]) {
                call.done = true;
                call.deliver(ec ? ec : error_code{ClientErrc::bad_answer}, {});
                continue;
            }
            const SetRow<R>& row = rows[use.value];
            if (!row.current() && drawn)
                call.found.ticket = std::max(call.found.ticket, static_cast<Ticket>(*drawn));
            call.found.rows[use.place] = row;
            if (--call.missing == 0) {
                call.done = true;
                call.deliver({}, std::move(call.found));
            }
        }
    }

    // Takes over a row of the answer: the set itself, and a member or none.
    static bool decode(const Result& result, std::size_t at, SetRow<R>& set) {
        constexpr std::size_t first = RowCodec<R>::width;
        std::optional<std::int64_t> ticket;
        std::optional<std::int64_t> as_of;
        std::optional<std::int16_t> mark;
        std::optional<std::int64_t> age;
        std::optional<bool> paged;
        std::optional<bool> doubt;
        if (!result.get(at, first, ticket) || !result.get(at, first + 1, as_of) || !result.get(at, first + 2, mark) ||
            !result.get(at, first + 3, age) || !result.get(at, first + 4, set.more) ||
            !result.get(at, first + 5, paged) || !result.get(at, first + 6, doubt))
            return false;
        if (ticket) {
            if (!as_of || !mark || *mark < 0 || *mark > static_cast<int>(Mark::dirty))
                return false;
            set.ticket = static_cast<Ticket>(*ticket);
            set.as_of = static_cast<Ticket>(*as_of);
            set.mark = static_cast<Mark>(*mark);
        }
        set.age = std::chrono::milliseconds{std::max<std::int64_t>(age.value_or(0), 0)};
        if (doubt.value_or(false)) {
            auto& one = set.doubts.emplace_back();
            std::int64_t known = 0;
            if (!result.get(at, 2, one.id) || !result.get(at, 5, known))
                return false;
            one.ticket = static_cast<Ticket>(known);
        }
        return !paged.value_or(false) ||
               (RowCodec<R>::decode(result, at, set.members.emplace_back()) && set.members.back().state == State::live);
    }

    void send(std::shared_ptr<CoverCall> call) {
        const auto waited = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - call->since);
        ArrayBuilder<Value> values;
        ArrayBuilder<std::int64_t> tickets;
        ArrayBuilder<std::int64_t> elapsed;
        ArrayBuilder<std::int64_t> numbers;
        ArrayBuilder<key_t<R>> keys;
        std::int64_t number = 0;
        for (const auto& [value, kept] : call->coverages) {
            const auto& coverage = kept.first;
            values.add(value);
            tickets.add(static_cast<std::int64_t>(coverage.ticket));
            elapsed.add(std::int64_t{(coverage.elapsed + waited).count()});
            ++number;
            for (const auto& key : coverage.members) {
                numbers.add(number);
                keys.add(key);
            }
        }
        Parameters parameters;
        parameters.add(std::move(values))
            .add(std::move(tickets))
            .add(std::move(elapsed))
            .add(std::move(numbers))
            .add(std::move(keys));
        pool_.async_execute(
            cover_statement_, std::move(parameters), {},
            [self = this->shared_from_this(), call](error_code ec, Result result) { self->covered(call, ec, result); });
    }

    void covered(const std::shared_ptr<CoverCall>& call, error_code ec, const Result& result) {
        if (call->done)
            return;
        if (lost(ec)) {
            if (++call->attempts < params_.attempts)
                return send(call);
            ec = Errc::contended;
        }
        std::vector<Covered> outcomes;
        if (!ec && result.rows() != call->coverages.size())
            ec = ClientErrc::bad_answer;
        if (!ec) {
            std::vector<std::size_t> places;
            for (const auto& [value, kept] : call->coverages)
                places.push_back(kept.second);
            outcomes.assign(call->size, Covered::dropped);
            for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
                std::int64_t number = 0;
                std::int16_t outcome = 0;
                if (!result.get(i, 0, number) || number < 1 || number > std::ssize(places) ||
                    !result.get(i, 1, outcome) || outcome < 0 || outcome > static_cast<int>(Covered::incomplete))
                    ec = ClientErrc::bad_answer;
                else
                    outcomes[places[static_cast<std::size_t>(number - 1)]] = static_cast<Covered>(outcome);
            }
        }
        if (ec)
            outcomes.clear();
        call->done = true;
        call->deliver(ec, std::move(outcomes));
    }

    void send(std::shared_ptr<HintCall> call) {
        auto parameters = Parameters::of(call->values);
        pool_.async_execute(
            hint_statement_, std::move(parameters), {},
            [self = this->shared_from_this(), call](error_code ec, const Result&) { self->hinted(call, ec); });
    }

    void hinted(const std::shared_ptr<HintCall>& call, error_code ec) {
        if (call->done)
            return;
        if (lost(ec)) {
            if (++call->attempts < params_.attempts)
                return send(call);
            ec = Errc::contended;
        }
        call->done = true;
        call->deliver(ec, {});
    }

    Pool pool_;
    StoreParams params_;
    std::shared_ptr<const Statement> lookup_statement_;
    std::shared_ptr<const Statement> cover_statement_;
    std::shared_ptr<const Statement> hint_statement_;
    Lookups lookups_;
    bool due_ = false;
};

} // namespace understudy::postgres::detail
