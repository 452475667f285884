#pragma once

#include "booking_reader.hpp"
#include "when_covered.hpp"

#include <string>
#include <utility>
#include <vector>

namespace service {

/// Bookings as a cache knows them. `Cache` is a `ReadThroughCache` of `Booking`; use it from its executor.
template<class Cache>
class CachedBookingReader final : public BookingReader {
public:
    explicit CachedBookingReader(Cache cache)
        : cache_{std::move(cache)} {}

    void cover_bookings_of_exams(std::vector<std::string> exam_ids, const understudy::ReadOptions& options,
                                 Done done) override {
        cache_.template async_cover<BookingsOfExam>(std::move(exam_ids), options,
                                                    when_covered<Booking>(std::move(done)));
    }
    void read_bookings_of_contact(std::string contact_id, const understudy::ReadOptions& options,
                                  BookingsHandler handler) override {
        cache_.template async_get_set<BookingsOfContact>(std::move(contact_id), options, std::move(handler));
    }
    void read_booking(std::string id, const understudy::ReadOptions& options, BookingHandler handler) override {
        cache_.async_get(std::move(id), options, std::move(handler));
    }

private:
    Cache cache_;
};

} // namespace service
