// A client's connection as httplib's stream: it hands over whole request heads only, within limits
// of time and size, and sends an answer in one piece. A body is read past httplib.
#pragma once

#include <httplib.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace active_calls::shim {

/// Edits a request's head where httplib 0.11 would refuse what is fine in HTTP, or change it: a `?`
/// within the query (it becomes `%3F`), `Range`, which a server may ignore (it is taken out), and a
/// `%` in a field (it becomes `%25`, as httplib decodes what was never encoded). And where it would
/// pass over a line that is no field of HTTP: the whole then becomes one that it refuses.
std::string fit_for_httplib(std::string_view head);

class Connection : public httplib::Stream {
public:
    /// Takes over an open socket. `is_hurried` says whether a connection that waits for its client
    /// is in the way: of clients that wait for a thread, or of the end of the process.
    Connection(socket_t socket, std::function<bool()> is_hurried);
    Connection(const Connection&) = delete;
    ~Connection() override;

    enum class Head {
        complete,
        pending, // while hurried: it may still come, but others may have their turn first
        none,
    };

    /// Waits for the head of the next request, which httplib may then read. None if the client
    /// closed, or did not send all of it within `patience` of the last answer, or, while hurried,
    /// within a short grace. A head beyond max_head_size is cut off there, which httplib takes for
    /// malformed.
    Head receive_head(std::chrono::milliseconds patience);

    /// Sends what was written. False if the client does not take it, or, while hurried, not at a
    /// fair pace.
    bool flush();

    /// Ends the connection so that a client which is still sending gets to read its answer: what
    /// it sends is thrown away, for a moment.
    void finish();

    /// What has come and is not part of the head; valid until more is received.
    std::string_view received() const { return std::string_view(received_).substr(taken_); }
    /// Takes so many bytes off the front of `received()`.
    void take(std::size_t size) { taken_ += size; }
    /// Waits a moment for something to come. False at the end of what the client sends.
    bool receive();

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    /// Reads from the received head; 0 at its end.
    ssize_t read(char* data, std::size_t size) override;
    /// Only collects; see `flush`.
    ssize_t write(const char* data, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    /// Nobody asks.
    void get_local_ip_and_port(std::string&, int&) const override {}
    /// httplib refuses descriptors beyond the reach of select(2), which is not used here.
    socket_t socket() const override { return INVALID_SOCKET; }

private:
    void note_remote_address();
    /// Takes the head off what was received; false if its end has not come.
    bool take_head();

    socket_t socket_;
    std::function<bool()> is_hurried_;
    std::string remote_host_ = "unknown";
    int remote_port_ = 0;
    /// What was received and is not part of the current head.
    std::string received_;
    std::size_t taken_ = 0;
    /// Since when the next head is waited for, and how much of what came is known not to end it.
    std::chrono::steady_clock::time_point waiting_since_;
    std::size_t searched_ = 0;
    std::string head_;
    std::size_t head_read_ = 0;
    std::string to_send_;
};

} // namespace active_calls::shim
