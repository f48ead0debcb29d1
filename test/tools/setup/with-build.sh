#!/usr/bin/env bash
# with-build.sh COMMAND...: builds everything, on a machine that may have nothing installed yet, and
# runs COMMAND with where it all is in the environment:
#
#   BUILD           absolute path of build/, or of build/$SANITIZE
#   PGBIN           bin directory of a private PostgreSQL in which the extension is installed
#   SHIM, SIMULATE  the binaries active-calls-shim and simulate-calls
#   SQL, FEED       the folders sql and test/tools/simulator
#   AS_SERVER_USER  what to put before a command to run it as the user of the servers; empty: oneself
#
# Set by the caller, or left alone:
#
#   TARGETS         what to build, instead of all: "extension", and targets of CMake
#   COPT            more flags for the compilers, such as -Werror
#   SANITIZE        thread, address or assert: with which checks to build, beside the ordinary build; see
#                   test/README.md
set -euo pipefail
umask 022 # the servers' user reads what is built

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=test/tools/setup/steps.sh
. "$top/test/tools/setup/steps.sh"
steps_of=setup
server_user=postgres

# PostgreSQL refuses to run as root, so root's servers run as another user. If that user cannot reach
# this tree (a clone below /root), the script builds and uses a copy, and build/ here leads to it.
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

# SANITIZE decides where CMake builds, with which flags CMake and PGXS build, and what is built where TARGETS is not set.
cmake=build${SANITIZE:+/$SANITIZE}/cmake
shim_flags='' extension_flags=''
wanted='extension active-calls-shim simulate-calls'
checks='-O1 -fno-omit-frame-pointer'
case ${SANITIZE:-} in
'') wanted='extension all' ;;
assert) cmake=build/cmake ;; # PostgreSQL and the extension alone are others
thread)
    shim_flags="-fsanitize=thread $checks"
    wanted+=' shim_unit_test'
    ;;
address)
    shim_flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined $checks"
    extension_flags=$shim_flags
    wanted+=' shim_unit_test kernel_unit_test simulator_unit_test interrupts_unit_test'
    ;;
*)
    echo "SANITIZE is thread, address or assert, not \"$SANITIZE\"" >&2
    exit 2
    ;;
esac

# A PostgreSQL in which the extension can be installed: sets PGBIN.
make_postgresql() {
    if [ "${SANITIZE:-}" = assert ]; then
        PG_CONFIG=$("$top/test/tools/setup/assert-postgresql.sh")/pg_config
        export PG_CONFIG
    fi
    PGBIN=$("$top/test/tools/setup/private-postgresql.sh" "$BUILD/postgresql")
    if [ "${SANITIZE:-}" = address ]; then preload_sanitizers; fi
}

# The runtimes of sanitizers must be in a process before what was built for them is loaded into it. AddressSanitizer
# begins with the first allocation, which must not be one that glibc makes while it holds a lock, as it does for
# libgpg-error: first.so makes one before any other library can.
preload_sanitizers() {
    local runtimes
    runtimes="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $BUILD/first.so"
    g++ -shared -fPIC -fno-builtin -Wl,-z,initfirst -o "$BUILD/first.so" -x c++ - <<'END'
#include <cstdlib>
__attribute__((constructor)) static void allocate() { std::free(std::malloc(1)); }
END
    mv "$PGBIN/postgres" "$PGBIN/postgres.bin"
    cat >"$PGBIN/postgres" <<END
#!/bin/bash
# PostgreSQL leaves memory to the end of the process, which is no leak. Freed memory is not kept for long, as tests look
# for growth.
export LD_PRELOAD="$runtimes" ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0:quarantine_size_mb=1"
exec -a "\$0" "\$0.bin" "\$@"
END
    chmod 755 "$PGBIN/postgres"
}

# PGXS builds where the sources are. So an extension that must not get in the ordinary one's way is built in a copy.
build_extension() {
    local sources=$top
    if [[ ${SANITIZE:-} == address || ${SANITIZE:-} == assert ]]; then
        sources=$BUILD/extension
        mkdir -p "$sources"
        find "$sources" \( -name '*.cpp' -o -name '*.h' -o -name '*.sql' \) -delete
        tar -C "$top" --exclude='*.o' --exclude='*.d' --exclude='*.gch' -cf - Makefile extension sql | tar -C "$sources" --no-same-owner -xf -
    fi
    # The private tree links the headers' makefiles, so PGXS builds and installs there as anywhere.
    make -C "$sources" -s -j"$(nproc)" all install PG_CONFIG="$PGBIN/pg_config" COPT="${COPT:-} $extension_flags"
}

build() {
    local targets
    wanted=" ${TARGETS-$wanted} "
    read -r -a targets <<<"${wanted/ extension / }"
    make_postgresql
    if [[ $wanted == *" extension "* ]]; then
        step "building the extension"
        build_extension
    fi
    if ((${#targets[@]} > 0)); then
        step "building ${targets[*]/#all/the shim, the simulator, the unit tests and the benchmark}"
        cmake -S "$top" -B "$top/$cmake" --log-level=WARNING -DCMAKE_CXX_FLAGS="${COPT:-} $shim_flags" >/dev/null
        cmake --build "$top/$cmake" -j"$(nproc)" --target "${targets[@]}" -- --no-print-directory -s >/dev/null
    fi
    end_step ''
}

"$top/test/tools/setup/install-packages.sh" --build
export AS_SERVER_USER=
if [ "$(id -u)" -eq 0 ]; then
    use_reachable_copy
    AS_SERVER_USER="runuser -u $server_user --"
fi

export BUILD=$top/build${SANITIZE:+/$SANITIZE} PGBIN
mkdir -p "$BUILD"
echo "setup: building in $BUILD"
build
export SHIM=$top/$cmake/bin/active-calls-shim SIMULATE=$top/$cmake/bin/simulate-calls
export SQL=$top/sql FEED=$top/test/tools/simulator
cd "$top"
exec "$@"
