#pragma once

#include <understudy/hubspot/detail/listed_pages.hpp>
#include <understudy/listing.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Reads pages of the list of all records, each from a key on, and the links of what they name.
///
/// A record that cannot be read has failed alone. But a page none of whose records could be read, for a reason that
/// passes, has failed itself: it is its links that could not be read, and whoever asked may ask again.
template<HubspotRecord R>
class ListMachine final : public Machine {
public:
    using signature = ListingSignature<R>;

    ListMachine(Portal<R>& portal, const std::vector<ListingQuery<R>>& queries)
        : assembler_{portal, problems_} {
        for (const auto& query : queries)
            parts_.emplace_back(assembler_, problems_, query.from ? encode_property(*query.from) : std::string{});
    }

    std::optional<AnyCall> next() override {
        if (asked_ < parts_.size()) {
            auto& part = parts_[asked_++];
            return ReadPage{part.pages.query(), [this, &part](error_code error, const Page& page) {
                                ++answered_;
                                part.error = error ? error : part.pages.take(page);
                                if (!part.error && !part.pages.finished() && !part.pages.goes_on())
                                    part.error = part.pages.complain("a page's successor does not follow it");
                            }};
        }
        return error() ? std::nullopt : assembler_.next(false, answered_ == parts_.size());
    }

    /// Why nothing at all was learned; success if something was.
    error_code error() const {
        const auto answered = [](const Part& part) { return !part.error; };
        return parts_.empty() || std::ranges::any_of(parts_, answered) ? error_code{} : parts_.front().error;
    }

    /// One page for each query, in that order; nothing if there was an `error`.
    std::vector<ListingPage<R>> result() {
        std::vector<ListingPage<R>> pages;
        if (error())
            return pages;
        for (auto& part : parts_)
            pages.push_back(part.error ? ListingPage<R>::failure(part.error) : page_of(part.pages));
        assembler_.report_ambiguous();
        return pages;
    }

private:
    struct Part {
        Part(RecordAssembler<R>& assembler, std::vector<ErrorDetail>& problems, std::string from)
            : pages{assembler, problems, std::move(from)} {}
        ListedPages<R> pages;
        error_code error{};
    };

    ListingPage<R> page_of(ListedPages<R>& listed) {
        ListingPage<R> page;
        error_code passing;
        std::size_t passed = 0;
        for (const auto at : listed.held()) {
            const auto& reading = assembler_.reading(at);
            auto key = PropertyCodec<key_t<R>>::read(assembler_.id(at));
            if (!key || !may_be_id(assembler_.id(at)))
                return ListingPage<R>::failure(listed.complain("an id is none"));
            if (reading.failed() && reading.error == Condition::retryable) {
                passing = reading.error;
                ++passed;
            }
            if (reading.failed() || reading.found())
                page.records.emplace_back(std::move(*key), reading);
        }
        if (passed > 0 && passed == listed.held().size())
            return ListingPage<R>::failure(passing);
        if (!listed.finished())
            page.next = PropertyCodec<key_t<R>>::read(listed.query().after);
        return page;
    }

    RecordAssembler<R> assembler_;
    std::deque<Part> parts_;
    std::size_t asked_ = 0;
    std::size_t answered_ = 0;
};

} // namespace understudy::hubspot::detail
