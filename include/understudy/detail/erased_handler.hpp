#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <memory>
#include <utility>

namespace understudy::detail {

// A completion handler whose type is forgotten, so that what calls it is compiled once and not once a caller.
//
// It stands on the operation's own executor, so every step of the operation runs there, and hands over to the
// handler's executor at the end alone. The handler's cancellation slot is passed on.
template<class Signature>
class ErasedHandler;

template<class... Args>
class ErasedHandler<void(Args...)> {
public:
    using executor_type = boost::asio::any_io_executor;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    template<class Handler>
    ErasedHandler(const executor_type& executor, Handler handler)
        : executor_{executor}
        , slot_{boost::asio::get_associated_cancellation_slot(handler)}
        , target_{std::make_unique<Target<Handler>>(std::move(handler), executor)} {}

    executor_type get_executor() const noexcept { return executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

    void operator()(Args... args) {
        const auto target = std::move(target_);
        target->dispatch(executor_, std::move(args)...);
    }

private:
    struct Base {
        virtual ~Base() = default;
        virtual void dispatch(const executor_type& executor, Args... args) = 0;
    };

    template<class Handler>
    struct Target final : Base {
        Target(Handler&& given, const executor_type& executor)
            : work{boost::asio::get_associated_executor(given, executor)}
            , handler{std::move(given)} {}
        void dispatch(const executor_type& executor, Args... args) override {
            boost::asio::dispatch(executor, boost::asio::append(std::move(handler), std::move(args)...));
        }
        boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, executor_type>> work;
        Handler handler;
    };

    executor_type executor_;
    cancellation_slot_type slot_;
    std::unique_ptr<Base> target_;
};

// Starts the composed operation that `make` makes, on `executor`, each time the token starts it; see ErasedHandler.
template<class Signature, class Make, class Token>
auto start_operation(const boost::asio::any_io_executor& executor, Make make, Token&& token) {
    return boost::asio::async_initiate<Token, Signature>(
        [executor](auto handler, Make made) {
            ErasedHandler<Signature> erased{executor, std::move(handler)};
            boost::asio::async_compose<ErasedHandler<Signature>, Signature>(made(), erased, executor);
        },
        token, std::move(make));
}

} // namespace understudy::detail
