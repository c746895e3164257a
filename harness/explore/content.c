/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interned flash contents: a table of pages, a table of contents, and the remembered steps between contents.
 */
#include "explore/content.h"

#include <string.h>

#define PAGE_BYTES SIM_FLASH_PAGE_BYTES
#define BLOCK_CONTENTS 256u /* contents are stored in blocks, so that growing moves nothing */
#define BLOCK_PAGES 64u

struct page {
    guint64 hash;
    guint8 bytes[PAGE_BYTES];
};

/* One operation that was seen on a content. The bytes of a write are those that `to` holds there. */
struct step {
    guint32 next; /* of the same content, in a ring */
    guint32 from;
    guint32 offset;
    guint32 n_bytes;
    guint32 to;
    guint32 torn;
    guint8 device;
    guint8 kind;
};

/* Open addressing; entries are number + 1, 0 = free. */
struct table {
    guint32 *entries;
    guint32 mask;
    guint32 n_used;
};

struct rig_contents {
    guint n_devices;
    guint32 device_bytes[SIM_FLASH_MAX_DEVICES];
    guint32 first_page[SIM_FLASH_MAX_DEVICES];
    guint8 erased[SIM_FLASH_MAX_DEVICES];
    struct sim_flash_device_config devices[SIM_FLASH_MAX_DEVICES];
    guint32 erased_page[SIM_FLASH_MAX_DEVICES];
    guint32 n_content_pages;

    GPtrArray *page_blocks; /* struct page[BLOCK_PAGES] */
    guint32 n_pages;
    struct table pages;

    GPtrArray *blocks; /* guint32[BLOCK_CONTENTS * n_content_pages] */
    GArray *hashes;    /* guint64 per content */
    GArray *ring;      /* guint32 per content, index into steps */
    struct table contents;
    GArray *steps;
    guint32 *scratch; /* one content */
};

static void table_init(struct table *table)
{
    table->mask = 1023;
    table->entries = g_new0(guint32, table->mask + 1);
    table->n_used = 0;
}

static void table_put(struct table *table, guint64 hash, guint32 entry)
{
    guint32 at = (guint32)hash & table->mask;

    while (table->entries[at])
        at = (at + 1) & table->mask;
    table->entries[at] = entry;
    table->n_used++;
}

static guint64 mixed(guint64 word)
{
    word ^= word >> 32;
    word *= 0x9e3779b97f4a7c15u;
    word ^= word >> 29;
    word *= 0xbf58476d1ce4e5b9u;
    return word ^ word >> 32;
}

/* Four lanes, so that the multiplications overlap. */
static guint64 hash_page(const guint8 *bytes)
{
    guint64 lanes[4] = {1, 2, 3, 4};

    for (gsize at = 0; at < PAGE_BYTES; at += sizeof lanes) {
        guint64 words[4];

        memcpy(words, bytes + at, sizeof words);
        for (guint i = 0; i < 4; i++)
            lanes[i] = (lanes[i] ^ words[i]) * 0x9e3779b97f4a7c15u + (lanes[i] >> 31);
    }
    return mixed(mixed(lanes[0]) + lanes[1]) ^ mixed(mixed(lanes[2]) + 3 * lanes[3]);
}

static struct page *page_at(const struct rig_contents *contents, guint32 page)
{
    return (struct page *)g_ptr_array_index(contents->page_blocks, page / BLOCK_PAGES) + page % BLOCK_PAGES;
}

static guint32 *pages_of(const struct rig_contents *contents, guint32 content)
{
    guint32 *block = g_ptr_array_index(contents->blocks, content / BLOCK_CONTENTS);

    return block + (gsize)(content % BLOCK_CONTENTS) * contents->n_content_pages;
}

static void grow_pages(struct rig_contents *contents)
{
    g_free(contents->pages.entries);
    contents->pages.mask = contents->pages.mask * 2 + 1;
    contents->pages.n_used = 0;
    contents->pages.entries = g_new0(guint32, contents->pages.mask + 1);
    for (guint32 i = 0; i < contents->n_pages; i++)
        table_put(&contents->pages, page_at(contents, i)->hash, i + 1);
}

