#!/usr/bin/env bash
# Starts a private PostgreSQL and the shim under $BUILD/demo, plays in the sample feed and a day of
# simulated snapshots that ends now, over HTTP as a switch does, seals them and schedules what seals from then
# on, asks the REST API once, shows what an operator sees and says how to go on. One that is up already is ended
# first. Leaves the servers running; ends them and returns non-zero when a step fails.
#
# Environment:
#   BUILD           absolute path of the build folder
#   PGBIN           bin folder of a PostgreSQL in which the extension is installed
#   SHIM, SIMULATE  the binaries active-calls-shim and simulate-calls
#   SQL, FEED       the folders sql and test/tools/simulator
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
batch_rows=20000 # about 40 MB, below the feed's limit
api_access=37  # of customer 3
account=069b073a-e7d9-11f0-932e-0a63caf27539
feed_user=switch
pgport=5432 # names the socket, nothing listens on a port

# The caller's own settings must not reach the servers or the clients.
for name in "${!PG@}" "${!ACTIVE_CALLS_@}"; do
    if [[ $name != PGBIN ]]; then unset "$name"; fi
done

# shellcheck source=test/tools/setup/steps.sh
. "$here/../setup/steps.sh"
steps_of=demo

stop_on_failure() {
    local status=$?
    if ((status == 0)); then return; fi
    {
        echo
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
    if [[ ! -e $("$PGBIN/pg_config" --pkglibdir)/pg_cron.so ]]; then
        echo "demo: pg_cron is not there: install it for the PostgreSQL that PG_CONFIG names" >&2
        return 1
    fi
    as_server "$PGBIN/initdb" -D "$demo/data" -U postgres --auth-local=trust --auth-host=reject \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$demo/initdb.log" 2>&1
    rm "$demo/initdb.log"
    cat >>"$demo/data/postgresql.conf" <<CONF
listen_addresses = ''
port = $pgport
unix_socket_directories = '$socket'
unix_socket_permissions = 0700
log_min_error_statement = panic # statements of the feed are too long for a log
shared_preload_libraries = 'pg_cron'
cron.database_name = 'active_calls'
cron.use_background_workers = on
CONF
    # This is before the server is up, as pg_cron would otherwise look for its database in vain.
    as_server "$PGBIN/postgres" --single -D "$demo/data" postgres <<<'CREATE DATABASE active_calls' \
        >"$demo/createdb.log" 2>&1
    rm "$demo/createdb.log"
    as_server "$PGBIN/pg_ctl" -D "$demo/data" -l "$demo/postgres.log" -w start >/dev/null
}

fill_database() {
    sql postgres -c 'CREATE EXTENSION active_calls' -c 'CREATE EXTENSION pg_cron'
    sql postgres -f "$SQL/roles.sql"
    sql postgres -c 'GRANT USAGE ON SCHEMA cron TO active_calls_keeper'
    "$SIMULATE" --accounts "$accounts" --accounts-sql | sql postgres
    sql postgres -c "INSERT INTO active_calls.api_access (id, customer_id, login)
                     VALUES ($api_access, 3, 'demo')"
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

make_secret() { head -c 32 /dev/urandom | base64 | install -m 600 -o "$server_user" /dev/stdin "$1"; }

start_shim() {
    jwt_secret_file=$demo/jwt-secret
    make_secret "$jwt_secret_file"
    make_secret "$demo/feed-password"
    feed_password=$(<"$demo/feed-password")
    local database="host=$socket port=$pgport dbname=active_calls"
    start_daemon shim "$SHIM" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
        --database "$database user=active_calls_shim" --jwt-secret-file "$jwt_secret_file" \
        --feed-listen 127.0.0.1:0 --feed-database "$database user=active_calls_writer" \
        --feed-user "$feed_user" --feed-password-file "$demo/feed-password"
    for _ in {1..150}; do
        sleep 0.2
        if [[ -s $demo/shim.pid ]] && ! kill -0 "$(<"$demo/shim.pid")" 2>/dev/null; then return 1; fi
        if [[ ! -s $demo/shim.log ]]; then continue; fi
        url=http://$(listen_address listen)
        admin_url=http://$(listen_address admin_listen)
        feed_url=http://$(listen_address feed_listen)
        if curl -fs --noproxy '*' -o /dev/null "$admin_url/ready"; then return; fi
    done
    return 1
}

# post < ROWS: sends them as one batch, as a switch does; prints how many were written. The password is not on
# curl's command line, where other users could read it.
post() {
    local answer
    answer=$({ echo 'INSERT INTO active_calls FORMAT JSONEachRow'; cat; } |
        curl -sS --noproxy '*' --fail-with-body -D - --data-binary @- \
            -H @<(printf 'X-ClickHouse-%s\n' "User: $feed_user" "Key: $feed_password") "$feed_url") || {
        echo "demo: a batch of the feed was answered with: $answer" >&2
        return 1
    }
    sed -nE 's/^X-ClickHouse-Summary: .*"written_rows":"([0-9]+)".*/\1/ip' <<<"$answer"
}

# play_in < FEED: in batches, one after the other; prints how many rows were written, of which there must be some
play_in() {
    export feed_url feed_user feed_password
    export -f post
    SHELL=$BASH split --lines="$batch_rows" --filter=post | awk '{ rows += $1 } END { print 0 + rows; exit rows == 0 }'
}

# The sample feed is from 2026-01-01, and must stay for as long as the demo does.
schedule() {
    sql active_calls_keeper -c "SELECT active_calls.schedule(seal => '* * * * *', retain => '10 years')"
}

# assign NAME VALUE: a line of shell that the caller can source
assign() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

write_env() {
    {
        assign URL "$url"
        assign ADMIN_URL "$admin_url"
        assign FEED_URL "$feed_url"
        assign FEED_USER "$feed_user"
        assign FEED_PASSWORD "$feed_password"
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

# Asks for the last quarter of an hour of the account; the answer must have calls in it.
ask() {
    request="$url/api/rest/customer/v1/origination-active-calls?account-id=$account"
    request+="&from-time=$(date -u -d '15 minutes ago' +%Y-%m-%dT%H:%M:%SZ)"
    answer=$(curl -sS --noproxy '*' -w '\n%{http_code}' -H "Authorization: $token" "$request")
    local status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    if [[ $status != 200 || ! $answer =~ \"calls\":\[[^]]*[1-9] ]]; then
        echo "demo: $request was answered with $status: $answer" >&2
        return 1
    fi
}

# show COMMAND: prints it, and what it prints itself when the env file was sourced
show() {
    echo "  $1"
    # shellcheck source=/dev/null
    (
        . "$demo/env"
        export PATH=$PGBIN:$PATH no_proxy='*' PAGER=cat
        eval "$1"
    ) | sed '${/^$/d}; s/^./  &/'
    echo
}

show_customers_view() {
    cat <<TEXT

A customer's request:
  curl -H "Authorization: \$TOKEN" '$request'

Answer:
  $answer

TEXT
}

# shellcheck disable=SC2016 # expanded by who runs them
show_operators_view() {
    echo "What the operator sees:"
    show 'psql -x -c "SELECT * FROM active_calls.status"'
    show 'psql -c "SELECT name, inbox_rows, segments, sealed_rows, bytes_per_row, newest_snapshot
           FROM active_calls.account_status ORDER BY sealed_bytes DESC LIMIT 5"'
    show 'psql -U active_calls_keeper -c "SELECT jobname, schedule, username FROM cron.job"'
    show 'curl -s "$ADMIN_URL/metrics" | grep -E "^active_calls_shim_(requests|feed|newest)" | grep -v " 0$"'
}

say_how_to_go_on() {
    cat <<TEXT
It is up, and pg_cron seals every minute what is older than two. To go on:
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

  # the peak of each hour
  psql -c "SELECT * FROM active_calls.origination_peak_calls('\$ACCOUNT_ID', now() - interval '1 day', NULL, '1 hour')"

  # a call of this minute, as a switch sends it; sent again in the same minute, it is not counted twice
  date -u +'INSERT INTO active_calls FORMAT JSONEachRow
            {"id":1,"snapshot_timestamp":"%F %H:%M:00","customer_acc_id":7,"dst_prefix_routing":"380710022617"}' |
      curl -sS -w '%{http_code}\n' -u "\$FEED_USER:\$FEED_PASSWORD" --data-binary @- "\$FEED_URL"

  # three minutes later: what the schedule has sealed by itself, and when
  psql -c "SELECT inbox_rows, last_seal, last_seal_rows FROM active_calls.status"
  psql -U active_calls_keeper -c "SELECT status, return_message, end_time FROM cron.job_run_details"

  # health and metrics of the shim
  curl "\$ADMIN_URL/ready"
  curl "\$ADMIN_URL/metrics"

Logs are in $demo. To stop:
  make stop
TEXT
}

if [[ -e $demo/env ]]; then step "stopping the one that is up"; fi
"$here/stop.sh" >/dev/null
step "preparing $demo"
prepare_folder
step "starting PostgreSQL"
start_postgres
step "creating its roles and $accounts accounts"
fill_database
step "starting the shim"
start_shim
step "playing in the sample feed, over HTTP"
rows=$(play_in <"$FEED/snapshots.jsonl")
end_step "$rows rows"
step "playing in a simulated day that ends now, over HTTP"
rows=$("$SIMULATE" --accounts "$accounts" --peak-calls "$peak_calls" --duration 24h | play_in)
end_step "$rows rows"
step "sealing it"
sealed=$(sql active_calls_keeper -c 'SELECT active_calls.seal()')
sql postgres -c 'VACUUM ANALYZE'
end_step "$sealed rows"
step "having pg_cron seal from now on"
jobs=$(schedule)
end_step "$jobs jobs"
step "asking the REST API"
# The token is valid for as long as the demo: its secret is new at each start.
token=$("$SHIM" token --sub "$api_access" --jwt-secret-file "$jwt_secret_file")
ask
write_env
end_step ''
show_customers_view
current_step="asking what an operator asks" # shown, not timed
show_operators_view
say_how_to_go_on
