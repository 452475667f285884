#pragma once

#include <understudy/error.hpp>
#include <understudy/set_reading.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace service {

/// A handler of sets that were to be covered: the first that was not fails them all.
template<class R>
auto when_covered(std::function<void(understudy::error_code)> done) {
    return [done = std::move(done)](understudy::error_code error, const std::vector<understudy::SetReading<R>>& sets) {
        for (const auto& set : sets)
            if (!error && (set.failed() || set.stale))
                error = set.error ? set.error : make_error_code(understudy::Errc::unavailable);
        done(error);
    };
}

} // namespace service
