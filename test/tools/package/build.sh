#!/usr/bin/env bash
# Builds the Debian packages of the extension, for the PostgreSQL that PG_CONFIG names, and of the shim, into build/deb/.
# Called by `make deb`. What each is made of is in extension/package/ and shim/package/.
set -euo pipefail
umask 022

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}")
export TOP PG_CONFIG DEB_BUILD_OPTIONS=noautodbgsym
version=$(sed -nE "s/^default_version = '(.*)'/\1/p" "$TOP/extension/active_calls.control")
major=$("$PG_CONFIG" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
deb=$TOP/build/deb

fail() {
    echo "deb: $*" >&2
    exit 1
}

# copyright LICENSE: the licence in the form that a package carries.
copyright() {
    echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
    echo 'Upstream-Name: active-calls'
    echo
    echo 'Files: *'
    sed -nE 's/^Copyright \(c\) ([0-9-]+), (.*)/Copyright: \1 \2/p' "$1"
    echo 'License: PostgreSQL'
    tail -n +5 "$1" | sed -E 's/^$/./; s/^/ /'
}

# build FOLDER PACKAGE...: the package of extension/ or shim/, which is built from these.
build() {
    local folder=$1 work=$deb/$1 log=$deb/$1.log
    local packages
    printf -v packages '%s, ' "${@:2}"
    grep -qE "^[a-z-]+ \($version-[0-9]+\) " <(head -n 1 "$TOP/$folder/package/changelog") ||
        fail "this is version $version: begin $folder/package/changelog with what is new in it"
    mkdir -p "$work"
    rm -rf "$work/debian"
    cp -R "$TOP/$folder/package" "$work/debian"
    sed "s/@MAJOR@/$major/g; s/@PACKAGES@/$packages/" "$work/debian/control.in" >"$work/debian/control"
    copyright "$TOP/LICENSE" >"$work/debian/copyright"
    echo "deb: building the package of $folder/"
    (cd "$work" && dpkg-buildpackage --build=binary --no-sign) >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "the package of $folder/ was not built: $log"
    }
}

[ "$("$PG_CONFIG" --pkglibdir)" = "/usr/lib/postgresql/$major/lib" ] ||
    fail "$PG_CONFIG is not that of a Debian package: give PG_CONFIG=/usr/lib/postgresql/NN/bin/pg_config"
mkdir -p "$deb"
rm -f "$deb"/*.deb "$deb"/*.changes "$deb"/*.buildinfo
# shellcheck source=test/tools/setup/packages.sh
. "$TOP/test/tools/setup/packages.sh"
build extension "${extension_packages[@]}"
build shim "${shim_packages[@]}"
ls "$deb"/*.deb
