#!/usr/bin/env bash
# Attacks a shim and a PostgreSQL of its own below $BUILD/hostile, and prints a table of what a good client gets of the
# service meanwhile. Called by `make hostile`, which builds first and sets the environment that
# test/tools/setup/with-build.sh describes. Fails when a bound is broken, or an attack could not be
# made.
#
# Set by the caller, or left alone: ATTACK, the name of one attack, or several; KIND, one kind of
# strangers, for "strangers" and "drain"; LISTENER, one listener, for "strangers".
set -euo pipefail

: "${BUILD:?is not set; call this as \"make hostile\"}" "${PGBIN:?}" "${SHIM:?}" "${SQL:?}"
read -r -a as_server_user <<<"${AS_SERVER_USER:-}"
as_server() { "${as_server_user[@]}" "$@"; }

attacks=(resets greedy strangers drain filter points limit oracle refusals tenants guess memory)
tenants=20
pool_size=8
statement_timeout=10 # seconds, the default

work=$BUILD/hostile
hostile=$BUILD/cmake/bin/active-calls-hostile
for name in "${!PG@}" "${!ACTIVE_CALLS_@}"; do
    if [[ $name != PGBIN ]]; then unset "$name"; fi
done
PATH=$PGBIN:$PATH

# shellcheck source=test/tools/setup/own-server.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup/own-server.sh"

choose_attacks() {
    read -r -a chosen <<<"${ATTACK:-${attacks[*]}}"
    local one
    for one in "${chosen[@]}"; do
        if [[ " ${attacks[*]} " != *" $one "* ]]; then
            echo "hostile: there is no attack \"$one\"; there are: ${attacks[*]}" >&2
            exit 2
        fi
    done
}

# After an attack the shim may be in any state, so the script does not wait for it for long.
shim_pid=
stop_shim() {
    if [ -z "$shim_pid" ]; then return; fi
    kill "$shim_pid" 2>/dev/null || true
    for _ in {1..20}; do
        if ! kill -0 "$shim_pid" 2>/dev/null; then break; fi
        sleep 0.1
    done
    kill -KILL "$shim_pid" 2>/dev/null || true
    wait "$shim_pid" 2>/dev/null || true
    shim_pid=
}

finish() {
    stop_shim
    stop_postgres
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

sql() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }

# Tenant N is customer N with account N and API access N, which has N calls and one to five more in each of thirty
# minutes: what the program expects as the answer to each.
make_tenants() {
    sql -c 'CREATE EXTENSION active_calls' -f "$SQL/roles.sql"
    sql -v tenants="$tenants" <<'END'
INSERT INTO active_calls.account (id, uuid, customer_id)
    SELECT n, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, CASE WHEN n > 1000 THEN 1 ELSE n END
    FROM (SELECT generate_series(1, :tenants) UNION VALUES (1001), (1002)) AS of (n);
INSERT INTO active_calls.api_access (id, customer_id) SELECT n, n FROM generate_series(1, :tenants) AS n;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, dst_prefix_routing, duration, customer_price)
    SELECT '2026-01-06 00:00Z'::timestamptz + minute * '1 minute'::interval, tenant, '3807100' || call, 60, 0
    FROM generate_series(1, :tenants) AS tenant, generate_series(0, 29) AS minute,
         generate_series(1, tenant + minute % 5 + 1) AS call;
END
}

# Writes sixty rows with numbers of 60,000 letters each; if the table refuses these, as many letters in more rows.
make_long_numbers() {
    local letters
    for letters in 60000 6000 1000 200 100 50; do
        if sql -v letters="$letters" <<'END' 2>"$work/long_numbers.error"; then break; fi
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, dst_prefix_routing, duration, customer_price)
    SELECT '2026-01-06 00:00Z'::timestamptz + row % 60 * '1 minute'::interval, 1001,
           row || repeat('a', :letters - 10), 60, 0
    FROM generate_series(1, 60 * 60000 / :letters) AS row;
END
        letters=
    done
    if [ -z "$letters" ]; then
        cat "$work/long_numbers.error" >&2
        exit 2
    fi
    longest_number=$letters
}

make_many_points() {
    sql <<'END'
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, dst_prefix_routing, duration, customer_price)
    SELECT '2026-01-01 00:00Z'::timestamptz + second * '1 second'::interval, 1002, '380710022617', 60, 0
    FROM generate_series(1, 2000000) AS second;
