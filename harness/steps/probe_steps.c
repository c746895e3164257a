/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs: halt, resume, expect-memory, wait-memory, dump-slot: what a person does at the debugger. */
#include "steps/verbs.h"

#include "base/error.h"
#include "report/output.h"

#include <string.h>

#define MAX_EXPECTED_BYTES 4096u

static const struct rig_shape no_arguments = {.name = "none", .n_fields = 0};
static const char *const needs_debug[] = {"debug", NULL};
static const char *const needs_probe[] = {"probe", NULL};

static void run_halt(struct rig_run *run, const struct rig_step *step)
{
    GError *error = NULL;

    (void)step;
    if (!run->board->probe->ops->halt(run->board->probe, &error))
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_halt = {
    .name = "halt",
    .family = "probe",
    .about = "Stops the core through the debug probe. A halted board does nothing: no console, no radio, no "
             "flash work, until `resume` or `reset`.",
    .shape = &no_arguments,
    .within_us = 20u * 1000 * 1000,
    .at_once = true,
    .needs = needs_debug,
    .example = "halt:",
    .run = run_halt,
};

static void run_resume(struct rig_run *run, const struct rig_step *step)
{
    GError *error = NULL;

    (void)step;
    if (!run->board->probe->ops->resume(run->board->probe, &error))
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_resume = {
    .name = "resume",
    .family = "probe",
    .about = "Lets a halted core go on from where it stands.",
    .shape = &no_arguments,
    .within_us = 20u * 1000 * 1000,
    .at_once = true,
    .needs = needs_debug,
    .example = "resume:",
    .run = run_resume,
};

/* Of expect-memory and wait-memory. */
struct memory_arguments {
    guint32 address;
    guint32 mask;
    const struct rig_numbers *words;
    GBytes *bytes; /* expect-memory */
    bool changes;  /* wait-memory */
};
#define FIELD_ADDRESS                                                                                        \
    RIG_FIELD("address", COUNT, struct memory_arguments, address, .required = true, .max = 0xffffffffu,      \
              .about = "Where, in the memory map of the chip: `0x20000400`.")
#define FIELD_MASK                                                                                           \
    RIG_FIELD("mask", COUNT, struct memory_arguments, mask, .default_text = "0xffffffff", .min = 1,          \
              .max = 0xffffffffu, .about = "The bits of the word that count.")

/* A word of memory, as read last. */
struct watched_word {
    struct rig_run *run;
    guint32 address;
    guint32 mask;
    const struct rig_numbers *wanted; /* NULL: any other than `before` */
    guint32 before;
    guint32 seen;
    GError *error; /* the read failed */
};

static bool read_word(struct rig_run *run, guint32 address, guint32 *word, GError **error)
{
    struct rig_probe *probe = run->board->probe;
    guint8 bytes[4];

    if (!probe->ops->read_memory(probe, address, bytes, sizeof bytes, error))
        return false;
    *word = (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
    return true;
}

static bool is_wanted(const struct watched_word *word)
{
    if (!word->wanted)
        return (word->seen & word->mask) != (word->before & word->mask);
    for (gsize i = 0; i < word->wanted->n; i++)
        if ((word->seen & word->mask) == (word->wanted->items[i] & word->mask))
            return true;
    return false;
}

/* "0x00000001 or 0x00000002 (under mask 0x000000ff)". */
static char *wanted_text(const struct watched_word *word)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; word->wanted && i < word->wanted->n; i++)
        g_string_append_printf(text, "%s0x%08" G_GINT64_MODIFIER "x", i ? " or " : "",
                               word->wanted->items[i]);
    if (!word->wanted)
        g_string_append_printf(text, "another value than 0x%08x", word->before);
    if (word->mask != 0xffffffffu)
        g_string_append_printf(text, " (under mask 0x%08x)", word->mask);
    return g_string_free(text, FALSE);
}

static void expect_word(struct watched_word *word, bool ok)
{
    g_autofree char *what = g_strdup_printf("word at 0x%08x", word->address);
    g_autofree char *expected = wanted_text(word);
    g_autofree char *seen = g_strdup_printf("0x%08x", word->seen);

    rig_run_expect(word->run, ok, what, expected, seen);
}

static const struct rig_field expect_fields[] = {
    FIELD_ADDRESS,
    RIG_FIELD("word", COUNT, struct memory_arguments, words, .list = true, .max = 0xffffffffu,
              .about = "A 32-bit word, little-endian; several = any of them."),
    RIG_FIELD("bytes", HEX, struct memory_arguments, bytes, .min = 1, .max = MAX_EXPECTED_BYTES,
              .about = "Bytes in hex, in their order: `96 f3 b8 3d`."),
    FIELD_MASK,
};
static const char *const word_or_bytes[] = {"word", "bytes", NULL};
static const struct rig_rule expect_rules[] = {
    {.field = "mask", .kind = RIG_RULE_NEEDS, .other = "word"},
    {0},
};
static const struct rig_shape expect_shape = {
    RIG_SHAPE("expect-memory", expect_fields, struct memory_arguments), .exactly_one = word_or_bytes,
    .rules = expect_rules};

static char *hex_text(const guint8 *bytes, gsize n_bytes)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%s%02x", i ? " " : "", bytes[i]);
    return g_string_free(text, FALSE);
}

