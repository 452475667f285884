#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>
#include <understudy/settlement.hpp>
#include <understudy/store.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::testing {

/// A replica around another one, which a test can take down and whose applies it can hold back.
///
/// A handle: copies share the faults.
template<Replica Inner>
class FaultyReplica {
public:
    using record_type = typename Inner::record_type;
    using R = record_type;
    using executor_type = decltype(std::declval<const Inner&>().get_executor());

    explicit FaultyReplica(Inner inner)
        : inner_{std::move(inner)}
        , faults_{std::make_shared<Faults>()} {}

    executor_type get_executor() const noexcept { return inner_.get_executor(); }
    Inner& inner() noexcept { return inner_; }

    /// Every operation fails while it is down.
    void set_down(bool down) { faults_->down = down; }
    /// Applies fail, everything else works.
    void set_read_only(bool read_only) { faults_->read_only = read_only; }
    /// Look-ups never answer, unless they are cancelled.
    void set_hung(bool hung) { faults_->hung = hung; }
    /// Applies wait until `release`, and are carried out then.
    void hold_applies() { faults_->held = true; }
    void release() {
        faults_->held = false;
        for (auto& start : std::exchange(faults_->waiting, {}))
            start();
    }
    std::size_t holding() const noexcept { return faults_->waiting.size(); }

    std::size_t lookups() const noexcept { return faults_->lookups; }
    std::size_t applies() const noexcept { return faults_->applies; }

    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_lookup(std::vector<typename By::value_type> values, Token&& token = {}) {
        ++faults_->lookups;
        return guarded<LookupSignature<R>>(
            faults_->down,
            [inner = inner_, hung = faults_->hung, values = std::move(values)](auto handler) mutable {
                if (hung)
                    return wait_for_ever<Rows<R>>(inner.get_executor(), std::move(handler));
                inner.template async_lookup<By>(std::move(values), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_apply(std::vector<Observation<R>> observations, Token&& token = {}) {
        ++faults_->applies;
        return guarded<ApplySignature<R>>(
            faults_->down || faults_->read_only,
            [inner = inner_, faults = faults_, observations = std::move(observations)](auto handler) mutable {
                if (!faults->held)
                    return inner.async_apply(std::move(observations), std::move(handler));
                auto held = std::make_shared<decltype(handler)>(std::move(handler));
                faults->waiting.push_back([inner, observations = std::move(observations), held]() mutable {
                    inner.async_apply(std::move(observations), std::move(*held));
                });
            },
            std::forward<Token>(token));
    }

    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_note_absent(std::vector<typename By::value_type> values, Ticket ticket,
                           std::chrono::milliseconds elapsed, Token&& token = {}) {
        return guarded<ApplySignature<R>>(
            faults_->down || faults_->read_only,
            [inner = inner_, values = std::move(values), ticket, elapsed](auto handler) mutable {
                inner.template async_note_absent<By>(std::move(values), ticket, elapsed, std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_hint(std::vector<key_t<R>> keys, Token&& token = {}) {
        return guarded<DoneSignature>(
            faults_->down,
            [inner = inner_, keys = std::move(keys)](auto handler) mutable {
                inner.async_hint(std::move(keys), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_look_up_sets(std::vector<SetQuery<By>> queries, Token&& token = {}) {
        ++faults_->lookups;
        return guarded<LookupSetSignature<R>>(
            faults_->down,
            [inner = inner_, hung = faults_->hung, queries = std::move(queries)](auto handler) mutable {
                if (hung)
                    return wait_for_ever<SetRows<R>>(inner.get_executor(), std::move(handler));
                inner.template async_look_up_sets<By>(std::move(queries), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_cover(std::vector<Coverage<By>> coverages, Token&& token = {}) {
        return guarded<CoverSignature>(
            faults_->down || faults_->read_only,
            [inner = inner_, coverages = std::move(coverages)](auto handler) mutable {
                inner.template async_cover<By>(std::move(coverages), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_hint_sets(std::vector<typename By::value_type> values, Token&& token = {}) {
        return guarded<DoneSignature>(
            faults_->down,
            [inner = inner_, values = std::move(values)](auto handler) mutable {
                inner.template async_hint_sets<By>(std::move(values), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<class T, class Token = boost::asio::deferred_t>
    auto async_settle(std::vector<T> settlements, Token&& token = {}) {
        return guarded<SettleSignature>(
            faults_->down || faults_->read_only,
            [inner = inner_, settlements = std::move(settlements)](auto handler) mutable {
                inner.async_settle(std::move(settlements), std::move(handler));
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_find_marked(std::size_t limit, Token&& token = {}) {
        return guarded<MarkedSignature<R>>(
            faults_->down,
            [inner = inner_, limit](auto handler) mutable { inner.async_find_marked(limit, std::move(handler)); },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_draw_ticket(Token&& token = {}) {
        return guarded<TicketSignature>(
            faults_->down, [inner = inner_](auto handler) mutable { inner.async_draw_ticket(std::move(handler)); },
            std::forward<Token>(token));
    }

private:
    struct Faults {
        bool down = false;
        bool read_only = false;
        bool held = false;
        bool hung = false;
        std::size_t lookups = 0;
        std::size_t applies = 0;
        std::vector<std::function<void()>> waiting;
    };

    template<class Result, class Executor, class Handler>
    static void wait_for_ever(const Executor& executor, Handler handler) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        auto forever =
            std::make_shared<boost::asio::steady_timer>(executor, boost::asio::steady_timer::time_point::max());
        auto give_up = [forever, handler = std::move(handler)](boost::system::error_code error) mutable {
            std::move(handler)(error, Result{});
        };
        forever->async_wait(
            boost::asio::bind_cancellation_slot(slot, boost::asio::bind_executor(executor, std::move(give_up))));
    }

    template<class... Results, class Executor, class Handler>
    static void fail(void (*)(boost::system::error_code, Results...), const Executor& executor, Handler handler) {
        boost::asio::post(executor, boost::asio::append(std::move(handler), make_error_code(Errc::replica_unavailable),
                                                        Results{}...));
    }

    template<class Signature, class Start, class Token>
    auto guarded(bool fails, Start start, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [executor = inner_.get_executor(), fails](auto handler, Start begin) mutable {
                if (fails)
                    return fail(static_cast<Signature*>(nullptr), executor, std::move(handler));
                begin(std::move(handler));
            },
            token, std::move(start));
    }

    Inner inner_;
    std::shared_ptr<Faults> faults_;
};

} // namespace understudy::testing
