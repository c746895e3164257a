/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of the simulated flash: programming, erasing, cuts, counters, contents. */
#include "sim/chip/flash/flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define DEVICE SIM_FLASH_INTERNAL

static struct sim_flash_device_config part(uint8_t erased)
{
    return (struct sim_flash_device_config){
        .name = "internal",
        .regions = {{.sector_bytes = 4096, .n_sectors = 4}, {.sector_bytes = 512, .n_sectors = 8}},
        .n_regions = 2,
        .write_bytes = 4,
        .erased = erased,
        .write_us = 10,
        .erase_us = 1000};
}

static struct sim_flash *make(uint8_t erased, bool rewrite_forbidden)
{
    struct sim_flash_device_config config = part(erased);
    config.rewrite_forbidden = rewrite_forbidden;
    struct sim_flash *flash = sim_flash_new(&config, 1);
    assert_non_null(flash);
    return flash;
}

static uint8_t byte_at(const struct sim_flash *flash, uint32_t offset)
{
    uint8_t byte;
    assert_int_equal(sim_flash_peek(flash, DEVICE, offset, &byte, 1), SIM_OK);
    return byte;
}

static void new_flash_is_erased_everywhere(void **state)
{
    (void)state;
    static const uint8_t values[] = {0xff, 0x00};
    for (size_t i = 0; i < 2; i++) {
        struct sim_flash *flash = make(values[i], false);
        assert_int_equal(sim_flash_bytes(flash, DEVICE), 20480);
        for (uint32_t at = 0; at < 20480; at += 511) {
            assert_int_equal(byte_at(flash, at), values[i]);
        }
        sim_flash_free(flash);
    }
}

static void geometries_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct sim_flash_device_config bad[8];
    for (size_t i = 0; i < 8; i++) {
        bad[i] = part(0xff);
    }
    bad[0].write_bytes = 3;
    bad[1].write_bytes = 64;
    bad[2].n_regions = 0;
    bad[3].n_regions = SIM_FLASH_MAX_REGIONS + 1;
    bad[4].erased = 0x55;
    bad[5].regions[0].sector_bytes = 4098;
    bad[6].regions[0].n_sectors = UINT32_MAX;
    bad[7].regions[1].n_sectors = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_null(sim_flash_new(&bad[i], 1));
    }
    bad[0] = part(0xff); /* a word of 4 bytes has no room for the mark of one that cannot be read */
    bad[0].torn_is_error = true;
    assert_null(sim_flash_new(&bad[0], 1));
    struct sim_flash_device_config good = part(0xff);
    assert_null(sim_flash_new(&good, 0));
    assert_null(sim_flash_new(&good, SIM_FLASH_MAX_DEVICES + 1));
}

static void a_write_only_moves_bits_away_from_the_erased_value(void **state)
{
    (void)state;
    static const uint8_t first[4] = {0x0f, 0xf0, 0xaa, 0xff};
    static const uint8_t second[4] = {0x3c, 0x3c, 0x55, 0x00};
    struct sim_flash *ones = make(0xff, false);
    struct sim_flash *zeros = make(0x00, false);
    assert_int_equal(sim_flash_write(ones, DEVICE, 8, first, 4), SIM_OK);
    assert_int_equal(sim_flash_write(ones, DEVICE, 8, second, 4), SIM_OK);
    assert_int_equal(sim_flash_write(zeros, DEVICE, 8, first, 4), SIM_OK);
    assert_int_equal(sim_flash_write(zeros, DEVICE, 8, second, 4), SIM_OK);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(byte_at(ones, 8 + i), first[i] & second[i]);
        assert_int_equal(byte_at(zeros, 8 + i), first[i] | second[i]);
    }
    sim_flash_free(ones);
    sim_flash_free(zeros);
}

static void a_part_that_forbids_rewriting_refuses_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, true);
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_int_equal(sim_flash_write(flash, DEVICE, 4, bytes, 4), SIM_OK);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, bytes, 8), SIM_NOT_ERASED);
    assert_int_equal(byte_at(flash, 0), 0xff);
    assert_int_equal(byte_at(flash, 4), 1);
    assert_int_equal(sim_flash_n_operations(flash), 1);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4096), SIM_OK);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, bytes, 8), SIM_OK);
    sim_flash_free(flash);
}

