#pragma once

#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/result.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

struct Request;
using RequestPtr = std::shared_ptr<Request>;
using Deadlines = std::multimap<std::chrono::steady_clock::time_point, RequestPtr>;

// Statements on their way, which are one transaction. The answer of a request that failed ends with the result of the
// statement that did.
struct Request : Call<std::vector<Result>> {
    std::vector<Command> commands;
    // Must not share a transaction with others: it writes, or it failed in company.
    bool alone = true;
    // Sent as text whatever the connection prefers.
    bool plain = false;
    bool waiting = false;
    int attempts = 0;
    Deadlines::iterator deadline{};
};

// A request of one statement, whose handler gets its result.
struct StatementRequest : Request {
    static Result given(std::vector<Result> results) { return results.empty() ? Result{} : std::move(results.back()); }
};

// A request of the pool's own, whose answer nobody waits for.
struct SetupRequest final : Request {
    explicit SetupRequest(const std::string& text) {
        commands.push_back({std::make_shared<const Statement>(text)});
        plain = true;
    }
    void deliver(boost::system::error_code, std::vector<Result>) override {}
    void deliver_later(boost::system::error_code) override {}
};

} // namespace understudy::postgres::detail
