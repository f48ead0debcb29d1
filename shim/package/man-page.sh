#!/usr/bin/env bash
# man-page.sh PROGRAM PAGE: prints the man page PAGE with PROGRAM's version and, in place of each line
# `@options COMMAND@`, the options that `PROGRAM COMMAND --help` tells of, so that none is missing.
set -euo pipefail
program=$1 page=$2

# A group's name becomes a subsection. An option's line is "  --name VALUE=DEFAULT (Env:VARIABLE)"; what explains it
# stands on the lines after it, further to the right, or behind it on the same line.
options_of() {
    "$program" "$@" --help | awk '
        /^(Examples|Subcommands):/ { exit }
        /^[A-Z][a-z]*:$/ { sub(/:$/, ""); print ".SS " $0; next }
        /^  -/ {
            sub(/^ +/, "")
            explanation = ""
            if (match($0, /   +/)) {
                explanation = substr($0, RSTART + RLENGTH)
                $0 = substr($0, 1, RSTART - 1)
            }
            gsub(/-/, "\\-")
            print ".TP\n.B " $0
            if (explanation != "") print explanation
            next
        }
        /^   +/ { sub(/^ +/, ""); gsub(/-/, "\\-"); print }'
}

while IFS= read -r line; do
    if [[ $line =~ ^@options\ ?(.*)@$ ]]; then
        options_of ${BASH_REMATCH[1]:+"${BASH_REMATCH[1]}"}
    else
        echo "${line//@version@/$("$program" --version)}"
    fi
done <"$page"
