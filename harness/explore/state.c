/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An exploration in a file: pages, contents, recorded runs, nodes, what is still to be looked at, what was
 * found. Numbers are little-endian; a SHA-256 of everything stands at the end. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "explore/search.h"

#include "base/error.h"
#include "base/file.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#define SUM_BYTES 32u
#define MAX_TEXT_BYTES 65536u
#define FINGERPRINT_DIGITS 64u

/* ---- writing ---- */

struct writer {
    FILE *file;
    GChecksum *sum;
};

static void put(struct writer *writer, const void *bytes, gsize n_bytes)
{
    fwrite(bytes, 1, n_bytes, writer->file);
    g_checksum_update(writer->sum, bytes, (gssize)n_bytes);
}

static void put_u32(struct writer *writer, guint32 number)
{
    guint32 fixed = GUINT32_TO_LE(number);

    put(writer, &fixed, sizeof fixed);
}

static void put_u64(struct writer *writer, guint64 number)
{
    guint64 fixed = GUINT64_TO_LE(number);

    put(writer, &fixed, sizeof fixed);
}

static void put_text(struct writer *writer, const char *text)
{
    gsize n_bytes = MIN(strlen(text), MAX_TEXT_BYTES);

    put_u32(writer, (guint32)n_bytes);
    put(writer, text, n_bytes);
}

/* A content is told by its difference to the one before it. */
static void put_contents(struct writer *writer, const struct rig_contents *contents)
{
    const struct rig_contents_extent extent = rig_contents_extent(contents);
    guint32 n_places = extent.n_places;

    put_u32(writer, extent.n_pages - extent.n_own_pages);
    for (guint32 i = extent.n_own_pages; i < extent.n_pages; i++)
        put(writer, rig_contents_page(contents, i), SIM_FLASH_PAGE_BYTES);
    put_u32(writer, rig_contents_count(contents));
    for (guint32 i = 0; i < rig_contents_count(contents); i++) {
        const guint32 *pages = rig_contents_list(contents, i);
        const guint32 *before = i > 0 ? rig_contents_list(contents, i - 1) : NULL;
        guint32 n_changes = 0;

        for (guint32 place = 0; place < n_places; place++)
            n_changes += !before || pages[place] != before[place];
        put_u32(writer, n_changes);
        for (guint32 place = 0; place < n_places; place++)
            if (!before || pages[place] != before[place]) {
                put_u32(writer, place);
                put_u32(writer, pages[place]);
            }
    }
}

static void put_words(struct writer *writer, const guint32 *words, guint32 n)
{
    for (guint32 i = 0; i < n; i++)
        put_u32(writer, words[i]);
}

static void put_chunks(struct writer *writer, const struct rig_sequences *sequences)
{
    put_u32(writer, rig_sequences_n_distinct(sequences));
    for (guint32 i = 0; i < rig_sequences_n_distinct(sequences); i++) {
        struct rig_chunk chunk = rig_sequences_chunk_at(sequences, i);

        put_u32(writer, chunk.n);
        put_words(writer, chunk.after, chunk.n);
        if (chunk.torn)
            put_words(writer, chunk.torn, chunk.n);
    }
}

static void put_trace(struct writer *writer, const struct search *search, guint64 key,
                      const struct rig_trace *trace)
{
    put_u64(writer, key);
    put_u32(writer, trace->n_operations);
    put_u32(writer, trace->final);
    put_u32(writer, trace->most_erases);
    put_u32(writer, trace->end);
    put_u32(writer, trace->image);
    put_u32(writer, trace->flags);
    put_u32(writer, trace->promised);
    put_text(writer, rig_recorder_text(search->recorder, trace));
    for (guint32 k = 0; k < rig_sequence_n_chunks(trace->n_operations); k++)
        put_u32(writer, rig_recorder_chunk(search->recorder, trace, k).number);
}

static guint32 n_recorded(const GArray *traces)
{
    guint32 n = 0;

    for (guint i = 0; i < traces->len; i++)
        n += g_array_index(traces, struct rig_trace, i).end != RIG_TRACE_NONE;
    return n;
}

static void put_traces(struct writer *writer, const struct search *search)
{
    GHashTableIter each;
    gpointer key, index;

    put_u32(writer, n_recorded(search->boots));
    for (guint i = 0; i < search->boots->len; i++) {
        const struct rig_trace *trace = &g_array_index(search->boots, struct rig_trace, i);

        if (trace->end != RIG_TRACE_NONE)
            put_trace(writer, search, i, trace);
    }
    put_u32(writer, n_recorded(search->action_traces));
    g_hash_table_iter_init(&each, search->actions);
    while (g_hash_table_iter_next(&each, &key, &index)) {
        const struct rig_trace *trace =
            &g_array_index(search->action_traces, struct rig_trace, GPOINTER_TO_UINT(index) - 1);

        if (trace->end != RIG_TRACE_NONE)
            put_trace(writer, search, GPOINTER_TO_SIZE(key) - 1, trace);
    }
}

