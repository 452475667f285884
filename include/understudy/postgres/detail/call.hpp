#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace understudy::postgres::detail {

// Somebody who waits for an answer. Whoever sets `done` first delivers, once; everybody else leaves it alone.
template<class A>
struct Call {
    using Answer = A;

    bool done = false;

    Call() = default;
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    virtual ~Call() = default;

    // Ends a call that is not done; `refuse` is for where its handler must not run at once.
    void finish(boost::system::error_code ec, Answer answer) {
        done = true;
        deliver(ec, std::move(answer));
    }
    void refuse(boost::system::error_code ec) {
        done = true;
        deliver_later(ec);
    }

    virtual void deliver(boost::system::error_code ec, Answer answer) = 0;
    virtual void deliver_later(boost::system::error_code ec) = 0;

    // What the handler gets of an answer; a base of its own may hide it.
    static Answer given(Answer answer) { return answer; }
};

// The answer of operations that have none: their handlers get the error code alone.
struct Nothing {};

// A call of type `Base` (derived from a `Call`) with the handler that gets the answer.
template<class Base, class Handler>
struct HandledCall final : Base {
    using Answer = typename Base::Answer;
    using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

    HandledCall(Handler h, const boost::asio::any_io_executor& own)
        : handler{std::move(h)}
        , executor{own}
        , work{boost::asio::get_associated_executor(handler, own)}
        , slot{boost::asio::get_associated_cancellation_slot(handler)} {}

    void deliver(boost::system::error_code ec, Answer answer) override {
        const auto guard = release();
        boost::asio::dispatch(guard.get_executor(), [h = std::move(handler), ec, a = std::move(answer)]() mutable {
            if constexpr (std::is_same_v<Answer, Nothing>)
                std::move(h)(ec);
            else
                std::move(h)(ec, Base::given(std::move(a)));
        });
    }
    void deliver_later(boost::system::error_code ec) override {
        const auto guard = release();
        if constexpr (std::is_same_v<Answer, Nothing>)
            boost::asio::post(executor, boost::asio::append(std::move(handler), ec));
        else
            boost::asio::post(executor, boost::asio::append(std::move(handler), ec, Base::given(Answer{})));
    }

    boost::asio::executor_work_guard<Executor> release() {
        if (slot.is_connected())
            slot.clear();
        return std::move(work);
    }

    Handler handler;
    // Where the operation runs; the handler may have one of its own.
    boost::asio::any_io_executor executor;
    boost::asio::executor_work_guard<Executor> work;
    boost::asio::associated_cancellation_slot_t<Handler> slot;
};

// Makes a call that is let go of when its slot is signalled: `cancel(call)` is then called, while the call waits.
template<class Base, class Handler, class Cancel>
std::shared_ptr<Base> make_call(Handler&& handler, const boost::asio::any_io_executor& executor, Cancel cancel) {
    using Handled = HandledCall<Base, std::decay_t<Handler>>;
    auto call = std::make_shared<Handled>(std::forward<Handler>(handler), executor);
    if (call->slot.is_connected()) {
        call->slot.assign(
            [weak = std::weak_ptr<Base>{call}, cancel = std::move(cancel)](boost::asio::cancellation_type type) {
                const auto cancelled = weak.lock();
                if (cancelled && !cancelled->done && type != boost::asio::cancellation_type::none)
                    cancel(cancelled);
            });
    }
    return call;
}

// The same, for calls that are simply told so.
template<class Base, class Handler>
std::shared_ptr<Base> make_call(Handler&& handler, const boost::asio::any_io_executor& executor) {
    return make_call<Base>(std::forward<Handler>(handler), executor, [](const std::shared_ptr<Base>& call) {
        call->refuse(boost::asio::error::operation_aborted);
    });
}

} // namespace understudy::postgres::detail
