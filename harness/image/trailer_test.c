/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trailer layouts against the numbers of the reference sheet, decoding, and the decision table row by row. */
#include "image/trailer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SLOT 131072u

/* A slot in memory; n_readable bounds what can be read, so that a failing probe can be played. */
struct slot {
    uint8_t bytes[SLOT];
    uint32_t n_readable;
};

static bool read_slot(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct slot *slot = user;
    if (offset > slot->n_readable || n_bytes > slot->n_readable - offset) {
        return false;
    }
    memcpy(into, slot->bytes + offset, n_bytes);
    return true;
}

static struct rig_trailer_geometry geometry_of(enum rig_swap_mode mode, uint32_t slot_bytes,
                                               uint32_t write_bytes, uint32_t align)
{
    return (struct rig_trailer_geometry){.mode = mode,
                                         .slot_bytes = slot_bytes,
                                         .write_bytes = write_bytes,
                                         .max_align = align,
                                         .max_sectors = 128,
                                         .erased = 0xff};
}

struct row {
    enum rig_swap_mode mode;
    uint32_t slot_bytes, write_bytes, align, max_sectors;
    uint32_t n_bytes, status, swap_size, tlv_sizes, swap_info, copy_done, image_ok, magic;
};

static const struct row rows[] = {
    {RIG_SWAP_MOVE, SLOT, 8, 8, 128, 3120, 127952, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_SCRATCH, SLOT, 8, 8, 128, 3120, 127952, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_OVERWRITE, SLOT, 8, 8, 128, 3120, 127952, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_MOVE, SLOT, 4, 8, 128, 1584, 129488, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_SCRATCH, SLOT, 4, 8, 128, 1584, 129488, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_OVERWRITE, SLOT, 4, 8, 128, 1584, 129488, 131024, 0, 131032, 131040, 131048, 131056},
    {RIG_SWAP_OFFSET, SLOT, 8, 8, 128, 2104, 128968, 131016, 131024, 131032, 131040, 131048, 131056},
    {RIG_SWAP_OFFSET, SLOT, 4, 8, 128, 1080, 129992, 131016, 131024, 131032, 131040, 131048, 131056},
    {RIG_SWAP_SCRATCH, 4096, 8, 8, 1, 72, 4024, 4048, 0, 4056, 4064, 4072, 4080},
    {RIG_SWAP_SCRATCH, 4096, 4, 8, 1, 60, 4036, 4048, 0, 4056, 4064, 4072, 4080},
    {RIG_SWAP_MOVE, 262144, 8, 8, 128, 3120, 259024, 262096, 0, 262104, 262112, 262120, 262128},
    {RIG_SWAP_OFFSET, 262144, 8, 8, 128, 2104, 260040, 262088, 262096, 262104, 262112, 262120, 262128},
    {RIG_SWAP_MOVE, SLOT, 16, 16, 128, 6224, 124848, 130992, 0, 131008, 131024, 131040, 131056},
    {RIG_SWAP_OFFSET, SLOT, 16, 16, 128, 4192, 126880, 130976, 130992, 131008, 131024, 131040, 131056},
    {RIG_SWAP_MOVE, SLOT, 32, 32, 128, 12448, 118624, 130912, 0, 130944, 130976, 131008, 131056},
    {RIG_SWAP_OFFSET, SLOT, 32, 32, 128, 8384, 122688, 130880, 130912, 130944, 130976, 131008, 131056},
};

