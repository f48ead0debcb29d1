#!/usr/bin/env bash
# Builds both packages, asks lintian about them, and tries them in a clean Debian below build/package/: see
# in-clean-system.sh. Called by test/run.sh; prints a line "ok - …" or "not ok - …" for each thing seen. Needs root, or
# a user with sudo, as installing packages does.
set -euo pipefail

: "${BUILD:?is not set; call this as \"make test\"}" "${PGBIN:?}" "${FEED:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$BUILD/package # the base and the archives are kept from run to run
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi; }

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "${ID^}")

# The distribution's own sources of the running release, out of those that apt has here.
distribution_sources() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' "Origin: $distribution" | grep -F " $release" || true
}

# A minimal system, as mmdebstrap makes it, with the proxies that apt has here.
make_base() {
    local sources
    sources=$(distribution_sources)
    if [ -z "$sources" ]; then # apt has not its lists yet
        as_root apt-get -qq update
        sources=$(distribution_sources)
    fi
    apt-config dump --format '%f "%v";%n' Acquire | grep -iE '::proxy' >"$work/apt.conf" || true
    as_root mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --aptopt="$work/apt.conf" \
        "$release" "$work/base.part.tar" - <<<"$sources"
    as_root mv "$work/base.part.tar" "$work/base.tar"
}

"$here/../setup/install-packages.sh" build-essential debhelper lintian mmdebstrap systemd
"$here/build.sh"
if lintian --fail-on error,warning "$BUILD"/deb/*.deb; then
    echo "ok - lintian has nothing to say"
else
    echo "not ok - lintian has nothing to say"
fi
mkdir -p "$work"
[ -e "$work/base.tar" ] || make_base
# In namespaces of their own, mounts and processes are gone with the script.
as_root unshare --mount-proc --pid --fork --kill-child -- \
    "$here/in-clean-system.sh" "$work" "$BUILD/deb" "$FEED/snapshots.jsonl"
