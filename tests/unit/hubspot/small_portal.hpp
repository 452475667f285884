#pragma once

#include <understudy/hubspot/detail/calls.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A portal of some records and associations that answers a machine's calls as HubSpot does, in small pages.
struct SmallPortal {
    using Error = understudy::error_code;
    using Edge = std::pair<std::string, std::int64_t>;

    std::map<std::string, understudy::hubspot::Object> objects;
    std::map<std::string, std::string> merged; // a loser and its survivor
    /// By `from/to`, then by the id.
    std::map<std::string, std::map<std::string, std::vector<Edge>>> associations;
    std::size_t association_page = 3;
    std::size_t list_page = 4;
    /// Of the store whose calls it answers, which they do not say.
    std::string own_type{};
    /// Inputs without associations are left out in silence.
    bool silent = false;

    void put(const std::string& id, const std::string& property, const std::string& value) {
        understudy::hubspot::Object object;
        object.id = id;
        object.version = understudy::Version{7};
        object.properties = {{property, value}, {"hs_merged_object_ids", nullptr}};
        objects[id] = std::move(object);
    }
    void link(const std::string& from_type, const std::string& from, const std::string& to_type, const std::string& to,
              std::int64_t type, std::int64_t back) {
        associations[from_type + "/" + to_type][from].emplace_back(to, type);
        associations[to_type + "/" + from_type][to].emplace_back(from, back);
    }

    void answer(const understudy::hubspot::detail::AnyCall& call) {
        std::visit([this](const auto& made) { answer_one(made); }, call);
    }

private:
    void answer_one(const understudy::hubspot::detail::ReadBatch& call) {
        understudy::hubspot::BatchAnswer answer;
        understudy::hubspot::BatchError missing;
        for (const auto& id : call.inputs)
            if (const auto* object = find(id))
                answer.objects.push_back(*object);
            else
                missing.ids.push_back(id);
        std::ranges::reverse(answer.objects);
        if (!missing.ids.empty())
            answer.errors.push_back(std::move(missing));
        call.answer({}, std::move(answer));
    }
    void answer_one(const understudy::hubspot::detail::ReadOne& call) {
        const auto* object = find(call.input);
        call.answer({}, object ? std::optional{*object} : std::nullopt);
    }
    void answer_one(const understudy::hubspot::detail::ReadDefinitions& call) {
        call.answer({}, std::make_shared<const understudy::hubspot::detail::PropertyNames>());
    }
    void answer_one(const understudy::hubspot::detail::ReadPage& call) {
        understudy::hubspot::Page page;
        for (auto at = objects.lower_bound(call.query.after); at != objects.end(); ++at) {
            if (page.objects.size() == list_page) {
                page.after = at->first;
                break;
            }
            page.objects.push_back(at->second);
        }
        call.answer({}, std::move(page));
    }
    void answer_one(const understudy::hubspot::detail::ReadAssociations& call) {
        understudy::hubspot::AssociationsAnswer answer;
        for (const auto& id : call.inputs) {
            auto list = page(call.from, call.to, id, "");
            if (!list.to.empty())
                answer.results.push_back(std::move(list));
            else if (!silent)
                answer.errors.push_back({{}, {id}, "OBJECT_NOT_FOUND", "No associations"});
        }
        std::ranges::reverse(answer.results);
        call.answer({}, std::move(answer));
    }
    void answer_one(const understudy::hubspot::detail::ReadAssociationPage& call) {
        call.answer({}, page(call.from, call.to, call.id, call.after));
    }
    void answer_one(const understudy::hubspot::detail::Search& call) { call.answer({}, {}); }
    void answer_one(const understudy::hubspot::detail::WriteBatch& call) { call.answer({}, {}); }
    void answer_one(const understudy::hubspot::detail::Connect& call) {
        auto& list = associations[own_type + "/" + call.to];
        understudy::hubspot::ConnectionsAnswer answer;
        for (const auto& pair : call.pairs) {
            std::erase(list[pair.from_id], Edge{pair.to_id, call.type.type_id});
            if (call.connect)
                list[pair.from_id].emplace_back(pair.to_id, call.type.type_id);
            answer.made.push_back(pair);
        }
        call.answer({}, std::move(answer));
    }

    const understudy::hubspot::Object* find(const std::string& id) const {
        const auto survivor = merged.find(id);
        const auto at = objects.find(survivor == merged.end() ? id : survivor->second);
        return at == objects.end() ? nullptr : &at->second;
    }

    understudy::hubspot::Associations page(const std::string& from, const std::string& to, const std::string& id,
                                           const std::string& after) {
        const auto& edges = associations[from + "/" + to][id];
        understudy::hubspot::Associations list;
        list.from_id = id;
        for (std::size_t at = after.empty() ? 0 : std::stoul(after); at < edges.size(); ++at) {
            if (list.to.size() == association_page) {
                list.after = std::to_string(at);
                break;
            }
            list.to.push_back({edges[at].first, {{"USER_DEFINED", edges[at].second, {}}}});
        }
        return list;
    }
};
