#pragma once

#include <understudy/hubspot/object_traits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace understudy::hubspot {

/// What a link is called in one account; see `Link`.
struct LinkParams {
    std::string to{};
    std::int64_t type_id = 0;
    std::int64_t reverse_type_id = 0;
    std::string category = "HUBSPOT_DEFINED";
};

/// What a record type and its links are called in one account. Made with the defaults of the record's traits:
///
///     hubspot::ObjectParams<Booking> params;
///     params.object_type = "2-7";
///     params.link<&Booking::associated_mock_exam>() = {.to = "2-8", .type_id = 41};
template<HubspotRecord R>
class ObjectParams {
public:
    std::string object_type{ObjectTraits<R>::object_type};

    ObjectParams() {
        for_each_link<R>([this](auto place, const auto& link) {
            links_[place] = {std::string{link.to}, link.type_id, link.reverse_type_id, std::string{link.category}};
        });
    }

    template<auto Pointer>
    requires is_link<Pointer> LinkParams& link() noexcept { return links_[link_place<Pointer>]; }
    template<auto Pointer>
    requires is_link<Pointer>
    const LinkParams& link() const noexcept { return links_[link_place<Pointer>]; }

    /// All of them, in the order of the record's traits.
    const std::array<LinkParams, link_count<R>>& links() const noexcept { return links_; }

private:
    std::array<LinkParams, link_count<R>> links_{};
};

} // namespace understudy::hubspot
