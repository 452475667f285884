#pragma once

#include <understudy/hubspot/detail/changes_machine.hpp>
#include <understudy/listing.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Finds the records at the ends of what the index holds, with a search each.
template<HubspotRecord R>
class ExtentMachine final : public Machine {
public:
    using signature = ExtentSignature<R>;

    explicit ExtentMachine(std::vector<Extreme> asked)
        : asked_{std::move(asked)} {}

    std::optional<AnyCall> next() override {
        if (searching_ || error_ || found_.size() == asked_.size())
            return std::nullopt;
        searching_ = true;
        constexpr auto stamp = last_modified_property<R>();
        auto body =
            sorted_search(asked_[found_.size()] == Extreme::latest ? stamp : id_property, false, stamp, page_length);
        if (!offset_.empty())
            body.emplace("after", json_view(offset_));
        return Search{boost::json::serialize(body), [this](error_code error, const Page& page) {
                          searching_ = false;
                          error_ = error ? error : on_page(page);
                      }};
    }

    error_code error() const noexcept { return error_; }

    /// One for each that was asked for, in that order; nothing if there was an `error`.
    std::vector<std::optional<Candidate<R>>> result() {
        return error_ ? std::vector<std::optional<Candidate<R>>>{} : std::move(found_);
    }

private:
    // What is archived by now is left out, so that one result may be none.
    static constexpr int page_length = 10;

    // Returns what is wrong with the answer, if anything.
    error_code on_page(const Page& page) {
        std::optional<Candidate<R>> found;
        for (const auto& object : page.objects) {
            auto key = PropertyCodec<key_t<R>>::read(object.id);
            if (!key || !may_be_id(object.id) || object.version == no_version)
                return Errc::malformed_answer;
            found = {std::move(*key), object.version};
            break;
        }
        if (!found && page.after) {
            if (*page.after == offset_)
                return Errc::malformed_answer;
            offset_ = *page.after;
            return {};
        }
        found_.push_back(std::move(found));
        offset_.clear();
        return {};
    }

    std::vector<Extreme> asked_;
    std::vector<std::optional<Candidate<R>>> found_;
    std::string offset_;
    bool searching_ = false;
    error_code error_{};
};

} // namespace understudy::hubspot::detail
