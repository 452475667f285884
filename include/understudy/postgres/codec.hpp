#pragma once

#include <understudy/date_time.hpp>
#include <understudy/postgres/detail/array_header.hpp>
#include <understudy/postgres/detail/big_endian.hpp>
#include <understudy/postgres/detail/utf8.hpp>
#include <understudy/postgres/error.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace understudy::postgres {

/// How one C++ type travels to and from PostgreSQL, in the server's binary form, which no setting of a session changes.
///
///     static constexpr std::string_view sql_type;                       // as written in SQL
///     static constexpr unsigned oid, array_oid;                         // of catalogue pg_type
///     static error_code encode(const T&, std::string& out);             // appends to out
///     static bool decode(std::string_view bytes, T&);                   // false: no such value
///
/// There is one for `bool`, `std::int16_t`, `std::int32_t`, `std::int64_t`, `double`, `std::string`, `Date`,
/// `Timestamp`, enumerations described with Boost.Describe (stored as TEXT, by name) and `std::vector<std::string>`
/// (TEXT[], without NULLs). `std::optional` of any of them adds NULL. Specialise it for further types.
///
/// PostgreSQL has no arrays of arrays. A type that is itself an array says how it travels inside one, from where SQL
/// casts it:
///
///     static constexpr std::string_view element_type; static constexpr unsigned element_oid;
///     static error_code encode_element(const T&, std::string& out);
template<class T>
struct Codec;

namespace detail {

template<class T, unsigned Oid, unsigned ArrayOid>
struct IntegerCodec {
    static constexpr unsigned oid = Oid;
    static constexpr unsigned array_oid = ArrayOid;
    static error_code encode(T value, std::string& out) {
        put_big_endian(out, value);
        return {};
    }
    static bool decode(std::string_view bytes, T& value) noexcept {
        const auto read = read_big_endian<T>(bytes);
        value = read.value_or(T{});
        return read.has_value();
    }
};

template<class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

// PostgreSQL counts days and microseconds from here.
inline constexpr std::chrono::sys_days epoch = std::chrono::year{2000} / 1 / 1;

template<class T>
struct nullable {
    static constexpr bool value = false;
    using type = T;
};
template<class T>
struct nullable<std::optional<T>> {
    static constexpr bool value = true;
    using type = T;
};

} // namespace detail

template<>
struct Codec<std::int16_t> : detail::IntegerCodec<std::int16_t, 21, 1005> {
    static constexpr std::string_view sql_type = "smallint";
};
template<>
struct Codec<std::int32_t> : detail::IntegerCodec<std::int32_t, 23, 1007> {
    static constexpr std::string_view sql_type = "integer";
};
template<>
struct Codec<std::int64_t> : detail::IntegerCodec<std::int64_t, 20, 1016> {
    static constexpr std::string_view sql_type = "bigint";
};

template<>
struct Codec<bool> {
    static constexpr std::string_view sql_type = "boolean";
    static constexpr unsigned oid = 16;
    static constexpr unsigned array_oid = 1000;
    static error_code encode(bool value, std::string& out) {
        out.push_back(value ? '\1' : '\0');
        return {};
    }
    static bool decode(std::string_view bytes, bool& value) noexcept {
        value = bytes == std::string_view{"\1", 1};
        return value || bytes == std::string_view{"\0", 1};
    }
};

template<>
struct Codec<double> {
    static constexpr std::string_view sql_type = "double precision";
    static constexpr unsigned oid = 701;
    static constexpr unsigned array_oid = 1022;
    static error_code encode(double value, std::string& out) {
        detail::put_big_endian(out, std::bit_cast<std::uint64_t>(value));
        return {};
    }
    static bool decode(std::string_view bytes, double& value) noexcept {
        const auto bits = detail::read_big_endian<std::uint64_t>(bytes);
        value = std::bit_cast<double>(bits.value_or(0));
        return bits.has_value();
    }
};

template<>
struct Codec<std::string> {
    static constexpr std::string_view sql_type = "text";
    static constexpr unsigned oid = 25;
    static constexpr unsigned array_oid = 1009;
    static error_code encode(std::string_view value, std::string& out) {
        if (value.find('\0') != std::string_view::npos)
            return ClientErrc::text_with_nul;
        if (!detail::is_utf8(value))
            return ClientErrc::text_not_utf8;
        out.append(value);
        return {};
    }
    static bool decode(std::string_view bytes, std::string& value) {
        value.assign(bytes);
        return true;
    }
};

template<>
struct Codec<Date> {
    static constexpr std::string_view sql_type = "date";
    static constexpr unsigned oid = 1082;
    static constexpr unsigned array_oid = 1182;
    static error_code encode(Date value, std::string& out) {
        if (!value.ok() || value.year() < std::chrono::year{-4712})
            return ClientErrc::value_out_of_range;
        detail::put_big_endian(out, static_cast<std::int32_t>((std::chrono::sys_days{value} - detail::epoch).count()));
        return {};
    }
    static bool decode(std::string_view bytes, Date& value) noexcept {
        const auto days = detail::read_big_endian<std::int32_t>(bytes);
        // The greatest and least numbers stand for infinity; C++ ends long before PostgreSQL does.
        constexpr std::int32_t last =
            (std::chrono::sys_days{std::chrono::year::max() / 12 / 31} - detail::epoch).count();
        if (!days || *days > last || *days < -last)
            return false;
        value = Date{detail::epoch + std::chrono::days{*days}};
        return true;
    }
};