static void misaligned_and_outlying_accesses_are_refused(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    uint8_t bytes[8] = {0};
    assert_int_equal(sim_flash_write(flash, DEVICE, 2, bytes, 4), SIM_UNALIGNED);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, bytes, 3), SIM_UNALIGNED);
    assert_int_equal(sim_flash_write(flash, DEVICE, 20476, bytes, 8), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_write(flash, 1, 0, bytes, 4), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_read(flash, DEVICE, 20480, bytes, 1), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_read(flash, DEVICE, UINT32_MAX, bytes, 8), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 512), SIM_UNALIGNED);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 16384, 512), SIM_OK);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 16896, 4096), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_poke(flash, DEVICE, 20479, bytes, 2), SIM_OUT_OF_RANGE);
    sim_flash_free(flash);
}

static void sectors_of_two_sizes_are_found_and_erased_one_by_one(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    uint32_t start, n_bytes;
    assert_true(sim_flash_sector_at(flash, DEVICE, 16383, &start, &n_bytes));
    assert_int_equal(start, 12288);
    assert_int_equal(n_bytes, 4096);
    assert_true(sim_flash_sector_at(flash, DEVICE, 17000, &start, &n_bytes));
    assert_int_equal(start, 16896);
    assert_int_equal(n_bytes, 512);
    assert_false(sim_flash_sector_at(flash, DEVICE, 20480, &start, &n_bytes));
    static const uint8_t zeros[5632] = {0};
    assert_int_equal(sim_flash_write(flash, DEVICE, 12288, zeros, sizeof zeros), SIM_OK);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 12288, 4096 + 2 * 512), SIM_OK);
    assert_int_equal(sim_flash_n_operations(flash), 1 + 3);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 12288), 1);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 16384), 1);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 17408), 0);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 0), 0);
    assert_int_equal(byte_at(flash, 17407), 0xff);
    assert_int_equal(byte_at(flash, 17408), 0x00);
    assert_int_equal(sim_flash_busy_us(flash), 5632 / 4 * 10 + 3 * 1000);
    sim_flash_free(flash);
}

struct seen {
    struct sim_flash_operation last;
    unsigned n;
};

static void see(void *user, const struct sim_flash_operation *operation)
{
    struct seen *seen = user;
    seen->last = *operation;
    seen->n++;
}

static void cut_a_write(enum sim_cut_form form, uint32_t n_landed, bool counted)
{
    struct sim_flash *flash = make(0xff, false);
    struct seen seen = {0};
    static const uint8_t zeros[8] = {0};
    sim_flash_observe(flash, see, &seen);
    sim_flash_arm_cut(flash, 1, form);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, zeros, 8), SIM_OK);
    assert_int_equal(sim_flash_write(flash, DEVICE, 8, zeros, 8), SIM_POWER_LOST);
    assert_false(sim_flash_powered(flash));
    uint8_t byte;
    assert_int_equal(sim_flash_read(flash, DEVICE, 0, &byte, 1), SIM_POWER_LOST);
    assert_int_equal(sim_flash_write(flash, DEVICE, 16, zeros, 8), SIM_POWER_LOST);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4096), SIM_POWER_LOST);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(byte_at(flash, 8 + i), i < n_landed ? 0x00 : 0xff);
    }
    assert_int_equal(byte_at(flash, 16), 0xff);
    assert_int_equal(seen.n, counted ? 2 : 1);
    assert_int_equal(seen.last.torn, counted && n_landed == 4);
    assert_int_equal(sim_flash_n_operations(flash), counted ? 2 : 1);
    sim_flash_power(flash, true);
    assert_int_equal(sim_flash_write(flash, DEVICE, 16, zeros, 8), SIM_OK);
    sim_flash_free(flash);
}

static void a_cut_falls_before_inside_or_after_a_write(void **state)
{
    (void)state;
    cut_a_write(SIM_CUT_BEFORE, 0, false);
    cut_a_write(SIM_CUT_HALF, 4, true);
    cut_a_write(SIM_CUT_AFTER, 8, true);
}

static void a_cut_inside_an_erase_leaves_the_second_half(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    static const uint8_t zeros[8192] = {0};
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, zeros, sizeof zeros), SIM_OK);
    sim_flash_arm_cut(flash, 1, SIM_CUT_HALF);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 8192), SIM_POWER_LOST);
    assert_int_equal(byte_at(flash, 4095), 0xff);
    assert_int_equal(byte_at(flash, 4096 + 2047), 0xff);
    assert_int_equal(byte_at(flash, 4096 + 2048), 0x00);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 4096), 1);
    assert_int_equal(sim_flash_busy_us(flash), 8192 / 4 * 10 + 1000 + 500);
    sim_flash_free(flash);
}

