#!/usr/bin/env bash
# install-npm-package.sh DIRECTORY PACKAGE VERSION: installs a package from npm below DIRECTORY, unless this version is
# there already; and nodejs and npm if they are missing. DIRECTORY is kept from run to run.
set -euo pipefail

directory=$1 package=$2 version=$3

installed_version() {
    sed -nE 's/^ *"version": "(.*)",?$/\1/p' "$directory/node_modules/$package/package.json" 2>/dev/null || true
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" nodejs npm
fi
[ "$(installed_version)" != "$version" ] || exit 0

echo "setup: installing $package $version from npm"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "$package@$version" >/dev/null || {
    echo "npm cannot install $package $version" >&2
    exit 1
}
