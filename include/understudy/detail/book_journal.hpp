#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/journal_book.hpp>
#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/settlement_task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

/// What journals are alike in that have a `JournalBook` in memory: the operations of `understudy::Journal`, in one
/// session. Settlements run side by side, before the operations end.
///
/// The `Keeper` has the book, and calls handlers when what they are told is kept:
///
///     boost::asio::any_io_executor get_executor() const;
///     JournalBook& book();
///     JournalBook::Instant now() const;
///     template<class Value, class Work> void keep(Work, ErasedHandler<void(error_code, Value)>);
///         // calls `work(book)`, which returns a pair of the two, and then the handler, as if by `post`
///     template<class Value, class Work> void look(Work, ErasedHandler<void(error_code, Value)>);
///         // the same for what need not be kept: it must not wait
template<class Keeper>
class BookJournal {
    using SessionPtr = JournalBook::SessionPtr;
    template<class T>
    using Result = std::pair<boost::system::error_code, T>;

public:
    using executor_type = boost::asio::any_io_executor;
    using settlement_type = SettlementTask;
    /// Says why a reservation (`Decision::reservation`) is not to be had beside those that unfinished operations hold;
    /// nothing if it is.
    using Reserve = JournalBook::Reserve;

    executor_type get_executor() const noexcept { return keeper_->get_executor(); }

