#include "store.hpp"

#include "seed.hpp"

#include <algorithm>

namespace hubspot_emulator {

namespace {

constexpr std::size_t versions_kept = 16;
constexpr std::size_t changes_kept = 200;

bool has_edge(const Record& record, const Edge& edge) {
    return std::find(record.edges.begin(), record.edges.end(), edge) != record.edges.end();
}

} // namespace

Store::Store(const Settings& settings)
    : behaviour(settings.behaviour)
    , portal_id(settings.portal_id)
    , random_(static_cast<std::uint64_t>(settings.seed.seed)) {
    define_portal(*this, settings.seed);
    seed_portal(*this, settings.seed);
}

std::optional<TypeIndex> Store::find_type(std::string_view spelling) const {
    auto lower = to_lower(spelling);
    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto& type = types[i];
        if (lower == type.id || lower == type.name ||
            std::find(type.spellings.begin(), type.spellings.end(), lower) != type.spellings.end())
            return static_cast<TypeIndex>(i);
    }
    return {};
}

void Store::schedule(Millis due, Work work, TypeIndex type, Id id) {
    events_.push({due, event_order_++, work, type, id});
}

void Store::advance(Millis now) {
    while (!events_.empty() && events_.top().due <= now) {
        auto event = events_.top();
        events_.pop();
        auto* record = types[event.type].find_exact(event.id);
        if (!record || !record->live())
            continue;
        if (event.work == Work::recalculate) {
            if (auto changes = calculate(event.type, *record); !changes.empty()) {
                begin_change(event.type, *record);
                apply(*record, std::move(changes));
                end_change(event.type, *record, event.due);
            }
            continue;
        }
        begin_change(event.type, *record);
        record->updated = std::max(record->updated, event.due);
        end_change(event.type, *record, event.due);
    }
    settle_index(now);
}

void Store::begin_change(TypeIndex type, Record& record, bool existed) {
    if (!index_frozen_ && behaviour.index_lag_ms <= 0 && behaviour.index_lag_jitter_ms <= 0 &&
        (!record.history || record.history->pending.empty()))
        return;
    auto& history = record.ensure_history();
    if (!history.indexed) {
        history.indexed = record.snapshot();
        if (!existed)
            history.indexed->live = false;
        types[type].lagging.insert(record.id);
    }
}

void Store::end_change(TypeIndex, Record& record, Millis now) {
    if (!record.history || !record.history->indexed)
        return;
    auto lag = behaviour.index_lag_ms;
    if (behaviour.index_lag_jitter_ms > 0)
        lag += static_cast<Millis>(random_() % static_cast<std::uint64_t>(behaviour.index_lag_jitter_ms + 1));
    auto& pending = record.history->pending;
    auto due = now + lag;
    if (!pending.empty())
        due = std::max(due, pending.back().first);
    pending.emplace_back(due, record.snapshot());
}

void Store::settle_index(Millis now) {
    if (index_frozen_)
        return;
    for (auto& type : types)
        for (auto at = type.lagging.begin(); at != type.lagging.end();) {
            auto& history = *type.records.at(*at).history;
            while (!history.pending.empty() && history.pending.front().first <= now) {
                history.indexed = std::move(history.pending.front().second);
                history.pending.pop_front();
            }
            if (history.pending.empty()) {
                history.indexed.reset();
                at = type.lagging.erase(at);
            } else {
                ++at;
            }
        }
}

void Store::freeze_index(bool frozen, Millis now) {
    advance(now);
    index_frozen_ = frozen;
    advance(now);
}

void Store::step_index(std::size_t changes) {
    for (auto& type : types)
        for (auto at = type.lagging.begin(); at != type.lagging.end();) {
            auto& history = *type.records.at(*at).history;
            for (std::size_t i = 0; i < changes && !history.pending.empty(); ++i) {
                history.indexed = std::move(history.pending.front().second);
                history.pending.pop_front();
            }
            if (history.pending.empty()) {
                history.indexed.reset();
                at = type.lagging.erase(at);
            } else {
                ++at;
            }
        }
}

std::size_t Store::index_backlog() const {
    std::size_t changes = 0;
    for (const auto& type : types)
        for (auto id : type.lagging)
            changes += type.records.at(id).history->pending.size();
    return changes;
}

