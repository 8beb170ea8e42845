# common.sh - what the scripts of tests/apps share. Sourced, by bash.
#
# A file in programs/ describes one program with one workload. It sets
#   arch      x86_64 or i686
#   about     what it is made of, in a few words
#   faster    how many times faster it has to be under k32mem; 0.97 where it says nothing (no slower than 1.03)
#   outputs   the files and folders that it makes, beside what it prints
#   strip     a sed expression that takes out of what it prints what differs from run to run: times
#   adds      how many milliseconds the launcher may add, for a program that measures that
#   times     how many times as often as others it is run, where it is short
#   expect    its exit code, where it is not 0
#   smoke     yes: check-programs runs it too; with `size 1`, as --quick does
# and has
#   packages  the npm packages, each with the SHA-512 of its archive: package NAME@VERSION SHA512
#   input     makes the input in the working folder, the same every time; called once
#   job       the workload; starts Windows programs with `run PROGRAM.exe ARGUMENT...`, in the working folder
# "$(files NAME)" is the folder of the package NAME; "$(size N)" is N, or a small part of it where no time is measured.

unset DISPLAY WAYLAND_DISPLAY
. "$(dirname "${BASH_SOURCE[0]}")/../../wine/common.sh"
. "$top/wine/prefix.sh"
apps=$build/apps
programs=$top/tests/apps/programs
inputs() { "$top/tests/apps/inputs" "$@"; }

# program_read NAME: sets the above from the file, and `work`, the working folder.
program_read() {
    name=$1 arch=x86_64 about='' faster=0.97 adds='' times=1 outputs=() strip='' smoke=no expect=0
    work=$apps/work/${APPS_SIZE:-full}/$name
    package_list=()
    . "$programs/$name"
    packages
}

package() { package_list+=("$1 $2"); }

# package_folder NAME@VERSION
package_folder() { printf '%s\n' "$apps/packages/${1//\//+}"; }

files() {
    local entry
    for entry in "${package_list[@]}"; do
        entry=${entry% *}
        [ "${entry%@*}" != "$1" ] || package_folder "$entry"
    done
}

size() {
    if [ "${APPS_SIZE:-full}" = full ]; then echo "$1"; else echo $((($1 + 19) / 20)); fi
}

# package_install NAME@VERSION SHA512: unpacks the package, unless it is there. No script of it runs.
package_install() {
    local spec=$1 sum=$2 folder log=$logs/npm.log archive
    folder=$(package_folder "$spec")
    [ "$(cat "$folder/.complete" 2>/dev/null || true)" != "$sum" ] || return 0
    if ! command -v npm >/dev/null; then
        "$top/wine/setup" packages npm >&2 || exit 1
    fi
    rm -rf "$folder" "$apps/download"
    mkdir -p "$folder" "$apps/download" "$logs"
    printf '  fetching %s\n' "$spec" >&2
    (cd "$apps/download" && timeout -k 5 600 npm pack --silent --ignore-scripts --cache "$apps/download/cache" "$spec") \
        >"$log" 2>&1 </dev/null || {
        # Without --silent npm says why.
        (cd "$apps/download" && timeout -k 5 60 npm pack --fetch-retries 0 --cache "$apps/download/cache" "$spec") \
            >>"$log" 2>&1 </dev/null || true
        if grep -qE 'E404|ETARGET' "$log"; then fail "npm's archive has no $spec; see build/logs/npm.log"; fi
        fail "npm's archive cannot be reached; connect to the network (or set npm's proxy) and run this again (see build/logs/npm.log)"
    }
    archive=$(find "$apps/download" -maxdepth 1 -name '*.tgz')
    [ "$(sha512sum <"$archive" | cut -d ' ' -f 1)" = "$sum" ] ||
        fail "npm's archive gave another $spec than the one known here: its SHA-512 differs"
    tar -xzf "$archive" -C "$folder" --strip-components=1 --no-same-owner ||
        fail "$spec does not unpack; make room on the disk and run this again"
    rm -rf "$apps/download"
    echo "$sum" >"$folder/.complete"
}

# program_ready NAME: its packages and its input are there.
program_ready() {
    program_read "$1"
    local entry made
    for entry in "${package_list[@]}"; do package_install "${entry% *}" "${entry#* }"; done
    # Made anew when the file that describes it, or the size asked for, is another.
    made="${APPS_SIZE:-full} $(cat "$programs/$name" "$programs/../common.sh" | sha512sum)"
    if [ "$(cat "$work/.made" 2>/dev/null || true)" != "$made" ]; then
        rm -rf "$work"
        mkdir -p "$work"
        (cd "$work" && "$top/tests/apps/job" "$name" input) || fail "$name: its input cannot be made"
        echo "$made" >"$work/.made"
    fi
}

