/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading of a shared object from a private copy, and its globals back to their first state. */
#include "sim/firmware/mcuboot/guest/object.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif

/* The bootloader's own symbols go before those of the libraries that the bench happens to be linked with.
 * AddressSanitizer forbids it. */
#ifdef UNDER_ASAN
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL)
#else
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#endif

static bool fail(char *why, size_t n_why, const char *what, const char *detail)
{
    snprintf(why, n_why, "%s: %s", what, detail);
    return false;
}

static bool copy_file(int from, int to, uint64_t n_bytes)
{
    while (n_bytes > 0) {
        ssize_t n = sendfile(to, from, NULL, n_bytes);

        if (n <= 0)
            return false;
        n_bytes -= (uint64_t)n;
    }
    return true;
}

static bool copy_object(struct object *object, const char *path, char *why, size_t n_why)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool good = from >= 0 && fstat(from, &status) == 0;

    if (!good)
        fail(why, n_why, "cannot be opened", strerror(errno));
    else if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > (off_t)OBJECT_MAX_BYTES)
        good = fail(why, n_why, "cannot be loaded", "not a file, empty, or larger than 256 MiB");
    else if ((object->file = memfd_create("bootloader", MFD_CLOEXEC)) < 0 ||
             !copy_file(from, object->file, (uint64_t)status.st_size))
        good = fail(why, n_why, "cannot be copied into memory", strerror(errno));
    const char *fault = good ? object_file_fault(object->file, (uint64_t)status.st_size) : NULL;
    if (fault)
        good = fail(why, n_why, "cannot be loaded", fault);
    if (from >= 0)
        close(from);
    return good;
}

static bool add_span(struct object_span *spans, unsigned *n_spans, uintptr_t start, uintptr_t end)
{
    if (start >= end)
        return true;
    if (*n_spans == OBJECT_MAX_SPANS)
        return false;
    spans[(*n_spans)++] = (struct object_span){(uint8_t *)start, end - start, NULL};
    return true;
}

static bool add_segment(struct object *object, const ElfW(Phdr) * header)
{
    uintptr_t start = object->base + header->p_vaddr;
    uintptr_t end = start + header->p_memsz;

    if (header->p_flags & PF_X)
        return add_span(object->code, &object->n_code, start, end);
    if (!(header->p_flags & PF_W))
        return true;
    if (object->sealed_end <= start || object->sealed_start >= end)
        return add_span(object->globals, &object->n_globals, start, end);
    return add_span(object->globals, &object->n_globals, start, object->sealed_start) &&
           add_span(object->globals, &object->n_globals, object->sealed_end, end);
}

/* As the dynamic linker protects it: whole pages only. */
static void find_sealed(struct object *object, const ElfW(Phdr) * headers, unsigned n_headers)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (unsigned i = 0; i < n_headers; i++) {
        if (headers[i].p_type == PT_GNU_RELRO) {
            object->sealed_start = (object->base + headers[i].p_vaddr) & ~(page - 1);
            object->sealed_end = (object->base + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);
        }
    }
}

struct search {
    struct object *object;
    const struct link_map *map;
    bool found, fits, has_thread_globals;
};

static int look_at(struct dl_phdr_info *loaded, size_t n_bytes, void *user)
{
    struct search *search = user;

    (void)n_bytes;
    if (loaded->dlpi_addr != search->map->l_addr || strcmp(loaded->dlpi_name, search->map->l_name) != 0)
        return 0;
    search->found = search->fits = true;
    find_sealed(search->object, loaded->dlpi_phdr, loaded->dlpi_phnum);
    for (unsigned i = 0; i < loaded->dlpi_phnum; i++) {
        if (loaded->dlpi_phdr[i].p_type == PT_LOAD)
            search->fits = search->fits && add_segment(search->object, &loaded->dlpi_phdr[i]);
        if (loaded->dlpi_phdr[i].p_type == PT_TLS)
            search->has_thread_globals = true;
    }
    return 1;
}

static bool find_segments(struct object *object, const struct link_map *map, char *why, size_t n_why)
{
    struct search search = {.object = object, .map = map};

    object->base = map->l_addr;
    dl_iterate_phdr(look_at, &search);
    if (!search.found || !search.fits)
        return fail(why, n_why, "cannot be used", "its segments are not those of a common shared object");
    if (search.has_thread_globals)
        return fail(why, n_why, "cannot be used",
                    "it has thread-local globals, which could not be set back at every boot");
    return true;
}

/* Not memcpy(): the globals of an instrumented object have red zones, which must travel too. */
#ifdef UNDER_ASAN
__attribute__((no_sanitize("address"))) static void move_bytes(uint8_t *to, const uint8_t *from,
                                                               size_t n_bytes)
{
    volatile uint8_t *into = to;

    for (size_t i = 0; i < n_bytes; i++)
        into[i] = from[i];
}
#else
static void move_bytes(uint8_t *to, const uint8_t *from, size_t n_bytes)
{
    memcpy(to, from, n_bytes);
}
#endif

static bool keep_globals(struct object *object, char *why, size_t n_why)
{
    for (unsigned i = 0; i < object->n_globals; i++) {
        struct object_span *span = &object->globals[i];

        span->kept = malloc(span->n_bytes);
        if (!span->kept)
            return fail(why, n_why, "cannot be loaded", "no memory");
        move_bytes(span->kept, span->at, span->n_bytes);
    }
    return true;
}

bool object_open(struct object *object, const char *path, const struct object_redirect *redirects,
                 size_t n_redirects, char *why, size_t n_why)
{
    char name[40];
    struct link_map *map;

    object->file = -1;
    if (!copy_object(object, path, why, n_why))
        return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", object->file);
    object->library = dlopen(name, LOAD_FLAGS);
    if (!object->library)
        return fail(why, n_why, "cannot be loaded", dlerror());
    if (dlinfo(object->library, RTLD_DI_LINKMAP, &map) != 0)
        return fail(why, n_why, "cannot be loaded", dlerror());
    if (!find_segments(object, map, why, n_why))
        return false;
    object_redirect(object, map->l_ld, redirects, n_redirects);
    return keep_globals(object, why, n_why);
}

void object_close(struct object *object)
{
    for (unsigned i = 0; i < object->n_globals; i++)
        free(object->globals[i].kept);
    if (object->library)
        dlclose(object->library);
    if (object->file >= 0)
        close(object->file);
}

void *object_symbol(const struct object *object, const char *name)
{
    return dlsym(object->library, name);
}

void object_rewind(const struct object *object)
{
    for (unsigned i = 0; i < object->n_globals; i++)
        move_bytes(object->globals[i].at, object->globals[i].kept, object->globals[i].n_bytes);
}

size_t object_state_bytes(const struct object *object)
{
    size_t n_bytes = 0;

    for (unsigned i = 0; i < object->n_globals; i++)
        n_bytes += object->globals[i].n_bytes;
    return n_bytes;
}

bool object_holds_code(const struct object *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->n_code; i++)
        if (address - (uintptr_t)object->code[i].at < object->code[i].n_bytes)
            return true;
    return false;
}
