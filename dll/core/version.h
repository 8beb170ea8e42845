/* version.h - the one place where the version is written. */
#ifndef K32MEM_VERSION_H
#define K32MEM_VERSION_H
#define K32MEM_VERSION_COMMAS 0, 1, 0, 0
#define K32MEM_VERSION_TEXT "0.1.0"
#endif
