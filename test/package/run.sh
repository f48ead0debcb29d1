#!/usr/bin/env bash
# Builds both packages, asks lintian about them, and tries them in a clean Debian below build/package/: see
# in-clean-system.sh. Called by test/run.sh; prints a line "ok - …" or "not ok - …" for each thing seen. Needs root, or
# a user with sudo, as installing packages does.
set -euo pipefail

: "${BUILD:?is not set; call this as \"make test\"}" "${PGBIN:?}" "${FEED:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$BUILD/package # the base and the archives are kept from run to run
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi; }

"$here/../tools/setup/install-packages.sh" build-essential debhelper lintian systemd
"$here/../tools/package/build.sh"
if lintian --fail-on error,warning "$BUILD"/deb/*.deb; then
    echo "ok - lintian has nothing to say"
else
    echo "not ok - lintian has nothing to say"
fi
mkdir -p "$work"
if [ ! -e "$work/base.tar" ]; then
    # shellcheck source=/dev/null
    "$here/../tools/setup/minimal-system.sh" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$work/base.part.tar"
    as_root mv "$work/base.part.tar" "$work/base.tar"
fi
# The namespaces make sure that mounts and processes are gone with the script.
as_root unshare --mount-proc --pid --fork --kill-child -- \
    "$here/in-clean-system.sh" "$work" "$BUILD/deb" "$FEED/snapshots.jsonl"
