#pragma once

#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/statement.hpp>

#include <memory>

namespace understudy::postgres {

/// A statement, and the values for it.
struct Command {
    std::shared_ptr<const Statement> statement;
    Parameters parameters{};
};

} // namespace understudy::postgres
