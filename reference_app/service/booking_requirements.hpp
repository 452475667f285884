#pragma once

#include "credit_rules.hpp"

namespace service {

/// Whether a booking for this kind of exam must say which hand the student leads with.
constexpr bool needs_dominant_hand(MockType type) noexcept {
    return type == MockType::clinical_skills;
}

/// Whether a booking for this kind of exam must say where the student will attend.
constexpr bool needs_attending_location(MockType type) noexcept {
    return type == MockType::situational_judgment || type == MockType::mini_mock;
}

} // namespace service
