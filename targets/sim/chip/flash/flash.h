/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash of the simulated board: NOR, RRAM or MRAM: one or more devices, one operation counter, power cuts
 * before, inside and after an operation, wear counters, contents that can be kept and restored at no cost
 * (reference-counted copy-on-write pages). GLib-free. */
#ifndef SIM_FLASH_FLASH_H
#define SIM_FLASH_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_status {
    SIM_OK = 0,
    SIM_POWER_LOST, /* the cut fell, or power is off: nothing more happens until power returns */
    SIM_OUT_OF_RANGE,
    SIM_UNALIGNED,  /* offset or length is no multiple of the write or sector size */
    SIM_NOT_ERASED, /* the part forbids a second write without an erase (nothing was written) */
    SIM_UNREADABLE, /* a unit that power was lost in: the part's error correction gives up (nothing was read)
                     */
    SIM_NO_MEMORY,
};
const char *sim_status_text(enum sim_status status);

#define SIM_FLASH_MAX_DEVICES 3 /* a board has the two below; an exploration adds a store for counters */
#define SIM_FLASH_INTERNAL 0u
#define SIM_FLASH_EXTERNAL 1u

/* A run of sectors of one size. */
struct sim_flash_region {
    uint32_t sector_bytes;
    uint32_t n_sectors;
};
#define SIM_FLASH_MAX_REGIONS 8

struct sim_flash_device_config {
    char name[24]; /* "internal", "external" */
    struct sim_flash_region regions[SIM_FLASH_MAX_REGIONS];
    unsigned n_regions;
    uint32_t write_bytes;   /* write alignment, 1..32 */
    uint8_t erased;         /* 0xff or 0x00 */
    bool rewrite_forbidden; /* a write to a unit that is not erased is refused; otherwise it can only move
                               bits away from erased */
    bool no_erase; /* RRAM, MRAM: every write takes, whatever was there. sim_flash_erase() writes the erased
                      value then, as Zephyr's flash_flatten() does, and no operation is an erase */
    bool torn_is_error; /* a unit that power was lost in cannot be read until it is erased: flash with error
                           correction. write_bytes is 8 at least */
    uint32_t write_us;  /* per write_bytes unit */
    uint32_t erase_us;  /* per sector */
};

enum sim_flash_kind { SIM_FLASH_WRITE, SIM_FLASH_ERASE };

/* One operation as seen by an observer, after it happened. */
struct sim_flash_operation {
    uint64_t number; /* from 0, counted over all devices since the flash was made */
    enum sim_flash_kind kind;
    unsigned device;
    uint32_t offset;
    uint32_t n_bytes;
    const uint8_t *bytes; /* of a write; NULL for an erase */
    bool torn;            /* power was lost inside it */
};
typedef void (*sim_flash_observer)(void *user, const struct sim_flash_operation *operation);

enum sim_cut_form {
    SIM_CUT_BEFORE, /* the operation does not happen */
    SIM_CUT_HALF,   /* torn: the first half of a write (rounded down to bytes), an erase that erased the first
                       half of the sector */
    SIM_CUT_AFTER,  /* it happens, then power is lost */
};

/* What operation->n_bytes bytes of a device, as they were, are after its first half: a write that is torn
 * leaves whole units before the place where power was lost. With torn_is_error the unit there, or all that an
 * erase has not come to, is the mark of what cannot be read: bytes that no image holds, so that a content
 * says it itself. Without it a write is cut to the byte. `operation` is a whole one; its `torn` is not looked
 * at. */
void sim_flash_tear(const struct sim_flash_device_config *device, const struct sim_flash_operation *operation,
                    uint8_t *bytes);

struct sim_flash;         /* the devices */
struct sim_flash_content; /* an immutable snapshot */

/* Erased devices. NULL: no memory or a geometry that cannot be. */
struct sim_flash *sim_flash_new(const struct sim_flash_device_config *devices, unsigned n_devices);
void sim_flash_free(struct sim_flash *flash);

