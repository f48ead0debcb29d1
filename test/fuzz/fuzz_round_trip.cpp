// Bytes choose calls and questions about them; the segment of the calls has to give the answers
// that the calls themselves give.
#include "segment_check.h"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace active_calls;
    BytesAsChoices choices({data, size});
    // Few mostly, so that many inputs are tried; sometimes several blocks of runs.
    const std::size_t rows = 1 + choices.below(choices.one_in(64) ? 600 : 64);
    const std::string wrong = first_wrong_answer(choices, rows, 3);
    if (!wrong.empty()) {
        std::fprintf(stderr, "%s\n", wrong.c_str());
        std::abort();
    }
    return 0;
}
