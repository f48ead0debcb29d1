// The key of the tokens, from a file or the environment; never from the command line, which every
// user of the machine can read.
#pragma once

#include "token.h"

#include <string>
#include <vector>

namespace active_calls::shim {

/// Reads the file, less one newline at its end; if `path` is empty, the environment variable
/// ACTIVE_CALLS_JWT_SECRET. Adds to `warnings` what is unwise about the secret. Throws
/// std::runtime_error, with the cure, if there is none or it is empty.
Secret load_secret(const std::string& path, std::vector<std::string>& warnings);

} // namespace active_calls::shim
