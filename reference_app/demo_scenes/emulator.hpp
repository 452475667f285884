#pragma once

#include "clients.hpp"
#include "student.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

inline constexpr std::string_view contact_type = "0-1";
inline constexpr std::string_view exam_type = "2-50158913";
inline constexpr std::string_view booking_type = "2-50158943";

/// What the emulator counted since the last reset.
struct Counted {
    long calls = 0;
    long refused = 0; ///< with 429
};

/// The emulator's control side: what the source really holds, and what it was asked. Calls block, and throw
/// `std::exception` if the emulator refuses or does not answer.
class Emulator {
public:
    explicit Emulator(std::uint16_t port);

    void reset_counters();
    Counted counted();
    /// Calls that had reached the source by then, of those since the last reset.
    long calls_by(std::chrono::system_clock::time_point then);
    /// How long a call takes.
    double latency_ms();

    Student student(std::size_t number);
    boost::json::value record(std::string_view type, const std::string& id);
    /// Makes a record, as staff do; returns its id.
    std::string make(std::string_view type, boost::json::object properties);
    /// The live records of a type that a record is associated with.
    std::vector<boost::json::value> live_associated(std::string_view from, const std::string& id, std::string_view to);

    void fail_with(int status);
    void recover();

private:
    boost::json::value control(const char* method, const std::string& path, const std::string& body = {});

    Clients clients_;
};

} // namespace demo