# program_run NAME plain|loaded RESULTS: one run; what it printed and made, and its exit code, are left in the folder
# RESULTS, the measurement in RESULTS.tsv.
program_run() {
    local mode=$2 results=$3 output try
    program_read "$1"
    rm -rf "$results"
    mkdir -p "$results"
    # Wine 8 loses one process in some thousand before its first instruction: once more, then.
    for try in 1 2; do
        for output in "${outputs[@]}"; do rm -rf "${work:?}/$output"; done
        (cd "$work" && "$top/tests/apps/measure" "$results.tsv" "${APPS_LIMIT:-120}" "$top/tests/apps/job" "$name" "$mode" \
            >"$results/stdout" 2>"$results/stderr" </dev/null)
        cut -f 4 "$results.tsv" >"$results/exit-code"
        if [ "$(cat "$results/exit-code")" = "$expect" ] || [ -s "$results/stdout" ] || [ -s "$results/stderr" ]; then break; fi
    done
    # What Wine itself says now and then of its server, while a process with threads ends; the program said nothing.
    sed -i '/^wine client error:/d' "$results/stderr"
    if [ -n "$strip" ]; then sed -E -i "$strip" "$results/stdout" "$results/stderr"; fi
    for output in "${outputs[@]}"; do
        if [ -e "$work/$output" ]; then mv "$work/$output" "$results/"; fi
    done
}

# exit_code_say RESULTS
exit_code_say() {
    local code
    code=$(cat "$1/exit-code")
    if [ "$code" = timeout ]; then echo "took longer than ${APPS_LIMIT:-120} s"; else echo "exit code $code"; fi
}

# program_compare NAME ROUNDS RESULTS: runs it on both sides in turn, ROUNDS times each, leaves RESULTS/NAME.rounds (side,
# wall, cpu, peak, exit code per line), and prints in a word how it went: "same", or what differs; then RESULTS/NAME/
# holds both sides' results and the list plain-first.differences.
program_compare() {
    local rounds=$2 folder=$3/$1 round side sides first=$3/$1/plain-first
    program_read "$1"
    rm -rf "$folder" "$folder.rounds"
    mkdir -p "$folder"
    for ((round = 1; round <= rounds; round++)); do
        # Whoever runs first may find things cold, or the machine faster: they take turns.
        if ((round % 2)); then sides='plain loaded'; else sides='loaded plain'; fi
        for side in $sides; do
            program_run "$1" "$side" "$folder/$side"
            printf '%s\t%s\n' "$side" "$(cat "$folder/$side.tsv")" >>"$folder.rounds"
            if [ "$side" = plain ] && [ ! -e "$first" ]; then
                cp -r "$folder/plain" "$first"
                if [ "$(cat "$first/exit-code")" != "$expect" ]; then
                    echo "plain run: $(exit_code_say "$first")"
                    return
                fi
            elif ! diff -rq "$first" "$folder/$side" >"$first.differences" 2>&1; then
                if [ "$side" = plain ]; then
                    echo "plain runs differ"
                elif [ "$(cat "$folder/loaded/exit-code")" != "$expect" ]; then
                    exit_code_say "$folder/loaded"
                else
                    echo "other output"
                fi
                return
            fi
        done
    done
    rm -rf "$folder"
    echo same
}

# median: an awk function for those who read a .rounds file: the median of list[1] to list[count], which it sorts.
median='function median(list, count,    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = list[i]
        for (j = i - 1; j && list[j] > value; j--) list[j + 1] = list[j]
        list[j + 1] = value
    }
    return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
}'

# differences_say RESULTS: the first of them, of the program read last.
differences_say() {
    head -n 5 "$1/$name/plain-first.differences" 2>/dev/null | sed "s|$build|build|g; s/^/    /" || true
    tail -n 5 "$1/$name/loaded/stderr" 2>/dev/null | tr -d '\r' | cut -c 1-120 | sed 's/^/    stderr: /' || true
}

# launcher_ready: what starts programs under k32mem; K32RUN is another one, K32RUN_OPTIONS has its options.
launcher_ready() {
    export K32RUN=${K32RUN:-$top/wine/k32run} K32RUN_OPTIONS=${K32RUN_OPTIONS:-}
    K32RUN=$(realpath "$K32RUN")
    [ -x "$K32RUN" ] || fail "no launcher $K32RUN; build it: make -f Makefile.mingw all"
}
