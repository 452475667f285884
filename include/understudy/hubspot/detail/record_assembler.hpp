#pragma once

#include <understudy/hubspot/detail/associations_machine.hpp>
#include <understudy/hubspot/detail/calls.hpp>
#include <understudy/hubspot/object_params.hpp>
#include <understudy/hubspot/record_codec.hpp>
#include <understudy/reading.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// What the operations of one store share with their machines.
template<HubspotRecord R>
struct Portal {
    ObjectParams<R> object{};
    /// See `AssociationsMachine`.
    std::size_t association_batch = max_association_batch;
};

/// Makes whole records of objects: looks up which properties are defined where an object leaves some out, and reads the
/// links. A record is complete, or has failed.
template<HubspotRecord R>
class RecordAssembler {
public:
    RecordAssembler(Portal<R>& portal, std::vector<ErrorDetail>& problems)
        : problems_{problems} {
        for (const auto& link : portal.object.links())
            links_.emplace_back(portal.object.object_type, link.to, link.type_id, portal.association_batch, problems);
    }

    /// Takes an object in; it counts once it is said to be `needed`.
    std::size_t hold(const Object& object) {
        held_.push_back({object.id, object.version, object.archived, decode_object<R>(object)});
        return held_.size() - 1;
    }
    /// What is known of an object so far; good enough to see which question it answers.
    R known(std::size_t at) const { return known_of(held_[at].decoded.partial); }
    const std::string& id(std::size_t at) const { return held_[at].id; }
    /// Why an object that is needed has failed already, whatever its links.
    error_code error(std::size_t at) const { return held_[at].reading ? held_[at].reading->error : error_code{}; }

    void needed(std::size_t at) {
        auto& held = held_[at];
        if (std::exchange(held.needed, true))
            return;
        report_unreadable(held);
        if (held.archived)
            held.reading = Reading<R>::none({}, State::archived);
        else if (held.decoded.wrong_id)
            held.reading = fail(held.id, Errc::malformed_answer, "the id is none");
        else if (!held.decoded.wrong.empty())
            held.reading = fail(held.id, Errc::malformed_answer, "a value of another type", held.decoded.wrong);
        else if (held.decoded.absent.empty())
            want_links(held);
        else
            unsure_.push_back(at);
    }

    /// Asks for the links of a record that is only going to be read, as far as they do not depend on what it says.
    void expect(const std::string& id) {
        for_each_link<R>([&](auto place, auto link) {
            if (!link.where)
                links_[place].want(id);
        });
    }

    /// Says why nobody needs a record any more, see `AssociationsMachine`.
    void give_up(std::function<error_code(const std::string&)> why) {
        for (auto& link : links_)
            link.given_up = [this](const std::string& id) { return given_up(id); };
        given_up_ = std::move(why);
    }
    error_code given_up(const std::string& id) const {
        return given_up_ && !survivors_.contains(id) ? given_up_(id) : error_code{};
    }
    /// The links of a record are needed again, if they were dropped.
    void revive(const std::string& id) {
        for (auto& link : links_)
            link.revive(id);
    }

    /// An object answers for a record that it swallowed: what was told of its own links is not relied upon, and they
    /// are needed whoever gave it up.
    void survives(std::size_t at) {
        const auto& id = held_[at].id;
        survivors_.insert(id);
        for (auto& link : links_)
            link.doubt(id);
        revive(id);
    }

    AssociationsMachine& link(std::size_t place) { return links_[place]; }

    /// The next call to make. `closed`: no more records will be expected. `all_held`: nor will any be held.
    std::optional<AnyCall> next(bool closed, bool all_held) {
        if (all_held)
            std::erase_if(unsure_, [this](std::size_t at) {
                const auto why = given_up(held_[at].id);
                if (why)
                    held_[at].reading = Reading<R>::failure(why);
                return bool(why);
            });
        if (all_held && !unsure_.empty() && !defining_) {
            defining_ = true;
            return ReadDefinitions{[this](error_code error, const SharedNames& names) {
                defining_ = false;
                on_definitions(error, names.get());
            }};
        }
        std::optional<AnyCall> call;
        const bool all_settled = all_held && unsure_.empty();
        for_each_link<R>([&](auto place, auto link) {
            if (!call)
                call = links_[place].next(all_settled || (closed && !link.where));
        });
        return call;
    }

    /// What became of an object that was needed; once there is nothing left to call.
    const Reading<R>& reading(std::size_t at) {
        auto& held = held_[at];
        if (!held.reading)
            held.reading = assembled(held);
        return *held.reading;
    }

    /// To be called at the end.
    void report_ambiguous() {
        for_each_link<R>([&](auto place, auto link) {
            const auto& found = ambiguous_[place];
            if (found.count == 0)
                return;
            ErrorDetail problem;
            problem.reason = std::string{name_of_member<decltype(link)::member>()} + " of " +
                             std::string{RecordTraits<R>::name} + " " + found.first + " is to be one and is several" +
                             (found.count > 1 ? ", as for " + std::to_string(found.count - 1) + " more" : "") +
                             ": the smallest id counts";
            problems_.push_back(std::move(problem));
        });
    }

