#!/usr/bin/env bash
# check.sh NAME: builds what the tests of this name need, and runs them. Called by `make check T=NAME`.
#
# NAME is, without regard to case, the name of a test (seal, 045_operation, Token.IsSigned), a name for several (Token,
# token_test; sql, isolation, unit, tap), or a pattern (seal*). If no test has that name, it is a part of names.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

name=${1-} # then, as with-build.sh calls it again: run
if [ -z "$name" ]; then
    echo "which test? For example: make check T=seal" >&2
    exit 2
fi

# Prints a line for each test: its kind, its name, and its other names.
list_tests() {
    local file base
    for file in test/sql/*.sql; do echo "sql $(basename "$file" .sql) sql"; done
    for file in test/isolation/specs/*.spec; do echo "isolation $(basename "$file" .spec) isolation sql"; done
    for file in test/t/*.pl; do
        base=$(basename "$file" .pl)
        echo "tap $base ${base#*_} tap"
    done
    for file in $(find test/unit -name '*_test.cpp' | sort); do
        sed -nE "s/^TEST(_F|_P)?\((\w+), (\w+)\).*/\2 \3/p" "$file" |
            awk -v kind="$(cut -d / -f 1-3 <<<"$file")" -v file="$(basename "$file" .cpp)" \
                '{ print kind, $1 "." $2, $1, $2, file, "unit" }'
    done
    echo 'fuzzing fuzz fuzz_decode fuzz_round_trip'
    echo 'packages package'
}

select_tests() { # PATTERN: prints those of the list that have a matching name
    local kind names word
    shopt -s nocasematch
    while read -r kind names; do
        for word in $names; do
            # shellcheck disable=SC2053 # a pattern
            if [[ $word == $1 ]]; then
                echo "$kind ${names%% *}"
                break
            fi
        done
    done
    shopt -u nocasematch
}

# The names that share most pieces of three letters with NAME.
near_names() {
    awk -v name="$name" '
        { for (i = 2; i <= NF; ++i) names[$i] }
        END {
            name = tolower(name)
            for (candidate in names) {
                shared = 0
                for (i = 1; i + 2 <= length(name); ++i)
                    if (index(tolower(candidate), substr(name, i, 3))) ++shared
                if (shared) print shared / (length(name) + length(candidate)), candidate
            }
        }' | sort -rn | head -n 5 | cut -d ' ' -f 2
}

# Prints the names of those tests that are of one kind, among the ones that were found.
found() { sed -n "s|^$1 ||p" <<<"$tests"; }

# The targets that with-build.sh has to build for them.
targets() {
    local file kind
    if [ -n "$(found sql)$(found isolation)$(found tap)" ]; then echo extension; fi
    for file in $(found tap); do
        if grep -qE 'ActiveCalls::Shim|ACTIVE_CALLS_SHIM' "test/t/$file.pl"; then echo active-calls-shim; fi
        if grep -q ACTIVE_CALLS_SIMULATE "test/t/$file.pl"; then echo simulate-calls; fi
    done
    for kind in $(sed -nE 's|^test/unit/(\w+) .*|\1|p' <<<"$tests" | uniq); do echo "${kind}_unit_test"; done
}

run() {
    # shellcheck source=test/suites.sh
    . test/suites.sh
    local names
    names=$(found 'test/unit/\w*' | sed 's/\./\\./' | paste -sd '|')
    if [ -n "$names" ]; then unit_tests "^(.*/)?($names)(/.*)?\$"; fi
    if [ -n "$(found fuzzing)" ]; then fuzzing; fi
    if [ -n "$(found sql)$(found isolation)" ]; then
        regression_tests "$(found sql | xargs)" "$(found isolation | xargs)"
    fi
    mapfile -t names < <(found tap)
    names=("${names[@]/#/$top/test/t/}")
    if ((${#names[@]} > 0)); then end_to_end_tests "${names[@]/%/.pl}"; fi
    if [ -n "$(found packages)" ]; then package_tests; fi
    summary
}

all_tests=$(list_tests)
tests=$(select_tests "$name" <<<"$all_tests")
if [ -z "$tests" ]; then tests=$(select_tests "*$name*" <<<"$all_tests"); fi
if [ -z "$tests" ]; then
    near=$(near_names <<<"$all_tests" | paste -sd ' ')
    echo "no test is called \"$name\"${near:+; near it: $near}" >&2
    exit 1
fi
if [ "${2-}" = run ]; then
    run
else
    TARGETS=$(targets | sort -u | xargs) exec test/tools/setup/with-build.sh test/check.sh "$name" run
fi
