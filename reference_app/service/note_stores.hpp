#pragma once

#include "note.hpp"

#include <understudy/hubspot/object_traits.hpp>

#include <string_view>
#include <tuple>

/// Notes at HubSpot: the properties are called what the members are called. The ids are defaults.
template<>
struct understudy::hubspot::ObjectTraits<service::Note> {
    static constexpr std::string_view object_type = "0-46";
    static constexpr std::tuple links{Link<&service::Note::contact_id>{.to = "0-1", .type_id = 202},
                                      Link<&service::Note::booking_id>{.to = "2-50158943", .type_id = 1250}};
};
