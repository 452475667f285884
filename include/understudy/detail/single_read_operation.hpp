#pragma once

#include <understudy/error.hpp>
#include <understudy/store.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>

#include <utility>
#include <vector>

namespace understudy::detail {

// One value of a cache: at once if it is there, through async_fetch otherwise.
template<class Cache, IndexTag By>
class SingleReadOperation {
public:
    using R = typename By::record_type;

    SingleReadOperation(Cache cache, typename By::value_type value, const ReadOptions& options)
        : cache_{std::move(cache)}
        , value_{std::move(value)}
        , options_{options} {}

    template<class Self>
    void operator()(Self& self) {
        if (asked_)
            return self.complete({}, std::move(hit_));
        asked_ = true;
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (auto hit = cache_.template try_get<By>(value_, options_)) {
            hit_ = std::move(*hit);
            const auto executor = cache_.get_executor();
            boost::asio::post(executor, std::move(self));
            return;
        }
        auto cache = cache_;
        std::vector<typename By::value_type> values;
        values.push_back(std::move(value_));
        const ReadOptions options = options_;
        cache.template async_fetch<By>(std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<Reading<R>> readings) {
        if (error)
            return self.complete(error, Reading<R>::failure(error));
        auto& reading = readings.front();
        const auto why = reading.failed() ? reading.error : boost::system::error_code{};
        self.complete(why, std::move(reading));
    }

private:
    Cache cache_;
    typename By::value_type value_;
    ReadOptions options_;
    Reading<R> hit_{};
    bool asked_ = false;
};

} // namespace understudy::detail