void Store::remember(Record& record) {
    auto& versions = record.ensure_history().versions;
    if (versions.size() == versions_kept)
        versions.erase(versions.begin());
    versions.push_back(record.snapshot());
}

void Store::tell(HappeningKind kind, TypeIndex type, const Record& record, Millis now, std::string_view source) {
    if (!observed)
        return;
    Happening happening;
    happening.kind = kind;
    happening.type = type;
    happening.id = record.id;
    happening.at = now;
    happening.source = source;
    happened.push_back(std::move(happening));
}

void Store::tell_change(TypeIndex type, const Record& record, PropertyId property, const std::string& value, Millis now,
                        std::string_view source) {
    tell(HappeningKind::property_change, type, record, now, source);
    if (!observed)
        return;
    happened.back().property = property;
    happened.back().value = value;
}

// Each end has an event of its own.
void Store::tell_association(TypeIndex from_type, const Record& from, const Record& to,
                             const AssociationDefinition& definition, bool removed, Millis now) {
    if (!observed)
        return;
    const auto add = [&](TypeIndex type, const Record& end, TypeIndex to_type, const Record& other, std::uint32_t id) {
        tell(HappeningKind::association_change, type, end, now);
        auto& happening = happened.back();
        happening.to_type = to_type;
        happening.to = other.id;
        happening.association = id;
        happening.user_defined = definition.user_defined;
        happening.removed = removed;
    };
    add(from_type, from, definition.to, to, definition.type_id);
    add(definition.to, to, from_type, from, definition.inverse_type_id);
}

void Store::touch(TypeIndex type, Record& record, Millis now) {
    begin_change(type, record);
    remember(record);
    record.updated = now;
    end_change(type, record, now);
}

Record& Store::put(TypeIndex type, Id id, Millis created, Millis updated, Values values) {
    auto& object_type = types[type];
    auto& record = object_type.records.emplace_hint(object_type.records.end(), id, Record{})->second;
    record.id = id;
    record.created = created;
    record.updated = updated;
    record.values = std::move(values);
    object_type.next_id = std::max(object_type.next_id, id + 1);
    object_type.add_to_unique(record);
    return record;
}

Record& Store::create(TypeIndex type, Values values, Millis now, std::string_view source) {
    auto& record = put(type, types[type].next_id, now, now, std::move(values));
    auto& history = record.ensure_history();
    for (const auto& [property, value] : record.values) {
        history.changes.push_back({property, now, value, source});
        tell_change(type, record, property, value, now, source);
    }
    // The creation itself is told last.
    tell(HappeningKind::creation, type, record, now, source);
    begin_change(type, record, false);
    end_change(type, record, now);
    if (behaviour.background_bump_ms > 0)
        schedule(now + behaviour.background_bump_ms, Work::bump, type, record.id);
    return record;
}

void Store::update(TypeIndex type, Record& record, const std::vector<std::pair<PropertyId, std::string>>& changes,
                   Millis now, std::string_view source, std::optional<Millis> updated_at) {
    auto& object_type = types[type];
    begin_change(type, record);
    remember(record);
    object_type.remove_from_unique(record);
    auto& log = record.history->changes;
    for (const auto& [property, value] : changes) {
        if (log.size() >= changes_kept)
            log.erase(log.begin());
        const auto* old = record.values.find(property);
        auto known = std::any_of(log.begin(), log.end(), [id = property](const auto& c) { return c.property == id; });
        if (old && !known)
            log.push_back({property, record.created, *old, "IMPORT"});
        log.push_back({property, now, value, source});
        if (!old || *old != value)
            tell_change(type, record, property, value, now, source);
        record.values.set(property, value);
    }
    record.updated = updated_at.value_or(now);
    object_type.add_to_unique(record);
    end_change(type, record, now);
    schedule_recalculation(type, record, now);
}

void Store::unset(TypeIndex type, Record& record, PropertyId property, Millis now) {
    auto& object_type = types[type];
    begin_change(type, record);
    remember(record);
    object_type.remove_from_unique(record);
    record.values.erase(property);
    tell_change(type, record, property, {}, now, "CRM_UI");
    record.updated = now;
    object_type.add_to_unique(record);
    end_change(type, record, now);
    schedule_recalculation(type, record, now);
}

