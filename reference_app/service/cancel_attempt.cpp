#include "cancel_attempt.hpp"

#include "note_texts.hpp"
#include "tokens.hpp"
#include "write_trouble.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace service {
namespace {

using understudy::Errc;
using understudy::error_code;
using understudy::Patch;
using understudy::Reading;

constexpr std::string_view refund_write = "refund";
constexpr std::string_view cancel_write = "cancel ";

} // namespace

CancelAttempt::CancelAttempt(JournaledBookingDesk& desk, std::string contact_id,
                             std::vector<Cancellation> cancellations, CancelTerms terms,
                             BookingDesk::CancelHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , contact_id_{std::move(contact_id)}
    , owners_{contact_id_}
    , terms_{std::move(terms)}
    , handler_{std::move(handler)} {
    for (auto& cancellation : cancellations) {
        Item item;
        item.id = std::move(cancellation.record_id);
        item.reason = std::move(cancellation.reason);
        const auto first =
            std::find_if(items_.begin(), items_.end(), [&](const Item& other) { return other.id == item.id; });
        if (first != items_.end()) {
            item.result = CancelRefusal::already_cancelled;
            item.repeats = static_cast<std::size_t>(first - items_.begin());
        }
        items_.push_back(std::move(item));
    }
}

void CancelAttempt::carry_out() {
    open_.clear();
    WriteOperation operation;
    operation.kind = "cancel";
    if (!contact_id_.empty())
        operation.locks.push_back(desk_.writer_.lock_of_contact(contact_id_));
    for (std::size_t i = 0; i < items_.size(); ++i)
        if (!items_[i].result) {
            open_.push_back(i);
            operation.locks.push_back(desk_.writer_.lock_of_booking(items_[i].id));
        }
    if (open_.empty())
        return finish();
    if (++rounds_ > max_rounds)
        return fail_rest(unavailable(Errc::contended));
    operation.timeout = remaining();
    survivor_.clear();
    decided_nothing_ = false;
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation), [self](const RecordWriter::Decided& decided) { self->decide(decided); },
        [self](error_code error, const understudy::OperationReport& report) { self->on_report(error, report); });
}

void CancelAttempt::decide(const RecordWriter::Decided& decided) {
    const auto self = shared_from_this();
    std::vector<std::string> ids;
    for (const auto at : open_)
        ids.push_back(items_[at].id);
    side_by_side(
        [&] {
            expect_one_more();
            desk_.writer_.read_bookings(std::move(ids), options(),
                                        [self](error_code error, const std::vector<Reading<Booking>>& bookings) {
                                            self->bookings_ = bookings;
                                            self->arrived(error);
                                        });
            if (contact_id_.empty())
                return;
            expect_one_more();
            desk_.writer_.read_contact(contact_id_, options(),
                                       [self](error_code error, const Reading<ContactCredits>& contact) {
                                           self->contact_ = contact;
                                           self->arrived(error);
                                       });
        },
        [self, decided](error_code error) {
            if (error)
                return decided(error, {});
            self->judge(decided);
        });
}

void CancelAttempt::judge(const RecordWriter::Decided& decided) {
    if (contact_.found() && contact_.id != contact_id_) {
        survivor_ = contact_.id;
        return decided(Errc::record_merged, {});
    }
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < open_.size(); ++i) {
        auto& item = items_[open_[i]];
        if (const auto refusal = objection(bookings_[i])) {
            item.result = *refusal;
        } else if (const auto [first, is_new] = seen.emplace(bookings_[i].id, open_[i]); !is_new) {
            // Two that were merged are one.
            item.result = CancelRefusal::already_cancelled;
            item.repeats = first->second;
        }
    }
    decided_nothing_ =
        std::all_of(open_.begin(), open_.end(), [&](std::size_t at) { return items_[at].result.has_value(); });
    if (decided_nothing_)
        return decided(Errc::refused, {});
    decided({}, plan());
}

std::optional<CancelRefusal> CancelAttempt::objection(const Reading<Booking>& booking) const {
    using enum CancelRefusal;
    if (!booking.found())
        return not_found;
    const auto is_among = [](const std::vector<std::string>& ids, const std::optional<std::string>& id) {
        return std::find(ids.begin(), ids.end(), id.value_or("")) != ids.end();
    };
    if (!terms_.exams.empty() && !is_among(terms_.exams, booking.record.associated_mock_exam))
        return other_exam;
    if ((terms_.admin.empty() && !contact_.found()) || !is_among(owners_, booking.record.associated_contact_id))
        return access_denied;
    if (booking.record.is_active == "Cancelled")
        return already_cancelled;
    if (booking.record.is_active == "Completed")
        return completed;
    return std::nullopt;
}

