#pragma once

#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/result.hpp>
#include <understudy/postgres/statement.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace understudy::postgres::detail {

struct Request;
using RequestPtr = std::shared_ptr<Request>;
using Deadlines = std::multimap<std::chrono::steady_clock::time_point, RequestPtr>;

// One statement on its way.
struct Request : Call<Result> {
    std::shared_ptr<const Statement> statement;
    Parameters parameters;
    // Must not share a transaction with others: it writes, or it failed in company.
    bool alone = true;
    // Sent as text whatever the connection prefers.
    bool plain = false;
    bool waiting = false;
    int attempts = 0;
    Deadlines::iterator deadline{};
};

// A request of the pool's own, whose answer nobody waits for.
struct SetupRequest final : Request {
    explicit SetupRequest(const std::string& text) {
        statement = std::make_shared<const Statement>(text);
        plain = true;
    }
    void deliver(boost::system::error_code, Result) override {}
    void deliver_later(boost::system::error_code) override {}
};

} // namespace understudy::postgres::detail
