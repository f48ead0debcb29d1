// The statements that answer customers, and the binding of a request to them.
#pragma once

#include "series_request.h"
#include "token.h"

#include <libpq-fe.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

/// A statement to be prepared once per connection, named as the SQL function that it calls. Its
/// text is made of the table of parameters; nothing that a client sends ever becomes part of it.
struct Statement {
    const char* name;
    std::string text;
    std::vector<Oid> parameter_types;
};

/// Values of a statement's parameters in PostgreSQL's binary format; empty = NULL.
using BoundParameters = std::vector<std::optional<std::string>>;

/// The same, where the values are held elsewhere.
using ParameterViews = std::vector<std::optional<std::string_view>>;

/// One per alternative of Scope, in that order.
const std::array<Statement, std::variant_size_v<Scope>>& statements();

/// The statement that answers for this kind of scope.
const Statement& statement_for(const Scope& scope);

/// The parameters of `statement_for(scope)`.
BoundParameters bind_parameters(const Scope& scope, const SeriesRequest& request);

} // namespace active_calls::shim
