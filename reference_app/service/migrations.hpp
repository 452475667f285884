#pragma once

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/error.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// One step of the schema, embedded into the program. Applied once, and never changed afterwards.
struct Migration {
    int version;
    std::string_view name;
    /// SHA-256 of `sql`, in hexadecimal digits.
    std::string_view checksum;
    std::string_view sql;
};

/// Every migration that this program knows, by ascending version, without gaps.
std::span<const Migration> migrations() noexcept;

/// What was found, and what was done about it.
struct MigrationReport {
    /// The schema's version before and after; 0 when it has none.
    int before = 0;
    int after = 0;
    /// Names of the migrations that were applied now, or for `check_migrations`, that are to be applied.
    std::vector<std::string> names;
    /// Set when the schema cannot be used as it is; nothing was changed then.
    understudy::error_code error{};
    /// The reason in words, with what to do about it. Contains no password.
    std::string problem;

    bool ok() const noexcept { return !error.failed(); }
};

/// Brings the schema `params.schema` up to the last migration of `known`, creating it if need be, all in one
/// transaction. Safe to run from several places at once: they wait for each other.
///
/// Refused with `Errc::schema_mismatch`: a schema with migrations that this program does not know, or with one that has
/// changed since it was applied. Blocks; meant for a command line or the time before the event loop.
MigrationReport migrate(const understudy::postgres::ConnectParams& params,
                        std::span<const Migration> known = migrations());

/// Says whether the schema is the one this program needs, without changing anything: `Errc::schema_mismatch` as above,
/// and also when migrations are still to be applied.
MigrationReport check_migrations(const understudy::postgres::ConnectParams& params,
                                 std::span<const Migration> known = migrations());

} // namespace service