static guint32 intern_page(struct rig_contents *contents, const guint8 *bytes)
{
    guint64 hash = hash_page(bytes);
    struct page *page;

    for (guint32 at = (guint32)hash & contents->pages.mask; contents->pages.entries[at];
         at = (at + 1) & contents->pages.mask) {
        guint32 found = contents->pages.entries[at] - 1;

        page = page_at(contents, found);
        if (page->hash == hash && memcmp(page->bytes, bytes, PAGE_BYTES) == 0)
            return found;
    }
    if (contents->n_pages == contents->page_blocks->len * BLOCK_PAGES)
        g_ptr_array_add(contents->page_blocks, g_new(struct page, BLOCK_PAGES));
    page = page_at(contents, contents->n_pages);
    page->hash = hash;
    memcpy(page->bytes, bytes, PAGE_BYTES);
    if (contents->pages.n_used * 2 > contents->pages.mask)
        grow_pages(contents);
    table_put(&contents->pages, hash, ++contents->n_pages);
    return contents->n_pages - 1;
}

/* The hash of a content is the sum of these over its pages, so that one changed page changes it at no cost.
 */
static guint64 hash_place(guint32 place, guint32 page)
{
    return mixed(((guint64)place << 32 | page) + 0x632be59bd9b4e019u);
}

static guint64 hash_at(const struct rig_contents *contents, guint32 content)
{
    return g_array_index(contents->hashes, guint64, content);
}

static void grow_contents(struct rig_contents *contents)
{
    g_free(contents->contents.entries);
    contents->contents.mask = contents->contents.mask * 2 + 1;
    contents->contents.n_used = 0;
    contents->contents.entries = g_new0(guint32, contents->contents.mask + 1);
    for (guint32 i = 0; i < contents->hashes->len; i++)
        table_put(&contents->contents, hash_at(contents, i), i + 1);
}

/* The number of what stands in contents->scratch. */
static guint32 intern_scratch(struct rig_contents *contents, guint64 hash)
{
    struct table *table = &contents->contents;
    gsize n_bytes = contents->n_content_pages * sizeof(guint32);
    guint32 number = contents->hashes->len;
    guint32 none = RIG_CONTENT_NONE;

    for (guint32 at = (guint32)hash & table->mask; table->entries[at]; at = (at + 1) & table->mask) {
        guint32 found = table->entries[at] - 1;

        if (hash_at(contents, found) == hash &&
            memcmp(pages_of(contents, found), contents->scratch, n_bytes) == 0)
            return found;
    }
    if (number == contents->blocks->len * BLOCK_CONTENTS)
        g_ptr_array_add(contents->blocks, g_malloc(BLOCK_CONTENTS * n_bytes));
    memcpy(pages_of(contents, number), contents->scratch, n_bytes);
    g_array_append_val(contents->hashes, hash);
    g_array_append_val(contents->ring, none);
    if (table->n_used * 2 > table->mask)
        grow_contents(contents);
    table_put(table, hash, number + 1);
    return number;
}

struct rig_contents *rig_contents_new(const struct sim_flash *flash)
{
    struct rig_contents *contents = g_new0(struct rig_contents, 1);
    guint8 bytes[PAGE_BYTES];

    contents->page_blocks = g_ptr_array_new_with_free_func(g_free);
    contents->blocks = g_ptr_array_new_with_free_func(g_free);
    contents->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    contents->ring = g_array_new(FALSE, FALSE, sizeof(guint32));
    contents->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
    table_init(&contents->pages);
    table_init(&contents->contents);
    contents->n_devices = sim_flash_n_devices(flash);
    for (guint i = 0; i < contents->n_devices; i++) {
        contents->device_bytes[i] = sim_flash_bytes(flash, i);
        contents->devices[i] = *sim_flash_device(flash, i);
        contents->erased[i] = contents->devices[i].erased;
        contents->first_page[i] = contents->n_content_pages;
        contents->n_content_pages += (contents->device_bytes[i] + PAGE_BYTES - 1) / PAGE_BYTES;
        memset(bytes, contents->erased[i], sizeof bytes);
        contents->erased_page[i] = intern_page(contents, bytes);
    }
    contents->scratch = g_new(guint32, contents->n_content_pages);
    return contents;
}

