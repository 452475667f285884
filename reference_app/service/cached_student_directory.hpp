#pragma once

#include "config.hpp"
#include "student_directory.hpp"

#include <understudy/read_options.hpp>

#include <functional>
#include <string>
#include <utility>
#include <variant>

namespace service {

/// Students as a cache of contacts knows them: found by address, replica first. Only when nobody has the address is the
/// number searched, to choose between the two refusals. While the source fails, what the replica says is flagged stale:
/// nobody can confirm it.
///
/// `Cache` is a `ReadThroughCache` of `ContactCredits`; use the directory from the cache's executor.
template<class Cache>
class CachedStudentDirectory final : public StudentDirectory {
public:
    CachedStudentDirectory(Cache cache, const ReadingParams& params, std::function<bool()> source_fails)
        : cache_{std::move(cache)}
        , source_fails_{std::move(source_fails)} {
        options_.freshness = params.freshness;
        options_.timeout = params.timeout;
    }

    void identify(std::string student_id, std::string email, Handler handler) override {
        handler = [this, inner = std::move(handler)](StudentResult result) {
            if (auto* student = std::get_if<Student>(&result))
                student->stale = student->stale || (student->from_replica && source_fails_());
            inner(std::move(result));
        };
        if (const auto known = cache_.template try_get<ByEmail>(email, options_))
            if (auto result = judge(student_id, *known))
                return handler(std::move(*result));
        cache_.template async_get<ByEmail>(
            std::move(email), options_,
            [cache = cache_, options = options_, student_id = std::move(student_id), handler = std::move(handler)](
                understudy::error_code error, const understudy::Reading<ContactCredits>& by_email) mutable {
                if (error)
                    return handler(unavailable(error));
                if (auto result = judge(student_id, by_email))
                    return handler(std::move(*result));
                cache.template async_exists<ByStudentId>(
                    std::move(student_id), options,
                    [handler = std::move(handler)](understudy::error_code failed, bool known) {
                        if (failed)
                            handler(unavailable(failed));
                        else if (known)
                            handler(EmailMismatch{});
                        else
                            handler(StudentNotFound{});
                    });
            });
    }

private:
    Cache cache_;
    std::function<bool()> source_fails_;
    understudy::ReadOptions options_;
};

} // namespace service
