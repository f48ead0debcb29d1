#include "backends.h"

#include "memory.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace active_calls::hostile {

Backends::Backends()
    : connection_(PQconnectdb("")) {
    if (PQstatus(connection_) == CONNECTION_OK) return;
    const std::string reason = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw std::runtime_error(reason);
}

Backends::~Backends() { PQfinish(connection_); }

std::string Backends::value(const char* query) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, query),
                                                               &PQclear);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        throw std::runtime_error(PQerrorMessage(connection_));
    return PQgetvalue(result.get(), 0, 0);
}

double Backends::count() {
    return std::stod(
        value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_shim'"));
}

double Backends::largest() {
    std::istringstream pids(value("SELECT coalesce(string_agg(pid::text, ' '), '')"
                                  " FROM pg_stat_activity WHERE usename = 'active_calls_shim'"));
    double largest = 0;
    for (pid_t pid = 0; pids >> pid;) largest = std::max(largest, memory_of(pid, "RssAnon"));
    return largest;
}

} // namespace active_calls::hostile
