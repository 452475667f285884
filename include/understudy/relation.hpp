#pragma once

#include <understudy/index.hpp>
#include <understudy/record.hpp>

#include <compare>
#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace understudy {

/// Which records of one type belong to a record of another. Derive a tag from it and give it a name:
///
///     struct OrdersOfCustomer : Relation<Customer, &Order::customer_id> {
///         static constexpr std::string_view name = "orders_of_customer";
///     };
///
/// The member holds the key of the parent; without a value the record belongs to none. A relation is an index that is
/// not unique: the records that answer to one value are a *set*, which `ReadThroughCache::async_get_set` reads.
template<Record Parent, auto Pointer>
struct Relation : Index<Pointer> {
    using parent_type = Parent;
    static constexpr bool is_unique = false;
    static_assert(std::is_same_v<typename Index<Pointer>::value_type, key_t<Parent>>,
                  "the member of a Relation must hold a key of the parent, or std::optional of one");
};

/// The name of the only set of a `Whole` relation.
struct Everything {
    friend constexpr auto operator<=>(const Everything&, const Everything&) = default;
};

/// All records of a type as one set.
///
///     struct AllExams : Whole<Exam> {
///         static constexpr std::string_view name = "all_exams";
///     };
template<Record R>
struct Whole {
    using record_type = R;
    using value_type = Everything;
    static constexpr bool is_unique = false;
    static std::vector<Everything> values(const R&) { return {Everything{}}; }
};

namespace detail {

template<class By>
inline constexpr bool is_whole = std::is_same_v<typename By::value_type, Everything>;

} // namespace detail

} // namespace understudy

template<>
struct std::hash<understudy::Everything> {
    std::size_t operator()(understudy::Everything) const noexcept { return 0; }
};
