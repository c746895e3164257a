/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shared object in memory: loaded as a private copy, its writable globals kept as they were after loading,
 * its calls out redirected. */
#ifndef SIM_BOOT_GUEST_OBJECT_H
#define SIM_BOOT_GUEST_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_MAX_SPANS 8
#define OBJECT_MAX_BYTES (256u * 1024u * 1024u)

struct object_span {
    uint8_t *at;
    size_t n_bytes;
    uint8_t *kept; /* contents after loading; NULL for code */
};

struct object {
    void *library; /* of dlopen */
    int file;      /* the copy; its name must stay taken while it is loaded */
    uintptr_t base;
    struct object_span globals[OBJECT_MAX_SPANS]; /* writable, without what is read-only after relocation */
    unsigned n_globals;
    struct object_span code[OBJECT_MAX_SPANS];
    unsigned n_code;
    uintptr_t sealed_start, sealed_end; /* read-only after relocation */
};

/* A function that the object imports and what it gets instead. */
struct object_redirect {
    const char *name;
    void (*function)(void);
};

/* false: *why (n_why bytes) says why; the object must be closed in either case. Zero it first. */
bool object_open(struct object *object, const char *path, const struct object_redirect *redirects,
                 size_t n_redirects, char *why, size_t n_why);
void object_close(struct object *object);
void *object_symbol(const struct object *object, const char *name); /* NULL: none */

/* Globals back to what they were after loading. */
void object_rewind(const struct object *object);
bool object_holds_code(const struct object *object, uintptr_t address);

#endif
