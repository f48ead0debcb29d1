#!/usr/bin/env bash
# Starts a private PostgreSQL and the shim under $BUILD/demo, plays in the sample feed and a day of
# simulated snapshots that ends now, asks the REST API once and says how to go on. One that is up already is
# ended first. Leaves the servers running; ends them and returns non-zero when a step fails.
#
# Environment:
#   BUILD           absolute path of the build folder
#   PGBIN           bin folder of a PostgreSQL in which the extension is installed
#   SHIM, SIMULATE  the binaries active-calls-shim and simulate-calls
#   SQL, FEED       the folders sql and test/feed
#   AS_SERVER_USER  what to put before a command to run it as the servers' user, such as
#                   "runuser -u postgres --"; empty: they run as the caller, who must not be root
#
# Nothing listens but on loopback. PostgreSQL has a Unix socket only, which the servers' user and root can reach.
set -euo pipefail
umask 077

: "${BUILD:?is not set; call this as \"make demo\"}" "${PGBIN:?}" "${SHIM:?}" "${SIMULATE:?}"
: "${SQL:?}" "${FEED:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
demo=$BUILD/demo
read -r -a as_server_user <<<"${AS_SERVER_USER:-}"

accounts=50
peak_calls=200
snapshots=1440 # a day, one a minute
api_access=37  # of customer 3
account=069b073a-e7d9-11f0-932e-0a63caf27539
pgport=5432 # names the socket, nothing listens on a port

# The caller's own settings must not reach the servers or the clients.
for name in "${!PG@}" "${!ACTIVE_CALLS_@}"; do
    if [[ $name != PGBIN ]]; then unset "$name"; fi
done

step() {
    current_step=$1
    echo "demo: $1"
}

