#pragma once

#include <understudy/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Group commit: elements for a call that takes many. What comes in one turn of the event loop leaves in one call, what
// comes while a call is under way leaves with the next. A call that fails because of what is in it is made again by
// halves, so that one bad element fails alone.
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
        waiting_.push_back({std::move(item), std::move(handler)});
        if (std::exchange(busy_, true))
            return;
        boost::asio::post(executor_, [self = this->shared_from_this()] { self->leave(); });
    }

private:
    struct Element {
        Item item;
        Handler handler;
    };
    using Elements = std::vector<Element>;

    void leave() {
        if (!halves_.empty()) {
            auto next = std::move(halves_.back());
            halves_.pop_back();
            return call(std::move(next));
        }
        if (waiting_.empty()) {
            busy_ = false;
            return;
        }
        auto all = std::exchange(waiting_, {});
        if (all.size() > most_)
            waiting_ = split(all, most_);
        call(std::move(all));
    }

    void call(Elements elements) {
        std::vector<Item> items;
        items.reserve(elements.size());
        for (const auto& element : elements)
            items.push_back(element.item);
        auto group = std::make_shared<Elements>(std::move(elements));
        start_(std::move(items), [self = this->shared_from_this(), group](error_code error, const Answers& answers) {
            self->answer(*group, error, answers);
        });
    }

    void answer(Elements& group, error_code error, const Answers& answers) {
        if (!error && answers.size() != group.size())
            error = Errc::malformed_answer;
        const bool to_blame = error && error != Condition::retryable && error != Condition::applied_unknown;
        if (to_blame && group.size() > 1) {
            halves_.push_back(split(group, group.size() / 2));
            halves_.push_back(std::move(group));
            return leave();
        }
        // What waited leaves before anybody is answered.
        leave();
        for (std::size_t i = 0; i < group.size(); ++i)
            group[i].handler(error, error ? Answer{} : Answer(answers[i]));
    }

    // Takes what comes after the first `kept`.
    static Elements split(Elements& all, std::size_t kept) {
        Elements rest;
        while (all.size() > kept) {
            rest.push_back(std::move(all.back()));
            all.pop_back();
        }
        return {std::make_move_iterator(rest.rbegin()), std::make_move_iterator(rest.rend())};
    }

    boost::asio::any_io_executor executor_;
    std::size_t most_;
    Start start_;
    Elements waiting_;
    std::vector<Elements> halves_;
    bool busy_ = false;
};

} // namespace understudy::detail