static void expect_bytes(struct rig_run *run, guint32 address, GBytes *wanted)
{
    struct rig_probe *probe = run->board->probe;
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(wanted, &n_bytes);
    g_autofree guint8 *seen = g_malloc0(n_bytes);
    g_autofree char *what = g_strdup_printf("memory at 0x%08x", address);
    g_autofree char *expected = hex_text(bytes, n_bytes);
    g_autofree char *seen_text = NULL;
    GError *error = NULL;

    if (n_bytes == 0 || n_bytes > MAX_EXPECTED_BYTES) {
        rig_run_error_text(run, "'expect-memory' compares 1 to %u bytes, not %" G_GSIZE_FORMAT,
                           MAX_EXPECTED_BYTES, n_bytes);
        return;
    }
    if (!probe->ops->read_memory(probe, address, seen, n_bytes, &error)) {
        rig_run_error(run, error);
        return;
    }
    seen_text = hex_text(seen, n_bytes);
    rig_run_expect(run, memcmp(seen, bytes, n_bytes) == 0, what, expected, seen_text);
}

static void run_expect_memory(struct rig_run *run, const struct rig_step *step)
{
    const struct memory_arguments *arguments = RIG_ARGUMENTS(step, struct memory_arguments);
    struct watched_word word = {
        .run = run, .address = arguments->address, .mask = arguments->mask, .wanted = arguments->words};
    GError *error = NULL;

    if (arguments->bytes)
        expect_bytes(run, word.address, arguments->bytes);
    else if (!read_word(run, word.address, &word.seen, &error))
        rig_run_error(run, error);
    else
        expect_word(&word, is_wanted(&word));
}

const struct rig_verb rig_verb_expect_memory = {
    .name = "expect-memory",
    .family = "expect",
    .about = "Reads memory through the debug probe, now, and compares it. The board may run meanwhile.",
    .shape = &expect_shape,
    .within_us = 20u * 1000 * 1000,
    .at_once = true,
    .needs = needs_debug,
    .example = "expect-memory: {address: 0x10000100, word: 0x52840}",
    .run = run_expect_memory,
};

static const struct rig_field wait_fields[] = {
    FIELD_ADDRESS,
    RIG_FIELD("word", COUNT, struct memory_arguments, words, .list = true, .max = 0xffffffffu,
              .about = "What the word has to become; several = any of them."),
    RIG_FIELD("changes", FLAG, struct memory_arguments, changes, .min = 1,
              .about = "true: it has to become anything else than it is when the step begins."),
    FIELD_MASK,
};
static const char *const word_or_changes[] = {"word", "changes", NULL};
static const struct rig_shape wait_shape = {RIG_SHAPE("wait-memory", wait_fields, struct memory_arguments),
                                            .exactly_one = word_or_changes};

static bool poll_word(void *user)
{
    struct watched_word *word = user;

    return !read_word(word->run, word->address, &word->seen, &word->error) || is_wanted(word);
}

static void run_wait_memory(struct rig_run *run, const struct rig_step *step)
{
    const struct memory_arguments *arguments = RIG_ARGUMENTS(step, struct memory_arguments);
    struct watched_word word = {
        .run = run, .address = arguments->address, .mask = arguments->mask, .wanted = arguments->words};
    GError *error = NULL;
    bool ok = false;

    if (!read_word(run, word.address, &word.before, &error) ||
        !rig_board_wait_for(run->board, rig_run_deadline_us(run, step), poll_word, &word, &ok, &error))
        rig_run_error(run, error);
    else if (word.error)
        rig_run_error(run, word.error);
    else
        expect_word(&word, ok);
}

const struct rig_verb rig_verb_wait_memory = {
    .name = "wait-memory",
    .family = "expect",
    .about =
        "Reads a word of memory again and again until it has this value, or changes, before the deadline.",
    .shape = &wait_shape,
    .within_us = 10u * 1000 * 1000,
    .needs = needs_debug,
    .example = "wait-memory: {address: 0x20000010, word: 3, mask: 0xff, within: 5s}",
    .run = run_wait_memory,
};

