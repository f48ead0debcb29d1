# How each kind of test is run: against servers of its own, with the environment that test/tools/setup/with-build.sh
# describes. Sourced by run.sh, which runs all of them, and by check.sh, which runs some.
# shellcheck shell=bash

: "${BUILD:?is not set; call this as \"make test\"}" "${PGBIN:?}" "${SHIM:?}" "${SIMULATE:?}" "${SQL:?}" "${FEED:?}"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
read -r -a as_server_user <<<"${AS_SERVER_USER:-}"
as_server() { "${as_server_user[@]}" "$@"; }
# shellcheck source=test/tools/setup/own-server.sh
. "$top/test/tools/setup/own-server.sh"

passed=0
failed=0
skipped=0
times=$BUILD/times # a line for each test that ran: milliseconds, what it is, its name
: >"$times"

# Sanitizers report what they find, in any process, to files here. An allocation that is too large is no finding.
reports=$BUILD/reports
rm -rf "$reports"
install -d -m 1777 "$reports"
export ASAN_OPTIONS="log_path=$reports/address:allocator_may_return_null=1"
export UBSAN_OPTIONS="log_path=$reports/undefined:print_stacktrace=1"
# Debian's httplib is not built for ThreadSanitizer, which so does not see how its static variables are made once.
echo 'called_from_lib:libcpp-httplib.so' >"$BUILD/thread-suppressions"
export TSAN_OPTIONS="log_path=$reports/thread:suppressions=$BUILD/thread-suppressions"

sanitizer_reports() {
    local report
    for report in "$reports"/*; do
        if [ ! -f "$report" ] || ! grep -qv 'AddressSanitizer failed to allocate' "$report"; then continue; fi
        echo "== ${report##*/}"
        grep -v 'AddressSanitizer failed to allocate' "$report" | head -n 60
        failed=$((failed + 1))
    done
}

count() { # PASSED FAILED [SKIPPED]: a suite that ran nothing has failed
    if (($1 + $2 == 0)); then set -- 0 1 "${3:-0}"; fi
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + ${3:-0}))
}

# Prints the counts in one line, and returns whether all is well.
summary() {
    local text
    sanitizer_reports
    text="total: $passed passed, $failed failed"
    if ((skipped > 0)); then text+=", $skipped skipped"; fi
    echo "$text"
    ((failed == 0))
}

# took KIND NAME SINCE: notes how long something took that began at the time SINCE, as now_ms says it.
now_ms() { date +%s%3N; }
took() { echo "$(($(now_ms) - $3)) $1 $2" >>"$times"; }

# A folder that the servers' user may write to, empty.
fresh_folder() {
    rm -rf "$1"
    install -d -m 755 -o "$(as_server id -un)" "$1"
}

unit_tests() { # PATTERN of their names [FOLDER]
    echo "== unit tests"
    local log=$BUILD/unit-tests.log
    local status=0 total bad unrun
    (cd "$BUILD/cmake/${2:-}" && ctest --output-on-failure -j"$(nproc)" -R "$1") >"$log" 2>&1 || status=$?
    if ((status != 0)); then cat "$log"; fi
    read -r bad total < <(sed -nE 's/.*tests passed, ([0-9]+) tests? failed out of ([0-9]+)/\1 \2/p' "$log")
    if ((status != 0 && ${bad:-0} == 0)); then bad=1; fi
    unrun=$(grep -cE '^[[:space:]]+[0-9]+ - .* \(Skipped\)$' "$log") # among those that ctest says have passed
    count $((${total:-0} - ${bad:-0} - unrun)) "${bad:-1}" "$unrun"
    sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .* ([0-9]+)\.([0-9]{2}) sec$/\2\30 unit \1/p' "$log" >>"$times"
    tail -n 3 "$log"
}

# A short run; `make fuzz` is the long one.
fuzzing() {
    echo "== fuzzing"
    local log=$BUILD/fuzzing.log begin
    begin=$(now_ms)
    FUZZ_SECONDS=${FUZZ_SECONDS:-20} "$top/test/fuzz/run.sh" 2>&1 | tee "$log"
    took fuzz 'both targets, their build included' "$begin"
    count "$(grep -c ': passed, ' "$log")" "$(grep -c ': FAILED; ' "$log")"
}

# All of them, or [REGRESSION TESTS] and [ISOLATION TESTS], each a list of names.
regression_tests() {
    echo "== regression and isolation tests in SQL"
    local work=$BUILD/regress log=$BUILD/regress.log choice=()
    if (($# > 0)); then choice=("REGRESS=$1" "ISOLATION=$2"); fi
    local PGHOST PGUSER PGDATABASE
    start_postgres </dev/null
    make -C "$top" -s installcheck PG_CONFIG="$PGBIN/pg_config" \
        EXTRA_REGRESS_OPTS="--outputdir=$work" "${choice[@]}" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]} good bad
    stop_postgres
    if [ -s "$work/regression.diffs" ]; then cat "$work/regression.diffs"; fi
    # The wording of pg_regress up to PostgreSQL 15, and since.
    good=$(grep -cE '^(test .* ok |ok +[0-9])' "$log")
    bad=$(grep -cE '^(test .* FAILED|not ok +[0-9])' "$log")
    if ((status != 0 && bad == 0)); then bad=1; fi
    count "$good" "$bad"
    sed -nE 's/^(test|(not )?ok +[0-9]+ +[-+]) +([^ ]+) .* ([0-9]+) ms$/\4 SQL \3/p' "$log" >>"$times"
}

