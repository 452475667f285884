#pragma once

#include "contact_credits.hpp"
#include "credit_rules.hpp"

#include <understudy/patch.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace service {

/// What a booking that nobody paid says of it: an admin made it.
inline constexpr std::string_view override_token = "Admin Override";

/// What a booking that was paid from this member says of it (`token_used`).
std::string_view token_of(CreditField field) noexcept;
/// The member that a booking was paid from; nothing if the text names none, as that of an override does.
std::optional<CreditField> field_of_token(std::string_view token) noexcept;

/// Sets the member. A balance that does not fit is the nearest that does.
void set_balance(understudy::Patch<ContactCredits>& patch, CreditField field, std::int64_t balance);

} // namespace service
