#pragma once

#include <understudy/record.hpp>

#include <bitset>
#include <utility>

namespace understudy {

/// Values of some members of a record: what a `Patch` or `Links` writes.
template<Record R>
class MemberValues {
public:
    using record_type = R;

    template<auto Pointer>
    bool has() const noexcept {
        return present_[index_of_member<Pointer>()];
    }

    bool empty() const noexcept { return present_.none(); }

    /// Calls `f(descriptor, value)` for each member that has a value here.
    template<class F>
    void for_each(F&& f) const {
        std::size_t at = 0;
        for_each_member<R>([&](auto descriptor) {
            if (present_[at++])
                f(descriptor, values_.*descriptor.pointer);
        });
    }

    /// Writes the values over a record; its other members keep theirs.
    void apply_to(R& record) const {
        for_each([&](auto descriptor, const auto& value) { record.*descriptor.pointer = value; });
    }

    /// Takes over what others are; where both have a value, theirs counts.
    void add(const MemberValues& others) {
        others.for_each([this](auto descriptor, const auto& value) { this->put<descriptor.pointer>(value); });
    }

    friend bool operator==(const MemberValues&, const MemberValues&) = default;

protected:
    template<auto Pointer>
    void put(typename detail::member_pointer<decltype(Pointer)>::value_type value) {
        values_.*Pointer = std::move(value);
        present_.set(index_of_member<Pointer>());
    }

private:
    R values_{};
    std::bitset<member_count<R>> present_{};
};

/// What to write to a record: some members and their new values. A member that may not be written (the key, and those
/// that the record's traits call read-only or links) does not compile.
template<Record R>
class Patch : public MemberValues<R> {
public:
    template<auto Pointer>
    static constexpr bool takes = is_writable<Pointer>;

    template<auto Pointer>
    requires is_writable<Pointer> Patch& set(typename detail::member_pointer<decltype(Pointer)>::value_type value) {
        this->template put<Pointer>(std::move(value));
        return *this;
    }
};

/// What a record is to be linked with: some of the members that its traits call links, each with the value that it is
/// to have, whatever it has now.
///
///     Links<Booking>{}.set<&Booking::exam_id>("42")
///
/// Links are members that say with which other records a record is associated, where the source keeps that apart from
/// its properties: they are written with a new record, and changed by themselves (`WriteThroughSync::async_associate`).
template<Record R>
class Links : public MemberValues<R> {
public:
    template<auto Pointer>
    static constexpr bool takes = is_relinkable<Pointer>;

    template<auto Pointer>
    requires is_relinkable<Pointer> Links& set(typename detail::member_pointer<decltype(Pointer)>::value_type value) {
        this->template put<Pointer>(std::move(value));
        return *this;
    }
};

} // namespace understudy