template<>
struct Codec<Timestamp> {
    static constexpr std::string_view sql_type = "timestamptz";
    static constexpr unsigned oid = 1184;
    static constexpr unsigned array_oid = 1185;
    static error_code encode(Timestamp value, std::string& out) {
        using namespace std::chrono;
        if (value < sys_days{year{-4712} / 1 / 1} || value >= sys_days{year{32767} / 12 / 31})
            return ClientErrc::value_out_of_range;
        detail::put_big_endian(out, std::int64_t{microseconds{value - detail::epoch}.count()});
        return {};
    }
    /// Digits after the third of a second's fraction are cut off.
    static bool decode(std::string_view bytes, Timestamp& value) noexcept {
        using namespace std::chrono;
        const auto count = detail::read_big_endian<std::int64_t>(bytes);
        if (!count || *count == INT64_MAX || *count == INT64_MIN)
            return false;
        value = detail::epoch + floor<milliseconds>(microseconds{*count});
        return true;
    }
};

template<>
struct Codec<std::vector<std::string>> {
    static constexpr std::string_view sql_type = "text[]";
    static constexpr unsigned oid = 1009;
    static constexpr unsigned array_oid = 1009;
    static constexpr std::string_view element_type = "text";
    static constexpr unsigned element_oid = 25;

    static error_code encode(const std::vector<std::string>& values, std::string& out) {
        detail::put_array_header(out, values.size(), false, element_oid);
        for (const auto& value : values) {
            detail::put_big_endian(out, static_cast<std::int32_t>(value.size()));
            if (const auto ec = Codec<std::string>::encode(value, out))
                return ec;
        }
        return {};
    }
    /// Not for arrays of more than one dimension, nor for one that has a NULL.
    static bool decode(std::string_view bytes, std::vector<std::string>& values) {
        const auto take = [&bytes] {
            const auto number = detail::read_big_endian<std::int32_t>(bytes.substr(0, 4));
            bytes.remove_prefix(number ? 4 : bytes.size());
            return number.value_or(-1);
        };
        values.clear();
        const auto dimensions = take();
        take();
        if (take() != static_cast<std::int32_t>(element_oid) || dimensions < 0 || dimensions > 1)
            return false;
        const auto count = dimensions == 0 ? 0 : take();
        if (dimensions == 1)
            take();
        for (std::int32_t i = 0; i < count; ++i) {
            const auto size = take();
            if (size < 0 || static_cast<std::size_t>(size) > bytes.size())
                return false;
            values.emplace_back(bytes.substr(0, static_cast<std::size_t>(size)));
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return count >= 0 && bytes.empty();
    }
    /// As an array is written in SQL: `{"a","b"}`.
    static error_code encode_element(const std::vector<std::string>& values, std::string& out) {
        out += '{';
        for (std::size_t i = 0; i < values.size(); ++i) {
            out += i == 0 ? "\"" : ",\"";
            std::string text;
            if (const auto ec = Codec<std::string>::encode(values[i], text))
                return ec;
            for (const char c : text) {
                if (c == '"' || c == '\\')
                    out += '\\';
                out += c;
            }
            out += '"';
        }
        out += '}';
        return {};
    }
};

template<detail::DescribedEnum T>
struct Codec<T> {
    static constexpr std::string_view sql_type = "text";
    static constexpr unsigned oid = 25;
    static constexpr unsigned array_oid = 1009;
    static error_code encode(T value, std::string& out) {
        error_code ec = ClientErrc::value_out_of_range;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto descriptor) {
            if (ec && descriptor.value == value) {
                out.append(descriptor.name);
                ec = {};
            }
        });
        return ec;
    }
    static bool decode(std::string_view bytes, T& value) noexcept {
        bool found = false;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto descriptor) {
            if (!found && bytes == descriptor.name) {
                value = descriptor.value;
                found = true;
            }
        });
        return found;
    }
};

/// A type that can be stored in a column.
template<class T>
concept Storable = requires(const typename detail::nullable<T>::type& value, typename detail::nullable<T>::type& read,
                            std::string& out) {
    { Codec<typename detail::nullable<T>::type>::sql_type } -> std::convertible_to<std::string_view>;
    { Codec<typename detail::nullable<T>::type>::encode(value, out) } -> std::same_as<error_code>;
    { Codec<typename detail::nullable<T>::type>::decode(std::string_view{}, read) } -> std::same_as<bool>;
};

/// The codec of a type without its `std::optional`.
template<class T>
using codec_of = Codec<typename detail::nullable<T>::type>;

namespace detail {

// How a value travels as an element of an array.
template<class T>
struct ElementCodec {
    static constexpr std::string_view sql_type = codec_of<T>::sql_type;
    static constexpr unsigned oid = codec_of<T>::oid;
    template<class V>
    static error_code encode(const V& value, std::string& out) {
        return codec_of<T>::encode(value, out);
    }
};
template<class T>
requires requires {
    codec_of<T>::element_oid;
}
struct ElementCodec<T> {
    static constexpr std::string_view sql_type = codec_of<T>::element_type;
    static constexpr unsigned oid = codec_of<T>::element_oid;
    template<class V>
    static error_code encode(const V& value, std::string& out) {
        return codec_of<T>::encode_element(value, out);
    }
};

} // namespace detail

} // namespace understudy::postgres
