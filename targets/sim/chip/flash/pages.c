/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copy-on-write pages of a flash device, with hashes that are computed once per page contents. */
#include "sim/chip/flash/pages.h"

#include <stdlib.h>
#include <string.h>

struct sim_page {
    uint32_t n_owners;
    bool hashed;
    uint64_t hash[2];
    uint8_t bytes[SIM_PAGE_BYTES];
};

struct sim_group {
    uint32_t n_owners;
    struct sim_page *pages[SIM_GROUP_PAGES];
};

#define GROUP_BYTES (SIM_PAGE_BYTES * SIM_GROUP_PAGES)
#define LANE_0 0x9e3779b97f4a7c15u
#define LANE_1 0xc2b2ae3d27d4eb4fu

static uint64_t mixed(uint64_t state, uint64_t word, uint64_t factor)
{
    state = (state ^ word) * factor;
    return state ^ state >> 29;
}

static void mix(uint64_t hash[2], uint64_t word)
{
    hash[0] = mixed(hash[0], word, LANE_0);
    hash[1] = mixed(hash[1], word + LANE_0, LANE_1);
}

static void mix_bytes(uint64_t hash[2], const uint8_t *bytes, size_t n_bytes)
{
    uint64_t word;
    for (; n_bytes >= sizeof word; n_bytes -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        mix(hash, word);
    }
    if (n_bytes > 0) {
        word = n_bytes << 56;
        memcpy(&word, bytes, n_bytes);
        mix(hash, word);
    }
}

static void start_hash(uint64_t hash[2])
{
    hash[0] = LANE_1;
    hash[1] = LANE_0;
}

/* Four independent lanes, so that the multiplications overlap: a page is hashed after every write that
 * validation has to look at. */
static void hash_whole_page(const uint8_t *bytes, uint64_t hash[2])
{
    uint64_t lanes[4] = {LANE_0, LANE_1, ~LANE_0, ~LANE_1};
    for (size_t at = 0; at < SIM_PAGE_BYTES; at += sizeof lanes) {
        uint64_t words[4];
        memcpy(words, bytes + at, sizeof words);
        for (unsigned i = 0; i < 4; i++) {
            lanes[i] = mixed(lanes[i], words[i], i % 2 == 0 ? LANE_0 : LANE_1);
        }
    }
    start_hash(hash);
    for (unsigned i = 0; i < 4; i++) {
        mix(hash, lanes[i]);
    }
}

static const uint64_t *page_hash(const struct sim_pages *pages, struct sim_page *page)
{
    if (page == NULL) {
        return pages->erased_page_hash;
    }
    if (!page->hashed) {
        hash_whole_page(page->bytes, page->hash);
        page->hashed = true;
    }
    return page->hash;
}

static void hash_erased(struct sim_pages *pages)
{
    uint8_t bytes[SIM_PAGE_BYTES];
    memset(bytes, pages->erased, sizeof bytes);
    hash_whole_page(bytes, pages->erased_page_hash);
}

struct sim_pages *sim_pages_new(uint32_t n_bytes, uint8_t erased)
{
    struct sim_pages *pages = calloc(1, sizeof *pages);
    if (pages == NULL) {
        return NULL;
    }
    pages->n_bytes = n_bytes;
    pages->erased = erased;
    pages->n_groups = n_bytes / GROUP_BYTES + (n_bytes % GROUP_BYTES != 0);
    pages->groups = calloc(pages->n_groups > 0 ? pages->n_groups : 1, sizeof *pages->groups);
    if (pages->groups == NULL) {
        free(pages);
        return NULL;
    }
    hash_erased(pages);
    return pages;
}

static void drop_page(struct sim_page *page)
{
    if (page != NULL && --page->n_owners == 0) {
        free(page);
    }
}

static void drop_group(struct sim_group *group)
{
    if (group == NULL || --group->n_owners > 0) {
        return;
    }
    for (unsigned i = 0; i < SIM_GROUP_PAGES; i++) {
        drop_page(group->pages[i]);
    }
    free(group);
}

void sim_pages_free(struct sim_pages *pages)
{
    if (pages == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pages->n_groups; i++) {
        drop_group(pages->groups[i]);
    }
    free(pages->groups);
    free(pages);
}

void sim_pages_assign(struct sim_pages *pages, const struct sim_pages *other)
{
    for (uint32_t i = 0; i < pages->n_groups; i++) {
        struct sim_group *group = other->groups[i];
        if (group == pages->groups[i]) {
            continue;
        }
        if (group != NULL) {
            group->n_owners++;
        }
        drop_group(pages->groups[i]);
        pages->groups[i] = group;
    }
}

struct sim_pages *sim_pages_clone(const struct sim_pages *pages)
{
    struct sim_pages *clone = malloc(sizeof *clone);
    if (clone == NULL) {
        return NULL;
    }
    *clone = *pages;
    clone->groups = calloc(pages->n_groups > 0 ? pages->n_groups : 1, sizeof *clone->groups);
    if (clone->groups == NULL) {
        free(clone);
        return NULL;
    }
    sim_pages_assign(clone, pages);
    return clone;
}

