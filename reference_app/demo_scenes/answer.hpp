#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// What a client was answered.
struct Answer {
    unsigned status = 0; ///< 0: nothing
    boost::json::value body;
    std::string freshness;
    std::chrono::steady_clock::time_point asked{};
    std::chrono::steady_clock::time_point answered{};

    double milliseconds() const { return std::chrono::duration<double, std::milli>(answered - asked).count(); }
    /// The member `data`, if it is an object.
    const boost::json::object* data() const;
    /// Text and numbers of `data`, or of an object in it.
    std::string text(std::string_view name) const;
    std::optional<std::int64_t> number(std::string_view name) const;
    /// What an error says it is, empty for anything else.
    std::string code() const;
};

/// From the first question to the last answer, in seconds.
double seconds_of(const std::vector<Answer>& answers);

} // namespace demo
