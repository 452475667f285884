#pragma once

#include <understudy/index.hpp>
#include <understudy/patch.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tests {

/// The record of tests that need any record.
struct Customer {
    std::string id;
    std::optional<std::string> email;
    std::optional<std::string> number;
    std::optional<std::int32_t> credits;
    std::string note;

    friend bool operator==(const Customer&, const Customer&) = default;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (id, email, number, credits, note))

/// The same `which`: the same id; variant 0 is all empty, 1 zeros and empty strings, from 2 on ordinary values; with
/// variant 4 all customers have one e-mail.
inline Customer customer(int which, int variant = 2) {
    Customer c;
    c.id = "k" + std::to_string(which);
    if (variant == 0)
        return c;
    if (variant == 1) {
        c.email = "";
        c.number = "";
        c.credits = 0;
        return c;
    }
    c.email = variant == 4 ? "shared@example.com"
                           : "c" + std::to_string(which) + "v" + std::to_string(variant) + "@example.com";
    c.number = "N" + std::to_string(which);
    c.credits = variant;
    c.note = "variant " + std::to_string(variant);
    return c;
}

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Customer> {
    static constexpr std::string_view name = "customer";
    static constexpr auto key = &tests::Customer::id;
    using read_only = Members<&tests::Customer::number>;
};

namespace tests {

/// Makes any variant from 2 on of a customer that variant.
inline understudy::Patch<Customer> customer_patch(int which, int variant) {
    const Customer wanted = customer(which, variant);
    understudy::Patch<Customer> patch;
    patch.set<&Customer::email>(wanted.email).set<&Customer::credits>(wanted.credits).set<&Customer::note>(wanted.note);
    return patch;
}

struct ByEmail : understudy::Index<&Customer::email> {
    static constexpr std::string_view name = "email";
    static std::string normalise(std::string value) {
        for (char& c : value)
            if (c >= 'A' && c <= 'Z')
                c = static_cast<char>(c - 'A' + 'a');
        return value;
    }
};

struct ByNumber : understudy::Index<&Customer::number> {
    static constexpr bool is_unique = false;
    static constexpr std::string_view name = "number";
};

} // namespace tests