END
}

make_data() {
    make_tenants
    make_long_numbers
    make_many_points
    sql -c 'SELECT active_calls.seal()' >/dev/null
    sql -c 'VACUUM (FREEZE, ANALYZE)' -c CHECKPOINT
}

make_secrets() {
    (
        umask 077
        head -c 32 /dev/urandom | base64 >"$work/jwt-secret"
        head -c 32 /dev/urandom | base64 >"$work/feed-password"
        for ((n = 1; n <= tenants; n++)); do
            "$SHIM" token --sub "$n" --jwt-secret-file "$work/jwt-secret"
        done >"$work/tokens"
    )
    ACTIVE_CALLS_FEED_PASSWORD=$(<"$work/feed-password")
}

listen_address() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/shim.log" | head -n 1; }

start_shim() {
    local database="host=$PGHOST dbname=postgres"
    : >"$work/shim.log" # before it is looked into
    "$SHIM" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --feed-listen 127.0.0.1:0 \
        --database "$database user=active_calls_shim" --feed-database "$database user=active_calls_writer" \
        --jwt-secret-file "$work/jwt-secret" --feed-password-file "$work/feed-password" \
        --pool-size "$pool_size" --statement-timeout "${statement_timeout}s" >"$work/shim.log" 2>&1 &
    shim_pid=$!
    for _ in {1..100}; do
        if grep -qs '"started"' "$work/shim.log"; then return; fi
        sleep 0.1
    done
    cat "$work/shim.log" >&2
    exit 2
}

# Waits for backends that still work for a shim that has gone, a minute at most: they must not count as the next one's.
wait_for_backends() {
    for _ in {1..120}; do
        if [ "$(sql -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE usename IN ('active_calls_shim', 'active_calls_writer')")" = 0 ]; then return; fi
        sleep 0.5
    done
}

# attack NAME: attacks a shim of its own, so that no attack suffers from the one before. Sets status.
attack() {
    local options=()
    case $1 in
    limit) sql -c 'ALTER ROLE active_calls_shim CONNECTION LIMIT 3' ;;
    refusals) options=(--postgres-log "$work/postgres.log") ;;
    drain) options=(${KIND:+--kind "$KIND"}) ;;
    strangers) options=(${LISTENER:+--listener "$LISTENER"} ${KIND:+--kind "$KIND"}) ;;
    esac
    start_shim
    local one=0
    ACTIVE_CALLS_FEED_PASSWORD=$ACTIVE_CALLS_FEED_PASSWORD timeout --foreground 900 "$hostile" "$1" \
        --customers "$(listen_address listen)" --feed "$(listen_address feed_listen)" \
        --admin "$(listen_address admin_listen)" --pid "$shim_pid" --tokens "$work/tokens" \
        --pool-size "$pool_size" --statement-timeout "$statement_timeout" "${options[@]}" || one=$?
    stop_shim
    wait_for_backends
    if [ "$1" = limit ]; then sql -c 'ALTER ROLE active_calls_shim CONNECTION LIMIT -1'; fi
    if ((one > 1)); then
        echo "hostile: the attack \"$1\" could not be made (status $one); the end of the shim's log:" >&2
        tail -n 3 "$work/shim.log" | cut -c -400 >&2
        one=2
    fi
    status=$((one > status ? one : status))
}

choose_attacks
cat <<TEXT
hostile: attacks a shim and a PostgreSQL of its own, on loopback, below $work: ${chosen[*]}.
hostile: the strangers take six minutes, each other attack some seconds to a minute; all of it ten. Each begins
hostile: with three quiet seconds. It should have the machine to itself. Making data ...
TEXT
# PostgreSQL has its defaults, except that it writes a batch each time it comes.
start_postgres <<<'active_calls.retry_window = 0'
cd "$work"
make_data
make_secrets
echo "hostile: the longest numbers that the table takes, or is asked to take, have $longest_number letters"
"$hostile" headings
status=0
for one in "${chosen[@]}"; do attack "$one"; done
case $status in
0) echo "hostile: all bounds held" ;;
1) echo "hostile: bounds are BROKEN" ;;
*) echo "hostile: not all attacks could be made" ;;
esac
[ "$status" = 0 ]
