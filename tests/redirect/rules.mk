# rules.mk - the programs of this folder are unmodified ones: nothing of k32mem is linked to them. The guest imports by
# the names of API sets.
LIBS_redirect                    :=
LIBS_redirect-crossings          := -lntdll -lole32 -lpsapi -luuid
LIBS_redirect-guest.dll          := -lwindowsapp
# Room behind the first page, where check-launcher moves its headers to.
LIBS_redirect-report.tool        := -Wl,--section-alignment,0x4000 -Wl,--file-alignment,0x2000
