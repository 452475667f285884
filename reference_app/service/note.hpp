#pragma once

#include <understudy/date_time.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// A note at the source, about a booking and the contact whose it is. Notes are written, and never read by anybody
/// here.
struct Note {
    std::string hubspot_id;
    /// HTML.
    std::optional<std::string> hs_note_body;
    /// When what it says happened.
    std::optional<understudy::Timestamp> hs_timestamp;
    std::optional<std::string> contact_id;
    std::optional<std::string> booking_id;

    friend bool operator==(const Note&, const Note&) = default;
};
BOOST_DESCRIBE_STRUCT(Note, (), (hubspot_id, hs_note_body, hs_timestamp, contact_id, booking_id))

} // namespace service

template<>
struct understudy::RecordTraits<service::Note> {
    static constexpr std::string_view name = "note";
    static constexpr auto key = &service::Note::hubspot_id;
    /// Associations, not written like a property.
    using read_only = Members<&service::Note::contact_id, &service::Note::booking_id>;
    /// A note has nothing unique: one whose answer was lost is looked for among those of its booking.
    static constexpr auto creations_share = &service::Note::booking_id;
    /// What happened to one booking happened at different times. (HubSpot may tidy up the text.)
    static bool same_creation(const service::Note& created, const service::Note& found) {
        return found.hs_timestamp == created.hs_timestamp;
    }
};
