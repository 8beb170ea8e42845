# platform.sh - recording one target on this machine's Wine; sourced by bash, from the top of the checkout.

results=build/results/conform
mkdir -p "$results"

# wine_name: "wine8", as records and manifests are named.
wine_name() { dpkg-query -W -f '${Version}' libwine:amd64 2>/dev/null | sed 's/\..*//; s/^/wine/'; }
wine=$(wine_name)

target_of() { # TARGET ARCH
    if [ "$1" = k32mem ]; then echo "build/$2/k32mem.dll"; else echo "$1.dll"; fi
}

# platform_record TARGET ARCH RECORD [OPTION...]: the record, and beside it the TAP. conform.exe's exit code.
platform_record() {
    local list=() file
    for file in "tests/conformance/expect/$1-$wine.txt" "tests/conformance/expect/$1-$wine-$2.txt"; do
        [ ! -e "$file" ] || list+=(--expect "$file")
    done
    wine/run "build/$2/conform.exe" --target "$(target_of "$1" "$2")" "${list[@]}" --record "$3" "${@:4}" 2>&1 </dev/null |
        tr -d '\r' >"${3%.json}.tap"
    return "${PIPESTATUS[0]}"
}

# platform_check TARGET ARCH: the whole suite against its manifest, counted into passed and failed; and, as one more, that
# the committed baseline is what is observed.
platform_check() {
    local record=$results/$1-$wine-$2 baseline=tests/baselines/$1-$wine-$2.json own_passed own_failed
    rm -f "$record.json"
    platform_record "$1" "$2" "$record.json"
    grep -v '^ok ' "$record.tap"
    read -r own_passed _ own_failed _ < <(tail -n 1 "$record.tap")
    case $own_passed in '' | *[!0-9]*) own_passed=0 own_failed=1 ;; esac
    passed=$((passed + own_passed))
    failed=$((failed + own_failed))
    [ -e "$record.json" ] || return 0
    verify "$baseline is what is observed (if the change is meant: make -f Makefile.mingw baselines)" \
        baseline_current "$baseline" "$record.json"
}

baseline_current() {
    [ -e "$1" ] || { echo "there is no baseline $1" && return 1; }
    ! cmp -s "$1" "$2" || return 0
    echo "the baseline $1 is stale; a few of the lines that differ (< baseline, > now):"
    diff "$1" "$2" | grep '^[<>]' | cut -c 1-400 | head -n 12
    return 1
}
