# rules.mk - load.exe loads the DLL itself.
LIBS_dll-load := -lversion
