# rules.mk - load.exe loads the DLL itself; bytes.exe has a source file of the DLL in it, compiled as there.
LIBS_dll-load := -lversion
CFLAGS_dll-bytes = $(ARCHFLAGS_$(word 2,$(subst /, ,$@)))