/* The group at an index, owned by this device alone. */
static struct sim_group *own_group(struct sim_pages *pages, uint32_t index)
{
    struct sim_group *shared = pages->groups[index];
    if (shared != NULL && shared->n_owners == 1) {
        return shared;
    }
    struct sim_group *group = calloc(1, sizeof *group);
    if (group == NULL) {
        return NULL;
    }
    group->n_owners = 1;
    if (shared != NULL) {
        memcpy(group->pages, shared->pages, sizeof group->pages);
        for (unsigned i = 0; i < SIM_GROUP_PAGES; i++) {
            if (group->pages[i] != NULL) {
                group->pages[i]->n_owners++;
            }
        }
        shared->n_owners--;
    }
    pages->groups[index] = group;
    return group;
}

static struct sim_page *own_page(const struct sim_pages *pages, struct sim_group *group, unsigned index)
{
    struct sim_page *shared = group->pages[index];
    if (shared != NULL && shared->n_owners == 1) {
        shared->hashed = false;
        return shared;
    }
    struct sim_page *page = malloc(sizeof *page);
    if (page == NULL) {
        return NULL;
    }
    page->n_owners = 1;
    page->hashed = false;
    if (shared != NULL) {
        memcpy(page->bytes, shared->bytes, SIM_PAGE_BYTES);
        shared->n_owners--;
    } else {
        memset(page->bytes, pages->erased, SIM_PAGE_BYTES);
    }
    group->pages[index] = page;
    return page;
}

/* Where a range meets its first page. */
struct piece {
    uint32_t group;
    unsigned page;
    uint32_t at; /* within the page */
    size_t n_bytes;
};

static struct piece first_piece(uint32_t offset, size_t n_bytes)
{
    struct piece piece = {.group = offset / GROUP_BYTES,
                          .page = offset / SIM_PAGE_BYTES % SIM_GROUP_PAGES,
                          .at = offset % SIM_PAGE_BYTES};
    size_t n_left = SIM_PAGE_BYTES - piece.at;
    piece.n_bytes = n_bytes < n_left ? n_bytes : n_left;
    return piece;
}

static struct sim_page *page_at(const struct sim_pages *pages, const struct piece *piece)
{
    struct sim_group *group = pages->groups[piece->group];
    return group != NULL ? group->pages[piece->page] : NULL;
}

void sim_pages_read(const struct sim_pages *pages, uint32_t offset, uint8_t *into, size_t n_bytes)
{
    while (n_bytes > 0) {
        struct piece piece = first_piece(offset, n_bytes);
        const struct sim_page *page = page_at(pages, &piece);
        if (page != NULL) {
            memcpy(into, page->bytes + piece.at, piece.n_bytes);
        } else {
            memset(into, pages->erased, piece.n_bytes);
        }
        offset += (uint32_t)piece.n_bytes;
        into += piece.n_bytes;
        n_bytes -= piece.n_bytes;
    }
}

static struct sim_page *writable(struct sim_pages *pages, const struct piece *piece)
{
    struct sim_group *group = own_group(pages, piece->group);
    return group != NULL ? own_page(pages, group, piece->page) : NULL;
}

/* Only bits that still hold the erased value can change: with 0xff this is AND, with 0x00 it is OR. */
static uint64_t programmed(uint64_t old, uint64_t wanted, uint64_t erased)
{
    return ((old ^ erased) | (wanted ^ erased)) ^ erased;
}

static void program_bytes(uint8_t *into, const uint8_t *bytes, size_t n_bytes, uint8_t erased)
{
    uint64_t all = erased * 0x0101010101010101u;
    for (; n_bytes >= sizeof(uint64_t);
         n_bytes -= sizeof(uint64_t), into += sizeof(uint64_t), bytes += sizeof(uint64_t)) {
        uint64_t old, wanted;
        memcpy(&old, into, sizeof old);
        memcpy(&wanted, bytes, sizeof wanted);
        old = programmed(old, wanted, all);
        memcpy(into, &old, sizeof old);
    }
    for (size_t i = 0; i < n_bytes; i++) {
        into[i] = (uint8_t)programmed(into[i], bytes[i], erased);
    }
}

/* A whole page onto an erased one becomes what is written: the usual case, when images are copied. */
static bool write_piece(struct sim_pages *pages, const struct piece *piece, const uint8_t *bytes,
                        enum sim_pages_write how)
{
    if (piece->n_bytes == SIM_PAGE_BYTES && page_at(pages, piece) == NULL) {
        struct sim_group *group = own_group(pages, piece->group);
        struct sim_page *page = group != NULL ? malloc(sizeof *page) : NULL;
        if (page == NULL) {
            return false;
        }
        page->n_owners = 1;
        page->hashed = false;
        memcpy(page->bytes, bytes, SIM_PAGE_BYTES);
        group->pages[piece->page] = page;
        return true;
    }
    struct sim_page *page = writable(pages, piece);
    if (page != NULL && how == SIM_PAGES_STORE) {
        memcpy(page->bytes + piece->at, bytes, piece->n_bytes);
    } else if (page != NULL) {
        program_bytes(page->bytes + piece->at, bytes, piece->n_bytes, pages->erased);
    }
    return page != NULL;
}

