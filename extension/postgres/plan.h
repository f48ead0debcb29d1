// Prepared statements that a session keeps, run through SPI.
#pragma once

#include "boundary.h"

#include <initializer_list>
#include <string>

namespace active_calls::postgres {

// A statement prepared at its first use in the session and kept. PostgreSQL itself prepares it anew
// when what it reads has changed.
class Plan {
public:
    // `make_query` gives the text, of constant parts only: every value is a parameter. The caller
    // has connected to SPI.
    template<class MakeQuery>
    SPIPlanPtr get(MakeQuery&& make_query, std::initializer_list<Oid> parameter_types) {
        if (plan_ == nullptr) {
            const std::string query{make_query()};
            plan_ = guarded([&] { return prepare(query.c_str(), parameter_types); });
        }
        return plan_;
    }

private:
    static SPIPlanPtr prepare(const char* query, std::initializer_list<Oid> parameter_types);

    SPIPlanPtr plan_ = nullptr;
};

// Runs a read-only plan on the snapshot of the current query and hands each row to `receiver`, or,
// without one, leaves them in SPI_tuptable. Raises: call it in a guarded body.
void execute_query(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
                   DestReceiver* receiver = nullptr);

// Runs `body` connected to SPI. On an error PostgreSQL itself disconnects.
template<class Body>
void with_spi(Body&& body) {
    guarded([] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    });
    body();
    guarded([] {
        if (SPI_finish() != SPI_OK_FINISH) elog(ERROR, "SPI_finish failed");
    });
}

constexpr NullableDatum not_null(Datum value) { return {value, false}; }
constexpr NullableDatum null_datum{0, true};

} // namespace active_calls::postgres
