#include "admin_cancel_attempt.hpp"

#include "cancel_attempt.hpp"
#include "validation.hpp"

#include <map>
#include <utility>

namespace service {

using understudy::error_code;
using understudy::Reading;

AdminCancelAttempt::AdminCancelAttempt(JournaledBookingDesk& desk, std::vector<Cancellation> bookings,
                                       CancelTerms terms, AdminDesk::CancelHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , bookings_{std::move(bookings)}
    , terms_{std::move(terms)}
    , handler_{std::move(handler)}
    , results_(bookings_.size(), CancelRefusal::not_found) {}

void AdminCancelAttempt::start() {
    Places places;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < bookings_.size(); ++i)
        if (is_record_id(bookings_[i].record_id)) {
            places.push_back(i);
            ids.push_back(bookings_[i].record_id);
        }
    if (ids.empty())
        return finish();
    desk_.writer_.read_bookings(std::move(ids), options(),
                                [self = shared_from_this(), places = std::move(places)](
                                    error_code error, const std::vector<Reading<Booking>>& bookings) {
                                    if (error)
                                        return std::exchange(self->handler_, {})(unavailable(error));
                                    self->on_read(places, bookings);
                                });
}

void AdminCancelAttempt::on_read(const Places& places, const std::vector<Reading<Booking>>& bookings) {
    std::map<std::string, Places> by_contact;
    for (std::size_t i = 0; i < places.size(); ++i)
        if (bookings[i].found())
            by_contact[bookings[i].record.associated_contact_id.value_or("")].push_back(places[i]);
    side_by_side(
        [&] {
            for (auto& [contact, its] : by_contact)
                cancel(contact, std::move(its));
        },
        [self = shared_from_this()](error_code) { self->finish(); });
}

void AdminCancelAttempt::cancel(const std::string& contact, Places places) {
    std::vector<Cancellation> cancellations;
    for (const auto place : places)
        cancellations.push_back(bookings_[place]);
    expect_one_more();
    std::make_shared<CancelAttempt>(
        desk_, contact, std::move(cancellations), terms_,
        [self = shared_from_this(), places = std::move(places)](std::vector<CancelResult> results) {
            for (std::size_t i = 0; i < places.size(); ++i) {
                const auto* refusal = std::get_if<CancelRefusal>(&results[i]);
                // It went to another contact since it was read.
                if (refusal && *refusal == CancelRefusal::access_denied)
                    results[i] = unavailable(understudy::Errc::contended);
                self->results_[places[i]] = std::move(results[i]);
            }
            self->arrived({});
        })
        ->carry_out();
}

void AdminCancelAttempt::finish() {
    std::exchange(handler_, {})(std::move(results_));
}

} // namespace service
