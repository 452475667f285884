#pragma once

#include <understudy/error.hpp>
#include <understudy/postgres/execute_options.hpp>
#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/result.hpp>
#include <understudy/postgres/statement.hpp>

#include <functional>
#include <memory>
#include <string>

namespace service {

/// The replica's database for those who ask it in SQL, without the pool's type: who needs nothing but this compiles
/// without Asio. See `pooled_database.hpp`.
struct ReplicaDatabase {
    using StatementPtr = std::shared_ptr<const understudy::postgres::Statement>;
    using Handler = std::function<void(understudy::error_code, const understudy::postgres::Result&)>;

    std::string schema;
    /// Runs one statement as `understudy::postgres::Pool::async_execute` does.
    std::function<void(StatementPtr, understudy::postgres::Parameters, understudy::postgres::ExecuteOptions, Handler)>
        execute;
};

} // namespace service
