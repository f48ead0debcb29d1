// The boundary between C++ and PostgreSQL. Nothing else in the extension knows how either raises
// errors.
//
// PostgreSQL raises with siglongjmp, which skips C++ destructors; a C++ exception must never reach
// a C frame. So control crosses in three ways, and in no others:
//
//   PostgreSQL -> C++   boundary([&] { ... })
//       Every function that PostgreSQL calls back runs its C++ in this; around it, it owns nothing
//       with a destructor. A C++ exception that arrives becomes a PostgreSQL error, raised when no
//       C++ object is alive.
//
//                       sql_function(fcinfo, 2, [&] { ... })
//       The same for every function that SQL calls, of so many arguments. One that owns nothing
//       with a destructor may begin with require_arguments(fcinfo, 2) instead.
//
//   C++ -> PostgreSQL   guarded([&] { ... })
//       Every call into PostgreSQL that can raise, while an object with a destructor is alive in
//       any frame above up to the boundary. The body itself must own nothing with a destructor: a
//       raise jumps over it. The raised error stays where PostgreSQL put it, the C++ frames are
//       unwound by the exception PendingError, and the boundary lets PostgreSQL carry on raising.
//       Only the boundary may catch PendingError, and no destructor may call what can raise. The
//       body may throw, too: that is an exception like any other.
//
//   memory              MemoryContextResource, make_in_context()
//       Allocates from a memory context and throws std::bad_alloc where palloc would raise; and,
//       for what lives from one call of PostgreSQL's to the next, ties an object to a memory
//       context.
//
// Interrupts (cancel, statement_timeout) are errors like any other: CHECK_FOR_INTERRUPTS stands in
// a guarded body, or in PostgreSQL code that one calls. The kernel looks at them by itself
// (kernel/interrupts.h), and so may throw PendingError wherever it works.
#pragma once

#include "pg_headers.h"

#include "../kernel/error.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <memory_resource>
#include <new>
#include <string_view>
#include <type_traits>

namespace active_calls::postgres {

// PostgreSQL has raised an error, which waits on its error stack. Not a std::exception, so that no
// handler of those takes it for something that can be handled.
struct PendingError {};

// Whether the server logs what a function refuses, which is an Error that blames the caller. The
// caller gets the error either way.
enum class Refusals { logged, unlogged };

// SQLSTATEs of our own, of class AC, for what a client has to tell from other errors. The shim's
// table of SQLSTATEs has them, too.
constexpr int unknown_account_sqlstate = MAKE_SQLSTATE('A', 'C', '0', '0', '1');
constexpr int repeated_batch_sqlstate = MAKE_SQLSTATE('A', 'C', '0', '0', '2');
constexpr int unknown_zone_sqlstate = MAKE_SQLSTATE('A', 'C', '0', '0', '3');
constexpr int unknown_column_sqlstate = MAKE_SQLSTATE('A', 'C', '0', '0', '4');

// An error that is on its way from C++ to PostgreSQL. It lives while the exception that it copies
// is already gone, and siglongjmp skips it: so it is plain bytes.
class Failure {
public:
    static Failure pending() { return {}; }

    static Failure of(const Error& error, Refusals refusals) {
        Failure failure(sqlstate(error.kind()), error.what(), error.hint());
        failure.is_logged_ = refusals == Refusals::logged || !is_refusal(error.kind());
        return failure;
    }

    static Failure of(int sqlstate, std::string_view message) {
        return Failure(sqlstate, message, {});
    }

    // Does not return: raises the error in PostgreSQL.
    [[noreturn]] void raise() const {
        if (sqlstate_ == 0) PG_RE_THROW();
        if (is_logged_)
            report();
        else
            report_unlogged();
    }

private:
    Failure() {} // not defaulted, which would clear the texts
    Failure(int sqlstate, std::string_view message, std::string_view hint)
        : sqlstate_(sqlstate) {
        copy(message, message_);
        copy(hint, hint_);
    }

    [[noreturn]] void report() const {
        ereport(ERROR, errcode(sqlstate_), errmsg("%s", message_),
                hint_[0] ? errhint("%s", hint_) : 0);
        pg_unreachable();
    }

