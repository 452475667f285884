#include "database.hpp"

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>

namespace demo {

namespace {

PGconn* of(void* connection) {
    return static_cast<PGconn*>(connection);
}

} // namespace

Database::Database(const std::string& conninfo) {
    const char* const names[]{"dbname", "application_name", nullptr};
    const char* const values[]{conninfo.c_str(), "understudy-demo", nullptr};
    connection_ = PQconnectdbParams(names, values, 1);
    if (PQstatus(of(connection_)) == CONNECTION_OK)
        return;
    const std::runtime_error failure{PQerrorMessage(of(connection_))};
    PQfinish(of(connection_));
    throw failure;
}

Database::~Database() {
    PQfinish(of(connection_));
}

Database::Rows Database::rows(const std::string& sql, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters)
        values.push_back(parameter.c_str());
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexecParams(of(connection_), sql.c_str(),
                                                                            static_cast<int>(values.size()), nullptr,
                                                                            values.data(), nullptr, nullptr, 0),
                                                               &PQclear};
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        throw std::runtime_error{PQerrorMessage(of(connection_))};
    Rows rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (int row = 0; row < PQntuples(result.get()); ++row)
        for (int column = 0; column < PQnfields(result.get()); ++column)
            rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result.get(), row, column));
    return rows;
}

std::string Database::value(const std::string& sql, const std::vector<std::string>& parameters) {
    return rows(sql, parameters).at(0).at(0);
}

bool Database::journal_is_empty() {
    return value("SELECT count(*) FROM understudy_operations WHERE state NOT IN (2, 3)") == "0";
}

bool Database::is_settled() {
    return value("SELECT (SELECT count(*) FROM understudy_operations WHERE state NOT IN (2, 3))"
                 " + (SELECT count(*) FROM hubspot_contact_credits WHERE mark <> 0)"
                 " + (SELECT count(*) FROM hubspot_mock_exams WHERE mark <> 0)"
                 " + (SELECT count(*) FROM hubspot_bookings WHERE mark <> 0)"
                 " + (SELECT count(*) FROM exam_totals_due)") == "0";
}

} // namespace demo
