#pragma once

#include "happening.hpp"
#include "object_type.hpp"
#include "settings.hpp"

#include <queue>
#include <random>

namespace hubspot_emulator {

/// A kind of association between two types, seen from one side; the other side is a definition of its own.
struct AssociationDefinition {
    TypeIndex from, to;
    std::uint32_t type_id;
    std::uint32_t inverse_type_id;
    std::string name;
    std::string label{}; ///< empty: the default, unlabelled one
    bool user_defined = false;
};

/// All records of a portal and what time does to them. Time is handed in: calls must not go back in it.
class Store {
public:
    explicit Store(const Settings& settings);

    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    std::vector<ObjectType> types;
    std::vector<AssociationDefinition> associations;
    BehaviourSettings behaviour;
    std::int64_t portal_id;
    /// Whether anybody wants to know what happens, and what has happened since it was last taken from here.
    bool observed = false;
    std::vector<Happening> happened;

    /// By type id, plural, singular or fully qualified name.
    std::optional<TypeIndex> find_type(std::string_view spelling) const;

    /// Lets everything happen that is due: late stamps, calculated properties, the search index.
    void advance(Millis now);

    Record& create(TypeIndex type, Values values, Millis now, std::string_view source);
    /// Writes values, which must already be normalised. `updated_at` is the stamp the record gets.
    void update(TypeIndex type, Record& record, const std::vector<std::pair<PropertyId, std::string>>& changes,
                Millis now, std::string_view source, std::optional<Millis> updated_at = {});
    /// Back to "never set".
    void unset(TypeIndex type, Record& record, PropertyId property, Millis now);
    void archive(TypeIndex type, Record& record, Millis now);
    void restore(TypeIndex type, Record& record, Millis now);
    /// Gone for good; nothing but its absence can be read.
    void erase(TypeIndex type, Record& record, Millis now);
    /// The survivor: a new record, or the primary one where the portal preserves ids.
    Record& merge(TypeIndex type, Record& primary, Record& other, Millis now);

    /// The unlabelled definition between two types.
    const AssociationDefinition* default_association(TypeIndex from, TypeIndex to) const;
    const AssociationDefinition* find_association(TypeIndex from, TypeIndex to, std::uint32_t type_id) const;
    /// Adds both directions and moves both stamps; nothing when it is there already.
    void associate(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition, Millis now);
    void dissociate(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition, Millis now);

    /// Holds the search index where it is, or lets it run again.
    void freeze_index(bool frozen, Millis now);
    bool index_frozen() const noexcept { return index_frozen_; }
    /// Lets search see up to `changes` of the waiting changes of every record, due or not.
    void step_index(std::size_t changes);
    std::size_t index_backlog() const;

    // Seeding: no stamps, no lag, no history.
    Record& put(TypeIndex type, Id id, Millis created, Millis updated, Values values);
    void link(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition);
    void recalculate(TypeIndex type, Record& record);

    std::mt19937_64& random() noexcept { return random_; }

private:
    enum class Work { bump, recalculate };

    struct Event {
        Millis due;
        std::uint64_t order;
        Work work;
        TypeIndex type;
        Id id;
        friend bool operator>(const Event& a, const Event& b) {
            return a.due != b.due ? a.due > b.due : a.order > b.order;
        }
    };

    using Calculated = std::vector<std::pair<PropertyId, std::optional<std::string>>>;

    Calculated calculate(TypeIndex type, const Record& record);
    static void apply(Record& record, Calculated changes);
    void begin_change(TypeIndex type, Record& record, bool existed = true);
    void end_change(TypeIndex type, Record& record, Millis now);
    void remember(Record& record);
    void tell(HappeningKind kind, TypeIndex type, const Record& record, Millis now, std::string_view source = "CRM_UI");
    void tell_change(TypeIndex type, const Record& record, PropertyId property, const std::string& value, Millis now,
                     std::string_view source);
    void tell_association(TypeIndex from_type, const Record& from, const Record& to,
                          const AssociationDefinition& definition, bool removed, Millis now);
    void touch(TypeIndex type, Record& record, Millis now);
    void schedule(Millis due, Work work, TypeIndex type, Id id);
    void schedule_recalculation(TypeIndex type, Record& record, Millis now);
    void settle_index(Millis now);

    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t event_order_ = 0;
    bool index_frozen_ = false;
    std::mt19937_64 random_;
};

} // namespace hubspot_emulator
