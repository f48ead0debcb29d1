#!/usr/bin/env bash
# private-postgresql.sh DIRECTORY: makes a PostgreSQL tree of its own below DIRECTORY, so that tests
# and the demo install the extension without touching the system's PostgreSQL. Prints its bin directory.
#
# PostgreSQL finds its other directories relative to its own executables. So the script copies the
# executables, and links what they load and what PGXS builds with.
set -euo pipefail

root=$1
pg_config=${PG_CONFIG:-pg_config}
bin=$("$pg_config" --bindir)
lib=$("$pg_config" --pkglibdir)
share=$("$pg_config" --sharedir)
headers=$("$pg_config" --includedir-server)

link_entries() { # FROM TO [EXCEPT]
    mkdir -p "$2"
    find "$1" -mindepth 1 -maxdepth 1 ! -name "${3:-}" -exec ln -sfn -t "$2" {} +
}

# The tree is made anew when PostgreSQL itself has changed: its executables and libraries belong together.
if ! cmp -s "$bin/postgres" "$root$bin/postgres"; then
    rm -rf "$root"
    link_entries "$share" "$root$share" extension
    mkdir -p "$root$(dirname "$headers")"
    ln -s "$headers" "$root$headers"
    mkdir -p "$root$(dirname "$bin")"
    cp -R "$bin" "$root$bin" # last: it is what a later call looks for
fi
link_entries "$lib" "$root$lib" active_calls.so # each time: a library such as pg_cron may be new
link_entries "$share/extension" "$root$share/extension"
echo "$root$bin"
