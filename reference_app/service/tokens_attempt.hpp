#pragma once

#include "desk_attempt.hpp"
#include "journaled_exam_desk.hpp"

#include <understudy/operation_report.hpp>
#include <understudy/reading.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// What a student is to hold, until it is answered.
class TokensAttempt final : public DeskAttempt, public std::enable_shared_from_this<TokensAttempt> {
public:
    TokensAttempt(JournaledExamDesk& desk, std::string contact_id, std::vector<TokenCount> tokens,
                  ExamDesk::TokensHandler handler);

    void carry_out();

private:
    void judge(const understudy::Reading<ContactCredits>& contact, const RecordWriter::Decided& decided);
    void on_report(understudy::error_code error, const understudy::OperationReport& report);
    void answer(TokensResult result);

    JournaledExamDesk& desk_;
    std::string contact_id_;
    std::vector<TokenCount> tokens_;
    ExamDesk::TokensHandler handler_;
    std::vector<TokenChange> changes_;
    std::optional<TokensResult> result_;
    std::string survivor_;
    int rounds_ = 0;
};

} // namespace service
