/* SPDX-License-Identifier: Apache-2.0 */
/* The contract between a bootloader that was compiled for the host as a shared object ("the guest") and the
 * bench that runs it. */
#ifndef BOOTLOADER_ABI_H
#define BOOTLOADER_ABI_H

/* How it goes. The shared object exports one symbol, `bootloader_guest`. For every boot the bench sets all
 * writable globals of the object back to what they were right after loading, empties the arena and calls
 * bootloader_guest.boot() on a stack of its own. The guest uses the host's functions for everything that
 * outlives a boot, and returns its decision: where a real bootloader would jump.
 *
 * Power cuts. When power is lost the running host function does not return: the guest simply stops there, as
 * on the part. A guest that keeps to the host's functions needs no code for it. Another host may return
 * BOOTLOADER_POWER_LOST instead.
 *
 * Findings. A failed assertion, abort(), exit(), a crash, a stack overflow, a boot that does not end, and a
 * flash operation that the part would refuse or that lies outside the areas end the boot and are reported as
 * what they are.
 *
 * Growth. Each struct begins with its size as the one who filled it knows it. Fields are only ever added at
 * the end, with the version unchanged; before using a field that was added after version 1's first release,
 * compare its offset with n_bytes. The version changes when an existing field changes its meaning; the host
 * refuses versions that it does not know.
 *
 * All functions are called from the one thread in which boot() runs. C99, no other include than the
 * standard's. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BOOTLOADER_ABI_VERSION 1u

/* What host functions return. Anything below 0 did not happen. */
enum bootloader_status {
    BOOTLOADER_OK = 0,
    BOOTLOADER_POWER_LOST = -1,
    BOOTLOADER_NOT_FOUND = -2, /* no such device, sector or memo entry */
    BOOTLOADER_NO_MEMORY = -3,
    BOOTLOADER_NOT_OFFERED = -4, /* this host lacks the service */
};

/* A run of sectors of one size. */
struct bootloader_region {
    uint32_t sector_bytes;
    uint32_t n_sectors;
};

struct bootloader_device {
    uint32_t n_bytes;      /* of this struct */
    uint32_t size_bytes;   /* of the device */
    uint32_t write_bytes;  /* alignment of writes: 1, 2, 4 ... 32 */
    uint32_t erased_value; /* of a byte: 0xff or 0x00 */
    uint32_t is_external;
    uint32_t n_regions;
    const struct bootloader_region *regions; /* in address order, without gaps */
};

enum bootloader_role {
    BOOTLOADER_ROLE_PRIMARY = 1,   /* slot 0 of an image: what runs */
    BOOTLOADER_ROLE_SECONDARY = 2, /* slot 1: where updates are put */
    BOOTLOADER_ROLE_SCRATCH = 3,   /* working space of the bootloader */
    BOOTLOADER_ROLE_OTHER = 4,     /* of the bootloader alone: settings, counters */
};

/* Writes and erases must lie within one area. Areas begin and end at sectors. */
struct bootloader_area {
    uint32_t n_bytes; /* of this struct */
    uint32_t role;    /* enum bootloader_role */
    uint32_t image;   /* PRIMARY, SECONDARY: which image, from 0; OTHER: which of the target's `areas` */
    uint32_t id;      /* unique, from 1 */
    uint32_t device;  /* index into bootloader_host.devices */
    uint32_t offset;  /* on the device */
    uint32_t size_bytes;
};

#define BOOTLOADER_SHA256_BYTES 32u
#define BOOTLOADER_MEMO_MAX_BYTES 512u

/* The host's side. Everything stays valid until boot() returns; `user` is the first argument of every
 * function. */
struct bootloader_host {
    uint32_t n_bytes; /* of this struct */
    uint32_t version; /* BOOTLOADER_ABI_VERSION */
    void *user;
    uint32_t n_devices;
    uint32_t n_areas;
    const struct bootloader_device *devices;
    const struct bootloader_area *areas;

    /* Flash, by device and offset on it. A write covers whole units of write_bytes that are erased; an erase
     * covers whole sectors. One call of write() is one operation for power cuts, an erase is one per sector.
     */
    int32_t (*read)(void *user, uint32_t device, uint32_t offset, void *into, uint32_t n_bytes);
    int32_t (*write)(void *user, uint32_t device, uint32_t offset, const void *bytes, uint32_t n_bytes);
    int32_t (*erase)(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes);
    /* The sector that holds an offset. BOOTLOADER_NOT_FOUND: beyond the device. */
    int32_t (*sector)(void *user, uint32_t device, uint32_t offset, uint32_t *start, uint32_t *n_bytes);

    /* One line for the console, without line end. level: 'E', 'W', 'I' or 'D'. */
    void (*log)(void *user, char level, const char *line);
    /* Does not return. text: what should have held; file may be NULL. */
    void (*assert_failed)(void *user, const char *file, int32_t line, const char *text);

    /* Zeroed memory that lives until the end of this boot; aligned for any type. NULL: the arena is used up.
     * There is no free. malloc() and its family, called from the guest itself, are served from here too. */
    void *(*alloc)(void *user, size_t n_bytes);

