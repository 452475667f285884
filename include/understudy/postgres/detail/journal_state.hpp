#pragma once

#include <understudy/detail/random_id.hpp>
#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/call.hpp>
#include <understudy/postgres/detail/contended.hpp>
#include <understudy/postgres/detail/journal_rows.hpp>
#include <understudy/postgres/detail/journal_sql.hpp>
#include <understudy/postgres/journal_params.hpp>
#include <understudy/postgres/pool.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// What the handles of a journal share: its session and its statements.
class JournalState : public std::enable_shared_from_this<JournalState> {
public:
    template<class Answer>
    using CallPtr = std::shared_ptr<Call<Answer>>;

    JournalState(Pool pool, JournalParams params)
        : pool_{std::move(pool)}
        , params_{std::move(params)}
        , sql_{pool_.params().schema, params_.reserve} {}

    const Pool& pool() const noexcept { return pool_; }

    void begin(const CallPtr<std::vector<Admitted>>& call, std::vector<Intent> intents) {
        if (session_.empty())
            return call->refuse(Errc::lease_lost);
        if (intents.empty())
            return call->refuse({});
        // An id that is there twice is known the second time.
        std::vector<Intent> distinct;
        std::vector<std::size_t> places;
        std::map<std::string, std::size_t> seen;
        for (auto& intent : intents) {
            const auto [at, added] = seen.emplace(intent.id, distinct.size());
            places.push_back(at->second);
            if (added)
                distinct.push_back(intent);
        }
        run(call, entering(distinct, false),
            [intents = std::move(intents), places](const std::vector<Result>& results, std::vector<Admitted>& all) {
                std::vector<bool> told(intents.size(), false);
                for (std::size_t i = 0; i < intents.size(); ++i) {
                    Admitted admitted;
                    if (const auto ec = read_admitted(results.back(), places[i], intents[i], told[places[i]], admitted))
                        return ec;
                    told[places[i]] = true;
                    all.push_back(std::move(admitted));
                }
                return error_code{};
            });
    }

    void decide(const CallPtr<std::vector<Verdict>>& call, std::vector<Decision> decisions) {
        std::vector<std::string> ids;
        std::vector<std::int64_t> fences;
        std::vector<std::string> plans;
        std::vector<std::string> reservations;
        for (auto& decision : decisions) {
            ids.push_back(std::move(decision.id));
            fences.push_back(static_cast<std::int64_t>(decision.fence));
            plans.push_back(std::move(decision.plan));
            reservations.push_back(std::move(decision.reservation));
        }
        if (session_.empty())
            return finish_later(call, std::vector<Verdict>(ids.size()));
        run(call, {{decide_, Parameters::of(session_, ids, fences, plans, reservations)}},
            [size = ids.size()](const std::vector<Result>& results, std::vector<Verdict>& verdicts) {
                verdicts.resize(size);
                for (std::size_t i = 0; i < size; ++i) {
                    bool held = false;
                    std::optional<std::string> objection;
                    if (!results[0].get(i, 0, held) || !results[0].get(i, 1, objection))
                        return make_error_code(ClientErrc::bad_answer);
                    if (objection)
                        verdicts[i] = {Verdict::Kind::objected, std::move(*objection)};
                    else if (held)
                        verdicts[i].kind = Verdict::Kind::recorded;
                }
                return error_code{};
            });
    }

