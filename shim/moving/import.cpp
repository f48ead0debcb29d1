#include "import.h"

#include "destination.h"
#include "piece_queue.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <thread>

namespace active_calls::shim {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::seconds;

std::int64_t sum(const Counts& counts) {
    std::int64_t rows = 0;
    for (const auto& [slot, count] : counts) rows += count;
    return rows;
}

std::size_t count_differences(const Counts& left, const Counts& right) {
    std::size_t differences = 0;
    for (const auto& [slot, count] : left) {
        const auto found = right.find(slot);
        differences += found == right.end() || found->second != count;
    }
    for (const auto& [slot, count] : right) differences += !left.contains(slot);
    return differences;
}

// 1234567 as 1,234,567.
std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

std::string spell(seconds time) {
    if (time < seconds{60}) return fmt::format("{}s", time.count());
    if (time < hours{1}) return fmt::format("{}m {:02}s", time.count() / 60, time.count() % 60);
    return fmt::format("{}h {:02}m", time.count() / 3600, time.count() / 60 % 60);
}

// How far the import has come: a line for each day, and within a day every ten seconds.
class Progress {
public:
    Progress(std::ostream& out, const Counts& rows_of_days)
        : out_(out)
        , day_count_(rows_of_days.size())
        , rows_left_(sum(rows_of_days)) {}

    void begin_day(sys_seconds day) {
        day_ = day;
        ++day_number_;
        rows_of_day_ = 0;
    }

    void add(std::int64_t rows) {
        rows_of_day_ += rows;
        rows_ += rows;
        if (Clock::now() - reported_ < report_interval) return;
        report(fmt::format("{} rows so far", grouped(rows_of_day_)), rows_left_ - rows_of_day_);
    }

    void end_day(std::int64_t rows_in_source) {
        rows_left_ -= rows_in_source;
        report(rows_of_day_ == 0 ? "was there" : grouped(rows_of_day_) + " rows imported",
               rows_left_);
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr seconds report_interval{10};

    void report(const std::string& what, std::int64_t rows_left) {
        reported_ = Clock::now();
        const std::chrono::duration<double> taken = reported_ - began_;
        std::string line =
            fmt::format("import: {:%F}: {}; day {} of {}", day_, what, day_number_, day_count_);
        if (rows_ > 0) {
            const double rate = static_cast<double>(rows_) / taken.count();
            const seconds left{static_cast<std::int64_t>(static_cast<double>(rows_left) / rate)};
            line += fmt::format(", {} rows/s, {} left", grouped(static_cast<std::int64_t>(rate)),
                                spell(left));
        }
        out_ << line << std::endl;
    }

    std::ostream& out_;
    const std::size_t day_count_;
    std::int64_t rows_left_;
    std::size_t day_number_ = 0;
    sys_seconds day_;
    std::int64_t rows_of_day_ = 0;
    std::int64_t rows_ = 0;
    const Clock::time_point began_ = Clock::now();
    Clock::time_point reported_ = began_;
};

// One day, compared.
struct Day {
    sys_seconds begin;
    std::int64_t there;
    std::int64_t here;
    std::size_t differing_snapshots;
};

class Import {
public:
    Import(const ImportOptions& options, std::ostream& out)
        : options_(options)
        , out_(out)
        , source_(options.clickhouse)
        , destination_(options.database)
        , sealer_(options.database)
        , period_(destination_.snapshot_period()) {
        if (!destination_.try_lock()) {
            out_ << "import: waits for another import to end" << std::endl;
            destination_.lock();
        }
        // Else a slot could lie in two hours.
        if (hours{1} % period_ != seconds{0})
            throw std::runtime_error(
                fmt::format("active_calls.snapshot_period has to divide an hour, and {} s does not",
                            period_.count()));
    }

    bool run() {
        const Counts rows_of_days = source_.count(options_.window, days{1});
        begin(rows_of_days);
        Progress progress(out_, rows_of_days);
        std::vector<Day> compared;
        for (const auto& [day, rows] : rows_of_days) {
            progress.begin_day(day);
            compared.push_back(handle(day, progress));
            progress.end_day(rows);
        }
        finish_seal();
        return report(compared);
    }

private:
    void begin(const Counts& rows_of_days) {
        out_ << fmt::format("import: {} days, {} rows; reads {}\n", rows_of_days.size(),
                            grouped(sum(rows_of_days)), fmt::join(source_.fields(), ", "))
             << std::flush;
    }

