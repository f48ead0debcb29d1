#!/usr/bin/env bash
# Checks the form of the code: clang-format, clang-tidy and shellcheck with this tree's own settings.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
test/tools/setup/install-packages.sh --build clang-format clang-tidy shellcheck

mapfile -t sources < <(find extension shim test -name '*.cpp' -o -name '*.h' | sort)
echo "lint: clang-format"
clang-format --dry-run -Werror "${sources[@]}"

echo "lint: shellcheck"
shellcheck -x .ci/run test/*.sh test/*/*.sh test/tools/*/*.sh shim/package/*.sh

echo "lint: clang-tidy"
# A folder of its own, since clang cannot read what GCC has precompiled.
cmake -S . -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON --log-level=WARNING >/dev/null
# Tests and headers are covered where the code they belong to includes them.
tidy() { xargs -P "$(nproc)" -n 1 clang-tidy --quiet "$@"; }
# The kernel's benchmark is built only where Google Benchmark is, whose header it takes for leaking.
find shim test/tools/simulator test/tools/bench test/hostile -name '*.cpp' ! -name kernel_benchmark.cpp |
    tidy -p build/lint 2>/dev/null
find extension -name '*.cpp' |
    xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- -std=c++20 -DACTIVE_CALLS_VERSION='""' \
        -isystem "$("${PG_CONFIG:-pg_config}" --includedir-server)" 2>/dev/null
echo "lint: clean"
