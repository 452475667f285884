#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/single_write.hpp>
#include <understudy/detail/write_part.hpp>
#include <understudy/no_replica.hpp>
#include <understudy/operations.hpp>
#include <understudy/read_options.hpp>
#include <understudy/record_json.hpp>
#include <understudy/settlement.hpp>
#include <understudy/writable_source.hpp>
#include <understudy/write_options.hpp>
#include <understudy/write_report.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/result.hpp>

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
/// several records can be one operation. `Source` models `WritableSource`, `Replica` models `SettlingReplica` or is
/// `NoReplica`, for records that are written only.
///
/// A handle: copies share everything. *Thread safety*: the journal's executor only, which is also that of both stores.
template<class Source, class Replica, class Journal, class Clock = std::chrono::steady_clock>
requires WritableSource<Source> &&
    (SettlingReplica<Replica> || std::is_same_v<Replica, NoReplica<typename Source::record_type>>) //
    class WriteThroughSync {
    using Part = detail::WritePart<Source, Replica, typename Journal::settlement_type>;
    using Writing = detail::SingleWrite<typename Source::record_type, Operations<Journal, Clock>>;
    using Decided = typename Operations<Journal, Clock>::Decided;

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

    /// Writes to one record, in the order in which the calls were made. If the record was merged into another one, the
    /// survivor is written.
    ///
    /// *Handler*: `void(error_code, WriteReport<R>)`. *Errors and cancellation*: as `Operations::async_carry_out`.
    template<class Token = boost::asio::deferred_t>
    auto async_update(key_t<R> key, Patch<R> patch, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "update", key,
            [patch = std::move(patch)](Writing& writing) {
                writing.carry_out(planned(update_step("update", writing.key(), patch)));
            },
            options, std::forward<Token>(token));
    }

    /// What becomes of a record, given what it is: the members to write, or why nothing is to be written.
    using Modify = std::function<boost::system::result<Patch<R>>(const R&)>;

    /// Writes to one record what `decide` makes of it. The record is read from the source when nobody else may write it
    /// through us, and what was decided is journaled: `decide` is asked once, whatever happens after. A record that was
    /// merged into another one is decided on anew, as the survivor is; one that is not there is refused.
    ///
    /// *Handler*, *errors* and *cancellation*: as `async_update`; also the error that `decide` gave, and the source's
    /// for the reading.
    template<class Token = boost::asio::deferred_t>
    auto async_modify(key_t<R> key, Modify decide, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "modify", key,
            [part = part_, decide = std::move(decide)](Writing& writing) {
                writing.carry_out([part, decide, writing = writing.shared_from_this()](Decided decided) {
                    auto on_read = [decide, writing, decided](error_code error,
                                                              const std::vector<Reading<R>>& readings) {
                        decided_on(*writing, error, readings, decide, decided);
                    };
                    part->read({writing->key()}, writing->read_options(), std::move(on_read));
                });
            },
            options, std::forward<Token>(token));
    }

    /// Makes a record; its key is in the report. If the record's traits name an `idempotency_key`, a creation whose
    /// answer was lost is tried again and recognised. Otherwise, if they name a member whose value the record shares
    /// with few others (`creations_share`, such as what a note is about) and the source reads such sets, the record is
    /// looked for among those, and sent again when it can land no more: it is the one that equals what was sent, or
    /// of which the traits' `same_creation(sent, found)` says so. Failing all that it becomes a dead letter, for it
    /// might be made twice.
    template<class Token = boost::asio::deferred_t>
    auto async_create(const R& record, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "create", {}, [record](Writing& writing) { writing.carry_out(planned(create_step("create", record))); },
            options, std::forward<Token>(token));
    }

    /// Archives a record.
    template<class Token = boost::asio::deferred_t>
    auto async_archive(key_t<R> key, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "archive", key,
            [](Writing& writing) { writing.carry_out(planned(archive_step("archive", writing.key()))); }, options,
            std::forward<Token>(token));
    }

    /// Links a record with others, in place of those that it is linked with now. The replica shows it at once: the
    /// record leaves the sets that it belonged to by its links, and joins the new ones.
    ///
    /// *Handler*, *errors* and *cancellation*: as `async_update`.
    template<class Token = boost::asio::deferred_t>
    requires AssociatingSource<Source>
    auto async_associate(key_t<R> key, Links<R> links, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "associate", key,
            [links = std::move(links)](Writing& writing) {
                writing.carry_out(planned(associate_step("associate", writing.key(), links)));
            },
            options, std::forward<Token>(token));
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
        write.findable = !write.repeatable && detail::FindsCreations<Source>;
        return write;
    }
    /// Refused if the source is no `AssociatingSource`. `undo` are the links that the record had, and has again if
    /// another write of the plan is refused.
    static PlannedWrite associate_step(std::string name, const key_t<R>& key, const Links<R>& links,
                                       const std::optional<Links<R>>& undo = {}) {
        PlannedWrite write;
        write.name = std::move(name);
        write.record = record_name();
        write.action = WriteAction::associate;
        write.key = key_to_text<R>(key);
        write.values = boost::json::serialize(to_json(links));
        if (undo)
            write.undo = boost::json::serialize(to_json(*undo));
        write.repeatable = true;
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

    static Plan planned(PlannedWrite write) {
        Plan plan;
        plan.writes.push_back(std::move(write));
        return plan;
    }

    static void decided_on(Writing& writing, error_code error, const std::vector<Reading<R>>& readings,
                           const Modify& decide, const Decided& decided) {
        if (error || readings.front().failed())
            return decided(error ? error : readings.front().error, {});
        const auto& reading = readings.front();
        if (!reading.found())
            return decided(Errc::refused, {});
        if (reading.id != writing.key()) {
            writing.merged_into(reading.id);
            return decided(Errc::record_merged, {});
        }
        const auto patch = decide(reading.record);
        if (!patch)
            return decided(patch.error(), {});
        decided({}, planned(update_step("modify", reading.id, *patch)));
    }

    template<class Token>
    auto write(std::string kind, std::optional<key_t<R>> key, typename Writing::Start start,
               const WriteOptions& options, Token&& token) {
        return boost::asio::async_initiate<Token, typename Writing::Signature>(
            [operations = operations_](auto handler, std::string what, std::optional<key_t<R>> which,
                                       typename Writing::Start starts, WriteOptions how) {
                std::make_shared<Writing>(operations, record_name(), std::move(what), std::move(which),
                                          std::move(starts), how, std::move(handler))
                    ->start();
            },
            token, std::move(kind), std::move(key), std::move(start), options);
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