struct write_arguments {
    guint32 address;
    guint32 word;
};
static const struct rig_field write_fields[] = {
    RIG_FIELD("address", COUNT, struct write_arguments, address, .required = true, .max = 0xfffffffcu,
              .about = "Where, in the memory map of the chip, a multiple of 4: `0x4000051c`."),
    RIG_FIELD("word", COUNT, struct write_arguments, word, .required = true, .max = 0xffffffffu,
              .about = "What is written there, 32 bits."),
};
static const struct rig_shape write_shape = {RIG_SHAPE("write-memory", write_fields, struct write_arguments)};

static void run_write_memory(struct rig_run *run, const struct rig_step *step)
{
    const struct write_arguments *arguments = RIG_ARGUMENTS(step, struct write_arguments);
    struct rig_probe *probe = run->board->probe;
    GError *error = NULL;

    if (arguments->address % 4)
        rig_run_error_text(run, "'write-memory' takes an address that is a multiple of 4, not 0x%x",
                           arguments->address);
    else if (!probe->ops->write_word)
        rig_run_unable(run, g_error_new(RIG_ERROR, RIG_ERROR_UNSUPPORTED, "the probe '%s' writes no memory",
                                        probe->ops->name));
    else if (!probe->ops->write_word(probe, arguments->address, arguments->word, &error))
        rig_run_error(run, error);
}

const struct rig_verb rig_verb_write_memory = {
    .name = "write-memory",
    .family = "probe",
    .about = "Writes a word of RAM or of a register through the debug probe, as a person does it who makes a "
             "bootloader wait for an update by GPREGRET.",
    .shape = &write_shape,
    .within_us = 20u * 1000 * 1000,
    .at_once = true,
    .needs = needs_debug,
    .example = "write-memory: {address: 0x4000051c, word: 0xb1}",
    .run = run_write_memory,
};

struct dump_arguments {
    guint32 slot;
    const char *name;
};
static const struct rig_field dump_fields[] = {
    RIG_FIELD("slot", COUNT, struct dump_arguments, slot, .required = true, .max = 4,
              .about = "Slot to read; one past the last is the scratch area."),
    RIG_FIELD("as", NAME, struct dump_arguments, name,
              .about = "Name of the file, without its `.bin`; without it the name of the slot."),
};
static const struct rig_shape dump_shape = {RIG_SHAPE("dump-slot", dump_fields, struct dump_arguments),
                                            .shorthand = "slot"};

static void keep_bytes(struct rig_run *run, const char *slot, const char *name, const guint8 *bytes,
                       gsize n_bytes)
{
    g_autofree char *file = g_strdup_printf("%s.bin", name);
    g_autofree char *sha = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, n_bytes);
    g_autofree char *path = NULL;
    GError *error = NULL;

    path = rig_evidence_file(run->evidence, file, &error);
    if (!path || !rig_file_replace(path, RIG_FILE_PUBLIC, (const char *)bytes, n_bytes, &error))
        rig_run_error(run, error);
    else
        rig_run_note(run, "%s is in %s (%" G_GSIZE_FORMAT " bytes, SHA-256 %.16s...)", slot, path, n_bytes,
                     sha);
}

static void run_dump_slot(struct rig_run *run, const struct rig_step *step)
{
    const struct dump_arguments *arguments = RIG_ARGUMENTS(step, struct dump_arguments);
    struct rig_probe *probe = run->board->probe;
    g_autofree guint8 *bytes = NULL;
    struct rig_slot_reader reader;
    struct rig_image_source source;
    struct rig_slot slot;
    GError *error = NULL;

    if (!rig_slot_open(run, arguments->slot, &reader, &source)) {
        rig_run_error_text(run, "this board has no slot %u", arguments->slot);
        return;
    }
    slot = reader.slot;
    bytes = g_malloc(slot.n_bytes);
    if (!probe->ops->read(probe, slot.device, slot.device_offset, bytes, slot.n_bytes, &error))
        rig_run_error(run, error);
    else
        keep_bytes(run, slot.name, arguments->name ? arguments->name : slot.name, bytes, slot.n_bytes);
}

const struct rig_verb rig_verb_dump_slot = {
    .name = "dump-slot",
    .family = "probe",
    .about = "Reads a whole slot through the probe into a file that is kept with the reports "
             "(`evidence/CASE/NAME.bin`), for `bootrig image info` and other tools.",
    .shape = &dump_shape,
    .within_us = 60u * 1000 * 1000,
    .at_once = true,
    .needs = needs_probe,
    .example = "dump-slot: {slot: 1, as: after-the-cut}",
    .run = run_dump_slot,
};
