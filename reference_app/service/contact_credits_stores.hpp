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
    static constexpr std::string_view operation_property = "understudy_operation";
};

/// Contacts in the replica; see `migrations/`.
template<>
struct understudy::postgres::TableTraits<service::ContactCredits> {
    static constexpr std::string_view table = "hubspot_contact_credits";
    using indexes = Indexes<service::ByEmail, service::ByStudentId>;
};

/// As `ByEmail::values` says it, in the form that the table's indexes have. HubSpot keeps no blanks around addresses.
template<>
struct understudy::postgres::IndexTraits<service::ByEmail> {
    static std::string matches(std::string_view row, std::string_view value) {
        const std::string r{row};
        const std::string v{value};
        return "(lower(" + r + ".email COLLATE \"C\") = " + v + " OR " + r +
               ".hs_additional_emails IS NOT NULL AND string_to_array(lower(" + r +
               ".hs_additional_emails COLLATE \"C\"), ';') @> ARRAY[" + v + "])";
    }
};
