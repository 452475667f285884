#pragma once

#include "exam_directory.hpp"
#include "http_message.hpp"

#include <string_view>

namespace service {

/// What is answered about exams, to anybody. Outlives the requests that it was given.
class ExamEndpoints {
public:
    explicit ExamEndpoints(ExamDirectory& exams)
        : exams_{exams} {}

    void available_exams(std::string_view query, Respond respond);
    void available_discussions(std::string_view query, Respond respond);
    void capacity(std::string_view id, Respond respond);

private:
    ExamDirectory& exams_;
};

} // namespace service