static void layouts_are_those_of_the_worked_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct rig_trailer_geometry geometry =
            geometry_of(row->mode, row->slot_bytes, row->write_bytes, row->align);
        geometry.max_sectors = row->max_sectors;
        struct rig_trailer_layout layout;
        assert_true(rig_trailer_layout(&geometry, &layout));
        assert_int_equal(layout.n_bytes, row->n_bytes);
        assert_int_equal(layout.status, row->status);
        assert_int_equal(layout.swap_size, row->swap_size);
        assert_int_equal(layout.tlv_sizes, row->tlv_sizes);
        assert_int_equal(layout.swap_info, row->swap_info);
        assert_int_equal(layout.copy_done, row->copy_done);
        assert_int_equal(layout.image_ok, row->image_ok);
        assert_int_equal(layout.magic, row->magic);
        assert_int_equal(layout.states, row->mode == RIG_SWAP_OFFSET ? 2 : 3);
    }
}

static void geometries_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct rig_trailer_layout layout;
    const struct rig_trailer_geometry good = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);
    struct rig_trailer_geometry bad[10];
    for (size_t i = 0; i < 10; i++) {
        bad[i] = good;
    }
    bad[0].write_bytes = 0;
    bad[1].write_bytes = 3;
    bad[2].write_bytes = 16; /* above the largest alignment */
    bad[3].max_align = 64;
    bad[4].max_align = 4;
    bad[5].max_sectors = 0;
    bad[6].max_sectors = UINT32_MAX;
    bad[7].slot_bytes = 3112; /* one record short */
    bad[8].slot_bytes = SLOT + 4;
    bad[9].mode = (enum rig_swap_mode)9;
    for (size_t i = 0; i < 10; i++) {
        assert_false(rig_trailer_layout(&bad[i], &layout));
    }
    struct rig_trailer_geometry smallest = good;
    smallest.slot_bytes = 3120;
    assert_true(rig_trailer_layout(&smallest, &layout));
    assert_int_equal(layout.status, 0);
}

static void magic_depends_on_the_largest_alignment(void **state)
{
    (void)state;
    uint8_t magic[RIG_TRAILER_MAGIC_BYTES];
    static const uint8_t of_8[] = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f,
                                   0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80};
    static const uint8_t of_16[] = {0x10, 0,    0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b,
                                    0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a};
    static const uint8_t of_32[] = {0x20, 0,    0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b,
                                    0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a};
    rig_trailer_magic(8, magic);
    assert_memory_equal(magic, of_8, 16);
    rig_trailer_magic(16, magic);
    assert_memory_equal(magic, of_16, 16);
    rig_trailer_magic(32, magic);
    assert_memory_equal(magic, of_32, 16);
}

static void put_magic(struct slot *slot, uint32_t align)
{
    rig_trailer_magic(align, slot->bytes + SLOT - RIG_TRAILER_MAGIC_BYTES);
}

static struct slot erased_slot(uint8_t erased)
{
    struct slot slot = {.n_readable = SLOT};
    memset(slot.bytes, erased, SLOT);
    return slot;
}

static void decode(const struct rig_trailer_geometry *geometry, const struct slot *slot,
                   struct rig_trailer *trailer)
{
    struct rig_image_source source = {.read = read_slot, .user = slot, .n_bytes = SLOT};
    assert_true(rig_trailer_decode(geometry, &source, trailer));
}

static void an_erased_slot_decodes_to_nothing_for_both_erased_values(void **state)
{
    (void)state;
    static const uint8_t values[] = {0xff, 0x00};
    for (size_t i = 0; i < 2; i++) {
        struct slot slot = erased_slot(values[i]);
        struct rig_trailer_geometry geometry = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);
        struct rig_trailer trailer;
        geometry.erased = values[i];
        decode(&geometry, &slot, &trailer);
        assert_int_equal(trailer.magic, RIG_MAGIC_UNSET);
        assert_int_equal(trailer.image_ok, RIG_FLAG_UNSET);
        assert_int_equal(trailer.copy_done, RIG_FLAG_UNSET);
        assert_int_equal(trailer.swap_type, RIG_SWAP_TYPE_NONE);
        assert_true(trailer.swap_info_erased);
        assert_true(trailer.swap_size_erased);
        assert_int_equal(trailer.n_status_used, 0);
        assert_int_equal(trailer.last_status, 0);
        assert_false(trailer.status_has_gap);
    }
}