    Reading<R> fail(const std::string& id, Errc error, std::string_view why, std::vector<std::string> names = {}) {
        ErrorDetail problem;
        problem.error = error;
        problem.reason = std::string{RecordTraits<R>::name} + " " + id.substr(0, 64) + ": " + std::string{why};
        problem.properties = std::move(names);
        problems_.push_back(std::move(problem));
        return Reading<R>::failure(error);
    }

private:
    struct Held {
        std::string id;
        Version version;
        bool archived;
        DecodedObject<R> decoded;
        bool needed = false;
        std::optional<Reading<R>> reading{};
    };
    struct Ambiguous {
        std::string first{};
        std::size_t count = 0;
    };

    void report_unreadable(const Held& held) {
        if (held.decoded.unreadable.empty())
            return;
        ErrorDetail problem;
        problem.reason = std::string{RecordTraits<R>::name} + " " + held.id.substr(0, 64) +
                         ": a text that is no value counts as none";
        problem.properties = held.decoded.unreadable;
        problems_.push_back(std::move(problem));
    }

    static R known_of(const Partial<R>& partial) {
        R record{};
        for_each_member<R>([&](auto descriptor) {
            if (partial.template has<decltype(descriptor)::pointer>())
                record.*descriptor.pointer = partial.template get<decltype(descriptor)::pointer>();
        });
        return record;
    }

    void want_links(const Held& held) {
        if constexpr (link_count < R >> 0) {
            const R known = known_of(held.decoded.partial);
            for_each_link<R>([&](auto place, auto link) {
                if (!link.where || link.where(known))
                    links_[place].want(held.id);
            });
        }
    }

    // `names` are the properties that the type has, asked for after the objects in question had arrived.
    void on_definitions(error_code error, const PropertyNames* names) {
        for (const auto at : std::exchange(unsure_, {})) {
            auto& held = held_[at];
            auto& decoded = held.decoded;
            if (error) {
                held.reading = Reading<R>::failure(error);
                continue;
            }
            std::vector<std::string> undefined;
            for (const auto& name : decoded.absent)
                if (!names->contains(name))
                    undefined.push_back(name);
            if (!undefined.empty()) {
                held.reading = fail(held.id, Errc::schema_mismatch, "not defined in the account", std::move(undefined));
            } else if (decoded.writes_null) {
                // It leaves nothing out for having no value: the answer is but a part of the record.
                held.reading = fail(held.id, Errc::incomplete_record, "left out of an answer that writes nulls",
                                    std::exchange(decoded.absent, {}));
            } else {
                absent_is_no_value(decoded);
                want_links(held);
            }
        }
    }

    Reading<R> assembled(Held& held) {
        auto& decoded = held.decoded;
        error_code error;
        if constexpr (link_count < R >> 0) {
            const R known = known_of(decoded.partial);
            for_each_link<R>([&](auto place, auto link) {
                if (const auto failed = set_link<place>(held, link, known); failed && !error)
                    error = failed;
            });
        }
        if (error)
            return Reading<R>::failure(error);
        if (auto record = decoded.partial.complete())
            return Reading<R>::of(std::move(*record), held.version);
        return fail(held.id, Errc::incomplete_record, "no value for a member that must have one",
                    decoded.without_value);
    }

    template<std::size_t Place, class L>
    error_code set_link(Held& held, const L& link, const R& known) {
        static const AssociationsMachine::List none;
        const auto& list = !link.where || link.where(known) ? links_[Place].list(held.id) : none;
        if (list.error)
            return list.error;
        using T = typename L::member_type;
        constexpr auto member = L::member;
        if constexpr (is_to_many<T>)
            held.decoded.partial.template set<member>(list.ids);
        else if (!list.ids.empty())
            held.decoded.partial.template set<member>(list.ids.front());
        else if constexpr (is_optional<T>)
            held.decoded.partial.template set<member>(std::nullopt);
        else
            held.decoded.without_value.emplace_back(name_of_member<member>());
        if (!is_to_many<T> && list.ids.size() > 1 && ambiguous_[Place].count++ == 0)
            ambiguous_[Place].first = held.id;
        return {};
    }

    std::vector<ErrorDetail>& problems_;
    std::function<error_code(const std::string&)> given_up_{};
    std::deque<AssociationsMachine> links_;
    std::deque<Held> held_;
    std::set<std::string, std::less<>> survivors_;
    std::vector<std::size_t> unsure_; // what is not in their answers may be no value, or not be defined
    bool defining_ = false;
    std::array<Ambiguous, link_count<R>> ambiguous_{};
};

} // namespace understudy::hubspot::detail
