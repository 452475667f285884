#include "tokens.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace service {
namespace {

constexpr std::array<std::pair<CreditField, std::string_view>, 5> tokens{{
    {CreditField::sj_credits, "Situational Judgment Token"},
    {CreditField::cs_credits, "Clinical Skills Token"},
    {CreditField::sjmini_credits, "Mini-mock Token"},
    {CreditField::mock_discussion_token, "Mock Discussion Token"},
    {CreditField::shared_mock_credits, "Shared Token"},
}};

} // namespace

std::string_view token_of(CreditField field) noexcept {
    return tokens[static_cast<std::size_t>(field)].second;
}

std::optional<CreditField> field_of_token(std::string_view token) noexcept {
    const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& t) { return t.second == token; });
    return found == tokens.end() ? std::nullopt : std::optional{found->first};
}

void set_balance(understudy::Patch<ContactCredits>& patch, CreditField field, std::int64_t balance) {
    const auto value =
        static_cast<std::int32_t>(std::clamp<std::int64_t>(balance, 0, std::numeric_limits<std::int32_t>::max()));
    switch (field) {
    case CreditField::sj_credits:
        patch.set<&ContactCredits::sj_credits>(value);
        return;
    case CreditField::cs_credits:
        patch.set<&ContactCredits::cs_credits>(value);
        return;
    case CreditField::sjmini_credits:
        patch.set<&ContactCredits::sjmini_credits>(value);
        return;
    case CreditField::mock_discussion_token:
        patch.set<&ContactCredits::mock_discussion_token>(value);
        return;
    case CreditField::shared_mock_credits:
        patch.set<&ContactCredits::shared_mock_credits>(value);
        return;
    }
}

} // namespace service
