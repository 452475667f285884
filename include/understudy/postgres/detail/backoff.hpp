#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace understudy::postgres::detail {

// The pauses between attempts: doubling, each shortened at random by up to a half.
template<class Random = std::minstd_rand>
class Backoff {
public:
    using Milliseconds = std::chrono::milliseconds;

    Backoff(Milliseconds first, Milliseconds last, Random random)
        : first_{first}
        , last_{last}
        , next_{first}
        , random_{std::move(random)} {}

    Milliseconds failed() {
        const auto whole = next_;
        next_ = std::min(next_ * 2, last_);
        std::uniform_int_distribution<Milliseconds::rep> share{whole.count() - whole.count() / 2, whole.count()};
        return Milliseconds{share(random_)};
    }
    void succeeded() noexcept { next_ = first_; }

private:
    Milliseconds first_;
    Milliseconds last_;
    Milliseconds next_;
    Random random_;
};

} // namespace understudy::postgres::detail
