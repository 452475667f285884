#pragma once

#include <understudy/record.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::hubspot {

/// Says what a record type is called in HubSpot. Specialise it beside the record:
///
///     template<>
///     struct understudy::hubspot::ObjectTraits<Booking> {
///         static constexpr std::string_view object_type = "2-50158943"; // the default: every portal has its own
///         static constexpr std::tuple names{Named<&Booking::status>{"is_active"}}; // may be left out
///         static constexpr std::string_view last_modified = "hs_lastmodifieddate"; // may be left out
///         static constexpr std::string_view operation_property = "last_write";     // may be left out
///         static constexpr std::tuple links{                                       // may be left out
///             Link<&Booking::associated_mock_exam>{.to = "2-50158913", .type_id = 1277}};
///         using typed_by_hand = Members<&Booking::exam_date>;                      // may be left out
///     };
///
/// A member of `typed_by_hand` is an optional whose property takes any text, though only some texts are values: what
/// cannot be read counts as no value, and `Params::on_error` names it. Any other value that cannot be read fails its
/// record, and with it every set that the record belongs to.
///
/// Every member but the key and the links is a property, called what the member is called unless `names` says
/// otherwise. The key is the record's top-level id; a link is filled from associations. `operation_property` is a text
/// that nobody else writes: each write leaves its name there, and is found again by it.
template<class R>
struct ObjectTraits;

/// The name of one member's property.
template<auto Pointer>
struct Named {
    std::string_view name;
};

namespace detail {

template<class T>
inline constexpr bool is_to_many = std::is_same_v<T, std::vector<std::string>>;
template<class T>
inline constexpr bool is_linkable =
    is_to_many<T> || std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>;

} // namespace detail

/// A member that holds the ids of the records that a record is associated with.
///
/// A `std::string` or `std::optional<std::string>` holds one: the smallest by number, if the account holds several
/// (`Params::on_error` is told). A `std::vector<std::string>` holds all, ascending by number.
template<auto Pointer>
struct Link {
    using record_type = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    using member_type = typename understudy::detail::member_pointer<decltype(Pointer)>::value_type;
    static constexpr auto member = Pointer;
    static_assert(detail::is_linkable<member_type>,
                  "a linked member must be a std::string, an optional of one, or a vector of them");

    /// The type of the records at the other end. A default, as both ids are: every portal has its own; see
    /// `ObjectParams`.
    std::string_view to;
    /// The association type from the record to the other end. Associations of other types are not looked at.
    std::int64_t type_id;
    /// The association type from the other end to the record; 0 for any, which does for an association without a label.
    std::int64_t reverse_type_id = 0;
    /// Which records can have such associations at all, as their properties say; others are not asked for any, and have
    /// none. Null for all.
    bool (*where)(const record_type&) = nullptr;
    /// Who defined the association type, as the vendor puts it (`USER_DEFINED` for one with a label of the account's
    /// own): needed to make one.
    std::string_view category = "HUBSPOT_DEFINED";
};

/// A record that HubSpot can hold.
template<class R>
concept HubspotRecord = Record<R> && requires {
    { ObjectTraits<R>::object_type } -> std::convertible_to<std::string_view>;
};

namespace detail {

template<auto Pointer, auto Other>
constexpr void find_name(Named<Other> named, std::string_view& name) {
    if constexpr (understudy::detail::same_member<Pointer, Other>())
        name = named.name;
}

template<class R>
constexpr auto links_of() {
    if constexpr (requires { ObjectTraits<R>::links; })
        return ObjectTraits<R>::links;
    else
        return std::tuple<>{};
}

} // namespace detail

/// How many members of a record are links.
template<class R>
inline constexpr std::size_t link_count = std::tuple_size_v<decltype(detail::links_of<R>())>;

/// Calls `f(place, link)` for each link; `place` is a `std::integral_constant`.
template<HubspotRecord R, class F>
constexpr void for_each_link(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (f(std::integral_constant<std::size_t, I>{}, std::get<I>(detail::links_of<R>())), ...);
    }
    (std::make_index_sequence<link_count<R>>{});
}

/// The place of a member's link among those of the record; `link_count` if it is none.
template<auto Pointer>
inline constexpr std::size_t link_place = [] {
    using R = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    std::size_t found = link_count<R>;
    for_each_link<R>([&](auto place, auto link) {
        if constexpr (understudy::detail::same_member<Pointer, decltype(link)::member>())
            found = place;
    });
    return found;
}();

namespace detail {

template<class R>
struct members_typed_by_hand {
    using type = Members<>;
};
template<class R>
requires requires {
    typename ObjectTraits<R>::typed_by_hand;
}
struct members_typed_by_hand<R> {
    using type = typename ObjectTraits<R>::typed_by_hand;
};

template<auto Pointer>
inline constexpr bool is_typed_by_hand = [] {
    using R = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    return understudy::detail::is_one_of<Pointer>(typename members_typed_by_hand<R>::type{});
}();

} // namespace detail

/// Whether a member is filled from associations.
template<auto Pointer>
inline constexpr bool is_link =
    link_place<Pointer> < link_count<typename understudy::detail::member_pointer<decltype(Pointer)>::record_type>;

/// Whether a member is a property: every one but the key and the links is.
template<auto Pointer>
inline constexpr bool is_property = [] {
    using R = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    return !understudy::detail::same_member<Pointer, RecordTraits<R>::key>() && !is_link<Pointer>;
}();

/// The name of a member's property.
template<auto Pointer>
constexpr std::string_view property_name() {
    using R = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    std::string_view name = name_of_member<Pointer>();
    if constexpr (requires { ObjectTraits<R>::names; })
        std::apply([&](auto... named) { (detail::find_name<Pointer>(named, name), ...); }, ObjectTraits<R>::names);
    return name;
}

/// Calls `f(descriptor, name)` for each member that is a property.
template<HubspotRecord R, class F>
constexpr void for_each_property(F&& f) {
    for_each_member<R>([&](auto descriptor) {
        if constexpr (is_property<decltype(descriptor)::pointer>)
            f(descriptor, property_name<decltype(descriptor)::pointer>());
    });
}

/// The names of a record type's properties, in the order of description.
template<HubspotRecord R>
std::vector<std::string> property_names() {
    std::vector<std::string> names;
    for_each_property<R>([&](auto, std::string_view name) { names.emplace_back(name); });
    return names;
}

/// The property that holds the names of writes; empty if there is none.
template<HubspotRecord R>
constexpr std::string_view operation_property() {
    if constexpr (requires { ObjectTraits<R>::operation_property; })
        return ObjectTraits<R>::operation_property;
    else
        return {};
}

/// The property that says when a record was changed last: `lastmodifieddate` of contacts, `hs_lastmodifieddate` of
/// everything else.
template<HubspotRecord R>
constexpr std::string_view last_modified_property() {
    if constexpr (requires { ObjectTraits<R>::last_modified; })
        return ObjectTraits<R>::last_modified;
    else
        return ObjectTraits<R>::object_type == "0-1" ? "lastmodifieddate" : "hs_lastmodifieddate";
}

} // namespace understudy::hubspot