void rig_contents_free(struct rig_contents *contents)
{
    if (!contents)
        return;
    g_ptr_array_unref(contents->page_blocks);
    g_ptr_array_unref(contents->blocks);
    g_array_unref(contents->hashes);
    g_array_unref(contents->ring);
    g_array_unref(contents->steps);
    g_free(contents->pages.entries);
    g_free(contents->contents.entries);
    g_free(contents->scratch);
    g_free(contents);
}

guint32 rig_contents_count(const struct rig_contents *contents)
{
    return contents->hashes->len;
}

gsize rig_contents_bytes(const struct rig_contents *contents)
{
    return contents->page_blocks->len * BLOCK_PAGES * sizeof(struct page) +
           contents->blocks->len * (gsize)BLOCK_CONTENTS * contents->n_content_pages * sizeof(guint32) +
           contents->steps->len * sizeof(struct step) +
           contents->hashes->len * (sizeof(guint64) + sizeof(guint32)) +
           ((gsize)contents->pages.mask + contents->contents.mask) * sizeof(guint32);
}

/* Bytes of a device that a page of it covers: the last one may be shorter than a page. */
static gsize page_span(const struct rig_contents *contents, guint device, guint32 offset)
{
    return MIN(PAGE_BYTES, contents->device_bytes[device] - offset);
}

guint32 rig_contents_of_flash(struct rig_contents *contents, const struct sim_flash *flash)
{
    guint64 hash = 0;

    for (guint device = 0; device < contents->n_devices; device++) {
        guint32 place = contents->first_page[device];

        for (guint32 offset = 0; offset < contents->device_bytes[device]; offset += PAGE_BYTES, place++) {
            guint8 bytes[PAGE_BYTES];

            memset(bytes, contents->erased[device], sizeof bytes);
            sim_flash_peek(flash, device, offset, bytes, page_span(contents, device, offset));
            contents->scratch[place] = intern_page(contents, bytes);
            hash += hash_place(place, contents->scratch[place]);
        }
    }
    return intern_scratch(contents, hash);
}

void rig_contents_load(const struct rig_contents *contents, guint32 content, guint32 held,
                       struct sim_flash *flash)
{
    const guint32 *wanted = pages_of(contents, content);
    const guint32 *present = held == RIG_CONTENT_NONE ? NULL : pages_of(contents, held);

    if (content == held)
        return;
    for (guint device = 0; device < contents->n_devices; device++) {
        guint32 place = contents->first_page[device];

        for (guint32 offset = 0; offset < contents->device_bytes[device]; offset += PAGE_BYTES, place++)
            if (!present || present[place] != wanted[place])
                sim_flash_poke(flash, device, offset, page_at(contents, wanted[place])->bytes,
                               page_span(contents, device, offset));
    }
}

bool rig_contents_has_range(const struct rig_contents *contents, guint device, guint32 offset, gsize n_bytes)
{
    return device < contents->n_devices && offset <= contents->device_bytes[device] &&
           n_bytes <= contents->device_bytes[device] - offset;
}

/* A range, piece by piece of a page each. */
struct piece {
    guint32 place;
    guint32 at;
    gsize n_bytes;
};

static struct piece first_piece(const struct rig_contents *contents, guint device, guint32 offset,
                                gsize n_bytes)
{
    struct piece piece = {.place = contents->first_page[device] + offset / PAGE_BYTES,
                          .at = offset % PAGE_BYTES};

    piece.n_bytes = MIN(n_bytes, PAGE_BYTES - piece.at);
    return piece;
}

void rig_contents_read(const struct rig_contents *contents, guint32 content, guint device, guint32 offset,
                       guint8 *into, gsize n_bytes)
{
    const guint32 *pages = pages_of(contents, content);

    for (struct piece piece; n_bytes > 0;
         offset += (guint32)piece.n_bytes, into += piece.n_bytes, n_bytes -= piece.n_bytes) {
        piece = first_piece(contents, device, offset, n_bytes);
        memcpy(into, page_at(contents, pages[piece.place])->bytes + piece.at, piece.n_bytes);
    }
}