    // PostgreSQL decides whether an error is logged where it is raised, and keeps to that where it
    // is raised again.
    [[noreturn]] void report_unlogged() const {
        const MemoryContext memory = CurrentMemoryContext;
        PG_TRY();
        { report(); }
        PG_CATCH();
        {
            MemoryContextSwitchTo(memory);
            ErrorData* const error = CopyErrorData();
            FlushErrorState();
            error->output_to_server = false;
            ReThrowError(error);
        }
        PG_END_TRY();
        pg_unreachable();
    }

    static bool is_refusal(ErrorKind kind) {
        return kind == ErrorKind::missing_argument || kind == ErrorKind::invalid_argument ||
               kind == ErrorKind::unknown_access || kind == ErrorKind::unknown_account ||
               kind == ErrorKind::limit_exceeded;
    }

    static int sqlstate(ErrorKind kind) {
        switch (kind) {
        case ErrorKind::missing_argument:
            return ERRCODE_NULL_VALUE_NOT_ALLOWED;
        case ErrorKind::unknown_access:
            return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
        case ErrorKind::unknown_account:
            return unknown_account_sqlstate;
        case ErrorKind::invalid_argument:
            return ERRCODE_INVALID_PARAMETER_VALUE;
        case ErrorKind::limit_exceeded:
            return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
        case ErrorKind::unknown_column:
            return unknown_column_sqlstate;
        case ErrorKind::unknown_zone:
            return unknown_zone_sqlstate;
        case ErrorKind::malformed_input:
            return ERRCODE_INVALID_TEXT_REPRESENTATION;
        case ErrorKind::repeated_batch:
            return repeated_batch_sqlstate;
        case ErrorKind::corrupted_data:
            return ERRCODE_DATA_CORRUPTED;
        case ErrorKind::newer_data:
            return ERRCODE_FEATURE_NOT_SUPPORTED;
        }
        return ERRCODE_INTERNAL_ERROR;
    }

    // Cuts what does not fit, and never through a UTF-8 character.
    template<std::size_t size>
    static void copy(std::string_view text, char (&buffer)[size]) {
        std::size_t length = std::min(text.size(), size - 1);
        if (length < text.size())
            while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
                --length;
        buffer[text.copy(buffer, length)] = '\0';
    }