    void end(const CallPtr<std::vector<bool>>& call, std::vector<Ending> endings, std::vector<Command> settlements) {
        std::vector<std::string> ids;
        std::vector<std::int64_t> fences;
        std::vector<std::int16_t> states;
        std::vector<std::string> plans;
        std::vector<std::string> causes;
        std::vector<Intent> followers;
        for (auto& ending : endings) {
            ids.push_back(std::move(ending.id));
            fences.push_back(static_cast<std::int64_t>(ending.fence));
            states.push_back(static_cast<std::int16_t>(ending.state));
            plans.push_back(std::move(ending.plan));
            causes.push_back(std::move(ending.cause));
            std::move(ending.followers.begin(), ending.followers.end(), std::back_inserter(followers));
        }
        if (session_.empty())
            return finish_later(call, std::vector<bool>(ids.size(), false));
        std::vector<Command> commands{{end_, Parameters::of(session_, ids, fences, states, plans, causes)}};
        if (!followers.empty()) {
            // Locks of lines come before those of operations, as everywhere.
            auto more = entering(followers, true);
            commands.insert(commands.begin(), std::move(more.front()));
            commands.push_back(std::move(more.back()));
        }
        const std::size_t at = followers.empty() ? 0 : 1;
        std::move(settlements.begin(), settlements.end(), std::back_inserter(commands));
        Command held{held_, Parameters::of(session_, ids, fences)};
        send(std::move(commands), [self = shared_from_this(), call, at, held,
                                   size = ids.size()](error_code ec, const std::vector<Result>& results) {
            if (is_sqlstate(ec, "22P02") && results.size() == at + 1)
                return self->run(call, {held}, read_refused(size, ec), reading);
            call->finish(ec, std::vector<bool>(ec ? 0 : size, true));
        });
    }

    void ask(const CallPtr<std::vector<bool>>& call, const std::vector<std::string>& ids) {
        if (session_.empty())
            return finish_later(call, std::vector<bool>(ids.size(), false));
        run(call, {{ask_, Parameters::of(session_, ids)}}, read_flags(ids.size()), reading);
    }

    void renew(const CallPtr<std::chrono::milliseconds>& call) {
        const std::int64_t lease = params_.lease.count();
        const bool opens = session_.empty();
        const auto id = opens ? understudy::detail::random_id() : session_;
        auto command = opens ? Command{open_, Parameters::of(id, lease)}
                             : Command{renew_, Parameters::of(id, lease, std::int64_t{params_.retention.count()})};
        send({std::move(command)},
             [self = shared_from_this(), call, opens, id](error_code ec, const std::vector<Result>& results) {
                 bool alive = opens;
                 if (!ec && !opens && !results[0].get(0, 0, alive))
                     ec = ClientErrc::bad_answer;
                 if (!ec && !alive) {
                     ec = Errc::lease_lost;
                     if (self->session_ == id)
                         self->session_.clear();
                 } else if (!ec && opens) {
                     self->session_ = id;
                 }
                 call->finish(ec, ec ? std::chrono::milliseconds{0} : self->params_.lease);
             });
    }

    void take_over(const CallPtr<std::vector<JournalEntry>>& call, std::size_t limit) {
        if (session_.empty())
            return call->refuse(Errc::lease_lost);
        run(call,
            {{lock_all_},
             {close_lapsed_, Parameters::of(session_)},
             {take_over_, Parameters::of(session_, static_cast<std::int64_t>(limit))}},
            [](const std::vector<Result>& results, std::vector<JournalEntry>& entries) {
                bool alive = false;
                if (!results[1].get(0, 0, alive))
                    return make_error_code(ClientErrc::bad_answer);
                return alive ? read_entries(results[2], entries) : make_error_code(Errc::lease_lost);
            });
    }

    void list_dead(const CallPtr<std::vector<JournalEntry>>& call, std::size_t limit) {
        run(
            call, {{list_dead_, Parameters::of(static_cast<std::int64_t>(limit))}},
            [](const std::vector<Result>& results, std::vector<JournalEntry>& entries) {
                return read_entries(results[0], entries);
            },
            reading);
    }

    void replay(const CallPtr<bool>& call, const std::string& id) { touch(call, {replay_, Parameters::of(id)}); }
    void drop(const CallPtr<bool>& call, const std::string& id) { touch(call, {drop_, Parameters::of(id)}); }

