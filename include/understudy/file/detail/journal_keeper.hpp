#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/journal_book.hpp>
#include <understudy/file/detail/disk_threads.hpp>
#include <understudy/file/detail/journal_log.hpp>
#include <understudy/file/disk.hpp>
#include <understudy/file/journal_params.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::file::detail {

// Group commit: the calls that came while the disk was busy change the book together, leave in one line, and are
// answered together when it is on the disk; if it cannot be written, the book is put back. One line is under way at a
// time.
template<class Clock>
class JournalKeeper final : public std::enable_shared_from_this<JournalKeeper<Clock>>, private DiskThreads::Client {
public:
    using Executor = boost::asio::any_io_executor;
    using Instant = JournalBook::Instant;

    JournalKeeper(Executor executor, const JournalParams& params, JournalBook::Reserve reserve, Disk disk)
        : executor_{std::move(executor)}
        , params_{params}
        , log_{params.path, std::move(disk.open)}
        , book_{params.lease, params.retention, std::move(reserve)}
        , threads_{&boost::asio::use_service<DiskThreads>(
              boost::asio::query(executor_, boost::asio::execution::context))}
        , disk_{disk.executor ? std::move(disk.executor) : Executor{threads_->executor()}} {
        open();
        threads_->add(*this);
    }
    JournalKeeper(const JournalKeeper&) = delete;
    JournalKeeper& operator=(const JournalKeeper&) = delete;
    ~JournalKeeper() {
        if (threads_)
            threads_->remove(*this);
    }

    Executor get_executor() const noexcept { return executor_; }
    JournalBook& book() noexcept { return book_; }

    // The journal's own time goes on only while it is open: no wall clock is asked.
    Instant now() const { return start_ + std::chrono::duration_cast<Instant>(Clock::now() - opened_); }

    template<class Value, class Work>
    void keep(Work work, understudy::detail::ErasedHandler<void(error_code, Value)> handler) {
        calls_.push_back(std::make_unique<CallOf<Value, Work>>(std::move(work), std::move(handler)));
        if (!std::exchange(busy_, true))
            leave_later();
    }

    template<class Value, class Work>
    void look(Work work, understudy::detail::ErasedHandler<void(error_code, Value)> handler) {
        auto call = std::make_unique<CallOf<Value, Work>>(std::move(work), std::move(handler));
        boost::asio::post(executor_, [self = this->shared_from_this(), call = std::move(call)] {
            if (!self->broken_)
                call->decide(self->book_);
            call->answer(self->broken_);
        });
    }

private:
    using Successor = JournalLog::Successor;

    struct Call {
        virtual ~Call() = default;
        virtual void decide(JournalBook& book) = 0;
        virtual void answer(error_code error) = 0;
    };
    template<class Value, class Work>
    struct CallOf final : Call {
        using Handler = understudy::detail::ErasedHandler<void(error_code, Value)>;
        CallOf(Work what, Handler who)
            : work{std::move(what)}
            , handler{std::move(who)} {}
        void decide(JournalBook& book) override { result = work(book); }
        void answer(error_code error) override {
            if (error)
                handler(error, Value{});
            else
                handler(result.first, std::move(result.second));
        }
        Work work;
        Handler handler;
        std::pair<error_code, Value> result{};
    };
    using Calls = std::vector<std::unique_ptr<Call>>;

    // What became of a line.
    struct Written {
        error_code error{};
        error_code broken{};
        std::uint64_t size = 0;
        std::uint64_t compacted = 0; // the size after the log was, or should have been, replaced
    };

    void open() {
        auto contents = log_.open();
        start_ = contents.at;
        size_ = contents.size;
        // Those that ended go into the book in that order.
        std::vector<std::pair<std::string, Operation*>> kept;
        for (auto& [id, operation] : contents.operations) {
            const auto state = operation.entry.state;
            // Nobody knows when its holder was last heard of: now at the latest.
            if (state == OperationState::open || state == OperationState::planned)
                operation.since = start_;
            kept.emplace_back(id, &operation);
        }
        std::ranges::sort(kept, {}, [](const auto& one) { return one.second->since; });
        for (const auto& [id, operation] : kept)
            book_.put_back(id, operation);
        book_.watch([this](const std::string& id, const Operation* before) {
            before_.try_emplace(id, before ? std::optional{*before} : std::nullopt);
        });
    }