unsigned sim_flash_n_devices(const struct sim_flash *flash);
const struct sim_flash_device_config *sim_flash_device(const struct sim_flash *flash, unsigned device);
uint32_t sim_flash_bytes(const struct sim_flash *flash, unsigned device);
/* The sector that holds offset. false: out of range. */
bool sim_flash_sector_at(const struct sim_flash *flash, unsigned device, uint32_t offset, uint32_t *start,
                         uint32_t *n_bytes);

/* As a bootloader or an application sees it. Offset and length of a write are multiples of write_bytes, an
 * erase covers whole sectors and is one operation per sector. */
enum sim_status sim_flash_read(const struct sim_flash *flash, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes);
enum sim_status sim_flash_write(struct sim_flash *flash, unsigned device, uint32_t offset, const void *bytes,
                                size_t n_bytes);
enum sim_status sim_flash_erase(struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes);

/* As a probe sees it: works without power, is no operation, obeys no rule of the part, counts no wear. */
enum sim_status sim_flash_peek(const struct sim_flash *flash, unsigned device, uint32_t offset, void *into,
                               size_t n_bytes);
enum sim_status sim_flash_poke(struct sim_flash *flash, unsigned device, uint32_t offset, const void *bytes,
                               size_t n_bytes);

/* Hash of a range's contents (128 bits), cheap where whole pages are covered: the same bytes at the same
 * offset within a page of SIM_FLASH_PAGE_BYTES give the same hash. Works without power. false: out of range.
 */
#define SIM_FLASH_PAGE_BYTES 1024u
bool sim_flash_range_hash(const struct sim_flash *flash, unsigned device, uint32_t offset, size_t n_bytes,
                          uint64_t hash[2]);

/* Operations done since the flash was made, and the virtual time they took. */
uint64_t sim_flash_n_operations(const struct sim_flash *flash);
uint64_t sim_flash_busy_us(const struct sim_flash *flash);
uint32_t sim_flash_erase_count(const struct sim_flash *flash, unsigned device, uint32_t offset);

/* A cut before an operation: it is neither counted nor observed. Torn: counted, observed with `torn` set,
 * half of its time is taken. */
/* Cuts power at the operation that is `after` operations from now (0 = the next one). One cut is armed at a
 * time; disarm forgets it. */
void sim_flash_arm_cut(struct sim_flash *flash, uint64_t after, enum sim_cut_form form);
void sim_flash_disarm_cut(struct sim_flash *flash);
/* Power: off makes every operation and read fail with SIM_POWER_LOST. A fallen cut turns it off. */
void sim_flash_power(struct sim_flash *flash, bool on);
bool sim_flash_powered(const struct sim_flash *flash);

void sim_flash_observe(struct sim_flash *flash, sim_flash_observer observer, void *user);

/* What the firmware learns from the flash: ranges that are read, hashed or peeked at; refused: an operation
 * that the part refuses. For those who want to know what a run depends on. */
typedef void (*sim_flash_read_observer)(void *user, unsigned device, uint32_t offset, size_t n_bytes,
                                        bool refused);
void sim_flash_observe_reads(struct sim_flash *flash, sim_flash_read_observer observer, void *user);

/* Contents only: counters, wear, power and an armed cut stay as they are. restore() needs a content of a
 * flash of the same geometry. keep() is O(pages) pointer copies at the most; equal contents compare equal
 * whatever their history. */
struct sim_flash_content *sim_flash_keep(const struct sim_flash *flash);
void sim_flash_restore(struct sim_flash *flash, const struct sim_flash_content *content);
void sim_flash_content_free(struct sim_flash_content *content);
bool sim_flash_content_equal(const struct sim_flash_content *a, const struct sim_flash_content *b);
uint64_t sim_flash_content_hash(const struct sim_flash_content *content);

#endif
