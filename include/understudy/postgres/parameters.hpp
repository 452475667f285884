#pragma once

#include <understudy/postgres/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres {

/// The elements of one array parameter, in the server's binary form. An element that cannot be encoded leaves its error
/// in `error()`, and the array must not be sent.
template<Storable T>
class ArrayBuilder {
public:
    ArrayBuilder() { bytes_.assign(header_size, '\0'); }

    template<class V>
    void add(const V& value) {
        if constexpr (detail::nullable<V>::value) {
            if (!value)
                return add_null();
            add(*value);
        } else {
            const auto start = bytes_.size();
            bytes_.append(4, '\0');
            if (const auto ec = detail::ElementCodec<T>::encode(value, bytes_); ec && !error_)
                error_ = ec;
            std::string size;
            detail::put_big_endian(size, static_cast<std::int32_t>(bytes_.size() - start - 4));
            bytes_.replace(start, 4, size);
            ++count_;
        }
    }

    void add_null() {
        detail::put_big_endian(bytes_, std::int32_t{-1});
        has_null_ = true;
        ++count_;
    }

    const error_code& error() const noexcept { return error_; }

    /// The array.
    std::string finish() && {
        std::string header;
        detail::put_array_header(header, count_, has_null_, detail::ElementCodec<T>::oid);
        bytes_.replace(0, header_size, header);
        return std::move(bytes_);
    }

private:
    static constexpr std::size_t header_size = 5 * 4;

    std::string bytes_;
    std::size_t count_ = 0;
    bool has_null_ = false;
    error_code error_;
};

/// The values for a statement's `$1`, `$2`, …, with their types, in the server's binary form.
class Parameters {
public:
    Parameters() = default;

    /// Parameters from values; `std::optional` is NULL when empty. Texts may be given as `std::string`.
    template<class... Values>
    static Parameters of(const Values&... values) {
        Parameters parameters;
        (parameters.add(values), ...);
        return parameters;
    }

    template<Storable T>
    Parameters& add(const T& value) {
        if constexpr (detail::nullable<T>::value) {
            if (value)
                return add(*value);
            put(codec_of<T>::oid, std::nullopt);
        } else {
            std::string bytes;
            if (const auto ec = Codec<T>::encode(value, bytes); ec && !error_)
                error_ = ec;
            put(Codec<T>::oid, std::move(bytes));
        }
        return *this;
    }

    template<Storable T>
    Parameters& add(ArrayBuilder<T> array) {
        if (array.error() && !error_)
            error_ = array.error();
        put(codec_of<T>::array_oid, std::move(array).finish());
        return *this;
    }

    template<Storable T>
    Parameters& add(const std::vector<T>& values) {
        ArrayBuilder<T> array;
        for (const auto& value : values)
            array.add(value);
        return add(std::move(array));
    }

    /// The first value that could not be encoded; a request with it fails with this error, nothing sent.
    const error_code& error() const noexcept { return error_; }

    const std::vector<unsigned>& types() const noexcept { return types_; }
    const std::vector<std::optional<std::string>>& values() const noexcept { return values_; }

private:
    void put(unsigned type, std::optional<std::string> bytes) {
        types_.push_back(type);
        values_.push_back(std::move(bytes));
    }

    std::vector<unsigned> types_;
    std::vector<std::optional<std::string>> values_;
    error_code error_;
};

} // namespace understudy::postgres
