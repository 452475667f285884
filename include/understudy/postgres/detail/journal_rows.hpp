#pragma once

#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/postgres/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace understudy::postgres::detail {

// What the statements of a journal answer; see `JournalSql`.

inline bool read_entry(const Result& result, std::size_t at, std::size_t column, JournalEntry& entry) {
    std::int16_t state = 0;
    std::int64_t fence = 0;
    if (!result.get(at, column, entry.intent.id) || !result.get(at, column + 1, entry.intent.kind) ||
        !result.get(at, column + 2, entry.intent.keys) || !result.get(at, column + 3, entry.intent.request) ||
        !result.get(at, column + 4, entry.intent.plan) || !result.get(at, column + 5, state) || state < 0 ||
        state > static_cast<int>(OperationState::dead) || !result.get(at, column + 6, fence) ||
        !result.get(at, column + 7, entry.cause))
        return false;
    entry.state = static_cast<OperationState>(state);
    entry.fence = Fence{static_cast<std::uint64_t>(fence)};
    return true;
}

inline auto read_flags(std::size_t size) {
    return [size](const std::vector<Result>& results, std::vector<bool>& flags) {
        for (std::size_t i = 0; i < size; ++i) {
            bool flag = false;
            if (!results[0].get(i, 0, flag))
                return make_error_code(ClientErrc::bad_answer);
            flags.push_back(flag);
        }
        return error_code{};
    };
}

// Which operations are not the session's, of some that could not be ended for that; the error if that was not why.
inline auto read_refused(std::size_t size, error_code ec) {
    return [size, ec](const std::vector<Result>& results, std::vector<bool>& held) {
        const auto failed = read_flags(size)(results, held);
        return !failed && std::find(held.begin(), held.end(), false) == held.end() ? ec : failed;
    };
}

inline error_code read_admitted(const Result& result, std::size_t at, const Intent& intent, bool told,
                                Admitted& admitted) {
    bool alive = false;
    bool fresh = false;
    bool first = false;
    if (!result.get(at, 0, alive) || !result.get(at, 1, fresh) || !result.get(at, 2, first))
        return ClientErrc::bad_answer;
    if (!alive)
        return Errc::lease_lost;
    admitted.fence = Fence{1};
    if (fresh && !told) {
        admitted.kind = first ? Admitted::Kind::granted : Admitted::Kind::queued;
        return {};
    }
    if (fresh) {
        admitted.known.intent = intent;
        admitted.known.state = intent.plan.empty() ? OperationState::open : OperationState::planned;
        admitted.known.fence = admitted.fence;
    } else if (!read_entry(result, at, 3, admitted.known)) {
        return ClientErrc::bad_answer;
    }
    admitted.fence = admitted.known.fence;
    admitted.kind = admitted.known.intent.request == intent.request ? Admitted::Kind::known : Admitted::Kind::mistaken;
    return {};
}

inline error_code read_entries(const Result& result, std::vector<JournalEntry>& entries) {
    for (std::size_t i = 0; i < result.rows(); ++i) {
        auto& entry = entries.emplace_back();
        std::int64_t silent = 0;
        if (!read_entry(result, i, 0, entry) || !result.get(i, 8, silent))
            return ClientErrc::bad_answer;
        entry.silent_for = std::chrono::milliseconds{std::max<std::int64_t>(silent, 0)};
    }
    return {};
}

} // namespace understudy::postgres::detail