    Day handle(sys_seconds day, Progress& progress) {
        const Window window{std::max(day, options_.window.begin),
                            std::min(day + days{1}, options_.window.end)};
        const Counts there = source_.count(window, period_);
        Counts here = destination_.count(window, period_);
        if (!options_.only_compare && write_missing(window, there, here, progress)) {
            begin_seal();
            here = destination_.count(window, period_);
        }
        return {day, sum(there), sum(here), count_differences(there, here)};
    }

    // A day is sealed while the next one is imported.
    void begin_seal() {
        finish_seal();
        seal_ = std::async(std::launch::async, [this] { sealer_.seal(); });
    }
    void finish_seal() {
        if (seal_.valid()) seal_.get();
    }

    // Returns whether there was anything to write.
    bool write_missing(const Window& window, const Counts& there, const Counts& here,
                       Progress& progress) {
        std::map<sys_seconds, Counts> missing; // by hour
        for (const auto& [slot, rows] : there)
            if (!here.contains(slot)) missing[floor<hours>(slot)][slot] = rows;
        for (const auto& [hour, slots] : missing)
            write({std::max<sys_seconds>(hour, window.begin),
                   std::min<sys_seconds>(hour + hours{1}, window.end)},
                  slots, progress);
        return !missing.empty();
    }

    // ClickHouse may break off with an error in the middle of its rows, so these are counted.
    void write(const Window& window, const Counts& slots, Progress& progress) {
        std::vector<sys_seconds> wanted;
        for (const auto& [slot, rows] : slots) wanted.push_back(slot);
        PieceQueue pieces;
        const std::jthread reader([&](const std::stop_token& stop) {
            try {
                source_.read(window, period_, wanted,
                             [&](std::string_view text) { return pieces.put(text, stop); });
                pieces.finish(stop);
            } catch (...) {
                pieces.fail(std::current_exception());
            }
        });
        std::int64_t rows = 0;
        const Written written = destination_.write([&] {
            auto piece = pieces.take();
            const std::int64_t lines = piece ? std::ranges::count(*piece, '\n') : 0;
            rows += lines;
            progress.add(lines);
            if (!piece && rows != sum(slots))
                throw std::runtime_error(fmt::format(
                    "ClickHouse counted {} rows in the hour from {:%F %R} UTC, but gave {}; "
                    "nothing of this hour was written",
                    sum(slots), window.begin, rows));
            return piece;
        });
        if (written.lost > 0)
            out_ << fmt::format("import: lost {} rows of the hour from {:%F %R} UTC, which do not "
                                "fit; the first: {}\n",
                                grouped(written.lost), window.begin, written.first_error)
                 << std::flush;
    }

    bool report(const std::vector<Day>& compared) const {
        out_ << fmt::format("\n{:<10}  {:>15}  {:>15}\n", "day (UTC)", "in ClickHouse", "here");
        std::size_t differing = 0;
        for (const auto& day : compared) {
            out_ << fmt::format("{:%F}  {:>15}  {:>15}", day.begin, grouped(day.there),
                                grouped(day.here));
            if (day.differing_snapshots > 0) {
                ++differing;
                out_ << fmt::format("  {} snapshots differ", day.differing_snapshots);
            }
            out_ << '\n';
        }
        out_ << (differing == 0
                     ? fmt::format("import: {} days, all the same on both sides", compared.size())
                     : fmt::format("import: {} of {} days differ", differing, compared.size()))
             << std::endl;
        return differing == 0;
    }

    const ImportOptions& options_;
    std::ostream& out_;
    Clickhouse source_;
    Destination destination_;
    Destination sealer_;
    std::future<void> seal_;
    // Snapshots are told apart as the database tells them.
    const seconds period_;
};

} // namespace

bool import_history(const ImportOptions& options, std::ostream& out) {
    return Import(options, out).run();
}

} // namespace active_calls::shim
