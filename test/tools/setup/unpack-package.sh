#!/usr/bin/env bash
# unpack-package.sh DIRECTORY PACKAGE: downloads a Debian package and unpacks it below DIRECTORY, unless it is there
# already. Nothing of it is installed, so no service of it is started on this machine; nor is what it depends on.
# DIRECTORY is kept from run to run.
set -euo pipefail
umask 022 # the servers' user runs what is unpacked

directory=$1 package=$2

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi; }

[ ! -d "$directory/usr" ] || exit 0
echo "setup: unpacking $package"
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
cd "$download"
apt-get -qq download "$package" 2>/dev/null || {
    as_root apt-get -qq update
    apt-get -qq download "$package"
}
rm -rf "$directory"
mkdir -p "$directory"
dpkg-deb -x "$package"_*.deb "$directory"
