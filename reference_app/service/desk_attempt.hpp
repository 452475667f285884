#pragma once

#include "record_reader.hpp"

#include <understudy/error.hpp>
#include <understudy/read_options.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace service {

/// What everything that is asked of a booking desk has: a time to answer in, and questions asked side by side.
class DeskAttempt {
public:
    using Clock = std::chrono::steady_clock;

    explicit DeskAttempt(std::chrono::milliseconds timeout)
        : deadline_{Clock::now() + timeout} {}

protected:
    /// What was merged or changed under an attempt's hands is looked at again, so many times.
    static constexpr int max_rounds = 5;

    std::chrono::milliseconds remaining() const {
        return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()),
                        std::chrono::milliseconds{0});
    }

    /// For what a decision rests on: nothing old will do.
    understudy::ReadOptions options() const {
        understudy::ReadOptions options;
        options.stale_if_error = false;
        options.priority = understudy::Priority::write;
        options.timeout = remaining();
        return options;
    }

    /// Asks questions side by side: `ask` hands `next()` to each of them; `then` is called with the first failure when
    /// all have come back.
    template<class Ask>
    void side_by_side(Ask ask, std::function<void(understudy::error_code)> then) {
        failed_ = {};
        then_ = std::move(then);
        // One more than there are, until all are begun.
        waiting_ = 1;
        ask();
        arrived({});
    }
    void arrived(understudy::error_code error) {
        if (error && !failed_)
            failed_ = error;
        if (--waiting_ == 0)
            std::exchange(then_, {})(failed_);
    }
    void expect_one_more() noexcept { ++waiting_; }

private:
    Clock::time_point deadline_;
    understudy::error_code failed_{};
    std::function<void(understudy::error_code)> then_;
    int waiting_ = 0;
};

} // namespace service
