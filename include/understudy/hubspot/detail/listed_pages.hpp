#pragma once

#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/record_assembler.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Pages of the list of all records, one after the other, as they come in.
template<HubspotRecord R>
class ListedPages {
public:
    /// From the record with this id on, or the next one if there is none; from the first if it is empty.
    ListedPages(RecordAssembler<R>& assembler, std::vector<ErrorDetail>& problems, std::string from = {})
        : assembler_{assembler}
        , problems_{problems}
        , from_{std::move(from)} {
        query_.properties = property_names<R>();
        query_.after = from_;
    }

    /// What asks for the next page.
    const ListQuery& query() const noexcept { return query_; }
    /// Whether the last page was taken.
    bool finished() const noexcept { return finished_; }
    /// The records of all pages, ascending by id, as the assembler holds them.
    const std::vector<std::size_t>& held() const noexcept { return held_; }

    /// Takes a page in, and returns what is wrong with it, if anything: ids must ascend, or else the pages do not make
    /// one list.
    error_code take(const Page& page) {
        for (const auto& object : page.objects) {
            if (held_.empty() ? id_less(object.id, from_) : !id_less(assembler_.id(held_.back()), object.id))
                return complain("ids do not ascend");
            held_.push_back(assembler_.hold(object));
            assembler_.needed(held_.back());
        }
        // Else the same page for ever.
        if (page.after && *page.after == query_.after)
            return complain("a page is its own successor");
        finished_ = !page.after;
        query_.after = page.after.value_or(std::string{});
        return {};
    }

    /// Whether the next page begins with an id that is greater than all that were listed, as is documented
    /// ("Using object APIs": the last one and one more).
    bool goes_on() const {
        const auto& last = held_.empty() ? from_ : assembler_.id(held_.back());
        return may_be_id(query_.after) && id_less(last, query_.after);
    }

    error_code complain(std::string_view why) {
        ErrorDetail problem;
        problem.error = Errc::malformed_answer;
        problem.reason = "the list of all: " + std::string{why};
        problems_.push_back(problem);
        return problem.error;
    }

private:
    RecordAssembler<R>& assembler_;
    std::vector<ErrorDetail>& problems_;
    std::string from_;
    ListQuery query_{};
    std::vector<std::size_t> held_;
    bool finished_ = false;
};

} // namespace understudy::hubspot::detail