static void put_nodes(struct writer *writer, const struct search *search)
{
    put_u32(writer, search->nodes->len);
    for (guint i = 0; i < search->nodes->len; i++) {
        const struct node *node = &g_array_index(search->nodes, struct node, i);

        put_u32(writer, node->content);
        put_u32(writer, node->parent);
        put_u32(writer, node->operation);
        put_u32(writer, node->form | (guint32)node->history << 8 | (guint32)node->n_cuts << 16);
        put_u32(writer, node->broken);
    }
    put_u32(writer, search->roots->len);
    for (guint i = 0; i < search->roots->len; i++) {
        const struct root *root = &g_array_index(search->roots, struct root, i);

        put_u32(writer, root->node);
        put_u32(writer, root->invariant | (guint32)root->form << 8);
    }
    for (guint k = 0; k < 2; k++) {
        guint from = k == 0 ? search->n_expanded : 0;
        const GArray *level = search->levels[k];

        put_u32(writer, level->len - from);
        for (guint i = from; i < level->len; i++)
            put_u32(writer, g_array_index(level, guint32, i));
    }
}

static bool write_all(FILE *out, const void *user, GError **error)
{
    const struct search *search = user;
    struct writer whole = {.file = out, .sum = g_checksum_new(G_CHECKSUM_SHA256)};
    struct writer *writer = &whole;
    guint8 sum[SUM_BYTES];
    gsize n_sum = sizeof sum;

    (void)error;
    put(writer, SEARCH_STATE_MAGIC, strlen(SEARCH_STATE_MAGIC));
    put_u32(writer, SEARCH_STATE_VERSION);
    put(writer, search->fingerprint, FINGERPRINT_DIGITS);
    put_contents(writer, search->contents);
    put_chunks(writer, rig_recorder_sequences(search->recorder));
    put_traces(writer, search);
    put_nodes(writer, search);
    put_u64(writer, search->result->n_boots);
    put_u64(writer, (guint64)search->result->elapsed_us);
    g_checksum_get_digest(writer->sum, sum, &n_sum);
    fwrite(sum, 1, n_sum, writer->file);
    g_checksum_free(writer->sum);
    return true;
}

bool search_save(const struct search *search, const char *path, GError **error)
{
    if (rig_file_write(path, RIG_FILE_PUBLIC, write_all, search, error))
        return true;
    g_prefix_error(error, "the state of the exploration: ");
    return false;
}

/* ---- reading ---- */

struct reader {
    const guint8 *at;
    gsize n_left;
    bool good; /* false: everything else reads as 0 */
};

static const guint8 *get(struct reader *reader, gsize n_bytes)
{
    const guint8 *at = reader->at;

    if (!reader->good || n_bytes > reader->n_left) {
        reader->good = false;
        return NULL;
    }
    reader->at += n_bytes;
    reader->n_left -= n_bytes;
    return at;
}

static guint32 get_u32(struct reader *reader)
{
    const guint8 *at = get(reader, sizeof(guint32));
    guint32 fixed = 0;

    if (at)
        memcpy(&fixed, at, sizeof fixed);
    return GUINT32_FROM_LE(fixed);
}

static guint64 get_u64(struct reader *reader)
{
    const guint8 *at = get(reader, sizeof(guint64));
    guint64 fixed = 0;

    if (at)
        memcpy(&fixed, at, sizeof fixed);
    return GUINT64_FROM_LE(fixed);
}

/* Below `limit`, or the file is none. */
static guint32 get_below(struct reader *reader, guint32 limit)
{
    guint32 number = get_u32(reader);

    if (number < limit)
        return number;
    reader->good = false;
    return 0;
}

/* So many things of n_bytes each at the least: their number, when the file can hold them. */
static guint32 get_count(struct reader *reader, gsize n_bytes)
{
    guint32 n = get_u32(reader);

    if (n > reader->n_left / n_bytes)
        reader->good = false;
    return reader->good ? n : 0;
}

/* Owned by the caller; never NULL. */
static char *get_text(struct reader *reader)
{
    guint32 n_bytes = get_below(reader, MAX_TEXT_BYTES + 1);
    const guint8 *at = get(reader, n_bytes);

    if (at && (memchr(at, 0, n_bytes) || !g_utf8_validate((const char *)at, n_bytes, NULL)))
        reader->good = false;
    return at ? g_strndup((const char *)at, n_bytes) : g_strdup("");
}

