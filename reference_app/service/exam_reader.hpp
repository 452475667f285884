#pragma once

#include "mock_exam.hpp"

#include <understudy/error.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>

#include <functional>
#include <string>
#include <vector>

namespace service {

/// Exams, replica first, read from the source where the replica does not know. Each handler is called once, from the
/// same thread, possibly before the call returns.
class ExamReader {
public:
    /// Success says that the replica now holds everything that was asked for, as fresh as the options want; otherwise
    /// it is the first of the failures.
    using Done = std::function<void(understudy::error_code)>;
    using ExamsHandler = std::function<void(understudy::error_code, std::vector<understudy::Reading<MockExam>>)>;

    virtual ~ExamReader() = default;

    virtual void cover_exams(const understudy::ReadOptions& options, Done done) = 0;
    /// One reading for each id, in that order.
    virtual void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& options,
                            ExamsHandler handler) = 0;
};

} // namespace service
