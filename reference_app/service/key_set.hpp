#pragma once

#include "log.hpp"
#include "verification_key.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace service {

/// The keys that a Supabase project publishes (RFC 7517, 5), by their ids. They are fetched when a token needs them:
/// the first time, when the last time is ten minutes ago, and when a token names a key that is not among them, at most
/// every 30 seconds. As long as they cannot be fetched, those that were there last go on counting.
///
/// Lives on one thread and outlives the fetches that it began.
class KeySet {
public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;

    /// What came of a fetch.
    struct Document {
        std::string text;
        /// Why there is none; for the log. Empty when there is one.
        std::string failure;
    };
    using Fetched = std::function<void(Document)>;
    /// Fetches the document and calls back once, at once or later.
    using Fetch = std::function<void(Fetched)>;

    struct Unknown {};
    /// The key may exist, but the keys could not be fetched.
    struct Unavailable {
        std::chrono::seconds retry_after{0};
    };
    using Answer = std::variant<VerificationKey, Unknown, Unavailable>;
    using Handler = std::function<void(Answer)>;

    KeySet(Fetch fetch, const Log& log, Now now = &Clock::now);
    KeySet(const KeySet&) = delete;
    KeySet& operator=(const KeySet&) = delete;

    /// Finds the key of this id; calls back once, at once or when a fetch that is needed has ended.
    void find(std::string kid, Handler handler);

private:
    struct Waiting {
        std::string kid;
        Handler handler;
    };

    Answer look_up(std::string_view kid) const;
    void fetch();
    void take(const Document& document);

    Fetch fetch_;
    const Log& log_;
    Now now_;
    std::map<std::string, VerificationKey, std::less<>> keys_;
    std::optional<Clock::time_point> attempted_;
    std::optional<Clock::time_point> fetched_;
    bool failed_ = false;
    bool fetching_ = false;
    std::vector<Waiting> waiting_;
};

} // namespace service
