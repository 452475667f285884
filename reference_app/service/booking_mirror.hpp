#pragma once

#include "booking.hpp"
#include "booking_reader.hpp"
#include "record_mirror.hpp"

#include <memory>

namespace service {

struct MirrorParts;

class BookingMirror : public RecordMirror<Booking> {
public:
    virtual BookingReader& reader() = 0;
};

std::unique_ptr<BookingMirror> mirror_bookings(const MirrorParts& parts);

} // namespace service
