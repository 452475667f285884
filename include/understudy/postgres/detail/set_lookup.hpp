#pragma once

#include <understudy/postgres/row_codec.hpp>
#include <understudy/postgres/table.hpp>
#include <understudy/set_row.hpp>

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace understudy::postgres::detail {

// Sets of one relation, for `LookupDesk`; the statement is `SetSql::lookup`.
template<IndexTag By>
struct SetLookup {
    using R = typename By::record_type;
    using Answer = SetRows<R>;

    struct Value {
        index_value_t<By> value{};
        std::optional<key_t<R>> after;
        std::optional<std::int64_t> most;

        friend auto operator<=>(const Value&, const Value&) = default;
    };

    static constexpr bool one_row_each = false;

    static error_code check(const Value& asked) {
        std::string scratch;
        auto ec = Codec<index_value_t<By>>::encode(asked.value, scratch);
        if (!ec && asked.after)
            ec = Codec<key_t<R>>::encode(*asked.after, scratch);
        return ec;
    }

    static Parameters parameters(const std::vector<Value>& all) {
        ArrayBuilder<index_value_t<By>> values;
        ArrayBuilder<std::optional<key_t<R>>> afters;
        ArrayBuilder<std::optional<std::int64_t>> mosts;
        for (const auto& asked : all) {
            values.add(asked.value);
            afters.add(asked.after);
            mosts.add(asked.most);
        }
        Parameters parameters;
        parameters.add(std::move(values)).add(std::move(afters)).add(std::move(mosts));
        return parameters;
    }

    // What is said of the set itself, and a member of the page, or one in doubt, or none.
    static bool read(const Value&, const Result& result, std::size_t at, SetRow<R>& set) {
        constexpr std::size_t first = RowCodec<R>::width;
        std::optional<std::int64_t> ticket;
        std::optional<std::int64_t> as_of;
        std::optional<std::int16_t> mark;
        std::optional<std::int64_t> age;
        std::optional<bool> paged;
        std::optional<bool> doubt;
        if (!result.get(at, first, ticket) || !result.get(at, first + 1, as_of) || !result.get(at, first + 2, mark) ||
            !result.get(at, first + 3, age) || !result.get(at, first + 4, set.more) ||
            !result.get(at, first + 5, paged) || !result.get(at, first + 6, doubt))
            return false;
        if (ticket) {
            if (!as_of || !mark || *mark < 0 || *mark > static_cast<int>(Mark::dirty))
                return false;
            set.ticket = static_cast<Ticket>(*ticket);
            set.as_of = static_cast<Ticket>(*as_of);
            set.mark = static_cast<Mark>(*mark);
        }
        set.age = std::chrono::milliseconds{std::max<std::int64_t>(age.value_or(0), 0)};
        if (doubt.value_or(false)) {
            auto& one = set.doubts.emplace_back();
            std::int64_t known = 0;
            if (!result.get(at, 2, one.id) || !result.get(at, 5, known))
                return false;
            one.ticket = static_cast<Ticket>(known);
        }
        return !paged.value_or(false) ||
               (RowCodec<R>::decode(result, at, set.members.emplace_back()) && set.members.back().state == State::live);
    }
};

} // namespace understudy::postgres::detail
