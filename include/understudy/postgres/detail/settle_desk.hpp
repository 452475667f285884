#pragma once

#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/contended.hpp>
#include <understudy/postgres/detail/settle_sql.hpp>
#include <understudy/postgres/detail/settlement_parameters.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/postgres/store_params.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// Writes that are shown before they are read back.
template<Mirrored R>
class SettleDesk : public std::enable_shared_from_this<SettleDesk<R>> {
public:
    struct SettleCall : Call<std::vector<Settled>> {
        Command command;
        std::size_t size = 0;
        int attempts = 0;
    };
    struct MarkedCall : Call<std::vector<key_t<R>>> {};

    SettleDesk(Pool pool, const StoreParams& params, const SettleSql<R>& sql)
        : pool_{std::move(pool)}
        , attempts_{params.attempts}
        , settle_statement_{std::make_shared<const Statement>(sql.settle())}
        , marked_statement_{std::make_shared<const Statement>(sql.find_marked())} {}

    Command command(const std::vector<Settlement<R>>& settlements) const {
        SettlementParameters<R> parameters;
        for (const auto& settlement : settlements)
            parameters.add(settlement);
        return {settle_statement_, std::move(parameters).finish()};
    }

    void settle(std::shared_ptr<SettleCall> call, const std::vector<Settlement<R>>& settlements) {
        if (settlements.empty())
            return call->refuse({});
        call->command = command(settlements);
        call->size = settlements.size();
        send(std::move(call));
    }

    void find_marked(const std::shared_ptr<MarkedCall>& call, std::size_t limit) {
        constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
        pool_.async_execute(marked_statement_, Parameters::of(static_cast<std::int64_t>(std::min(limit, most))),
                            ExecuteOptions{true}, [call](error_code ec, const Result& result) {
                                if (call->done)
                                    return;
                                std::vector<key_t<R>> keys(ec ? 0 : result.rows());
                                for (std::size_t i = 0; i < keys.size(); ++i)
                                    if (!result.get(i, 0, keys[i]))
                                        ec = ClientErrc::bad_answer;
                                call->finish(ec, ec ? std::vector<key_t<R>>{} : std::move(keys));
                            });
    }

private:
    void send(std::shared_ptr<SettleCall> call) {
        auto command = call->command;
        pool_.async_execute(
            std::move(command.statement), std::move(command.parameters), {},
            [self = this->shared_from_this(), call = std::move(call)](error_code ec, const Result& result) mutable {
                self->settled(std::move(call), ec, result);
            });
    }

    void settled(std::shared_ptr<SettleCall> call, error_code ec, const Result& result) {
        if (call->done)
            return;
        ec = contended_if_lost(ec);
        if (ec == Errc::contended && ++call->attempts < attempts_)
            return send(std::move(call));
        std::vector<Settled> outcomes;
        if (!ec && result.rows() != call->size)
            ec = ClientErrc::bad_answer;
        for (std::size_t i = 0; !ec && i < result.rows(); ++i) {
            std::int16_t outcome = 0;
            if (!result.get(i, 0, outcome) || outcome < 0 || outcome > static_cast<int>(Settled::hinted))
                ec = ClientErrc::bad_answer;
            else
                outcomes.push_back(static_cast<Settled>(outcome));
        }
        call->finish(ec, ec ? std::vector<Settled>{} : std::move(outcomes));
    }

    Pool pool_;
    int attempts_;
    std::shared_ptr<const Statement> settle_statement_;
    std::shared_ptr<const Statement> marked_statement_;
};

} // namespace understudy::postgres::detail
