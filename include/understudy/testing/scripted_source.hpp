#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/error.hpp>
#include <understudy/listing.hpp>
#include <understudy/store.hpp>
#include <understudy/testing/scripted_truth.hpp>
#include <understudy/testing/virtual_clock.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::testing {

/// A source of truth for tests: what it holds, how long it takes, when it fails and what it was asked are the test's to
/// say. Each call reads or writes when `read_after` has passed and answers `answer_after` later, so that a test can
/// change the truth in between; while `hold` is on, answers wait for `release`.
///
/// A handle: copies share one source. Handlers are posted to its executor. `Clock` is the clock of its delays.
template<Record R, class Clock = VirtualClock>
class ScriptedSource {
public:
    using record_type = R;
    using executor_type = boost::asio::any_io_executor;

    /// What one call asked for.
    struct Asked {
        /// The index by which it reads; `listing`, `changes`, `extent`; `update`, `create`, `archive`, `associate` or
        /// `find_operations`.
        std::string index;
        std::size_t values = 0;
        Priority priority = Priority::interactive;
        typename Clock::time_point at{};
    };

    explicit ScriptedSource(executor_type executor)
        : script_{std::make_shared<Script>(std::move(executor))} {}

    executor_type get_executor() const noexcept { return script_->executor; }

    template<class By>
    static constexpr std::size_t max_batch() {
        return 100;
    }

    /// The truth: makes or replaces a record. Without a version the next stamp is taken.
    void put(R record, std::optional<Version> version = {}) { script_->truth.put(std::move(record), version); }
    /// Lists and changes come in pages of so many records.
    void set_page_length(std::size_t length) { script_->page_length = length; }
    /// While it is held, the index of changes does not notice any.
    void hold_index(bool held) { script_->truth.hold_index(held); }
    void archive(const key_t<R>& key) { script_->truth.set_state(key, State::archived); }
    void erase(const key_t<R>& key) { script_->truth.set_state(key, State::erased); }
    /// From now on reading `loser` answers with `survivor`'s record.
    void merge(const key_t<R>& loser, const key_t<R>& survivor) { script_->truth.merge(loser, survivor); }

    void read_after(typename Clock::duration time) { script_->read_after = time; }
    void answer_after(typename Clock::duration time) { script_->answer_after = time; }

    /// Answers that were read wait until `release`.
    void hold() { script_->held = true; }
    void release() {
        script_->held = false;
        for (auto& answer : std::exchange(script_->waiting, {}))
            answer->cancel();
    }
    std::size_t holding() const noexcept { return script_->waiting.size(); }

    /// The next `calls` calls fail, those that write before they take effect.
    void fail_next(boost::system::error_code error, std::size_t calls = 1) {
        script_->failures.insert(script_->failures.end(), calls, error);
    }
    /// All calls fail until it is called with no error.
    void fail_always(boost::system::error_code error) { script_->failing = error; }
    /// Reading this key fails, whatever else the call reads.
    void fail_key(const key_t<R>& key, boost::system::error_code error) { script_->truth.fail_key(key, error); }

    /// The next `calls` calls that write fail before they take effect.
    void fail_next_write(boost::system::error_code error, std::size_t calls = 1) {
        script_->write_failures.insert(script_->write_failures.end(), calls, error);
    }
    /// The answers of the next `calls` calls that write are lost: nobody learns what became of them.
    void lose_answers(std::size_t calls = 1) { land_late(Clock::duration::zero(), calls); }
    /// So are those of these, which take effect only `by` later than others would.
    void land_late(typename Clock::duration by, std::size_t calls = 1) {
        script_->lost.insert(script_->lost.end(), calls, by);
    }
    /// Writes to this key are refused.
    void refuse_key(const key_t<R>& key) { script_->truth.refuse_key(key); }
    /// Refuses writes after which the record would be like that; a record that is to be made has its key already.
    void refuse_if(std::function<bool(const R&)> rule) { script_->truth.refuse_if(std::move(rule)); }
    /// Refuses writes that give a record a value of this index which another live one has.
    template<IndexTag By>
    void keep_unique() {
        script_->truth.template keep_unique<By>();
    }
    /// Whether it keeps the names of writes; it does unless told otherwise.
    void keep_operations(bool keep) { script_->truth.keep_operations(keep); }
    /// From now on what it answers to a creation shows the whole record: see `WriteOutcome::complete`.
    void answer_in_full(bool full = true) { script_->in_full = full; }
    /// The names of the writes that a record took, in their order.
    const std::vector<std::string>& operations(const key_t<R>& key) { return script_->truth.operations(key); }

    /// What is true of a key, without a call.
    Reading<R> truth(const key_t<R>& key) const { return script_->truth.read_key(key, false); }
    std::size_t size() const noexcept { return script_->truth.size(); }

    /// Sets and lists leave this record out though it belongs to them, as those that lag do; reading it by its key does
    /// not.
    void hide_from_sets(const key_t<R>& key, bool hidden = true) { script_->truth.hide_from_sets(key, hidden); }

