#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/contended.hpp>
#include <understudy/postgres/detail/lookup_desk.hpp>
#include <understudy/postgres/detail/set_lookup.hpp>
#include <understudy/postgres/detail/set_sql.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/store_params.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
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

    struct CoverCall : Call<std::vector<Covered>> {
        // For each value the coverage that counts, and its place in the answer.
        std::map<Value, std::pair<Coverage<By>, std::size_t>> coverages;
        std::size_t size = 0;
        Clock::time_point since;
        int attempts = 0;
    };
    struct HintCall : Call<Nothing> {
        std::vector<Value> values;
        int attempts = 0;
    };

    SetDesk(Pool pool, const StoreParams& params, const SetSql<By>& sql)
        : pool_{std::move(pool)}
        , attempts_{params.attempts}
        , cover_statement_{std::make_shared<const Statement>(sql.cover())}
        , hint_statement_{std::make_shared<const Statement>(sql.hint())}
        , lookups_{std::make_shared<LookupDesk<SetLookup<By>>>(pool_, params, sql.lookup())} {}

    void look_up(const std::shared_ptr<LookupCall<SetRows<R>>>& call, std::vector<SetQuery<By>> queries) {
        std::vector<typename SetLookup<By>::Value> asked;
        asked.reserve(queries.size());
        for (auto& query : queries) {
            auto& one = asked.emplace_back();
            one.value = value_of(std::move(query.value));
            one.after = std::move(query.after);
            if (query.limit < static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))
                one.most = static_cast<std::int64_t>(query.limit);
        }
        lookups_->look_up(call, std::move(asked));
    }

    void cover(std::shared_ptr<CoverCall> call, std::vector<Coverage<By>> coverages) {
        if (coverages.empty())
            return call->refuse({});
        call->size = coverages.size();
        call->since = Clock::now();
        for (std::size_t i = 0; i < coverages.size(); ++i) {
            auto& coverage = coverages[i];
            auto value = value_of(std::move(coverage.value));
            const auto [kept, added] = call->coverages.try_emplace(std::move(value), std::move(coverage), i);
            if (!added && kept->second.first.ticket < coverage.ticket)
                kept->second = {std::move(coverage), i};
        }
        send(std::move(call));
    }

    void hint(std::shared_ptr<HintCall> call, std::vector<typename By::value_type> values) {
        if (values.empty())
            return call->refuse({});
        for (auto& value : values)
            call->values.push_back(value_of(std::move(value)));
        std::sort(call->values.begin(), call->values.end());
        call->values.erase(std::unique(call->values.begin(), call->values.end()), call->values.end());
        send(std::move(call));
    }

private:
    static Value value_of(typename By::value_type value) {
        if constexpr (understudy::detail::is_whole<By>)
            return {};
        else
            return normalised<By>(std::move(value));
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
        ec = contended_if_lost(ec);
        if (ec == Errc::contended && ++call->attempts < attempts_)
            return send(call);
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
        call->finish(ec, std::move(outcomes));
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
        ec = contended_if_lost(ec);
        if (ec == Errc::contended && ++call->attempts < attempts_)
            return send(call);
        call->finish(ec, {});
    }

    Pool pool_;
    int attempts_;
    std::shared_ptr<const Statement> cover_statement_;
    std::shared_ptr<const Statement> hint_statement_;
    std::shared_ptr<LookupDesk<SetLookup<By>>> lookups_;
};

} // namespace understudy::postgres::detail