    bool is_logged_ = true;
    int sqlstate_ = 0; // 0: the error is already on PostgreSQL's error stack
    // Unset without an error of ours: a boundary is crossed for every row, and clearing these would
    // cost more than the rest of it.
    char message_[1024];
    char hint_[512];
};

static_assert(std::is_trivially_destructible_v<Failure>);

// Runs C++ on behalf of PostgreSQL; returns what `body` returns, or raises.
template<class Body>
std::invoke_result_t<Body> boundary(Body&& body, Refusals refusals = Refusals::logged) {
    Failure failure = Failure::pending();
    try {
        return body();
    } catch (const PendingError&) {
    } catch (const Error& error) {
        failure = Failure::of(error, refusals);
    } catch (const std::bad_alloc&) {
        failure = Failure::of(ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception& error) {
        failure = Failure::of(ERRCODE_INTERNAL_ERROR, error.what());
    } catch (...) {
        failure = Failure::of(ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
    failure.raise();
}

// Raises unless SQL has declared the function with as many arguments as this library reads: the
// library of a session may be older than the SQL objects, or newer. A function reads its arguments
// by their positions, so that it would take one for another, or read past the last one. New
// versions add arguments, and never take one away.
inline void require_arguments(FunctionCallInfo fcinfo, int count) {
    if (fcinfo->nargs > count)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("a newer version of active_calls has declared this function"),
                errhint("This session goes on with an older library: begin another session."));
    if (fcinfo->nargs < count)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("an older version of active_calls has declared this function"),
                errhint("Run ALTER EXTENSION active_calls UPDATE, and begin another session."));
}

// Runs C++ on behalf of SQL, which gives the function `argument_count` arguments.
template<class Body>
Datum sql_function(FunctionCallInfo fcinfo, int argument_count, Body&& body,
                   Refusals refusals = Refusals::logged) {
    require_arguments(fcinfo, argument_count);
    return boundary(body, refusals);
}

// The place to which PostgreSQL jumps when an error is raised, the functions that it asks for the
// error's context, and the memory context in which it allocates.
//
// PG_TRY makes the first one a jump buffer in its own frame, and PG_END_TRY puts back what was
// there before. An exception skips PG_END_TRY: without restore() the next error would jump into a
// frame that is gone. Forbidding exceptions there (noexcept) would be simpler, but then an
// exception would end the process, and with it every session of the server, instead of one
// statement.
class ErrorHandling {
public:
    void restore() const {
        PG_exception_stack = handler_;
        error_context_stack = context_callbacks_;
        MemoryContextSwitchTo(memory_);
    }

private:
    sigjmp_buf* handler_ = PG_exception_stack;
    ErrorContextCallback* context_callbacks_ = error_context_stack;
    MemoryContext memory_ = CurrentMemoryContext;
};

// Calls PostgreSQL on behalf of C++; returns what `body` returns, or throws PendingError.
template<class Body>
std::invoke_result_t<Body> guarded(Body&& body) {
    using Result = std::invoke_result_t<Body>;
    static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>,
                  "an error would jump over what the body has captured");

    if constexpr (std::is_void_v<Result>) {
        const ErrorHandling before;
        volatile bool raised = false;
        try {
            PG_TRY();
            { body(); }
            PG_CATCH();
            { raised = true; }
            PG_END_TRY();
        } catch (...) {
            before.restore();
            throw;
        }
        if (raised) {
            before.restore();
            throw PendingError{};
        }
    } else {
        static_assert(std::is_trivially_destructible_v<Result>,
                      "an error would jump over the result");
        Result result{};
        guarded([&] { result = body(); });
        return result;
    }
}

// Memory of a memory context for standard containers: it goes with the context, whichever way the
// function is left.
class MemoryContextResource final : public std::pmr::memory_resource {
public:
    explicit MemoryContextResource(MemoryContext context = CurrentMemoryContext)
        : context_(context) {}

private:
    // PostgreSQL aligns to MAXIMUM_ALIGNOF. For more than that (std::pmr's own buffers ask for 16)
    // the memory begins further on, behind the pointer that pfree wants.
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (alignment <= MAXIMUM_ALIGNOF) return allocate_maxaligned(bytes);
        if (bytes > MaxAllocHugeSize - alignment - sizeof(void*)) throw std::bad_alloc();
        void* const whole = allocate_maxaligned(bytes + alignment + sizeof(void*));
        void* aligned = static_cast<void**>(whole) + 1;
        std::size_t space = bytes + alignment;
        std::align(alignment, bytes, aligned, space);
        static_cast<void**>(aligned)[-1] = whole;
        return aligned;
    }

    void do_deallocate(void* memory, std::size_t, std::size_t alignment) override {
        pfree(alignment <= MAXIMUM_ALIGNOF ? memory : static_cast<void**>(memory)[-1]);
    }

    void* allocate_maxaligned(std::size_t bytes) {
        if (!AllocHugeSizeIsValid(bytes)) throw std::bad_alloc();
        void* memory = MemoryContextAllocExtended(context_, std::max<std::size_t>(bytes, 1),
                                                  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
        if (memory == nullptr) throw std::bad_alloc();
        return memory;
    }

    bool do_is_equal(const memory_resource& other) const noexcept override {
        const auto* resource = dynamic_cast<const MemoryContextResource*>(&other);
        return resource != nullptr && resource->context_ == context_;
    }

    MemoryContext context_;
};

// An object that outlives the C++ call that made it: it lives in a memory context, and is destroyed
// when that is reset or deleted, whichever way its query ends. Its destructor must not call what
// can raise.
template<class Object, class... Arguments>
Object& make_in_context(MemoryContext context, Arguments&&... arguments) {
    struct Place {
        MemoryContextCallback callback;
        alignas(Object) std::byte object[sizeof(Object)];
    };
    static_assert(alignof(Place) <= MAXIMUM_ALIGNOF);
    auto* place = guarded(
        [&] { return static_cast<Place*>(MemoryContextAllocZero(context, sizeof(Place))); });
    auto* object = new (place->object) Object(std::forward<Arguments>(arguments)...);
    place->callback.func = [](void* made) { static_cast<Object*>(made)->~Object(); };
    place->callback.arg = object;
    MemoryContextRegisterResetCallback(context, &place->callback);
    return *object;
}

} // namespace active_calls::postgres
