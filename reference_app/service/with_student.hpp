#pragma once

#include "http_message.hpp"
#include "student_directory.hpp"
#include "validation.hpp"

#include <functional>

namespace service {

using AnswerStudent = std::function<void(const Student& student, Respond respond)>;

/// Lets `answer` answer once the student is identified; answers itself when that fails.
void with_student(StudentDirectory& students, Credentials credentials, AnswerStudent answer, Respond respond);

} // namespace service
