#pragma once

#include <string>
#include <vector>

namespace service {

/// How bookings are cancelled: by the student whose they are, unless an admin is named.
struct CancelTerms {
    /// Only bookings of this exam, by all the ids that it has; empty: of any.
    std::vector<std::string> exams{};
    /// Whether what was paid goes back.
    bool refund = true;
    /// The admin who cancels them, whosever they are.
    std::string admin{};
};

} // namespace service
