# Says what is being done, a line a step, and the seconds that it took: for scripts to source. Each script sets
# steps_of, the word that its lines begin with.
# shellcheck shell=bash disable=SC2154 # set by those who source it

current_step=

# step WHAT: ends the step before it.
step() {
    end_step ''
    current_step=$1
    step_began=$SECONDS
    printf '%s: %s ... ' "$steps_of" "$current_step"
}

# end_step RESULT: with what came of it, or ''.
end_step() {
    if [ -n "$current_step" ]; then printf '%s%d s\n' "${1:+$1, }" $((SECONDS - step_began)); fi
    current_step=
}