    /// See `Journal`, as for all that follow. *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_begin(std::vector<Intent> intents, Token&& token = {}) {
        return kept<BeginSignature, std::vector<Admitted>>(
            [session = session_, keeper = keeper_.get(), intents = std::move(intents)](JournalBook& book) mutable {
                Result<std::vector<Admitted>> result;
                if (!JournalBook::alive(*session, keeper->now()))
                    result.first = Errc::lease_lost;
                else
                    for (auto& intent : intents)
                        result.second.push_back(book.begin(*session, std::move(intent), keeper->now()));
                return result;
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_decide(std::vector<Decision> decisions, Token&& token = {}) {
        return kept<DecideSignature, std::vector<understudy::Verdict>>(
            [session = session_, keeper = keeper_.get(), decisions = std::move(decisions)](JournalBook& book) mutable {
                Result<std::vector<understudy::Verdict>> result;
                // What is decided may be sent: never under a lease that somebody else counts as run out.
                const bool alive = JournalBook::alive(*session, keeper->now());
                for (auto& decision : decisions)
                    result.second.push_back(alive ? book.decide(*session, std::move(decision)) : understudy::Verdict{});
                return result;
            },
            std::forward<Token>(token));
    }

    /// *Errors*: what a settlement failed with.
    template<class Token = boost::asio::deferred_t>
    auto async_end(std::vector<Ending> endings, std::vector<SettlementTask> settlements, Token&& token = {}) {
        return boost::asio::async_initiate<Token, EndSignature>(
            [](auto handler, const BookJournal& journal, std::vector<Ending> ending,
               const std::vector<SettlementTask>& tasks) {
                auto call = std::make_shared<EndCall>(journal, std::move(ending), std::move(handler));
                if (call->ours())
                    for (const auto& task : tasks)
                        task(call->expect_settled());
                call->on_settled({});
            },
            token, *this, std::move(endings), std::move(settlements));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_ask(std::vector<std::string> ids, Token&& token = {}) {
        return kept<AskSignature, std::vector<bool>>(
            [session = session_, ids = std::move(ids)](JournalBook& book) {
                Result<std::vector<bool>> result;
                for (const auto& id : ids)
                    result.second.push_back(book.is_first(*session, id));
                return result;
            },
            std::forward<Token>(token));
    }

    /// *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_renew(Token&& token = {}) {
        return boost::asio::async_initiate<Token, RenewSignature>(
            [](auto handler, const BookJournal& journal) {
                using Value = std::chrono::milliseconds;
                auto renew = [session = journal.session_, keeper = journal.keeper_.get()](JournalBook& book) {
                    return book.renew(*session, keeper->now()) ? Result<Value>{{}, book.lease()}
                                                               : Result<Value>{Errc::lease_lost, {}};
                };
                journal.keeper_->template look<Value>(
                    std::move(renew), ErasedHandler<RenewSignature>{journal.get_executor(), std::move(handler)});
            },
            token, *this);
    }

    /// *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_take_over(std::size_t limit, Token&& token = {}) {
        return kept<EntriesSignature, std::vector<JournalEntry>>(
            [session = session_, keeper = keeper_.get(), limit](JournalBook& book) {
                Result<std::vector<JournalEntry>> result;
                if (!JournalBook::alive(*session, keeper->now()))
                    result.first = Errc::lease_lost;
                else
                    result.second = book.take_over(*session, limit, keeper->now());
                return result;
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_list_dead(std::size_t limit, Token&& token = {}) {
        using Entries = std::vector<JournalEntry>;
        return kept<EntriesSignature, Entries>(
            [limit, keeper = keeper_.get()](JournalBook& book) {
                return Result<Entries>{{}, book.dead(limit, keeper->now())};
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_replay(std::string id, Token&& token = {}) {
        return kept<FoundSignature, bool>(
            [id = std::move(id)](JournalBook& book) {
                return Result<bool>{{}, book.replay(id)};
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_drop(std::string id, Token&& token = {}) {
        return kept<FoundSignature, bool>(
            [id = std::move(id), keeper = keeper_.get()](JournalBook& book) {
                return Result<bool>{{}, book.drop(id, keeper->now())};
            },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_count(Token&& token = {}) {
        return kept<void(boost::system::error_code, std::size_t), std::size_t>(
            [](JournalBook& book) {
                return Result<std::size_t>{{}, book.unfinished()};
            },
            std::forward<Token>(token));
    }

protected:
    // A session of its own.
    explicit BookJournal(std::shared_ptr<Keeper> keeper)
        : keeper_{std::move(keeper)}
        , session_{std::make_shared<SessionPtr>()} {}

    const std::shared_ptr<Keeper>& keeper() const noexcept { return keeper_; }

private:
    // The keeper outlives the work that is handed to it.
    template<class Signature, class Value, class Work, class Token>
    auto kept(Work work, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [](auto handler, const std::shared_ptr<Keeper>& keeper, Work started) {
                keeper->template keep<Value>(std::move(started),
                                             ErasedHandler<Signature>{keeper->get_executor(), std::move(handler)});
            },
            token, keeper_, std::move(work));
    }

    // Ends operations when all settlements are done, and nothing if one fails.
    class EndCall : public std::enable_shared_from_this<EndCall> {
    public:
        template<class Handler>
        EndCall(const BookJournal& journal, std::vector<Ending> endings, Handler handler)
            : keeper_{journal.keeper_}
            , handler_{keeper_->get_executor(), std::move(handler)}
            , work_{keeper_->get_executor()}
            , endings_{std::move(endings)}
            , session_{*journal.session_} {}

        bool ours() const {
            const auto found = find_ours();
            return std::find(found.begin(), found.end(), false) == found.end();
        }

        std::function<void(boost::system::error_code)> expect_settled() {
            ++awaited_;
            return [self = this->shared_from_this()](boost::system::error_code error) { self->on_settled(error); };
        }

        void on_settled(boost::system::error_code error) {
            if (error)
                error_ = error;
            if (--awaited_ != 0)
                return;
            auto end = [self = this->shared_from_this()](JournalBook& book) {
                Result<std::vector<bool>> result{self->error_, {}};
                if (self->error_)
                    return result;
                result.second = self->find_ours();
                if (self->ours())
                    for (auto& ending : self->endings_)
                        if (book.holds(self->session_, ending.id, ending.fence))
                            book.end(self->session_, std::move(ending), self->keeper_->now());
                return result;
            };
            keeper_->template keep<std::vector<bool>>(std::move(end), std::move(handler_));
        }

    private:
        std::vector<bool> find_ours() const {
            std::vector<bool> found;
            for (const auto& ending : endings_)
                found.push_back(keeper_->book().holds(session_, ending.id, ending.fence));
            return found;
        }

        std::shared_ptr<Keeper> keeper_;
        ErasedHandler<EndSignature> handler_;
        boost::asio::executor_work_guard<executor_type> work_;
        std::vector<Ending> endings_;
        SessionPtr session_;
        boost::system::error_code error_{};
        std::size_t awaited_ = 1; // the call itself
    };

    std::shared_ptr<Keeper> keeper_;
    std::shared_ptr<SessionPtr> session_;
};

} // namespace understudy::detail