    const std::vector<Asked>& calls() const noexcept { return script_->calls; }
    void forget_calls() { script_->calls.clear(); }

    /// See `FetchableBy`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        return read<FetchSignature<R>, By>(
            std::move(values), options,
            [](const Truth& truth, const auto& value) { return truth.template read<By>(value); },
            std::forward<Token>(token));
    }

    /// See `SearchableBy`; this index does not lag.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_search(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                      Token&& token = {}) {
        return read<SearchSignature<R>, By>(
            std::move(values), options,
            [](const Truth& truth, const auto& value) { return truth.template search<By>(value); },
            std::forward<Token>(token));
    }

    /// See `ListableSource`; a page holds `page_length` records.
    template<class Token = boost::asio::deferred_t>
    auto async_list(std::vector<ListingQuery<R>> queries, const ReadOptions& options = {}, Token&& token = {}) {
        return read_pages<ListingSignature<R>>(
            "listing", std::move(queries), options,
            [](const Truth& truth, const auto& query, std::size_t length) { return truth.list(query, length); },
            std::forward<Token>(token));
    }

    /// See `ChangeSource`; the index does not lag unless it is held.
    template<class Token = boost::asio::deferred_t>
    auto async_find_changes(std::vector<ChangesQuery<R>> queries, const ReadOptions& options = {}, Token&& token = {}) {
        return read_pages<ChangesSignature<R>>(
            "changes", std::move(queries), options,
            [](const Truth& truth, const auto& query, std::size_t length) { return truth.changes(query, length); },
            std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    auto async_extent(std::vector<Extreme> extremes, const ReadOptions& options = {}, Token&& token = {}) {
        return read_pages<ExtentSignature<R>>(
            "extent", std::move(extremes), options,
            [](const Truth& truth, Extreme which, std::size_t) { return truth.extreme(which); },
            std::forward<Token>(token));
    }

    /// See `SetSource`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires(!By::is_unique) auto async_fetch_set(std::vector<typename By::value_type> values,
                                                  const ReadOptions& options = {}, Token&& token = {}) {
        return read<FetchSetSignature<R>, By>(
            std::move(values), options,
            [](const Truth& truth, const auto& value) { return truth.template read_set<By>(value); },
            std::forward<Token>(token));
    }

    /// See `WritableSource`.
    template<class Token = boost::asio::deferred_t>
    auto async_update(std::vector<Change<R>> changes, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "update", std::move(changes), options,
            [](Truth& truth, const Change<R>& change) { return truth.update(change); }, std::forward<Token>(token));
    }

    /// See `WritableSource`. All that the record says is taken, but for its key, which is the next number.
    template<class Token = boost::asio::deferred_t>
    auto async_create(std::vector<Creation<R>> creations, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "create", std::move(creations), options,
            [script = script_](Truth& truth, const Creation<R>& creation) {
                auto outcome = truth.create(creation);
                outcome.complete = outcome.applied() && script->in_full;
                return outcome;
            },
            std::forward<Token>(token));
    }

    /// See `WritableSource`. What is gone already is archived.
    template<class Token = boost::asio::deferred_t>
    auto async_archive(std::vector<key_t<R>> keys, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "archive", std::move(keys), options, [](Truth& truth, const key_t<R>& key) { return truth.archive(key); },
            std::forward<Token>(token));
    }

    /// See `AssociatingSource`.
    template<class Token = boost::asio::deferred_t>
    auto async_associate(std::vector<Relinking<R>> relinkings, const WriteOptions& options = {}, Token&& token = {}) {
        return write(
            "associate", std::move(relinkings), options,
            [](Truth& truth, const Relinking<R>& relinking) { return truth.associate(relinking); },
            std::forward<Token>(token));
    }

    /// See `WritableSource`.
    template<class Token = boost::asio::deferred_t>
    auto async_find_operations(std::vector<SentOperation<R>> sent, const WriteOptions& options = {},
                               Token&& token = {}) {
        const auto count = sent.size();
        return answer<LandedSignature>(
            "find_operations", count, options.priority,
            [script = script_, sent = std::move(sent)](boost::system::error_code& error) {
                std::vector<Landed> found;
                for (const auto& operation : sent)
                    found.push_back(error ? Landed::unknown : script->truth.find(operation));
                error = {};
                return found;
            },
            std::forward<Token>(token));
    }

