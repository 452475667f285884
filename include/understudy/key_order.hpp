#pragma once

#include <understudy/record.hpp>

#include <string>

namespace understudy {

/// Whether keys that are texts are decimal numbers, without signs and leading zeros, and are ordered as such. For keys
/// of other types, and texts whose traits do not say `static constexpr bool numeric_keys = true`, false.
template<Record R>
constexpr bool has_numeric_keys() {
    if constexpr (requires { RecordTraits<R>::numeric_keys; })
        return RecordTraits<R>::numeric_keys;
    else
        return false;
}

/// The order in which a source lists its records.
template<Record R>
bool key_less(const key_t<R>& a, const key_t<R>& b) {
    if constexpr (has_numeric_keys<R>())
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    else
        return a < b;
}

} // namespace understudy
