# Prints a line for each step of a script, and the seconds that it took. Scripts source this, and set steps_of, the word
# with which their lines begin.
# shellcheck shell=bash disable=SC2154 # set by those who source it

current_step=

# step WHAT: ends the step before it.
step() {
    end_step ''
    current_step=$1
    step_began=$SECONDS
    printf '%s: %s ... ' "$steps_of" "$current_step"
}

# end_step RESULT: ends the step; RESULT is what came of it, or ''.
end_step() {
    if [ -n "$current_step" ]; then printf '%s%d s\n' "${1:+$1, }" $((SECONDS - step_began)); fi
    current_step=
}
