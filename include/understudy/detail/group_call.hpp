#pragma once

#include <understudy/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Group commit: elements for a call that takes many. What comes in one turn of the event loop leaves in one call, what
// comes while a call is under way leaves with the next.
template<class Item, class Answer>
class GroupCall : public std::enable_shared_from_this<GroupCall<Item, Answer>> {
public:
    using Handler = std::function<void(error_code, Answer)>;
    using Answers = std::vector<Answer>;
    using Start = std::function<void(std::vector<Item>, std::function<void(error_code, Answers)>)>;

    GroupCall(boost::asio::any_io_executor executor, std::size_t most, Start start)
        : executor_{std::move(executor)}
        , most_{most}
        , start_{std::move(start)} {}

    void add(Item item, Handler handler) {
        items_.push_back(std::move(item));
        handlers_.push_back(std::move(handler));
        if (std::exchange(busy_, true))
            return;
        boost::asio::post(executor_, [self = this->shared_from_this()] { self->leave(); });
    }

private:
    void leave() {
        if (items_.empty()) {
            busy_ = false;
            return;
        }
        auto items = take(items_);
        auto answered = [self = this->shared_from_this(), handlers = take(handlers_)](error_code error,
                                                                                      Answers answers) {
            if (!error && answers.size() != handlers.size())
                error = Errc::malformed_answer;
            // What waited leaves before anybody is answered.
            self->leave();
            for (std::size_t i = 0; i < handlers.size(); ++i)
                handlers[i](error, error ? Answer{} : Answer(answers[i]));
        };
        start_(std::move(items), std::move(answered));
    }

    template<class T>
    std::vector<T> take(std::vector<T>& all) const {
        if (all.size() <= most_)
            return std::exchange(all, {});
        const auto end = all.begin() + static_cast<std::ptrdiff_t>(most_);
        std::vector<T> taken{std::make_move_iterator(all.begin()), std::make_move_iterator(end)};
        all.erase(all.begin(), end);
        return taken;
    }

    boost::asio::any_io_executor executor_;
    std::size_t most_;
    Start start_;
    std::vector<Item> items_;
    std::vector<Handler> handlers_;
    bool busy_ = false;
};

} // namespace understudy::detail
