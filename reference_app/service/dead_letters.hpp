#pragma once

#include "command_line.hpp"

#include <understudy/postgres/connect_params.hpp>

#include <iosfwd>

namespace service {

/// Lists, replays or drops the operations in a database's journal that somebody has to look at. Needs the database
/// alone. Blocks, and returns how the program ends: `exit_failed` if there was nothing of the kind, `exit_not_ready` if
/// the database cannot be used.
int run_dead_letters(const understudy::postgres::ConnectParams& database, const DeadLettersCommand& command,
                     std::ostream& output, std::ostream& errors);

} // namespace service
