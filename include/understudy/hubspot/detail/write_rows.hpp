#pragma once

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

template<HubspotRecord R>
std::vector<NewAssociation> associations_of(const R& record, const ObjectParams<R>& params) {
    std::vector<NewAssociation> associations;
    for_each_link<R>([&](auto place, auto link) {
        if (link.where && !link.where(record))
            return;
        const auto& known = params.links()[place];
        const auto add = [&](const std::string& id) {
            if (!id.empty())
                associations.push_back({id, known.category, known.type_id});
        };
        constexpr auto member = decltype(link)::member;
        using T = typename decltype(link)::member_type;
        if constexpr (is_to_many<T>) {
            for (const auto& id : record.*member)
                add(id);
        } else if constexpr (is_optional<T>) {
            if (record.*member)
                add(*(record.*member));
        } else {
            add(record.*member);
        }
    });
    return associations;
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
