#!/usr/bin/env bash
# with-build.sh COMMAND...: builds everything, on a machine that may have nothing installed yet, and
# runs COMMAND with where it all is in the environment:
#
#   BUILD           absolute path of build/
#   PGBIN           bin directory of a private PostgreSQL in which the extension is installed
#   SHIM, SIMULATE  the binaries active-calls-shim and simulate-calls
#   SQL, FEED       the folders sql and test/feed
#   AS_SERVER_USER  what to put before a command to run it as the user of the servers; empty: oneself
#
# Set by the caller, or left alone:
#
#   TARGETS         what to build, instead of all: "extension", and targets of CMake
#   COPT            more flags for the compilers, such as -Werror
set -euo pipefail
umask 022 # the servers' user reads what is built

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=test/setup/steps.sh
. "$top/test/setup/steps.sh"
steps_of=setup
server_user=postgres

# PostgreSQL refuses to run as root, so root's servers run as another user. Where that user cannot
# reach this tree (a clone below /root), a copy is built and used; build/ here then leads to it.
use_reachable_copy() {
    if runuser -u "$server_user" -- test -x "$top" -a -r "$top/Makefile"; then return; fi
    local copy
    if [[ $(readlink -f "$top/build") == /var/tmp/active-calls.??????/build ]]; then
        copy=$(dirname "$(readlink -f "$top/build")")
    elif [ -L "$top/build" ]; then
        echo "setup: build is a link that was not made here; remove it and try again" >&2
        exit 1
    else
        copy=$(mktemp -d /var/tmp/active-calls.XXXXXX)
        chmod 755 "$copy"
        mkdir "$copy/build"
        rm -rf "$top/build"
        ln -s "$copy/build" "$top/build"
    fi
    echo "setup: user $server_user cannot reach $top; working in $copy"
    find "$copy" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$copy" --no-same-owner -xf -
    chmod -R go+rX "$copy"
    top=$copy
}

build() {
    local targets=" ${TARGETS-extension all} "
    PGBIN=$("$top/test/setup/private-postgresql.sh" "$BUILD/postgresql")
    # The private tree links the headers' makefiles, so PGXS builds and installs there as anywhere.
    if [[ $targets == *" extension "* ]]; then
        step "building the extension"
        make -C "$top" -s -j"$(nproc)" all install PG_CONFIG="$PGBIN/pg_config"
    fi
    read -r -a targets <<<"${targets/ extension / }"
    if ((${#targets[@]} > 0)); then
        step "building ${targets[*]/#all/the shim, the simulator, the unit tests and the benchmark}"
        cmake -S "$top" -B "$BUILD/cmake" --log-level=WARNING -DCMAKE_CXX_FLAGS="${COPT:-}" >/dev/null
        cmake --build "$BUILD/cmake" -j"$(nproc)" --target "${targets[@]}" -- --no-print-directory -s
    fi
    end_step ''
}

"$top/test/setup/install-packages.sh" --build
export AS_SERVER_USER=
if [ "$(id -u)" -eq 0 ]; then
    use_reachable_copy
    AS_SERVER_USER="runuser -u $server_user --"
fi

export BUILD=$top/build PGBIN
mkdir -p "$BUILD"
echo "setup: building in $BUILD"
build
export SHIM=$BUILD/cmake/bin/active-calls-shim SIMULATE=$BUILD/cmake/bin/simulate-calls
export SQL=$top/sql FEED=$top/test/feed
cd "$top"
exec "$@"
