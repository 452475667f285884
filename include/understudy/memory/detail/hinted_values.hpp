#pragma once

#include <understudy/index.hpp>
#include <understudy/observation.hpp>
#include <understudy/settlement.hpp>

namespace understudy::memory::detail {

// The values that a write gave to a record, as far as its row does not show them.
template<Record R>
struct HintedValues {
    const R* shown; // what the row shows, if it is live
    const Settlement<R>& settlement;
    Ticket ticket;

    template<IndexTag By, class F>
    void for_each(F&& f) const {
        const bool updated = settlement.action == WriteAction::update;
        // An index of one member; one of several is taken for written.
        if constexpr (
            requires { settlement.patch.template has<By::member>(); } && !requires(const R& r) { By::values(r); })
            if (updated && !settlement.patch.template has<By::member>())
                return;
        R record = updated ? (shown ? *shown : R{}) : settlement.record;
        settlement.patch.apply_to(record);
        for_each_value<By>(record, [&](const typename By::value_type& value) {
            if (!shown || !answers_to<By>(*shown, value))
                f(value);
        });
    }
};

} // namespace understudy::memory::detail
