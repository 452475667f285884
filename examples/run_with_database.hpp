#pragma once

#include <understudy/postgres/pool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <string>

/// Runs `awaitable<bool> show(understudy::postgres::Pool)` on this thread, in a schema of the database that
/// DATABASE_URL names, once the statements have made what it needs there. Returns the status to end with: 0 if what it
/// showed was right, 1 if it was not or something failed, 2 if DATABASE_URL names no database. Failures are printed.
template<class Show>
int run_with_database(const char* schema, std::span<const char* const> statements, Show show) {
    understudy::postgres::ConnectParams database;
    if (const char* url = std::getenv("DATABASE_URL"))
        database.conninfo = url;
    database.schema = schema;
    const auto problems = database.problems("DATABASE_URL");
    for (const auto& problem : problems)
        std::cerr << problem << "\n";
    if (!problems.empty())
        return 2;

    boost::asio::io_context context;
    understudy::postgres::Pool pool{context.get_executor(), database};
    int status = 1;
    auto example = [&]() -> boost::asio::awaitable<bool> {
        for (const std::string statement : statements)
            co_await pool.async_execute(statement);
        co_return co_await show(pool);
    };
    auto finished = [&](std::exception_ptr failure, bool all_good) {
        context.stop();
        try {
            if (failure)
                std::rethrow_exception(failure);
            status = all_good ? 0 : 1;
        } catch (const std::exception& error) {
            std::cerr << error.what() << "\n";
        }
    };
    boost::asio::co_spawn(context, example, finished);
    context.run();
    return status;
}
