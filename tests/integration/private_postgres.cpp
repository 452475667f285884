#include "private_postgres.hpp"

#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <unistd.h>

namespace tests {

PrivatePostgres::PrivatePostgres(bool tls, bool durable) {
    std::string name = (std::filesystem::temp_directory_path() / "understudy-postgres.XXXXXX").string();
    if (!mkdtemp(name.data()))
        throw std::runtime_error{"no temporary directory"};
    directory_ = name;
    conninfo_ =
        run("start --owner " + std::to_string(getpid()) + (tls ? " --tls" : "") + (durable ? " --durable" : ""));
    while (!conninfo_.empty() && conninfo_.back() == '\n')
        conninfo_.pop_back();
}

PrivatePostgres::~PrivatePostgres() {
    try {
        run("stop");
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
    }
}

std::string PrivatePostgres::file(const std::string& name) const {
    std::ifstream in{directory_ / name};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void PrivatePostgres::halt() {
    run("halt");
}

void PrivatePostgres::restart() {
    run("restart");
}

std::string PrivatePostgres::run(const std::string& command) const {
    const auto space = command.find(' ');
    const std::string options = space == std::string::npos ? "" : command.substr(space);
    const std::string line =
        std::string{UNDERSTUDY_PRIVATE_POSTGRES} + " " + command.substr(0, space) + " " + directory_.string() + options;
    FILE* pipe = popen(line.c_str(), "r");
    if (!pipe)
        throw std::runtime_error{"cannot run " + line};
    std::string output;
    char buffer[512];
    for (std::size_t count = 0; (count = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        output.append(buffer, count);
    if (pclose(pipe) != 0)
        throw std::runtime_error{line + " failed"};
    return output;
}

Session::Session(const std::string& conninfo)
    : connection_{PQconnectdb(conninfo.c_str())} {
    auto* connection = static_cast<PGconn*>(connection_);
    if (PQstatus(connection) != CONNECTION_OK) {
        const std::string message = PQerrorMessage(connection);
        PQfinish(connection);
        throw std::runtime_error{message};
    }
    PQsetNoticeReceiver(
        connection, [](void*, const PGresult*) {}, nullptr);
}

Session::~Session() {
    PQfinish(static_cast<PGconn*>(connection_));
}

Session::Rows Session::run(const std::string& sql) {
    auto* connection = static_cast<PGconn*>(connection_);
    PGresult* result = PQexec(connection, sql.c_str());
    const auto status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        PQclear(result);
        throw std::runtime_error{sql + ": " + PQerrorMessage(connection)};
    }
    Rows rows(static_cast<std::size_t>(PQntuples(result)));
    for (int r = 0; r < PQntuples(result); ++r) {
        for (int c = 0; c < PQnfields(result); ++c)
            rows[static_cast<std::size_t>(r)].emplace_back(PQgetisnull(result, r, c) ? "~" : PQgetvalue(result, r, c));
    }
    PQclear(result);
    return rows;
}

std::string Session::value(const std::string& sql) {
    return run(sql).at(0).at(0);
}

} // namespace tests
