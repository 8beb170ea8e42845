# rules.mk - programs that load the DLL themselves are not linked to it; and the DLL once more, with a switch that makes
# the heap's NT memory calls fail, for tests/heap/fault.c.

LIBS_heap-fault :=
LIBS_heap-load  :=

define FAULT_RULES
build/$(1)/obj/fault/os.o: dll/heap/os.c Makefile.mingw
	@mkdir -p $$(@D)
	@echo "  $(1) CC  $$< (failing)"
	@$(1)-w64-mingw32-gcc $$(DLLFLAGS) $$(ARCHFLAGS_$(1)) -DK32MEM_FAULT -c -o $$@ $$<

build/$(1)/k32mem-oom.def: def/k32mem.def
	@sed 's/^LIBRARY .*/LIBRARY k32mem-oom.dll/' $$< > $$@
	@echo 'k32mem_fault_after' >> $$@

build/$(1)/k32mem-oom.dll: build/$(1)/k32mem.dll build/$(1)/obj/fault/os.o build/$(1)/k32mem-oom.def
	@echo "  $(1) DLL $$@"
	@$(1)-w64-mingw32-gcc $$(DLLLINK) $$(DLLLINK_$(1)) -o $$@ $$(filter-out %/heap/os.o,$$(DLLOBJECTS_$(1))) \
	  build/$(1)/obj/fault/os.o build/$(1)/obj/version.o build/$(1)/k32mem-oom.def -lntdll -lgcc

programs: build/$(1)/k32mem-oom.dll
endef
$(foreach arch,$(ARCHES),$(eval $(call FAULT_RULES,$(arch))))
