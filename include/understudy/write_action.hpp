#pragma once

#include <boost/describe/enum.hpp>

#include <cstdint>

namespace understudy {

/// What a write does to its record.
enum class WriteAction : std::uint8_t { update, create, archive, associate };
BOOST_DESCRIBE_ENUM(WriteAction, update, create, archive, associate)

} // namespace understudy
