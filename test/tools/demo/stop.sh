#!/usr/bin/env bash
# Ends what start.sh started; does nothing, and says so, when nothing is up. Logs stay in $BUILD/demo.
#
# Environment: BUILD (absolute path of the build folder).
set -euo pipefail

: "${BUILD:?is not set; call this as \"make stop\"}"
demo=$BUILD/demo

# The process of a pid file, if there still is one and it is ours: a pid may have been given to another
# process since, but only ours has the demo's folder in its command line. (A zombie has none.)
pid_in() {
    local pid=
    if [[ -r $1 ]]; then read -r pid <"$1" || true; fi
    if [[ $pid =~ ^[0-9]+$ ]] && grep -qsF -- "$demo/" "/proc/$pid/cmdline"; then echo "$pid"; fi
}

# end NAME PID_FILE SIGNAL
end() {
    local pid
    pid=$(pid_in "$2")
    if [[ -z $pid ]]; then return; fi
    kill -s "$3" "$pid"
    for _ in {1..600}; do
        if [[ -z $(pid_in "$2") ]]; then
            echo "demo: stopped $1"
            is_up=yes
            return
        fi
        sleep 0.1
    done
    echo "demo: $1 (process $pid) does not end; see $demo/*.log" >&2
    exit 1
}

is_up=
end "the shim" "$demo/shim.pid" TERM
end PostgreSQL "$demo/data/postmaster.pid" INT

# If the socket's path would have been too long, it is a link to a folder elsewhere.
if [[ $(readlink "$demo/socket") == /tmp/active-calls-demo.?????? ]]; then
    rm -rf "$(readlink "$demo/socket")" "$demo/socket"
fi
rm -f "$demo/env" "$demo/shim.pid"

if [[ -z $is_up ]]; then echo "demo: nothing is up"; fi
