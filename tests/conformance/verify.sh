# verify.sh - counting, for the check scripts of this folder; sourced by bash. arch and work are set by the script.

passed=0 failed=0

# verify MESSAGE COMMAND...: the command must succeed; counted, and told by its message if it does not.
verify() {
    local message=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "not so: $message"; fi
}

# has LOG TEXT: the log, in $work, has a line with this text.
has() { grep -qF -- "$2" "$work/$1" || { tail -n 12 "$work/$1" | sed 's/^/  | /' && false; }; }
lacks() { ! grep -qF -- "$2" "$work/$1"; }
# same TEXT TEXT
same() { [ "$1" = "$2" ] || { echo "  $1 is not $2" && false; }; }

conform() { wine/run "build/$arch/conform.exe" "$@"; }

# exits CODE LOG ARGUMENT...: conform.exe with these arguments ends with this code; what it says goes to the log.
exits() {
    local want=$1 log=$2 code=0
    shift 2
    conform "$@" 2>&1 | tr -d '\r' >"$work/$log"
    code=${PIPESTATUS[0]}
    [ "$code" = "$want" ] || { echo "  exit code $code" && tail -n 20 "$work/$log" | sed 's/^/  | /' && false; }
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