stop_on_failure() {
    local status=$?
    if ((status == 0)); then return; fi
    {
        echo "demo: failed at this step: $current_step"
        for log in "$demo"/*.log; do
            if [[ -s $log ]]; then echo "--- the end of $log"; tail -n 10 "$log" | cut -c -400; fi
        done
    } >&2
    "$here/stop.sh" >&2
    exit "$status"
}
trap stop_on_failure EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

as_server() { "${as_server_user[@]}" "$@"; }

# sql ROLE [PSQL ARGUMENT]...
sql() {
    local role=$1
    shift
    "$PGBIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h "$socket" -p "$pgport" -U "$role" -d active_calls "$@"
}

prepare_folder() {
    server_user=$(as_server id -un)
    rm -rf "$demo"
    install -d -m 700 -o "$server_user" "$demo"
    cd "$demo"

    # The path of a Unix socket holds 107 bytes.
    socket=$demo/socket
    local longest=$socket/.s.PGSQL.$pgport.lock
    if ((${#longest} <= 107)); then
        install -d -m 700 -o "$server_user" "$socket"
    else
        socket=$(as_server mktemp -d /tmp/active-calls-demo.XXXXXX)
        ln -s "$socket" "$demo/socket"
    fi
}

start_postgres() {
    as_server "$PGBIN/initdb" -D "$demo/data" -U postgres --auth-local=trust --auth-host=reject \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$demo/initdb.log" 2>&1
    rm "$demo/initdb.log"
    cat >>"$demo/data/postgresql.conf" <<CONF
listen_addresses = ''
port = $pgport
unix_socket_directories = '$socket'
unix_socket_permissions = 0700
log_min_error_statement = panic # statements of the feed are too long for a log
CONF
    as_server "$PGBIN/pg_ctl" -D "$demo/data" -l "$demo/postgres.log" -w start >/dev/null
}

create_database() {
    "$PGBIN/createdb" -h "$socket" -p "$pgport" -U postgres active_calls
    sql postgres -c 'CREATE EXTENSION active_calls'
    sql postgres -f "$SQL/roles.sql"
    "$SIMULATE" --accounts "$accounts" --accounts-sql | sql postgres
    sql postgres -c "INSERT INTO active_calls.api_access (id, customer_id, login)
                     VALUES ($api_access, 3, 'demo')"
}

# ingest SNAPSHOTS < FEED: one call of active_calls.ingest() for each snapshot, as the switch posts them.
ingest() {
    awk -F, '
        $2 != time { if (NR > 1) print "$feed$);"; print "SELECT active_calls.ingest($feed$"; time = $2 }
        { print }
        END { print "$feed$);" }' |
        sql active_calls_writer |
        awk -v snapshots="$1" '
            { rows += $1 }
            NR % 240 == 0 || NR == snapshots {
                printf "demo:   %d of %d snapshots, %d rows\n", NR, snapshots, rows; fflush()
            }
            END { exit NR != snapshots }'
}

# start_daemon NAME COMMAND...: as the servers' user and free of this terminal; NAME.pid, NAME.log
start_daemon() {
    local name=$1
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_server setsid --fork sh -c 'echo $$ >"$0.pid"; exec "$@" </dev/null >"$0.log" 2>&1' \
        "$demo/$name" "$@"
}

# The address that the shim's log gives for its option --$1
listen_address() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$demo/shim.log" | head -n 1; }

start_shim() {
    jwt_secret_file=$demo/jwt-secret
    head -c 32 /dev/urandom | base64 | install -m 600 -o "$server_user" /dev/stdin "$jwt_secret_file"
    start_daemon shim "$SHIM" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
        --database "host=$socket port=$pgport dbname=active_calls user=active_calls_shim" \
        --jwt-secret-file "$jwt_secret_file"
    for _ in {1..150}; do
        sleep 0.2
        if [[ -s $demo/shim.pid ]] && ! kill -0 "$(<"$demo/shim.pid")" 2>/dev/null; then return 1; fi
        if [[ ! -s $demo/shim.log ]]; then continue; fi
        url=http://$(listen_address listen)
        admin_url=http://$(listen_address admin_listen)
        if curl -fs --noproxy '*' -o /dev/null "$admin_url/ready"; then return; fi
    done
    return 1
}

# assign NAME VALUE: a line of shell that the caller can source
assign() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

write_env() {
    {
        assign URL "$url"
        assign ADMIN_URL "$admin_url"
        assign FEED_URL ''
        assign FEED_USER ''
        assign FEED_PASSWORD ''
        assign TOKEN "$token"
        assign ACCOUNT_ID "$account"
        assign JWT_SECRET_FILE "$jwt_secret_file"
        assign SHIM "$SHIM"
        assign PGHOST "$socket"
        assign PGPORT "$pgport"
        assign PGUSER active_calls_reader
        assign PGDATABASE active_calls
        echo 'export PGHOST PGPORT PGUSER PGDATABASE'
    } >"$demo/env"
}

# Asks for the last hour of the account; the answer must have calls in it.
ask() {
    request="$url/api/rest/customer/v1/origination-active-calls?account-id=$account"
    request+="&from-time=$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)"
    answer=$(curl -sS --noproxy '*' -w '\n%{http_code}' -H "Authorization: $token" "$request")
    local status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    if [[ $status != 200 || ! $answer =~ \"calls\":\[[^]]*[1-9] ]]; then
        echo "demo: $request was answered with $status: $answer" >&2
        return 1
    fi
}

say_how_to_go_on() {
    cat <<TEXT

Request:
  curl -H "Authorization: \$TOKEN" '$request'

Answer:
  $answer

It is up. To go on:
  . $demo/env

  # the sample feed of 2026-01-01, calls longer than two minutes
  curl -G "\$URL/api/rest/customer/v1/origination-active-calls" -H "Authorization: \$TOKEN" \\
      -d account-id=\$ACCOUNT_ID -d from-time=2026-01-01T12:46:15Z -d to-time=2026-01-01T12:52:00Z \\
      -d duration-gt=120

  # the same function in SQL, the last ten minutes
  psql -c "SELECT * FROM active_calls.origination_active_calls('\$ACCOUNT_ID', now() - interval '10 minutes')"

  # the calls themselves, wherever they are stored
  psql -c "SELECT * FROM active_calls.calls
           WHERE customer_acc_id = 7 AND snapshot_timestamp > now() - interval '5 minutes'"

  # what a call takes on disk, sealed
  psql -c "SELECT sum(row_count) AS calls, pg_total_relation_size('active_calls.segment') / sum(row_count) AS bytes
           FROM active_calls.segment"

  # health and metrics of the shim
  curl "\$ADMIN_URL/metrics"

Logs are in $demo. To stop:
  make stop
TEXT
}

if [[ -e $demo/env ]]; then echo "demo: one is up already; it is started anew"; fi
current_step="stopping the demo that was up"
"$here/stop.sh" >/dev/null
step "preparing $demo"
prepare_folder
step "starting PostgreSQL"
start_postgres
step "creating the database, its roles and $accounts accounts"
create_database
step "playing in the sample feed"
ingest 31 <"$FEED/snapshots.jsonl"
step "playing in a simulated day that ends now"
"$SIMULATE" --accounts "$accounts" --peak-calls "$peak_calls" --duration 24h | ingest "$snapshots"
step "sealing it"
sql active_calls_keeper -c "SELECT 'demo: sealed ' || active_calls.seal() || ' calls'"
sql postgres -c 'VACUUM ANALYZE'
step "starting the shim"
start_shim
step "asking the REST API"
# Good for as long as the demo: its secret is new at each start.
token=$("$SHIM" token --sub "$api_access" --jwt-secret-file "$jwt_secret_file")
ask
write_env
say_how_to_go_on
