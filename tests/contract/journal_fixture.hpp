#pragma once

#include <understudy/error.hpp>
#include <understudy/settlement_task.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// What the fixtures of journals have in common whose settlements are tasks: one place to reserve, and settlements that
/// are counted. `Time` runs an io_context.
template<class Time>
struct JournalFixture {
    understudy::SettlementTask settlement() {
        return [this](auto done) {
            ++count;
            boost::asio::post(time.get_executor(), [done] { done({}); });
        };
    }
    understudy::SettlementTask failing_settlement() {
        return [](auto done) { done(understudy::Errc::replica_unavailable); };
    }
    int settled() const { return count; }
    std::string reservation() { return "the only place"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    static std::string reserve(const std::vector<std::string>& held, const std::string& wanted) {
        return std::find(held.begin(), held.end(), wanted) == held.end() ? "" : wanted + " is taken";
    }

    Time time;
    int count = 0;
};

} // namespace tests
