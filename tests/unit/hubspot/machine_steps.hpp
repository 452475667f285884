#pragma once

#include <understudy/hubspot/detail/calls.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What the first of the calls under way is; in the order of `AnyCall`.
enum class Action { batch, single, definitions, page, associations, association_page, search, write, connect, done };

inline std::ostream& operator<<(std::ostream& out, Action action) {
    constexpr const char* names[] = {"batch",  "single", "definitions", "page", "associations", "association page",
                                     "search", "write",  "connect",     "done"};
    return out << names[static_cast<std::size_t>(action)];
}

/// A machine in the hands of a test: has all its calls under way at once, and answers them in the order that the test
/// wants.
template<class Machine>
class Steps {
public:
    template<class... Args>
    explicit Steps(Args&&... args)
        : machine{std::forward<Args>(args)...} {
        look();
    }

    Machine machine;
    std::vector<understudy::hubspot::detail::AnyCall> open;
    std::size_t made = 0;

    /// Takes what calls there are.
    Action look() {
        while (auto call = machine.next()) {
            open.push_back(std::move(*call));
            ++made;
        }
        return action();
    }
    Action action() const { return open.empty() ? Action::done : static_cast<Action>(open.front().index()); }

    template<class Call>
    const Call& first(std::size_t at = 0) const {
        return std::get<Call>(open.at(at));
    }
    template<class Call>
    std::size_t count() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(open, [](const auto& call) { return std::holds_alternative<Call>(call); }));
    }

    /// Answers the first call, or the one at a place.
    template<class Call, class Result>
    Action answer(understudy::error_code error, Result result, std::size_t at = 0) {
        auto call = std::get<Call>(std::move(open.at(at)));
        open.erase(std::next(open.begin(), static_cast<std::ptrdiff_t>(at)));
        call.answer(error, std::move(result));
        return look();
    }
    /// Any call fails.
    Action fail(understudy::error_code error, std::size_t at = 0) {
        auto call = std::move(open.at(at));
        open.erase(std::next(open.begin(), static_cast<std::ptrdiff_t>(at)));
        std::visit([&](const auto& made_call) { made_call.answer(error, {}); }, call);
        return look();
    }

    std::vector<std::string> batch_inputs() const { return first<understudy::hubspot::detail::ReadBatch>().inputs; }
    std::string single_input() const { return first<understudy::hubspot::detail::ReadOne>().input; }
    Action on_batch(understudy::error_code error, understudy::hubspot::BatchAnswer given) {
        return answer<understudy::hubspot::detail::ReadBatch>(error, std::move(given));
    }
    Action on_single(understudy::error_code error, std::optional<understudy::hubspot::Object> given) {
        return answer<understudy::hubspot::detail::ReadOne>(error, std::move(given));
    }
    Action on_definitions(understudy::error_code error, understudy::hubspot::detail::PropertyNames names) {
        return answer<understudy::hubspot::detail::ReadDefinitions>(
            error, std::make_shared<const understudy::hubspot::detail::PropertyNames>(std::move(names)));
    }
};
