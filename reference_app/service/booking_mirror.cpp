#include "booking_mirror.hpp"

#include "cached_booking_reader.hpp"
#include "exam_stores.hpp"
#include "stacked_mirror.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

    void hint_links(std::vector<BookingLink> to_contacts, std::vector<BookingLink> to_exams, Done done) override {
        auto links = std::make_shared<Links>(Links{std::move(to_contacts), std::move(to_exams)});
        auto on_rows = [replica = replica(), links, done = std::move(done)](
                           understudy::error_code error, const understudy::Rows<Booking>& found) mutable {
            if (error)
                return done(error);
            const auto contacts = unknown_to(found, links->to_contacts, &Booking::associated_contact_id);
            auto exams = unknown_to(found, links->to_exams, &Booking::associated_mock_exam);
            auto on_hinted = [replica, exams = std::move(exams),
                              done = std::move(done)](understudy::error_code failed) mutable {
                if (failed)
                    return done(failed);
                replica.template async_hint_sets<BookingsOfExam>(std::move(exams), std::move(done));
            };
            replica.template async_hint_sets<BookingsOfContact>(contacts, std::move(on_hinted));
        };
        replica().async_lookup(links->bookings(), std::move(on_rows));
    }

private:
    struct Links {
        std::vector<BookingLink> to_contacts;
        std::vector<BookingLink> to_exams;

        std::vector<std::string> bookings() const {
            std::vector<std::string> ids;
            for (const auto* all : {&to_contacts, &to_exams})
                for (const auto& link : *all)
                    ids.push_back(link.booking_id);
            return ids;
        }
    };

    // The parents that the rows of their bookings do not name.
    static std::vector<std::string> unknown_to(const understudy::Rows<Booking>& found,
                                               const std::vector<BookingLink>& links,
                                               std::optional<std::string> Booking::*parent) {
        std::vector<std::string> parents;
        for (const auto& link : links) {
            const auto names_it = [&](const understudy::Row<Booking>& row) {
                return row.state == understudy::State::live && row.id == link.booking_id &&
                       row.record.*parent == link.parent_id;
            };
            if (std::ranges::none_of(found.rows, names_it))
                parents.push_back(link.parent_id);
        }
        return parents;
    }

    CachedBookingReader<Cache> reader_;
};

} // namespace

std::unique_ptr<BookingMirror> mirror_bookings(const MirrorParts& parts) {
    return std::make_unique<StackedBookings>(parts);
}

} // namespace service
