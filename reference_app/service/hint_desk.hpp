#pragma once

#include <understudy/error.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace service {

/// A booking and a record that it is said to have been associated with, or is so no more.
struct BookingLink {
    std::string booking_id;
    std::string parent_id;
};

/// Records of which something may have changed at the source.
struct Hints {
    std::vector<std::string> contacts;
    std::vector<std::string> exams;
    std::vector<std::string> bookings;
    std::vector<BookingLink> links_to_contacts;
    std::vector<BookingLink> links_to_exams;

    bool empty() const noexcept {
        return contacts.empty() && exams.empty() && bookings.empty() && links_to_contacts.empty() &&
               links_to_exams.empty();
    }
};

/// Takes note that records may have changed, so that they are read again.
class HintDesk {
public:
    using Done = std::function<void(understudy::error_code)>;

    virtual ~HintDesk() = default;
    /// `done` is called once, without an error when all hints are where a crash does not lose them.
    virtual void hint(Hints hints, std::chrono::milliseconds timeout, Done done) = 0;
};

} // namespace service
