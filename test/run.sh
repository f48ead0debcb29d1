#!/usr/bin/env bash
# Runs every test and ends with the slowest of them and one line of counts. Called by `make test`, which builds
# first and sets the environment that test/setup/with-build.sh describes.
set -uo pipefail

# shellcheck source=test/suites.sh
. "$(dirname "${BASH_SOURCE[0]}")/suites.sh"

slowest_tests() {
    echo "== the slowest tests, in seconds"
    sort -rn "$times" | head -n 15 | awk '{ printf "%8.1f  %-8s", $1 / 1000, $2; $1 = $2 = ""; print }'
}

unit_tests .
fuzzing
# shellcheck disable=SC2119 # all of them
regression_tests
end_to_end_tests "$top"/test/t/*.pl
package_tests
slowest_tests
summary
