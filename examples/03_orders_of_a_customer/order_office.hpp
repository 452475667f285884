#pragma once

#include "order.hpp"

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>

#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The slow source of truth: 150 ms a call, whether it looks up orders by their ids or lists those of many customers.
class OrderOffice {
public:
    using record_type = Order;

    explicit OrderOffice(boost::asio::any_io_executor executor)
        : executor_{std::move(executor)}
        , shared_{std::make_shared<Shared>()} {}

    boost::asio::any_io_executor get_executor() const { return executor_; }

    void put(const Order& order) { shared_->orders[order.id] = order; }
    void remove(const std::string& id) { shared_->orders.erase(id); }
    /// From now on every call fails.
    void close(bool closed) { shared_->closed = closed; }
    int calls() const { return shared_->calls; }

    /// Customers in one call; `Coalescing` collects as many.
    template<class By>
    static constexpr std::size_t max_batch() {
        return 100;
    }

    /// See `understudy::FetchableBy`.
    template<std::same_as<understudy::ById<Order>> By = understudy::ById<Order>, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<std::string> ids, const understudy::ReadOptions& = {}, Token&& token = {}) {
        return after_a_while<understudy::FetchSignature<Order>>(
            [shared = shared_, ids = std::move(ids)] {
                std::vector<understudy::Reading<Order>> readings;
                for (const auto& id : ids)
                    readings.push_back(shared->read(id));
                return readings;
            },
            std::forward<Token>(token));
    }

    /// See `understudy::SetSource`: the whole set of each customer, every order complete.
    template<std::same_as<OrdersOfCustomer>, class Token = boost::asio::deferred_t>
    auto async_fetch_set(std::vector<std::string> customers, const understudy::ReadOptions& = {}, Token&& token = {}) {
        return after_a_while<understudy::FetchSetSignature<Order>>(
            [shared = shared_, customers = std::move(customers)] {
                std::vector<understudy::SetReading<Order>> readings;
                for (const auto& customer : customers)
                    readings.push_back(shared->list(customer));
                return readings;
            },
            std::forward<Token>(token));
    }

private:
    struct Shared {
        std::map<std::string, Order> orders;
        int calls = 0;
        bool closed = false;

        understudy::Reading<Order> read(const std::string& id) const {
            const auto found = orders.find(id);
            if (found == orders.end())
                return understudy::Reading<Order>::none(id);
            return understudy::Reading<Order>::of(found->second, understudy::no_version);
        }

        understudy::SetReading<Order> list(const std::string& customer) const {
            std::vector<understudy::Reading<Order>> members;
            for (const auto& [id, order] : orders)
                if (order.customer_id == customer)
                    members.push_back(read(id));
            return understudy::SetReading<Order>::of(std::move(members));
        }
    };

    template<class Signature, class Answer, class Token>
    auto after_a_while(Answer answer, Token&& token) {
        auto timer = std::make_shared<boost::asio::steady_timer>(executor_);
        return boost::asio::async_compose<Token, Signature>(
            [shared = shared_, answer = std::move(answer), timer,
             sent = false](auto& self, boost::system::error_code error = {}) mutable {
                if (!std::exchange(sent, true)) {
                    ++shared->calls;
                    auto& delay = *timer;
                    delay.expires_after(std::chrono::milliseconds{150});
                    return delay.async_wait(std::move(self));
                }
                if (shared->closed)
                    error = understudy::Errc::unavailable;
                self.complete(error, error ? decltype(answer()){} : answer());
            },
            token, executor_);
    }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Shared> shared_;
};
static_assert(understudy::SetSource<OrderOffice, OrdersOfCustomer>);
