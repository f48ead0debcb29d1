#include "swarm.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace active_calls::hostile {

namespace {

constexpr milliseconds tick{20};

class Swarm {
public:
    explicit Swarm(const SwarmSettings& settings)
        : settings_(settings)
        , conduct_(settings.conduct)
        , epoll_(epoll_create1(EPOLL_CLOEXEC))
        , members_(settings.connections) {
        if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
    }
    ~Swarm() {
        for (Member& member : members_)
            if (member.socket >= 0) reset(member.socket);
        close(epoll_);
    }
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    Tally run(milliseconds duration, const std::stop_token& end) {
        const auto begin = Clock::now();
        auto next_tick = begin;
        while (!end.stop_requested()) {
            const auto now = Clock::now();
            if (now >= begin + duration) break;
            if (now >= next_tick) {
                next_tick = now + tick;
                open_some(now - begin);
                if (has_timers()) serve_timers(now);
            }
            wait(next_tick);
        }
        return tally_;
    }

private:
    struct Member {
        int socket = -1;
        std::size_t sent = 0;
        Clock::time_point next_piece;
        bool is_read_out = false; // the server sends no more
        AnswerReader reader{false};
    };

    bool has_timers() const { return conduct_.pause.count() > 0 || reads_slowly(); }
    bool resets_at_once() const {
        return conduct_.then == Conduct::Then::resets && conduct_.pause.count() == 0;
    }
    bool reads_slowly() const {
        return conduct_.read_a_second > 0 && conduct_.read_a_second != Conduct::all;
    }
    bool reads_at_once() const { return conduct_.read_a_second == Conduct::all; }

    // Opens as many as are missing, as far as the pace allows.
    void open_some(Clock::duration since_begin) {
        const double seconds = std::chrono::duration<double>(since_begin + tick).count();
        const auto allowed =
            static_cast<std::size_t>(seconds * static_cast<double>(settings_.opened_a_second));
        for (std::size_t tries = 0; tries < members_.size(); ++tries) {
            if (tally_.opened + tally_.failed >= allowed || open_ == members_.size()) return;
            next_free_ = (next_free_ + 1) % members_.size();
            if (members_[next_free_].socket < 0) open(next_free_);
        }
    }

    void open(std::size_t index) {
        Member& member = members_[index];
        constexpr int small = 4096;
        const int socket = connect_to(settings_.address, reads_at_once() ? 0 : small);
        if (socket < 0) {
            ++tally_.failed;
            return;
        }
        member = {};
        member.socket = socket;
        epoll_event event{};
        event.data.u64 = index;
        event.events = EPOLLOUT | wanted_always(member);
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
        ++tally_.opened;
        tally_.most_open = std::max(tally_.most_open, ++open_);
    }

    std::uint32_t wanted_always(const Member& member) const {
        std::uint32_t events = 0;
        if (reads_at_once() && !member.is_read_out) events |= EPOLLIN;
        if (!conduct_.goes_on) events |= EPOLLRDHUP;
        return events;
    }

    void want_output(std::size_t index, bool wanted) {
        epoll_event event{};
        event.data.u64 = index;
        event.events = wanted_always(members_[index]) | (wanted ? EPOLLOUT : 0U);
        epoll_ctl(epoll_, EPOLL_CTL_MOD, members_[index].socket, &event);
    }

    void drop(Member& member) {
        reset(member.socket);
        member.socket = -1;
        --open_;
    }

    void wait(Clock::time_point until) {
        std::array<epoll_event, 512> events;
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        const int count = epoll_wait(epoll_, events.data(), events.size(),
                                     static_cast<int>(std::max<std::int64_t>(left, 0)));
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            on_event(static_cast<std::size_t>(event.data.u64), event.events);
        }
    }

    void on_event(std::size_t index, std::uint32_t events) {
        Member& member = members_[index];
        // First reads what has come before the end.
        if ((events & EPOLLIN) && !receive(index, Conduct::all)) return;
        if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
            ++tally_.ended;
            drop(member);
            return;
        }
        if (events & EPOLLOUT) send_piece(index);
    }

    // Sends what is due now; with `at_once`, one piece.
    void send_piece(std::size_t index) {
        Member& member = members_[index];
        std::string_view rest = std::string_view(conduct_.bytes).substr(member.sent);
        rest = rest.substr(0, conduct_.at_once);
        if (!rest.empty()) {
            const auto sent = ::send(member.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno == EAGAIN) return;
                ++tally_.ended;
                drop(member);
                return;
            }
            member.sent += static_cast<std::size_t>(sent);
            member.next_piece = Clock::now() + conduct_.pause;
            if (static_cast<std::size_t>(sent) < rest.size()) return;
        }
        if (resets_at_once())
            drop(member);
        else
            want_output(index, false);
    }

    // False if the connection is no more.
    bool receive(std::size_t index, std::size_t limit) {
        static thread_local std::array<char, 65536> buffer;
        Member& member = members_[index];
        const auto size = recv(member.socket, buffer.data(), std::min(limit, buffer.size()), 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
        if (size == 0 && conduct_.goes_on) {
            member.is_read_out = true;
            want_output(index, false);
            return true;
        }
        if (size <= 0) {
            ++tally_.ended;
            drop(member);
            return false;
        }
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        while (!bytes.empty()) {
            const auto answer = member.reader.next(bytes);
            if (!answer) continue;
            ++tally_.answers[answer->status];
            if (conduct_.then != Conduct::Then::asks) continue;
            member.sent = 0;
            want_output(index, true);
        }
        return true;
    }

    void serve_timers(Clock::time_point now) {
        const std::size_t piece_to_read =
            reads_slowly() ? conduct_.read_a_second * tick.count() / 1000 : 0;
        for (std::size_t index = 0; index < members_.size(); ++index) {
            Member& member = members_[index];
            if (member.socket < 0) continue;
            if (reads_slowly() && !receive(index, piece_to_read)) continue;
            if (member.sent == 0 || now < member.next_piece) continue;
            if (member.sent < conduct_.bytes.size())
                send_piece(index);
            else if (conduct_.then == Conduct::Then::resets)
                drop(member);
        }
    }

    const SwarmSettings& settings_;
    const Conduct& conduct_;
    const int epoll_;
    std::vector<Member> members_;
    std::size_t next_free_ = 0;
    std::size_t open_ = 0;
    Tally tally_;
};

} // namespace

std::string Tally::text() const {
    std::string text = fmt::format("{} opened, {} at a time", opened, most_open);
    if (ended > 0) text += fmt::format(", {} ended by the shim", ended);
    if (failed > 0) text += fmt::format(", {} refused", failed);
    for (const auto& [status, count] : answers) text += fmt::format(", {} x {}", count, status);
    return text;
}

Tally run_swarm(const SwarmSettings& settings, milliseconds duration, const std::stop_token& end) {
    return Swarm(settings).run(duration, end);
}

void raise_limit_of_descriptors(std::size_t wanted) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    limit.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted); // which root alone may
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        throw std::runtime_error(
            fmt::format("needs {} descriptors: raise the hard limit (ulimit -Hn)", wanted));
}

} // namespace active_calls::hostile
