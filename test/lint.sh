#!/usr/bin/env bash
# Checks the form of the code: clang-format, clang-tidy and shellcheck with this tree's own settings.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
test/tools/setup/install-packages.sh --build clang-format clang-tidy shellcheck

mapfile -t sources < <(find extension shim test -name '*.cpp' -o -name '*.h' | sort)
echo "lint: clang-format"
clang-format --dry-run -Werror "${sources[@]}"

echo "lint: rooms of the shim"
lower=''
for room in log http database operations customer feed moving; do # in the order of shim/README.md
    if grep -rnE '#include "([a-z]+/|(options|serve)\.h)' "shim/$room" | grep -vE "#include \"(${lower})/"; then
        echo "lint: shim/$room includes what is not below it" >&2
        exit 1
    fi
    if [ "$room" != customer ]; then lower+="$room|"; fi # which the feed does not use either
done

echo "lint: shellcheck"
shellcheck -x .ci/run test/*.sh test/*/*.sh test/tools/*/*.sh shim/package/*.sh

echo "lint: clang-tidy"
# It has a folder of its own, since clang cannot read what GCC has precompiled.
cmake -S . -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON --log-level=WARNING >/dev/null
# It covers headers where the code that they belong to includes them.
tidy() { xargs -P "$(nproc)" -n 1 clang-tidy --quiet "$@"; }
# The kernel's benchmark is left out. It is built only where Google Benchmark is, and clang-tidy sees a leak in its
# header.
find shim test/tools/simulator test/tools/bench test/hostile -name '*.cpp' ! -name kernel_benchmark.cpp |
    tidy -p build/lint 2>/dev/null
find extension -name '*.cpp' |
    xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- -std=c++20 -DACTIVE_CALLS_VERSION='""' \
        -isystem "$("${PG_CONFIG:-pg_config}" --includedir-server)" 2>/dev/null
echo "lint: clean"
