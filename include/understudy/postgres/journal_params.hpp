#pragma once

#include <chrono>
#include <string>

namespace understudy::postgres {

/// How a journal in PostgreSQL waits, remembers and reserves.
struct JournalParams {
    /// How long a session may keep what it holds without renewing its lease, by the database's clock.
    std::chrono::milliseconds lease{15'000};
    /// How long an operation that is finished is known.
    std::chrono::milliseconds retention{24 * 3'600'000};
    /// A function of the pool's schema that says which reservations (`Decision::reservation`) are not to be had; empty
    /// if all are:
    ///
    ///     CREATE FUNCTION reserve_places(ids text[], reservations text[])
    ///         RETURNS TABLE(id text, objection text) LANGUAGE plpgsql AS …
    ///
    /// It is called in the transaction that decides, with the operations in the order in which they were handed in, and
    /// returns a row for each whose reservation is not to be had, with the reason; where several want the same, it
    /// decides among them. What other operations reserved is in the column `reservation` of `understudy_operations`,
    /// which is empty or NULL where there is nothing, and stays until the operation ends, that of a dead one until it
    /// is dropped. Who decides at the same time elsewhere is not seen: the function must first lock what it counts, in
    /// an order of its own, such as
    ///
    ///     PERFORM pg_advisory_xact_lock(1, p.place)
    ///         FROM (SELECT DISTINCT hashtext(r) AS place FROM unnest(reservations) AS r ORDER BY 1) AS p;
    ///
    /// and it must be volatile, which functions are by default, so as to see what was decided while it waited.
    std::string reserve{};
};

} // namespace understudy::postgres
