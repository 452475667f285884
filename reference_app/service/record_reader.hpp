#pragma once

#include "booking.hpp"
#include "mock_exam.hpp"

#include <understudy/error.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>
#include <understudy/set_reading.hpp>

#include <functional>
#include <string>
#include <vector>

namespace service {

/// Exams and bookings, replica first, read from the source where the replica does not know. Each handler is called
/// once, from the same thread, possibly before the call returns.
class RecordReader {
public:
    /// Success says that the replica now holds everything that was asked for, as fresh as the options want; otherwise
    /// it is the first of the failures.
    using Done = std::function<void(understudy::error_code)>;
    using ExamsHandler = std::function<void(understudy::error_code, std::vector<understudy::Reading<MockExam>>)>;
    using BookingsHandler = std::function<void(understudy::error_code, understudy::SetReading<Booking>)>;
    using BookingHandler = std::function<void(understudy::error_code, understudy::Reading<Booking>)>;

    virtual ~RecordReader() = default;

    virtual void cover_exams(const understudy::ReadOptions& options, Done done) = 0;
    virtual void cover_bookings_of_exams(std::vector<std::string> exam_ids, const understudy::ReadOptions& options,
                                         Done done) = 0;

    virtual void read_bookings_of_contact(std::string contact_id, const understudy::ReadOptions& options,
                                          BookingsHandler handler) = 0;
    /// One reading for each id, in that order.
    virtual void read_exams(std::vector<std::string> ids, const understudy::ReadOptions& options,
                            ExamsHandler handler) = 0;
    virtual void read_booking(std::string id, const understudy::ReadOptions& options, BookingHandler handler) = 0;

    /// Whether the source answers nobody at the moment: what the replica says cannot be confirmed then.
    virtual bool source_fails() const = 0;
};

} // namespace service
