#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <mutex>
#include <optional>
#include <set>

namespace understudy::file::detail {

// The threads of one execution context on which calls to the disk are made: one appends, the other compacts. They end
// before the context does, so what they post there finds it; calls that were still waiting are dropped with it.
class DiskThreads : public boost::asio::execution_context::service {
public:
    inline static boost::asio::execution_context::id id;

    class Client {
    public:
        virtual void drop_calls() noexcept = 0;

    protected:
        ~Client() = default;
    };

    explicit DiskThreads(boost::asio::execution_context& context)
        : service{context} {}

    boost::asio::thread_pool::executor_type executor() {
        const std::lock_guard lock{mutex_};
        if (!threads_)
            threads_.emplace(2);
        return threads_->get_executor();
    }
    void add(Client& client) {
        const std::lock_guard lock{mutex_};
        clients_.insert(&client);
    }
    void remove(Client& client) {
        const std::lock_guard lock{mutex_};
        clients_.erase(&client);
    }

private:
    void shutdown() noexcept override {
        if (threads_)
            threads_->join();
        while (Client* client = take())
            client->drop_calls();
    }

    // A client that goes may take others with it.
    Client* take() {
        const std::lock_guard lock{mutex_};
        return clients_.empty() ? nullptr : clients_.extract(clients_.begin()).value();
    }

    std::mutex mutex_;
    std::optional<boost::asio::thread_pool> threads_;
    std::set<Client*> clients_;
};

} // namespace understudy::file::detail
