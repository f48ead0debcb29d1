// What PostgreSQL is asked: statements, and the values of their parameters.
#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

// A statement to be prepared once per connection, named as the SQL function that it calls. Nothing
// that a client sends ever becomes part of its text.
struct Statement {
    const char* name;
    std::string text;
    std::vector<Oid> parameter_types;
};

// Values of a statement's parameters in PostgreSQL's binary format, held elsewhere; empty = NULL.
using ParameterViews = std::vector<std::optional<std::string_view>>;

} // namespace active_calls::shim
