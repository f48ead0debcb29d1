#!/usr/bin/env bash
# Measures, on data it makes: the function and its peers on the same questions, the size of their stores,
# sealing, how cost grows with the window and with the calls of others, and the shim against pgbench on
# the same prepared statement. Called by `make bench`, which builds first and sets the environment that
# test/tools/setup/with-build.sh describes.
#
# Set by the caller, or left alone: ROUNDS (timed askings of each question), SECONDS_EACH (of each load),
# PEAK_CALLS (call attempts up at the peak, of all 200 accounts together).
set -euo pipefail

: "${BUILD:?is not set; call this as \"make bench\"}" "${PGBIN:?}" "${SHIM:?}" "${SIMULATE:?}" "${SQL:?}"
read -r -a as_server_user <<<"${AS_SERVER_USER:-}"
as_server() { "${as_server_user[@]}" "$@"; }
rounds=${ROUNDS:-15}
seconds_each=${SECONDS_EACH:-10}
peak_calls=${PEAK_CALLS:-5560}
connections=8
large=7 middle=1050 small=1190 # accounts
first=2026-01-06T00:00:00Z     # snapshot
last=2026-01-07T23:59:00Z
later=2026-01-09T23:59:00Z # the last snapshot of two more days

work=$BUILD/bench
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
setup=$bench/../setup
server_user=$(as_server id -un)
seconds() { date -u -d "$1" +%s; }
ask() { PGUSER=active_calls_reader "$BUILD/cmake/bin/active-calls-bench" "$@"; }
for name in "${!PG@}"; do if [[ $name != PGBIN && $name != PG_CONFIG ]]; then unset "$name"; fi; done

# shellcheck source=test/tools/setup/own-server.sh
. "$setup/own-server.sh"
# shellcheck source=test/tools/bench/clickhouse.sh
. "$bench/clickhouse.sh"
# shellcheck source=test/tools/bench/duckdb.sh
. "$bench/duckdb.sh"

shim_pid=
stop_shim() {
    if [ -n "$shim_pid" ]; then
        kill "$shim_pid" || true
        wait "$shim_pid" || true
        shim_pid=
    fi
}

finish() {
    stop_shim
    clickhouse_stop
    stop_postgres
}
trap finish EXIT

sql() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
# Leaves a database as it would be some time after it was written to, with nothing left to do. Makes the
# index of an inbox that held millions of rows as small as the inbox is now.
settle() {
    sql "$@" -c 'VACUUM (FREEZE, ANALYZE)' -c 'REINDEX TABLE active_calls.inbox' -c CHECKPOINT
}
seal() {
    "$BUILD/cmake/bin/active-calls-bench" seal
    settle
}

# Two days of calls of 200 accounts, as COPY wants them.
simulate=("$SIMULATE" --accounts 200 --zipf 0.9 --peak-calls "$peak_calls" --seed 1)
calls_until() { "${simulate[@]}" --duration 48h --until "$1" --format copy; }
to_inbox() { sql -U active_calls_writer -c 'COPY active_calls.inbox FROM STDIN'; }

make_data() {
    sql -c 'CREATE EXTENSION active_calls' -f "$SQL/roles.sql"
    "${simulate[@]}" --accounts-sql | sql
    # One customer has all accounts, so that one token may ask about any.
    sql -c "UPDATE active_calls.account SET customer_id = 3" \
        -c "INSERT INTO active_calls.api_access (id, customer_id) VALUES (37, 3)"
    calls_until "$last" | to_inbox
    sql -f "$bench/plain.sql"
    rows=$(sql -c 'SELECT count(*) FROM calls')
}

# try PEER FUNCTION...: calls the functions one after the other; where one fails the peer is absent, and
# absent[PEER] is the last line of what it said.
declare -A absent=()
try() {
    local peer=$1 step
    for step in "${@:2}"; do
        if ! "$step" 2>"$work/$peer.error"; then
            absent[$peer]=$(grep -v '^$' "$work/$peer.error" | tail -n 1) || true
            : "${absent[$peer]:=$step failed}"
            return
        fi
    done
}

start_peers() {
    try clickhouse clickhouse_start clickhouse_load
    try duckdb duckdb_install duckdb_load
}