# The tests that are FILES. PostgreSQL's own TAP modules start and stop real servers; they come with the server headers.
end_to_end_tests() { # FILES
    echo "== tests against running servers"
    local work=$BUILD/tap pgxs
    fresh_folder "$work"
    pgxs=$(dirname "$("$PGBIN/pg_config" --pgxs)")/../..
    get_what_they_need "$@"
    # shellcheck disable=SC2016 # Perl's own variables
    as_server env -C "$work" PATH="$PGBIN:$PATH" TESTDIR="$work" TESTDATADIR="$work/data" \
        TESTLOGDIR="$work/log" PG_REGRESS="$pgxs/src/test/regress/pg_regress" \
        ACTIVE_CALLS_SHIM="$SHIM" ACTIVE_CALLS_SIMULATE="$SIMULATE" ACTIVE_CALLS_SQL="$SQL" ACTIVE_CALLS_FEED="$FEED" \
        ACTIVE_CALLS_BOUNDARY_TEST="$top/test/boundary/boundary_test.so" \
        ACTIVE_CALLS_CLICKHOUSE_CLIENT="$BUILD/clickhouse-client/node_modules/@clickhouse/client" \
        ACTIVE_CALLS_CHDB="$BUILD/chdb/node_modules/chdb" \
        ACTIVE_CALLS_REDOCLY="$BUILD/redocly/node_modules/.bin/redocly" \
        ACTIVE_CALLS_NGINX="$BUILD/nginx/usr/sbin/nginx" \
        perl -MTAP::Harness -e '
            my ($jobs, $counts, $times, $perl_modules, $own_modules, @tests) = @ARGV;
            my $harness = TAP::Harness->new({ lib => [ $perl_modules, $own_modules ], timer => 1,
                                              jobs => $jobs, verbosity => $ENV{VERBOSE} ? 1 : 0, merge => 0 });
            my $result = $harness->runtests(@tests);
            # A test program that broke off without a failed test counts as one.
            my $failed = scalar($result->failed) || ($result->all_passed ? 0 : 1);
            open(my $file, ">", $counts) or die "$counts: $!";
            my $skipped = scalar($result->skipped); # among those that have passed
            print $file join(" ", scalar($result->passed) - $skipped, $failed, $skipped), "\n";
            open($file, ">", $times) or die "$times: $!";
            for my $test ($result->descriptions) {
                my ($parser, $name) = ($result->parsers($test), $test =~ m{([^/]+)\.pl$});
                printf $file "%d TAP %s\n", 1000 * ($parser->end_time - $parser->start_time), $name;
            }
        ' "$(nproc)" "$work/counts" "$work/times" "$pgxs/src/test/perl" "$top/test/perl" "$@"
    local good=0 bad=1 unrun=0
    if [ -s "$work/counts" ]; then
        read -r good bad unrun <"$work/counts"
        cat "$work/times" >>"$times"
    fi
    count "$good" "$bad" "$unrun"
}

# A test itself says what it does not find.
get_what_they_need() { # FILES
    if grep -q ACTIVE_CALLS_BOUNDARY_TEST "$@"; then
        make -C "$top/test/boundary" -s PG_CONFIG="$PGBIN/pg_config" || true
    fi
    if grep -q ACTIVE_CALLS_REDOCLY "$@"; then
        "$top/test/tools/setup/install-npm-package.sh" "$BUILD/redocly" @redocly/cli 1.34.5 || true
    fi
    if grep -q ACTIVE_CALLS_NGINX "$@"; then
        "$top/test/tools/setup/unpack-package.sh" "$BUILD/nginx" nginx || true
    fi
    if grep -q ACTIVE_CALLS_CLICKHOUSE_CLIENT "$@"; then
        "$top/test/tools/setup/install-npm-package.sh" "$BUILD/clickhouse-client" @clickhouse/client 1.12.1 || true
    fi
    if grep -q ActiveCalls::ClickHouse "$@"; then
        "$top/test/tools/setup/install-packages.sh" clickhouse-server || true # Debian 12 alone has it
        "$top/test/tools/setup/install-npm-package.sh" "$BUILD/chdb" chdb 3.4.0 || true
    fi
}

package_tests() {
    echo "== packages in a clean system"
    local log=$BUILD/packages.log status=0 bad begin
    begin=$(now_ms)
    "$top/test/package/run.sh" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
    took package 'both packages, their build included' "$begin"
    bad=$(grep -c '^not ok - ' "$log")
    if ((status != 0 && bad == 0)); then bad=1; fi
    count "$(grep -c '^ok - ' "$log")" "$bad"
}
