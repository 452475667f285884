#pragma once

#include <understudy/observation.hpp>
#include <understudy/pass_report.hpp>
#include <understudy/record_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::detail {

// Where passes stand, as the text that a replica keeps for them. What cannot be read counts as nothing: the pass begins
// anew.

template<Record R>
struct KeyRange {
    std::optional<key_t<R>> from{};
    std::optional<key_t<R>> until{};
};

// What is left of a full pass.
template<Record R>
struct FullPosition {
    std::vector<KeyRange<R>> ranges{};
    std::optional<key_t<R>> last{};
    std::vector<key_t<R>> missing{};
    PassReport report{};

    bool done() const noexcept { return ranges.empty() && missing.empty(); }
};

// How far incremental passes came, and what is left of one that was interrupted.
template<Record R>
struct IncrementalPosition {
    // The window that is being read: what the index has from this stamp on, after this key.
    Version since = no_version;
    std::optional<key_t<R>> after{};
    // The latest stamp that was seen when the last complete window was begun, and when this one was.
    Version anchor = no_version;
    Version next_anchor = no_version;
    std::int64_t overlap = 0; // milliseconds
    PassReport report{};
};

inline void put_counts(boost::json::object& json, const PassReport& report) {
    json["counts"] = boost::json::array{report.pages,          report.records,      report.changed,
                                        report.deletes_wanted, report.deletes_done, report.failed};
}

class PositionReader {
public:
    explicit PositionReader(std::string_view text) {
        boost::system::error_code error;
        auto parsed = boost::json::parse(boost::json::string_view{text.data(), text.size()}, error);
        if (auto* object = error ? nullptr : parsed.if_object())
            json_ = std::move(*object);
        else
            good_ = false;
    }

    bool good() const noexcept { return good_; }

    template<class T>
    void read(std::string_view name, T& value) {
        const auto* json = find(name);
        good_ = good_ && json && JsonCodec<T>::read(*json, value);
    }
    template<Record R>
    void read_key(const boost::json::value& json, std::optional<key_t<R>>& key) {
        if (json.is_null())
            return key.reset();
        key.emplace();
        good_ = good_ && JsonCodec<key_t<R>>::read(json, *key);
    }
    template<Record R>
    void find_key(std::string_view name, std::optional<key_t<R>>& key) {
        if (const auto* json = find(name))
            read_key<R>(*json, key);
        else
            good_ = false;
    }
    void read_counts(PassReport& report) {
        std::vector<std::uint64_t> counts;
        for_each("counts", [&](const boost::json::value& json) {
            good_ = good_ && JsonCodec<std::uint64_t>::read(json, counts.emplace_back());
        });
        if (!(good_ = good_ && counts.size() == 6))
            return;
        report.pages = counts[0];
        report.records = counts[1];
        report.changed = counts[2];
        report.deletes_wanted = counts[3];
        report.deletes_done = counts[4];
        report.failed = counts[5];
    }
    template<class F>
    void for_each(std::string_view name, F f) {
        const auto* json = find(name);
        const auto* array = json ? json->if_array() : nullptr;
        good_ = good_ && array;
        for (std::size_t i = 0; good_ && i < array->size(); ++i)
            f((*array)[i]);
    }

    void spoil() noexcept { good_ = false; }

private:
    const boost::json::value* find(std::string_view name) const {
        return json_.if_contains(boost::json::string_view{name.data(), name.size()});
    }

    boost::json::object json_;
    bool good_ = true;
};

template<Record R>
boost::json::value key_json(const std::optional<key_t<R>>& key) {
    return key ? JsonCodec<key_t<R>>::write(*key) : boost::json::value{};
}

template<Record R>
std::string text_of(const FullPosition<R>& position) {
    boost::json::array ranges;
    for (const auto& range : position.ranges)
        ranges.emplace_back(boost::json::array{key_json<R>(range.from), key_json<R>(range.until)});
    boost::json::array missing;
    for (const auto& key : position.missing)
        missing.emplace_back(JsonCodec<key_t<R>>::write(key));
    boost::json::object json{
        {"ranges", std::move(ranges)}, {"last", key_json<R>(position.last)}, {"missing", std::move(missing)}};
    put_counts(json, position.report);
    return boost::json::serialize(json);
}

template<Record R>
std::optional<FullPosition<R>> read_full_position(std::string_view text) {
    PositionReader reader{text};
    FullPosition<R> position;
    reader.for_each("ranges", [&](const boost::json::value& json) {
        const auto* ends = json.if_array();
        if (!ends || ends->size() != 2)
            return reader.spoil();
        auto& range = position.ranges.emplace_back();
        reader.template read_key<R>((*ends)[0], range.from);
        reader.template read_key<R>((*ends)[1], range.until);
    });
    reader.template find_key<R>("last", position.last);
    reader.for_each("missing", [&](const boost::json::value& json) {
        std::optional<key_t<R>> key;
        reader.template read_key<R>(json, key);
        if (key)
            position.missing.push_back(std::move(*key));
        else
            reader.spoil();
    });
    reader.read_counts(position.report);
    return reader.good() ? std::optional{std::move(position)} : std::nullopt;
}

template<Record R>
std::string text_of(const IncrementalPosition<R>& position) {
    boost::json::object json{{"since", static_cast<std::int64_t>(position.since)},
                             {"after", key_json<R>(position.after)},
                             {"anchor", static_cast<std::int64_t>(position.anchor)},
                             {"next_anchor", static_cast<std::int64_t>(position.next_anchor)},
                             {"overlap", position.overlap}};
    put_counts(json, position.report);
    return boost::json::serialize(json);
}

template<Record R>
std::optional<IncrementalPosition<R>> read_incremental_position(std::string_view text) {
    PositionReader reader{text};
    IncrementalPosition<R> position;
    std::int64_t since = 0;
    std::int64_t anchor = 0;
    std::int64_t next_anchor = 0;
    reader.read("since", since);
    reader.read("anchor", anchor);
    reader.read("next_anchor", next_anchor);
    reader.read("overlap", position.overlap);
    reader.template find_key<R>("after", position.after);
    reader.read_counts(position.report);
    position.since = Version{since};
    position.anchor = Version{anchor};
    position.next_anchor = Version{next_anchor};
    return reader.good() ? std::optional{std::move(position)} : std::nullopt;
}

} // namespace understudy::detail
