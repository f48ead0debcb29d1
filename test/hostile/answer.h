// Answers of the shim.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace active_calls::hostile {

struct Answer {
    int status = 0;
    std::string head;
    std::string body; // empty where bodies are not kept
    // The value of a field of the head, whose name is in lower case; "" if it is not there.
    std::string_view field(std::string_view name) const;
};

// Takes answers out of the bytes that come, piece by piece. Each answer of the shim that has a body
// has a Content-Length.
class AnswerReader {
public:
    explicit AnswerReader(bool keeps_bodies)
        : keeps_bodies_(keeps_bodies) {}

    // Removes from `bytes` what belongs to the next answer, and returns it once it is whole. Throws
    // std::runtime_error if the bytes are no HTTP.
    std::optional<Answer> next(std::string_view& bytes);

private:
    bool keeps_bodies_;
    bool is_in_body_ = false;
    std::size_t left_ = 0; // of the body
    Answer answer_;
};

} // namespace active_calls::hostile
