#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::postgres::detail {

// A connection string taken apart by libpq.
class Conninfo {
public:
    // Nothing if libpq cannot read it. Its message is not kept: it may repeat pieces of a password.
    static std::optional<Conninfo> parse(const std::string& text) {
        char* message = nullptr;
        const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options{
            PQconninfoParse(text.c_str(), &message), PQconninfoFree};
        PQfreemem(message);
        if (!options || text.find('\0') != std::string::npos)
            return std::nullopt;
        Conninfo parsed;
        for (const auto* option = options.get(); option->keyword; ++option) {
            if (option->val)
                parsed.values_[option->keyword] = option->val;
        }
        return parsed;
    }

    // The value of a keyword, empty if it is not given.
    std::string get(const std::string& keyword) const {
        const auto it = values_.find(keyword);
        return it == values_.end() ? std::string{} : it->second;
    }
    bool has(const std::string& keyword) const { return values_.contains(keyword); }
    void set(const std::string& keyword, std::string value) { values_[keyword] = std::move(value); }
    void set_default(const std::string& keyword, std::string value) { values_.try_emplace(keyword, std::move(value)); }

    // The keyword form, for libpq to read again. Holds the password.
    std::string text() const {
        std::string out;
        for (const auto& [keyword, value] : values_) {
            out += (out.empty() ? "" : " ") + keyword + "='";
            for (const char c : value) {
                if (c == '\'' || c == '\\')
                    out += '\\';
                out += c;
            }
            out += '\'';
        }
        return out;
    }

    // What libpq would fill in from the environment, its service file or its own defaults.
    void fill_address_from_defaults() {
        const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options{PQconndefaults(), PQconninfoFree};
        for (const auto* option = options.get(); option && option->keyword; ++option) {
            const std::string_view keyword = option->keyword;
            if (option->val && (keyword == "host" || keyword == "hostaddr" || keyword == "port"))
                values_.try_emplace(option->keyword, option->val);
        }
    }

    // As PQconnectStartParams takes them; valid while this object is unchanged.
    std::vector<const char*> keywords() const {
        std::vector<const char*> out;
        for (const auto& entry : values_)
            out.push_back(entry.first.c_str());
        out.push_back(nullptr);
        return out;
    }
    std::vector<const char*> values() const {
        std::vector<const char*> out;
        for (const auto& entry : values_)
            out.push_back(entry.second.c_str());
        out.push_back(nullptr);
        return out;
    }

    // A comma list taken apart; one empty entry if the keyword is not given.
    std::vector<std::string> list(const std::string& keyword) const {
        std::vector<std::string> out{""};
        for (const char c : get(keyword)) {
            if (c == ',')
                out.emplace_back();
            else
                out.back() += c;
        }
        return out;
    }

private:
    std::map<std::string, std::string> values_;
};

// A name that needs no quotes but for its case.
inline bool is_identifier(std::string_view name) noexcept {
    if (name.empty() || name.size() > 63 || name.starts_with("pg_") || (name.front() >= '0' && name.front() <= '9'))
        return false;
    for (const char c : name) {
        if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return false;
    }
    return true;
}

inline std::string quoted(std::string_view identifier) {
    std::string out = "\"";
    for (const char c : identifier)
        out.append(c == '"' ? 2 : 1, c);
    return out + '"';
}

} // namespace understudy::postgres::detail
