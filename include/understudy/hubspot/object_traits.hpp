#pragma once

#include <understudy/record.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace understudy::hubspot {

/// Says what a record type is called in HubSpot. Specialise it beside the record:
///
///     template<>
///     struct understudy::hubspot::ObjectTraits<Booking> {
///         static constexpr std::string_view object_type = "2-50158943"; // the default: every portal has its own
///         static constexpr std::tuple names{Named<&Booking::status>{"is_active"}}; // may be left out
///         static constexpr std::string_view last_modified = "hs_lastmodifieddate"; // may be left out
///     };
///
/// Every member but the key is a property, called what the member is called unless `names` says otherwise. The key is
/// the record's top-level id.
template<class R>
struct ObjectTraits;

/// The name of one member's property.
template<auto Pointer>
struct Named {
    std::string_view name;
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

} // namespace detail

/// Whether a member is a property: every one but the key is.
template<auto Pointer>
inline constexpr bool is_property = [] {
    using R = typename understudy::detail::member_pointer<decltype(Pointer)>::record_type;
    return !understudy::detail::same_member<Pointer, RecordTraits<R>::key>();
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
