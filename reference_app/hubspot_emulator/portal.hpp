#pragma once

#include "settings.hpp"
#include "store.hpp"

namespace hubspot_emulator {

/// Positions of the reference portal's types in `Store::types`.
enum PortalType : TypeIndex { contacts_type, companies_type, notes_type, exams_type, bookings_type };

/// Defines the types, properties and associations of the reference portal in an empty store.
void define_portal(Store& store, const SeedSettings& settings);

} // namespace hubspot_emulator
