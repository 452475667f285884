#pragma once

#include "record_reader.hpp"

#include <understudy/set_reading.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace service {

/// Exams and bookings as two caches know them. `Exams` is a `ReadThroughCache` of `MockExam`, `Bookings` one of
/// `Booking`; use it from their executor.
template<class Exams, class Bookings>
class CachedRecordReader final : public RecordReader {
public:
    CachedRecordReader(Exams exams, Bookings bookings, std::function<bool()> source_fails)
        : exams_{std::move(exams)}
        , bookings_{std::move(bookings)}
        , source_fails_{std::move(source_fails)} {}

    void cover_exams(const understudy::ReadOptions& options, Done done) override {
        exams_.template async_cover<AllExams>({understudy::Everything{}}, options, when_all<MockExam>(std::move(done)));
    }
    void cover_bookings_of_exams(std::vector<std::string> exam_ids, const understudy::ReadOptions& options,
                                 Done done) override {
        bookings_.template async_cover<BookingsOfExam>(std::move(exam_ids), options,
                                                       when_all<Booking>(std::move(done)));
    }

    void read_bookings_of_contact(std::string contact_id, const understudy::ReadOptions& options,
                                  BookingsHandler handler) override {
        bookings_.template async_get_set<BookingsOfContact>(std::move(contact_id), options, std::move(handler));
    }
    void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& options,
                    ExamsHandler handler) override {
        exams_.async_get_many(std::move(ids), options, std::move(handler));
    }
    void read_booking(std::string id, const understudy::ReadOptions& options, BookingHandler handler) override {
        bookings_.async_get(std::move(id), options, std::move(handler));
    }

    bool source_fails() const override { return source_fails_(); }

private:
    template<class R>
    static auto when_all(Done done) {
        return
            [done = std::move(done)](understudy::error_code error, const std::vector<understudy::SetReading<R>>& sets) {
                for (const auto& set : sets)
                    if (!error && (set.failed() || set.stale))
                        error = set.error ? set.error : make_error_code(understudy::Errc::unavailable);
                done(error);
            };
    }

    Exams exams_;
    Bookings bookings_;
    std::function<bool()> source_fails_;
};

} // namespace service