static void get_pages(struct reader *reader, struct rig_contents *contents)
{
    guint32 n = get_count(reader, SIM_FLASH_PAGE_BYTES);

    for (guint32 i = 0; i < n && reader->good; i++) {
        guint32 expected = rig_contents_extent(contents).n_pages;

        if (rig_contents_put_page(contents, get(reader, SIM_FLASH_PAGE_BYTES)) != expected)
            reader->good = false;
    }
}

static void get_contents(struct reader *reader, struct rig_contents *contents)
{
    guint32 n_places = rig_contents_extent(contents).n_places;
    g_autofree guint32 *pages = g_new0(guint32, n_places);
    guint32 n;

    get_pages(reader, contents);
    n = get_count(reader, sizeof(guint32));
    for (guint32 i = 0; i < n && reader->good; i++) {
        guint32 n_changes = get_below(reader, n_places + 1);

        reader->good &= i > 0 || n_changes == n_places;
        for (guint32 k = 0; k < n_changes && reader->good; k++) {
            guint32 place = get_below(reader, n_places);

            pages[place] = get_below(reader, rig_contents_extent(contents).n_pages);
        }
        if (reader->good && rig_contents_put_list(contents, pages) != i)
            reader->good = false;
    }
    reader->good &= n > 0;
}

static void get_chunks(struct reader *reader, const struct search *search)
{
    struct rig_sequences *sequences = rig_recorder_sequences(search->recorder);
    bool has_torn = rig_recorder_wants_torn(search->recorder);
    guint32 n_contents = rig_contents_count(search->contents);
    guint32 n = get_count(reader, 2 * sizeof(guint32));

    for (guint32 i = 0; i < n && reader->good; i++) {
        guint32 after[RIG_CHUNK_CONTENTS], torn[RIG_CHUNK_CONTENTS];
        guint32 n_piece = get_below(reader, RIG_CHUNK_CONTENTS + 1);

        for (guint32 k = 0; k < n_piece; k++)
            after[k] = get_below(reader, n_contents);
        for (guint32 k = 0; has_torn && k < n_piece; k++) {
            torn[k] = get_u32(reader);
            reader->good &= torn[k] < n_contents || torn[k] == RIG_CONTENT_NONE;
        }
        if (!reader->good || n_piece == 0 ||
            rig_sequences_put_chunk(sequences, after, has_torn ? torn : NULL, n_piece) != i)
            reader->good = false;
    }
}

/* What a trace says of itself has to fit its chunks: the last content is the final one. */
static void get_trace(struct reader *reader, const struct search *search, guint64 *key,
                      struct rig_trace *trace)
{
    const struct rig_sequences *sequences = rig_recorder_sequences(search->recorder);
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autofree char *text = NULL;
    guint32 last = RIG_CONTENT_NONE;

    *key = get_u64(reader);
    *trace = (struct rig_trace){.n_operations = get_below(reader, 1u << 30)};
    trace->final = get_below(reader, rig_contents_count(search->contents));
    trace->most_erases = get_u32(reader);
    trace->end = (guint8)get_below(reader, RIG_END_NOT_RUN);
    trace->image = (guint8)get_u32(reader);
    trace->flags = (guint8)get_u32(reader);
    trace->promised = get_u32(reader);
    text = get_text(reader);
    if (trace->image > RIG_IMAGE_MIXED)
        trace->image = RIG_IMAGE_UNKNOWN;
    for (guint32 k = 0; k < rig_sequence_n_chunks(trace->n_operations) && reader->good; k++) {
        guint32 number = get_below(reader, rig_sequences_n_distinct(sequences));

        if (reader->good &&
            rig_sequences_chunk_at(sequences, number).n != rig_sequence_chunk_length(trace->n_operations, k))
            reader->good = false;
        if (!reader->good)
            return;
        last =
            rig_sequences_chunk_at(sequences, number).after[rig_sequences_chunk_at(sequences, number).n - 1];
        g_array_append_val(numbers, number);
    }
    reader->good &= trace->n_operations == 0 || trace->final == last;
    if (reader->good)
        rig_recorder_adopt(search->recorder, trace, (const guint32 *)(const void *)numbers->data, text);
}

#define MIN_TRACE_BYTES 40u