bool rig_contents_holds(const struct rig_contents *contents, guint32 content, guint device, guint32 offset,
                        const guint8 *bytes, gsize n_bytes)
{
    const guint32 *pages = pages_of(contents, content);

    for (struct piece piece; n_bytes > 0;
         offset += (guint32)piece.n_bytes, bytes += piece.n_bytes, n_bytes -= piece.n_bytes) {
        piece = first_piece(contents, device, offset, n_bytes);
        const guint8 *present = page_at(contents, pages[piece.place])->bytes + piece.at;

        if (present != bytes && memcmp(bytes, present, piece.n_bytes) != 0)
            return false;
    }
    return true;
}

const guint8 *rig_contents_bytes_at(const struct rig_contents *contents, guint32 content, guint device,
                                    guint32 offset, gsize n_bytes)
{
    struct piece piece = first_piece(contents, device, offset, n_bytes);

    return piece.n_bytes == n_bytes
               ? page_at(contents, pages_of(contents, content)[piece.place])->bytes + piece.at
               : NULL;
}

bool rig_contents_same_range(const struct rig_contents *contents, guint32 one, guint32 other, guint device,
                             guint32 offset, gsize n_bytes)
{
    const guint32 *pages = pages_of(contents, one);
    const guint32 *others = pages_of(contents, other);

    if (one == other)
        return true;
    for (struct piece piece; n_bytes > 0; offset += (guint32)piece.n_bytes, n_bytes -= piece.n_bytes) {
        piece = first_piece(contents, device, offset, n_bytes);
        if (pages[piece.place] != others[piece.place] &&
            (piece.n_bytes == PAGE_BYTES ||
             memcmp(page_at(contents, pages[piece.place])->bytes + piece.at,
                    page_at(contents, others[piece.place])->bytes + piece.at, piece.n_bytes) != 0))
            return false;
    }
    return true;
}

static guint64 hash_bytes(const guint8 *bytes, gsize n_bytes)
{
    guint64 hash = n_bytes;

    for (guint64 word; n_bytes >= sizeof word; bytes += sizeof word, n_bytes -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mixed(hash ^ word);
    }
    for (gsize i = 0; i < n_bytes; i++)
        hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15u;
    return hash;
}

guint64 rig_contents_range_hash(const struct rig_contents *contents, guint32 content, guint device,
                                guint32 offset, gsize n_bytes)
{
    const guint32 *pages = pages_of(contents, content);
    guint64 hash = 0;

    for (struct piece piece; n_bytes > 0; offset += (guint32)piece.n_bytes, n_bytes -= piece.n_bytes) {
        piece = first_piece(contents, device, offset, n_bytes);
        hash += piece.n_bytes == PAGE_BYTES
                    ? hash_place(piece.place, pages[piece.place])
                    : mixed(piece.place + hash_bytes(page_at(contents, pages[piece.place])->bytes + piece.at,
                                                     piece.n_bytes));
    }
    return hash;
}

bool rig_contents_is_erased(const struct rig_contents *contents, guint32 content, guint device,
                            guint32 offset, gsize n_bytes)
{
    const guint32 *pages = pages_of(contents, content);
    const guint8 *erased = page_at(contents, contents->erased_page[device])->bytes;

    for (struct piece piece; n_bytes > 0; offset += (guint32)piece.n_bytes, n_bytes -= piece.n_bytes) {
        piece = first_piece(contents, device, offset, n_bytes);
        if (pages[piece.place] != contents->erased_page[device] &&
            memcmp(page_at(contents, pages[piece.place])->bytes + piece.at, erased, piece.n_bytes) != 0)
            return false;
    }
    return true;
}

/* As NOR flash programs: bits move away from the erased value only. */
static void program(guint8 *into, const guint8 *bytes, gsize n_bytes, guint8 erased)
{
    for (gsize i = 0; i < n_bytes; i++)
        into[i] = erased ? into[i] & bytes[i] : into[i] | bytes[i];
}

