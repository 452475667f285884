#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/detail/record_assembler.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Reads all records of a type: the list, page by page, and the links of what it names.
///
/// Ids must ascend, or else the pages do not make one list. A record that cannot be read fails the set, and nothing
/// more is asked.
template<HubspotRecord R, IndexTag By>
class WholeMachine final : public Machine {
public:
    using signature = FetchSetSignature<R>;

    WholeMachine(Portal<R>& portal, const std::vector<typename By::value_type>& values)
        : asked_{values.size()}
        , assembler_{portal, problems_} {
        query_.properties = property_names<R>();
        finished_ = asked_ == 0;
    }

    std::optional<AnyCall> next() override {
        if (failed_)
            return std::nullopt;
        if (!finished_ && !reading_) {
            reading_ = true;
            return ReadPage{query_, [this](error_code error, const Page& page) {
                                reading_ = false;
                                failed_ = error ? error : on_page(page);
                            }};
        }
        return assembler_.next(false, finished_);
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
    // Returns what is wrong with the page, if anything.
    error_code on_page(const Page& page) {
        ++pages_;
        error_code error;
        for (const auto& object : page.objects) {
            if (!last_.empty() && !id_less(last_, object.id))
                return complain("ids do not ascend");
            last_ = object.id;
            const auto at = assembler_.hold(object);
            assembler_.needed(at);
            if (!error)
                error = assembler_.error(at);
            held_.push_back(at);
        }
        // Else the same page for ever.
        if (page.after && *page.after == query_.after)
            return complain("a page is its own successor");
        finished_ = !page.after;
        query_.after = page.after.value_or(std::string{});
        return error;
    }

    error_code complain(std::string_view why) {
        ErrorDetail problem;
        problem.error = Errc::malformed_answer;
        problem.reason = "the list of all: " + std::string{why};
        problems_.push_back(problem);
        return problem.error;
    }

    SetReading<R> whole() {
        std::vector<Reading<R>> members;
        for (const auto at : held_) {
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
    ListQuery query_{};
    std::string last_;
    std::vector<std::size_t> held_;
    std::size_t pages_ = 0;
    bool reading_ = false;
    bool finished_ = false;
    error_code failed_{};
    RecordAssembler<R> assembler_;
};

} // namespace understudy::hubspot::detail
