#pragma once

#include <boost/assert/source_location.hpp>

#include <stdexcept>
#include <string>

namespace understudy {

/// Why a text is no cron expression, for whoever wrote it.
struct CronError {
    /// Names the field, and what it may hold: "minute: 61 is not in 0-59".
    std::string message;
};

/// What `value()` of a result does that holds a `CronError`: throws `std::invalid_argument` with its message.
[[noreturn]] inline void throw_exception_from_error(const CronError& error, const boost::source_location&) {
    throw std::invalid_argument{error.message};
}

} // namespace understudy
