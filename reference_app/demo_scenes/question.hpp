#pragma once

#include <string>

namespace demo {

/// What a client asks the service or the emulator.
struct Question {
    std::string method{"GET"};
    std::string target{};
    std::string body{};
    std::string idempotency_key{}; ///< sent if it is not empty
};

} // namespace demo