    void leave() {
        auto calls = std::exchange(calls_, {});
        before_.clear();
        if (!broken_)
            for (const auto& call : calls)
                call->decide(book_);
        auto line = broken_ ? std::string{} : changes();
        if (!broken_ && (!line.empty() || successor_))
            return write(std::move(line), std::move(calls));
        answer(calls, broken_);
        rest();
    }
    void rest() {
        busy_ = !calls_.empty();
        if (busy_)
            leave_later();
    }
    void leave_later() {
        boost::asio::post(executor_, [self = this->shared_from_this()] { self->leave(); });
    }

    // The operations that the group has changed, as they are now.
    std::string changes() const {
        boost::json::array operations;
        for (const auto& [id, before] : before_)
            if (const auto* after = book_.find(id); after || before)
                operations.push_back(json_of(id, after));
        if (operations.empty())
            return {};
        return line_of({{"at", now().count()}, {"operations", std::move(operations)}});
    }

    void write(std::string line, Calls calls) {
        boost::asio::post(disk_, [self = this->shared_from_this(), work = boost::asio::make_work_guard(executor_),
                                  line = std::move(line), successor = std::exchange(successor_, {}),
                                  calls = std::move(calls)]() mutable {
            const auto written = self->write_now(line, std::move(successor));
            const auto executor = self->executor_;
            boost::asio::post(executor, [self = std::move(self), calls = std::move(calls), written] {
                self->on_written(calls, written);
            });
        });
    }

    // On the disk's thread. That the log stays as long as it is keeps nobody from appending to it.
    Written write_now(const std::string& line, std::optional<Successor> successor) {
        Written written;
        if (successor) {
            if (log_.take(std::move(*successor)))
                log_.remove_successor();
            written.compacted = log_.size();
        }
        written.error = log_.broken();
        if (!written.error && !line.empty())
            written.error = log_.append(line);
        written.broken = log_.broken();
        written.size = log_.size();
        return written;
    }

    void on_written(const Calls& calls, const Written& written) {
        size_ = written.size;
        broken_ = written.broken;
        if (written.compacted != 0)
            compacted_ = written.compacted;
        if (written.error)
            for (const auto& [id, before] : before_)
                book_.put_back(id, before ? &*before : nullptr);
        // What waited leaves before anybody is answered.
        if (calls_.empty())
            busy_ = false;
        else
            leave();
        answer(calls, written.error);
        compact_if_long();
    }

    static void answer(const Calls& calls, error_code error) {
        for (const auto& call : calls)
            call->answer(error);
    }

    void compact_if_long() {
        if (compacting_ || successor_ || broken_ || size_ <= std::max(params_.compact_above, 4 * compacted_))
            return;
        compacting_ = true;
        boost::asio::post(disk_, [self = this->shared_from_this(), work = boost::asio::make_work_guard(executor_),
                                  size = size_, now = now()]() mutable {
            const auto forgotten = [now, retention = self->params_.retention](const Operation& operation) {
                const auto state = operation.entry.state;
                return (state == OperationState::done || state == OperationState::undone) &&
                       operation.since + retention <= now;
            };
            std::optional<Successor> successor{std::in_place};
            if (self->log_.write_successor(size, now, forgotten, *successor)) {
                successor.reset();
                self->log_.remove_successor();
            }
            const auto executor = self->executor_;
            boost::asio::post(executor, [self = std::move(self), successor = std::move(successor)]() mutable {
                self->on_compacted(std::move(successor));
            });
        });
    }

    void on_compacted(std::optional<Successor> successor) {
        compacting_ = false;
        // If it failed: not again before there is much more to be gained.
        if (!successor)
            compacted_ = size_;
        successor_ = std::move(successor);
        if (successor_ && !std::exchange(busy_, true))
            leave_later();
    }

    void drop_calls() noexcept override {
        threads_ = nullptr;
        const auto dropped = std::exchange(calls_, {});
    }

    const Executor executor_;
    const JournalParams params_;
    JournalLog log_;
    JournalBook book_;
    DiskThreads* threads_;
    Executor disk_;
    typename Clock::time_point opened_ = Clock::now();
    Instant start_{0};
    std::uint64_t size_ = 0;
    std::uint64_t compacted_ = 0;
    std::optional<Successor> successor_{};
    std::map<std::string, std::optional<Operation>> before_;
    Calls calls_;
    error_code broken_{};
    bool busy_ = false;
    bool compacting_ = false;
};

} // namespace understudy::file::detail
