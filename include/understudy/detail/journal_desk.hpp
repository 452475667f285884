#pragma once

#include <understudy/detail/group_call.hpp>
#include <understudy/detail/participant.hpp>
#include <understudy/error.hpp>
#include <understudy/journal.hpp>

#include <boost/asio/bind_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// The calls to a journal, one operation at a time for those who call, many together for the journal.
template<class Journal>
class JournalDesk : public std::enable_shared_from_this<JournalDesk<Journal>> {
public:
    using Settlement = typename Journal::settlement_type;

    // The end of an operation, with what the replica is to show, by record type.
    struct EndItem {
        Ending ending;
        std::map<std::string, std::vector<LandedWrite>> landed;
    };
    enum class Ended : std::uint8_t {
        lost, // somebody else has it
        ended,
        again, // nothing happened, because another one of the same call was lost
    };

    explicit JournalDesk(Journal journal)
        : journal_{std::move(journal)}
        , begin_{group<Intent, Admitted>(
              [this](auto intents, auto done) { journal_.async_begin(std::move(intents), bound(std::move(done))); })}
        , decide_{group<Decision, understudy::Verdict>([this](auto decisions, auto done) {
            journal_.async_decide(std::move(decisions), bound(std::move(done)));
        })}
        , end_{group<EndItem, Ended>([this](auto items, auto done) { end_all(std::move(items), std::move(done)); })} {}

    void begin(Intent intent, std::function<void(error_code, Admitted)> handler) {
        begin_->add(std::move(intent), kept(std::move(handler)));
    }
    void decide(Decision decision, std::function<void(error_code, understudy::Verdict)> handler) {
        decide_->add(std::move(decision), kept(std::move(handler)));
    }
    void end(EndItem item, std::function<void(error_code, Ended)> handler) {
        end_->add(std::move(item), kept(std::move(handler)));
    }

    std::map<std::string, std::shared_ptr<Participant<Settlement>>> parts;

private:
    static constexpr std::size_t group_size = 500;

    // Whoever waits for an answer keeps the desk.
    template<class Answer>
    auto kept(std::function<void(error_code, Answer)> handler) {
        return [self = this->shared_from_this(), handler = std::move(handler)](error_code error, Answer answer) {
            handler(error, std::move(answer));
        };
    }

    template<class Item, class Answer>
    auto group(typename GroupCall<Item, Answer>::Start start) {
        return std::make_shared<GroupCall<Item, Answer>>(journal_.get_executor(), group_size, std::move(start));
    }

    template<class F>
    auto bound(F handler) {
        return boost::asio::bind_executor(journal_.get_executor(), std::move(handler));
    }

    void end_all(std::vector<EndItem> items, std::function<void(error_code, std::vector<Ended>)> handler) {
        std::vector<Ending> endings;
        std::map<std::string, std::vector<LandedWrite>> landed;
        for (auto& item : items) {
            for (auto& [record, writes] : item.landed)
                std::move(writes.begin(), writes.end(), std::back_inserter(landed[record]));
            endings.push_back(std::move(item.ending));
        }
        std::vector<Settlement> settlements;
        for (const auto& [record, writes] : landed)
            if (const auto part = parts.find(record); part != parts.end())
                settlements.push_back(part->second->settlement(writes));
        auto on_ended = [handler = std::move(handler)](error_code error, const std::vector<bool>& ours) {
            const bool all = std::ranges::find(ours, false) == ours.end();
            std::vector<Ended> ended;
            for (const bool own : ours)
                ended.push_back(all ? Ended::ended : own ? Ended::again : Ended::lost);
            handler(error, std::move(ended));
        };
        journal_.async_end(std::move(endings), std::move(settlements), bound(std::move(on_ended)));
    }

    Journal journal_;
    std::shared_ptr<GroupCall<Intent, Admitted>> begin_;
    std::shared_ptr<GroupCall<Decision, understudy::Verdict>> decide_;
    std::shared_ptr<GroupCall<EndItem, Ended>> end_;
};

} // namespace understudy::detail
