/* clipboard.c - an example: what programs do with GlobalAlloc(GMEM_MOVEABLE) for the clipboard and for OLE, with
 * k32mem's functions (linked with libk32mem.a ahead of the system's libraries).
 *
 * A clipboard holds one block of memory per format, and owns it from the moment that it is given one. A reader gets the
 * handle, locks it, reads, and unlocks it; it must not free it. The text formats are made from each other when they
 * are first asked for, and a rendition that can be made again may be discarded meanwhile. The clipboard here is the
 * program's own: the desktop's would need all of the process redirected to k32mem, since user32 locks what it is
 * given (see dll/global/system.h).
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static unsigned passed, failed;

static void verify(BOOL ok, const char *what)
{
    printf("%s %s\n", ok ? "ok    " : "NOT OK", what);
    if (ok) passed++;
    else failed++;
}

/* ---- the clipboard ---- */
#define FORMATS 4
static struct {
    UINT format;
    HGLOBAL data;
} clipboard[FORMATS];

static void clipboard_empty(void)
{
    for (unsigned i = 0; i < FORMATS; i++) {
        if (clipboard[i].data) verify(!GlobalFree(clipboard[i].data), "the clipboard frees what it owns");
        clipboard[i].format = 0;
        clipboard[i].data = NULL;
    }
}

/* As SetClipboardData: data must be moveable and unlocked, and belongs to the clipboard from now on. */
static BOOL clipboard_set(UINT format, HGLOBAL data)
{
    if (GlobalFlags(data) == GMEM_INVALID_HANDLE || GlobalFlags(data) & GMEM_LOCKCOUNT) return FALSE;
    for (unsigned i = 0; i < FORMATS; i++) {
        if (clipboard[i].data) continue;
        clipboard[i].format = format;
        clipboard[i].data = data;
        return TRUE;
    }
    return FALSE;
}

static HGLOBAL clipboard_find(UINT format)
{
    for (unsigned i = 0; i < FORMATS; i++)
        if (clipboard[i].data && clipboard[i].format == format) return clipboard[i].data;
    return NULL;
}

/* Makes the 8-bit text from the wide text, into target. */
static BOOL render_text(HGLOBAL target, HGLOBAL wide)
{
    const WCHAR *from = GlobalLock(wide);
    int bytes = WideCharToMultiByte(CP_ACP, 0, from, -1, NULL, 0, NULL, NULL);
    BOOL ok = GlobalReAlloc(target, bytes, GMEM_MOVEABLE) == target;
    char *to = ok ? GlobalLock(target) : NULL;
    if (to) WideCharToMultiByte(CP_ACP, 0, from, -1, to, bytes, NULL, NULL);
    GlobalUnlock(target);
    GlobalUnlock(wide);
    return to != NULL;
}

/* As GetClipboardData, for CF_TEXT from CF_UNICODETEXT when need be. */
static HGLOBAL clipboard_get(UINT format)
{
    HGLOBAL data = clipboard_find(format), wide = clipboard_find(CF_UNICODETEXT);
    if (format != CF_TEXT || !wide) return data;
    if (!data) {
        data = GlobalAlloc(GMEM_MOVEABLE | GMEM_DISCARDABLE, 0);
        if (!clipboard_set(CF_TEXT, data)) return NULL;
    }
    if (GlobalFlags(data) & GMEM_DISCARDED) render_text(data, wide);
    return data;
}

/* ---- a writer: a memory stream as OLE's CreateStreamOnHGlobal makes it, growing the block as it goes ---- */
struct stream {
    HGLOBAL memory;
    SIZE_T bytes;
};

static BOOL stream_write(struct stream *stream, const void *data, SIZE_T bytes)
{
    if (stream->bytes + bytes > GlobalSize(stream->memory)) {
        SIZE_T room = (stream->bytes + bytes) * 3 / 2;
        if (!GlobalReAlloc(stream->memory, room, GMEM_MOVEABLE | GMEM_ZEROINIT)) return FALSE;
    }
    char *at = GlobalLock(stream->memory);
    memcpy(at + stream->bytes, data, bytes);
    stream->bytes += bytes;
    GlobalUnlock(stream->memory);
    return TRUE;
}

int main(void)
{
    enum { LINES = 20000 };
    WCHAR line[40];
    struct stream stream = { GlobalAlloc(GHND, 16), 0 };
    BOOL written = stream.memory != NULL;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (unsigned i = 0; i < LINES && written; i++) {
        int length = swprintf(line, 40, L"line %u\r\n", i);
        written = stream_write(&stream, line, length * sizeof(WCHAR));
    }
    written = written && stream_write(&stream, L"", sizeof(WCHAR));
    verify(written, "a stream of 20,000 lines grows its block");
    verify(GlobalReAlloc(stream.memory, stream.bytes, GMEM_MOVEABLE) == stream.memory, "and is cut to its length");
    verify(GlobalSize(stream.memory) == stream.bytes, "which is its size then");

    GlobalLock(stream.memory);
    verify(!clipboard_set(CF_UNICODETEXT, stream.memory), "the clipboard refuses a locked block");
    verify(!GlobalUnlock(stream.memory) && GetLastError() == NO_ERROR, "unlocking it once is enough");
    verify(clipboard_set(CF_UNICODETEXT, stream.memory), "the clipboard takes the block");

    HGLOBAL text = clipboard_get(CF_TEXT);
    const char *p = GlobalLock(text);
    verify(p && GlobalHandle(p) == text, "a reader gets 8-bit text, and its handle back from the address");
    verify(p && strlen(p) + 1 == GlobalSize(text) && GlobalSize(text) * 2 == stream.bytes, "of the right length");
    verify(p && !strncmp(p, "line 0\r\nline 1\r\n", 16) && strstr(p, "\r\nline 19999\r\n"), "with all its lines");
    verify(!GlobalDiscard(text), "a block that is being read cannot be discarded");
    GlobalUnlock(text);
    verify(GlobalDiscard(text) == text && GlobalFlags(text) & GMEM_DISCARDED && !GlobalLock(text) &&
               GetLastError() == ERROR_DISCARDED,
           "one that is not can, and then has no address");
    verify(clipboard_get(CF_TEXT) == text && GlobalSize(text) * 2 == stream.bytes, "it is rendered again when asked for");

    HGLOBAL copy = GlobalAlloc(GMEM_MOVEABLE, GlobalSize(text));
    memcpy(GlobalLock(copy), GlobalLock(text), GlobalSize(text));
    GlobalUnlock(copy);
    GlobalUnlock(text);
    clipboard_empty();
    verify(GlobalFlags(text) == GMEM_INVALID_HANDLE && !GlobalLock(text), "a reader that kept the handle is told so");
    verify(!strncmp(GlobalLock(copy), "line 0\r\n", 8), "its own copy lives on");
    GlobalUnlock(copy);
    verify(!GlobalFree(copy), "until it is freed");
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
