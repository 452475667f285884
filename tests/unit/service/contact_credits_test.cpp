#include "contact_credits.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

BOOST_AUTO_TEST_SUITE(contact_credits_suite)

BOOST_AUTO_TEST_CASE(addresses_compare_without_case_and_blanks) {
    BOOST_TEST(normalised_email(" Ann.Lee@Example.ORG\t") == "ann.lee@example.org");
    BOOST_TEST(normalised_email(" \t").empty());
    BOOST_TEST(understudy::normalised<ByEmail>("A@B.C") == "a@b.c");
}

BOOST_AUTO_TEST_CASE(a_contact_answers_to_its_further_addresses) {
    ContactCredits contact;
    BOOST_TEST(!understudy::answers_to<ByEmail>(contact, ""));
    contact.email = "ann@example.org";
    contact.hs_additional_emails = "ann@old.example; A.Lee@example.net ;;";
    for (const auto* address : {"ann@example.org", "ann@old.example", "a.lee@example.net"})
        BOOST_TEST(understudy::answers_to<ByEmail>(contact, address), address);
    for (const auto* address : {"", "nn@example.org", "ann@old.example; a.lee@example.net", "lee@example.net"})
        BOOST_TEST(!understudy::answers_to<ByEmail>(contact, address), address);
}

BOOST_AUTO_TEST_CASE(the_source_keeps_the_further_addresses) {
    static_assert(understudy::is_writable<&ContactCredits::sj_credits>);
    static_assert(!understudy::is_writable<&ContactCredits::hs_additional_emails>);
    static_assert(!understudy::is_writable<&ContactCredits::hubspot_id>);
    BOOST_TEST(understudy::member_count<ContactCredits> == 12u);
}

BOOST_AUTO_TEST_SUITE_END()