/* bytes NULL: an erase. */
static guint32 changed_page(struct rig_contents *contents, guint device, guint32 page,
                            const struct piece *piece, const guint8 *bytes, bool stored)
{
    guint8 whole[PAGE_BYTES];

    if (!bytes && piece->n_bytes == PAGE_BYTES)
        return contents->erased_page[device];
    memcpy(whole, page_at(contents, page)->bytes, sizeof whole);
    if (bytes && stored)
        memcpy(whole + piece->at, bytes, piece->n_bytes);
    else if (bytes)
        program(whole + piece->at, bytes, piece->n_bytes, contents->erased[device]);
    else
        memset(whole + piece->at, contents->erased[device], piece->n_bytes);
    return intern_page(contents, whole);
}

static guint32 changed(struct rig_contents *contents, guint32 content,
                       const struct sim_flash_operation *operation, const guint8 *bytes, bool stored)
{
    guint64 hash = hash_at(contents, content);

    memcpy(contents->scratch, pages_of(contents, content), contents->n_content_pages * sizeof(guint32));
    for (guint32 done = 0; done < operation->n_bytes;) {
        struct piece piece =
            first_piece(contents, operation->device, operation->offset + done, operation->n_bytes - done);
        guint32 before = contents->scratch[piece.place];
        guint32 after =
            changed_page(contents, operation->device, before, &piece, bytes ? bytes + done : NULL, stored);

        hash += hash_place(piece.place, after) - hash_place(piece.place, before);
        contents->scratch[piece.place] = after;
        done += (guint32)piece.n_bytes;
    }
    return intern_scratch(contents, hash);
}

static guint32 apply(struct rig_contents *contents, guint32 content,
                     const struct sim_flash_operation *operation)
{
    return changed(contents, content, operation, operation->kind == SIM_FLASH_WRITE ? operation->bytes : NULL,
                   contents->devices[operation->device].no_erase);
}

static guint32 apply_torn(struct rig_contents *contents, guint32 content,
                          const struct sim_flash_operation *operation)
{
    g_autofree guint8 *bytes = g_malloc(operation->n_bytes);

    rig_contents_read(contents, content, operation->device, operation->offset, bytes, operation->n_bytes);
    sim_flash_tear(&contents->devices[operation->device], operation, bytes);
    return changed(contents, content, operation, bytes, true);
}

static bool step_matches(const struct rig_contents *contents, const struct step *step,
                         const struct sim_flash_operation *operation)
{
    if (step->offset != operation->offset || step->n_bytes != operation->n_bytes ||
        step->device != operation->device || step->kind != (guint8)operation->kind)
        return false;
    /* What a write leaves behind absorbs exactly the bytes that it was made with. */
    return operation->kind == SIM_FLASH_ERASE ||
           rig_contents_holds(contents, step->to, operation->device, operation->offset, operation->bytes,
                              operation->n_bytes);
}

static bool is_same_step(const struct step *a, const struct step *b)
{
    return a->offset == b->offset && a->n_bytes == b->n_bytes && a->device == b->device &&
           a->kind == b->kind && a->to == b->to;
}

static struct step *step_at(const struct rig_contents *contents, guint32 at)
{
    return &g_array_index(contents->steps, struct step, at);
}

/* The known step of a content that `wanted` accepts, looked for in a ring that begins where the last one was
 * found: operations that change nothing, such as erasing what is erased, come in long rows on the same
 * content. */
static guint32 find_step(struct rig_contents *contents, guint32 content,
                         const struct sim_flash_operation *operation, const struct step *same)
{
    guint32 *ring = &g_array_index(contents->ring, guint32, content);
    guint32 at = *ring;

    if (at == RIG_CONTENT_NONE)
        return RIG_CONTENT_NONE;
    do {
        const struct step *known = step_at(contents, at);

        if (same ? is_same_step(known, same) : step_matches(contents, known, operation))
            return *ring = at;
        at = known->next;
    } while (at != *ring);
    return RIG_CONTENT_NONE;
}

static void add_step(struct rig_contents *contents, guint32 content, struct step *step)
{
    guint32 *ring = &g_array_index(contents->ring, guint32, content);
    guint32 number = contents->steps->len;

    step->next = *ring == RIG_CONTENT_NONE ? number : step_at(contents, *ring)->next;
    if (*ring != RIG_CONTENT_NONE)
        step_at(contents, *ring)->next = number;
    *ring = number;
    g_array_append_val(contents->steps, *step);
}

