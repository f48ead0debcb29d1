#!/usr/bin/env bash
# test-on.sh SYSTEM [COMMAND]: runs COMMAND, or else `make test`, in the last commit of this tree inside another Debian,
# such as trixie. The system is made once, in a folder below SYSTEMS, and brought up to date by each later run, which
# builds everything anew, with warnings as errors; ccache makes that quick. Needs root, or a user with sudo.
#
# Environment: SYSTEMS, the folder that keeps the systems; /var/cache/active-calls unless it is set.
#
# Exit status: COMMAND's; 75 when nothing was tested, since the mirror could not be reached.
set -euo pipefail

system=${1:?which system? make test-on SYSTEM=trixie}
command=${2:-make test}
systems=${SYSTEMS:-/var/cache/active-calls}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$systems/$system
sources=/usr/src/active-calls # in the system
not_tested=75

say() { echo "test-on: $system: $*"; }

# In namespaces of its own, what is mounted and what was started is gone with the first process, however it ends.
enter_namespaces() {
    local as_root=(sudo --)
    if [ "$(id -u)" -eq 0 ]; then as_root=(); fi
    if [ -n "$(git -C "$here" status --porcelain)" ]; then say "what is not committed yet is left out"; fi
    git -C "$here/../.." archive HEAD | "${as_root[@]}" env SYSTEMS="$systems" \
        unshare --mount --mount-proc --pid --fork --kill-child -- "${BASH_SOURCE[0]}" "$system" "$command"
}

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/var/cache/ccache COPT=-Werror "$@" </dev/null
}

# Its name is a whole system's only when it is one.
make_system() {
    say "making it"
    rm -rf --one-file-system "$root" "$root.part"
    "$here/minimal-system.sh" "$system" "$root.part" || unreachable
    mv "$root.part" "$root"
}

unreachable() {
    say "NOT TESTED: the mirror cannot be reached, or has no such release"
    exit "$not_tested"
}

mount_what_it_needs() {
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # The network is this machine's: its resolver, and whom it trusts.
    cp -L /etc/resolv.conf /etc/hosts "$root/etc"
    mkdir -p "$root/usr/local/share/ca-certificates"
    cp -R /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started by being installed
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

bring_up_to_date() {
    inside apt-get -qq update --error-on=any || unreachable
    inside dpkg --configure -a >/dev/null
    inside apt-get -qq full-upgrade -y >/dev/null
    inside apt-get -qq install -y --no-install-recommends make ccache >/dev/null
}

# A tree of its own, with nothing in it that another run has built.
unpack_sources() {
    rm -rf "$root$sources"
    mkdir -p "$root$sources"
    tar -C "$root$sources" --no-same-owner -xf -
}

if (($$ != 1)); then
    enter_namespaces
    exit
fi
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$systems"
exec {lock}>"$root.lock"
flock --nonblock "$lock" || { say "another run has it"; exit 1; }
[ -d "$root" ] || make_system
unpack_sources
mount_what_it_needs
bring_up_to_date
say "$command"
SECONDS=0
inside sh -c "cd $sources && $command" {lock}>&- &
wait $! && status=0 || status=$?
say "ended with status $status after $SECONDS s"
exit "$status"
