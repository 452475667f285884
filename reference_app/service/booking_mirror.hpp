#pragma once

#include "booking.hpp"
#include "booking_reader.hpp"
#include "hint_desk.hpp"
#include "record_mirror.hpp"

#include <memory>
#include <vector>

namespace service {

struct MirrorParts;

class BookingMirror : public RecordMirror<Booking> {
public:
    virtual BookingReader& reader() = 0;
    /// Says that the bookings of contacts and exams may be others than before. A booking whose row names the parent
    /// already needs no more than a hint of its own; else the parent's set is read again as a whole.
    virtual void hint_links(std::vector<BookingLink> to_contacts, std::vector<BookingLink> to_exams, Done done) = 0;
};

std::unique_ptr<BookingMirror> mirror_bookings(const MirrorParts& parts);

} // namespace service
