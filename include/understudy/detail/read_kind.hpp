#pragma once

#include <understudy/detail/read_machine.hpp>
#include <understudy/detail/set_read_machine.hpp>
#include <understudy/store.hpp>

#include <utility>
#include <vector>

namespace understudy::detail {

// The two things that a cache is asked for, so that one operation drives both: records, and sets of them.
template<IndexTag By>
struct RecordRead {
    using R = typename By::record_type;
    using Machine = ReadMachine<By>;
    using Request = typename By::value_type;
    using Found = Rows<R>;
    using Answer = Reading<R>;

    template<class Primary, class Handler>
    static void look_up(Primary& primary, const Machine& machine, Handler&& handler) {
        primary.template async_lookup<By>(machine.targets(), std::forward<Handler>(handler));
    }
    template<class Fallback, class Handler>
    static void ask(Fallback& fallback, const Machine& machine, const ReadOptions& options, Handler&& handler) {
        fallback.template async_fetch<By>(machine.targets(), options, std::forward<Handler>(handler));
    }
};

template<IndexTag By>
struct SetRead {
    using R = typename By::record_type;
    using Machine = SetReadMachine<By>;
    using Request = SetQuery<By>;
    using Found = SetRows<R>;
    using Answer = SetReading<R>;

    template<class Primary, class Handler>
    static void look_up(Primary& primary, const Machine& machine, Handler&& handler) {
        primary.template async_look_up_sets<By>(machine.queries(), std::forward<Handler>(handler));
    }
    template<class Fallback, class Handler>
    static void ask(Fallback& fallback, const Machine& machine, const ReadOptions& options, Handler&& handler) {
        fallback.template async_fetch_set<By>(machine.targets(), options, std::forward<Handler>(handler));
    }
};

} // namespace understudy::detail
