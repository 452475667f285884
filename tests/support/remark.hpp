#pragma once

#include "support/purchase.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tests {

/// The record of tests that need one which is written only, and whose creation names nothing of its own.
struct Remark {
    std::string id;
    std::optional<std::string> purchase_id;
    std::optional<std::string> text;

    friend bool operator==(const Remark&, const Remark&) = default;
};
BOOST_DESCRIBE_STRUCT(Remark, (), (id, purchase_id, text))

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Remark> {
    static constexpr std::string_view name = "remark";
    static constexpr auto key = &tests::Remark::id;
    static constexpr auto creations_share = &tests::Remark::purchase_id;
};