// One patch of the contact for all that goes back to it, and one of each booking.
understudy::Plan CancelAttempt::plan() {
    cancelled_at_ = desk_.now_();
    std::map<CreditField, std::int64_t> balances;
    understudy::Plan plan;
    for (std::size_t i = 0; i < open_.size(); ++i) {
        auto& item = items_[open_[i]];
        if (item.result)
            continue;
        const auto& booking = bookings_[i].record;
        const auto paid = terms_.refund && booking.token_used && booking.token_refunded != true
                              ? field_of_token(*booking.token_used)
                              : std::nullopt;
        item.refunded = contact_.found() ? paid : std::nullopt;
        Cancelled cancelled;
        cancelled.refund_lost = paid && !item.refunded;
        cancelled.record_id = item.id;
        cancelled.cancelled_at = cancelled_at_;
        Patch<Booking> patch;
        Patch<Booking> undo;
        patch.set<&Booking::is_active>("Cancelled");
        undo.set<&Booking::is_active>(booking.is_active);
        if (item.refunded) {
            auto& held = balances.try_emplace(*item.refunded, balance(contact_.record, *item.refunded)).first->second;
            cancelled.restored = CreditRestored{*item.refunded, 1, ++held};
            patch.set<&Booking::token_refunded>(true).set<&Booking::token_refunded_at>(cancelled_at_);
            undo.set<&Booking::token_refunded>(false).set<&Booking::token_refunded_at>(booking.token_refunded_at);
            if (!terms_.admin.empty()) {
                patch.set<&Booking::token_refund_admin>(terms_.admin);
                undo.set<&Booking::token_refund_admin>(booking.token_refund_admin);
            }
        }
        item.result = cancelled;
        plan.writes.push_back(
            desk_.writer_.change_booking(std::string{cancel_write} + item.id, item.id, patch, std::optional{undo}));
        plan.followers.push_back(desk_.writer_.create_note(
            "note " + item.id, note_of_cancellation(booking, cancelled, item.reason, terms_.admin)));
    }
    if (balances.empty())
        return plan;
    Patch<ContactCredits> refund;
    Patch<ContactCredits> undo;
    for (const auto& [field, held] : balances) {
        set_balance(refund, field, held);
        set_balance(undo, field, balance(contact_.record, field));
    }
    plan.writes.push_back(
        desk_.writer_.change_contact(std::string{refund_write}, contact_id_, refund, std::optional{undo}));
    return plan;
}

void CancelAttempt::on_report(error_code error, const understudy::OperationReport& report) {
    if (decided_nothing_)
        return finish();
    // What was to be cancelled is not, unless everything went well.
    for (const auto at : open_)
        if (auto* cancelled = items_[at].result ? std::get_if<Cancelled>(&*items_[at].result) : nullptr) {
            if (error)
                items_[at].result.reset();
            else
                cancelled->replica_pending = report.replica_pending;
        }
    if (!error)
        return finish();
    if (!survivor_.empty()) {
        contact_id_ = survivor_;
        owners_.push_back(survivor_);
        return carry_out();
    }
    // One that the source refuses keeps no other from being cancelled: again, without it.
    bool refused = false;
    for (const auto& step : report.steps)
        if (step.error && step.name.starts_with(cancel_write) && step.error != Errc::record_merged)
            for (auto& item : items_)
                if (!item.result && step.name == std::string{cancel_write} + item.id &&
                    (step.error == understudy::Condition::refused || step.error == Errc::schema_mismatch)) {
                    item.result = CancelRefusal::refused;
                    refused = true;
                }
    if (refused || error == Errc::record_merged)
        return carry_out();
    fail_rest(trouble_of<CancelResult>(error, CancelRefusal::refused));
}

void CancelAttempt::fail_rest(const CancelResult& result) {
    for (auto& item : items_)
        if (!item.result)
            item.result = result;
    finish();
}

void CancelAttempt::finish() {
    std::vector<CancelResult> results;
    for (const auto& item : items_) {
        // It is cancelled by then, if the first was.
        const bool failed = item.repeats && !std::holds_alternative<Cancelled>(results[*item.repeats]);
        results.push_back(failed ? results[*item.repeats] : *item.result);
    }
    std::exchange(handler_, {})(std::move(results));
}

} // namespace service
