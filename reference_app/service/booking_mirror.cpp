#include "booking_mirror.hpp"

#include "cached_booking_reader.hpp"
#include "exam_stores.hpp"
#include "stacked_mirror.hpp"

namespace service {
namespace {

understudy::hubspot::ObjectParams<Booking> bookings_at(const SourceTypes& types) {
    understudy::hubspot::ObjectParams<Booking> params;
    params.object_type = types.bookings;
    auto& contact = params.link<&Booking::associated_contact_id>();
    contact.to = types.contacts;
    contact.type_id = types.booking_to_contact;
    auto& exam = params.link<&Booking::associated_mock_exam>();
    exam.to = types.exams;
    exam.type_id = types.booking_to_exam;
    return params;
}

class StackedBookings final : public StackedMirror<Booking, BookingMirror> {
public:
    explicit StackedBookings(const MirrorParts& parts)
        : StackedMirror{parts, bookings_at(parts.types)}
        , reader_{cache()} {}

    BookingReader& reader() override { return reader_; }

private:
    CachedBookingReader<Cache> reader_;
};

} // namespace

std::unique_ptr<BookingMirror> mirror_bookings(const MirrorParts& parts) {
    return std::make_unique<StackedBookings>(parts);
}

} // namespace service
