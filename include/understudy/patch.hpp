#pragma once

#include <understudy/record.hpp>

#include <bitset>
#include <utility>

namespace understudy {

/// What to write to a record: some members and their new values. A member that may not be written (the key, and those
/// that the record's traits call read-only) does not compile.
template<Record R>
class Patch {
public:
    using record_type = R;

    template<auto Pointer>
    requires is_writable<Pointer> Patch& set(typename detail::member_pointer<decltype(Pointer)>::value_type value) {
        values_.*Pointer = std::move(value);
        present_.set(index_of_member<Pointer>());
        return *this;
    }

    template<auto Pointer>
    bool has() const noexcept {
        return present_[index_of_member<Pointer>()];
    }

    bool empty() const noexcept { return present_.none(); }

    /// Calls `f(descriptor, value)` for each member that the patch sets.
    template<class F>
    void for_each(F&& f) const {
        std::size_t at = 0;
        for_each_member<R>([&](auto descriptor) {
            if (present_[at++])
                f(descriptor, values_.*descriptor.pointer);
        });
    }

    /// Writes the patch over a record; members that it does not set keep their values.
    void apply_to(R& record) const {
        for_each([&](auto descriptor, const auto& value) { record.*descriptor.pointer = value; });
    }

    friend bool operator==(const Patch&, const Patch&) = default;

private:
    R values_{};
    std::bitset<member_count<R>> present_{};
};

} // namespace understudy
