#!/usr/bin/env bash
# in-other-system.sh SYSTEM COMMAND < TREE.tar: makes the Debian below the folder SYSTEM, whose last part is the codename of
# its release, or brings it up to date, and runs COMMAND there in the tree, which is in the archive on standard input.
# Called by test-on.sh, as root.
set -euo pipefail

root=$1 command=$2
release=$(basename "$root")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=/usr/src/active-calls # in the system
not_tested=75

# In namespaces of its own, all mounts and processes are gone with the first process, however it ends. The process that
# waits for it heeds no signal but this.
if (($$ != 1)); then
    unshare --mount --mount-proc --pid --fork --kill-child -- "${BASH_SOURCE[0]}" "$@" <&0 &
    trap 'kill -KILL $!' INT TERM
    wait $!
    exit
fi
trap 'exit 130' INT

say() { echo "test-on: $release: $*"; }

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/var/cache/ccache CCACHE_SLOPPINESS=pch_defines,time_macros \
        COPT=-Werror "$@" </dev/null
}

# The system gets its name when it is complete.
make_system() {
    say "making it"
    rm -rf --one-file-system "$root" "$root.part"
    "$here/minimal-system.sh" "$release" "$root.part" || unreachable
    mv "$root.part" "$root"
}

unreachable() {
    say "NOT TESTED: the mirror cannot be reached, or has no such release"
    exit "$not_tested"
}

mount_what_it_needs() {
    mount --bind "$root" "$root" # a namespace can be made inside only where the root is a mount
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # The network is this machine's, with its resolver and its certificates.
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

# The copy has nothing in it that another run has built.
unpack_tree() {
    rm -rf "$root$tree"
    mkdir -p "$root$tree"
    tar -C "$root$tree" --no-same-owner -xf -
}

mkdir -p "$(dirname "$root")"
exec {lock}>"$root.lock"
flock --nonblock "$lock" || { say "another run has it"; exit 1; }
[ -d "$root" ] || make_system
unpack_tree
mount_what_it_needs
bring_up_to_date
say "$command"
SECONDS=0
inside sh -c "cd $tree && $command" {lock}>&- &
wait $! && status=0 || status=$?
say "status $status after $SECONDS s; what was built and logged is below $root$tree/build"
exit "$status"
