#pragma once

#include "contact_credits.hpp"

#include <understudy/hubspot/object_traits.hpp>
#include <understudy/postgres/table.hpp>

#include <string>
#include <string_view>

/// Contacts at HubSpot: the properties are called what the members are called.
template<>
struct understudy::hubspot::ObjectTraits<service::ContactCredits> {
    static constexpr std::string_view object_type = "0-1";
};

/// Contacts in the replica.
template<>
struct understudy::postgres::TableTraits<service::ContactCredits> {
    static constexpr std::string_view table = "hubspot_contact_credits";
    using indexes = Indexes<service::ByEmail, service::ByStudentId>;
};
