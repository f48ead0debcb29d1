// What PostgreSQL does for the shim, as a superuser sees it. It is reached as libpq's environment
// says.
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

    // How many the shim's role for customers has.
    double count();
    // The private memory of the one that has most of it, in MiB.
    double largest();

private:
    std::string value(const char* query);

    pg_conn* connection_;
};

} // namespace active_calls::hostile
