#pragma once

#include <understudy/hubspot/object.hpp>
#include <understudy/hubspot/object_traits.hpp>
#include <understudy/hubspot/property_codec.hpp>
#include <understudy/partial.hpp>
#include <understudy/patch.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace understudy::hubspot {

/// What an object says of a record, and what is wrong with it.
template<HubspotRecord R>
struct DecodedObject {
    Partial<R> partial{};
    /// Properties that were asked for and are not in the answer at all: either they have no value or they are not
    /// defined.
    std::vector<std::string> absent{};
    /// Properties without a value whose member must have one.
    std::vector<std::string> without_value{};
    /// Properties whose value is of another type than the member.
    std::vector<std::string> wrong{};
    /// The same of members that `ObjectTraits` calls typed by hand: they have no value.
    std::vector<std::string> unreadable{};
    /// The id is no key.
    bool wrong_id = false;
    /// Some property of the record is an explicit null: this account writes null for what has no value.
    bool writes_null = false;
};

/// Reads an object. Never throws, whatever the server sent.
///
/// A text is read by the member's codec; null is "no value"; a property that is not there is missing in the partial, as
/// are the links.
template<HubspotRecord R>
DecodedObject<R> decode_object(const Object& object) {
    DecodedObject<R> decoded;
    constexpr auto key = RecordTraits<R>::key;
    if (auto id = PropertyCodec<key_t<R>>::read(object.id))
        decoded.partial.template set<key>(std::move(*id));
    else
        decoded.wrong_id = true;

    for_each_property<R>([&](auto descriptor, std::string_view name) {
        constexpr auto pointer = decltype(descriptor)::pointer;
        using T = typename understudy::detail::member_pointer<std::remove_const_t<decltype(pointer)>>::value_type;
        const auto* value = object.properties.if_contains({name.data(), name.size()});
        if (!value) {
            decoded.absent.emplace_back(name);
            return;
        }
        T member{};
        Decoded result = Decoded::wrong;
        decoded.writes_null = decoded.writes_null || value->is_null();
        if (value->is_null())
            result = Decoded::no_value;
        else if (const auto* text = value->if_string())
            result = decode_property(std::string_view{text->data(), text->size()}, member);
        if constexpr (detail::is_typed_by_hand<pointer>) {
            static_assert(detail::is_optional<T>, "a member that is typed by hand must be able to have no value");
            if (result == Decoded::wrong) {
                decoded.unreadable.emplace_back(name);
                result = Decoded::no_value;
            }
        }
        if (result == Decoded::wrong)
            decoded.wrong.emplace_back(name);
        else if (result == Decoded::no_value && !detail::is_optional<T>)
            decoded.without_value.emplace_back(name);
        else
            decoded.partial.template set<pointer>(std::move(member));
    });
    return decoded;
}

/// Fills in "no value" for the absent properties, once it is certain that the account defines them all.
template<HubspotRecord R>
void absent_is_no_value(DecodedObject<R>& decoded) {
    for_each_property<R>([&](auto descriptor, std::string_view name) {
        constexpr auto pointer = decltype(descriptor)::pointer;
        using T = typename understudy::detail::member_pointer<std::remove_const_t<decltype(pointer)>>::value_type;
        if (std::erase(decoded.absent, name) == 0)
            return;
        if constexpr (detail::is_optional<T>)
            decoded.partial.template set<pointer>(T{});
        else
            decoded.without_value.emplace_back(name);
    });
}

/// The `properties` of a write: the members that the patch sets, each as a text. A member without a value is written as
/// the empty text, which clears the property; never as null, whose meaning is not documented.
///
/// Links are no properties, so the record's traits must call them links, or read-only: a patch that sets one does not
/// compile.
template<HubspotRecord R>
boost::json::object encode_patch(const Patch<R>& patch) {
    for_each_link<R>([](auto, auto link) {
        static_assert(!is_writable<decltype(link)::member>,
                      "a linked member is not written as a property: list it in RecordTraits<R>::links, or read_only");
    });
    boost::json::object properties;
    patch.for_each([&](auto descriptor, const auto& value) {
        if constexpr (is_property<decltype(descriptor)::pointer>) {
            constexpr auto name = property_name<decltype(descriptor)::pointer>();
            properties.emplace(boost::json::string_view{name.data(), name.size()}, encode_property(value));
        }
    });
    return properties;
}

} // namespace understudy::hubspot
