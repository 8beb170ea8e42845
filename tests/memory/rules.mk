# rules.mk - the public header by itself, as C11 and as C++17, with every warning, newest and oldest system named.

HEADER_FLAGS := -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude
HEADER_OLD   := -D_WIN32_WINNT=0x0601 -DNTDDI_VERSION=0x06010000

define HEADER_RULES
build/$(1)/obj/tests/memory/header.ok: include/k32mem.h include/k32mem_volatile.h Makefile.mingw tests/memory/rules.mk
	@mkdir -p $$(@D)
	@echo "  $(1) header"
	@for system in "$(DEFINES)" "$(HEADER_OLD)" "$(DEFINES) -DUNICODE"; do \
	  $(1)-w64-mingw32-gcc -std=c11 $(HEADER_FLAGS) $$$$system -x c include/k32mem.h && \
	  $(1)-w64-mingw32-g++ -std=c++17 $(HEADER_FLAGS) $$$$system -x c++ include/k32mem.h || exit 1; done
	@touch $$@
programs: build/$(1)/obj/tests/memory/header.ok
endef
$(foreach arch,$(ARCHES),$(eval $(call HEADER_RULES,$(arch))))