static void get_traces(struct reader *reader, struct search *search)
{
    guint32 n_contents = rig_contents_count(search->contents);
    guint32 n = get_count(reader, MIN_TRACE_BYTES);
    struct rig_trace trace;
    guint64 key;

    for (guint32 i = 0; i < n && reader->good; i++) {
        get_trace(reader, search, &key, &trace);
        reader->good &= key < n_contents;
        if (reader->good)
            *search_boot(search, (guint32)key) = trace;
    }
    n = get_count(reader, MIN_TRACE_BYTES);
    for (guint32 i = 0; i < n && reader->good; i++) {
        get_trace(reader, search, &key, &trace);
        reader->good &= key / RIG_N_ACTIONS < n_contents;
        if (reader->good)
            *search_action(search, (guint32)(key / RIG_N_ACTIONS), (enum rig_action)(key % RIG_N_ACTIONS)) =
                trace;
    }
}

static void get_roots(struct reader *reader, struct search *search)
{
    guint32 n = get_count(reader, 2 * sizeof(guint32));

    for (guint32 i = 0; i < n && reader->good; i++) {
        struct root root = {.node = get_below(reader, search->nodes->len)};
        guint32 rest = get_u32(reader);

        root.invariant = rest & 0xff;
        root.form = (guint8)(rest >> 8);
        reader->good &= root.invariant < RIG_N_INVARIANTS && rest >> 8 <= RIG_CYCLE_ACT;
        g_array_append_val(search->roots, root);
    }
}

static void get_nodes(struct reader *reader, struct search *search)
{
    guint32 n = get_count(reader, 5 * sizeof(guint32));

    for (guint32 i = 0; i < n && reader->good; i++) {
        struct node node = {.content = get_below(reader, rig_contents_count(search->contents))};
        guint32 rest;

        node.parent = get_u32(reader);
        node.operation = get_u32(reader);
        rest = get_u32(reader);
        node.form = rest & 0xff;
        node.history = (guint8)(rest >> 8);
        node.n_cuts = (guint16)(rest >> 16);
        node.broken = get_below(reader, RIG_ALL_INVARIANTS + 1);
        reader->good &= (i == 0 ? node.parent == NO_NODE : node.parent < i) && node.form <= RIG_CYCLE_ACT &&
                        node.history < RIG_N_HISTORIES &&
                        (node.history & 15u) <= search->plan->life.n_actions;
        reader->good = reader->good && search_note_seen(search, node.content, node.history);
        g_array_append_val(search->nodes, node);
    }
    get_roots(reader, search);
    for (guint k = 0; k < 2; k++) {
        guint32 n_level = get_count(reader, sizeof(guint32));

        for (guint32 i = 0; i < n_level && reader->good; i++) {
            guint32 number = get_below(reader, search->nodes->len);

            g_array_append_val(search->levels[k], number);
        }
    }
}

static bool has_good_sum(const guint8 *bytes, gsize n_bytes)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 found[SUM_BYTES];
    gsize n_sum = sizeof found;
    bool good;

    g_checksum_update(sum, bytes, (gssize)(n_bytes - SUM_BYTES));
    g_checksum_get_digest(sum, found, &n_sum);
    good = memcmp(found, bytes + n_bytes - SUM_BYTES, SUM_BYTES) == 0;
    g_checksum_free(sum);
    return good;
}

/* NULL: this is a state of this exploration, and the reader stands behind its head. */
static const char *refusal(struct reader *reader, const struct search *search)
{
    const guint8 *start = reader->at;
    gsize n_bytes = reader->n_left;
    const guint8 *magic = get(reader, strlen(SEARCH_STATE_MAGIC));
    guint32 version = get_u32(reader);
    const guint8 *bound = get(reader, FINGERPRINT_DIGITS);

    if (!magic || memcmp(magic, SEARCH_STATE_MAGIC, strlen(SEARCH_STATE_MAGIC)) != 0)
        return "it is no state of an exploration";
    if (reader->good && version != SEARCH_STATE_VERSION)
        return "another version of bootrig wrote it; explore anew";
    if (!bound || n_bytes < (gsize)(bound - start) + FINGERPRINT_DIGITS + SUM_BYTES ||
        !has_good_sum(start, n_bytes))
        return "it is damaged or cut short; explore anew";
    reader->n_left -= SUM_BYTES;
    if (memcmp(bound, search->fingerprint, FINGERPRINT_DIGITS) != 0)
        return "it belongs to another exploration: bootloader, board, images, life, forms, invariants and "
               "this build of bootrig must be the same";
    return NULL;
}