static struct step *step_of(struct rig_contents *contents, guint32 content,
                            const struct sim_flash_operation *operation)
{
    guint32 found = find_step(contents, content, operation, NULL);
    struct step step = {.from = content,
                        .offset = operation->offset,
                        .n_bytes = operation->n_bytes,
                        .torn = RIG_CONTENT_NONE,
                        .device = (guint8)operation->device,
                        .kind = (guint8)operation->kind};

    if (found != RIG_CONTENT_NONE)
        return step_at(contents, found);
    step.to = apply(contents, content, operation);
    /* A write over bytes that were not erased leaves others than it was made with; it is the same step when
     * it leaves the same. */
    found = find_step(contents, content, operation, &step);
    if (found != RIG_CONTENT_NONE)
        return step_at(contents, found);
    add_step(contents, content, &step);
    return step_at(contents, contents->steps->len - 1);
}

guint32 rig_contents_after(struct rig_contents *contents, guint32 content,
                           const struct sim_flash_operation *operation)
{
    return step_of(contents, content, operation)->to;
}

guint32 rig_contents_after_and_torn(struct rig_contents *contents, guint32 content,
                                    const struct sim_flash_operation *operation, guint32 *torn)
{
    struct step *step = step_of(contents, content, operation);

    /* Steps do not move while a content is interned. */
    if (step->torn == RIG_CONTENT_NONE)
        step->torn = apply_torn(contents, content, operation);
    *torn = step->torn;
    return step->to;
}

guint32 rig_contents_torn(struct rig_contents *contents, guint32 content,
                          const struct sim_flash_operation *operation)
{
    guint32 torn;

    rig_contents_after_and_torn(contents, content, operation, &torn);
    return torn;
}

guint32 rig_contents_n_steps(const struct rig_contents *contents)
{
    return contents->steps->len;
}

struct rig_content_step rig_contents_step(const struct rig_contents *contents, guint32 number)
{
    const struct step *step = step_at(contents, number);

    return (struct rig_content_step){.from = step->from,
                                     .to = step->to,
                                     .torn = step->torn,
                                     .device = step->device,
                                     .kind = step->kind,
                                     .offset = step->offset,
                                     .n_bytes = step->n_bytes};
}

bool rig_contents_are_sound(const struct rig_contents *contents)
{
    for (guint32 i = 0; i < contents->n_pages; i++)
        if (hash_page(page_at(contents, i)->bytes) != page_at(contents, i)->hash)
            return false;
    for (guint32 i = 0; i < contents->hashes->len; i++) {
        const guint32 *pages = pages_of(contents, i);
        guint64 hash = 0;

        for (guint32 place = 0; place < contents->n_content_pages; place++)
            hash += hash_place(place, pages[place]);
        if (hash != hash_at(contents, i))
            return false;
    }
    return true;
}

struct rig_contents_extent rig_contents_extent(const struct rig_contents *contents)
{
    struct rig_contents_extent extent = {.n_pages = contents->n_pages, .n_places = contents->n_content_pages};

    for (guint i = 0; i < contents->n_devices; i++)
        extent.n_own_pages = MAX(extent.n_own_pages, contents->erased_page[i] + 1);
    return extent;
}

const guint8 *rig_contents_page(const struct rig_contents *contents, guint32 page)
{
    return page_at(contents, page)->bytes;
}

const guint32 *rig_contents_list(const struct rig_contents *contents, guint32 content)
{
    return pages_of(contents, content);
}

guint32 rig_contents_put_page(struct rig_contents *contents, const guint8 *bytes)
{
    return intern_page(contents, bytes);
}

guint32 rig_contents_put_list(struct rig_contents *contents, const guint32 *pages)
{
    guint64 hash = 0;

    memcpy(contents->scratch, pages, contents->n_content_pages * sizeof *pages);
    for (guint32 place = 0; place < contents->n_content_pages; place++)
        hash += hash_place(place, pages[place]);
    return intern_scratch(contents, hash);
}
