#!/usr/bin/env bash
# Makes a PostgreSQL that checks its assertions (--enable-cassert) from the source package of the one that PG_CONFIG
# names, unless it has made one for that version already. Prints its bin directory. It is kept outside the tree, below
# ASSERT_POSTGRESQL.
set -euo pipefail

pg_config=${PG_CONFIG:-pg_config}
kept=${XDG_CACHE_HOME:-$HOME/.cache}
if [ "$(id -u)" -eq 0 ]; then kept=/var/cache; fi # where the servers' user can reach it
kept=${ASSERT_POSTGRESQL:-$kept/active-calls/assert-postgresql}
server=$("$pg_config" --bindir)/postgres
version=$(dpkg-query -W -f '${source:Version}' "$(dpkg-query -S "$server" | cut -d : -f 1)")
source_package=postgresql-${version%%.*}
root=$kept/$version

# Takes the distribution's own sources from those that apt has here, as sources of source packages. apt gets lists of its
# own in a folder of this run, so those of the machine stay as they are.
get_source() {
    local distribution options
    # shellcheck source=/dev/null
    distribution=$(. /etc/os-release && echo "${ID^}")
    mkdir -p "$work/lists/partial"
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' "Origin: $distribution" >"$work/sources.list"
    options=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$work/lists"
        -o APT::Sandbox::User="$(id -un)")
    apt-get "${options[@]}" update
    # The newest source that there is: a mirror may have a package without its source. Within a major version any will do.
    cd "$work"
    for version in $(apt-cache "${options[@]}" showsrc "$source_package" | sed -n 's/^Version: //p' | sort -rV); do
        if apt-get "${options[@]}" source "$source_package=$version" >"$work/source.log" 2>&1; then return; fi
    done
    cat "$work/source.log" >&2
    echo "apt cannot get the source of $source_package" >&2
    exit 1
}

build() {
    cd "$work"/postgresql-*/
    ./configure --quiet --prefix="$root" --enable-cassert --enable-debug --enable-tap-tests \
        --without-icu --without-readline CFLAGS='-O1 -g'
    make -s -j"$(nproc)" >/dev/null
    make -s install >/dev/null
}

if [ ! -x "$root/bin/postgres" ]; then
    echo "setup: building $source_package with assertions in $root" >&2
    "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" bison flex dpkg-dev >&2
    mkdir -p "$kept"
    work=$(mktemp -d "$kept/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (get_source)
    (build)
fi
# The other extension that the tests use, which is a package of its own.
ln -sf -t "$("$root/bin/pg_config" --pkglibdir)" "$("$pg_config" --pkglibdir)/pg_cron.so"
ln -sf -t "$("$root/bin/pg_config" --sharedir)/extension" "$("$pg_config" --sharedir)"/extension/pg_cron*
echo "$root/bin"
