#pragma once

#include <understudy/postgres/codec.hpp>

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
            set(start, static_cast<std::int32_t>(bytes_.size() - start - 4));
            ++count_;
        }
    }

    void add_null() {
        detail::put_big_endian(bytes_, std::int32_t{-1});
        has_null_ = true;
        ++count_;
    }

    const error_code& error() const noexcept { return error_; }

    /// The array (PostgreSQL's `array_send`): dimensions, whether it has NULLs, element type, size, lower bound,
    /// elements.
    std::string finish() && {
        if (count_ == 0) {
            bytes_.resize(3 * 4);
            set(0, 0);
        } else {
            set(0, 1);
            set(12, count_);
            set(16, 1);
        }
        set(4, has_null_ ? 1 : 0);
        set(8, static_cast<std::int32_t>(detail::ElementCodec<T>::oid));
        return std::move(bytes_);
    }

private:
    static constexpr std::size_t header_size = 5 * 4;

    void set(std::size_t at, std::int32_t value) {
        std::string number;
        detail::put_big_endian(number, value);
        bytes_.replace(at, 4, number);
    }

    std::string bytes_;
    std::int32_t count_ = 0;
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
