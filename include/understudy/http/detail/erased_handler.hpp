#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <memory>
#include <utility>

namespace understudy::http::detail {

/// A completion handler whose type is forgotten, so that what calls it is compiled once and not once a caller: a TLS
/// request is a deep tree of templates.
///
/// The operation runs on the executor given here; the handler is dispatched to its own at the end. Its cancellation
/// slot is passed on.
template<class... Args>
class ErasedHandler {
public:
    using executor_type = boost::asio::any_io_executor;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    template<class Handler>
    ErasedHandler(const executor_type& executor, Handler handler)
        : executor_{executor}
        , slot_{boost::asio::get_associated_cancellation_slot(handler)}
        , target_{std::make_unique<Target<Handler>>(executor, std::move(handler))} {}

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
        Target(const executor_type& executor, Handler&& given)
            : work{boost::asio::make_work_guard(given, executor)}
            , handler{std::move(given)} {}
        void dispatch(const executor_type& executor, Args... args) override {
            boost::asio::dispatch(executor, boost::asio::append(std::move(handler), std::move(args)...));
        }
        // The handler's executor is not out of work before the handler was called.
        decltype(boost::asio::make_work_guard(std::declval<Handler&>(), std::declval<const executor_type&>())) work;
        Handler handler;
    };

    executor_type executor_;
    cancellation_slot_type slot_;
    std::unique_ptr<Base> target_;
};

} // namespace understudy::http::detail