const char *search_load_bytes(struct search *search, const guint8 *bytes, gsize n_bytes)
{
    struct reader reader = {.at = bytes, .n_left = n_bytes, .good = true};
    const char *why = refusal(&reader, search);

    if (why)
        return why;
    get_contents(&reader, search->contents);
    get_chunks(&reader, search);
    get_traces(&reader, search);
    get_nodes(&reader, search);
    search->result->n_boots = get_u64(&reader);
    search->result->elapsed_us = (gint64)(get_u64(&reader) & G_MAXINT64);
    if (!reader.good || reader.n_left > 0 || search->nodes->len == 0)
        return "its parts do not fit each other; explore anew";
    return NULL;
}

bool search_load(struct search *search, const char *path, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    const char *why = "it cannot be read";

    if (file)
        why = search_load_bytes(search, (const guint8 *)g_mapped_file_get_contents(file),
                                g_mapped_file_get_length(file));
    if (why)
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "cannot go on from '%s': %s", path, why);
    return why == NULL;
}

/* ---- what it is bound to ---- */

static void sum_flash(GChecksum *sum, const struct sim_flash *flash)
{
    for (guint i = 0; i < sim_flash_n_devices(flash); i++) {
        const struct sim_flash_device_config *device = sim_flash_device(flash, i);
        guint32 n_bytes = sim_flash_bytes(flash, i);
        g_autofree guint8 *bytes = g_malloc(n_bytes);

        sim_flash_peek(flash, i, 0, bytes, n_bytes);
        rig_sum_bytes(sum, bytes, n_bytes);
        rig_sum_number(sum, device->write_bytes);
        rig_sum_number(sum, device->erased);
        rig_sum_number(sum, device->rewrite_forbidden);
        rig_sum_number(sum, device->no_erase);
        rig_sum_number(sum, device->torn_is_error);
        for (guint k = 0; k < device->n_regions; k++) {
            rig_sum_number(sum, device->regions[k].sector_bytes);
            rig_sum_number(sum, device->regions[k].n_sectors);
        }
    }
}

struct build_id {
    const guint8 *bytes; /* NULL: the linker left none */
    gsize n_bytes;
};

static gsize aligned(gsize n_bytes)
{
    return (n_bytes + 3) & ~(gsize)3;
}

static void look_for_build_id(const guint8 *notes, gsize n_notes, struct build_id *id)
{
    ElfW(Nhdr) note;

    while (!id->bytes && n_notes >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        gsize n_all = sizeof note + aligned(note.n_namesz) + aligned(note.n_descsz);

        if (n_all > n_notes)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + sizeof note, "GNU", 4) == 0)
            *id = (struct build_id){notes + sizeof note + 4, note.n_descsz};
        notes += n_all;
        n_notes -= n_all;
    }
}

/* Of the first object, which is the program itself. */
static int look_at_object(struct dl_phdr_info *object, size_t n_object, void *user)
{
    (void)n_object;
    for (guint i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_NOTE)
            look_for_build_id((const guint8 *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr),
                              object->dlpi_phdr[i].p_memsz, user);
    return 1;
}

/* The model and the judgement are this program's: another build may explore otherwise. */
static void sum_program(GChecksum *sum)
{
    struct build_id id = {.bytes = NULL};

    dl_iterate_phdr(look_at_object, &id);
    if (id.bytes) {
        rig_sum_bytes(sum, id.bytes, id.n_bytes);
        return;
    }
    g_autoptr(GMappedFile) program = g_mapped_file_new("/proc/self/exe", FALSE, NULL);

    if (program)
        rig_sum_bytes(sum, (const guint8 *)g_mapped_file_get_contents(program),
                      g_mapped_file_get_length(program));
}

char *rig_explore_fingerprint(const struct rig_explore_plan *plan)
{
    const guint64 numbers[] = {plan->n_done,    plan->torn_write, plan->torn_erase,    plan->invariants,
                               plan->max_boots, plan->max_erases, plan->life.n_actions};
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    sum_program(sum);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        rig_sum_number(sum, numbers[i]);
    for (guint i = 0; i < plan->life.n_actions; i++)
        rig_sum_number(sum, plan->life.actions[i]);
    for (guint i = 0; i < RIG_N_EXPLORE_IMAGES; i++) {
        rig_sum_bytes(sum, plan->images[i].bytes, plan->images[i].n_bytes);
        rig_sum_bytes(sum, (const guint8 *)plan->images[i].name, strlen(plan->images[i].name));
        rig_sum_number(sum, plan->images[i].verified);
        rig_sum_number(sum, plan->images[i].encrypted);
        if (plan->images[i].second_bytes)
            rig_sum_bytes(sum, plan->images[i].second_bytes, plan->images[i].n_second_bytes);
    }
    sum_flash(sum, plan->subject->flash);
    plan->subject->ops->identify(plan->subject, sum);
    return g_strdup(g_checksum_get_string(sum));
}
