#include "journaled_booking_desk.hpp"

#include "booking_attempt.hpp"
#include "cancel_attempt.hpp"
#include "write_trouble.hpp"

#include <utility>

namespace service {

using understudy::Errc;
using understudy::error_code;
using understudy::Reading;

JournaledBookingDesk::JournaledBookingDesk(RecordReader& reader, RecordWriter& writer,
                                           std::chrono::milliseconds timeout, LocalCalendar calendar, Now now)
    : reader_{reader}
    , writer_{writer}
    , timeout_{timeout}
    , calendar_{calendar}
    , now_{std::move(now)} {}

void JournaledBookingDesk::book(BookingOrder order, BookHandler handler) {
    std::make_shared<BookingAttempt>(*this, std::move(order), std::move(handler))->start();
}

void JournaledBookingDesk::cancel(std::string contact_id, std::vector<Cancellation> cancellations,
                                  CancelHandler handler) {
    std::make_shared<CancelAttempt>(*this, std::move(contact_id), std::move(cancellations), CancelTerms{},
                                    std::move(handler))
        ->carry_out();
}

void JournaledBookingDesk::change_exam_date(std::string contact_id, std::string ndecc_exam_date,
                                            ProfileHandler handler) {
    understudy::Patch<ContactCredits> patch;
    patch.set<&ContactCredits::ndecc_exam_date>(ndecc_exam_date);
    auto on_written = [this, contact_id, ndecc_exam_date, handler = std::move(handler)](
                          error_code error, const understudy::WriteReport<ContactCredits>& report) {
        if (!error)
            return handler(ProfileChanged{ndecc_exam_date, report.replica_pending});
        if (error != Errc::refused)
            return handler(trouble_of<ProfileResult>(error, ProfileRefusal::refused));
        // The source does not say whether it refuses the value or has no such contact.
        writer_.read_contact(contact_id, {}, [handler](error_code failed, const Reading<ContactCredits>& contact) {
            const bool gone = !failed && contact.absent();
            handler(gone ? ProfileRefusal::contact_not_found : ProfileRefusal::refused);
        });
    };
    writer_.update_contact(std::move(contact_id), std::move(patch), timeout_, std::move(on_written));
}

} // namespace service
