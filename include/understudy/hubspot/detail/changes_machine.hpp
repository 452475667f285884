#pragma once

#include <understudy/hubspot/detail/search_machine.hpp>
#include <understudy/listing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

inline constexpr std::string_view id_property = "hs_object_id";

/// The body of a search that is sorted by one property and shows another, for the records that a filter lets through.
inline boost::json::object sorted_search(std::string_view sorted_by, bool ascending, std::string_view shown,
                                         int limit) {
    boost::json::object sort{{"propertyName", json_view(sorted_by)},
                             {"direction", ascending ? "ASCENDING" : "DESCENDING"}};
    return {{"sorts", boost::json::array{std::move(sort)}},
            {"properties", boost::json::array{json_view(shown)}},
            {"limit", limit}};
}

/// The body of a search for what has changed since a moment, in milliseconds since 1970, by ascending id.
inline std::string changes_body(std::string_view stamp, std::int64_t since, std::string_view after_id,
                                std::string_view after) {
    // A moment of 0 is answered with 500 (estuary/connectors, source-hubspot-native).
    constexpr std::int64_t first_moment = 1'000;
    boost::json::array filters;
    filters.push_back({{"propertyName", json_view(stamp)},
                       {"operator", "GTE"},
                       {"value", std::to_string(std::max(since, first_moment))}});
    if (!after_id.empty())
        filters.push_back(
            {{"propertyName", json_view(id_property)}, {"operator", "GT"}, {"value", json_view(after_id)}});
    boost::json::object group{{"filters", std::move(filters)}};
    auto body = sorted_search(id_property, true, stamp, search_page);
    body.emplace("filterGroups", boost::json::array{std::move(group)});
    if (!after.empty())
        body.emplace("after", json_view(after));
    return boost::json::serialize(body);
}

/// Finds pages of what has changed.
///
/// A page begins after an id and not at an offset: no query's results come near the 10,000 that a search gives, and
/// nothing moves between pages, for ids do not change. Hits are not compared again: the index shows the record as it is
/// now, whose stamp may be older than the one that it was found by.
template<HubspotRecord R>
class ChangesMachine final : public Machine {
public:
    using signature = ChangesSignature<R>;

    explicit ChangesMachine(std::vector<ChangesQuery<R>> queries)
        : queries_{std::move(queries)} {
        begin();
    }

    /// One search after the other: they have a small allowance of their own.
    std::optional<AnyCall> next() override {
        if (searching_ || error_ || pages_.size() == queries_.size())
            return std::nullopt;
        searching_ = true;
        const auto since = static_cast<std::int64_t>(queries_[pages_.size()].since);
        return Search{changes_body(last_modified_property<R>(), since, from_, offset_),
                      [this](error_code error, const Page& page) {
                          searching_ = false;
                          error_ = error ? error : on_page(page);
                      }};
    }

    /// Why nothing at all was learned; success if something was.
    error_code error() const noexcept { return pages_.empty() ? error_ : error_code{}; }

    /// One page for each query, in that order; nothing if there was an `error`.
    std::vector<ChangesPage<R>> result() {
        if (!error())
            pages_.resize(queries_.size(), ChangesPage<R>::failure(error_));
        return std::move(pages_);
    }

private:
    void begin() {
        offset_.clear();
        if (pages_.size() < queries_.size()) {
            const auto& after = queries_[pages_.size()].after;
            from_ = after ? encode_property(*after) : std::string{};
        }
    }

    // Returns what is wrong with the answer, if anything.
    error_code on_page(const Page& page) {
        ChangesPage<R> found;
        auto last = from_;
        for (const auto& object : page.objects) {
            auto key = PropertyCodec<key_t<R>>::read(object.id);
            if (!key || !may_be_id(object.id))
                return complain("an id is none");
            if (!last.empty() && !id_less(last, object.id))
                return complain("ids do not ascend");
            if (object.version == no_version)
                return complain("a record has no stamp");
            last = object.id;
            found.candidates.push_back({std::move(*key), object.version});
        }
        // What is archived by now is left out of a page, which may thus show less than was found, or nothing.
        if (found.candidates.empty() && page.after) {
            if (*page.after == offset_)
                return complain("a page is its own successor");
            offset_ = *page.after;
            return {};
        }
        if (page.after || page.objects.size() >= search_page)
            found.next = found.candidates.back().id;
        pages_.push_back(std::move(found));
        begin();
        return {};
    }

    error_code complain(std::string_view why) {
        ErrorDetail problem;
        problem.error = Errc::malformed_answer;
        problem.reason = "the search for changes: " + std::string{why};
        problems_.push_back(problem);
        return problem.error;
    }

    std::vector<ChangesQuery<R>> queries_;
    std::vector<ChangesPage<R>> pages_;
    std::string from_;
    std::string offset_;
    bool searching_ = false;
    error_code error_{};
};

} // namespace understudy::hubspot::detail
