#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Reads whole sets: the parents' lists of associations, then all members and their other links.
///
/// Which parent a member belongs to is known from the list, unless several name it: then its own associations decide,
/// as in a read by id. A member that cannot be read fails the sets that name it, and only these.
template<HubspotRecord R, IndexTag By>
class SetMachine final : public Machine {
    static constexpr std::size_t own = link_place<By::member>;
    using Members = FetchMachine<R, ById<R>>;

public:
    using signature = FetchSetSignature<R>;
    using value_type = typename By::value_type;

    SetMachine(Portal<R>& portal, const std::vector<value_type>& values)
        : SetMachine{portal, portal.object.links()[own], values} {}

    std::optional<AnyCall> next() override {
        if (auto call = parents_.next(true))
            return call;
        if (parents_.idle())
            members_.close();
        return members_.next();
    }

    std::vector<ErrorDetail> take_problems() override {
        auto problems = members_.take_problems();
        std::ranges::move(Machine::take_problems(), std::back_inserter(problems));
        return problems;
    }

    /// Why nothing at all was learned; success if something was.
    error_code error() const noexcept { return parents_.error(); }

    /// One reading for each value that was asked for, in that order; nothing if there was an `error`.
    std::vector<SetReading<R>> result() {
        std::vector<SetReading<R>> readings;
        if (error())
            return readings;
        std::map<std::string, SetReading<R>, std::less<>> sets;
        for (const auto& text : order_)
            sets.try_emplace(text, set_of(text));
        std::map<key_t<R>, const Reading<R>*> found;
        for (const auto& [id, member] : listed_) {
            const auto& reading = members_.reading(member.slot);
            if (reading.found())
                found.emplace(reading.id, &reading);
            if (reading.failed())
                for (const auto& parent : member.parents)
                    sets.at(parent) = SetReading<R>::failure(reading.error);
        }
        for (const auto& [id, reading] : found)
            for_each_value<By>(reading->record, [&, member = reading](const value_type& value) {
                if (const auto set = sets.find(encode_property(value)); set != sets.end() && set->second.known)
                    set->second.members.push_back(*member);
            });
        for (const auto& text : order_)
            readings.push_back(sets.at(text));
        members_.assembler().report_ambiguous();
        return readings;
    }

private:
    struct Member {
        std::size_t slot = 0;
        std::vector<std::string> parents{};
    };

    SetMachine(Portal<R>& portal, const LinkParams& link, const std::vector<value_type>& values)
        : parents_{link.to, portal.object.object_type, link.reverse_type_id, portal.association_batch, problems_}
        , members_{portal} {
        parents_.on_id = [this](const std::string& parent, const std::string& id) { list(parent, id); };
        for (const auto& value : values) {
            auto text = encode_property(normalised<By>(value));
            if (may_be_id(text))
                parents_.want(text);
            order_.push_back(std::move(text));
        }
    }

    // A set as its list alone says, still without members.
    SetReading<R> set_of(const std::string& parent) const {
        if (!may_be_id(parent))
            return SetReading<R>::of({});
        if (unreadable_.contains(parent))
            return SetReading<R>::failure(Errc::malformed_answer);
        const auto error = parents_.list(parent).error;
        return error ? SetReading<R>::failure(error) : SetReading<R>::of({});
    }

    void list(const std::string& parent, const std::string& id) {
        const auto key = PropertyCodec<key_t<R>>::read(id);
        if (!key || !may_be_id(id)) {
            unreadable_.insert(parent);
            return;
        }
        const auto [at, added] = listed_.try_emplace(id);
        auto& [slot, parents] = at->second;
        if (std::ranges::find(parents, parent) != parents.end())
            return;
        parents.push_back(parent);
        auto& links = members_.assembler().link(own);
        if (!added)
            return links.doubt(id);
        links.tell(id, parent);
        slot = members_.add(*key);
    }

    AssociationsMachine parents_;
    Members members_;
    std::vector<std::string> order_;
    std::set<std::string, std::less<>> unreadable_; // parents whose lists name what is no id
    std::map<std::string, Member, std::less<>> listed_;
};

} // namespace understudy::hubspot::detail
