#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/write_part.hpp>
#include <understudy/operations.hpp>
#include <understudy/read_options.hpp>
#include <understudy/record_json.hpp>
#include <understudy/settlement.hpp>
#include <understudy/writable_source.hpp>
#include <understudy/write_options.hpp>
#include <understudy/write_report.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

/// Writes records of one type to their source, and shows the writes in the replica before anybody is told of them.
///
///     WriteThroughSync credits{source, replica, journal};
///     auto report = co_await credits.async_update("17", Patch<Contact>{}.set<&Contact::credits>(3), {},
///     use_awaitable);
///
/// What it keeps, whatever the timing:
/// - A write that was accepted takes effect once, or is refused and reported as such, or becomes a dead letter with its
///   cause; across any crash.
/// - After a success every reader of the replica sees the write, or something newer; unless the report says that the
///   replica could not be reached (`replica_pending`).
/// - The source gets the writes of one key in the order in which they were accepted, whichever process they came to.
///
/// Every write is an operation with one step, see `Operations`; several types share one `Operations`, so that writes to
/// several records can be one operation. `Source` models `WritableSource`, `Replica` models `SettlingReplica`.
///
/// A handle: copies share everything. *Thread safety*: the journal's executor only, which is also that of both stores.
template<class Source, class Replica, class Journal, class Clock = std::chrono::steady_clock>
requires WritableSource<Source> && SettlingReplica<Replica>
class WriteThroughSync {
    using Part = detail::WritePart<Source, Replica, typename Journal::settlement_type>;

public:
    using record_type = typename Source::record_type;
    using R = record_type;
    using executor_type = boost::asio::any_io_executor;

    static_assert(std::is_same_v<record_type, typename Replica::record_type>,
                  "the source and the replica of a WriteThroughSync store different record types");

    /// Shares `operations` with other record types.
    WriteThroughSync(Source source, Replica replica, Operations<Journal, Clock> operations)
        : operations_{std::move(operations)}
        , part_{std::make_shared<Part>(std::move(source), std::move(replica), operations_.get_executor(),
                                       operations_.shared_stats())} {
        operations_.enlist(record_name(), part_);
    }

    /// Has operations of its own over a journal.
    WriteThroughSync(Source source, Replica replica, Journal journal, const OperationParams& params = {})
        : WriteThroughSync{std::move(source), std::move(replica),
                           Operations<Journal, Clock>{std::move(journal), params}} {}

    executor_type get_executor() const noexcept { return operations_.get_executor(); }
    Operations<Journal, Clock>& operations() noexcept { return operations_; }

    /// What an operation locks so that nobody else writes a record.
    static std::string lock_of(const key_t<R>& key) { return record_name() + "/" + key_to_text<R>(key); }

    /// Writes to one record, in the order in which the calls were made.
    ///
    /// *Handler*: `void(error_code, WriteReport<R>)`. *Errors and cancellation*: as `Operations::async_carry_out`.
    template<class Token = boost::asio::deferred_t>
    auto async_update(key_t<R> key, Patch<R> patch, const WriteOptions& options = {}, Token&& token = {}) {
        Plan plan;
        plan.writes.push_back(update_step("update", key, patch));
        return write("update", {lock_of(key)}, std::move(plan), options, std::forward<Token>(token));
    }

    /// Makes a record; its key is in the report. If the record's traits name an `idempotency_key`, a creation whose
    /// answer was lost is tried again and recognised; otherwise it becomes a dead letter, for it might be made twice.
    template<class Token = boost::asio::deferred_t>
    auto async_create(const R& record, const WriteOptions& options = {}, Token&& token = {}) {
        Plan plan;
        plan.writes.push_back(create_step("create", record));
        return write("create", {}, std::move(plan), options, std::forward<Token>(token));
    }

    /// Archives a record.
    template<class Token = boost::asio::deferred_t>
    auto async_archive(key_t<R> key, const WriteOptions& options = {}, Token&& token = {}) {
        Plan plan;
        plan.writes.push_back(archive_step("archive", key));
        return write("archive", {lock_of(key)}, std::move(plan), options, std::forward<Token>(token));
    }

