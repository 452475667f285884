#pragma once

#include "record_reader.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Reads nothing, and says what it was asked for.
class ScriptedReader final : public service::RecordReader {
public:
    /// What it was asked for, in words.
    std::vector<std::string> log;
    /// Of the last question.
    understudy::ReadOptions options;
    /// Does what a read would do to the replica, and says how the read ended.
    std::function<understudy::error_code(const std::string&)> answer;
    /// Change what is read before it is answered.
    std::function<void(understudy::SetReading<service::Booking>&)> on_set;
    std::function<void(understudy::Reading<service::MockExam>&)> on_exam;
    bool failing = false;
    understudy::error_code exam_error;
    understudy::error_code booking_error;
    bool absent_is_old = false;
    std::map<std::string, std::string> survivors;

    service::MockExam& exam(const std::string& id) {
        auto& exam = exams_[id];
        exam.hubspot_id = id;
        exam.mock_type = "Clinical Skills";
        exam.location = "Mississauga";
        exam.exam_date = understudy::parse_date("2026-05-20");
        exam.start_time = understudy::parse_timestamp("2026-05-20T14:00:00Z");
        exam.end_time = understudy::parse_timestamp("2026-05-20T17:00:00Z");
        return exam;
    }
    service::Booking& booking(const std::string& id, const std::string& exam) {
        auto& booking = bookings_[id];
        booking.hubspot_id = id;
        booking.associated_contact_id = "101";
        if (!exam.empty())
            booking.associated_mock_exam = exam;
        return booking;
    }

    void cover_exams(const understudy::ReadOptions& how, Done done) override { cover("exams", how, done); }
    void cover_bookings_of_exams(std::vector<std::string> ids, const understudy::ReadOptions& how, Done done) override {
        cover("bookings of " + joined(ids), how, done);
    }
    void read_bookings_of_contact(std::string id, const understudy::ReadOptions& how,
                                  BookingsHandler handler) override {
        options = how;
        log.push_back("bookings of contact " + id);
        const auto error = answer ? answer(log.back()) : understudy::error_code{};
        auto set = understudy::SetReading<service::Booking>::failure(error);
        if (!error) {
            set = understudy::SetReading<service::Booking>::of({});
            for (const auto& [key, booking] : bookings_)
                if (booking.associated_contact_id == id)
                    set.members.push_back(understudy::Reading<service::Booking>::of(booking, understudy::Version{1}));
            if (on_set)
                on_set(set);
        }
        handler(error, std::move(set));
    }
    void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& how, ExamsHandler handler) override {
        options = how;
        log.push_back("exams " + joined(ids));
        understudy::error_code error = exam_error;
        if (answer)
            error = answer(log.back());
        std::vector<understudy::Reading<service::MockExam>> readings;
        for (const auto& id : ids)
            readings.push_back(error ? understudy::Reading<service::MockExam>::failure(error) : find(exams_, id));
        if (on_exam)
            for (auto& reading : readings)
                on_exam(reading);
        handler({}, std::move(readings));
    }
    void read_booking(std::string id, const understudy::ReadOptions& how, BookingHandler handler) override {
        options = how;
        log.push_back("booking " + id);
        if (booking_error)
            handler(booking_error, {});
        else
            handler({}, find(bookings_, id));
    }
    bool source_fails() const override { return failing; }

private:
    static std::string joined(const std::vector<std::string>& ids) {
        std::string text;
        for (const auto& id : ids)
            text += (text.empty() ? "" : ",") + id;
        return text;
    }
    void cover(const std::string& what, const understudy::ReadOptions& how, const Done& done) {
        options = how;
        log.push_back(what);
        done(answer ? answer(what) : understudy::error_code{});
    }
    template<class R>
    understudy::Reading<R> find(const std::map<std::string, R>& records, const std::string& id) const {
        const auto survivor = survivors.find(id);
        const auto found = records.find(survivor == survivors.end() ? id : survivor->second);
        if (found != records.end())
            return understudy::Reading<R>::of(found->second, understudy::Version{1});
        auto reading = understudy::Reading<R>::none(id);
        reading.stale = absent_is_old;
        return reading;
    }

    std::map<std::string, service::MockExam> exams_;
    std::map<std::string, service::Booking> bookings_;
};