static void an_erase_begins_and_ends_with_a_sector(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 4, 4092), SIM_UNALIGNED);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4092), SIM_UNALIGNED);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 4, 4096), SIM_UNALIGNED);
    assert_int_equal(sim_flash_n_operations(flash), 0);
    sim_flash_free(flash);
}

static void sectors_smaller_than_a_page_are_erased_alone(void **state)
{
    (void)state;
    struct sim_flash_device_config config = part(0xff);
    config.regions[1] = (struct sim_flash_region){.sector_bytes = 128, .n_sectors = 32};
    struct sim_flash *flash = sim_flash_new(&config, 1);
    static const uint8_t zeros[4096] = {0};
    assert_non_null(flash);
    assert_int_equal(sim_flash_write(flash, DEVICE, 16384, zeros, sizeof zeros), SIM_OK);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 16384 + 1024, 128), SIM_OK);
    assert_int_equal(byte_at(flash, 16384 + 1023), 0x00);
    assert_int_equal(byte_at(flash, 16384 + 1024), 0xff);
    assert_int_equal(byte_at(flash, 16384 + 1024 + 127), 0xff);
    assert_int_equal(byte_at(flash, 16384 + 1024 + 128), 0x00);
    sim_flash_free(flash);
}

static void one_byte_that_is_not_erased_forbids_a_write(void **state)
{
    (void)state;
    static const uint8_t zeros[32] = {0};
    for (uint32_t at = 0; at < sizeof zeros; at += 4) {
        struct sim_flash *flash = make(0xff, true);
        assert_int_equal(sim_flash_write(flash, DEVICE, at, (const uint8_t *)"\xff\xff\xff", 4), SIM_OK);
        assert_int_equal(sim_flash_write(flash, DEVICE, 0, zeros, sizeof zeros), SIM_NOT_ERASED);
        sim_flash_free(flash);
    }
}

static void nothing_is_no_operation(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, NULL, 0), SIM_OK);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 0), SIM_OK);
    assert_int_equal(sim_flash_n_operations(flash), 0);
    sim_flash_free(flash);
}

static void a_disarmed_cut_does_not_fall(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    static const uint8_t zeros[4] = {0};
    sim_flash_arm_cut(flash, 0, SIM_CUT_BEFORE);
    sim_flash_disarm_cut(flash);
    assert_int_equal(sim_flash_write(flash, DEVICE, 0, zeros, 4), SIM_OK);
    sim_flash_free(flash);
}

static void operations_are_counted_over_all_devices(void **state)
{
    (void)state;
    struct sim_flash_device_config configs[2] = {part(0xff), part(0x00)};
    struct sim_flash *flash = sim_flash_new(configs, 2);
    static const uint8_t bytes[4] = {1, 2, 3, 4};
    struct seen seen = {0};
    sim_flash_observe(flash, see, &seen);
    assert_int_equal(sim_flash_write(flash, SIM_FLASH_INTERNAL, 0, bytes, 4), SIM_OK);
    assert_int_equal(sim_flash_write(flash, SIM_FLASH_EXTERNAL, 4, bytes, 4), SIM_OK);
    assert_int_equal(sim_flash_erase(flash, SIM_FLASH_EXTERNAL, 0, 4096), SIM_OK);
    assert_int_equal(seen.last.number, 2);
    assert_int_equal(seen.last.kind, SIM_FLASH_ERASE);
    assert_int_equal(seen.last.device, SIM_FLASH_EXTERNAL);
    assert_null(seen.last.bytes);
    sim_flash_free(flash);
}

static void a_probe_reads_and_writes_without_power_and_without_a_trace(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, true);
    uint8_t bytes[3] = {7, 8, 9};
    sim_flash_power(flash, false);
    assert_int_equal(sim_flash_poke(flash, DEVICE, 1023, bytes, 3), SIM_OK);
    bytes[0] = 0xff;
    assert_int_equal(sim_flash_poke(flash, DEVICE, 1023, bytes, 1), SIM_OK);
    assert_int_equal(byte_at(flash, 1023), 0xff);
    assert_int_equal(byte_at(flash, 1025), 9);
    assert_int_equal(sim_flash_n_operations(flash), 0);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 0), 0);
    sim_flash_free(flash);
}

