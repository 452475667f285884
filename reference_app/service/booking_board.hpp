#pragma once

#include "booking_directory.hpp"
#include "config.hpp"
#include "local_calendar.hpp"
#include "record_reader.hpp"
#include "wall_clock.hpp"

#include <functional>
#include <string>

namespace service {

/// Questions about bookings, answered from records and sets as the caches know them: many askers' values are looked up,
/// and asked of the source, together.
///
/// Belongs to the reader's executor, and outlives the questions.
class BookingBoard final : public BookingDirectory {
public:
    using Now = std::function<understudy::Timestamp()>;

    BookingBoard(RecordReader& reader, const ReadingParams& params, LocalCalendar calendar = LocalCalendar{},
                 Now now = &wall_clock_now);

    void list(BookingsQuestion question, BookingsHandler handler) override;
    void get(std::string booking_id, BookingHandler handler) override;

private:
    RecordReader& reader_;
    ReadingParams params_;
    LocalCalendar calendar_;
    Now now_;
};

} // namespace service
