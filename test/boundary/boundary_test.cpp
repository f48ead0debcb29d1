// SQL functions that raise and throw at every place where C++ and PostgreSQL meet, while C++
// objects are alive that count themselves. test/t/005_boundary.pl calls them.
#include "../../extension/postgres/boundary.h"

#include <stdexcept>
#include <string>
#include <vector>

using namespace active_calls;
using namespace active_calls::postgres;

namespace {

int live_objects = 0;

// Stands for any object with a destructor: one that is skipped leaves live_objects above 0.
class Witness {
public:
    Witness() { ++live_objects; }
    ~Witness() { --live_objects; }
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

private:
    MemoryContextResource memory_;
    std::pmr::vector<int> held_{1000, &memory_};
    std::vector<int> held_by_the_heap_ = std::vector<int>(1000);
};

[[noreturn]] void throw_kind(std::string_view kind) {
    const Witness witness;
    if (kind == "error") throw Error(ErrorKind::limit_exceeded, "thrown: error", "The hint.");
    if (kind == "standard") throw std::runtime_error("thrown: standard");
    if (kind == "out of memory") throw std::bad_alloc();
    if (kind == "too much memory") {
        MemoryContextResource memory;
        const std::pmr::vector<char> huge(std::size_t{1} << 60, &memory);
    }
    if (kind == "long") throw std::runtime_error(std::string(5000, 'x') + "\xC3\xA9");
    throw 42;
}

// Receives the rows of a query, and throws at the fifth one.
struct ThrowingReceiver {
    DestReceiver receiver;
    const std::string* kind;
    int rows;
};

bool receive(TupleTableSlot*, DestReceiver* self) {
    auto& throwing = *reinterpret_cast<ThrowingReceiver*>(self);
    boundary([&] {
        const Witness witness;
        if (++throwing.rows == 5) throw_kind(*throwing.kind);
    });
    return true;
}

void start(DestReceiver*, int, TupleDesc) {}
void stop(DestReceiver*) {}

// Runs a query through SPI; its rows go to `receiver` when there is one. For a guarded body.
void run_query(const char* query, DestReceiver* receiver) {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    SPIExecuteOptions options{};
    options.read_only = true;
    options.dest = receiver;
    SPIPlanPtr plan = SPI_prepare(query, 0, nullptr);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed");
    SPI_execute_plan_extended(plan, &options);
    SPI_finish();
}

} // namespace

extern "C" {

MODULE_MAGIC("boundary_test", nullptr);
PG_FUNCTION_INFO_V1(boundary_throw);
PG_FUNCTION_INFO_V1(boundary_throw_in_query);
PG_FUNCTION_INFO_V1(boundary_throw_guarded);
PG_FUNCTION_INFO_V1(boundary_raise_guarded);
PG_FUNCTION_INFO_V1(boundary_restored);
PG_FUNCTION_INFO_V1(boundary_run);
PG_FUNCTION_INFO_V1(boundary_live_objects);
PG_FUNCTION_INFO_V1(boundary_overaligned);

// boundary_throw(kind text): a C++ exception in plain C++
Datum boundary_throw(PG_FUNCTION_ARGS) {
    return boundary([&]() -> Datum {
        const Witness witness;
        const char* kind = guarded([&] { return text_to_cstring(PG_GETARG_TEXT_PP(0)); });
        throw_kind(kind);
    });
}

// boundary_throw_in_query(kind text): a C++ exception below PostgreSQL's executor, below C++
Datum boundary_throw_in_query(PG_FUNCTION_ARGS) {
    return boundary([&]() -> Datum {
        const Witness witness;
        const std::string kind(guarded([&] { return text_to_cstring(PG_GETARG_TEXT_PP(0)); }));
        ThrowingReceiver throwing{{receive, start, stop, stop, DestTuplestore}, &kind, 0};
        guarded([&] { run_query("SELECT generate_series(1, 1000)", &throwing.receiver); });
        return BoolGetDatum(true);
    });
}

// boundary_throw_guarded(kind text): a C++ exception out of a guarded body, in another one
Datum boundary_throw_guarded(PG_FUNCTION_ARGS) {
    return boundary([&]() -> Datum {
        const Witness witness;
        const char* kind = guarded([&] { return text_to_cstring(PG_GETARG_TEXT_PP(0)); });
        guarded([&] { guarded([&] { throw_kind(kind); }); });
        return BoolGetDatum(true);
    });
}

// boundary_raise_guarded(query text): whatever PostgreSQL raises for the query, out of a guarded
// body in another one
Datum boundary_raise_guarded(PG_FUNCTION_ARGS) {
    return boundary([&]() -> Datum {
        const Witness witness;
        const char* query = guarded([&] { return text_to_cstring(PG_GETARG_TEXT_PP(0)); });
        guarded([&] { guarded([&] { run_query(query, nullptr); }); });
        return BoolGetDatum(true);
    });
}

// boundary_restored() returns boolean: PostgreSQL handles errors, and allocates, as it did before a
// guarded body changed that and threw
Datum boundary_restored(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return boundary([&] {
        const auto* const handler = PG_exception_stack;
        const auto* const callbacks = error_context_stack;
        const auto* const memory = CurrentMemoryContext;
        ErrorContextCallback callback{error_context_stack, [](void*) {}, nullptr};
        try {
            guarded([&] {
                error_context_stack = &callback;
                MemoryContextSwitchTo(TopMemoryContext);
                throw_kind("standard");
            });
        } catch (const std::runtime_error&) {
            return BoolGetDatum(PG_exception_stack == handler && error_context_stack == callbacks &&
                                CurrentMemoryContext == memory);
        }
        return BoolGetDatum(false);
    });
}

// boundary_run(query text): whatever PostgreSQL raises for the query, below C++
Datum boundary_run(PG_FUNCTION_ARGS) {
    return boundary([&]() -> Datum {
        const Witness witness;
        const std::string query(guarded([&] { return text_to_cstring(PG_GETARG_TEXT_PP(0)); }));
        guarded([&] { run_query(query.c_str(), nullptr); });
        return BoolGetDatum(true);
    });
}

// boundary_live_objects() returns int: how many destructors were skipped
Datum boundary_live_objects(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return Int32GetDatum(live_objects);
}

// boundary_overaligned() returns boolean: memory aligned beyond what PostgreSQL gives
Datum boundary_overaligned(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return boundary([&] {
        MemoryContextResource memory;
        bool aligned = true;
        for (const std::size_t alignment : {1, 8, 16, 64, 4096}) {
            void* block = memory.allocate(100, alignment);
            aligned = aligned && reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
            std::memset(block, 0xFF, 100);
            memory.deallocate(block, 100, alignment);
        }
        return BoolGetDatum(aligned);
    });
}

} // extern "C"
