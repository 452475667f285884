#pragma once

#include "admin_desk.hpp"
#include "scripted_desk.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Books, cancels and marks whatever it is asked to, or does what it is told; nothing until told when held. Remembers
/// the questions.
class ScriptedAdminDesk final : public service::AdminDesk {
public:
    ScriptedAdminDesk() {
        auto booked = ScriptedDesk::clinic();
        booked.payment.reset();
        book_result = booked;
    }

    service::BookResult book_result;
    /// Of bookings that are not just cancelled, or marked.
    std::map<std::string, service::CancelResult> cancel_results;
    std::map<std::string, service::AttendanceResult> attendance_results;
    /// Of all of them, if nothing can be begun.
    std::optional<service::AdminCancelResult> nothing_cancelled;
    std::optional<service::AttendanceResults> nothing_marked;

    std::vector<service::BookingOrder> orders;
    std::vector<service::AdminOverride> rights;
    std::vector<service::AdminCancellation> cancellations;
    std::vector<std::string> exams;
    std::vector<std::vector<service::AttendanceMark>> marks;

    int asked() const { return static_cast<int>(orders.size() + cancellations.size() + marks.size()); }

    void hold() { held_ = true; }
    void release() {
        held_ = false;
        for (const auto& answer : std::exchange(waiting_, {}))
            answer();
    }

    void book(service::BookingOrder order, service::AdminOverride may, BookHandler handler) override {
        orders.push_back(std::move(order));
        rights.push_back(may);
        answer([this, handler = std::move(handler)] { handler(book_result); });
    }
    void cancel(service::AdminCancellation cancellation, CancelHandler handler) override {
        std::vector<service::CancelResult> results;
        for (const auto& booking : cancellation.bookings)
            results.push_back(told(cancel_results, booking.record_id, ScriptedDesk::cancelled(booking.record_id)));
        cancellations.push_back(std::move(cancellation));
        answer([this, results = std::move(results), handler = std::move(handler)] {
            handler(nothing_cancelled ? *nothing_cancelled : results);
        });
    }
    void mark_attendance(std::string exam_id, std::vector<service::AttendanceMark> asked,
                         AttendanceHandler handler) override {
        std::vector<service::AttendanceResult> results;
        for (const auto& mark : asked)
            results.push_back(
                told(attendance_results, mark.record_id, service::AttendanceMarked{mark.attended, false, false}));
        exams.push_back(std::move(exam_id));
        marks.push_back(std::move(asked));
        answer([this, results = std::move(results), handler = std::move(handler)] {
            handler(nothing_marked ? *nothing_marked : results);
        });
    }

private:
    template<class Result, class Done>
    static Result told(const std::map<std::string, Result>& results, const std::string& id, Done otherwise) {
        const auto found = results.find(id);
        return found == results.end() ? Result{otherwise} : found->second;
    }
    void answer(std::function<void()> now) {
        if (held_)
            waiting_.push_back(std::move(now));
        else
            now();
    }

    bool held_ = false;
    std::vector<std::function<void()>> waiting_;
};
