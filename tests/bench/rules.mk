# rules.mk - the peers of the heap bench: mimalloc from Debian's source package, as its own build makes it (release,
# shared), by a compiler that has Windows's native thread-locals. Its secure mode is its own -DMI_SECURE=4. The source
# is compiled as it is, so its warnings are not ours. Versions and flags go to mimalloc.txt, which the bench prints.

MIMALLOC_FLAGS := --target=x86_64-w64-mingw32 -O3 -DNDEBUG -DMI_SHARED_LIB -DMI_SHARED_LIB_EXPORT -DMI_WIN_NOREDIRECT \
                  -fno-emulated-tls -w -fuse-ld=lld -shared
MIMALLOC_LIBS  := -lpsapi -lshell32 -luser32 -ladvapi32 -lbcrypt
MIMALLOC_SECURE_normal := 0
MIMALLOC_SECURE_secure := 4

BENCH_NEEDS += build/x86_64/mimalloc-normal.dll build/x86_64/mimalloc-secure.dll build/x86_64/mimalloc.txt

build/source/mimalloc/.complete:
	@wine/setup source mimalloc

build/x86_64/mimalloc.txt: build/source/mimalloc/.complete tests/bench/rules.mk
	@mkdir -p $(@D)
	@wine/setup packages clang-19 lld-19
	@printf '%s; %s %s -DMI_SECURE=0 (secure: 4) %s\n' "$$(head -n 1 build/source/mimalloc/debian/changelog | cut -d ';' -f 1)" \
	  "$$(clang-19 --version | head -n 1)" "$(MIMALLOC_FLAGS)" "$(MIMALLOC_LIBS)" > $@

build/x86_64/mimalloc-%.dll: tests/bench/heap/peers/mimalloc.c build/x86_64/mimalloc.txt
	@echo "  x86_64 DLL $@"
	@clang-19 $(MIMALLOC_FLAGS) -DMI_SECURE=$(MIMALLOC_SECURE_$*) -Ibuild/source/mimalloc/include \
	  -Ibuild/source/mimalloc/src -o $@ $< $(MIMALLOC_LIBS)
	@x86_64-w64-mingw32-objdump -p $@ | grep -q 'Entry 9 0*[1-9a-f]' || \
	  { echo "$@ has no native thread-locals"; rm -f $@; exit 1; }
