#pragma once

#include "booking_reader.hpp"
#include "exam_reader.hpp"

namespace service {

/// Exams and bookings, replica first.
class RecordReader : public ExamReader, public BookingReader {
public:
    using Done = ExamReader::Done;

    /// Whether the source answers nobody at the moment: what the replica says cannot be confirmed then.
    virtual bool source_fails() const = 0;
};

} // namespace service
