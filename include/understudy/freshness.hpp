#pragma once

#include <chrono>

namespace understudy {

/// How old an answer may be. A plain value.
class Freshness {
public:
    /// No hint is newer than the answer: everything this system did or was told of is in it. The default.
    static constexpr Freshness fresh() noexcept { return Freshness{Kind::fresh, std::chrono::milliseconds::max()}; }
    /// As `fresh`, or hinted at but confirmed no longer than `age` ago; never older than `age`.
    static constexpr Freshness bounded(std::chrono::milliseconds age) noexcept { return Freshness{Kind::bounded, age}; }
    /// Whatever record the replica holds; that there is none is believed for its time only, as by all readers.
    static constexpr Freshness any() noexcept { return Freshness{Kind::any, std::chrono::milliseconds::max()}; }

    constexpr Freshness() noexcept = default;

    /// Whether a replica's row satisfies the reader: `hinted` says that a change is known that the row lacks, `age` is
    /// the time since the row was confirmed.
    constexpr bool accepts(bool hinted, std::chrono::milliseconds age) const noexcept {
        switch (kind_) {
        case Kind::fresh:
            return !hinted;
        case Kind::bounded:
            return age <= bound_;
        case Kind::any:
            return true;
        }
        return false;
    }

    friend constexpr bool operator==(Freshness, Freshness) noexcept = default;

private:
    enum class Kind : unsigned char { fresh, bounded, any };
    constexpr Freshness(Kind kind, std::chrono::milliseconds bound) noexcept
        : kind_{kind}
        , bound_{bound} {}

    Kind kind_ = Kind::fresh;
    std::chrono::milliseconds bound_ = std::chrono::milliseconds::max();
};

} // namespace understudy
