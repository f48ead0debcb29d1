#!/usr/bin/env bash
# test-on.sh SYSTEM [COMMAND]: runs COMMAND, or else `make test`, in the last commit of this tree inside another Debian,
# such as trixie, as root. The system is made once, in a folder below SYSTEMS, and brought up to date by each later run,
# which builds everything anew, with warnings as errors; ccache makes that quick. Needs root, or a user with sudo.
#
# Environment: SYSTEMS, the folder that keeps the systems; /var/cache/active-calls unless it is set.
#
# Exit status: that of COMMAND; 75 if nothing was tested, since the mirror could not be reached.
set -euo pipefail

system=${1:-}
if [[ ! $system =~ ^[a-z]+$ ]]; then
    echo "test-on: name the release of a Debian: make test-on SYSTEM=trixie" >&2
    exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
as_root=(sudo --)
if [ "$(id -u)" -eq 0 ]; then as_root=(); fi

if [ -n "$(git -C "$here" status --porcelain)" ]; then echo "test-on: what is not committed yet is left out"; fi
exec "${as_root[@]}" "$here/in-other-system.sh" "${SYSTEMS:-/var/cache/active-calls}/$system" "${2:-make test}" \
    < <(git -C "$here/../../.." archive HEAD)
