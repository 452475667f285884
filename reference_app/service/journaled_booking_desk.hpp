#pragma once

#include "booking_desk.hpp"
#include "local_calendar.hpp"
#include "record_reader.hpp"
#include "record_writer.hpp"
#include "wall_clock.hpp"

#include <understudy/date_time.hpp>
#include <understudy/error.hpp>
#include <understudy/read_options.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace service {

/// Carries out what students ask for as operations: what is decided is decided under the lock of the student's contact,
/// from what the source says of it then, and written once, whatever happens meanwhile.
///
/// Belongs to the executor of its reader and writer, and outlives what is asked of it.
class JournaledBookingDesk final : public BookingDesk {
public:
    using Now = std::function<understudy::Timestamp()>;

    /// `timeout` is how long an asker waits; what was sent by then goes on.
    JournaledBookingDesk(RecordReader& reader, RecordWriter& writer, std::chrono::milliseconds timeout,
                         LocalCalendar calendar = LocalCalendar{}, Now now = &wall_clock_now);

    void book(BookingOrder order, BookHandler handler) override;
    void cancel(std::string contact_id, std::vector<Cancellation> cancellations, CancelHandler handler) override;
    void change_exam_date(std::string contact_id, std::string ndecc_exam_date, ProfileHandler handler) override;

private:
    friend class AdminCancelAttempt;
    friend class AttendanceAttempt;
    friend class BookingAttempt;
    friend class CancelAttempt;
    friend class JournaledAdminDesk;

    /// Why nothing was written, for all who wait for one operation.
    struct Reasons {
        std::optional<BookingRefused> refused{};
        /// The contact that it was merged into.
        std::string survivor{};
    };

    RecordReader& reader_;
    RecordWriter& writer_;
    std::chrono::milliseconds timeout_;
    LocalCalendar calendar_;
    Now now_;
    std::map<std::string, std::weak_ptr<Reasons>> reasons_;
};

} // namespace service
