#pragma once

#include <understudy/record.hpp>

#include <bitset>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

/// What a source returned of a record: values, and which members were in the answer at all. It never converts to `R` by
/// itself; `complete()` does, when nothing is missing.
///
/// A member that was not returned is missing; one that was returned without a value is `std::nullopt` in an optional
/// member. An empty string and a zero are values like any other.
template<Record R>
class Partial {
public:
    using record_type = R;

    template<auto Pointer>
    bool has() const noexcept {
        return present_[index_of_member<Pointer>()];
    }

    /// The member's value; meaningful only if `has`.
    template<auto Pointer>
    const auto& get() const noexcept {
        return values_.*Pointer;
    }

    template<auto Pointer>
    void set(typename detail::member_pointer<decltype(Pointer)>::value_type value) {
        values_.*Pointer = std::move(value);
        present_.set(index_of_member<Pointer>());
    }

    /// The names of the members that are missing, in the order of description.
    std::vector<std::string_view> missing() const {
        std::vector<std::string_view> names;
        std::size_t at = 0;
        for_each_member<R>([&](auto descriptor) {
            if (!present_[at++])
                names.emplace_back(descriptor.name);
        });
        return names;
    }

    bool is_complete() const noexcept { return present_.all(); }

    /// The record, or nothing if a member is missing.
    std::optional<R> complete() const& {
        if (!is_complete())
            return std::nullopt;
        return values_;
    }
    std::optional<R> complete() && {
        if (!is_complete())
            return std::nullopt;
        return std::move(values_);
    }

    friend bool operator==(const Partial&, const Partial&) = default;

private:
    R values_{};
    std::bitset<member_count<R>> present_{};
};

} // namespace understudy
