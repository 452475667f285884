#pragma once

#include <understudy/detail/journal_book.hpp>
#include <understudy/journal.hpp>
#include <understudy/record_json.hpp>

#include <boost/crc.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::file::detail {

using understudy::detail::JournalBook;
using Operation = JournalBook::Operation;

// The lines of a journal's file; `file::Journal` says what they look like.

constexpr std::int64_t format_version = 1;

inline std::string checksum_of(std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(crc.checksum()));
    return digits;
}

inline std::string line_of(const boost::json::object& content) {
    const auto text = boost::json::serialize(content);
    return checksum_of(text) + ' ' + text + '\n';
}

// What a line says, without its end; nothing if it is damaged.
inline std::optional<boost::json::object> content_of(std::string_view line) {
    if (line.size() < 9 || line[8] != ' ' || checksum_of(line.substr(9)) != line.substr(0, 8))
        return std::nullopt;
    boost::json::parse_options as_written;
    as_written.allow_invalid_utf8 = true;
    boost::json::error_code error;
    auto value = boost::json::parse({line.data() + 9, line.size() - 9}, error, {}, as_written);
    auto* content = error ? nullptr : value.if_object();
    return content ? std::optional{std::move(*content)} : std::nullopt;
}

// An operation as it is from now on; without one it is forgotten.
inline boost::json::object json_of(const std::string& id, const Operation* operation) {
    boost::json::object json{{"id", id}};
    if (!operation)
        return json;
    const auto& entry = operation->entry;
    const auto put = [&](const char* name, const std::string& text) {
        if (!text.empty())
            json[name] = text;
    };
    json["state"] = JsonCodec<OperationState>::write(entry.state);
    json["fence"] = static_cast<std::uint64_t>(entry.fence);
    json["place"] = operation->place;
    put("kind", entry.intent.kind);
    json["keys"] = JsonCodec<std::vector<std::string>>::write(entry.intent.keys);
    put("request", entry.intent.request);
    put("plan", entry.intent.plan);
    put("cause", entry.cause);
    if (operation->since.count() != 0)
        json["since"] = std::int64_t{operation->since.count()};
    if (operation->reserved)
        json["reserved"] = operation->reservation;
    return json;
}

// Reads what `json_of` wrote: the id, and the operation, if there is one. False: something else.
inline bool read_operation(const boost::json::value& value, std::string& id, std::optional<Operation>& operation) {
    const auto* json = value.if_object();
    const auto read = [&]<class T>(const char* name, T& member) {
        const auto* found = json->if_contains(name);
        return found && JsonCodec<T>::read(*found, member);
    };
    if (!json || !read("id", id))
        return false;
    if (json->size() == 1)
        return true;
    auto& entry = operation.emplace().entry;
    entry.intent.id = id;
    std::uint64_t fence = 0;
    std::int64_t since = 0;
    if (!read("state", entry.state) || !read("fence", fence) || !read("place", operation->place) ||
        !read("keys", entry.intent.keys))
        return false;
    entry.fence = Fence{fence};
    const auto read_text = [&](const char* name, std::string& text) {
        return !json->contains(name) || read(name, text);
    };
    if (!read_text("kind", entry.intent.kind) || !read_text("request", entry.intent.request) ||
        !read_text("plan", entry.intent.plan) || !read_text("cause", entry.cause) ||
        (json->contains("since") && !read("since", since)) || !read_text("reserved", operation->reservation))
        return false;
    operation->since = JournalBook::Instant{since};
    operation->reserved = json->contains("reserved");
    return true;
}

} // namespace understudy::file::detail
