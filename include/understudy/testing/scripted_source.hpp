#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>
#include <understudy/store.hpp>
#include <understudy/testing/virtual_clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace understudy::testing {

/// A source of truth for tests: what it holds, how long it takes, when it fails and what it was asked are the test's to
/// say. Each call reads when `read_after` has passed and answers `answer_after` later, so that a test can change the
/// truth in between; while `hold` is on, answers wait for `release`.
///
/// A handle: copies share one source. Handlers are posted to its executor. `Clock` is the clock of its delays.
template<Record R, class Clock = VirtualClock>
class ScriptedSource {
public:
    using record_type = R;
    using executor_type = boost::asio::any_io_executor;

    /// What one call asked for.
    struct Asked {
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
    void put(R record, std::optional<Version> version = {}) {
        auto& entry = script_->truth[key_of(record)];
        entry = {State::live, std::move(record), version ? *version : Version{++script_->stamp}, {}};
    }
    void archive(const key_t<R>& key) { script_->truth[key].state = State::archived; }
    void erase(const key_t<R>& key) { script_->truth[key].state = State::erased; }
    /// From now on reading `loser` answers with `survivor`'s record.
    void merge(const key_t<R>& loser, const key_t<R>& survivor) {
        auto& entry = script_->truth[loser];
        entry.state = State::merged;
        entry.survivor = survivor;
    }

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

    /// The next `calls` calls fail.
    void fail_next(boost::system::error_code error, std::size_t calls = 1) {
        script_->failures.insert(script_->failures.end(), calls, error);
    }
    /// All calls fail until it is called with no error.
    void fail_always(boost::system::error_code error) { script_->failing = error; }
    /// Reading this key fails, whatever else the call reads.
    void fail_key(const key_t<R>& key, boost::system::error_code error) { script_->bad[key] = error; }

    /// Sets leave this record out though it belongs to them, as a list that lags does; reading it by its key does not.
    void hide_from_sets(const key_t<R>& key, bool hidden = true) {
        if (hidden)
            script_->hidden.insert(key);
        else
            script_->hidden.erase(key);
    }

    const std::vector<Asked>& calls() const noexcept { return script_->calls; }
    void forget_calls() { script_->calls.clear(); }

    /// See `FetchableBy`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        const auto count = values.size();
        return answer<By, FetchSignature<R>>(
            count, options,
            [script = script_, values = std::move(values)] {
                std::vector<Reading<R>> readings;
                for (const auto& value : values)
                    readings.push_back(script->template read<By>(value));
                return readings;
            },
            std::forward<Token>(token));
    }

    /// See `SearchableBy`; this index does not lag.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_search(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                      Token&& token = {}) {
        const auto count = values.size();
        return answer<By, SearchSignature<R>>(
            count, options,
            [script = script_, values = std::move(values)] {
                std::vector<std::vector<Candidate<R>>> found;
                for (const auto& value : values) {
                    auto& candidates = found.emplace_back();
                    for (const auto& [key, entry] : script->truth)
                        if (entry.state == State::live && answers_to<By>(entry.record, normalised<By>(value)))
                            candidates.push_back({key, entry.version});
                }
                return found;
            },
            std::forward<Token>(token));
    }

    /// See `SetSource`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires(!By::is_unique) auto async_fetch_set(std::vector<typename By::value_type> values,
                                                  const ReadOptions& options = {}, Token&& token = {}) {
        const auto count = values.size();
        return answer<By, FetchSetSignature<R>>(
            count, options,
            [script = script_, values = std::move(values)] {
                std::vector<SetReading<R>> readings;
                for (const auto& value : values)
                    readings.push_back(script->template read_set<By>(normalised<By>(value)));
                return readings;
            },
            std::forward<Token>(token));
    }

private:
    using Timer = boost::asio::basic_waitable_timer<Clock>;

    struct Entry {
        State state = State::absent;
        R record{};
        Version version = no_version;
        key_t<R> survivor{};
    };

    struct Script {
        explicit Script(executor_type on)
            : executor{std::move(on)} {}

        template<IndexTag By>
        Reading<R> read(const typename By::value_type& value) const {
            if constexpr (detail::is_by_id<By>) {
                return read_key(value);
            } else {
                for (const auto& [key, entry] : truth)
                    if (entry.state == State::live && answers_to<By>(entry.record, normalised<By>(value)))
                        return read_key(key);
                return Reading<R>::none({});
            }
        }

        Reading<R> read_key(const key_t<R>& asked) const {
            if (const auto it = bad.find(asked); it != bad.end())
                return Reading<R>::failure(it->second);
            key_t<R> key = asked;
            for (;;) {
                const auto it = truth.find(key);
                if (it == truth.end())
                    return Reading<R>::none(asked);
                if (it->second.state == State::merged)
                    key = it->second.survivor;
                else if (it->second.state == State::live)
                    return Reading<R>::of(it->second.record, it->second.version);
                else
                    return Reading<R>::none(asked, it->second.state);
            }
        }

        template<IndexTag By>
        SetReading<R> read_set(const typename By::value_type& value) const {
            std::vector<Reading<R>> members;
            for (const auto& [key, entry] : truth) {
                if (entry.state != State::live || hidden.contains(key) || !answers_to<By>(entry.record, value))
                    continue;
                members.push_back(read_key(key));
                if (members.back().failed())
                    return SetReading<R>::failure(members.back().error);
            }
            return SetReading<R>::of(std::move(members));
        }

        executor_type executor;
        std::map<key_t<R>, Entry> truth;
        std::map<key_t<R>, boost::system::error_code> bad;
        std::set<key_t<R>> hidden;
        std::int64_t stamp = 1'700'000'000'000;
        typename Clock::duration read_after{0};
        typename Clock::duration answer_after{0};
        bool held = false;
        std::vector<std::shared_ptr<Timer>> waiting;
        std::deque<boost::system::error_code> failures;
        boost::system::error_code failing{};
        std::vector<Asked> calls;
    };

    template<IndexTag By, class Signature, class Read, class Token>
    auto answer(std::size_t values, const ReadOptions& options, Read read, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [script = script_, values, options](auto handler, Read reads) {
                script->calls.push_back({std::string{By::name}, values, options.priority, Clock::now()});
                auto timer = std::make_shared<Timer>(script->executor);
                timer->expires_after(script->read_after);
                timer->async_wait([script, timer, reads = std::move(reads),
                                   handler = std::move(handler)](boost::system::error_code) mutable {
                    read_and_answer(script, timer, reads, std::move(handler));
                });
            },
            token, std::move(read));
    }

    template<class Read, class Handler>
    static void read_and_answer(const std::shared_ptr<Script>& script, const std::shared_ptr<Timer>& timer, Read& reads,
                                Handler handler) {
        boost::system::error_code error = script->failing;
        if (!script->failures.empty()) {
            error = script->failures.front();
            script->failures.pop_front();
        }
        auto result = error ? decltype(reads()){} : reads();
        if (script->held) {
            timer->expires_at(Timer::time_point::max());
            script->waiting.push_back(timer);
        } else {
            timer->expires_after(script->answer_after);
        }
        timer->async_wait([timer, error, result = std::move(result),
                           handler = std::move(handler)](boost::system::error_code) mutable {
            auto executor = boost::asio::get_associated_executor(handler, timer->get_executor());
            boost::asio::dispatch(executor, boost::asio::append(std::move(handler), error, std::move(result)));
        });
    }

    std::shared_ptr<Script> script_;
};

} // namespace understudy::testing
