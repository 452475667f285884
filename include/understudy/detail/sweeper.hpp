#pragma once

#include <understudy/detail/participant.hpp>
#include <understudy/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace understudy::detail {

// Has the rows that are marked read again, of every record type, until it is stopped.
template<class Settlement, class Clock>
class Sweeper : public std::enable_shared_from_this<Sweeper<Settlement, Clock>> {
public:
    using Part = std::shared_ptr<Participant<Settlement>>;

    Sweeper(const boost::asio::any_io_executor& executor, std::chrono::milliseconds interval, std::size_t batch)
        : timer_{executor}
        , interval_{interval}
        , batch_{batch} {}

    void run(const std::map<std::string, Part>& parts) {
        parts_ = &parts;
        sweep();
    }
    void stop() {
        parts_ = nullptr;
        timer_.cancel();
    }

private:
    void sweep() {
        // One more than the parts, for this call itself.
        sweeping_ = parts_->size() + 1;
        for (const auto& [record, part] : *parts_)
            part->sweep(batch_, [self = this->shared_from_this()](bool more) { self->swept(more); });
        swept(false);
    }

    void swept(bool more) {
        more_ = more_ || more;
        if (--sweeping_ != 0 || !parts_)
            return;
        const auto pause = std::exchange(more_, false) ? std::chrono::milliseconds{0} : interval_;
        timer_.expires_after(pause);
        timer_.async_wait([weak = this->weak_from_this()](error_code error) {
            if (const auto self = weak.lock(); self && !error && self->parts_)
                self->sweep();
        });
    }

    boost::asio::basic_waitable_timer<Clock> timer_;
    std::chrono::milliseconds interval_;
    std::size_t batch_;
    const std::map<std::string, Part>* parts_ = nullptr;
    std::size_t sweeping_ = 0;
    bool more_ = false;
};

} // namespace understudy::detail