    /* Services below may be NULL: then compute it yourself.
     *
     * SHA-256 of a range of flash, remembered by content: millions of boots hash the same few images. Counts
     * as a read. */
    int32_t (*sha256)(void *user, uint32_t device, uint32_t offset, uint32_t n_bytes,
                      uint8_t digest[BOOTLOADER_SHA256_BYTES]);
    /* A verdict that is kept over boots and power cuts, under the bytes that it depends on (up to
     * BOOTLOADER_MEMO_MAX_BYTES, compared in full), for results that are a pure function of these bytes:
     * "this signature of this digest by this key is good". recall() returns BOOTLOADER_NOT_FOUND when there
     * is none; entries may be forgotten at any time. */
    int32_t (*recall)(void *user, const void *key, uint32_t n_key_bytes, int32_t *verdict);
    int32_t (*remember)(void *user, const void *key, uint32_t n_key_bytes, int32_t verdict);
};

enum bootloader_verdict {
    BOOTLOADER_NOTHING_TO_RUN = 0, /* stays in the bootloader */
    BOOTLOADER_RUN = 1,
};

#define BOOTLOADER_TEXT_BYTES 96u

/* Zeroed by the host, which fills in n_bytes; boot() fills in the rest. */
struct bootloader_decision {
    uint32_t n_bytes;
    uint32_t verdict; /* enum bootloader_verdict */
    uint32_t device;  /* RUN: where the image begins (its header, when it has one) */
    uint32_t offset;
    char text[BOOTLOADER_TEXT_BYTES]; /* for people: why. May be empty */
};

/* What the bootloader was compiled with, as far as it says; 0 everywhere: not said. The bench makes images
 * and trailers by it, and skips the cases that want something else. */
enum bootloader_swap {
    BOOTLOADER_SWAP_MOVE = 1,
    BOOTLOADER_SWAP_SCRATCH = 2,
    BOOTLOADER_SWAP_OFFSET = 3,
    BOOTLOADER_SWAP_OVERWRITE = 4,
    BOOTLOADER_SWAP_OTHER = 5, /* a way of its own */
    BOOTLOADER_SWAP_DIRECT_XIP = 6,
    BOOTLOADER_SWAP_DIRECT_XIP_REVERT = 7,
    BOOTLOADER_SWAP_RAM_LOAD = 8,
    BOOTLOADER_SWAP_RAM_LOAD_REVERT = 9,
    BOOTLOADER_SWAP_SINGLE = 10, /* one slot */
};
enum bootloader_signature { /* bits: each kind that is accepted */
                            BOOTLOADER_SIGNATURE_ECDSA_P256 = 1,
                            BOOTLOADER_SIGNATURE_RSA2048 = 2,
                            BOOTLOADER_SIGNATURE_RSA3072 = 4,
                            BOOTLOADER_SIGNATURE_ED25519 = 8,
                            BOOTLOADER_SIGNATURE_ECDSA_P384 = 16,
                            BOOTLOADER_SIGNATURE_NONE = 0x100, /* none is looked at; alone */
};
enum bootloader_downgrade {
    BOOTLOADER_DOWNGRADE_ALLOWED = 1,
    BOOTLOADER_DOWNGRADE_BY_VERSION = 2,
    BOOTLOADER_DOWNGRADE_BY_COUNTER = 3,
};
enum bootloader_answer { BOOTLOADER_NO = 1, BOOTLOADER_YES = 2 };
struct bootloader_build {
    uint32_t n_bytes;          /* of this struct */
    uint32_t swap;             /* enum bootloader_swap */
    uint32_t signatures;       /* enum bootloader_signature */
    uint32_t max_align;        /* largest write alignment that its trailers are made for */
    uint32_t max_sectors;      /* of a slot */
    uint32_t n_images;         /* that it updates */
    uint32_t downgrade;        /* enum bootloader_downgrade */
    uint32_t security_counter; /* enum bootloader_answer: it keeps one in the device */
    uint32_t validate_primary; /* enum bootloader_answer: at every boot */
    uint32_t overwrite_fast;   /* enum bootloader_answer: the image only, not the whole slot */
    uint32_t encryption;       /* enum bootloader_answer: it takes encrypted images */
};

struct bootloader_guest {
    uint32_t version; /* BOOTLOADER_ABI_VERSION */
    uint32_t n_bytes; /* of this struct */
    const char *name; /* name and version, for reports */
    void (*boot)(const struct bootloader_host *host, struct bootloader_decision *decision);
    /* Added after version 1's first release: */
    const struct bootloader_build *build; /* NULL: it does not say */
};

#if defined(__GNUC__)
#define BOOTLOADER_EXPORT __attribute__((visibility("default")))
#else
#define BOOTLOADER_EXPORT
#endif

#define BOOTLOADER_ENTRY_SYMBOL "bootloader_guest"
extern BOOTLOADER_EXPORT const struct bootloader_guest bootloader_guest;

/* Once in the guest: BOOTLOADER_GUEST("acme boot 2.1", acme_boot, &acme_build); or, for one that does not say
 * what it was compiled with, BOOTLOADER_GUEST("acme boot 2.1", acme_boot); */
#define BOOTLOADER_GUEST(guest_name, ...)                                                                    \
    BOOTLOADER_EXPORT const struct bootloader_guest bootloader_guest = {                                     \
        BOOTLOADER_ABI_VERSION, sizeof(struct bootloader_guest), guest_name, __VA_ARGS__}

#ifdef __cplusplus
}
#endif

#endif
