#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/detail/listed_pages.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace understudy::hubspot::detail {

/// Reads all records of a type: the list, page by page, and the links of what it names.
///
/// A record that cannot be read fails the set, and nothing more is asked.
template<HubspotRecord R, IndexTag By>
class WholeMachine final : public Machine {
public:
    using signature = FetchSetSignature<R>;

    WholeMachine(Portal<R>& portal, const std::vector<typename By::value_type>& values)
        : asked_{values.size()}
        , assembler_{portal, problems_}
        , listed_{assembler_, problems_} {}

    std::optional<AnyCall> next() override {
        if (failed_ || asked_ == 0)
            return std::nullopt;
        if (!listed_.finished() && !reading_) {
            reading_ = true;
            return ReadPage{listed_.query(), [this](error_code error, const Page& page) {
                                reading_ = false;
                                failed_ = error ? error : on_page(page);
                            }};
        }
        return assembler_.next(false, listed_.finished());
    }

    /// Why nothing at all was learned; success if something was.
    error_code error() const noexcept { return pages_ == 0 ? failed_ : error_code{}; }

    /// The same reading for each time that it was asked for; nothing if there was an `error`.
    std::vector<SetReading<R>> result() {
        std::vector<SetReading<R>> readings;
        if (!error())
            readings.assign(asked_, failed_ ? SetReading<R>::failure(failed_) : whole());
        return readings;
    }

private:
    // Returns what is wrong with the page, or with one of its records.
    error_code on_page(const Page& page) {
        ++pages_;
        const auto known = listed_.held().size();
        auto error = listed_.take(page);
        for (auto i = known; !error && i < listed_.held().size(); ++i)
            error = assembler_.error(listed_.held()[i]);
        return error;
    }

    SetReading<R> whole() {
        std::vector<Reading<R>> members;
        for (const auto at : listed_.held()) {
            const auto& reading = assembler_.reading(at);
            if (reading.failed())
                return SetReading<R>::failure(reading.error);
            if (reading.found())
                members.push_back(reading);
        }
        std::ranges::sort(members, {}, &Reading<R>::id);
        assembler_.report_ambiguous();
        return SetReading<R>::of(std::move(members));
    }

    std::size_t asked_;
    std::size_t pages_ = 0;
    bool reading_ = false;
    error_code failed_{};
    RecordAssembler<R> assembler_;
    ListedPages<R> listed_;
};

} // namespace understudy::hubspot::detail
