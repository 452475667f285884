#pragma once

#include "booking_desk.hpp"

namespace service {

/// Writes nothing, and says that nobody can at the moment.
class UnavailableDesk final : public BookingDesk {
public:
    void book(BookingOrder, BookHandler handler) override { handler(closed()); }
    void cancel(std::string, std::vector<Cancellation> cancellations, CancelHandler handler) override {
        handler(std::vector<CancelResult>(cancellations.size(), CancelResult{closed()}));
    }
    void change_exam_date(std::string, std::string, ProfileHandler handler) override { handler(closed()); }

private:
    static SourceUnavailable closed() { return unavailable(make_error_code(understudy::Errc::unavailable)); }
};

} // namespace service
