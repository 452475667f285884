#pragma once

#include <understudy/postgres/codec.hpp>
#include <understudy/postgres/error.hpp>

#include <libpq-fe.h>

#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace understudy::postgres {

/// What a statement returned. Empty for one that failed before it reached a server.
class Result {
public:
    Result() = default;
    explicit Result(PGresult* result) noexcept
        : result_{result} {}

    std::size_t rows() const noexcept { return static_cast<std::size_t>(PQntuples(result_.get())); }
    std::size_t columns() const noexcept { return static_cast<std::size_t>(PQnfields(result_.get())); }

    /// How many rows an INSERT, UPDATE or DELETE touched.
    std::uint64_t affected() const noexcept {
        const std::string_view text = result_ ? PQcmdTuples(result_.get()) : "";
        std::uint64_t count = 0;
        std::from_chars(text.data(), text.data() + text.size(), count);
        return count;
    }

    /// The bytes of a field, nothing if it is NULL. Valid while the result lives.
    std::optional<std::string_view> field(std::size_t row, std::size_t column) const noexcept {
        const int r = static_cast<int>(row);
        const int c = static_cast<int>(column);
        if (PQgetisnull(result_.get(), r, c))
            return std::nullopt;
        return std::string_view{PQgetvalue(result_.get(), r, c),
                                static_cast<std::size_t>(PQgetlength(result_.get(), r, c))};
    }

    /// Reads a field; false if it is not there, has another type, or is NULL where `T` has no room for that.
    template<Storable T>
    bool get(std::size_t row, std::size_t column, T& value) const {
        if (row >= rows() || column >= columns() ||
            PQftype(result_.get(), static_cast<int>(column)) != codec_of<T>::oid)
            return false;
        const auto bytes = field(row, column);
        if constexpr (detail::nullable<T>::value) {
            value.reset();
            return !bytes || codec_of<T>::decode(*bytes, value.emplace());
        } else {
            return bytes && Codec<T>::decode(*bytes, value);
        }
    }

    /// The error of the statement; success if it had none.
    error_code error() const noexcept {
        switch (PQresultStatus(result_.get())) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_SINGLE_TUPLE:
            return {};
        default:
            const char* state = PQresultErrorField(result_.get(), PG_DIAG_SQLSTATE);
            return sqlstate_error(state ? state : "");
        }
    }

    /// What the server said of the failure.
    Diagnostics diagnostics() const {
        const auto text = [&](int part) -> std::string {
            const char* value = PQresultErrorField(result_.get(), part);
            return value ? value : "";
        };
        return {text(PG_DIAG_SQLSTATE),       text(PG_DIAG_MESSAGE_PRIMARY), text(PG_DIAG_MESSAGE_DETAIL),
                text(PG_DIAG_MESSAGE_HINT),   text(PG_DIAG_TABLE_NAME),      text(PG_DIAG_COLUMN_NAME),
                text(PG_DIAG_CONSTRAINT_NAME)};
    }

    PGresult* native_handle() const noexcept { return result_.get(); }

private:
    struct Clear {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

} // namespace understudy::postgres
