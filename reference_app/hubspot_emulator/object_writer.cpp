#include "object_writer.hpp"

#include <algorithm>

namespace hubspot_emulator {

void append_string(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (char c : text) {
        auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (code < 0x20) {
            out += "\\u00";
            out += digits[code >> 4];
            out += digits[code & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

Projection::Projection(const ObjectType& type, const std::vector<std::string>& names, bool exactly)
    : type_(&type) {
    if (names.empty() && !exactly)
        properties_ = type.default_properties;
    for (const auto& name : names)
        if (auto property = type.properties.find(name))
            properties_.push_back(*property);
    if (!exactly)
        properties_.insert(properties_.end(), {type.object_id, type.created, type.modified});
    std::sort(properties_.begin(), properties_.end(),
              [&](PropertyId a, PropertyId b) { return type.properties[a].name < type.properties[b].name; });
    properties_.erase(std::unique(properties_.begin(), properties_.end()), properties_.end());
}

void Projection::remove(const std::vector<std::string>& names) {
    std::erase_if(properties_, [&](PropertyId property) {
        return std::find(names.begin(), names.end(), type_->properties[property].name) != names.end();
    });
}

void append_object(std::string& out, const ObjectType& type, const Record& record, const Projection& projection,
                   std::size_t versions_back, bool write_answer) {
    const Snapshot* old = nullptr;
    if (versions_back > 0 && record.history && !record.history->versions.empty()) {
        const auto& versions = record.history->versions;
        old = &versions[versions.size() - std::min(versions_back, versions.size())];
    }
    out += R"({"id":")";
    out += std::to_string(record.id);
    out += R"(","properties":{)";
    auto first = true;
    for (auto property : projection.properties()) {
        auto value = old ? type.value_of(*old, record.id, property) : type.value_of(record, property);
        // A write answers with what it wrote, not with everything that could be read.
        if (!value && write_answer)
            continue;
        if (!first)
            out += ',';
        first = false;
        append_string(out, type.properties[property].name);
        out += ':';
        if (value)
            append_string(out, *value);
        else
            out += "null";
    }
    out += R"(},"createdAt":")";
    out += format_instant(record.created);
    out += R"(","updatedAt":")";
    out += format_instant(old ? old->updated : record.updated);
    out += record.live() ? R"(","archived":false)" : R"(","archived":true)";
    if (!record.live()) {
        out += R"(,"archivedAt":")";
        out += format_instant(record.archived_at);
        out += '"';
    }
}

void append_history(std::string& out, const ObjectType& type, const Record& record,
                    const std::vector<std::string>& names) {
    out += R"(,"propertiesWithHistory":{)";
    auto first_property = true;
    for (const auto& name : names) {
        auto property = type.properties.find(name);
        if (!property)
            continue;
        if (!first_property)
            out += ',';
        first_property = false;
        append_string(out, name);
        out += ":[";
        auto first = true;
        const auto entry = [&](std::string_view value, Millis at, std::string_view source) {
            if (!first)
                out += ',';
            first = false;
            out += R"({"value":)";
            append_string(out, value);
            out += R"(,"timestamp":")" + format_instant(at) + R"(","sourceType":")";
            out += source;
            out += R"("})";
        };
        if (record.history) {
            const auto& changes = record.history->changes;
            for (auto change = changes.rbegin(); change != changes.rend(); ++change)
                if (change->property == *property)
                    entry(change->value, change->at, change->source);
        }
        if (first)
            if (auto value = type.value_of(record, *property))
                entry(*value, record.created, "IMPORT");
        out += ']';
    }
    out += '}';
}

} // namespace hubspot_emulator
