#pragma once

#include "exam_activation.hpp"
#include "exam_desk.hpp"
#include "exam_directory.hpp"
#include "http_message.hpp"

#include <optional>

namespace service {

/// The answers to what admins wrote. What the replica does not show yet bears `X-Replica-Sync: pending`. Without
/// places nobody could count them at the moment: they are null.
Response exam_created_answer(const ExamWritten& written);
Response exam_changed_answer(const ExamWritten& written, const std::optional<Places>& places);
Response exam_deleted_answer(const ExamWritten& written);
Response exam_refused(ExamRefusal refusal);
/// Each of the members that were named: before, after, and the difference.
Response tokens_answer(const TokensChanged& changed);
Response tokens_refused(TokensRefusal refusal);

/// 200, or 207 if an exam could not be activated; 503 if nobody could say which exams are due.
Response activation_answer(const ActivationReport& report);

} // namespace service
