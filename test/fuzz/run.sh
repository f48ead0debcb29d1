#!/usr/bin/env bash
# Fuzzes the segment codec: each target for FUZZ_SECONDS (default 600), side by side. Called by `make fuzz`
# and, for a short time, by `make test`. What the targets have learnt stays in build/fuzz/corpus, and
# the next run begins there. Ends with a line for each target that says passed or FAILED.
set -euo pipefail

: "${BUILD:?is not set; call this as \"make fuzz\"}"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$BUILD/fuzz
targets=(fuzz_decode fuzz_round_trip)

packages=(clang)
# libFuzzer may be a package of its own, and not a part of clang.
if apt-cache show libclang-rt-dev >/dev/null 2>&1; then packages+=(libclang-rt-dev); fi
"$top/test/tools/setup/install-packages.sh" "${packages[@]}"

cmake -S "$top/test/fuzz" -B "$work" -DCMAKE_CXX_COMPILER=clang++ --log-level=WARNING >/dev/null
cmake --build "$work" -j"$(nproc)" -- --no-print-directory -s
for target in "${targets[@]}"; do mkdir -p "$work/corpus/$target"; done
"$work/make_seeds" "$work/corpus/fuzz_decode"

# The limits bound what damaged bytes may cost: seconds and megabytes for one input.
fuzz() { # TARGET
    "$work/$1" -max_total_time="${FUZZ_SECONDS:-600}" -max_len=8192 -len_control=0 -timeout=10 \
        -malloc_limit_mb=256 -artifact_prefix="$work/$1-" -print_final_stats=1 \
        "$work/corpus/$1" >"$work/$1.log" 2>&1
}

report() { # TARGET STATUS
    local log=$work/$1.log input
    if (($2 == 0)); then
        echo "$1: passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
        return
    fi
    grep -vE '^(#[0-9]|INFO)' "$log" | head -n 40 # what happened comes first
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "$1: FAILED; to reproduce: $work/$1 $input"
    failed=1
}

declare -A running
failed=0
for target in "${targets[@]}"; do
    fuzz "$target" &
    running[$target]=$!
done
for target in "${targets[@]}"; do
    status=0
    wait "${running[$target]}" || status=$?
    report "$target" "$status"
done
((failed == 0))
