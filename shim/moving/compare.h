// `active-calls-shim compare`: asks two servers of the customers' API the same questions.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace active_calls::shim {

struct CompareOptions {
    // One of the two servers.
    struct Side {
        // http://host[:port] or https://host[:port]
        std::string server;
        std::string token;
    };
    Side old_side;
    Side new_side;
    // Where the resource is on both.
    std::string path;
    std::vector<std::string> account_ids;
    // Each FROM/TO, in the API's own spelling.
    std::vector<std::string> windows;
    // Each the filters of one question, as in a URL.
    std::vector<std::string> filters;
    // Whether points of 0 calls count, too.
    bool exact = false;
    // What is allowed and yet unwise, for the standard error.
    std::vector<std::string> warnings;
};

// What is asked where the operator names no filters.
std::vector<std::string> usual_filters();

// Asks for all accounts, windows and filters; `out` gets what differs. Returns whether all
// questions were answered, and alike.
bool compare_servers(const CompareOptions& options, std::ostream& out);

} // namespace active_calls::shim
