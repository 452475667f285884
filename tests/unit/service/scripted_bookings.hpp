#pragma once

#include "booking_directory.hpp"

#include <string>
#include <utility>

/// A booking of the contact 101 by default; anything else when told to. Remembers the last question.
class ScriptedBookings final : public service::BookingDirectory {
public:
    ScriptedBookings() {
        service::BookingPage page;
        page.bookings.push_back(anns());
        page.total_bookings = 1;
        page.provenance.from_replica = true;
        list_result = std::move(page);
        service::FoundBooking found;
        found.booking = anns();
        found.provenance.from_replica = true;
        get_result = std::move(found);
    }

    static service::BookingView anns() {
        using namespace std::chrono;
        using namespace std::chrono_literals;
        service::BookingView booking;
        booking.id = "701";
        booking.booking_id = "Clinical Skills-ANN1-December 5, 2026";
        booking.name = "Ann Lee";
        booking.email = "ann@example.org";
        booking.status = service::BookingStatus::Active;
        booking.attendance = service::Attendance::Yes;
        booking.dominant_hand = true;
        booking.contact_id = "101";
        booking.mock_exam_id = "501";
        auto& exam = booking.exam.emplace();
        exam.mock_type = service::MockType::clinical_skills;
        exam.exam_date = 2026y / December / 5;
        exam.start_time = sys_days{*exam.exam_date} + 14h;
        exam.end_time = sys_days{*exam.exam_date} + 17h + 30min;
        exam.location = "Mississauga";
        return booking;
    }

    void list(service::BookingsQuestion asked, BookingsHandler handler) override {
        ++asks;
        question = std::move(asked);
        handler(list_result);
    }
    void get(std::string id, BookingHandler handler) override {
        ++asks;
        booking_id = std::move(id);
        handler(get_result);
    }

    service::BookingsResult list_result;
    service::BookingResult get_result;
    service::BookingsQuestion question;
    std::string booking_id;
    int asks = 0;
};