    /// Reads records from the source, not from the replica, which is told. For decisions under a lock.
    ///
    /// *Handler*: `FetchSignature<R>`. *Errors*: the source's; the replica's, if it cannot be told.
    template<class Token = boost::asio::deferred_t>
    auto async_read(std::vector<key_t<R>> keys, const ReadOptions& options = {}, Token&& token = {}) {
        return boost::asio::async_initiate<Token, FetchSignature<R>>(
            [part = part_, executor = get_executor()](auto handler, std::vector<key_t<R>> asked, ReadOptions how) {
                using Erased = detail::ErasedHandler<FetchSignature<R>>;
                auto erased = std::make_shared<Erased>(executor, std::move(handler));
                part->read(std::move(asked), how, [erased](error_code error, std::vector<Reading<R>> readings) {
                    (*erased)(error, std::move(readings));
                });
            },
            token, std::move(keys), options);
    }

    /// Steps of plans. `undo` takes an update back if another write of the plan is refused.
    static PlannedWrite update_step(std::string name, const key_t<R>& key, const Patch<R>& patch,
                                    const std::optional<Patch<R>>& undo = {}) {
        PlannedWrite write;
        write.name = std::move(name);
        write.record = record_name();
        write.key = key_to_text<R>(key);
        write.values = boost::json::serialize(to_json(patch));
        if (undo)
            write.undo = boost::json::serialize(to_json(*undo));
        return write;
    }
    /// If another write of the plan is refused, the record is archived again.
    static PlannedWrite create_step(std::string name, const R& record) {
        PlannedWrite write;
        write.name = std::move(name);
        write.record = record_name();
        write.action = WriteAction::create;
        write.values = boost::json::serialize(to_json(record));
        write.undo = "archive";
        write.repeatable = detail::HasIdempotencyKey<R>;
        return write;
    }
    static PlannedWrite archive_step(std::string name, const key_t<R>& key) {
        PlannedWrite write;
        write.name = std::move(name);
        write.record = record_name();
        write.action = WriteAction::archive;
        write.key = key_to_text<R>(key);
        write.repeatable = true;
        return write;
    }

private:
    static std::string record_name() { return std::string{RecordTraits<R>::name}; }

    template<class Token>
    auto write(std::string kind, std::vector<std::string> keys, Plan plan, const WriteOptions& options, Token&& token) {
        using Signature = void(boost::system::error_code, WriteReport<R>);
        OperationRequest request;
        request.kind = record_name() + "." + kind;
        request.keys = std::move(keys);
        request.timeout = options.timeout;
        return boost::asio::async_initiate<Token, Signature>(
            [operations = operations_](auto handler, OperationRequest asked, Plan decided) mutable {
                auto erased =
                    std::make_shared<detail::ErasedHandler<Signature>>(operations.get_executor(), std::move(handler));
                auto on_report = [erased](error_code error, const OperationReport& report) {
                    WriteReport<R> written;
                    written.replica_pending = report.replica_pending;
                    if (!report.steps.empty()) {
                        written.key = key_from_text<R>(report.steps.front().key).value_or(key_t<R>{});
                        written.version = report.steps.front().version;
                    }
                    (*erased)(error, std::move(written));
                };
                operations.async_carry_out(
                    std::move(asked), std::move(decided),
                    boost::asio::bind_cancellation_slot(
                        erased->get_cancellation_slot(),
                        boost::asio::bind_executor(operations.get_executor(), std::move(on_report))));
            },
            token, std::move(request), std::move(plan));
    }

    Operations<Journal, Clock> operations_;
    std::shared_ptr<Part> part_;
};

template<class Source, class Replica, class Journal, class Clock>
WriteThroughSync(Source, Replica, Operations<Journal, Clock>) -> WriteThroughSync<Source, Replica, Journal, Clock>;
template<class Source, class Replica, Journal Journal>
WriteThroughSync(Source, Replica, Journal) -> WriteThroughSync<Source, Replica, Journal>;
template<class Source, class Replica, Journal Journal>
WriteThroughSync(Source, Replica, Journal, OperationParams) -> WriteThroughSync<Source, Replica, Journal>;

} // namespace understudy
