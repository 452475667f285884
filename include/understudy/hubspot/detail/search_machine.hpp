#pragma once

#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/json.hpp>
#include <understudy/hubspot/object.hpp>
#include <understudy/hubspot/record_codec.hpp>
#include <understudy/index.hpp>
#include <understudy/reading.hpp>
#include <understudy/store.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

// The vendor's limits of one search ("Search the CRM").
inline constexpr std::size_t max_search_values = 100;
inline constexpr std::size_t max_search_body = 3'000;
inline constexpr int search_page = 200;
// 10,000 results in pages of 200.
inline constexpr std::size_t max_search_pages = 50;

inline std::string ascii_lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

inline boost::json::string_view json_view(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

/// The body of a search for the records whose property is one of the values.
inline std::string search_body(std::string_view property, const std::vector<std::string>& values,
                               std::string_view after) {
    boost::json::array list;
    for (const auto& value : values)
        list.emplace_back(json_view(value));
    boost::json::object filter{{"propertyName", json_view(property)}, {"operator", "IN"}, {"values", std::move(list)}};
    boost::json::object group{{"filters", boost::json::array{std::move(filter)}}};
    boost::json::object body{{"filterGroups", boost::json::array{std::move(group)}},
                             {"properties", boost::json::array{json_view(property)}},
                             {"limit", search_page}};
    if (!after.empty())
        body.emplace("after", json_view(after));
    return boost::json::serialize(body);
}

/// Groups of values whose searches keep within the limits; a value that fits no search is left out.
inline std::vector<std::vector<std::string>> split_for_search(std::string_view property,
                                                              const std::vector<std::string>& values) {
    const auto base = search_body(property, {}, "10000").size();
    std::vector<std::vector<std::string>> groups;
    std::size_t size = max_search_body;
    for (const auto& value : values) {
        const auto more = boost::json::serialize(boost::json::string{value.data(), value.size()}).size() + 1;
        if (base + more > max_search_body)
            continue;
        if (groups.empty() || size + more > max_search_body || groups.back().size() == max_search_values) {
            groups.emplace_back();
            size = base;
        }
        groups.back().push_back(value);
        size += more;
    }
    return groups;
}

/// Finds the candidates of any number of values.
///
/// The index lags and shows the record as it is now: a hit need not be one, so it is compared again.
template<HubspotRecord R, IndexTag By>
class SearchMachine final : public Machine {
public:
    using signature = SearchSignature<R>;

    explicit SearchMachine(const std::vector<typename By::value_type>& values)
        : property_{property_name<By::member>()} {
        std::vector<std::string> unique;
        for (const auto& value : values) {
            auto text = folded(encode_property(normalised<By>(value)));
            const auto [at, added] = found_.try_emplace(text);
            order_.push_back(&at->second);
            if (added && may_be_value(text))
                unique.push_back(std::move(text));
        }
        groups_ = split_for_search(property_, unique);
    }

    /// One search after the other: they have a small allowance of their own.
    std::optional<AnyCall> next() override {
        if (searching_ || error_ || group_ == groups_.size())
            return std::nullopt;
        searching_ = true;
        return Search{search_body(property_, groups_[group_], after_), [this](error_code error, const Page& page) {
                          searching_ = false;
                          error_ = error ? error : on_page(page);
                      }};
    }

    /// Why the search failed.
    error_code error() const noexcept { return error_; }

    /// The candidates for each value, in the order asked; nothing if there was an `error`.
    std::vector<std::vector<Candidate<R>>> result() const {
        std::vector<std::vector<Candidate<R>>> result;
        if (error_)
            return result;
        result.reserve(order_.size());
        for (const auto* found : order_)
            result.push_back(*found);
        return result;
    }

private:
    // Returns what is wrong with the answer, if anything.
    error_code on_page(const Page& page) {
        for (const auto& object : page.objects) {
            const auto text = text_at(object.properties, property_);
            auto key = PropertyCodec<key_t<R>>::read(object.id);
            const auto at = found_.find(folded(std::string{text}));
            if (!key || at == found_.end() || text.empty())
                continue;
            const Candidate<R> candidate{std::move(*key), object.version};
            if (std::ranges::find(at->second, candidate.id, &Candidate<R>::id) == at->second.end())
                at->second.push_back(candidate);
        }
        if (!page.after) {
            ++group_;
            pages_ = 0;
            after_.clear();
        } else if (++pages_ >= max_search_pages) {
            return Errc::malformed_answer;
        } else {
            after_ = *page.after;
        }
        return {};
    }

    // HubSpot compares texts without regard to case, and wants them in lower case here; the options of an enumeration
    // it compares as they are.
    static std::string folded(std::string text) {
        if constexpr (std::same_as<typename By::value_type, std::string>)
            return ascii_lower(text);
        else
            return text;
    }

    std::string_view property_;
    std::map<std::string, std::vector<Candidate<R>>, std::less<>> found_;
    std::vector<const std::vector<Candidate<R>>*> order_;
    std::vector<std::vector<std::string>> groups_;
    std::size_t group_ = 0;
    std::size_t pages_ = 0;
    std::string after_;
    bool searching_ = false;
    error_code error_{};
};

} // namespace understudy::hubspot::detail
