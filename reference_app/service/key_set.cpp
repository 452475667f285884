#include "key_set.hpp"

#include <boost/json/parse.hpp>

#include <utility>

namespace service {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto lifetime = 10min;
constexpr auto pause = 30s;

} // namespace

KeySet::KeySet(Fetch fetch, const Log& log, Now now)
    : fetch_{std::move(fetch)}
    , log_{log}
    , now_{std::move(now)} {}

void KeySet::find(std::string kid, Handler handler) {
    const auto now = now_();
    if (fetched_ && now - *fetched_ < lifetime && keys_.contains(kid))
        return handler(look_up(kid));
    if (!fetching_ && attempted_ && now - *attempted_ < pause)
        return handler(look_up(kid));
    waiting_.push_back({std::move(kid), std::move(handler)});
    if (!fetching_)
        fetch();
}

KeySet::Answer KeySet::look_up(std::string_view kid) const {
    if (const auto found = keys_.find(kid); found != keys_.end())
        return found->second;
    if (!failed_)
        return Unknown{};
    return Unavailable{std::chrono::ceil<std::chrono::seconds>(*attempted_ + pause - now_())};
}

void KeySet::fetch() {
    fetching_ = true;
    attempted_ = now_();
    fetch_([this](Document document) {
        fetching_ = false;
        take(document);
        for (auto& [kid, handler] : std::exchange(waiting_, {}))
            handler(look_up(kid));
    });
}

void KeySet::take(const Document& document) {
    failed_ = true;
    if (!document.failure.empty())
        return log_.warning("keys_not_fetched", {{"reason", document.failure}, {"kept", keys_.size()}});
    boost::system::error_code error;
    const auto parsed = json::parse(document.text, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* member = object ? object->if_contains("keys") : nullptr;
    const auto* list = member ? member->if_array() : nullptr;
    if (!list)
        return log_.warning("keys_not_fetched", {{"reason", "the answer is no set of keys"}, {"kept", keys_.size()}});
    failed_ = false;
    fetched_ = now_();
    keys_.clear();
    for (const auto& one : *list) {
        const auto* jwk = one.if_object();
        const auto* kid = jwk ? jwk->if_contains("kid") : nullptr;
        auto key = jwk ? key_of_jwk(*jwk) : std::nullopt;
        if (key && kid && kid->is_string() && !kid->get_string().empty())
            keys_.insert_or_assign(std::string{kid->get_string()}, std::move(*key));
    }
    log_.info("keys_fetched", {{"keys", keys_.size()}, {"not_usable", list->size() - keys_.size()}});
}

} // namespace service
