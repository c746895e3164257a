/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of one flash device as reference-counted copy-on-write pages in groups; only flash.c uses it. */
#ifndef SIM_FLASH_PAGES_H
#define SIM_FLASH_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_PAGE_BYTES 1024u
#define SIM_GROUP_PAGES 64u

struct sim_page;
struct sim_group;

/* A page that is NULL is erased, and so is a whole group that is NULL. Single-threaded: the counts are plain.
 */
struct sim_pages {
    uint32_t n_bytes;
    uint32_t n_groups;
    uint8_t erased;
    uint64_t erased_page_hash[2];
    struct sim_group **groups; /* n_groups */
};

/* All erased. NULL: no memory. Ranges given to the functions below must lie within n_bytes. */
struct sim_pages *sim_pages_new(uint32_t n_bytes, uint8_t erased);
void sim_pages_free(struct sim_pages *pages);
/* Shares every group. NULL: no memory. */
struct sim_pages *sim_pages_clone(const struct sim_pages *pages);
/* Makes pages share what other holds; both have the same size and erased value. Needs no memory. */
void sim_pages_assign(struct sim_pages *pages, const struct sim_pages *other);

void sim_pages_read(const struct sim_pages *pages, uint32_t offset, uint8_t *into, size_t n_bytes);
enum sim_pages_write {
    SIM_PAGES_ERASE,   /* no bytes are looked at */
    SIM_PAGES_STORE,   /* the bytes are there afterwards */
    SIM_PAGES_PROGRAM, /* as NOR flash programs: bits move away from the erased value only */
};
/* false: no memory; bytes before the failing page may have been written. */
bool sim_pages_write(struct sim_pages *pages, uint32_t offset, const uint8_t *bytes, size_t n_bytes,
                     enum sim_pages_write how);
bool sim_pages_are_erased(const struct sim_pages *pages, uint32_t offset, size_t n_bytes);

bool sim_pages_equal(const struct sim_pages *a, const struct sim_pages *b);
/* Hash of a range, from the cached hashes of the pages that it covers wholly; depends on contents and offset
 * within a page only. */
void sim_pages_range_hash(const struct sim_pages *pages, uint32_t offset, size_t n_bytes, uint64_t hash[2]);

#endif