/* The finished move upgrade of section 2.4 of the sheet. */
static void a_finished_move_upgrade_decodes_as_in_the_worked_example(void **state)
{
    (void)state;
    struct slot slot = erased_slot(0xff);
    for (uint32_t i = 0; i < 4; i++) {
        slot.bytes[127952 + 8 * i] = 1;
        slot.bytes[128976 + 16 * i] = 1;
        slot.bytes[128984 + 16 * i] = 2;
    }
    slot.bytes[131024] = 0x5f;
    slot.bytes[131025] = 0x35;
    slot.bytes[131026] = slot.bytes[131027] = 0;
    slot.bytes[131032] = 0x12;
    slot.bytes[131040] = 1;
    put_magic(&slot, 8);
    struct rig_trailer_geometry geometry = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);
    struct rig_trailer trailer;
    decode(&geometry, &slot, &trailer);
    assert_int_equal(trailer.magic, RIG_MAGIC_GOOD);
    assert_int_equal(trailer.copy_done, RIG_FLAG_SET);
    assert_int_equal(trailer.image_ok, RIG_FLAG_UNSET);
    assert_int_equal(trailer.swap_type, RIG_SWAP_TYPE_TEST);
    assert_int_equal(trailer.image, 1);
    assert_int_equal(trailer.swap_size, 13663);
    assert_int_equal(trailer.n_status_used, 12);
    assert_int_equal(trailer.last_status, 128 + 8);
    assert_true(trailer.status_has_gap);
    char text[RIG_TRAILER_STATUS_TEXT_BYTES];
    rig_trailer_status_text(&geometry, &trailer, text);
    assert_string_equal(text, "swapping sector 4, state 1");
}

/* As bootutil reads it: what is erased before the first record is no gap, what is erased behind one is. */
static void a_gap_lies_between_two_records(void **state)
{
    static const struct {
        uint32_t used[3]; /* 0: none */
        bool gap;
    } gaps[] = {
        {{1, 2, 3}, false}, {{2, 3, 0}, false}, {{5, 0, 0}, false}, {{1, 3, 0}, true}, {{2, 3, 6}, true}};
    struct rig_trailer_geometry geometry = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);

    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct slot slot = erased_slot(0xff);
        struct rig_trailer trailer;

        for (size_t k = 0; k < 3 && gaps[i].used[k]; k++)
            slot.bytes[127952 + 8 * (gaps[i].used[k] - 1)] = 1;
        decode(&geometry, &slot, &trailer);
        assert_int_equal(trailer.status_has_gap, gaps[i].gap);
    }
}

static void corrupted_fields_decode_as_bad(void **state)
{
    (void)state;
    struct slot slot = erased_slot(0xff);
    put_magic(&slot, 8);
    slot.bytes[SLOT - 1] ^= 1;
    slot.bytes[131040] = 2;
    slot.bytes[131048] = 0;
    slot.bytes[131032] = 0x15; /* type 5 is never stored */
    struct rig_trailer_geometry geometry = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);
    struct rig_trailer trailer;
    decode(&geometry, &slot, &trailer);
    assert_int_equal(trailer.magic, RIG_MAGIC_BAD);
    assert_int_equal(trailer.copy_done, RIG_FLAG_BAD);
    assert_int_equal(trailer.image_ok, RIG_FLAG_BAD);
    assert_int_equal(trailer.swap_type, RIG_SWAP_TYPE_NONE);
    assert_int_equal(trailer.image, 0);
    assert_false(trailer.swap_info_erased);
}