compare_peers() {
    local peers=()
    if [ -v 'absent[clickhouse]' ]; then
        peers+=(--no-clickhouse "${absent[clickhouse]}")
    else
        peers+=(--clickhouse "$clickhouse_address")
    fi
    if [ -v 'absent[duckdb]' ]; then
        peers+=(--no-duckdb "${absent[duckdb]}")
    else
        peers+=(--duckdb "${duckdb_command[@]}" serve "$duckdb_file")
    fi
    ask compare --account "$large" "$middle" --from "$(seconds $first)" --to "$(seconds $last)" \
        --rounds "$rounds" "${peers[@]}"
}

sizes() {
    local name bytes
    while read -r name bytes; do
        if [ -z "$bytes" ]; then
            printf '%-14s%10s\n' "$name" absent
        else
            printf '%-14s%10s\n' "$name" "$(awk -v b="$bytes" -v r="$rows" 'BEGIN { printf "%.2f", b / r }')"
        fi
    done <<LIST
ours $(sql -c "SELECT pg_total_relation_size('active_calls.inbox') + pg_total_relation_size('active_calls.segment')")
PostgreSQL $(sql -c "SELECT pg_total_relation_size('calls')")
ClickHouse $([ -v 'absent[clickhouse]' ] || clickhouse_bytes 2>/dev/null || true)
DuckDB $([ -v 'absent[duckdb]' ] || duckdb_bytes)
LIST
}

# Asks a copy of the database and the database itself the same questions, before and after the calls of the
# database's other accounts are doubled. The first time shows how far two equal databases differ.
growth_of_others() {
    sql -d template1 -c 'CREATE DATABASE copy TEMPLATE postgres'
    settle -d copy
    echo "before:"
    compare_with_copy
    # Adds as many accounts again, with the calls of all but the large one.
    calls_until "$last" | awk -F'\t' -v OFS='\t' -v large="$large" \
        '$2 != large { $2 += 1000000; print }' | to_inbox
    seal >/dev/null
    echo "after:"
    compare_with_copy
}
compare_with_copy() {
    ask growth --account "$large" --from "$(seconds $first)" --to "$(seconds $last)" \
        --rounds $((rounds * 4)) --copy dbname=copy
}

growth_of_window() {
    calls_until "$later" | to_inbox
    seal >/dev/null
    ask windows --account "$large" --to "$(seconds $later)" --rounds $((rounds * 4))
}

# The uuid of an account.
uuid_of() { sql -c "SELECT uuid FROM active_calls.account WHERE id = $1"; }

start_shim() {
    head -c 32 /dev/urandom | base64 >"$work/jwt-secret"
    chmod 600 "$work/jwt-secret"
    # A batch of 50,000 rows is 100 MB, as a switch posts it.
    "$SHIM" serve --listen 127.0.0.1:0 --feed-listen 127.0.0.1:0 --feed-no-password --feed-max-body 256MiB \
        --feed-database "host=$PGHOST user=active_calls_writer dbname=postgres" --database "host=$PGHOST user=active_calls_shim dbname=postgres" \
        --jwt-secret-file "$work/jwt-secret" --pool-size "$connections" >"$work/shim.log" 2>&1 &
    shim_pid=$!
    address=
    for _ in {1..100}; do
        feed_address=$(sed -nE 's/.*"feed_listen":"([^"]*)".*/\1/p' "$work/shim.log" | head -n 1)
        address=$(sed -nE 's/.*"listen":"([^"]*)".*/\1/p' "$work/shim.log" | head -n 1)
        if [ -n "$address" ]; then return; fi
        sleep 0.1
    done
    cat "$work/shim.log" >&2
    exit 1
}

