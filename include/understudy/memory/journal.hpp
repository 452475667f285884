#pragma once

#include <understudy/detail/journal_book.hpp>
#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/memory/journal_params.hpp>
#include <understudy/settlement_task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::memory {

/// A journal in memory: for tests, and for compositions that may forget what they promised when their process ends.
///
/// A handle: copies share one session; `another_session` shares the operations. `Clock` is monotonic and counts the
/// leases. Settlements run side by side, before the operations end.
template<class Clock = std::chrono::steady_clock>
class Journal {
    using Book = understudy::detail::JournalBook;

public:
    using executor_type = boost::asio::any_io_executor;
    using settlement_type = SettlementTask;
    /// Says why a reservation (`Decision::reservation`) is not to be had beside those that unfinished operations hold;
    /// nothing if it is.
    using Reserve = Book::Reserve;

    /// Without `reserve`, every reservation is to be had.
    explicit Journal(executor_type executor, const JournalParams& params = {}, Reserve reserve = {})
        : Journal{std::move(executor), std::make_shared<Book>(params.lease, params.retention, std::move(reserve))} {}

    /// A session of its own with the same journal, as another process would have.
    Journal another_session() const { return Journal{executor_, book_}; }

    executor_type get_executor() const noexcept { return executor_; }

    /// See `Journal`, as for all that follow. *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_begin(std::vector<Intent> intents, Token&& token = {}) {
        return posted<BeginSignature>(
            [intents = std::move(intents)](Book& book, const SessionPtr& session) mutable {
                return each_held<Admitted>(
                    session, intents, [&](Intent& intent) { return book.begin(session, std::move(intent), now()); });
            },
            std::forward<Token>(token));
    }

    /// Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_decide(std::vector<Decision> decisions, Token&& token = {}) {
        return posted<DecideSignature>(
            [decisions = std::move(decisions)](Book& book, const SessionPtr& session) mutable {
                std::vector<Verdict> verdicts;
                for (auto& decision : decisions)
                    verdicts.push_back(book.decide(session, std::move(decision)));
                return succeeded(std::move(verdicts));
            },
            std::forward<Token>(token));
    }

    /// *Errors*: what a settlement failed with.
    template<class Token = boost::asio::deferred_t>
    auto async_end(std::vector<Ending> endings, std::vector<SettlementTask> settlements, Token&& token = {}) {
        return boost::asio::async_initiate<Token, EndSignature>(
            [](auto handler, Journal journal, std::vector<Ending> ending, const std::vector<SettlementTask>& tasks) {
                auto call = std::make_shared<EndCall<decltype(handler)>>(std::move(journal), std::move(ending),
                                                                         std::move(handler));
                if (call->ours())
                    for (const auto& task : tasks)
                        task(call->expect_settled());
                call->on_settled({});
            },
            token, *this, std::move(endings), std::move(settlements));
    }

    /// Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_ask(std::vector<std::string> ids, Token&& token = {}) {
        return posted<AskSignature>(
            [ids = std::move(ids)](Book& book, const SessionPtr& session) {
                std::vector<bool> first;
                for (const auto& id : ids)
                    first.push_back(book.is_first(session, id));
                return succeeded(std::move(first));
            },
            std::forward<Token>(token));
    }

    /// *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_renew(Token&& token = {}) {
        return posted<RenewSignature>(
            [](Book& book, SessionPtr& session) {
                return book.renew(session, now()) ? succeeded(book.lease()) : lost<std::chrono::milliseconds>();
            },
            std::forward<Token>(token));
    }

    /// *Errors*: `Errc::lease_lost`.
    template<class Token = boost::asio::deferred_t>
    auto async_take_over(std::size_t limit, Token&& token = {}) {
        return posted<EntriesSignature>(
            [limit](Book& book, const SessionPtr& session) {
                return Book::alive(session, now()) ? succeeded(book.take_over(session, limit, now()))
                                                   : lost<std::vector<JournalEntry>>();
            },
            std::forward<Token>(token));
    }

    /// Never fails, as those that follow.
    template<class Token = boost::asio::deferred_t>
    auto async_list_dead(std::size_t limit, Token&& token = {}) {
        return posted<EntriesSignature>([limit](Book& book, const SessionPtr&) { return succeeded(book.dead(limit)); },
                                        std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_replay(std::string id, Token&& token = {}) {
        return posted<FoundSignature>(
            [id = std::move(id)](Book& book, const SessionPtr&) { return succeeded(book.replay(id)); },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_drop(std::string id, Token&& token = {}) {
        return posted<FoundSignature>(
            [id = std::move(id)](Book& book, const SessionPtr&) { return succeeded(book.drop(id, now())); },
            std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_count(Token&& token = {}) {
        return posted<void(boost::system::error_code, std::size_t)>(
            [](Book& book, const SessionPtr&) { return succeeded(book.unfinished()); }, std::forward<Token>(token));
    }

private:
    using SessionPtr = Book::SessionPtr;
    template<class T>
    using Result = std::pair<boost::system::error_code, T>;

    Journal(executor_type executor, std::shared_ptr<Book> book)
        : executor_{std::move(executor)}
        , book_{std::move(book)}
        , session_{std::make_shared<SessionPtr>()} {}

    static Book::Instant now() { return std::chrono::duration_cast<Book::Instant>(Clock::now().time_since_epoch()); }

    template<class T>
    static Result<T> succeeded(T value) {
        return {{}, std::move(value)};
    }
    template<class T>
    static Result<T> lost() {
        return {Errc::lease_lost, T{}};
    }
    template<class Answer, class Item, class F>
    static Result<std::vector<Answer>> each_held(const SessionPtr& session, std::vector<Item>& items, F&& answer) {
        if (!Book::alive(session, now()))
            return lost<std::vector<Answer>>();
        std::vector<Answer> answers;
        for (auto& item : items)
            answers.push_back(answer(item));
        return succeeded(std::move(answers));
    }

    template<class Signature, class Work, class Token>
    auto posted(Work work, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [](auto handler, Journal journal, Work started) {
                auto [error, value] = started(*journal.book_, *journal.session_);
                boost::asio::post(journal.executor_, boost::asio::append(std::move(handler), error, std::move(value)));
            },
            token, *this, std::move(work));
    }

    // Ends operations when all settlements are done, and nothing if one fails.
    template<class Handler>
    class EndCall : public std::enable_shared_from_this<EndCall<Handler>> {
    public:
        EndCall(Journal journal, std::vector<Ending> endings, Handler handler)
            : journal_{std::move(journal)}
            , work_{journal_.executor_}
            , endings_{std::move(endings)}
            , handler_{std::move(handler)}
            , session_{*journal_.session_} {}

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
            std::vector<bool> found;
            if (!error_) {
                found = find_ours();
                if (ours())
                    for (auto& ending : endings_)
                        if (journal_.book_->holds(session_, ending.id, ending.fence))
                            journal_.book_->end(session_, std::move(ending), now());
            }
            boost::asio::post(journal_.executor_, boost::asio::append(std::move(handler_), error_, std::move(found)));
        }

    private:
        std::vector<bool> find_ours() const {
            std::vector<bool> found;
            for (const auto& ending : endings_)
                found.push_back(journal_.book_->holds(session_, ending.id, ending.fence));
            return found;
        }

        Journal journal_;
        boost::asio::executor_work_guard<executor_type> work_;
        std::vector<Ending> endings_;
        Handler handler_;
        SessionPtr session_;
        boost::system::error_code error_{};
        std::size_t awaited_ = 1; // the call itself
    };

    executor_type executor_;
    std::shared_ptr<Book> book_;
    std::shared_ptr<SessionPtr> session_;
};

} // namespace understudy::memory
