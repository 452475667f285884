#pragma once

#include "store.hpp"

#include <boost/json/object.hpp>

namespace hubspot_emulator {

struct SearchHits {
    std::size_t total = 0;           ///< what the index matched, records that are gone included
    std::vector<Record*> page;       ///< as they are now; gone ones dropped
    std::optional<std::size_t> next; ///< offset of the next page
    std::vector<std::string> properties;
};

/// Matches on the index, loads what it finds from the records. Throws `ApiError` for what HubSpot refuses.
SearchHits search(Store& store, TypeIndex type, const boost::json::object& body);

inline constexpr std::size_t search_body_limit = 3000;

} // namespace hubspot_emulator
