#pragma once

#include "booking_desk.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Books, cancels and changes whatever it is asked to, or does what it is told; nothing until told when held. Remembers
/// the questions.
class ScriptedDesk final : public service::BookingDesk {
public:
    ScriptedDesk() { book_result = clinic(); }

    static service::Booked clinic() {
        using namespace std::chrono;
        service::Booked booked;
        booked.booking_id = "Clinical Skills-ANN1-December 5, 2026";
        booked.record_id = "701";
        booked.idempotency_key = "key-1";
        booked.exam_id = "501";
        booked.mock_type = service::MockType::clinical_skills;
        booked.exam_date = 2026y / December / 5;
        booked.location = "Mississauga";
        booked.payment = {service::CreditField::cs_credits, {2, 1}, {1, 1}};
        return booked;
    }
    static service::Cancelled cancelled(std::string id) {
        using namespace std::chrono;
        service::Cancelled result;
        result.record_id = std::move(id);
        result.cancelled_at = sys_days{2026y / November / 1} + 15h;
        result.restored = service::CreditRestored{service::CreditField::cs_credits, 1, 3};
        return result;
    }

    struct Cancel {
        std::string contact_id;
        std::vector<std::string> ids;
        std::vector<std::optional<std::string>> reasons;
    };

    service::BookResult book_result;
    /// Of bookings that are not just cancelled.
    std::map<std::string, service::CancelResult> cancel_results;
    service::ProfileResult profile_result = service::ProfileChanged{"2027-05-01"};

    int books = 0;
    service::BookingOrder order;
    std::vector<Cancel> cancels;
    int changes = 0;
    std::string changed_contact;
    std::string exam_date;

    void hold() { held_ = true; }
    /// Answers what was asked since `hold`, the last question first.
    void release() {
        held_ = false;
        while (!waiting_.empty()) {
            const auto answer = std::move(waiting_.back());
            waiting_.pop_back();
            answer();
        }
    }

    void book(service::BookingOrder asked, BookHandler handler) override {
        ++books;
        order = std::move(asked);
        answer([this, handler = std::move(handler)] { handler(book_result); });
    }
    void cancel(std::string contact_id, std::vector<service::Cancellation> asked, CancelHandler handler) override {
        auto& cancel = cancels.emplace_back();
        cancel.contact_id = std::move(contact_id);
        std::vector<service::CancelResult> results;
        for (auto& cancellation : asked) {
            const auto told = cancel_results.find(cancellation.record_id);
            results.push_back(told == cancel_results.end() ? cancelled(cancellation.record_id) : told->second);
            cancel.ids.push_back(std::move(cancellation.record_id));
            cancel.reasons.push_back(std::move(cancellation.reason));
        }
        answer([results = std::move(results), handler = std::move(handler)] { handler(results); });
    }
    void change_exam_date(std::string contact_id, std::string date, ProfileHandler handler) override {
        ++changes;
        changed_contact = std::move(contact_id);
        exam_date = std::move(date);
        answer([this, handler = std::move(handler)] { handler(profile_result); });
    }

private:
    void answer(std::function<void()> now) {
        if (held_)
            waiting_.push_back(std::move(now));
        else
            now();
    }

    bool held_ = false;
    std::vector<std::function<void()>> waiting_;
};
