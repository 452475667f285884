#pragma once

#include "exam_reader.hpp"
#include "when_covered.hpp"

#include <string>
#include <utility>
#include <vector>

namespace service {

/// Exams as a cache knows them. `Cache` is a `ReadThroughCache` of `MockExam`; use it from its executor.
template<class Cache>
class CachedExamReader final : public ExamReader {
public:
    explicit CachedExamReader(Cache cache)
        : cache_{std::move(cache)} {}

    void cover_exams(const understudy::ReadOptions& options, Done done) override {
        cache_.template async_cover<AllExams>({understudy::Everything{}}, options,
                                              when_covered<MockExam>(std::move(done)));
    }
    void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& options,
                    ExamsHandler handler) override {
        cache_.async_get_many(std::move(ids), options, std::move(handler));
    }

private:
    Cache cache_;
};

} // namespace service
