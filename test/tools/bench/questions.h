// The six questions of the benchmark, with values that the account's calls have.
#pragma once

#include "postgresql.h"
#include "question.h"

#include <vector>

namespace active_calls::bench {

// Reads the table of plain.sql.
std::vector<Question> six_questions(Session& session, int account_id, const Window& window);

} // namespace active_calls::bench