static void a_slot_that_cannot_be_read_is_said_so(void **state)
{
    (void)state;
    struct slot slot = erased_slot(0xff);
    struct rig_trailer_geometry geometry = geometry_of(RIG_SWAP_MOVE, SLOT, 8, 8);
    struct rig_image_source source = {.read = read_slot, .user = &slot, .n_bytes = SLOT};
    struct rig_trailer trailer;
    slot.n_readable = SLOT - 1;
    assert_false(rig_trailer_decode(&geometry, &source, &trailer));
    slot.n_readable = SLOT;
    source.n_bytes = SLOT - 8;
    assert_false(rig_trailer_decode(&geometry, &source, &trailer));
    source.n_bytes = SLOT;
    assert_true(rig_trailer_decode(&geometry, &source, &trailer));
}

static void status_text(enum rig_swap_mode mode, uint32_t last, const char *expected)
{
    struct rig_trailer_geometry geometry = geometry_of(mode, SLOT, 8, 8);
    struct rig_trailer trailer = {.n_status_used = last, .last_status = last};
    char text[RIG_TRAILER_STATUS_TEXT_BYTES];
    rig_trailer_status_text(&geometry, &trailer, text);
    assert_string_equal(text, expected);
}

static void status_records_are_put_in_words(void **state)
{
    (void)state;
    status_text(RIG_SWAP_MOVE, 0, "nothing started");
    status_text(RIG_SWAP_MOVE, 3, "moved 3 of ? sectors");
    status_text(RIG_SWAP_MOVE, 128 + 4, "swapping sector 2, state 1");
    status_text(RIG_SWAP_MOVE, 128 + 5, "swapping sector 2, state 2");
    status_text(RIG_SWAP_OFFSET, 1, "swapping step 0, state 2");
    status_text(RIG_SWAP_SCRATCH, 5, "swapping step 1, state 3");
    status_text(RIG_SWAP_OVERWRITE, 2, "2 stray records");
}

#define ANY (-1)
struct decision {
    int primary_magic, primary_ok, primary_done, secondary_magic, secondary_ok, secondary_done;
    enum rig_swap_type type;
};
/* Rows of section 3.1 in their order; the first that matches wins. Row 0 is for offset mode only. */
static const struct decision table[] = {
    {ANY, ANY, ANY, RIG_MAGIC_GOOD, RIG_FLAG_UNSET, RIG_FLAG_SET, RIG_SWAP_TYPE_REVERT},
    {ANY, ANY, ANY, RIG_MAGIC_GOOD, RIG_FLAG_UNSET, ANY, RIG_SWAP_TYPE_TEST},
    {ANY, ANY, ANY, RIG_MAGIC_GOOD, RIG_FLAG_SET, ANY, RIG_SWAP_TYPE_PERM},
    {RIG_MAGIC_GOOD, RIG_FLAG_UNSET, RIG_FLAG_SET, ANY, ANY, ANY, RIG_SWAP_TYPE_REVERT},
    {ANY, ANY, ANY, ANY, ANY, ANY, RIG_SWAP_TYPE_NONE},
};

static bool fits(int wanted, int seen)
{
    return wanted == ANY || wanted == seen;
}

static enum rig_swap_type by_table(enum rig_swap_mode mode, const struct rig_trailer *primary,
                                   const struct rig_trailer *secondary)
{
    size_t row = mode == RIG_SWAP_OFFSET ? 0 : 1;
    while (!(fits(table[row].primary_magic, (int)primary->magic) &&
             fits(table[row].primary_ok, (int)primary->image_ok) &&
             fits(table[row].primary_done, (int)primary->copy_done) &&
             fits(table[row].secondary_magic, (int)secondary->magic) &&
             fits(table[row].secondary_ok, (int)secondary->image_ok) &&
             fits(table[row].secondary_done, (int)secondary->copy_done))) {
        row++;
    }
    return table[row].type;
}

