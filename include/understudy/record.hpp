#pragma once

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace understudy {

/// Says what a described struct is as a record. Specialise it beside the struct:
///
///     struct Customer {
///         std::string id;
///         std::string name;
///         std::optional<int> credits;
///         bool operator==(const Customer&) const = default;
///     };
///     BOOST_DESCRIBE_STRUCT(Customer, (), (id, name, credits))
///
///     template<>
///     struct understudy::RecordTraits<Customer> {
///         static constexpr std::string_view name = "customer"; // as it appears in messages
///         static constexpr auto key = &Customer::id;
///         using read_only = Members<>;                         // members that a patch may not write; may be left out
///         using links = Members<>;                             // see `Links`; may be left out
///         static constexpr auto idempotency_key = &Customer::name; // see `WriteThroughSync`; may be left out
///         static constexpr auto creations_share = &Customer::name; // see `WriteThroughSync`; may be left out
///     };
template<class R>
struct RecordTraits;

/// A list of members, as pointers to members.
template<auto... Pointers>
struct Members {};

namespace detail {

template<class R>
using described_members = boost::describe::describe_members<R, boost::describe::mod_public>;

template<class Pointer>
struct member_pointer;
template<class R, class T>
struct member_pointer<T R::*> {
    using record_type = R;
    using value_type = T;
};

template<class R>
struct read_only_members {
    using type = Members<>;
};
template<class R>
requires requires {
    typename RecordTraits<R>::read_only;
}
struct read_only_members<R> {
    using type = typename RecordTraits<R>::read_only;
};

template<class R>
struct link_members {
    using type = Members<>;
};
template<class R>
requires requires {
    typename RecordTraits<R>::links;
}
struct link_members<R> {
    using type = typename RecordTraits<R>::links;
};

template<auto A, auto B>
constexpr bool same_member() {
    if constexpr (std::is_same_v<decltype(A), decltype(B)>)
        return A == B;
    else
        return false;
}

template<auto Pointer, auto... Pointers>
constexpr bool is_one_of(Members<Pointers...>) {
    return (same_member<Pointer, Pointers>() || ...);
}

} // namespace detail

/// A plain struct that stands for one record of a store: described with Boost.Describe, comparable, default
/// constructible, and with a key. Every member has a value by construction; "no value" is `std::optional` in the
/// member.
template<class R>
concept Record = std::default_initializable<R> && std::equality_comparable<R> && std::movable<R> && requires {
    typename detail::described_members<R>;
    { RecordTraits<R>::name } -> std::convertible_to<std::string_view>;
    requires std::is_member_object_pointer_v<std::remove_const_t<decltype(RecordTraits<R>::key)>>;
};

/// The type of a record's key.
template<class R>
using key_t = typename detail::member_pointer<std::remove_const_t<decltype(RecordTraits<R>::key)>>::value_type;

/// The record's key.
template<Record R>
constexpr const key_t<R>& key_of(const R& record) {
    return record.*RecordTraits<R>::key;
}

/// How many members a record has, the key included.
template<Record R>
inline constexpr std::size_t member_count = boost::mp11::mp_size<detail::described_members<R>>::value;

/// Calls `f(descriptor)` for each member in the order of description; `descriptor.name` is its name,
/// `descriptor.pointer` the pointer to it, both constants.
template<Record R, class F>
constexpr void for_each_member(F&& f) {
    boost::mp11::mp_for_each<detail::described_members<R>>(f);
}

/// The place of a member in the order of description.
template<auto Pointer>
constexpr std::size_t index_of_member() {
    using R = typename detail::member_pointer<decltype(Pointer)>::record_type;
    std::size_t at = 0;
    std::size_t found = member_count<R>;
    for_each_member<R>([&](auto descriptor) {
        if constexpr (detail::same_member<decltype(descriptor)::pointer, Pointer>())
            found = at;
        ++at;
    });
    return found;
}

/// The name of a member.
template<auto Pointer>
constexpr std::string_view name_of_member() {
    using R = typename detail::member_pointer<decltype(Pointer)>::record_type;
    std::string_view name;
    for_each_member<R>([&](auto descriptor) {
        if constexpr (detail::same_member<decltype(descriptor)::pointer, Pointer>())
            name = descriptor.name;
    });
    return name;
}

/// Whether `Links` may write the member: declared as one of the links.
template<auto Pointer>
inline constexpr bool is_relinkable = [] {
    using R = typename detail::member_pointer<decltype(Pointer)>::record_type;
    return detail::is_one_of<Pointer>(typename detail::link_members<R>::type{});
}();

/// Whether a patch may write the member: not the key, not one of the links, and not declared read-only.
template<auto Pointer>
inline constexpr bool is_writable = [] {
    using R = typename detail::member_pointer<decltype(Pointer)>::record_type;
    using read_only = typename detail::read_only_members<R>::type;
    return !detail::same_member<Pointer, RecordTraits<R>::key>() && !is_relinkable<Pointer> &&
           !detail::is_one_of<Pointer>(read_only{});
}();

} // namespace understudy
