#pragma once

#include <understudy/record.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy {

/// The way of asking that every store knows: by the record's own key.
template<Record R>
struct ById {
    using record_type = R;
    using value_type = key_t<R>;
    static constexpr std::string_view name = "id";
    static constexpr bool is_unique = true;
};

/// Another key by which records are asked for. Derive a tag from it and give it a name:
///
///     struct ByEmail : Index<&Contact::email> {
///         static constexpr std::string_view name = "email";
///     };
///
/// A tag may define `static value_type normalise(value_type)` (how values compare, lower case for instance; applied to
/// every value that is asked for and to every value of a record) and `static std::vector<value_type> values(const
/// record_type&)` (the values that a record answers to, when they are not just the member's own).
///
/// At most one live record answers to a value of a *unique* index: it is read like an id (`async_get<ByEmail>`). Any
/// number answers to a value of another, which says so with `static constexpr bool is_unique = false`: it can only be
/// searched, and a search lags (`async_exists<ByStudentId>`).
template<auto Pointer>
struct Index {
    using record_type = typename detail::member_pointer<decltype(Pointer)>::record_type;
    static constexpr auto member = Pointer;
    static constexpr bool is_unique = true;

private:
    template<class T>
    struct unwrapped {
        using type = T;
    };
    template<class T>
    struct unwrapped<std::optional<T>> {
        using type = T;
    };

public:
    using value_type = typename unwrapped<typename detail::member_pointer<decltype(Pointer)>::value_type>::type;
};

/// A tag that names a way of asking for records of one type.
template<class By>
concept IndexTag = Record<typename By::record_type> && std::regular<typename By::value_type> &&
    requires(typename By::value_type value) {
    { std::hash<typename By::value_type>{}(value) } -> std::convertible_to<std::size_t>;
    { By::is_unique } -> std::convertible_to<bool>;
    { By::name } -> std::convertible_to<std::string_view>;
};

namespace detail {

template<class By>
inline constexpr bool is_by_id = std::same_as<By, ById<typename By::record_type>>;

} // namespace detail

/// The form in which values of an index compare.
template<IndexTag By>
typename By::value_type normalised(typename By::value_type value) {
    if constexpr (requires { By::normalise(std::move(value)); })
        return By::normalise(std::move(value));
    else
        return value;
}

/// Calls `f(value)` for each normalised value of an index that a record answers to.
template<IndexTag By, class F>
void for_each_value(const typename By::record_type& record, F&& f) {
    if constexpr (detail::is_by_id<By>) {
        f(key_of(record));
    } else if constexpr (requires { By::values(record); }) {
        for (auto&& value : By::values(record))
            f(normalised<By>(std::move(value)));
    } else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(record.*By::member)>, typename By::value_type>) {
        f(normalised<By>(record.*By::member));
    } else if (record.*By::member) {
        f(normalised<By>(*(record.*By::member)));
    }
}

/// Whether a record answers to a normalised value of an index.
template<IndexTag By>
bool answers_to(const typename By::record_type& record, const typename By::value_type& value) {
    bool found = false;
    for_each_value<By>(record, [&](const typename By::value_type& own) { found = found || own == value; });
    return found;
}

} // namespace understudy
