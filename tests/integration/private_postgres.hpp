#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

/// A PostgreSQL server of this test's own, started by `reference_app/private_postgres` and removed with the object.
/// Throws if it does not start. `durable`: it waits for the disk, as a server of one's own does.
class PrivatePostgres {
public:
    explicit PrivatePostgres(bool tls = false, bool durable = false);
    PrivatePostgres(const PrivatePostgres&) = delete;
    PrivatePostgres& operator=(const PrivatePostgres&) = delete;
    ~PrivatePostgres();

    /// For the role `understudy`, which owns the database and is no superuser.
    const std::string& conninfo() const noexcept { return conninfo_; }
    /// Files of the server: `password`, `root.crt`, `port`, and its socket.
    const std::filesystem::path& directory() const noexcept { return directory_; }
    std::string file(const std::string& name) const;

    /// Stops the server at once, as a crash would.
    void halt();
    /// Starts it again where it was.
    void restart();

private:
    std::string run(const std::string& command) const;

    std::filesystem::path directory_;
    std::string conninfo_;
};

/// A blocking connection, for setting up and for looking behind the scenes. Throws with the server's words.
class Session {
public:
    using Rows = std::vector<std::vector<std::string>>;

    explicit Session(const std::string& conninfo);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// Runs statements; the rows of the last one, NULL as `~`.
    Rows run(const std::string& sql);
    /// The only field of the only row.
    std::string value(const std::string& sql);

private:
    void* connection_;
};

} // namespace tests
