#pragma once

#include "http_message.hpp"

#include <type_traits>
#include <variant>

namespace service {

/// What `answer_done` says of what was done, or `refuse` why it was not.
template<class Done, class... Outcomes, class Refuse, class Answer>
Response answer_to(const std::variant<Outcomes...>& result, Refuse refuse, Answer answer_done) {
    return std::visit(
        [&]<class T>(const T& outcome) {
            if constexpr (std::is_same_v<T, Done>)
                return answer_done(outcome);
            else
                return refuse(outcome);
        },
        result);
}

} // namespace service
