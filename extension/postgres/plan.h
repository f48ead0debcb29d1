// Prepared statements that a session keeps, run through SPI.
#pragma once

#include "boundary.h"

#include <cstdint>
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

// Takes the rows of a statement as the executor yields them, one at a time and uncopied: a million
// rows cost no memory. `take_row(const TupleTableSlot&)` is called with all of the slot's values
// read, and may throw; what it runs through SPI is within a with_spi() of its own. Laid out as a
// DestReceiver, which PostgreSQL calls back.
template<class TakeRow>
class RowReceiver {
public:
    explicit RowReceiver(TakeRow& take_row)
        : take_row_(&take_row) {
        receiver_.receiveSlot = receive;
        receiver_.rStartup = [](DestReceiver*, int, TupleDesc) {};
        receiver_.rShutdown = [](DestReceiver*) {};
        receiver_.rDestroy = [](DestReceiver*) {};
        receiver_.mydest = DestTuplestore; // SPI wants a kind; DestNone would discard rows
    }

    DestReceiver* get() { return &receiver_; }

private:
    static bool receive(TupleTableSlot* slot, DestReceiver* self) {
        slot_getallattrs(slot);
        boundary([&] { (*reinterpret_cast<RowReceiver*>(self)->take_row_)(*slot); });
        return true;
    }

    DestReceiver receiver_{}; // first: PostgreSQL knows this part alone
    TakeRow* take_row_;
};

// Runs a read-only plan on the snapshot of the current query and hands each row to `receiver`, or,
// without one, leaves them in SPI_tuptable. Raises: call it in a guarded body.
void execute_query(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
                   DestReceiver* receiver = nullptr);

// Runs a plan that changes data, on a snapshot of its own where the transaction's isolation allows
// it. Rows that it returns go the same way. Returns how many rows it changed. Raises: call it in a
// guarded body.
std::uint64_t execute_command(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
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
