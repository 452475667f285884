#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hubspot_emulator {

/// What a client sent, as far as the emulator looks at it.
struct Request {
    std::string method;
    std::string target;
    std::string body{};
    std::string authorization;
};

/// What is answered.
struct Response {
    int status = 200;
    std::string body{};
    std::string content_type = "application/json;charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers{};
};

} // namespace hubspot_emulator
