#pragma once

#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tests {

/// A record whose key is a number that is kept as a text.
struct Numbered {
    std::string id;
    std::optional<std::string> label;
    std::int32_t size = 0;

    friend bool operator==(const Numbered&, const Numbered&) = default;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (id, label, size))

/// A record whose key is a number.
struct Tally {
    std::int64_t id = 0;
    std::optional<std::string> label;

    friend bool operator==(const Tally&, const Tally&) = default;
};
BOOST_DESCRIBE_STRUCT(Tally, (), (id, label))

/// From 1 to 9 ids ascend, of one digit to five, none where a text would stand; variant 0 is all empty.
inline Numbered numbered(int which, int variant = 2) {
    static constexpr std::array<std::string_view, 10> ids{"1",  "7",   "9",    "10",   "11",
                                                          "99", "100", "1002", "2000", "10000"};
    Numbered n;
    n.id = ids.at(static_cast<std::size_t>(which));
    if (variant > 0) {
        n.label = "variant " + std::to_string(variant);
        n.size = variant;
    }
    return n;
}

/// From 1 to 9 ids ascend from below zero.
inline Tally tally(int which, int variant = 2) {
    Tally t;
    t.id = which * 7 - 20;
    if (variant > 0)
        t.label = "variant " + std::to_string(variant);
    return t;
}

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Numbered> {
    static constexpr std::string_view name = "numbered";
    static constexpr auto key = &tests::Numbered::id;
    static constexpr bool numeric_keys = true;
};

template<>
struct understudy::RecordTraits<tests::Tally> {
    static constexpr std::string_view name = "tally";
    static constexpr auto key = &tests::Tally::id;
};
