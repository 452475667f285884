#pragma once

#include "counters.hpp"
#include "crm_api.hpp"
#include "fault.hpp"
#include "limiter.hpp"
#include "webhooks.hpp"

#include <memory>

namespace hubspot_emulator {

/// A call that was let in: what the server does with it, in this order.
struct Admission {
    Call call;
    bool control = false;                 ///< answered at once, counted nowhere
    Millis latency_ms = 0;                ///< half of it passes before the call takes effect
    std::optional<Response> refusal;      ///< the answer, without any effect
    std::optional<Response> answer_after; ///< the answer, although the call took effect
    Interruption before = Interruption::none;
    Interruption after = Interruption::none;
    ReadShape shape;
    bool chunked = false;
    std::uint64_t hold_generation = 0;
};

/// A portal without its sockets. Time is handed in and must not go back.
class Emulator {
public:
    Emulator(Settings settings, Millis now);

    /// Counts the call, checks its token and the limits, picks its fault.
    Admission admit(const Request& request, Millis now);
    /// Carries the call out.
    Response perform(const Request& request, const Admission& admission, Millis now);
    /// The call is over; status 0 when it was never answered in full.
    void finished(const Admission& admission, int status);

    /// Admission, effect and answer in one: for tests without latency and interruptions.
    Response handle(const Request& request, Millis now);

    /// Held calls go on once this has passed the generation they were admitted in.
    std::uint64_t hold_generation() const noexcept { return hold_generation_; }
    void held(int change) { counters_.held(change); }

    Webhooks& webhooks() noexcept { return webhooks_; }
    Store& store() noexcept { return *store_; }
    const Counters& counters() const noexcept { return counters_; }

private:
    Response carry_out(const Request& request, const Admission& admission, Millis now);
    Response control(const Call& call, const Request& request, Millis now);
    Response control_record(const Call& call, const Request& request, Millis now);
    Response control_bulk(TypeIndex type, const boost::json::object& body, Millis now);
    Response control_touch(TypeIndex type, std::optional<std::int64_t> count, Millis updated_at, Millis now);
    Response control_property(const Call& call, const Request& request);
    Response control_association(const boost::json::object& body, Millis now);
    Response control_index(const boost::json::object& body, Millis now);
    Response control_seeded(const Call& call);
    boost::json::object settings_json() const;
    void change_settings(const boost::json::object& body, Millis now);

    Fault* pick_fault(const Call& call, const Request& request);
    Response rate_limited(RatePolicy policy, std::optional<int> retry_after, Millis now);
    Response refuse(const ApiError& error, Millis now);
    void add_rate_headers(Response& response, bool search, Millis now);
    std::string correlation_id(Millis now);

    Settings settings_;
    std::unique_ptr<Store> store_;
    Limiter limiter_;
    Counters counters_;
    Webhooks webhooks_;
    std::vector<Fault> faults_;
    std::uint64_t next_fault_ = 1;
    std::uint64_t hold_generation_ = 0;
    std::mt19937_64 ids_{0x5eed};
};

} // namespace hubspot_emulator
