#include "tokens_attempt.hpp"

#include "tokens.hpp"
#include "write_trouble.hpp"

#include <understudy/plan.hpp>

#include <utility>

namespace service {

using understudy::Errc;
using understudy::error_code;
using understudy::Reading;

TokensAttempt::TokensAttempt(JournaledExamDesk& desk, std::string contact_id, std::vector<TokenCount> tokens,
                             ExamDesk::TokensHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , contact_id_{std::move(contact_id)}
    , tokens_{std::move(tokens)}
    , handler_{std::move(handler)} {}

void TokensAttempt::carry_out() {
    if (++rounds_ > max_rounds)
        return answer(unavailable(Errc::contended));
    result_.reset();
    survivor_.clear();
    WriteOperation operation;
    operation.kind = "set tokens";
    operation.locks = {desk_.writer_.lock_of_contact(contact_id_)};
    operation.timeout = remaining();
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation),
        [self](const RecordWriter::Decided& decided) {
            self->desk_.writer_.read_contact(self->contact_id_, self->options(),
                                             [self, decided](error_code error, const Reading<ContactCredits>& contact) {
                                                 if (error)
                                                     return decided(error, {});
                                                 self->judge(contact, decided);
                                             });
        },
        [self](error_code error, const understudy::OperationReport& report) { self->on_report(error, report); });
}

void TokensAttempt::judge(const Reading<ContactCredits>& contact, const RecordWriter::Decided& decided) {
    if (contact.found() && contact.id != contact_id_) {
        survivor_ = contact.id;
        return decided(Errc::record_merged, {});
    }
    if (!contact.found()) {
        result_ = TokensRefusal::contact_not_found;
        return decided(Errc::refused, {});
    }
    changes_.clear();
    understudy::Patch<ContactCredits> patch;
    for (const auto& token : tokens_) {
        const TokenChange change{token.field, held(contact.record, token.field), token.count};
        if (change.before != change.after)
            set_balance(patch, token.field, token.count);
        changes_.push_back(change);
    }
    if (patch.empty()) {
        result_ = TokensChanged{contact_id_, changes_, false};
        return decided(Errc::refused, {});
    }
    understudy::Plan plan;
    plan.writes.push_back(desk_.writer_.change_contact("tokens", contact_id_, patch));
    decided({}, std::move(plan));
}

void TokensAttempt::on_report(error_code error, const understudy::OperationReport& report) {
    if (result_)
        return answer(std::move(*result_));
    if (!error)
        return answer(TokensChanged{contact_id_, std::move(changes_), report.replica_pending});
    if (error == Errc::record_merged) {
        if (survivor_.empty() && !report.steps.empty())
            survivor_ = report.steps.front().key;
        if (!survivor_.empty())
            contact_id_ = survivor_;
        return carry_out();
    }
    answer(trouble_of<TokensResult>(error, TokensRefusal::refused));
}

void TokensAttempt::answer(TokensResult result) {
    std::exchange(handler_, {})(std::move(result));
}

} // namespace service
