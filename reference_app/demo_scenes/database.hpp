#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace demo {

/// A connection to the replica's database beside the service's own, to see what others see. Calls block, and throw
/// `std::runtime_error` with the server's words.
class Database {
public:
    using Rows = std::vector<std::vector<std::string>>;

    explicit Database(const std::string& conninfo);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// The rows of a statement with parameters `$1`, `$2`, …; NULL is empty.
    Rows rows(const std::string& sql, const std::vector<std::string>& parameters = {});
    /// The first column of the first row.
    std::string value(const std::string& sql, const std::vector<std::string>& parameters = {});

    /// Whether everything that was promised is done.
    bool journal_is_empty();
    /// And whether no row waits to be read again and no exam's total to be written, either.
    bool is_settled();

private:
    void* connection_;
};

} // namespace demo
