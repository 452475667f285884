#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace understudy {

/// The separate allowances that a source's server counts calls against.
enum class RateBucket : std::uint8_t {
    /// Every call, over a short rolling window.
    window,
    /// Searches, which have their own, much smaller allowance.
    search,
    /// Every call, over a day of the account.
    daily,
};

/// The number of values of `RateBucket`.
inline constexpr std::size_t rate_bucket_count = 3;

/// What one answer of the server said about one of its rate limits.
///
/// An answer may say nothing at all about a limit (HubSpot's search answers carry no window): then there is no report,
/// and who keeps the budget counts by itself.
struct RateReport {
    RateBucket bucket = RateBucket::window;
    /// How many calls fit the interval; nothing if the answer did not say.
    std::optional<int> limit{};
    /// How many of them are left; nothing if the answer did not say.
    std::optional<int> remaining{};
    /// The length of the window; zero if not known.
    std::chrono::milliseconds interval{0};
    /// How long the server wants to be left alone, or how long the refused bucket is known to need.
    std::optional<std::chrono::milliseconds> retry_after{};
    /// The server refused the call because this bucket was used up.
    bool refused = false;
    /// How long ago the call that was answered had been sent; zero if not known.
    std::chrono::milliseconds elapsed{0};

    friend bool operator==(const RateReport&, const RateReport&) = default;
};

/// Who wants to know; called on the executor of the client that learned it, once or more after each answer.
using RateObserver = std::function<void(const RateReport&)>;

} // namespace understudy
