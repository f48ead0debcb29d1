# A PostgreSQL server of a script's own below $work, for scripts to source. They say what $PGBIN is, and as_server.
# shellcheck shell=bash

# start_postgres: makes the folder $work anew, and in it a server that has the lines of standard input in its
# configuration. It listens on a socket only, and does not wait for the disk. Sets PGHOST, PGUSER and PGDATABASE.
start_postgres() {
    stop_postgres # that of a run that could not end it
    rm -rf "${work:?}"
    install -d -m 755 -o "$(as_server id -un)" "$work"
    PGHOST=$(as_server mktemp -d /tmp/active-calls.XXXXXX) # the path of a socket must be short
    export PGHOST PGUSER=postgres PGDATABASE=postgres
    as_server "$PGBIN/initdb" -D "$work/data" -U postgres -A trust --no-sync \
        --encoding=UTF8 --locale=C.UTF-8 >"$work/initdb.log"
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$PGHOST'"
        echo 'fsync = off'
        cat
    } >>"$work/data/postgresql.conf"
    as_server "$PGBIN/pg_ctl" -D "$work/data" -l "$work/postgres.log" -w start >/dev/null
}

# stop_postgres: ends it if it runs, whatever it is doing, and removes its socket.
stop_postgres() {
    if [ -e "$work/data/postmaster.pid" ]; then
        as_server "$PGBIN/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null
    fi
    if [[ ${PGHOST:-} == /tmp/active-calls.* ]]; then rm -rf "$PGHOST"; fi
}
