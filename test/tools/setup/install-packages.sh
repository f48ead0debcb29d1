#!/usr/bin/env bash
# install-packages.sh [--build] PACKAGE...: installs those Debian packages that are missing; with --build also those that
# building, the demo and the tests need. It needs root, or a user with sudo, and otherwise says what to do.
set -euo pipefail

# The PostgreSQL that PG_CONFIG names, if its server and its headers are there; else the distribution's,
# whose version apt knows once it has its lists. And pg_cron for it; those who have built a PostgreSQL of
# their own have to install it themselves.
postgres_packages() {
    local candidate=${PG_CONFIG:-pg_config} version
    # The makefiles of PGXS alone say nothing: Debian ships them with the client.
    if [ -e "$("$candidate" --includedir-server 2>/dev/null)/postgres.h" ] &&
        [ -e "$("$candidate" --pgxs)" ] && [ -x "$("$candidate" --bindir)/postgres" ]; then
        version=$("$candidate" --bindir | sed -nE 's|^/usr/lib/postgresql/([0-9]+)/bin$|\1|p')
        if [ -n "$version" ]; then echo "postgresql-$version-cron"; fi
        return
    fi
    version=$(apt-cache depends postgresql 2>/dev/null |
        sed -nE 's/.*Depends: postgresql-([0-9]+)$/\1/p' | head -n 1) || true
    echo "postgresql-${version:-NN}" "postgresql-server-dev-${version:-NN}" "postgresql-${version:-NN}-cron"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        echo "packages are missing and you are neither root nor have sudo; as root, run:" >&2
        echo "  apt-get install ${missing[*]}" >&2
        exit 1
    fi
}

missing_of() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            echo "$package"
    done
}

if ! command -v apt-get >/dev/null; then
    echo "this is no Debian or Ubuntu: install the packages that README.md names yourself" >&2
    exit 0
fi

packages=("$@")
for_postgres=:
if [ "${1:-}" = --build ]; then
    # shellcheck source=test/tools/setup/packages.sh
    . "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
    packages=("${extension_packages[@]}" "${shim_packages[@]}" "${test_packages[@]}" "${@:2}")
    for_postgres=postgres_packages
fi

find_missing() {
    # shellcheck disable=SC2046 # one word for each package
    mapfile -t missing < <(missing_of $("$for_postgres") "${packages[@]}")
}

find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: installing ${missing[*]}"
as_root apt-get -qq update
find_missing
# It waits for another process that installs now.
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" >/dev/null
