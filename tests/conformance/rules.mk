# rules.mk - conform.exe, one per architecture: the harness and every test file beside it. Included by Makefile.mingw.

CONFORM_SOURCES := $(filter-out tests/conformance/broken/%,$(wildcard tests/conformance/*.c tests/conformance/*/*.c))
CONFORM_FLAGS   := $(PROGRAMFLAGS) -isystem build/source/cjson
# Windows calls tests back with whatever stack alignment it has.
CONFORM_ARCH_x86_64 :=
CONFORM_ARCH_i686   := -msse2 -mfpmath=sse -mstackrealign

build/source/cjson/.complete:
	@wine/setup source cjson

define CONFORM_RULES
CONFORM_OBJECTS_$(1) := $$(CONFORM_SOURCES:tests/%.c=build/$(1)/obj/tests/%.o)

build/$(1)/obj/tests/conformance/%.o: tests/conformance/%.c Makefile.mingw tests/conformance/rules.mk \
  | build/source/cjson/.complete build/source/cmocka/.complete
	@mkdir -p $$(@D)
	@echo "  $(1) CC  $$<"
	@$(CCACHE) $(1)-w64-mingw32-gcc $$(CONFORM_FLAGS) $$(CONFORM_ARCH_$(1)) -c -o $$@ $$<

build/$(1)/libcjson.a: build/source/cjson/.complete
	@mkdir -p build/$(1)/obj
	@echo "  $(1) LIB $$@"
	@$(1)-w64-mingw32-gcc -O2 -ffile-prefix-map=./= -Ibuild/source/cjson -c -o build/$(1)/obj/cjson.o \
	  build/source/cjson/cJSON.c
	@$(1)-w64-mingw32-ar rcsD $$@ build/$(1)/obj/cjson.o

# The page is part of the program.
build/$(1)/obj/tests/conformance/diff/html.o: tests/conformance/diff/page.html

# Never linked to libk32mem.a: what is tested is looked up in the target.
build/$(1)/conform.exe: $$(CONFORM_OBJECTS_$(1)) build/$(1)/libcjson.a build/$(1)/libcmocka.a
	@echo "  $(1) EXE $$@"
	@$(1)-w64-mingw32-gcc $$(PROGRAMLINK) -Wl,-s -o $$@ $$^

programs: build/$(1)/conform.exe

# DLLs with one wrong function each, wrong_NAME of broken/*.c in the place of NAME: check-broken shows that it is caught.
build/$(1)/obj/broken/%.o: tests/conformance/broken/%.c
	@mkdir -p $$(@D)
	@$(CCACHE) $(1)-w64-mingw32-gcc $$(DLLFLAGS) $$(ARCHFLAGS_$(1)) -c -o $$@ $$<
build/$(1)/broken/%/k32mem.dll: build/$(1)/obj/broken/%.o build/$(1)/k32mem.dll
	@mkdir -p $$(@D)
	@name=$$$$(sed -n 's/.*WINAPI wrong_\([A-Za-z0-9]*\)(.*);$$$$/\1/p' tests/conformance/broken/$$*.c) && \
	  sed "s/^$$$$name[ \t]*$$$$/$$$$name=wrong_$$$$name/" def/k32mem.def > build/$(1)/obj/broken/$$*.def
	@$(1)-w64-mingw32-gcc $$(DLLLINK) $$(DLLLINK_$(1)) -o $$@ $$< $$(DLLOBJECTS_$(1)) build/$(1)/obj/version.o \
	  build/$(1)/obj/broken/$$*.def -lntdll -lgcc
endef
$(foreach arch,$(ARCHES),$(eval $(call CONFORM_RULES,$(arch))))

# The browser that opens the comparison's page.
check: browser
.PHONY: browser
browser: | ready
	@wine/setup packages chromium chromium-driver curl

.PHONY: baselines baselines-wine10 dist
# Records tests/baselines anew; baselines-wine10 needs root, and makes a Debian trixie root first.
baselines: ready
	@tests/conformance/baselines
baselines-wine10: all
	@tests/conformance/wine10
# The zip for real Windows.
dist: ready
	@tests/conformance/dist/make
