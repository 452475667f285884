#include "address.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace service;

namespace {

Address address(std::string_view text) {
    const auto parsed = Address::parse(text);
    BOOST_TEST_REQUIRE(parsed.has_value(), "not an address: " << text);
    return *parsed;
}

std::vector<Network> networks(std::initializer_list<std::string_view> texts) {
    std::vector<Network> out;
    for (const auto text : texts) {
        const auto parsed = Network::parse(text);
        BOOST_TEST_REQUIRE(parsed.has_value(), "not a network: " << text);
        out.push_back(*parsed);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(address_suite)

BOOST_AUTO_TEST_CASE(addresses_are_read_and_written) {
    for (const auto* text : {"127.0.0.1", "10.1.2.3", "::1", "2001:db8::5"})
        BOOST_TEST(address(text).text() == text);
    BOOST_TEST(address("::ffff:10.1.2.3").text() == "10.1.2.3");
    for (const auto* text : {"", "10.1.2", "10.1.2.256", "fe80::1%eth0", "localhost", "1.2.3.4 "})
        BOOST_TEST(!Address::parse(text).has_value(), text);
    BOOST_TEST(!Address::parse(std::string_view{"1.2.3.4\0x", 9}).has_value());
}

BOOST_AUTO_TEST_CASE(a_network_contains_its_addresses_and_no_others) {
    const auto ten = networks({"10.0.0.0/8"}).front();
    BOOST_TEST(ten.contains(address("10.255.0.1")));
    BOOST_TEST(!ten.contains(address("11.0.0.1")));
    BOOST_TEST(!ten.contains(address("::1")));
    const auto odd = networks({"192.168.4.0/22"}).front();
    BOOST_TEST(odd.contains(address("192.168.7.255")));
    BOOST_TEST(!odd.contains(address("192.168.8.0")));
    const auto six = networks({"2001:db8:8000::/33"}).front();
    BOOST_TEST(six.contains(address("2001:db8:ffff::1")));
    BOOST_TEST(!six.contains(address("2001:db8:7fff::1")));
    BOOST_TEST(networks({"0.0.0.0/0"}).front().contains(address("8.8.8.8")));
    BOOST_TEST(!networks({"0.0.0.0/0"}).front().contains(address("2001:db8::1")));
    BOOST_TEST(networks({"::1"}).front().contains(address("::1")));
    for (const auto* text : {"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "::/129", "/8"})
        BOOST_TEST(!Network::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(forwarded_addresses_are_believed_as_far_as_trusted_proxies_wrote_them) {
    const auto proxies = networks({"10.0.0.0/8", "fd00::/8"});
    const auto client = [&](std::string_view peer, std::string_view hops) {
        return client_of(address(peer), hops, proxies).text();
    };
    // A stranger says what it likes.
    BOOST_TEST(client("198.51.100.9", "1.1.1.1") == "198.51.100.9");
    BOOST_TEST(client("10.0.0.1", "") == "10.0.0.1");
    BOOST_TEST(client("10.0.0.1", "198.51.100.9") == "198.51.100.9");
    // What the client wrote itself stands to the left of what the proxy added.
    BOOST_TEST(client("10.0.0.1", "1.1.1.1, 198.51.100.9") == "198.51.100.9");
    BOOST_TEST(client("10.0.0.1", "198.51.100.9 , 10.2.0.1,10.3.0.1") == "198.51.100.9");
    BOOST_TEST(client("10.0.0.1", "10.2.0.1, 10.3.0.1") == "10.2.0.1");
    BOOST_TEST(client("10.0.0.1", "198.51.100.9, nonsense, 10.3.0.1") == "10.3.0.1");
    BOOST_TEST(client("10.0.0.1", "198.51.100.9:4711") == "198.51.100.9");
    BOOST_TEST(client("fd00::1", "[2001:db8::7]:4711") == "2001:db8::7");
    BOOST_TEST(client("::ffff:10.0.0.1", "2001:db8::7") == "2001:db8::7");
    BOOST_TEST(client("10.0.0.1", "[2001:db8::7") == "10.0.0.1");
    BOOST_TEST(client("10.0.0.1", ",,") == "10.0.0.1");
    BOOST_TEST(client_of(address("10.0.0.1"), "1.1.1.1", {}).text() == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(an_ipv6_client_is_its_whole_subnet) {
    BOOST_TEST(limit_key(address("2001:db8:1:2:3::4")).text() == "2001:db8:1:2::");
    BOOST_TEST(limit_key(address("10.1.2.3")).text() == "10.1.2.3");
}

BOOST_AUTO_TEST_SUITE_END()
