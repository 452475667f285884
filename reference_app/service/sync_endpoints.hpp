#pragma once

#include "hint_desk.hpp"
#include "http_message.hpp"
#include "log.hpp"
#include "reconciliation.hpp"
#include "wall_clock.hpp"

#include <understudy/date_time.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace service {

/// Reconciliation on demand: by a timer elsewhere, which knows the shared secret, and by admins. Outlives the requests
/// that it was given.
class SyncEndpoints {
public:
    using Now = std::function<understudy::Timestamp()>;

    SyncEndpoints(Reconciliation& reconciliation, HintDesk& hints, const Log& log, Now now = &wall_clock_now);

    /// `mode=full|incremental`, `wait=false` for an answer at once.
    void run(std::string_view query, Respond respond);
    /// `type=exams|bookings|contacts`, and `id` for one record of it alone; `wait=false` as above.
    void force(std::string_view query, Respond respond);

private:
    void begin(const SyncRequest& request, std::string triggered_by, bool wait, Respond respond);
    void report(const SyncReport& report, const std::string& triggered_by) const;

    Reconciliation& reconciliation_;
    HintDesk& hints_;
    const Log& log_;
    Now now_;
};

} // namespace service