# The same question, over and over: once through pgbench, once through the shim, in turn.
compare_shim() { # ACCOUNT FROM TO
    local uuid=$1 from=$2 to=$3 token url
    token=$("$SHIM" token --sub 37 --ttl 1h --jwt-secret-file "$work/jwt-secret")
    url="http://$address/api/rest/customer/v1/origination-active-calls"
    url+="?account-id=$uuid&from-time=$from&to-time=$to"
    cat >"$work/pgbench.sql" <<SCRIPT
SELECT t, calls FROM active_calls.customer_origination_active_calls_arrays(:access, :account, :from, :to);
SCRIPT
    local through_pgbench=() through_shim=()
    for _ in 1 2 3; do
        through_pgbench+=("$(pgbench -n -M prepared -c "$connections" -j 2 -T "$seconds_each" \
            -U active_calls_shim -D access=37 -D account="$uuid" -D from="$from" -D to="$to" \
            -f "$work/pgbench.sql" 2>&1 | sed -nE 's/^tps = ([0-9.]+).*/\1/p')")
        through_shim+=("$(wrk -t 2 -c "$connections" -d "${seconds_each}s" \
            -H "Authorization: $token" "$url" | tee "$work/wrk.log" |
            sed -nE 's/^Requests\/sec: *([0-9.]+)/\1/p')")
        if grep -q 'Non-2xx' "$work/wrk.log"; then
            cat "$work/wrk.log" >&2
            exit 1
        fi
    done
    printf '%s\n' "${through_pgbench[@]}" | sort -n | sed -n 2p >"$work/pgbench.median"
    printf '%s\n' "${through_shim[@]}" | sort -n | sed -n 2p >"$work/shim.median"
    awk -v p="$(<"$work/pgbench.median")" -v s="$(<"$work/shim.median")" \
        'BEGIN { printf "%14.0f%14.0f%14.2f\n", p, s, s / p }'
}

through_rest() {
    start_shim
    printf '%-28s%14s%14s%14s\n' question pgbench shim shim/pgbench
    rest_of_account large "$large"
    rest_of_account middle "$middle"
    rest_of_account small "$small"
    stop_shim
}

# ClickHouse's rows into a database of their own: read, written, sealed and counted. None of them stays.
through_import() {
    if [ -v 'absent[clickhouse]' ]; then
        echo absent
        return
    fi
    sql -c 'CREATE DATABASE history TEMPLATE template0'
    sql -d history -c 'CREATE EXTENSION active_calls'
    local began=$EPOCHREALTIME
    "$SHIM" import --clickhouse "http://$clickhouse_address" --clickhouse-table calls \
        --database "host=$PGHOST user=postgres dbname=history" >"$work/import.log"
    awk -v rows="$rows" -v began="$began" -v ended="$EPOCHREALTIME" 'BEGIN {
        printf "%14s%14s%14s\n%14d%14.1f%14.0f\n", "rows", "seconds", "rows/s", rows, ended - began,
            rows / (ended - began) }'
    sql -c 'DROP DATABASE history'
}

# The rows are of later days, so that none has been there before. None of them stays.
through_feed() {
    start_shim
    "$SIMULATE" --accounts 200 --peak-calls 25000 --duration 20m --until 2026-03-03T10:30:00Z >"$work/feed.jsonl"
    "$BUILD/cmake/bin/active-calls-bench" feed --address "$feed_address" --file "$work/feed.jsonl"
    stop_shim
    settle
}

rest_of_account() { # NAME ACCOUNT
    printf '%-28s' "$1 account, one hour"
    compare_shim "$(uuid_of "$2")" 2026-01-07T10:00:00Z 2026-01-07T10:59:00Z
}

heading() { printf '\n%s\n' "$*"; }

PATH=$PGBIN:$PATH
"$setup/install-packages.sh" wrk
echo "bench: making data"
clickhouse_stop # those of a run that could not end them
# Everything in memory, and nothing that would disturb the measurement.
start_postgres <<CONF
shared_buffers = 3GB
max_wal_size = 16GB
autovacuum = off
CONF
cd "$work"
make_data
echo "bench: loading the peers"
start_peers
echo "bench: $rows call rows of 200 accounts in two days"

heading "Sealing:"
seal

heading "Series of two days, milliseconds, median and best of $rounds:"
compare_peers

heading "Bytes per call row, indexes included:"
sizes

heading "The import of ClickHouse's rows, sealing included:"
through_import
clickhouse_stop

heading "Series per second, $connections connections, median of 3 runs of $seconds_each s:"
through_rest

heading "The feed over HTTP, batches of 50,000 rows on one connection, and of two switches:"
through_feed

heading "Account $large while the calls of all others double, milliseconds, median and best of $((rounds * 4)):"
growth_of_others

heading "Account $large over windows that grow, milliseconds, median and best of $((rounds * 4)):"
growth_of_window
