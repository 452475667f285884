#pragma once

#include "record_reader.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace service {

/// Exams and bookings as two readers know them; they outlive it.
class JoinedRecordReader final : public RecordReader {
public:
    JoinedRecordReader(ExamReader& exams, BookingReader& bookings, std::function<bool()> source_fails)
        : exams_{exams}
        , bookings_{bookings}
        , source_fails_{std::move(source_fails)} {}

    void cover_exams(const understudy::ReadOptions& options, Done done) override {
        exams_.cover_exams(options, std::move(done));
    }
    void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& options,
                    ExamsHandler handler) override {
        exams_.read_exams(std::move(ids), options, std::move(handler));
    }
    void cover_bookings_of_exams(std::vector<std::string> exam_ids, const understudy::ReadOptions& options,
                                 Done done) override {
        bookings_.cover_bookings_of_exams(std::move(exam_ids), options, std::move(done));
    }
    void read_bookings_of_contact(std::string contact_id, const understudy::ReadOptions& options,
                                  BookingsHandler handler) override {
        bookings_.read_bookings_of_contact(std::move(contact_id), options, std::move(handler));
    }
    void read_booking(std::string id, const understudy::ReadOptions& options, BookingHandler handler) override {
        bookings_.read_booking(std::move(id), options, std::move(handler));
    }

    bool source_fails() const override { return source_fails_(); }

private:
    ExamReader& exams_;
    BookingReader& bookings_;
    std::function<bool()> source_fails_;
};

} // namespace service
