#pragma once

#include <understudy/hubspot/detail/relink_machine.hpp>
#include <understudy/hubspot/detail/write_machine.hpp>
#include <understudy/hubspot/object_params.hpp>
#include <understudy/hubspot/record_codec.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::hubspot::detail {

// From the writes of the contract to rows.

template<HubspotRecord R>
std::vector<WriteRow> rows_of(const std::vector<Change<R>>& changes) {
    std::vector<WriteRow> rows;
    rows.reserve(changes.size());
    for (const auto& change : changes) {
        auto& row = rows.emplace_back();
        row.input.id = encode_property(change.key);
        row.input.properties = encode_patch(change.patch);
        row.operation = change.operation;
    }
    return rows;
}

/// The ids that a link holds.
template<class T>
std::vector<std::string> ids_in(const T& link) {
    std::vector<std::string> ids;
    if constexpr (is_to_many<T>)
        ids = link;
    else if constexpr (is_optional<T>)
        ids.push_back(link.value_or(std::string{}));
    else
        ids.push_back(link);
    std::erase(ids, std::string{});
    return ids;
}

template<HubspotRecord R>
std::vector<NewAssociation> associations_of(const R& record, const ObjectParams<R>& params) {
    std::vector<NewAssociation> associations;
    for_each_link<R>([&](auto place, auto link) {
        if (link.where && !link.where(record))
            return;
        const auto& known = params.links()[place];
        for (auto& id : ids_in(record.*decltype(link)::member))
            associations.push_back({std::move(id), known.category, known.type_id});
    });
    return associations;
}

template<HubspotRecord R>
std::vector<LinkRow> rows_of(const std::vector<Relinking<R>>& relinkings) {
    std::vector<LinkRow> rows;
    rows.reserve(relinkings.size());
    for (const auto& relinking : relinkings) {
        auto& row = rows.emplace_back();
        row.id = encode_property(relinking.key);
        relinking.links.for_each([&](auto descriptor, const auto& value) {
            constexpr auto pointer = decltype(descriptor)::pointer;
            static_assert(is_link<pointer> || !is_relinkable<pointer>,
                          "a member of RecordTraits<R>::links must be one of ObjectTraits<R>::links");
            if constexpr (is_link<pointer>)
                row.links.push_back({link_place<pointer>, ids_in(value)});
        });
    }
    return rows;
}

/// Whether reading the record will give the links that it is made with: several for one come in an order of their own,
/// and those of a record that can have none are not made.
template<HubspotRecord R>
bool links_certain(const R& record) {
    bool certain = true;
    for_each_link<R>([&](auto, auto link) {
        constexpr auto member = decltype(link)::member;
        const typename decltype(link)::member_type none{};
        if constexpr (is_to_many<typename decltype(link)::member_type>)
            certain = certain && (record.*member).size() <= 1;
        certain = certain && (record.*member == none || !link.where || link.where(record));
    });
    return certain;
}

template<HubspotRecord R>
std::vector<WriteRow> rows_of(const std::vector<Creation<R>>& creations, const ObjectParams<R>& params) {
    std::vector<WriteRow> rows;
    rows.reserve(creations.size());
    for (const auto& creation : creations) {
        auto& row = rows.emplace_back();
        for_each_property<R>([&](auto descriptor, std::string_view name) {
            if constexpr (is_writable<decltype(descriptor)::pointer>)
                if (auto text = encode_property(creation.record.*descriptor.pointer); !text.empty())
                    row.input.properties.emplace(boost::json::string_view{name.data(), name.size()}, std::move(text));
        });
        row.input.associations = associations_of(creation.record, params);
        row.links_certain = links_certain(creation.record);
        row.operation = creation.operation;
    }
    return rows;
}

template<HubspotRecord R>
std::vector<WriteRow> rows_of(const std::vector<key_t<R>>& keys) {
    std::vector<WriteRow> rows;
    rows.reserve(keys.size());
    for (const auto& key : keys)
        rows.emplace_back().input.id = encode_property(key);
    return rows;
}

} // namespace understudy::hubspot::detail
