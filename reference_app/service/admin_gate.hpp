#pragma once

#include "access.hpp"
#include "access_token.hpp"
#include "admin_params.hpp"
#include "http_message.hpp"
#include "key_set.hpp"

#include <understudy/date_time.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace service {

/// Whom the gate let in.
struct AdminCaller {
    /// The user's id, or `cron`; for the log.
    std::string subject;
};

/// Stands before the admin endpoints. What it refuses it answers in their form, with the cause in `Response::reason`:
/// 401 `UNAUTHORIZED` without a token that is believed, 403 `FORBIDDEN` without the permission, 503 where it cannot be
/// decided, for the keys cannot be fetched (`AUTHENTICATION_UNAVAILABLE`) or nothing is configured (`ADMIN_DISABLED`).
class AdminGate {
public:
    using Now = std::function<understudy::Timestamp()>;
    using Admission = std::variant<AdminCaller, Response>;
    using Handler = std::function<void(Admission)>;

    /// The keys are asked for only if the parameters name a project.
    AdminGate(AdminParams params, KeySet& keys, Now now);

    /// Decides on a request with this `Authorization` header; calls back once, at once or when the keys were fetched.
    void admit(std::string_view authorization, Access access, Handler handler);

private:
    Admission admit_cron(std::string_view secret) const;
    void admit_user(std::string token, Access access, Handler handler);
    Admission judge(std::string_view token, const VerificationKey& key, Access access) const;

    AdminParams params_;
    KeySet& keys_;
    Now now_;
    std::optional<VerificationKey> secret_;
};

} // namespace service
