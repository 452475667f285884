#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubspot_emulator {

/// Milliseconds since 1970-01-01T00:00:00Z.
using Millis = std::int64_t;

inline constexpr Millis second_ms = 1000;
inline constexpr Millis day_ms = 86'400'000;

/// As Java's `Instant` prints it: three digits of fraction, none when they are zero.
std::string format_instant(Millis at);

/// `YYYY-MM-DD`, UTC.
std::string format_date(Millis at);

/// "November 5, 2026", UTC.
std::string format_long_date(Millis at);

/// Epoch milliseconds as text, `YYYY-MM-DD`, or ISO 8601 with or without fraction and offset.
std::optional<Millis> parse_instant(std::string_view text);

} // namespace hubspot_emulator
