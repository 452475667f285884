#pragma once

#include "config.hpp"
#include "log.hpp"

#include <stdexcept>

namespace service {

/// The service cannot start; the text says what is missing and what to do.
class CannotStart : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Starts the service and runs it until SIGTERM or SIGINT; a second signal ends the program at once. Returns whether
/// everything that was under way ended in time. Throws `CannotStart`.
bool serve(const Config& config, const Log& log);

} // namespace service
