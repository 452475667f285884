#pragma once

#include "replica_database.hpp"

#include <understudy/postgres/pool.hpp>

#include <utility>

namespace service {

/// The database that a pool's connections lead to. Its handlers run on the pool's executor.
inline ReplicaDatabase pooled_database(understudy::postgres::Pool pool) {
    namespace postgres = understudy::postgres;
    ReplicaDatabase database;
    database.schema = pool.params().schema;
    database.execute = [pool = std::move(pool)](ReplicaDatabase::StatementPtr statement,
                                                postgres::Parameters parameters, postgres::ExecuteOptions options,
                                                ReplicaDatabase::Handler handler) mutable {
        pool.async_execute(std::move(statement), std::move(parameters), options, std::move(handler));
    };
    return database;
}

} // namespace service