    void count(const CallPtr<std::size_t>& call) {
        run(
            call, {{count_}},
            [](const std::vector<Result>& results, std::size_t& unfinished) {
                std::int64_t found = 0;
                if (!results[0].get(0, 0, found))
                    return make_error_code(ClientErrc::bad_answer);
                unfinished = static_cast<std::size_t>(found);
                return error_code{};
            },
            reading);
    }

private:
    using StatementPtr = std::shared_ptr<const Statement>;

    static constexpr ExecuteOptions reading{true};
    // How often a transaction is sent that loses against others.
    static constexpr int attempts = 5;

    static StatementPtr statement(std::string text) { return std::make_shared<const Statement>(std::move(text)); }

    // Two statements: the lines are locked, then entered.
    std::vector<Command> entering(const std::vector<Intent>& intents, bool dead_or_alive) const {
        std::vector<std::string> names;
        std::vector<std::string> ids;
        std::vector<std::string> kinds;
        std::vector<std::vector<std::string>> keys;
        std::vector<std::string> requests;
        std::vector<std::string> plans;
        for (const auto& intent : intents) {
            names.push_back(intent.id);
            names.insert(names.end(), intent.keys.begin(), intent.keys.end());
            ids.push_back(intent.id);
            kinds.push_back(intent.kind);
            keys.push_back(intent.keys);
            requests.push_back(intent.request);
            plans.push_back(intent.plan);
        }
        return {{lock_, Parameters::of(names)},
                {begin_, Parameters::of(session_, ids, kinds, keys, requests, plans, dead_or_alive)}};
    }

    // Sends a transaction, again if it lost against another one.
    template<class Done>
    void send(std::vector<Command> commands, Done done, ExecuteOptions options = {}, int attempt = 1) {
        auto sent = commands;
        pool_.async_execute(std::move(sent), options,
                            [self = shared_from_this(), commands = std::move(commands), done = std::move(done), options,
                             attempt](error_code ec, const std::vector<Result>& results) mutable {
                                ec = contended_if_lost(ec);
                                if (ec == Errc::contended && attempt < attempts)
                                    return self->send(std::move(commands), std::move(done), options, attempt + 1);
                                done(ec, results);
                            });
    }

    template<class Answer, class Read>
    void run(const CallPtr<Answer>& call, std::vector<Command> commands, Read read, ExecuteOptions options = {}) {
        send(
            std::move(commands),
            [call, read = std::move(read)](error_code ec, const std::vector<Result>& results) {
                Answer answer{};
                if (!ec)
                    ec = read(results, answer);
                call->finish(ec, ec ? Answer{} : std::move(answer));
            },
            options);
    }

    void touch(const CallPtr<bool>& call, Command command) {
        run(call, {std::move(command)}, [](const std::vector<Result>& results, bool& found) {
            found = results[0].affected() > 0;
            return error_code{};
        });
    }

    template<class Answer>
    void finish_later(const CallPtr<Answer>& call, Answer answer) {
        boost::asio::post(pool_.get_executor(), [call, answer = std::move(answer)] { call->finish({}, answer); });
    }

    Pool pool_;
    JournalParams params_;
    JournalSql sql_;
    // Empty while none is open.
    std::string session_;

    StatementPtr lock_ = statement(sql_.lock());
    StatementPtr lock_all_ = statement(sql_.lock_all());
    StatementPtr begin_ = statement(sql_.begin());
    StatementPtr decide_ = statement(sql_.decide());
    StatementPtr end_ = statement(sql_.end());
    StatementPtr held_ = statement(sql_.held());
    StatementPtr ask_ = statement(sql_.ask());
    StatementPtr open_ = statement(sql_.open());
    StatementPtr renew_ = statement(sql_.renew());
    StatementPtr close_lapsed_ = statement(sql_.close_lapsed());
    StatementPtr take_over_ = statement(sql_.take_over());
    StatementPtr list_dead_ = statement(sql_.list_dead());
    StatementPtr replay_ = statement(sql_.replay());
    StatementPtr drop_ = statement(sql_.drop());
    StatementPtr count_ = statement(sql_.count());
};

} // namespace understudy::postgres::detail
