// The backends that PostgreSQL has for the shim, as a superuser sees them. libpq's environment says
// where the server is.
#pragma once

#include <string>

struct pg_conn;

namespace active_calls::hostile {

class Backends {
public:
    // Throws std::runtime_error if there is no server.
    Backends();
    ~Backends();
    Backends(const Backends&) = delete;
    Backends& operator=(const Backends&) = delete;

    // How many backends the shim's role for customers has.
    double count();
    // The private memory of the backend that has most of it, in MiB.
    double largest();

private:
    std::string value(const char* query);

    pg_conn* connection_;
};

} // namespace active_calls::hostile
