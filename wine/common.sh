# common.sh - what the scripts of this folder share: where things are, how to speak, how to fail. Sourced, by bash.

set -euo pipefail

# caller_return NAME...: these variables as whoever called has them, for the programs that run and k32run start.
declare -A caller=()
for name in LC_ALL TMPDIR DISPLAY WAYLAND_DISPLAY; do
    if [ -n "${!name+set}" ]; then caller[$name]=${!name}; fi
done
caller_return() {
    local name
    for name; do
        if [ -n "${caller[$name]+set}" ]; then export "$name=${caller[$name]}"; else unset "$name"; fi
    done
}

export LC_ALL=C

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$top/build
logs=$build/logs
# Wine keeps its server's socket there: each checkout has its own.
export TMPDIR=$build/tmp

say() { printf '%s\n' "$*"; }

# One line that says what is wrong and what to do; nothing after it runs.
fail() {
    printf 'k32mem: %s\n' "$*" >&2
    exit 1
}

# long MESSAGE LOG COMMAND...: runs the command with its output in build/logs/LOG, and every ten seconds says how long
# it has been going. Returns the command's own result.
long() {
    local message=$1 log=$logs/$2 start=$SECONDS job result=0 tick=0
    shift 2
    mkdir -p "$logs"
    say "  $message"
    "$@" >"$log" 2>&1 </dev/null &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.2
        tick=$((tick + 1))
        if ((tick % 50 == 0)); then say "    ... $((SECONDS - start)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-90)"; fi
    done
    wait "$job" || result=$?
    return "$result"
}
