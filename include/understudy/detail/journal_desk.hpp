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
class JournalDesk {
public:
    using Settlement = typename Journal::settlement_type;

    // The end of an operation, with what the replica is to show, by record type.
    struct EndItem {
        Ending ending;
        std::map<std::string, std::vector<LandedWrite>> landed{};
        // It was handed in before, and may have ended then.
        bool doubtful = false;
    };
    enum class Ended : std::uint8_t {
        lost, // somebody else has it
        ended,
        again, // nothing happened, because another one of the same call was lost
    };

    using Parts = std::map<std::string, std::shared_ptr<Participant<Settlement>>>;

    explicit JournalDesk(Journal journal)
        : parts{std::make_shared<Parts>()} {
        const auto executor = journal.get_executor();
        begin_ = group<Intent, Admitted>(executor, [journal, executor](auto intents, auto done) mutable {
            journal.async_begin(std::move(intents), boost::asio::bind_executor(executor, std::move(done)));
        });
        decide_ =
            group<Decision, understudy::Verdict>(executor, [journal, executor](auto decisions, auto done) mutable {
                journal.async_decide(std::move(decisions), boost::asio::bind_executor(executor, std::move(done)));
            });
        end_ = group<EndItem, Ended>(executor, [journal, all = parts](auto items, auto done) mutable {
            end_all(journal, *all, std::move(items), std::move(done));
        });
    }

    void begin(Intent intent, std::function<void(error_code, Admitted)> handler) {
        begin_->add(std::move(intent), std::move(handler));
    }
    void decide(Decision decision, std::function<void(error_code, understudy::Verdict)> handler) {
        decide_->add(std::move(decision), std::move(handler));
    }
    void end(EndItem item, std::function<void(error_code, Ended)> handler) {
        end_->add(std::move(item), std::move(handler));
    }

    // By record type. Calls that are under way keep them, not the desk.
    std::shared_ptr<Parts> parts;

private:
    static constexpr std::size_t group_size = 500;

    template<class Item, class Answer>
    static auto group(const boost::asio::any_io_executor& executor, typename GroupCall<Item, Answer>::Start start) {
        return std::make_shared<GroupCall<Item, Answer>>(executor, group_size, std::move(start));
    }

    static void end_all(Journal& journal, const Parts& parts, std::vector<EndItem> items,
                        std::function<void(error_code, std::vector<Ended>)> handler) {
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
                if (auto settlement = part->second->settlement(writes))
                    settlements.push_back(std::move(*settlement));
        auto on_ended = [handler = std::move(handler)](error_code error, const std::vector<bool>& ours) {
            const bool all = std::ranges::find(ours, false) == ours.end();
            std::vector<Ended> ended;
            for (const bool own : ours)
                ended.push_back(all ? Ended::ended : own ? Ended::again : Ended::lost);
            handler(error, std::move(ended));
        };
        const auto executor = journal.get_executor();
        journal.async_end(std::move(endings), std::move(settlements),
                          boost::asio::bind_executor(executor, std::move(on_ended)));
    }

    std::shared_ptr<GroupCall<Intent, Admitted>> begin_;
    std::shared_ptr<GroupCall<Decision, understudy::Verdict>> decide_;
    std::shared_ptr<GroupCall<EndItem, Ended>> end_;
};

} // namespace understudy::detail
