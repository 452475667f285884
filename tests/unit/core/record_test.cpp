#include "support/customer.hpp"
#include "support/purchase.hpp"

#include <understudy/index.hpp>
#include <understudy/partial.hpp>
#include <understudy/patch.hpp>
#include <understudy/record_json.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using tests::customer;
using tests::Customer;

BOOST_AUTO_TEST_SUITE(records)

BOOST_AUTO_TEST_CASE(members_keep_their_order_and_names) {
    std::vector<std::string> names;
    for_each_member<Customer>([&](auto member) { names.emplace_back(member.name); });
    BOOST_TEST((names == std::vector<std::string>{"id", "email", "number", "credits", "note"}));
    static_assert(member_count<Customer> == 5);
    static_assert(index_of_member<&Customer::credits>() == 3);
    static_assert(name_of_member<&Customer::note>() == std::string_view{"note"});
    static_assert(is_writable<&Customer::credits> && !is_writable<&Customer::id> && !is_writable<&Customer::number>);
}

BOOST_AUTO_TEST_CASE(D2_a_partial_record_never_becomes_a_record_by_itself) {
    Partial<Customer> partial;
    partial.set<&Customer::id>("k1");
    partial.set<&Customer::credits>(3);
    BOOST_TEST(!partial.complete().has_value());
    BOOST_TEST((partial.missing() == std::vector<std::string_view>{"email", "number", "note"}));
}

BOOST_AUTO_TEST_CASE(I2_missing_null_empty_and_zero_are_four_things) {
    Partial<Customer> partial;
    BOOST_TEST(!partial.has<&Customer::credits>());
    partial.set<&Customer::credits>(std::nullopt);
    BOOST_TEST(partial.has<&Customer::credits>());
    BOOST_TEST(!partial.get<&Customer::credits>().has_value());
    partial.set<&Customer::credits>(0);
    BOOST_TEST((partial.get<&Customer::credits>() == 0));
    partial.set<&Customer::email>("");
    BOOST_TEST((partial.get<&Customer::email>() == ""));
    BOOST_TEST(!partial.has<&Customer::number>());
}

BOOST_AUTO_TEST_CASE(a_partial_record_with_every_member_is_complete) {
    const Customer whole = customer(1);
    Partial<Customer> partial;
    partial.set<&Customer::id>(whole.id);
    partial.set<&Customer::email>(whole.email);
    partial.set<&Customer::number>(whole.number);
    partial.set<&Customer::credits>(whole.credits);
    partial.set<&Customer::note>(whole.note);
    BOOST_TEST((partial.complete() == whole));
}

BOOST_AUTO_TEST_CASE(D2_a_patch_touches_only_what_it_names) {
    Patch<Customer> patch;
    patch.set<&Customer::credits>(std::nullopt).set<&Customer::note>("");
    Customer record = customer(1);
    const Customer before = record;
    patch.apply_to(record);
    BOOST_TEST(!record.credits.has_value());
    BOOST_TEST(record.note.empty());
    BOOST_TEST((record.email == before.email));
    BOOST_TEST((record.number == before.number));
    std::vector<std::string> named;
    patch.for_each([&](auto member, const auto&) { named.emplace_back(member.name); });
    BOOST_TEST((named == std::vector<std::string>{"credits", "note"}));
    BOOST_TEST(Patch<Customer>{}.empty());
}

BOOST_AUTO_TEST_CASE(links_are_written_by_themselves) {
    using tests::Purchase;
    static_assert(is_relinkable<&Purchase::customer_id> && !is_writable<&Purchase::customer_id>);
    static_assert(is_writable<&Purchase::request> && !is_relinkable<&Purchase::request>);
    Purchase record{"1", "k1", "one"};
    const auto links = tests::owner("k2");
    links.apply_to(record);
    BOOST_TEST((record == Purchase{"1", "k2", "one"}));
    MemberValues<Purchase> both = Patch<Purchase>{}.set<&Purchase::request>("two");
    both.add(tests::owner(std::nullopt));
    both.apply_to(record);
    BOOST_TEST((record == Purchase{"1", std::nullopt, "two"}));
    BOOST_TEST((tests::owner("k1") != links));
}

BOOST_AUTO_TEST_CASE(links_read_back_from_their_json_and_pass_over_what_is_none) {
    for (const auto& links : {tests::owner("k2"), tests::owner(std::nullopt)}) {
        Links<tests::Purchase> read;
        BOOST_TEST_REQUIRE(from_json(to_json(links), read));
        BOOST_TEST((read == links));
    }
    Patch<tests::Purchase> patch;
    BOOST_TEST((from_json(to_json(tests::owner("k2")), patch) && patch.empty()));
    Links<tests::Purchase> none;
    BOOST_TEST((from_json(boost::json::object{{"request", "one"}}, none) && none.empty()));
    BOOST_TEST(!from_json(boost::json::object{{"customer_id", 1}}, none));
}

BOOST_AUTO_TEST_CASE(an_index_normalises_what_is_asked_and_what_is_there) {
    Customer record = customer(1);
    record.email = "Ann@Example.COM";
    BOOST_TEST(answers_to<tests::ByEmail>(record, normalised<tests::ByEmail>("ANN@example.com")));
    record.email = std::nullopt;
    BOOST_TEST(!answers_to<tests::ByEmail>(record, std::string{}));
    BOOST_TEST(answers_to<ById<Customer>>(record, std::string{"k1"}));
}

BOOST_AUTO_TEST_SUITE_END()
