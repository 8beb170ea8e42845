# archive.sh - Debian's archive, read with a private apt configuration under build/apt: i386 packages to unpack and
# source packages, without root, without touching the machine's own apt configuration or waiting for its locks.

archive=$build/apt

# archive_sources: the machine's own Debian archives, one "URI RELEASE COMPONENT" a line.
archive_sources() {
    { apt-get indextargets --format '$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 2>/dev/null || true; } | sed -n 's/^Debian|//p' | sort -u
}

# archive_configure: the private configuration; its sources are the machine's own Debian archives.
archive_configure() {
    mkdir -p "$archive/lists/partial" "$archive/cache/archives/partial"
    : >"$archive/status"
    cat >"$archive/apt.conf" <<CONF
Dir::State "$archive";
Dir::State::status "$archive/status";
Dir::State::lists "$archive/lists";
Dir::Cache "$archive/cache";
Dir::Etc::SourceList "$archive/debian.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Architecture "i386";
APT::Architectures "i386";
APT::Sandbox::User "";
APT::Update::Post-Invoke "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "2";
CONF
    archive_sources >"$archive/sources"
    if [ ! -s "$archive/sources" ]; then
        # What an archive is shows in the lists fetched from it; there may be none yet.
        apt_wait update.log "fetching Debian's package list" update || true
        archive_sources >"$archive/sources"
    fi
    if [ ! -s "$archive/sources" ]; then
        [ ! -e "$logs/update.log" ] || apt_explain_archive update.log
        fail "apt here names no Debian archive; add 'main' to /etc/apt/sources.list, run apt-get update as root, and run this again"
    fi
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    while read -r source; do
        printf 'deb [arch=i386 signed-by=%s] %s\ndeb-src [signed-by=%s] %s\n' "$keys" "$source" "$keys" "$source"
    done <"$archive/sources" >"$archive/debian.list"
}

# archive_update: the package lists. An archive that cannot be read may not be the one that matters: what is then
# missing shows when it is asked for.
archive_update() {
    archive_configure
    long "fetching Debian's lists of source and i386 packages" archive-update.log \
        timeout -k 5 600 env APT_CONFIG="$archive/apt.conf" apt-get update || true
    touch "$archive/ready"
}

archive_get() {
    local log=$1
    shift
    (cd "$archive/cache" && long "downloading ${*: -1}" "$log" timeout -k 5 900 env APT_CONFIG="$archive/apt.conf" apt-get "$@")
}

# archive_fetch LOG COMMAND...: apt-get in the private archive, on fresh lists if those here are missing or out of date.
archive_fetch() {
    local log=$1
    if [ -e "$archive/ready" ] && archive_get "$@"; then return 0; fi
    archive_update
    archive_get "$@" && return 0
    rm -f "$archive/ready"
    local reason
    for reason in archive-update.log "$log"; do apt_explain_archive "$reason"; done
    fail "Debian's archive has no ${*: -1}; see build/logs/$log"
}

# source_unpack NAME [VERSION]: Debian's source package, patched, as build/source/NAME.
source_unpack() {
    local name=$1 target=$build/source/$1
    [ ! -e "$target/.complete" ] || return 0
    archive_fetch "source-$name.log" source --download-only "$name${2:+=$2}"
    rm -rf "$target"
    mkdir -p "$build/source"
    local dsc
    dsc=$(find "$archive/cache" -maxdepth 1 -name "${name}_*.dsc" | sort | tail -n 1)
    [ -n "$dsc" ] || fail "Debian's archive gave no source package $name; see build/logs/source-$name.log"
    long "unpacking the source of $name" "unpack-$name.log" dpkg-source --no-check --no-copy -x "$dsc" "$target" ||
        fail "the source package $name does not unpack; see build/logs/unpack-$name.log"
    rm -f "$archive/cache/${name}_"*
    touch "$target/.complete"
}
