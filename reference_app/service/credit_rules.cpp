#include "credit_rules.hpp"

#include <algorithm>
#include <array>

namespace service {
namespace {

struct Rule {
    MockType type;
    std::string_view name;
    CreditField own;
    bool takes_shared;
};

constexpr std::array rules{
    Rule{MockType::situational_judgment, "Situational Judgment", CreditField::sj_credits, true},
    Rule{MockType::clinical_skills, "Clinical Skills", CreditField::cs_credits, true},
    Rule{MockType::mini_mock, "Mini-mock", CreditField::sjmini_credits, false},
    Rule{MockType::mock_discussion, "Mock Discussion", CreditField::mock_discussion_token, false},
};

const Rule& rule_of(MockType type) noexcept {
    return rules[static_cast<std::size_t>(type)];
}

} // namespace

std::optional<MockType> parse_mock_type(std::string_view name) noexcept {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.name == name; });
    return found == rules.end() ? std::nullopt : std::optional{found->type};
}

std::string_view name_of(MockType type) noexcept {
    return rule_of(type).name;
}

std::string_view name_of(CreditField field) noexcept {
    constexpr std::array<std::string_view, 5> names{"sj_credits", "cs_credits", "sjmini_credits",
                                                    "mock_discussion_token", "shared_mock_credits"};
    return names[static_cast<std::size_t>(field)];
}

std::optional<std::int32_t> held(const ContactCredits& contact, CreditField field) noexcept {
    switch (field) {
    case CreditField::sj_credits:
        return contact.sj_credits;
    case CreditField::cs_credits:
        return contact.cs_credits;
    case CreditField::sjmini_credits:
        return contact.sjmini_credits;
    case CreditField::mock_discussion_token:
        return contact.mock_discussion_token;
    case CreditField::shared_mock_credits:
        return contact.shared_mock_credits;
    }
    return std::nullopt;
}

std::int64_t balance(const ContactCredits& contact, CreditField field) noexcept {
    return std::max(held(contact, field).value_or(0), 0);
}

CreditBreakdown breakdown(const ContactCredits& contact, MockType type) noexcept {
    const Rule& rule = rule_of(type);
    CreditBreakdown result;
    result.specific = balance(contact, rule.own);
    if (rule.takes_shared)
        result.shared = balance(contact, CreditField::shared_mock_credits);
    return result;
}

std::optional<CreditField> paying_field(const ContactCredits& contact, MockType type) noexcept {
    const auto credits = breakdown(contact, type);
    if (credits.specific > 0)
        return rule_of(type).own;
    if (credits.shared > 0)
        return CreditField::shared_mock_credits;
    return std::nullopt;
}

} // namespace service