static void kept_contents_do_not_change_and_come_back(void **state)
{
    (void)state;
    struct sim_flash *flash = make(0xff, false);
    static const uint8_t zeros[4096] = {0};
    struct sim_flash_content *empty = sim_flash_keep(flash);
    assert_int_equal(sim_flash_write(flash, DEVICE, 1000, zeros, 2000), SIM_OK);
    struct sim_flash_content *written = sim_flash_keep(flash);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4096), SIM_OK);
    struct sim_flash_content *erased = sim_flash_keep(flash);
    assert_true(sim_flash_content_equal(empty, erased));
    assert_int_equal(sim_flash_content_hash(empty), sim_flash_content_hash(erased));
    assert_false(sim_flash_content_equal(empty, written));
    assert_int_not_equal(sim_flash_content_hash(empty), sim_flash_content_hash(written));
    sim_flash_restore(flash, written);
    assert_int_equal(byte_at(flash, 999), 0xff);
    assert_int_equal(byte_at(flash, 1000), 0);
    assert_int_equal(byte_at(flash, 2999), 0);
    assert_int_equal(byte_at(flash, 3000), 0xff);
    sim_flash_restore(flash, empty);
    assert_int_equal(byte_at(flash, 1000), 0xff);
    sim_flash_content_free(empty);
    sim_flash_content_free(erased);
    sim_flash_free(flash);
    sim_flash_content_free(written);
}

static void equal_contents_are_equal_whatever_their_history(void **state)
{
    (void)state;
    struct sim_flash *a = make(0xff, false);
    struct sim_flash *b = make(0xff, false);
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t erased[2048];
    memset(erased, 0xff, sizeof erased);
    assert_int_equal(sim_flash_write(a, DEVICE, 0, bytes, 8), SIM_OK);
    assert_int_equal(sim_flash_write(b, DEVICE, 4, bytes + 4, 4), SIM_OK);
    assert_int_equal(sim_flash_poke(b, DEVICE, 8192, erased, sizeof erased), SIM_OK);
    assert_int_equal(sim_flash_write(b, DEVICE, 0, bytes, 4), SIM_OK);
    struct sim_flash_content *kept_a = sim_flash_keep(a);
    struct sim_flash_content *kept_b = sim_flash_keep(b);
    assert_true(sim_flash_content_equal(kept_a, kept_b));
    assert_int_equal(sim_flash_content_hash(kept_a), sim_flash_content_hash(kept_b));
    uint64_t hash_a[2], hash_b[2];
    assert_true(sim_flash_range_hash(a, DEVICE, 0, 5000, hash_a));
    assert_true(sim_flash_range_hash(b, DEVICE, 0, 5000, hash_b));
    assert_memory_equal(hash_a, hash_b, sizeof hash_a);
    assert_int_equal(sim_flash_write(a, DEVICE, 4096, bytes, 4), SIM_OK);
    assert_true(sim_flash_range_hash(a, DEVICE, 0, 5000, hash_a));
    assert_memory_not_equal(hash_a, hash_b, sizeof hash_a);
    assert_false(sim_flash_range_hash(a, DEVICE, 20000, 500, hash_a));
    sim_flash_content_free(kept_a);
    sim_flash_content_free(kept_b);
    sim_flash_free(a);
    sim_flash_free(b);
}

static void memory_without_erase_takes_every_write_and_erases_by_writing(void **state)
{
    (void)state;
    struct sim_flash_device_config config = part(0xff);
    config.rewrite_forbidden = config.no_erase = true;
    struct sim_flash *flash = sim_flash_new(&config, 1);
    static const uint8_t first[4] = {0x0f, 0x0f, 0x0f, 0x0f}, second[4] = {0xf0, 0xf0, 0xf0, 0xf0};
    assert_int_equal(sim_flash_write(flash, DEVICE, 8, first, 4), SIM_OK);
    assert_int_equal(sim_flash_write(flash, DEVICE, 8, second, 4), SIM_OK);
    assert_int_equal(byte_at(flash, 8), 0xf0);
    /* No sectors: any range of whole units. */
    assert_int_equal(sim_flash_erase(flash, DEVICE, 8, 100), SIM_OK);
    assert_int_equal(byte_at(flash, 8), 0xff);
    assert_int_equal(sim_flash_n_operations(flash), 2 + 4);
    assert_int_equal(sim_flash_erase_count(flash, DEVICE, 8), 0);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 9, 3), SIM_UNALIGNED);
    sim_flash_free(flash);
}

static struct sim_flash *with_ecc(void)
{
    struct sim_flash_device_config config = part(0xff);
    config.write_bytes = 16;
    config.rewrite_forbidden = config.torn_is_error = true;
    struct sim_flash *flash = sim_flash_new(&config, 1);
    assert_non_null(flash);
    return flash;
}

