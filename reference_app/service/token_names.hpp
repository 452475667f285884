#pragma once

#include "credit_rules.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace service {

/// What admins call the members of a contact that hold credits, in the order of answers.
inline constexpr std::array<std::pair<CreditField, std::string_view>, 5> token_names{{
    {CreditField::mock_discussion_token, "mock_discussion"},
    {CreditField::cs_credits, "clinical_skills"},
    {CreditField::sj_credits, "situational_judgment"},
    {CreditField::sjmini_credits, "mini_mock"},
    {CreditField::shared_mock_credits, "shared_mock"},
}};

constexpr std::string_view admin_name_of(CreditField field) noexcept {
    for (const auto& [one, name] : token_names)
        if (one == field)
            return name;
    return {};
}

} // namespace service
