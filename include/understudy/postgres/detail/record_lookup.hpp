#pragma once

#include <understudy/index.hpp>
#include <understudy/postgres/row_codec.hpp>

#include <string>
#include <vector>

namespace understudy::postgres::detail {

// Records by the values of an index, for `LookupDesk`; the statement is `TableSql::lookup`.
template<IndexTag By>
struct RecordLookup {
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Answer = Rows<R>;

    static constexpr bool one_row_each = true;

    static error_code check(const Value& value) {
        std::string scratch;
        return Codec<Value>::encode(value, scratch);
    }

    static Parameters parameters(const std::vector<Value>& values) { return Parameters::of(values); }

    static bool read(const Value& value, const Result& result, std::size_t at, Row<R>& row) {
        if constexpr (understudy::detail::is_by_id<By>)
            row.id = value;
        return RowCodec<R>::decode(result, at, row);
    }
};

} // namespace understudy::postgres::detail
