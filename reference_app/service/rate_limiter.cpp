#include "rate_limiter.hpp"

#include <boost/container_hash/hash.hpp>

#include <algorithm>
#include <cstring>
#include <random>

namespace service {
namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

} // namespace

std::size_t RateLimiter::Hash::operator()(const Address& address) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, address.bytes().data(), sizeof halves);
    std::size_t hash = seed;
    boost::hash_combine(hash, halves[0]);
    boost::hash_combine(hash, halves[1]);
    return hash;
}

RateLimiter::RateLimiter(RateLimiterParams params)
    : params_{params}
    , young_{0, Hash{random_seed()}}
    , old_{0, young_.hash_function()} {
    if (params_.per_second > 0)
        interval_ = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds{1}) / params_.per_second;
    params_.burst = std::max(params_.burst, 1u);
    params_.clients = std::max(params_.clients, std::size_t{2});
}

std::optional<std::chrono::seconds> RateLimiter::take(const Address& client, Clock::time_point now) {
    if (params_.per_second == 0)
        return std::nullopt;
    auto& full = full_again(limit_key(client));
    const auto next = std::max(full, now) + interval_;
    const auto wait = next - now - interval_ * params_.burst;
    if (wait > Clock::duration::zero())
        return std::chrono::ceil<std::chrono::seconds>(wait);
    full = next;
    return std::nullopt;
}

RateLimiter::Clock::time_point& RateLimiter::full_again(const Address& key) {
    if (const auto found = young_.find(key); found != young_.end())
        return found->second;
    if (young_.size() >= params_.clients / 2) {
        old_ = std::move(young_);
        young_ = Clients{0, old_.hash_function()};
    }
    auto full = Clock::time_point::min();
    if (const auto found = old_.find(key); found != old_.end()) {
        full = found->second;
        old_.erase(found);
    }
    return young_.emplace(key, full).first->second;
}

} // namespace service
