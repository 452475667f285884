#pragma once

#include "admin_desk.hpp"
#include "cancel_terms.hpp"
#include "desk_attempt.hpp"
#include "journaled_booking_desk.hpp"

#include <understudy/reading.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace service {

/// Cancellations of bookings of many contacts, until they are answered: finds out whose they are, and has those of each
/// contact cancelled together.
class AdminCancelAttempt final : public DeskAttempt, public std::enable_shared_from_this<AdminCancelAttempt> {
public:
    AdminCancelAttempt(JournaledBookingDesk& desk, std::vector<Cancellation> bookings, CancelTerms terms,
                       AdminDesk::CancelHandler handler);

    void start();

private:
    // Of bookings, as they were asked for.
    using Places = std::vector<std::size_t>;

    void on_read(const Places& places, const std::vector<understudy::Reading<Booking>>& bookings);
    void cancel(const std::string& contact, Places places);
    void finish();

    JournaledBookingDesk& desk_;
    std::vector<Cancellation> bookings_;
    CancelTerms terms_;
    AdminDesk::CancelHandler handler_;
    std::vector<CancelResult> results_;
};

} // namespace service