static void cut_write(struct sim_flash *flash, uint32_t offset, size_t n_bytes)
{
    uint8_t bytes[64] = {0};
    sim_flash_arm_cut(flash, 0, SIM_CUT_HALF);
    assert_int_equal(sim_flash_write(flash, DEVICE, offset, bytes, n_bytes), SIM_POWER_LOST);
    sim_flash_power(flash, true);
}

static void a_word_that_power_was_lost_in_cannot_be_read_until_it_is_erased(void **state)
{
    (void)state;
    struct sim_flash *flash = with_ecc();
    uint8_t bytes[64] = {0};
    cut_write(flash, 0, 64);
    assert_int_equal(sim_flash_read(flash, DEVICE, 0, bytes, 32), SIM_OK);
    assert_int_equal(sim_flash_read(flash, DEVICE, 31, bytes, 2), SIM_UNREADABLE);
    assert_int_equal(sim_flash_read(flash, DEVICE, 47, bytes, 1), SIM_UNREADABLE);
    assert_int_equal(sim_flash_read(flash, DEVICE, 48, bytes, 16), SIM_OK);
    assert_int_equal(bytes[0], 0xff);
    cut_write(flash, 512, 16);
    assert_int_equal(sim_flash_read(flash, DEVICE, 512, bytes, 1), SIM_UNREADABLE);
    assert_int_equal(sim_flash_write(flash, DEVICE, 512, bytes, 16), SIM_NOT_ERASED);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4096), SIM_OK);
    assert_int_equal(sim_flash_read(flash, DEVICE, 0, bytes, 64), SIM_OK);
    sim_flash_free(flash);
}

static void an_erase_that_is_cut_leaves_words_that_cannot_be_read(void **state)
{
    (void)state;
    struct sim_flash *flash = with_ecc();
    uint8_t bytes[16] = {0};
    assert_int_equal(sim_flash_write(flash, DEVICE, 16, bytes, 16), SIM_OK);
    assert_int_equal(sim_flash_write(flash, DEVICE, 4000, bytes, 16), SIM_OK);
    sim_flash_arm_cut(flash, 0, SIM_CUT_HALF);
    assert_int_equal(sim_flash_erase(flash, DEVICE, 0, 4096), SIM_POWER_LOST);
    sim_flash_power(flash, true);
    assert_int_equal(sim_flash_read(flash, DEVICE, 0, bytes, 16), SIM_OK);
    assert_int_equal(sim_flash_read(flash, DEVICE, 4000, bytes, 16), SIM_UNREADABLE);
    assert_int_equal(sim_flash_read(flash, DEVICE, 3984, bytes, 16), SIM_OK);
    /* It is in the content, whatever its way there. */
    struct sim_flash_content *content = sim_flash_keep(flash);
    struct sim_flash *other = with_ecc();
    sim_flash_restore(other, content);
    assert_int_equal(sim_flash_read(other, DEVICE, 4000, bytes, 16), SIM_UNREADABLE);
    sim_flash_content_free(content);
    sim_flash_free(other);
    sim_flash_free(flash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_flash_is_erased_everywhere),
        cmocka_unit_test(geometries_that_cannot_be_are_refused),
        cmocka_unit_test(a_write_only_moves_bits_away_from_the_erased_value),
        cmocka_unit_test(a_part_that_forbids_rewriting_refuses_and_keeps_its_bytes),
        cmocka_unit_test(misaligned_and_outlying_accesses_are_refused),
        cmocka_unit_test(sectors_of_two_sizes_are_found_and_erased_one_by_one),
        cmocka_unit_test(a_cut_falls_before_inside_or_after_a_write),
        cmocka_unit_test(a_cut_inside_an_erase_leaves_the_second_half),
        cmocka_unit_test(an_erase_begins_and_ends_with_a_sector),
        cmocka_unit_test(sectors_smaller_than_a_page_are_erased_alone),
        cmocka_unit_test(one_byte_that_is_not_erased_forbids_a_write),
        cmocka_unit_test(nothing_is_no_operation),
        cmocka_unit_test(a_disarmed_cut_does_not_fall),
        cmocka_unit_test(operations_are_counted_over_all_devices),
        cmocka_unit_test(a_probe_reads_and_writes_without_power_and_without_a_trace),
        cmocka_unit_test(kept_contents_do_not_change_and_come_back),
        cmocka_unit_test(equal_contents_are_equal_whatever_their_history),
        cmocka_unit_test(memory_without_erase_takes_every_write_and_erases_by_writing),
        cmocka_unit_test(a_word_that_power_was_lost_in_cannot_be_read_until_it_is_erased),
        cmocka_unit_test(an_erase_that_is_cut_leaves_words_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
