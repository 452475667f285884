#pragma once

#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/calls.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace understudy::hubspot::detail {

/// Which properties a type has, asked for when an answer leaves one out.
///
/// What an answer lacks is explained only by definitions that were asked for after it had arrived: those asked for
/// earlier may be from before the property was taken away. So nothing is kept, and a load that is on its way is not
/// joined; those who come while one is on its way share the next.
class Definitions : public std::enable_shared_from_this<Definitions> {
public:
    using Names = SharedNames;

    Definitions(Client client, std::string type)
        : client_{std::move(client)}
        , type_{std::move(type)} {}

    using Handler = understudy::detail::ErasedHandler<void(error_code, Names)>;

    void async_get(std::chrono::milliseconds timeout, Handler handler) {
        boost::asio::async_compose<Handler, void(error_code, Names)>(
            Op{shared_from_this(), std::make_unique<Waiter>(client_.get_executor()), timeout}, handler,
            client_.get_executor());
    }

private:
    static constexpr std::chrono::milliseconds load_timeout{10'000};

    struct Waiter {
        explicit Waiter(const Client::executor_type& executor)
            : timer{executor} {}
        boost::asio::steady_timer timer;
        bool answered = false;
        error_code error{};
        Names names{};
    };

    struct Op {
        std::shared_ptr<Definitions> definitions;
        std::unique_ptr<Waiter> waiter;
        std::chrono::milliseconds timeout;
        bool waiting = false;

        template<class Self>
        void operator()(Self& self, error_code = {}) {
            if (!std::exchange(waiting, true)) {
                self.reset_cancellation_state(boost::asio::enable_total_cancellation());
                definitions->join(*waiter);
                auto& timer = waiter->timer;
                timer.expires_after(timeout);
                return timer.async_wait(std::move(self));
            }
            if (!waiter->answered) {
                definitions->leave(*waiter);
                const bool cancelled = self.cancelled() != boost::asio::cancellation_type::none;
                waiter->error =
                    cancelled ? error_code{boost::asio::error::operation_aborted} : error_code{Errc::timed_out};
            }
            self.complete(waiter->error, std::move(waiter->names));
        }
    };

    void join(Waiter& waiter) {
        next_.push_back(&waiter);
        if (!loading_)
            load();
    }

    void leave(Waiter& waiter) {
        next_.remove(&waiter);
        current_.remove(&waiter);
    }

    void load() {
        loading_ = true;
        current_ = std::exchange(next_, {});
        client_.async_properties(
            type_, load_timeout,
            [weak = weak_from_this()](error_code error, const std::vector<PropertyDefinition>& definitions) {
                if (const auto self = weak.lock())
                    self->on_loaded(error, definitions);
            });
    }

    void on_loaded(error_code error, const std::vector<PropertyDefinition>& definitions) {
        loading_ = false;
        auto names = std::make_shared<PropertyNames>();
        for (const auto& definition : definitions)
            names->insert(definition.name);
        for (auto* waiter : std::exchange(current_, {})) {
            waiter->answered = true;
            waiter->error = error;
            waiter->names = names;
            waiter->timer.cancel();
        }
        if (!next_.empty())
            load();
    }

    Client client_;
    std::string type_;
    std::list<Waiter*> current_; // answered by the load that is on its way
    std::list<Waiter*> next_;    // came too late for it
    bool loading_ = false;
};

} // namespace understudy::hubspot::detail
