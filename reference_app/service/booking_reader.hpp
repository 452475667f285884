#pragma once

#include "booking.hpp"

#include <understudy/error.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>
#include <understudy/set_reading.hpp>

#include <functional>
#include <string>
#include <vector>

namespace service {

/// Bookings, replica first, read from the source where the replica does not know. Handlers as those of `ExamReader`.
class BookingReader {
public:
    using Done = std::function<void(understudy::error_code)>;
    using BookingsHandler = std::function<void(understudy::error_code, understudy::SetReading<Booking>)>;
    using BookingHandler = std::function<void(understudy::error_code, understudy::Reading<Booking>)>;

    virtual ~BookingReader() = default;

    virtual void cover_bookings_of_exams(std::vector<std::string> exam_ids, const understudy::ReadOptions& options,
                                         Done done) = 0;
    virtual void read_bookings_of_contact(std::string contact_id, const understudy::ReadOptions& options,
                                          BookingsHandler handler) = 0;
    virtual void read_booking(std::string id, const understudy::ReadOptions& options, BookingHandler handler) = 0;
};

} // namespace service
