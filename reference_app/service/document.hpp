#pragma once

#include "http_message.hpp"

#include <understudy/date_time.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace service {

/// Builds the body of one answer in memory that is released at once.
class Document {
public:
    Document()
        : arena_{buffer_.data(), buffer_.size()}
        , root_{&arena_} {}
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    boost::json::object& root() { return root_; }

    /// `{"success":true,"message":…,"data":…}`; returns the data, to be filled in.
    boost::json::value& begin_success(std::string_view message) {
        root_["success"] = true;
        root_["message"] = message;
        return root_["data"];
    }

    /// `{"success":false,"error":…,"code":…}`.
    void begin_error(std::string_view code, std::string_view message) {
        root_["success"] = false;
        root_["error"] = message;
        root_["code"] = code;
    }

    /// The same as admins are told it: `{"success":false,"error":{"code","message"}}`; returns the error.
    boost::json::object& begin_admin_error(std::string_view code, std::string_view message) {
        root_["success"] = false;
        auto& error = root_["error"].emplace_object();
        error["code"] = code;
        error["message"] = message;
        return error;
    }

    Response answer(unsigned status) const {
        Response response;
        response.status = status;
        response.body = boost::json::serialize(root_);
        return response;
    }

private:
    std::array<unsigned char, 4096> buffer_;
    boost::json::monotonic_resource arena_;
    boost::json::object root_;
};

/// Put a value in its form for the outside, or null where there is none; an empty text is none.
inline void put_optional(boost::json::object& object, std::string_view name, const std::optional<std::string>& text) {
    if (text && !text->empty())
        object[name] = *text;
    else
        object[name] = nullptr;
}
inline void put_optional(boost::json::object& object, std::string_view name,
                         const std::optional<understudy::Date>& date) {
    put_optional(object, name, date ? std::optional{understudy::format_date(*date)} : std::nullopt);
}
inline void put_optional(boost::json::object& object, std::string_view name,
                         const std::optional<understudy::Timestamp>& moment) {
    put_optional(object, name, moment ? std::optional{understudy::format_timestamp(*moment)} : std::nullopt);
}
/// A number, or a truth value.
template<class T>
requires std::is_arithmetic_v<T>
void put_optional(boost::json::object& object, std::string_view name, const std::optional<T>& value) {
    if (value)
        object[name] = *value;
    else
        object[name] = nullptr;
}

} // namespace service
