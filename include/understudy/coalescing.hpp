#pragma once

#include <understudy/coalescing_params.hpp>
#include <understudy/coalescing_stats.hpp>
#include <understudy/detail/coalescing_lane.hpp>
#include <understudy/detail/coalescing_operation.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/key_line.hpp>
#include <understudy/detail/source_decorator.hpp>
#include <understudy/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <typeindex>
#include <utility>
#include <vector>

namespace understudy {

/// A store that turns the calls of many callers into few: values that are asked for within a few milliseconds leave in
/// one batch, each once. 400 readers of 400 records are four calls of a hundred.
///
/// It goes outermost: what it sends counts as one call for the decorators inside.
///
/// Each caller gets its own part, keeps its own deadline (`Errc::deadline_exceeded`), and can be cancelled alone. What
/// fails for a batch fails for the values in it: as failed readings in a fetch, as the call's error in a search.
///
/// Writes of many callers leave in one batch too, with the same timing; updates, creations and archivings each by
/// themselves. Nothing is merged. No two updates or archivings of one key are under way at once: the later one leaves
/// when the batch with the earlier one is answered, whatever became of that. A caller whose time is up, or who is
/// cancelled, before any of its writes left takes them out (`unsent`). After that they go on without it: those that
/// have left and were not answered in time are `unknown` (`Errc::deadline_exceeded`), those that have not are `unsent`;
/// one that is cancelled gets `operation_aborted`.
///
/// A handle: copies collect together. *Thread safety*: the store's executor only. `Clock` is monotonic.
template<class Store, class Clock = std::chrono::steady_clock>
class Coalescing : public detail::SourceDecorator<Coalescing<Store, Clock>, Store> {
public:
    explicit Coalescing(Store store, const CoalescingParams& params = {})
        : shared_{std::make_shared<Shared>(std::move(store), params)} {}

    boost::asio::any_io_executor get_executor() const noexcept { return shared_->store.get_executor(); }

    /// What was done so far.
    const CoalescingStats& stats() const noexcept { return *shared_->stats; }

private:
    using Line = detail::KeyLine<key_t<typename Store::record_type>>;
    struct Shared {
        Shared(Store with, const CoalescingParams& how)
            : store{std::move(with)}
            , params{how} {}
        Store store;
        CoalescingParams params;
        std::shared_ptr<CoalescingStats> stats = std::make_shared<CoalescingStats>();
        std::shared_ptr<Line> line = std::make_shared<Line>();
        std::map<std::type_index, std::shared_ptr<void>> lanes;
    };

    friend detail::SourceDecorator<Coalescing<Store, Clock>, Store>;

    template<class Call, class Token>
    auto start(std::vector<typename Call::Value> values, const typename Call::Options& options, Token&& token) {
        using Lane = detail::CoalescingLane<Store, Clock, Call>;
        return detail::start_operation<typename Call::Signature>(
            shared_->store.get_executor(),
            [shared = shared_, values = std::move(values), options] {
                auto& slot = shared->lanes[typeid(Call)];
                if (!slot)
                    slot = std::make_shared<Lane>(shared->store, shared->params, shared->stats, shared->line);
                return detail::CoalescingOperation<Lane, Call>{std::static_pointer_cast<Lane>(slot), values, options};
            },
            std::forward<Token>(token));
    }

    std::shared_ptr<Shared> shared_;
};

} // namespace understudy
