// make_seeds DIRECTORY: writes inputs for fuzz_decode to begin with: the parts of real segments.
#include "segment_check.h"
#include "segment_parts.h"

#include <cstdio>
#include <fstream>

int main(int argc, char** argv) {
    using namespace active_calls;
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_seeds DIRECTORY\n");
        return EXIT_FAILURE;
    }
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RandomChoices choices(seed);
        const CallList calls = random_calls(choices, 1 + seed);
        const auto bytes = SegmentParts::of(encoded(calls.calls()).segment()).to_bytes();
        std::ofstream file(std::string(argv[1]) + "/segment-" + std::to_string(seed),
                           std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        if (!file.flush()) {
            std::fprintf(stderr, "make_seeds: cannot write to %s\n", argv[1]);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
