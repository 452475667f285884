#pragma once

#include <understudy/covered_sets.hpp>

#include <boost/asio/cancellation_state.hpp>

#include <utility>
#include <vector>

namespace understudy::detail {

// One set of a cache, or a page of it.
template<class Cache, IndexTag By>
class SetReadOperation {
public:
    using R = typename By::record_type;

    SetReadOperation(Cache cache, SetQuery<By> query, const ReadOptions& options)
        : cache_{std::move(cache)}
        , query_{std::move(query)}
        , options_{options} {}

    template<class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        auto cache = cache_;
        std::vector<SetQuery<By>> queries;
        queries.push_back(std::move(query_));
        const ReadOptions options = options_;
        cache.async_read_sets(std::move(queries), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<SetReading<R>> readings) {
        if (error)
            return self.complete(error, SetReading<R>::failure(error));
        auto& reading = readings.front();
        const auto why = reading.failed() ? reading.error : boost::system::error_code{};
        self.complete(why, std::move(reading));
    }

private:
    Cache cache_;
    SetQuery<By> query_;
    ReadOptions options_;
};

} // namespace understudy::detail
