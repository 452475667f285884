#pragma once

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/conninfo.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::supabase {

/// How to reach a Supabase project's database, read from variables as Supabase names them.
///
/// | variable | meaning |
/// |---|---|
/// | `SUPABASE_DB_URL` | the connection string; port 6543 is the transaction pooler, where statements cannot be
/// prepared | | `SUPABASE_SCHEMA_NAME` | the schema of the replica's tables, `public` if not set |
///
/// A host that is not this machine is reached over TLS: `sslmode` is `require`, or `verify-full` where the connection
/// string names a root certificate (`sslrootcert`), unless it says `sslmode` itself.
struct Config {
    postgres::ConnectParams database;
    /// What is wrong with the variables, one sentence each, naming the variable; empty when all is well. No secret is
    /// repeated.
    std::vector<std::string> problems;

    bool ok() const noexcept { return problems.empty(); }

    /// `find(name)` returns the value of a variable as a `std::optional<std::string>`; an empty one counts as not set.
    template<class Find>
    static Config read(Find&& find) {
        const auto set = [&](std::string_view name) {
            const std::optional<std::string> value = find(name);
            return value.value_or(std::string{});
        };
        Config config;
        if (const auto schema = set("SUPABASE_SCHEMA_NAME"); !schema.empty())
            config.database.schema = schema;
        config.database.conninfo = set("SUPABASE_DB_URL");
        const bool rest_only = !set("SUPABASE_URL").empty() || !set("SUPABASE_SERVICE_ROLE_KEY").empty();
        config.judge(rest_only);
        return config;
    }

private:
    static constexpr std::string_view where =
        " Supabase shows it under \"Connect\" at the top of the project's page, as \"Connection string\" (URI).";

    void judge(bool rest_only) {
        std::string& conninfo = database.conninfo;
        if (conninfo.empty()) {
            problems.push_back(
                (rest_only
                     ? std::string{"SUPABASE_DB_URL is not set: SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY open the "
                                   "REST interface only, which knows no transactions; the replica needs the "
                                   "database's own connection string."}
                     : std::string{"SUPABASE_DB_URL is not set: it is the database's connection string."}) +
                std::string{where});
        } else if (conninfo.starts_with("http://") || conninfo.starts_with("https://")) {
            problems.push_back("SUPABASE_DB_URL is the address of the REST interface, not postgresql://…" +
                               std::string{where});
        } else if (conninfo.find("[YOUR-PASSWORD]") != std::string::npos) {
            problems.emplace_back(
                "SUPABASE_DB_URL still has the placeholder [YOUR-PASSWORD] where the database's password "
                "belongs (percent-encoded).");
        }
        for (auto& problem : database.problems("SUPABASE_DB_URL", "SUPABASE_SCHEMA_NAME")) {
            if (problems.empty() || problem.rfind("SUPABASE_DB_URL", 0) != 0)
                problems.push_back(std::move(problem));
        }
        if (auto parsed = postgres::detail::Conninfo::parse(conninfo); ok() && parsed) {
            secure(*parsed);
            conninfo = parsed->text();
        }
    }

    static bool is_this_machine(const std::string& host) {
        return host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost" || host == "::1" ||
               host.starts_with("127.");
    }

    static void secure(postgres::detail::Conninfo& conninfo) {
        bool local = true;
        for (const std::string keyword : {"host", "hostaddr"}) {
            for (const auto& host : conninfo.list(keyword))
                local = local && is_this_machine(host);
        }
        if (!local)
            conninfo.set_default("sslmode", conninfo.has("sslrootcert") ? "verify-full" : "require");
    }
};

} // namespace understudy::supabase
