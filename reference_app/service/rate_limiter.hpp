#pragma once

#include "address.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace service {

struct RateLimiterParams {
    /// Requests a second that one client may keep up; zero switches the limit off.
    std::uint32_t per_second = 50;
    /// Requests that a client which was quiet may send at once.
    std::uint32_t burst = 500;
    /// How many clients are remembered at most. One that is forgotten starts with its whole burst.
    std::size_t clients = 65'536;
};

/// A token bucket for each client address, in bounded memory. Not safe for use from several threads.
///
/// It keeps one moment for each client, the one at which its bucket will be full again (the generic cell rate
/// algorithm, ITU-T I.371). Clients not seen for the longest are forgotten first: they live in two generations, and
/// the older one is dropped whole when the younger is full.
class RateLimiter {
public:
    using Clock = std::chrono::steady_clock;

    explicit RateLimiter(RateLimiterParams params = {});

    /// Counts a request of the client. Returns how long it must wait if this one is over the limit, rounded up to whole
    /// seconds; nothing if it may pass.
    std::optional<std::chrono::seconds> take(const Address& client, Clock::time_point now);

    std::size_t remembered() const noexcept { return young_.size() + old_.size(); }

private:
    struct Hash {
        std::uint64_t seed;
        std::size_t operator()(const Address& address) const noexcept;
    };
    using Clients = boost::unordered_flat_map<Address, Clock::time_point, Hash>;

    Clock::time_point& full_again(const Address& key);

    RateLimiterParams params_;
    Clock::duration interval_{0};
    Clients young_;
    Clients old_;
};

} // namespace service
