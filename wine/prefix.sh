# prefix.sh - the private Wine prefix build/prefix, and the 32-bit side of Wine under build/wine32.

prefix=$build/prefix
wine32=$build/wine32
wine_loader=/usr/lib/wine/wine64

# wine_environment: what every Wine process of this checkout runs with. WINEDLLPATH lets the 64-bit loader find the
# 32-bit DLLs (Wine 8 runs 32-bit programs in a 64-bit process); the overrides keep Wine from offering to download
# things and from adding to the desktop's menus.
wine_environment() {
    unset WINEARCH WINESERVER WINELOADER WINEDLLDIR0 DISPLAY WAYLAND_DISPLAY
    export WINEPREFIX=$prefix WINEDLLPATH=$wine32 WINEDEBUG=${K32MEM_WINEDEBUG:--all}
    export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
    mkdir -p "$TMPDIR"
    if [ ! -d "${HOME:-}" ]; then export HOME=$build; fi
}

wine_version() { dpkg-query -W -f '${Version}' libwine:amd64 2>/dev/null || true; }

# wine32_unpack: the PE half of Debian's libwine:i386, the same version as the 64-bit side.
wine32_unpack() {
    local version deb
    version=$(wine_version)
    [ "$(cat "$wine32/version" 2>/dev/null || true)" != "$version" ] || return 0
    case $wine32 in *:*) fail "the path of this checkout has a colon in it, which Wine's search path cannot hold; move it" ;; esac
    archive_fetch wine32.log download "libwine=$version"
    deb=$(find "$archive/cache" -maxdepth 1 -name 'libwine_*_i386.deb' | head -n 1)
    rm -rf "$wine32"
    mkdir -p "$wine32"
    wine32_extract() {
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$wine32" --strip-components=5 ./usr/lib/i386-linux-gnu/wine/i386-windows
    }
    long "unpacking the 32-bit side of Wine" wine32-unpack.log wine32_extract ||
        fail "libwine:i386 does not unpack; see build/logs/wine32-unpack.log"
    rm -f "$deb"
    echo "$version" >"$wine32/version"
}

# prefix_check: ends with one line where set-up has not made the prefix.
prefix_check() { [ -e "$prefix/k32mem-ready" ] || fail "Wine is not set up here; run: make -f Makefile.mingw setup"; }

# prefix_works: both architectures start and give their exit code back.
prefix_works() {
    local cmd code
    for cmd in system32 syswow64; do
        code=0
        timeout -k 5 60 "$wine_loader" "C:\\windows\\$cmd\\cmd.exe" /c exit 7 >>"$logs/prefix.log" 2>&1 </dev/null ||
            code=$?
        [ "$code" = 7 ] || return 1
    done
}

prefix_stop() {
    [ ! -d "$prefix" ] || timeout -k 5 30 /usr/lib/wine/wineserver64 -k >/dev/null 2>&1 || true
}

# prefix_hold: keeps a Windows program idle in the prefix until this script ends or calls prefix_release. Wine's server goes
# with the last program, and a program that begins just then ends without a word; none pays for the server's start either.
prefix_hold() {
    local cmd=$prefix/drive_c/windows/system32/cmd.exe
    mkdir -p "$TMPDIR"
    rm -f "$TMPDIR/hold"
    mkfifo "$TMPDIR/hold"
    "$top/wine/run" "$cmd" <"$TMPDIR/hold" >/dev/null 2>&1 &
    holder=$!
    exec {hold}>"$TMPDIR/hold"
    rm -f "$TMPDIR/hold"
    # Wine's services keep the output of whichever program started them: not one that somebody reads to its end.
    "$top/wine/run" "$cmd" /c exit 0 >/dev/null 2>&1 </dev/null {hold}>&- ||
        fail "Wine does not start in build/prefix; run: make -f Makefile.mingw setup"
}

prefix_release() {
    exec {hold}>&-
    kill "$holder" 2>/dev/null || true
}

# prefix_keep VERSION: makes way for a new prefix. What programs saved in the old one, which Wine VERSION made, stays.
prefix_keep() {
    local old why="does not work"
    old=build/prefix.old-$(date +%Y-%m-%d-%H%M%S)
    [ "$1" = "$(wine_version)" ] || why="was made by another version of Wine"
    mv -T "$prefix" "$top/$old" 2>/dev/null ||
        fail "build/prefix cannot be moved aside: stop the programs that use it, move it away, and run this again"
    say "  the Wine prefix build/prefix $why: it is $old now, with all that programs saved there"
}

prefix_create() {
    wine_environment
    mkdir -p "$logs"
    if [ -e "$prefix" ] && [ ! -d "$prefix" ]; then fail "build/prefix is in the way: remove it and run this again"; fi
    if [ -d "$prefix" ] && [ ! -O "$prefix" ]; then
        fail "build/prefix belongs to user $(stat -c %U "$prefix"): remove it as that user, or run this as that user"
    fi
    local made_by
    made_by=$(cat "$prefix/k32mem-ready" 2>/dev/null || true)
    if [ "$made_by" = "$(wine_version)" ]; then
        : >"$logs/prefix.log"
        if prefix_works; then return 0; fi
    fi
    prefix_stop
    if [ -n "$made_by" ]; then
        prefix_keep "$made_by"
    else
        # Never finished: nothing ran in it.
        rm -rf "$prefix" 2>/dev/null ||
            fail "build/prefix cannot be removed: stop the programs that use it, remove it, and run this again"
    fi
    WINEPREFIX=$prefix long "making the Wine prefix build/prefix" prefix.log \
        timeout -k 5 300 "$wine_loader" wineboot -i ||
        fail "Wine could not make build/prefix; see build/logs/prefix.log, mend that, and run this again"
    prefix_works || fail "programs do not start under Wine in build/prefix; see build/logs/prefix.log, then remove build/prefix and run this again"
    # The registry reaches the disk when the server ends.
    prefix_stop
    wine_version >"$prefix/k32mem-ready"
}
