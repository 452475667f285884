#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Reads whole sets: the parents' lists of associations, then all members and their other links.
///
/// Which parent a member belongs to is known from the list, unless several name it: then its own associations decide,
/// as in a read by id. A member that cannot be read fails the sets that name it, and only these. Nothing more is asked
/// for a set whose list or whose member has failed, unless another set needs it.
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
        std::map<key_t<R>, const Reading<R>*> found;
        for (const auto& [id, member] : listed_) {
            const auto& reading = members_.reading(member.slot);
            if (reading.found())
                found.emplace(reading.id, &reading);
            if (reading.failed())
                lose(id, reading.error);
        }
        std::map<std::string, SetReading<R>, std::less<>> sets;
        for (const auto& text : order_) {
            const auto failed = error_of(text);
            sets.try_emplace(text, failed ? SetReading<R>::failure(failed) : SetReading<R>::of({}));
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
        parents_.given_up = [this](const std::string& parent) { return error_of(parent); };
        members_.on_failed = [this](const std::string& id, error_code error) { lose(id, error); };
        members_.assembler().give_up([this](const std::string& id) { return given_up(id); });
        for (const auto& value : values) {
            auto text = encode_property(normalised<By>(value));
            if (may_be_id(text))
                parents_.want(text);
            order_.push_back(std::move(text));
        }
    }

    // Why a set has failed, if it has.
    error_code error_of(const std::string& parent) const {
        if (!may_be_id(parent))
            return {};
        const auto at = lost_.find(parent);
        const auto error = parents_.list(parent).error;
        return error || at == lost_.end() ? error : at->second;
    }

    // A member cannot be read.
    void lose(const std::string& id, error_code error) {
        if (const auto at = listed_.find(id); at != listed_.end())
            for (const auto& parent : at->second.parents)
                lost_.try_emplace(parent, error);
    }

    // Why no set needs a member any more.
    error_code given_up(const std::string& id) const {
        const auto at = listed_.find(id);
        error_code error;
        if (at != listed_.end())
            for (const auto& parent : at->second.parents)
                if (error = error_of(parent); !error)
                    break;
        return error;
    }

    void list(const std::string& parent, const std::string& id) {
        const auto key = PropertyCodec<key_t<R>>::read(id);
        if (!key || !may_be_id(id)) {
            lost_.try_emplace(parent, Errc::malformed_answer);
            return;
        }
        const auto [at, added] = listed_.try_emplace(id);
        auto& [slot, parents] = at->second;
        if (std::ranges::find(parents, parent) != parents.end())
            return;
        parents.push_back(parent);
        auto& links = members_.assembler().link(own);
        if (added) {
            links.tell(id, parent);
            slot = members_.add(*key);
        } else {
            links.doubt(id);
            members_.revive(slot);
        }
    }

    AssociationsMachine parents_;
    Members members_;
    std::vector<std::string> order_;
    std::map<std::string, error_code, std::less<>> lost_; // sets that failed although their lists did not
    std::map<std::string, Member, std::less<>> listed_;
};

} // namespace understudy::hubspot::detail
