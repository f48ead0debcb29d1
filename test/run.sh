#!/usr/bin/env bash
# Runs every test and ends with the slowest of them and one line of counts. Called by `make test`, which builds
# first and sets the environment that test/tools/setup/with-build.sh describes.
set -uo pipefail

# shellcheck source=test/suites.sh
. "$(dirname "${BASH_SOURCE[0]}")/suites.sh"

slowest_tests() {
    echo "== the slowest tests, in seconds"
    sort -rn "$times" | head -n 15 | awk '{ printf "%8.1f  %-8s", $1 / 1000, $2; $1 = $2 = ""; print }'
}

tests=("$top"/test/t/*.pl)
case ${SANITIZE:-} in
'')
    unit_tests .
    fuzzing
    # shellcheck disable=SC2119 # all of them
    regression_tests
    end_to_end_tests "${tests[@]}"
    package_tests
    ;;
thread) # the shim alone has threads
    unit_tests . test/unit/shim
    mapfile -t tests < <(grep -l ActiveCalls::Shim "${tests[@]}")
    end_to_end_tests "${tests[@]}"
    ;;
address)
    unit_tests .
    # shellcheck disable=SC2119
    regression_tests
    end_to_end_tests "${tests[@]}"
    ;;
assert)
    # shellcheck disable=SC2119
    regression_tests
    end_to_end_tests "${tests[@]}"
    ;;
esac
slowest_tests
summary