static void decisions_follow_the_table_for_every_pair_of_trailers(void **state)
{
    (void)state;
    unsigned n_seen[6] = {0};
    for (unsigned code = 0; code < 4 * 729; code++) {
        unsigned rest = code / 4;
        enum rig_swap_mode mode = (enum rig_swap_mode)(code % 4);
        struct rig_trailer primary = {.magic = rest % 3, .image_ok = rest / 3 % 3, .copy_done = rest / 9 % 3};
        struct rig_trailer secondary = {
            .magic = rest / 27 % 3, .image_ok = rest / 81 % 3, .copy_done = rest / 243 % 3};
        enum rig_swap_type type = rig_trailer_decide(mode, &primary, &secondary);
        assert_int_equal(type, by_table(mode, &primary, &secondary));
        n_seen[type]++;
    }
    assert_true(n_seen[RIG_SWAP_TYPE_TEST] > 0 && n_seen[RIG_SWAP_TYPE_PERM] > 0 &&
                n_seen[RIG_SWAP_TYPE_REVERT] > 0 && n_seen[RIG_SWAP_TYPE_NONE] > 0);
}

static void names_go_there_and_back(void **state)
{
    (void)state;
    for (int mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++) {
        enum rig_swap_mode found;
        assert_true(rig_swap_mode_from_name(rig_swap_mode_name((enum rig_swap_mode)mode), &found));
        assert_int_equal(found, mode);
    }
    enum rig_swap_mode untouched;
    assert_false(rig_swap_mode_from_name("moves", &untouched));
    assert_string_equal(rig_swap_type_name(RIG_SWAP_TYPE_PERM), "permanent");
    assert_string_equal(rig_trailer_magic_name(RIG_MAGIC_BAD), "bad");
    assert_string_equal(rig_trailer_flag_name(RIG_FLAG_SET), "set");
}

/* [SRC mcuboot boot/bootutil/src/bootutil_area.c boot_enc_key_off()]: the keys stand below swap_size, and
 * push the records down. */
static void image_keys_stand_between_the_records_and_the_swap_size(void **state)
{
    static const struct {
        enum rig_swap_mode mode;
        uint32_t align, key_bytes, swap_size, keys, status, n_bytes;
    } cases[] = {
        {RIG_SWAP_MOVE, 8, 16, 131024, 130992, 127920, 3152},
        {RIG_SWAP_SCRATCH, 8, 32, 131024, 130960, 127888, 3184},
        {RIG_SWAP_OFFSET, 8, 16, 131016, 130984, 128936, 2136},
        {RIG_SWAP_MOVE, 32, 16, 130912, 130848, 118560, 12512},
        {RIG_SWAP_MOVE, 8, 113, 131024, 130784, 127712, 3360},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t unit = cases[i].align;
        struct rig_trailer_geometry geometry = geometry_of(cases[i].mode, SLOT, unit, cases[i].align);
        struct rig_trailer_layout layout;
        geometry.key_bytes = cases[i].key_bytes;
        assert_true(rig_trailer_layout(&geometry, &layout));
        assert_int_equal(layout.swap_size, cases[i].swap_size);
        assert_int_equal(layout.keys, cases[i].keys);
        assert_int_equal(layout.status, cases[i].status);
        assert_int_equal(layout.n_bytes, cases[i].n_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_keys_stand_between_the_records_and_the_swap_size),
        cmocka_unit_test(layouts_are_those_of_the_worked_example),
        cmocka_unit_test(geometries_that_cannot_be_are_refused),
        cmocka_unit_test(magic_depends_on_the_largest_alignment),
        cmocka_unit_test(an_erased_slot_decodes_to_nothing_for_both_erased_values),
        cmocka_unit_test(a_finished_move_upgrade_decodes_as_in_the_worked_example),
        cmocka_unit_test(a_gap_lies_between_two_records),
        cmocka_unit_test(corrupted_fields_decode_as_bad),
        cmocka_unit_test(a_slot_that_cannot_be_read_is_said_so),
        cmocka_unit_test(status_records_are_put_in_words),
        cmocka_unit_test(decisions_follow_the_table_for_every_pair_of_trailers),
        cmocka_unit_test(names_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
