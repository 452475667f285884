#pragma once

#include "integration/private_postgres.hpp"

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/pool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tests {

/// The server of an executable; the first call says whether it waits for the disk.
inline PrivatePostgres& server(bool durable = false) {
    static PrivatePostgres postgres{false, durable};
    return postgres;
}

/// What the handler of an operation got, as a tuple. May go away before the operation ends.
template<class... Args>
class Outcome {
public:
    auto handler() {
        return [arguments = arguments_](auto&&... args) { arguments->emplace(std::forward<decltype(args)>(args)...); };
    }
    bool ready() const noexcept { return arguments_->has_value(); }
    /// Runs `io` until the operation has ended.
    std::tuple<Args...>& wait(boost::asio::io_context& io) {
        // No time is judged: the bound only keeps a test that would hang from doing so.
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (!ready()) {
            if (io.stopped())
                io.restart();
            if (io.run_one_until(deadline) == 0 && std::chrono::steady_clock::now() >= deadline)
                throw std::runtime_error{"no answer"};
        }
        return **arguments_;
    }

private:
    using Arguments = std::optional<std::tuple<Args...>>;
    std::shared_ptr<Arguments> arguments_ = std::make_shared<Arguments>();
};

/// A schema of a test's own and a pool that uses it.
struct Database {
    explicit Database(const std::string& ddl = {}, understudy::postgres::ConnectParams given = {})
        : sql{server().conninfo()} {
        static int number = 0;
        params = std::move(given);
        if (params.conninfo.empty())
            params.conninfo = server().conninfo();
        params.schema = "t" + std::to_string(++number);
        params.on_failure = [this](const auto& ec, const auto& said) {
            failures.push_back(ec.message() + ": " + said.message);
        };
        sql.run("CREATE SCHEMA " + params.schema + "; SET search_path = " + params.schema + ";" + ddl);
        pool.emplace(io.get_executor(), params);
    }
    ~Database() {
        pool->close();
        io.restart();
        io.run_for(std::chrono::seconds{10});
    }

    using Answer = Outcome<understudy::error_code, understudy::postgres::Result>;

    std::tuple<understudy::error_code, understudy::postgres::Result>
    execute(const std::string& text, understudy::postgres::Parameters parameters = {},
            understudy::postgres::ExecuteOptions options = {}) {
        Answer answer;
        pool->async_execute(text, std::move(parameters), options, answer.handler());
        return std::move(answer.wait(io));
    }

    boost::asio::io_context io;
    Session sql;
    understudy::postgres::ConnectParams params;
    std::vector<std::string> failures;
    std::optional<understudy::postgres::Pool> pool;
};

} // namespace tests