void Store::archive(TypeIndex type, Record& record, Millis now) {
    begin_change(type, record);
    types[type].remove_from_unique(record);
    record.state = RecordState::archived;
    record.archived_at = now;
    end_change(type, record, now);
    tell(HappeningKind::deletion, type, record, now);
}

void Store::restore(TypeIndex type, Record& record, Millis now) {
    begin_change(type, record);
    record.state = RecordState::live;
    record.archived_at = 0;
    types[type].add_to_unique(record);
    end_change(type, record, now);
    tell(HappeningKind::restore, type, record, now);
}

void Store::erase(TypeIndex type, Record& record, Millis now) {
    begin_change(type, record);
    types[type].remove_from_unique(record);
    for (const auto& edge : record.edges) {
        auto* other = types[edge.to_type].find_exact(edge.to);
        std::erase_if(other->edges, [&](const Edge& e) { return e.to_type == type && e.to == record.id; });
        schedule_recalculation(edge.to_type, *other, now);
    }
    record.edges.clear();
    record.values = {};
    record.state = RecordState::erased;
    end_change(type, record, now);
    tell(types[type].email ? HappeningKind::privacy_deletion : HappeningKind::deletion, type, record, now);
}

Record& Store::merge(TypeIndex type, Record& primary, Record& other, Millis now) {
    auto& object_type = types[type];
    const auto told = happened.size();
    std::size_t moved = 0;
    auto values = primary.values;
    for (const auto& [property, value] : other.values) {
        const auto* own = values.find(property);
        if (!own || own->empty()) {
            values.set(property, value);
            ++moved;
        }
    }
    const auto append = [&](PropertyId property, std::string_view item) {
        const auto* old = values.find(property);
        values.set(property, old && !old->empty() ? *old + ";" + std::string(item) : std::string(item));
    };
    if (object_type.email) {
        const auto* kept = values.find(*object_type.email);
        const auto* dropped = other.values.find(*object_type.email);
        const auto* more = other.values.find(*object_type.additional_emails);
        const auto* own_more = primary.values.find(*object_type.additional_emails);
        if (dropped && !dropped->empty() && dropped != kept && *dropped != *kept)
            append(*object_type.additional_emails, *dropped);
        if (more && own_more)
            append(*object_type.additional_emails, *more);
    }
    values.erase(object_type.merged_ids);
    for (auto* merged : {&primary, &other}) {
        if (const auto* before = merged->values.find(object_type.merged_ids))
            append(object_type.merged_ids, *before);
        if (merged == &other || !behaviour.preserve_primary_id)
            append(object_type.merged_ids, std::to_string(merged->id));
    }
    auto edges = primary.edges;
    for (const auto& edge : other.edges)
        if (std::find(edges.begin(), edges.end(), edge) == edges.end())
            edges.push_back(edge);

    const auto retire = [&](Record& record, Id survivor) {
        begin_change(type, record);
        object_type.remove_from_unique(record);
        for (const auto& edge : record.edges)
            std::erase_if(types[edge.to_type].find_exact(edge.to)->edges,
                          [&](const Edge& e) { return e.to_type == type && e.to == record.id; });
        record.edges.clear();
        record.state = RecordState::merged;
        record.merged_into = survivor;
        end_change(type, record, now);
    };
    Record* survivor = &primary;
    retire(other, behaviour.preserve_primary_id ? primary.id : object_type.next_id);
    if (behaviour.preserve_primary_id) {
        begin_change(type, primary);
        remember(primary);
        object_type.remove_from_unique(primary);
        primary.values = std::move(values);
        primary.updated = now;
        object_type.add_to_unique(primary);
        end_change(type, primary, now);
    } else {
        retire(primary, object_type.next_id);
        survivor = &create(type, std::move(values), now, "MERGE_OBJECTS");
        survivor->created = primary.created;
    }
    survivor->edges.clear();
    for (const auto& edge : edges)
        if (const auto* definition = find_association(type, edge.to_type, edge.type_id))
            if (auto* to = types[edge.to_type].find_exact(edge.to)) {
                link(type, *survivor, *to, *definition);
                schedule_recalculation(edge.to_type, *to, now);
            }
    // Of all this one event tells (*).
    happened.resize(told);
    tell(HappeningKind::merge, type, *survivor, now);
    if (observed) {
        happened.back().primary = primary.id;
        happened.back().other = other.id;
        happened.back().moved = moved;
    }
    return *survivor;
}

