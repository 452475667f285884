#pragma once

#include <understudy/hubspot/detail/batches.hpp>
#include <understudy/hubspot/detail/calls.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/writable_source.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// What a record says of one write to it.
struct Finding {
    Landed landed = Landed::unknown;
    /// Another than the one asked for if that one was merged away; empty if no record was found.
    std::string id{};
    Version version = no_version;
    bool archived = false;
    /// Why nothing is known.
    error_code error{};
};

/// Looks for the names of writes in the history of the property that they are left in, with a call for 50 records.
///
/// A batch that is refused as a whole is sent again by halves. A record that is gone is looked for in the archive. Of a
/// write to a record that was merged away, a survivor that does not know it says nothing. Without a property it is only
/// learned what became of the records.
class OperationProbe {
public:
    static constexpr std::size_t batch_size = 50;
    /// Questions about single records that one batch may lead to.
    static constexpr std::size_t max_singles = 10;

    /// Of records of another type than the store's own if one is named.
    explicit OperationProbe(std::string_view property, std::string type = {})
        : property_{property}
        , type_{std::move(type)} {}

    /// Adds a write; the id must be one, see `may_be_id`.
    std::size_t ask(std::string id, std::string operation) {
        slots_.push_back({std::move(id), std::move(operation), {}});
        waiting_[0].push_back(slots_.size() - 1);
        return slots_.size() - 1;
    }

    std::optional<AnyCall> next() {
        for (const bool archived : {false, true}) {
            auto& work = work_[archived];
            if (work.empty() && !waiting_[archived].empty())
                work.push_back(take_front(waiting_[archived], batch_size));
            if (work.empty())
                continue;
            auto asked = std::move(work.front());
            work.pop_front();
            return batch(std::move(asked), archived);
        }
        if (!singles_.empty()) {
            const auto at = singles_.front();
            singles_.pop_front();
            return ReadOne{slots_[at].id, query(false),
                           [this, at](error_code error, const std::optional<Object>& o) {
                               if (error)
                                   fail(at, error);
                               else if (o)
                                   decide(at, *o);
                               else
                                   waiting_[true].push_back(at);
                           },
                           type_};
        }
        if (!unsure_.empty())
            return ReadDefinitions{
                [this, asked = std::exchange(unsure_, {})](error_code error, const SharedNames& names) {
                    for (const auto at : asked)
                        if (error)
                            fail(at, error);
                        else if (names->contains(property_))
                            slots_[at].finding.landed = Landed::no;
                }};
        return std::nullopt;
    }

    /// Once there is nothing left to call.
    const Finding& finding(std::size_t at) const { return slots_[at].finding; }

private:
    using Slots = std::vector<std::size_t>;
    struct Slot {
        std::string id;
        std::string operation;
        Finding finding;
    };

    ReadQuery query(bool archived) const {
        ReadQuery query;
        query.properties.emplace_back(merged_ids_property);
        query.history_of = property_;
        query.archived = archived;
        return query;
    }

    AnyCall batch(Slots asked, bool archived) {
        ReadBatch call{{}, query(archived), {}, type_};
        for (const auto at : asked)
            call.inputs.push_back(slots_[at].id);
        call.answer = [this, archived, asked = std::move(asked)](error_code error, const BatchAnswer& answer) {
            if (error == Condition::refused && asked.size() > 1) {
                std::ranges::move(halves_of(asked), std::back_inserter(work_[archived]));
                return;
            }
            for (std::size_t i = 0, singles = 0; i < asked.size(); ++i)
                if (error)
                    fail(asked[i], error);
                else
                    on_answer(asked[i], answer, archived, singles);
        };
        return call;
    }

    void on_answer(std::size_t at, const BatchAnswer& answer, bool archived, std::size_t& singles) {
        const auto& id = slots_[at].id;
        const auto own = std::ranges::find(answer.objects, id, &Object::id);
        if (own != answer.objects.end())
            return decide(at, *own);
        for (const auto& object : answer.objects) {
            bool merged = false;
            for_each_part(text_at(object.properties, merged_ids_property),
                          [&](std::string_view loser) { merged = merged || loser == id; });
            if (merged)
                return decide(at, object);
        }
        for (const auto& entry : answer.errors)
            if (std::ranges::find(entry.ids, id) != entry.ids.end()) {
                if (entry.error)
                    return fail(at, entry.error);
                if (!archived)
                    waiting_[true].push_back(at);
                else // there was never anything that the write could have changed
                    slots_[at].finding.landed = Landed::no;
                return;
            }
        if (!archived && singles++ < max_singles)
            singles_.push_back(at);
        else
            fail(at, Errc::malformed_answer);
    }

    void decide(std::size_t at, const Object& object) {
        auto& slot = slots_[at];
        slot.finding.id = object.id;
        slot.finding.version = object.version;
        slot.finding.archived = object.archived;
        if (property_.empty())
            return;
        const auto history = object.history.find(property_);
        if (history == object.history.end()) {
            // Never written, or not defined.
            if (object.id == slot.id)
                unsure_.push_back(at);
        } else if (std::ranges::find(history->second, slot.operation) != history->second.end()) {
            slot.finding.landed = Landed::yes;
        } else if (object.id == slot.id) {
            slot.finding.landed = Landed::no;
        }
    }

    void fail(std::size_t at, error_code error) { slots_[at].finding.error = error; }

    std::string property_;
    std::string type_;
    std::deque<Slot> slots_;
    std::deque<std::size_t> waiting_[2]; // for the records, and for the archive
    std::deque<Slots> work_[2];
    std::deque<std::size_t> singles_;
    Slots unsure_;
};

} // namespace understudy::hubspot::detail
