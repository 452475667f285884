#pragma once

#include "booking_desk.hpp"
#include "source_unavailable.hpp"

#include <understudy/error.hpp>
#include <understudy/postgres/error.hpp>

namespace service {

/// What a failed write says, as one of the results that every kind of write has. `refused` is what it is if the source
/// said no.
template<class Result, class Refused>
Result trouble_of(understudy::error_code error, Refused refused) {
    namespace postgres = understudy::postgres;
    using understudy::Errc;
    if (error == Errc::outcome_unknown)
        return OutcomeUnknown{};
    if (error == Errc::replica_unavailable || error == Errc::lease_lost ||
        error.category() == postgres::client_category() || error.category() == postgres::sqlstate_category())
        return ReplicaUnavailable{error};
    if (error == understudy::Condition::refused || error == Errc::schema_mismatch)
        return refused;
    return unavailable(error);
}

} // namespace service