const AssociationDefinition* Store::default_association(TypeIndex from, TypeIndex to) const {
    auto found = std::find_if(associations.begin(), associations.end(), [&](const auto& definition) {
        return definition.from == from && definition.to == to && definition.label.empty();
    });
    return found == associations.end() ? nullptr : &*found;
}

const AssociationDefinition* Store::find_association(TypeIndex from, TypeIndex to, std::uint32_t type_id) const {
    auto found = std::find_if(associations.begin(), associations.end(), [&](const auto& definition) {
        return definition.from == from && definition.to == to && definition.type_id == type_id;
    });
    return found == associations.end() ? nullptr : &*found;
}

void Store::link(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition) {
    Edge out{to.id, definition.type_id, definition.to};
    Edge back{from.id, definition.inverse_type_id, from_type};
    if (!has_edge(from, out))
        from.edges.push_back(out);
    if (!has_edge(to, back))
        to.edges.push_back(back);
}

void Store::associate(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition,
                      Millis now) {
    if (has_edge(from, {to.id, definition.type_id, definition.to}))
        return;
    if (const auto* plain = default_association(from_type, definition.to); plain && plain != &definition)
        link(from_type, from, to, *plain);
    link(from_type, from, to, definition);
    tell_association(from_type, from, to, definition, false, now);
    touch(from_type, from, now);
    touch(definition.to, to, now);
    schedule_recalculation(from_type, from, now);
    schedule_recalculation(definition.to, to, now);
}

void Store::dissociate(TypeIndex from_type, Record& from, Record& to, const AssociationDefinition& definition,
                       Millis now) {
    const auto plain = definition.label.empty();
    auto gone = std::erase_if(from.edges, [&](const Edge& e) {
        return e.to_type == definition.to && e.to == to.id && (plain || e.type_id == definition.type_id);
    });
    std::erase_if(to.edges, [&](const Edge& e) {
        return e.to_type == from_type && e.to == from.id && (plain || e.type_id == definition.inverse_type_id);
    });
    if (gone == 0)
        return;
    tell_association(from_type, from, to, definition, true, now);
    touch(from_type, from, now);
    touch(definition.to, to, now);
    schedule_recalculation(from_type, from, now);
    schedule_recalculation(definition.to, to, now);
}

void Store::recalculate(TypeIndex type, Record& record) {
    apply(record, calculate(type, record));
}

Store::Calculated Store::calculate(TypeIndex type, const Record& record) {
    Calculated changes;
    for (const auto& rule : types[type].calculated) {
        const std::string* value = nullptr;
        for (const auto& edge : record.edges)
            if (edge.to_type == rule.from_type)
                if (auto* source = types[edge.to_type].find_exact(edge.to); source && source->live())
                    value = source->values.find(rule.from);
        const auto* old = record.values.find(rule.target);
        if (value ? !old || *old != *value : old != nullptr)
            changes.emplace_back(rule.target, value ? std::optional(*value) : std::nullopt);
    }
    return changes;
}

void Store::apply(Record& record, Calculated changes) {
    for (auto& [property, value] : changes)
        if (value)
            record.values.set(property, std::move(*value));
        else
            record.values.erase(property);
}

void Store::schedule_recalculation(TypeIndex type, Record& record, Millis now) {
    const auto depends = [&](TypeIndex on) {
        return std::any_of(types[on].calculated.begin(), types[on].calculated.end(),
                           [&](const auto& rule) { return rule.from_type == type; });
    };
    if (!types[type].calculated.empty())
        schedule(now + behaviour.calculated_lag_ms, Work::recalculate, type, record.id);
    for (const auto& edge : record.edges)
        if (depends(edge.to_type))
            schedule(now + behaviour.calculated_lag_ms, Work::recalculate, edge.to_type, edge.to);
}

} // namespace hubspot_emulator
