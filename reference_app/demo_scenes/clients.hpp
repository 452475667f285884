#pragma once

#include "answer.hpp"
#include "question.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace demo {

/// What one client asks over a connection of its own, one question after the other.
struct Visit {
    std::vector<Question> questions;
    std::chrono::milliseconds after{0}; ///< how long after the others' begin
};

/// Clients of an HTTP server on the loopback, all with one address. Calls block; one thread at a time.
class Clients {
public:
    /// They come from 127.0.0.(1 + address): every scene has an address of its own, as every school does.
    Clients(std::uint16_t port, int address);
    ~Clients();
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    /// Over a connection that stays open. Throws `boost::system::system_error` if there is no answer.
    Answer ask(const Question& question);

    /// All of them at the same moment, each over a connection that was open before. An answer that did not come has
    /// status 0.
    std::vector<Answer> at_once(const std::vector<Question>& questions);
    /// Returns the answers of each visit in the order of its questions.
    std::vector<std::vector<Answer>> at_once(const std::vector<Visit>& visits);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace demo