private:
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Truth = ScriptedTruth<R>;

    struct Script {
        explicit Script(executor_type on)
            : executor{std::move(on)} {}

        boost::system::error_code next_failure(bool writing) {
            for (auto* next : {&failures, &write_failures})
                if (!next->empty() && (writing || next == &failures)) {
                    const auto error = next->front();
                    next->pop_front();
                    return error;
                }
            return failing;
        }

        executor_type executor;
        Truth truth;
        typename Clock::duration read_after{0};
        typename Clock::duration answer_after{0};
        bool held = false;
        bool in_full = false;
        std::size_t page_length = 100;
        std::vector<std::shared_ptr<Timer>> waiting;
        std::deque<boost::system::error_code> failures;
        std::deque<boost::system::error_code> write_failures;
        boost::system::error_code failing{};
        std::deque<typename Clock::duration> lost; // answers of writes, and how late these are
        std::vector<Asked> calls;
    };

    using Work = std::function<void()>;

    // `read` gives the result, for the error that the call fails with; one that writes takes that upon itself.
    template<class Signature, class Read, class Token>
    auto answer(std::string_view what, std::size_t values, Priority priority, Read read, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [script = script_, what, values, priority](auto handler, Read reads) {
                script->calls.push_back({std::string{what}, values, priority, Clock::now()});
                auto erased = std::make_shared<detail::ErasedHandler<Signature>>(script->executor, std::move(handler));
                auto timer = std::make_shared<Timer>(script->executor);
                after(timer, script->read_after, [script, timer, reads = std::move(reads), erased]() mutable {
                    read_and_answer(script, timer, reads, std::move(erased));
                });
            },
            token, std::move(read));
    }

    static void after(const std::shared_ptr<Timer>& timer, typename Clock::duration time, Work work) {
        timer->expires_after(time);
        wait(timer, std::move(work));
    }
    static void wait(const std::shared_ptr<Timer>& timer, Work work) {
        timer->async_wait([timer, work = std::move(work)](boost::system::error_code) { work(); });
    }

    template<class Signature, IndexTag By, class Read, class Token>
    auto read(std::vector<typename By::value_type> values, const ReadOptions& options, Read one, Token&& token) {
        const auto count = values.size();
        return answer<Signature>(
            By::name, count, options.priority,
            [script = script_, values = std::move(values), one](const boost::system::error_code& error) {
                std::vector<decltype(one(script->truth, values.front()))> found;
                if (!error)
                    for (const auto& value : values)
                        found.push_back(one(script->truth, value));
                return found;
            },
            std::forward<Token>(token));
    }

    template<class Signature, class Query, class Read, class Token>
    auto read_pages(std::string_view what, std::vector<Query> queries, const ReadOptions& options, Read one,
                    Token&& token) {
        const auto count = queries.size();
        return answer<Signature>(
            what, count, options.priority,
            [script = script_, queries = std::move(queries), one](const boost::system::error_code& error) {
                std::vector<decltype(one(script->truth, queries.front(), std::size_t{}))> pages;
                if (!error)
                    for (const auto& query : queries)
                        pages.push_back(one(script->truth, query, script->page_length));
                return pages;
            },
            std::forward<Token>(token));
    }

    template<class Row, class Write, class Token>
    auto write(std::string_view what, std::vector<Row> rows, const WriteOptions& options, Write one, Token&& token) {
        const auto count = rows.size();
        return answer<WriteSignature<R>>(
            what, count, options.priority,
            [script = script_, rows = std::move(rows), one](boost::system::error_code& error) {
                return write_all(script, rows, one, error);
            },
            std::forward<Token>(token));
    }

    template<class Row, class Write>
    static std::vector<WriteOutcome<R>> write_all(const std::shared_ptr<Script>& script, const std::vector<Row>& rows,
                                                  Write one, boost::system::error_code& error) {
        std::vector<WriteOutcome<R>> outcomes;
        if (const auto failure = std::exchange(error, {})) {
            const auto state = failure == Condition::applied_unknown ? WriteState::unknown : WriteState::unsent;
            outcomes.assign(rows.size(), WriteOutcome<R>::failure(state, failure));
        } else if (script->lost.empty()) {
            for (const auto& row : rows)
                outcomes.push_back(one(script->truth, row));
        } else {
            after(std::make_shared<Timer>(script->executor), script->lost.front(), [script, rows, one] {
                for (const auto& row : rows)
                    one(script->truth, row);
            });
            script->lost.pop_front();
            outcomes.assign(rows.size(), WriteOutcome<R>::failure(WriteState::unknown, Errc::timed_out));
        }
        return outcomes;
    }

    template<class Read, class Handler>
    static void read_and_answer(const std::shared_ptr<Script>& script, const std::shared_ptr<Timer>& timer, Read& reads,
                                const std::shared_ptr<Handler>& handler) {
        constexpr bool writing = requires(std::vector<WriteOutcome<R>> outcomes, boost::system::error_code e) {
            outcomes = reads(e);
        };
        auto error = script->next_failure(writing);
        auto result = reads(error);
        if (script->held) {
            timer->expires_at(Timer::time_point::max());
            script->waiting.push_back(timer);
        } else {
            timer->expires_after(script->answer_after);
        }
        wait(timer, [error, result = std::move(result), handler]() mutable { (*handler)(error, std::move(result)); });
    }

    std::shared_ptr<Script> script_;
};

} // namespace understudy::testing
