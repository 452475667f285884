#include "credit_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace service;

namespace {

ContactCredits holding(std::optional<int> sj, std::optional<int> cs, std::optional<int> mini,
                       std::optional<int> discussion, std::optional<int> shared) {
    ContactCredits contact;
    contact.sj_credits = sj;
    contact.cs_credits = cs;
    contact.sjmini_credits = mini;
    contact.mock_discussion_token = discussion;
    contact.shared_mock_credits = shared;
    return contact;
}

constexpr std::optional<int> none{};

} // namespace

BOOST_AUTO_TEST_SUITE(credit_rules_suite)

BOOST_AUTO_TEST_CASE(each_type_spends_its_own_credits_and_two_of_them_the_shared_ones) {
    const auto contact = holding(1, 2, 3, 4, 10);
    const auto shows = [&](MockType type, std::int64_t specific, std::int64_t shared) {
        const auto credits = breakdown(contact, type);
        BOOST_TEST(credits.specific == specific, name_of(type));
        BOOST_TEST(credits.shared == shared, name_of(type));
        BOOST_TEST(credits.available() == specific + shared, name_of(type));
    };
    shows(MockType::situational_judgment, 1, 10);
    shows(MockType::clinical_skills, 2, 10);
    shows(MockType::mini_mock, 3, 0);
    shows(MockType::mock_discussion, 4, 0);
}

BOOST_AUTO_TEST_CASE(own_credits_pay_before_shared_ones) {
    struct Row {
        ContactCredits contact;
        MockType type;
        std::optional<CreditField> pays;
    };
    const Row rows[] = {
        {holding(1, 0, 0, 0, 5), MockType::situational_judgment, CreditField::sj_credits},
        {holding(0, 0, 0, 0, 5), MockType::situational_judgment, CreditField::shared_mock_credits},
        {holding(none, 9, 9, 9, 0), MockType::situational_judgment, std::nullopt},
        {holding(0, 1, 0, 0, 5), MockType::clinical_skills, CreditField::cs_credits},
        {holding(9, none, 9, 9, 5), MockType::clinical_skills, CreditField::shared_mock_credits},
        {holding(9, 9, 1, 9, 0), MockType::mini_mock, CreditField::sjmini_credits},
        {holding(9, 9, 0, 9, 9), MockType::mini_mock, std::nullopt},
        {holding(9, 9, 9, 1, 0), MockType::mock_discussion, CreditField::mock_discussion_token},
        {holding(9, 9, 9, none, 9), MockType::mock_discussion, std::nullopt},
        // A balance below zero owes nothing to the shared one.
        {holding(-2, 0, 0, 0, 1), MockType::situational_judgment, CreditField::shared_mock_credits},
    };
    for (const auto& row : rows) {
        BOOST_TEST((paying_field(row.contact, row.type) == row.pays), name_of(row.type));
        BOOST_TEST(breakdown(row.contact, row.type).eligible() == row.pays.has_value());
    }
}

BOOST_AUTO_TEST_CASE(large_balances_do_not_overflow) {
    constexpr int most = std::numeric_limits<std::int32_t>::max();
    BOOST_TEST(breakdown(holding(most, 0, 0, 0, most), MockType::situational_judgment).available() == 2LL * most);
    BOOST_TEST(balance(holding(std::numeric_limits<std::int32_t>::min(), 0, 0, 0, 0), CreditField::sj_credits) == 0);
}

BOOST_AUTO_TEST_CASE(types_are_known_by_their_exact_names) {
    for (const auto type :
         {MockType::situational_judgment, MockType::clinical_skills, MockType::mini_mock, MockType::mock_discussion})
        BOOST_TEST((parse_mock_type(name_of(type)) == type));
    for (const auto* name : {"", "situational judgment", "Mini-Mock", "Clinical Skills "})
        BOOST_TEST(!parse_mock_type(name).has_value(), name);
}

BOOST_AUTO_TEST_SUITE_END()
