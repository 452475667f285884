#pragma once

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/connect_failure.hpp>
#include <understudy/postgres/detail/pipeline.hpp>
#include <understudy/postgres/detail/request.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

class Connection;

// Whoever keeps connections. Calls come from the executor, never from inside a call to the connection.
class ConnectionOwner {
public:
    using Finished = Pipeline<RequestPtr, Result>::Finished;

    virtual ~ConnectionOwner() = default;
    virtual void on_ready(Connection& connection) = 0;
    virtual void on_finished(Connection& connection, Finished finished) = 0;
    // The last call. `out` are the requests that were sent or about to be.
    virtual void on_closed(Connection& connection, const Failure& failure, std::vector<RequestPtr> out) = 0;
};

// One connection of libpq, never blocking: readiness comes from Asio, libpq reads and writes, `Pipeline` decides what
// answers mean.
//
// Asio watches a duplicate of libpq's descriptor. libpq closes and reopens its own while it connects, and closes it
// when the connection breaks; a watched descriptor whose number is closed, or reused, behind Asio's back would never
// report again, or report for somebody else.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Clock = std::chrono::steady_clock;

    Connection(boost::asio::any_io_executor executor, std::shared_ptr<const ConnectParams> params, bool prepares,
               std::weak_ptr<ConnectionOwner> owner)
        : params_{std::move(params)}
        , prepares_{prepares}
        , owner_{std::move(owner)}
        , resolver_{executor}
        , descriptor_{executor}
        , timer_{executor} {}

private:
    // A handler that does nothing once the connection is closed or gone, and keeps it and its owner alive meanwhile.
    template<class F>
    auto guarded(F f) {
        return [weak = weak_from_this(), f = std::move(f)]<class... Args>(Args&&... args) {
            const auto self = weak.lock();
            if (!self || self->state_ == State::closed)
                return;
            if (const auto owner = self->owner_.lock())
                f(*self, std::forward<Args>(args)...);
        };
    }

public:
    bool ready() const noexcept { return state_ == State::ready; }
    // Requests sent or about to be.
    std::size_t load() const noexcept { return pipeline_.size() + unsent_.size(); }
    // Whether it was of use: it finished at least one request.
    bool answered() const noexcept { return answered_; }
    void stop_preparing() noexcept { prepares_ = false; }
    // Whether the server is believed to have the statement.
    bool prepared(const Statement& statement) const { return prepared_.contains(statement.name()); }
    void forget(const Statement& statement) { prepared_.erase(statement.name()); }

    void start() {
        timer_.expires_after(params_->connect_timeout);
        timer_.async_wait(guarded([](Connection& self, error_code ec) {
            if (!ec && !self.ready())
                self.fail({Errc::timed_out, {}});
        }));
        boost::asio::post(descriptor_.get_executor(), guarded([](Connection& self) { self.prepare_address(); }));
    }

    // Takes a request; it leaves with the others of this turn.
    void submit(RequestPtr request) {
        unsent_.push_back(std::move(request));
        if (sending_)
            return;
        sending_ = true;
        boost::asio::post(descriptor_.get_executor(), guarded([](Connection& self) {
                              self.sending_ = false;
                              self.send();
                          }));
    }

    // Closes without a word to the owner; the requests that were out are the caller's.
    std::vector<RequestPtr> close() {
        state_ = State::closed;
        resolver_.cancel();
        timer_.cancel();
        boost::system::error_code ignored;
        descriptor_.close(ignored);
        connection_.reset();
        auto out = pipeline_.lost();
        out.insert(out.end(), std::make_move_iterator(unsent_.begin()), std::make_move_iterator(unsent_.end()));
        unsent_.clear();
        return out;
    }

