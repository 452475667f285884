#pragma once

#include <understudy/error.hpp>

#include <chrono>

namespace service {

/// Nobody could say. Never to be mistaken for "not found", for "none" or for "no credits".
struct SourceUnavailable {
    understudy::error_code error;
    std::chrono::seconds retry_after{0};
};

/// How long to leave the source alone after this failure.
inline SourceUnavailable unavailable(understudy::error_code error) {
    using namespace std::chrono_literals;
    if (error == understudy::Errc::rate_limited)
        return {error, 10s};
    if (error == understudy::Errc::circuit_open || error == understudy::Errc::overloaded)
        return {error, 2s};
    return {error, 5s};
}

/// The question can only be decided in the database, and that did not answer.
struct ReplicaUnavailable {
    understudy::error_code error;
    std::chrono::seconds retry_after{2};
};

} // namespace service
