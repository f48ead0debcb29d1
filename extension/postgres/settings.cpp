#include "pg_headers.h"

#include "settings.h"
#include "time_zone.h"

#include <climits>

namespace active_calls::postgres {

namespace {

int gap_fill_setting = static_cast<int>(GapFill::window);
int max_points_setting = 1000000;
bool log_refusals_setting = false;
bool log_scan_setting = false;
int retry_window_setting = 3600;
char* feed_time_zone_setting = nullptr;
int max_clock_ahead_setting = 600;
int snapshot_period_setting = 0;

const config_enum_entry gap_fill_values[] = {
    {"window", static_cast<int>(GapFill::window), false},
    {"yeti", static_cast<int>(GapFill::yeti), false},
    {nullptr, 0, false},
};

// PostgreSQL's own setting of a time zone takes the same names.
bool check_time_zone(char** value, void**, GucSource) {
    if (find_time_zone(*value) != nullptr) return true;
    GUC_check_errdetail("There is no time zone of that name.");
    return false;
}

} // namespace

void define_settings() {
    DefineCustomEnumVariable(
        "active_calls.gap_fill", "Where a series has zeros for steps without calls.",
        "\"window\": within the window asked for. \"yeti\": from the step that holds from_time up "
        "to now, as Yeti's own API answers.",
        &gap_fill_setting, gap_fill_setting, gap_fill_values, PGC_USERSET, 0, nullptr, nullptr,
        nullptr);
    DefineCustomIntVariable(
        "active_calls.max_points", "The most points that a series may have.",
        "A window whose grid has more is refused before any work is done; one with more snapshots, "
        "while they are counted.",
        &max_points_setting, max_points_setting, 1, 10'000'000, PGC_USERSET, 0, nullptr, nullptr,
        nullptr);
    DefineCustomBoolVariable("active_calls.log_refusals", "Logs what is refused to customers.",
                             "Errors of customer_ and scoped_origination_active_calls that say "
                             "that the caller gave what "
                             "it may not: the log of the server has them as it has others.",
                             &log_refusals_setting, log_refusals_setting, PGC_SUSET, 0, nullptr,
                             nullptr, nullptr);
    DefineCustomBoolVariable(
        "active_calls.log_scan", "Logs what each series has cost.",
        "Segments seen, skipped and read, bytes detoasted, inbox rows, milliseconds, at level LOG.",
        &log_scan_setting, log_scan_setting, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("active_calls.retry_window",
                            "How long ingested batches are remembered.",
                            "A batch that is ingested again as it was within this time is skipped. "
                            "0 remembers nothing, "
                            "and skips nothing.",
                            &retry_window_setting, retry_window_setting, 0, 7 * 24 * 3600,
                            PGC_SUSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "active_calls.feed_time_zone", "The time zone of the times in the switch's feed.",
        "A name such as Europe/Kyiv. Where the shim is told another one, that counts.",
        &feed_time_zone_setting, "UTC", PGC_USERSET, 0, check_time_zone, nullptr, nullptr);
    DefineCustomIntVariable("active_calls.max_clock_ahead",
                            "How far a snapshot may be ahead of the server's clock.",
                            "A row of the feed that is further ahead is refused, and what is there "
                            "of later is not taken for the newest. -1 takes everything.",
                            &max_clock_ahead_setting, max_clock_ahead_setting, -1, INT_MAX / 1000,
                            PGC_SUSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "active_calls.snapshot_period", "What the snapshots of the feed are rounded down to.",
        "Switches that take a snapshot a minute, each at a second of its own, need 1min, so that "
        "their calls are counted together. 0 leaves times as they are.",
        &snapshot_period_setting, snapshot_period_setting, 0, 24 * 3600, PGC_SUSET, GUC_UNIT_S,
        nullptr, nullptr, nullptr);
    EmitWarningsOnPlaceholders("active_calls"); // MarkGUCPrefixReserved since 15, by its older name
}

GapFill gap_fill() { return static_cast<GapFill>(gap_fill_setting); }

std::size_t max_points() { return static_cast<std::size_t>(max_points_setting); }

bool log_refusals() { return log_refusals_setting; }

bool log_scan() { return log_scan_setting; }

std::string_view feed_time_zone() { return feed_time_zone_setting; }

std::optional<std::chrono::seconds> max_clock_ahead() {
    if (max_clock_ahead_setting < 0) return std::nullopt;
    return std::chrono::seconds{max_clock_ahead_setting};
}

std::chrono::seconds snapshot_period() { return std::chrono::seconds{snapshot_period_setting}; }

std::chrono::seconds retry_window() { return std::chrono::seconds{retry_window_setting}; }

} // namespace active_calls::postgres
