#!/usr/bin/env bash
# minimal-system.sh RELEASE TARGET: makes a minimal Debian of that release, a folder or a file TARGET.tar, from the mirrors
# and through the proxies that apt has here. As root, or as a user with sudo.
set -euo pipefail

release=$1 target=$2
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi; }
# shellcheck source=/dev/null
here=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "${ID^}")

# Takes the distribution's own sources of the running release from those that apt has here, for the other release.
sources() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' "Origin: $distribution" |
        sed -nE "s/^(deb [^ ]+ )$here([ -])/\1$release\2/p" | sort -u
}

"$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" mmdebstrap
sources=$(sources)
if [ -z "$sources" ]; then # apt does not have its lists yet
    as_root apt-get -qq update
    sources=$(sources)
fi
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT
apt-config dump --format '%f "%v";%n' Acquire | grep -iE '::proxy' >"$settings" || true
# On a mirror that stands still, the list of a release that moves has expired. It is signed all the same.
echo 'Acquire::Check-Valid-Until "false";' >>"$settings"
as_root mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --aptopt="$settings" \
    "$release" "$target" - <<<"$sources"