private:
    enum class State { connecting, ready, closed };

    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    void prepare_address() {
        auto parsed = Conninfo::parse(params_->conninfo);
        if (!parsed)
            return fail({Errc::invalid_argument, {}});
        conninfo_ = std::move(*parsed);
        conninfo_.fill_address_from_defaults();
        hosts_ = conninfo_.list("host");
        addresses_ = conninfo_.list("hostaddr");
        ports_ = conninfo_.list("port");
        const std::size_t count = std::max(hosts_.size(), addresses_.size());
        hosts_.resize(count);
        addresses_.resize(count);
        ports_.resize(count, ports_.front());
        resolve();
    }

    // libpq would resolve names by itself, and block.
    void resolve() {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            boost::system::error_code not_an_address;
            boost::asio::ip::make_address(hosts_[i], not_an_address);
            if (!addresses_[i].empty() || hosts_[i].empty() || hosts_[i].front() == '/' || hosts_[i].front() == '@')
                continue;
            if (!not_an_address) {
                addresses_[i] = hosts_[i];
                continue;
            }
            resolver_.async_resolve(
                hosts_[i], ports_[i].empty() ? "5432" : ports_[i], boost::asio::ip::resolver_base::numeric_service,
                guarded([i](Connection& self, error_code ec, boost::asio::ip::tcp::resolver::results_type found) {
                    self.resolved(i, ec, found);
                }));
            return;
        }
        connect();
    }

    void resolved(std::size_t at, error_code ec, const boost::asio::ip::tcp::resolver::results_type& found) {
        if (ec || found.empty())
            return fail({ClientErrc::host_not_found, {"", "cannot resolve " + hosts_[at], "", "", "", "", ""}});
        // Each address of a name is a host of its own to libpq, under the name that its certificate must carry.
        const std::string host = hosts_[at];
        const std::string port = ports_[at];
        std::size_t place = at;
        for (const auto& entry : found) {
            const std::string address = entry.endpoint().address().to_string();
            if (place == at) {
                addresses_[at] = address;
            } else {
                const auto offset = static_cast<std::ptrdiff_t>(place);
                hosts_.insert(hosts_.begin() + offset, host);
                ports_.insert(ports_.begin() + offset, port);
                addresses_.insert(addresses_.begin() + offset, address);
            }
            ++place;
        }
        resolve();
    }

    static std::string joined(const std::vector<std::string>& parts) {
        std::string out;
        for (std::size_t i = 0; i < parts.size(); ++i)
            out += (i ? "," : "") + parts[i];
        return out;
    }

    void connect() {
        conninfo_.set("host", joined(hosts_));
        conninfo_.set("hostaddr", joined(addresses_));
        conninfo_.set("port", joined(ports_));
        conninfo_.set("client_encoding", "UTF8");
        conninfo_.set_default("application_name", params_->application_name);
        conninfo_.set_default("tcp_user_timeout", std::to_string(params_->stall_timeout.count()));
        // A look for Kerberos tickets blocks.
        conninfo_.set_default("gssencmode", "disable");
        connection_.reset(PQconnectStartParams(conninfo_.keywords().data(), conninfo_.values().data(), 0));
        if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD)
            return fail(connect_failure(connection_.get()));
        // Verbose messages carry the SQLSTATE, which libpq does not tell otherwise before there is a result.
        PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
        PQsetNoticeReceiver(
            connection_.get(), [](void*, const PGresult*) {}, nullptr);
        wait_to_poll(boost::asio::posix::descriptor_base::wait_write);
    }

    bool watch() {
        boost::system::error_code ec;
        descriptor_.close(ec);
        const int duplicate = fcntl(PQsocket(connection_.get()), F_DUPFD_CLOEXEC, 0);
        if (duplicate < 0)
            return false;
        descriptor_.assign(duplicate, ec);
        if (ec)
            ::close(duplicate);
        return !ec;
    }

    void wait_to_poll(boost::asio::posix::descriptor_base::wait_type what) {
        if (!watch())
            return fail({error_code{errno, boost::system::system_category()}, {}});
        descriptor_.async_wait(what, guarded([](Connection& self, error_code ec) {
                                   if (!ec)
                                       self.poll();
                               }));
    }

    void poll() {
        switch (PQconnectPoll(connection_.get())) {
        case PGRES_POLLING_READING:
            return wait_to_poll(boost::asio::posix::descriptor_base::wait_read);
        case PGRES_POLLING_WRITING:
            return wait_to_poll(boost::asio::posix::descriptor_base::wait_write);
        case PGRES_POLLING_OK:
            break;
        default:
            return fail(connect_failure(connection_.get()));
        }
        if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1 || !watch())
            return fail({ClientErrc::client_failure, {}});
        timer_.cancel();
        state_ = State::ready;
        wait_to_read();
        owner_.lock()->on_ready(*this);
    }

    void wait_to_read() {
        descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                               guarded([](Connection& self, error_code ec) {
                                   if (!ec)
                                       self.receive();
                               }));
    }

    void send() {
        if (pipeline_.empty())
            last_heard_ = Clock::now();
        bool open = false;
        for (auto& request : std::exchange(unsent_, {})) {
            // Its caller has gone: what was never sent need not be.
            if (request->done)
                continue;
            const bool prepares = prepares_ && !request->plain;
            std::vector<const Command*> fresh;
            for (const auto& command : request->commands) {
                if (prepares && prepared_.insert(command.statement->name()).second)
                    fresh.push_back(&command);
            }
            const bool alone = request->alone || !fresh.empty();
            if (alone && std::exchange(open, false))
                sync();
            for (const auto* command : fresh)
                prepare(*command);
            for (const auto& command : request->commands)
                execute(command, prepares);
            const auto executes = request->commands.size();
            pipeline_.sent(std::move(request), fresh.size(), executes);
            if (alone)
                sync();
            else
                open = true;
        }
        if (open)
            sync();
        if (broken_)
            return fail(lost());
        if (!pipeline_.empty())
            watch_for_stall();
        flush();
    }

    void prepare(const Command& command) {
        const Statement& statement = *command.statement;
        const auto& types = command.parameters.types();
        preparing_.push_back(statement.name());
        if (!PQsendPrepare(connection_.get(), statement.name().c_str(), statement.text().c_str(),
                           static_cast<int>(types.size()), types.data()))
            broken_ = true;
    }

    void execute(const Command& command, bool prepared) {
        const auto& values = command.parameters.values();
        const int count = static_cast<int>(values.size());
        pointers_.clear();
        lengths_.clear();
        for (const auto& value : values) {
            pointers_.push_back(value ? value->data() : nullptr);
            lengths_.push_back(value ? static_cast<int>(value->size()) : 0);
        }
        formats_.assign(values.size(), 1);
        const Statement& statement = *command.statement;
        const int sent = prepared ? PQsendQueryPrepared(connection_.get(), statement.name().c_str(), count,
                                                        pointers_.data(), lengths_.data(), formats_.data(), 1)
                                  : PQsendQueryParams(connection_.get(), statement.text().c_str(), count,
                                                      command.parameters.types().data(), pointers_.data(),
                                                      lengths_.data(), formats_.data(), 1);
        if (sent != 1)
            broken_ = true;
    }

    void sync() {
        if (PQpipelineSync(connection_.get()) != 1)
            broken_ = true;
        pipeline_.synced();
    }

    void flush() {
        const int left = PQflush(connection_.get());
        if (left < 0)
            return fail(lost());
        if (left == 0 || flushing_)
            return;
        flushing_ = true;
        descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_write,
                               guarded([](Connection& self, error_code ec) {
                                   self.flushing_ = false;
                                   if (!ec)
                                       self.flush();
                               }));
    }

    void receive() {
        last_heard_ = Clock::now();
        const bool alive = PQconsumeInput(connection_.get()) == 1;
        std::vector<ConnectionOwner::Finished> finished;
        // One null ends the results of a command; more of them mean that libpq expects no answer where we do.
        int nulls = 0;
        while (!pipeline_.empty() && nulls < 3 && !PQisBusy(connection_.get())) {
            PGresult* result = PQgetResult(connection_.get());
            if (!result) {
                ++nulls;
                continue;
            }
            nulls = 0;
            const auto status = PQresultStatus(result);
            if (status == PGRES_PIPELINE_SYNC) {
                PQclear(result);
                finished.push_back(pipeline_.finished());
                answered_ = true;
                continue;
            }
            const bool aborted = status == PGRES_PIPELINE_ABORTED;
            Result answer{result};
            const bool failed = !aborted && answer.error().failed();
            if (pipeline_.preparing()) {
                if (failed || aborted)
                    prepared_.erase(preparing_.front());
                preparing_.pop_front();
            }
            pipeline_.answered(std::move(answer), failed, aborted);
        }
        const auto owner = owner_.lock();
        for (auto& group : finished)
            owner->on_finished(*this, std::move(group));
        if (state_ == State::closed)
            return;
        if (!alive || nulls > 2 || PQstatus(connection_.get()) == CONNECTION_BAD)
            return fail(lost());
        flush();
        if (state_ != State::closed)
            wait_to_read();
    }

    void watch_for_stall() {
        if (watching_stall_)
            return;
        watching_stall_ = true;
        arm_stall();
    }
    void arm_stall() {
        timer_.expires_at(last_heard_ + params_->stall_timeout);
        timer_.async_wait(guarded([](Connection& self, error_code ec) {
            if (ec)
                return;
            self.watching_stall_ = false;
            if (self.pipeline_.empty())
                return;
            if (Clock::now() - self.last_heard_ >= self.params_->stall_timeout)
                return self.fail({ClientErrc::stalled, {}});
            self.watching_stall_ = true;
            self.arm_stall();
        }));
    }

    Failure lost() const { return {ClientErrc::connection_lost, diagnostics_of(connection_.get())}; }

    void fail(const Failure& failure) {
        const auto self = shared_from_this();
        auto out = close();
        if (const auto owner = owner_.lock())
            owner->on_closed(*this, failure, std::move(out));
    }

    std::shared_ptr<const ConnectParams> params_;
    bool prepares_;
    std::weak_ptr<ConnectionOwner> owner_;
    State state_ = State::connecting;
    bool sending_ = false;
    bool flushing_ = false;
    bool broken_ = false;
    bool answered_ = false;
    bool watching_stall_ = false;
    Clock::time_point last_heard_{};

    Conninfo conninfo_;
    std::vector<std::string> hosts_;
    std::vector<std::string> addresses_;
    std::vector<std::string> ports_;

    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    std::unique_ptr<PGconn, Finish> connection_;

    Pipeline<RequestPtr, Result> pipeline_;
    std::vector<RequestPtr> unsent_;
    std::set<std::string> prepared_;
    // The names of those among them that the server has not confirmed yet, as they were sent.
    std::deque<std::string> preparing_;
    std::vector<const char*> pointers_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

} // namespace understudy::postgres::detail
