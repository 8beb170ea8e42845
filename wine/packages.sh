# packages.sh - Debian packages on this machine. Needs root or sudo only when something is missing.

# The compilers (the variant with native Windows threads is enough), Wine with its 64-bit loader, and dpkg-source for
# the source packages.
PACKAGES=(g++-mingw-w64-x86-64-win32 g++-mingw-w64-i686-win32 wine wine64 dpkg-dev)

package_present() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# as_root COMMAND...: root's own shell, or sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# apt_wait COMMAND...: runs apt-get; while another process holds one of apt's locks, waits for it, two minutes at most.
apt_wait() {
    local log=$1 message=$2 until=$((SECONDS + ${K32MEM_APT_WAIT:-120})) told=
    shift 2
    until long "$message" "$log" as_root env -u TMPDIR DEBIAN_FRONTEND=noninteractive apt-get -y \
        -o DPkg::Lock::Timeout=20 -o Acquire::Retries=2 "$@"; do
        grep -qE 'Could not get lock|Unable to (lock|acquire)' "$logs/$log" || return 1
        ((SECONDS < until)) || fail "another program holds apt's lock; let it finish (or stop it) and run this again"
        [ -n "$told" ] || say "    another program is using apt; waiting for it"
        told=1
        sleep 3
    done
}

# apt_explain_archive LOG: ends with one line if the log tells of trouble between here and the archive.
apt_explain_archive() {
    local log=$logs/$1
    if grep -qE 'No space left on device|enough free space' "$log"; then
        fail "the disk is full; make room and run this again"
    fi
    if grep -qE 'Temporary failure resolving|Could not resolve|Could not connect|Unable to connect|Cannot initiate the connection|Network is unreachable|Connection (timed out|refused|failed)|No route to host' "$log"; then
        fail "Debian's archive cannot be reached; connect to the network (or set apt's proxy) and run this again"
    fi
    if grep -qE 'unexpected size|Hash Sum mismatch|Failed to fetch' "$log"; then
        fail "Debian's archive gave incomplete files (it may be updating); run this again in some minutes"
    fi
}

# apt_explain LOG PACKAGE...: ends with one line about why apt-get failed.
apt_explain() {
    local log=$1
    shift
    apt_explain_archive "$log"
    if grep -q 'dpkg was interrupted' "$logs/$log"; then
        fail "an earlier package installation was interrupted; run 'dpkg --configure -a' as root, then this again"
    fi
    if grep -qE 'Unable to locate package|has no installation candidate' "$logs/$log"; then
        fail "Debian's package list lacks $(grep -oE "(Unable to locate package |Package ')[^ ']+" "$logs/$log" |
            grep -oE "[^ ']+$" | tr '\n' ' ')- add the 'main' archive to /etc/apt/sources.list and run this again"
    fi
    fail "apt-get could not install $*; see build/logs/$log, mend that, and run this again"
}

# packages_install PACKAGE...: installs what is missing of the list.
packages_install() {
    local missing=() package
    for package; do package_present "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        fail "this is made for Debian 12 and found no apt-get; install ${missing[*]} by hand"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            fail "not root and no sudo; as root run: apt-get install --no-install-recommends ${missing[*]}"
        # Asks for the password now, if somebody is there to type it, and not in the middle of a long step.
        { [ -t 0 ] && sudo -v; } || sudo -n true 2>/dev/null ||
            fail "sudo needs a password; as root run: apt-get install --no-install-recommends ${missing[*]}"
    fi
    # The package list that is here may be good enough, and the network out of reach of other archives than Debian's.
    local log=packages.log
    if ! apt-get -s install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
        ! apt_wait "$log" "installing ${missing[*]}" install --no-install-recommends "${missing[@]}"; then
        apt_wait update.log "fetching Debian's package list" update || true
        apt_wait "$log" "installing ${missing[*]}" install --no-install-recommends "${missing[@]}" || {
            # What cannot be found may only be unknown because the list could not be fetched.
            apt_explain_archive update.log
            apt_explain "$log" "${missing[@]}"
        }
    fi
    for package in "${missing[@]}"; do
        package_present "$package" || fail "package $package is still missing; install it by hand and run this again"
    done
}