static bool erase_piece(struct sim_pages *pages, const struct piece *piece)
{
    if (page_at(pages, piece) == NULL) {
        return true;
    }
    struct sim_group *group = own_group(pages, piece->group);
    if (group == NULL) {
        return false;
    }
    if (piece->n_bytes == SIM_PAGE_BYTES) {
        drop_page(group->pages[piece->page]);
        group->pages[piece->page] = NULL;
        return true;
    }
    struct sim_page *page = own_page(pages, group, piece->page);
    if (page != NULL) {
        memset(page->bytes + piece->at, pages->erased, piece->n_bytes);
    }
    return page != NULL;
}

bool sim_pages_write(struct sim_pages *pages, uint32_t offset, const uint8_t *bytes, size_t n_bytes,
                     enum sim_pages_write how)
{
    while (n_bytes > 0) {
        struct piece piece = first_piece(offset, n_bytes);
        if (!(how == SIM_PAGES_ERASE ? erase_piece(pages, &piece) : write_piece(pages, &piece, bytes, how))) {
            return false;
        }
        offset += (uint32_t)piece.n_bytes;
        bytes = how == SIM_PAGES_ERASE ? NULL : bytes + piece.n_bytes;
        n_bytes -= piece.n_bytes;
    }
    return true;
}

static bool bytes_are(const uint8_t *bytes, size_t n_bytes, uint8_t value)
{
    return n_bytes == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, n_bytes - 1) == 0);
}

bool sim_pages_are_erased(const struct sim_pages *pages, uint32_t offset, size_t n_bytes)
{
    while (n_bytes > 0) {
        struct piece piece = first_piece(offset, n_bytes);
        const struct sim_page *page = page_at(pages, &piece);
        if (page != NULL && !bytes_are(page->bytes + piece.at, piece.n_bytes, pages->erased)) {
            return false;
        }
        offset += (uint32_t)piece.n_bytes;
        n_bytes -= piece.n_bytes;
    }
    return true;
}

static bool page_equal(const struct sim_pages *a, struct sim_page *page_a, const struct sim_pages *b,
                       struct sim_page *page_b)
{
    if (page_a == page_b) {
        return page_a != NULL || a->erased == b->erased;
    }
    const uint64_t *hash_a = page_hash(a, page_a);
    const uint64_t *hash_b = page_hash(b, page_b);
    if (hash_a[0] != hash_b[0] || hash_a[1] != hash_b[1]) {
        return false;
    }
    if (page_a == NULL || page_b == NULL) {
        const struct sim_page *page = page_a != NULL ? page_a : page_b;
        return bytes_are(page->bytes, SIM_PAGE_BYTES, page_a != NULL ? b->erased : a->erased);
    }
    return memcmp(page_a->bytes, page_b->bytes, SIM_PAGE_BYTES) == 0;
}

static bool group_equal(const struct sim_pages *a, const struct sim_pages *b, uint32_t index)
{
    struct sim_group *group_a = a->groups[index];
    struct sim_group *group_b = b->groups[index];
    if (group_a == group_b && a->erased == b->erased) {
        return true;
    }
    for (unsigned i = 0; i < SIM_GROUP_PAGES; i++) {
        if (!page_equal(a, group_a != NULL ? group_a->pages[i] : NULL, b,
                        group_b != NULL ? group_b->pages[i] : NULL)) {
            return false;
        }
    }
    return true;
}

bool sim_pages_equal(const struct sim_pages *a, const struct sim_pages *b)
{
    if (a->n_bytes != b->n_bytes) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_groups; i++) {
        if (!group_equal(a, b, i)) {
            return false;
        }
    }
    return true;
}

void sim_pages_range_hash(const struct sim_pages *pages, uint32_t offset, size_t n_bytes, uint64_t hash[2])
{
    start_hash(hash);
    mix(hash, n_bytes);
    while (n_bytes > 0) {
        struct piece piece = first_piece(offset, n_bytes);
        struct sim_page *page = page_at(pages, &piece);
        if (piece.n_bytes == SIM_PAGE_BYTES) {
            const uint64_t *whole = page_hash(pages, page);
            mix(hash, whole[0]);
            mix(hash, whole[1]);
        } else {
            uint8_t bytes[SIM_PAGE_BYTES];
            sim_pages_read(pages, offset, bytes, piece.n_bytes);
            mix_bytes(hash, bytes, piece.n_bytes);
        }
        offset += (uint32_t)piece.n_bytes;
        n_bytes -= piece.n_bytes;
    }
}
