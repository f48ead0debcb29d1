#!/usr/bin/env bash
# Measures, on data it makes: the function against the same question in plain SQL, and the shim against
# pgbench on the same prepared statement. Called by `make bench`, which builds first and sets the
# environment that test/setup/with-build.sh describes.
#
# Set by the caller, or left alone: ROUNDS (timed runs of each question), SECONDS_EACH (of each load),
# PEAK_CALLS (call attempts up at the peak, of all 200 accounts together).
set -euo pipefail

: "${BUILD:?is not set; call this as \"make bench\"}" "${PGBIN:?}" "${SHIM:?}" "${SIMULATE:?}" "${SQL:?}"
read -r -a as_server_user <<<"${AS_SERVER_USER:-}"
as_server() { "${as_server_user[@]}" "$@"; }
rounds=${ROUNDS:-11}
seconds_each=${SECONDS_EACH:-10}
peak_calls=${PEAK_CALLS:-5560}
connections=8
until=2026-01-07T23:59:00Z

work=$BUILD/bench
for name in "${!PG@}"; do if [[ $name != PGBIN && $name != PG_CONFIG ]]; then unset "$name"; fi; done

"$(dirname "${BASH_SOURCE[0]}")/../setup/install-packages.sh" wrk

shim_pid=
finish() {
    if [ -n "$shim_pid" ]; then
        kill "$shim_pid" || true
        wait "$shim_pid" || true
    fi
    if [ -e "$work/data/postmaster.pid" ]; then
        as_server "$PGBIN/pg_ctl" -D "$work/data" -m fast -w stop >/dev/null
    fi
    rm -rf "${PGHOST:-}"
}
trap finish EXIT

start_postgres() {
    rm -rf "$work"
    install -d -m 755 -o "$(as_server id -un)" "$work"
    cd "$work"
    PGHOST=$(as_server mktemp -d /tmp/active-calls-bench.XXXXXX) # the path of a socket must be short
    export PGHOST PGUSER=postgres PGDATABASE=postgres
    as_server "$PGBIN/initdb" -D "$work/data" -U postgres -A trust --no-sync \
        --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    # Everything in memory, nothing that would disturb the measurement, and no JIT compilation, which
    # costs plain SQL more here than it gains; else as PostgreSQL comes.
    cat >>"$work/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$PGHOST'
shared_buffers = 3GB
max_wal_size = 16GB
jit = off
fsync = off
autovacuum = off
CONF
    as_server "$PGBIN/pg_ctl" -D "$work/data" -l "$work/postgres.log" -w start >/dev/null
}

make_data() {
    local simulate=("$SIMULATE" --accounts 200 --zipf 0.9 --peak-calls "$peak_calls" --seed 1)
    psql -qX -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION active_calls' -f "$SQL/roles.sql"
    "${simulate[@]}" --accounts-sql | psql -qX -v ON_ERROR_STOP=1
    # One customer has them all, so that one token may ask about any.
    psql -qX -c "UPDATE active_calls.account SET customer_id = 3" \
        -c "INSERT INTO active_calls.api_access (id, customer_id) VALUES (37, 3)"
    "${simulate[@]}" --duration 48h --until "$until" --format copy |
        psql -qX -U active_calls_writer -c 'COPY active_calls.inbox FROM STDIN'
    psql -qX -c 'VACUUM (FREEZE, ANALYZE)'
    psql -qXAt -c "SELECT format('%s call rows of 200 accounts in two days, %s', count(*),
        pg_size_pretty(pg_total_relation_size('active_calls.inbox'))) FROM active_calls.inbox"
}

# The uuid of an account.
uuid_of() { psql -qXAt -c "SELECT uuid FROM active_calls.account WHERE id = $1"; }

start_shim() {
    head -c 32 /dev/urandom | base64 >"$work/jwt-secret"
    chmod 600 "$work/jwt-secret"
    "$SHIM" serve --listen 127.0.0.1:0 --database "host=$PGHOST user=active_calls_shim dbname=postgres" \
        --jwt-secret-file "$work/jwt-secret" --pool-size "$connections" >"$work/shim.log" 2>&1 &
    shim_pid=$!
    address=
    for _ in {1..100}; do
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
SELECT t, calls FROM active_calls.customer_origination_active_calls(:access, :account, :from, :to);
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

PATH=$PGBIN:$PATH
echo "bench: making data"
start_postgres
make_data
echo
echo "Function against plain SQL, milliseconds, median and best of $rounds:"
PGUSER=active_calls_reader "$BUILD/cmake/bin/compare-series" --rounds "$rounds" --account 7 1050
echo
echo "Shim against pgbench, $connections connections, answers per second, median of 3 runs of" \
    "$seconds_each s:"
start_shim
printf '%-28s%14s%14s%14s\n' question pgbench shim shim/pgbench
printf '%-28s' "large account, one hour"
compare_shim "$(uuid_of 7)" 2026-01-07T10:00:00Z 2026-01-07T10:59:00Z
printf '%-28s' "middle account, one hour"
compare_shim "$(uuid_of 1050)" 2026-01-07T10:00:00Z 2026-01-07T10:59:00Z
printf '%-28s' "small account, one hour"
compare_shim "$(uuid_of 1190)" 2026-01-07T10:00:00Z 2026-01-07T10:59:00Z
