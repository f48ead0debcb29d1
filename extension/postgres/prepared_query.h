// Statements that a session prepares once and keeps, run through SPI.
#pragma once

#include "boundary.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::postgres {

constexpr NullableDatum not_null(Datum value) { return {value, false}; }
constexpr NullableDatum null_datum{0, true};

// Hands the rows of a statement to `take_row(const TupleTableSlot&, MemoryContext)` as the executor
// yields them, one at a time and uncopied: a million rows cost no memory. PostgreSQL sees a
// DestReceiver.
template<class TakeRow>
class RowReceiver {
public:
    RowReceiver(TakeRow& take_row, MemoryContext row_memory)
        : take_row_(&take_row)
        , row_memory_(row_memory) {
        receiver_.receiveSlot = receive;
        receiver_.rStartup = [](DestReceiver*, int, TupleDesc) {};
        receiver_.rShutdown = [](DestReceiver*) {};
        receiver_.rDestroy = [](DestReceiver*) {};
        receiver_.mydest = DestTuplestore; // SPI wants a kind; DestNone would discard rows
    }

    DestReceiver* get() { return &receiver_; }

private:
    static bool receive(TupleTableSlot* slot, DestReceiver* self) {
        auto& receiver = *reinterpret_cast<RowReceiver*>(self);
        slot_getallattrs(slot);
        boundary([&] { (*receiver.take_row_)(*slot, receiver.row_memory_); });
        if (!MemoryContextIsEmpty(receiver.row_memory_)) MemoryContextReset(receiver.row_memory_);
        return true;
    }

    DestReceiver receiver_{}; // first: PostgreSQL knows this part alone
    TakeRow* take_row_;
    MemoryContext row_memory_;
};

// The memory of a row while it is looked at. Reading a segment takes some hundred kilobytes, which
// malloc would give back to the kernel and fault in again for each one: that takes longer than the
// counting. So a session keeps a block for rows, and what does not fit there comes and goes. While
// rows of one statement are being taken, those of another one get memory that ends with SPI's.
class RowMemory {
public:
    RowMemory();  // throws PendingError
    ~RowMemory(); // after an error, too: a session may be idle for long
    RowMemory(const RowMemory&) = delete;
    RowMemory& operator=(const RowMemory&) = delete;

    MemoryContext get() const { return context_; }

private:
    static MemoryContext kept; // below TopMemoryContext, made at the first use
    static bool is_taken;

    bool is_kept_;
    MemoryContext context_;
};

// A statement that is prepared at its first use in the session, and anew by PostgreSQL itself when
// what it reads has changed. The caller of everything here has connected to SPI.
//
// A statement that begins with SELECT only reads, on the snapshot of the current query. Any other
// one changes data, on a snapshot of its own where the transaction's isolation allows it.
class PreparedQuery {
public:
    // The text, or the parts of it, are constant: every value is a parameter.
    PreparedQuery(const char* text, std::vector<Oid> parameter_types)
        : PreparedQuery({std::string_view(text)}, std::move(parameter_types)) {}
    PreparedQuery(std::initializer_list<std::string_view> parts, std::vector<Oid> parameter_types)
        : parameter_types_(std::move(parameter_types)) {
        for (const std::string_view part : parts) text_ += part;
    }

    // Hands each row that the statement reads or returns to
    // `take_row(const TupleTableSlot&, MemoryContext)`, with all of the slot's values read. The
    // memory is reset after each row. `take_row` may throw; what it runs through SPI is within a
    // with_spi() of its own. Returns how many rows the statement has read or changed. Throws
    // PendingError.
    template<class TakeRow>
    std::uint64_t for_each_row(std::span<const NullableDatum> parameters, TakeRow&& take_row) {
        SPIPlanPtr const prepared = plan();
        const RowMemory row_memory;
        return guarded([&] {
            RowReceiver receiver(take_row, row_memory.get());
            return execute(prepared, parameters, receiver.get());
        });
    }

    template<std::size_t count, class TakeRow>
    std::uint64_t for_each_row(const NullableDatum (&parameters)[count], TakeRow&& take_row) {
        return for_each_row(std::span<const NullableDatum>(parameters), take_row);
    }

    // The same for a statement whose rows are not needed.
    std::uint64_t run(std::span<const NullableDatum> parameters) {
        SPIPlanPtr const prepared = plan();
        return guarded([&] { return execute(prepared, parameters, nullptr); });
    }

    template<std::size_t count>
    std::uint64_t run(const NullableDatum (&parameters)[count]) {
        return run(std::span<const NullableDatum>(parameters));
    }

    // Throws PendingError.
    SPIPlanPtr plan() {
        if (plan_ == nullptr) plan_ = guarded([&] { return prepare(); });
        return plan_;
    }

private:
    // These two raise.
    SPIPlanPtr prepare() const;
    std::uint64_t execute(SPIPlanPtr plan, std::span<const NullableDatum> parameters,
                          DestReceiver* receiver) const;

    std::string text_;
    std::vector<Oid> parameter_types_;
    SPIPlanPtr plan_ = nullptr;
};

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

} // namespace active_calls::postgres
