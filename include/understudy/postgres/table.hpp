#pragma once

#include <understudy/index.hpp>
#include <understudy/postgres/codec.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include <boost/mp11/list.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace understudy::postgres {

/// A list of index tags.
template<IndexTag... By>
using Indexes = boost::mp11::mp_list<By...>;

/// Says where the rows of a record type are kept. Specialise it beside the record:
///
///     template<>
///     struct understudy::postgres::TableTraits<Customer> {
///         static constexpr std::string_view table = "customers";
///         using indexes = Indexes<ByEmail>; // whose values are noted absent or looked up; may be left out
///         using relations = Indexes<CustomersOfTown>; // whose sets are asked for; needed if records are written, and
///                                                     // may be left out otherwise
///     };
///
/// The table has one column for each member, of the same name and of the type that `Codec` gives, every one but the
/// key nullable (a key that was only hinted at has a row and no values), the key as its primary key, and the sync
/// columns:
///
///     version BIGINT NOT NULL, ticket BIGINT NOT NULL, as_of BIGINT NOT NULL DEFAULT 0,
///     mark SMALLINT NOT NULL, state SMALLINT NOT NULL,
///     merged_into <the key's type>, synced_at TIMESTAMPTZ,
///     lag_reads SMALLINT NOT NULL, lag_version BIGINT, lag_since TIMESTAMPTZ
///
/// Beside it, in the same schema, a sequence `understudy_ticket` (CACHE 1) and the tables
///
///     understudy_lookups(kind TEXT COLLATE "C", value TEXT COLLATE "C", ticket BIGINT NOT NULL,
///         mark SMALLINT NOT NULL DEFAULT 0, synced_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (kind, value))
///     understudy_sets(kind TEXT COLLATE "C", parent TEXT COLLATE "C", ticket BIGINT NOT NULL, as_of BIGINT NOT NULL,
///         mark SMALLINT NOT NULL, synced_at TIMESTAMPTZ, PRIMARY KEY (kind, parent))
///
/// the latter if sets are asked for, or `async_check_identity` is called. `kind` is the table's name, a dot, and the
/// tag's; `parent` is the value that the members of the set answer to, as text, and empty for a `Whole`.
///
/// A relation that is asked for needs an index on its column, `CREATE INDEX ON orders (customer_id) WHERE state = 1`
/// for instance (1 is `live`): every look-up of a set visits all its members, if only to see that none is in doubt.
/// That of a `Whole` therefore visits every row of the table: it is for types of few thousand records.
///
/// Rows that are to be read again are found by `CREATE INDEX ON orders (ticket) WHERE mark <> 0`.
///
/// A table that a reconciler goes through needs `pass_ddl` beside it and, if its keys are texts, a key that is
/// `COLLATE "C"`; if they are `numeric_keys`, also `CREATE INDEX ON orders (length(id), id)`.
template<class R>
struct TableTraits;

/// Says in SQL which rows answer to a value of an index. Needed for a tag that has `normalise` or `values` of its own;
/// for any other tag the column simply equals the value.
///
///     template<>
///     struct understudy::postgres::IndexTraits<ByEmail> {
///         static std::string matches(std::string_view row, std::string_view value) {
///             return "lower(" + std::string{row} + ".email) = " + std::string{value};
///         }
///     };
///
/// `row` is the alias of the table, `value` the expression for the normalised value. It must say the same as the tag
/// does in C++, in a form for which the table has an index.
template<class By>
struct IndexTraits;

namespace detail {

template<class R>
struct table_indexes {
    using type = Indexes<>;
};
template<class R>
requires requires {
    typename TableTraits<R>::indexes;
}
struct table_indexes<R> {
    using type = typename TableTraits<R>::indexes;
};

template<class R>
struct table_relations {
    using type = Indexes<>;
};
template<class R>
requires requires {
    typename TableTraits<R>::relations;
}
struct table_relations<R> {
    using type = typename TableTraits<R>::relations;
};

template<class R>
constexpr bool members_are_storable() {
    bool all = true;
    for_each_member<R>([&](auto descriptor) {
        using Member = std::remove_cvref_t<decltype(std::declval<R>().*descriptor.pointer)>;
        all = all && Storable<Member>;
    });
    return all;
}

inline constexpr std::array<std::string_view, 10> sync_columns{
    "version", "ticket", "as_of", "mark", "state", "merged_into", "synced_at", "lag_reads", "lag_version", "lag_since"};

template<class R>
constexpr bool members_clash_with_sync_columns() {
    bool clash = false;
    for_each_member<R>([&](auto descriptor) {
        clash = clash || std::find(sync_columns.begin(), sync_columns.end(), std::string_view{descriptor.name}) !=
                             sync_columns.end();
    });
    return clash;
}

// Values of an index whose text in C++ and in SQL is the same, in any session.
template<class T>
concept NoteValue = std::same_as<T, std::string> || std::integral<T> || DescribedEnum<T>;

// What is sent to the database for a value.
template<class By>
using index_value_t = std::conditional_t<understudy::detail::is_whole<By>, std::string, typename By::value_type>;

// What an index is called in the tables of absences and of sets.
template<IndexTag By>
std::string kind_of() {
    return std::string{TableTraits<typename By::record_type>::table} + "." + std::string{By::name};
}

// How a value is written into the table of absences.
template<NoteValue T>
std::string note_text(const T& value) {
    if constexpr (std::same_as<T, std::string>) {
        return value;
    } else if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
        return std::to_string(value);
    } else {
        std::string text;
        static_cast<void>(Codec<T>::encode(value, text));
        return text;
    }
}

} // namespace detail

/// A record whose rows can be kept in a table.
template<class R>
concept Mirrored = Record<R> && Storable<key_t<R>> && !detail::nullable<key_t<R>>::value &&
                   detail::members_are_storable<R>() && !detail::members_clash_with_sync_columns<R>() && requires {
    { TableTraits<R>::table } -> std::convertible_to<std::string_view>;
};

} // namespace understudy::postgres
