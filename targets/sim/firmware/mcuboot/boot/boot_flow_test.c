/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot flow: what is decided, refused, confirmed, reverted and said, with one image. */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define FOR_EACH_SWAP_MODE(mode)                                                                             \
    for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OFFSET; mode++)
#define FOR_EACH_MODE(mode) for (enum rig_swap_mode mode = RIG_SWAP_MOVE; mode <= RIG_SWAP_OVERWRITE; mode++)

static void make(struct board *board, enum rig_swap_mode mode)
{
    board_make(board, &(struct board_plan){.mode = mode});
}

static bool is_erased(const struct board *board, const struct sim_area *area)
{
    for (uint32_t at = 0; at < area->n_bytes; at++) {
        if (board_byte(board, area, at) != 0xff) {
            return false;
        }
    }
    return true;
}

static bool said(const struct board *board, const char *line)
{
    return strstr(board->log, line) != NULL;
}

static void a_confirmed_image_stays(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, false);
        assert_int_equal(sim_boot_swap_type(&board.config, board.flash, 0), RIG_SWAP_TYPE_TEST);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(sim_boot_swap_type(&board.config, board.flash, 0), RIG_SWAP_TYPE_REVERT);
        assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_OK);
        assert_int_equal(sim_boot_swap_type(&board.config, board.flash, 0), RIG_SWAP_TYPE_NONE);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_NONE);
        assert_true(board_runs(&board, &board.fresh));
        board_clear(&board);
    }
}

static void a_permanent_upgrade_needs_no_confirmation(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, true);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_PERM);
        struct rig_trailer trailer = board_trailer(&board, &board.config.primary[0]);
        assert_int_equal(trailer.image_ok, RIG_FLAG_SET);
        assert_int_equal(trailer.copy_done, RIG_FLAG_SET);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        assert_true(board_runs(&board, &board.fresh));
        board_clear(&board);
    }
}

static void a_second_update_works_after_a_confirmed_first_one(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_OK);
        struct rig_bytes third = image_make(10000, 3, board.key, NULL);
        const struct sim_area *secondary = &board.config.secondary[0];
        assert_int_equal(
            sim_flash_erase(board.flash, secondary->device, secondary->offset, secondary->n_bytes), SIM_OK);
        board_put_secondary(&board, 0, &third);
        assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_OK);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &third));
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.fresh));
        rig_bytes_clear(&third);
        board_clear(&board);
    }
}

static void marking_pending_writes_magic_then_image_ok_then_swap_info(void **state)
{
    (void)state;
    static const enum rig_swap_type after_cut[] = {RIG_SWAP_TYPE_NONE, RIG_SWAP_TYPE_TEST,
                                                   RIG_SWAP_TYPE_PERM};
    for (uint64_t cut = 0; cut < 3; cut++) {
        struct board board;
        make(&board, RIG_SWAP_MOVE);
        sim_flash_arm_cut(board.flash, cut, SIM_CUT_BEFORE);
        assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, true), SIM_POWER_LOST);
        sim_flash_power(board.flash, true);
        assert_int_equal(sim_boot_swap_type(&board.config, board.flash, 0), after_cut[cut]);
        struct rig_trailer trailer = board_trailer(&board, &board.config.secondary[0]);
        assert_true(trailer.swap_info_erased);
        assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, true), SIM_OK);
        /* A good magic makes the second call do nothing: the request stays what the cut made of it. */
        assert_int_equal(sim_boot_swap_type(&board.config, board.flash, 0),
                         cut == 0 ? RIG_SWAP_TYPE_PERM : after_cut[cut]);
        board_clear(&board);
    }
}

static void trailers_with_a_bad_magic_are_left_alone_by_the_application(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    const uint8_t junk[4] = {1, 2, 3, 4};
    board_fill(&board, &board.config.secondary[0], junk, 4, board.config.secondary[0].n_bytes - 8);
    board_fill(&board, &board.config.primary[0], junk, 4, board.config.primary[0].n_bytes - 8);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_NOT_ERASED);
    assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_NOT_ERASED);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 1, false), SIM_OUT_OF_RANGE);
    assert_int_equal(sim_flash_n_operations(board.flash), 0);
    board_clear(&board);
    /* Also on a part that would let bits be written twice. */
    board_make(&board, &(struct board_plan){.mode = RIG_SWAP_MOVE, .rewrite_allowed = true});
    board_fill(&board, &board.config.secondary[0], junk, 4, board.config.secondary[0].n_bytes - 8);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_NOT_ERASED);
    assert_int_equal(sim_flash_n_operations(board.flash), 0);
    sim_flash_power(board.flash, false);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_POWER_LOST);
    assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_POWER_LOST);
    board_clear(&board);
}

static void confirming_an_image_that_was_never_swapped_in_writes_nothing(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board_put_primary(&board, 0, &board.old);
    assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_OK);
    assert_int_equal(sim_flash_n_operations(board.flash), 0);
    board_clear(&board);
}

/* Stages bytes instead of the fresh image and expects them to be refused and erased. */
static void refuse(struct board *board, const struct rig_bytes *bytes, enum rig_image_status why)
{
    board_put_primary(board, 0, &board->old);
    board_put_secondary(board, 0, bytes);
    assert_int_equal(sim_boot_set_pending(&board->config, board->flash, 0, true), SIM_OK);
    assert_int_equal(board_boot_counted(board, SIM_BOOT_RUNS), 16);
    assert_int_equal(board->result.secondary[0], why);
    assert_int_equal(board->result.refusal[0], SIM_BOOT_REFUSED_INVALID);
    assert_int_equal(board->result.swap_type[0], RIG_SWAP_TYPE_NONE);
    assert_true(said(board, "Image in the secondary slot is not valid!"));
    assert_true(board_runs(board, &board->old));
    assert_true(is_erased(board, &board->config.secondary[0]));
}

static void wrong_images_are_refused_and_erased_in_every_mode(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        struct rig_bytes not_signed = image_make(13000, 2, NULL, NULL);
        struct rig_bytes by_stranger = image_make(13000, 2, board.stranger, NULL);
        refuse(&board, &not_signed, RIG_IMAGE_NO_SIGNATURE);
        refuse(&board, &by_stranger, RIG_IMAGE_NO_SIGNATURE);
        board.fresh.bytes[5000] ^= 0x10;
        refuse(&board, &board.fresh, RIG_IMAGE_BAD_HASH);
        board.fresh.bytes[5000] ^= 0x10;
        board.fresh.bytes[board.fresh.n_bytes - 5] ^= 0x10;
        refuse(&board, &board.fresh, RIG_IMAGE_BAD_SIGNATURE);
        rig_bytes_clear(&not_signed);
        rig_bytes_clear(&by_stranger);
        board_clear(&board);
    }
}

static void an_older_version_is_refused_where_the_rule_says_so(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        for (int rule = SIM_DOWNGRADE_ALLOWED; rule <= SIM_DOWNGRADE_BY_VERSION; rule++) {
            struct board board;
            make(&board, mode);
            board.config.downgrade = (enum sim_downgrade)rule;
            board_put_primary(&board, 0, &board.fresh);
            board_put_secondary(&board, 0, &board.old);
            assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, true), SIM_OK);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            bool allowed = rule == SIM_DOWNGRADE_ALLOWED;
            assert_true(board_runs(&board, allowed ? &board.old : &board.fresh));
            assert_int_equal(board.result.refusal[0],
                             allowed ? SIM_BOOT_NOT_REFUSED : SIM_BOOT_REFUSED_DOWNGRADE);
            if (!allowed) {
                assert_true(is_erased(&board, &board.config.secondary[0]));
            }
            board_clear(&board);
        }
    }
}

static void a_downgrade_rule_does_not_hinder_a_revert(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board.config.downgrade = SIM_DOWNGRADE_BY_VERSION;
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board_runs(&board, &board.old));
        board_clear(&board);
    }
}

static struct rig_bytes with_counter(const struct board *board, uint8_t major, uint32_t counter)
{
    return image_make(9000 + major, major, board->key,
                      &(struct rig_image_recipe){.has_security_counter = true, .security_counter = counter});
}

static void replace_images(struct board *board, uint32_t old_counter, uint32_t new_counter)
{
    rig_bytes_clear(&board->old);
    rig_bytes_clear(&board->fresh);
    board->old = with_counter(board, 1, old_counter);
    board->fresh = with_counter(board, 2, new_counter);
}

static void a_lower_security_counter_in_the_image_is_refused_where_the_rule_says_so(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        for (uint32_t counter = 4; counter <= 5; counter++) {
            struct board board;
            make(&board, mode);
            board.config.downgrade = SIM_DOWNGRADE_BY_COUNTER;
            replace_images(&board, 5, counter);
            board_stage(&board, false);
            board_boot_counted(&board, SIM_BOOT_RUNS);
            assert_true(board_runs(&board, counter < 5 ? &board.old : &board.fresh));
            board_clear(&board);
        }
    }
}

static void the_stored_counter_rises_with_a_confirmed_or_permanent_image_only(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board.config.hw_rollback = true;
        replace_images(&board, 5, 7);
        board_stage(&board, false);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board.counter[0], 0);
        assert_int_equal(sim_boot_set_confirmed(&board.config, board.flash, 0), SIM_OK);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board.counter[0], 7);
        board_clear(&board);

        make(&board, mode);
        board.config.hw_rollback = true;
        replace_images(&board, 5, 7);
        board_stage(&board, true);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_int_equal(board.counter[0], 7);
        board_clear(&board);
    }
}

static void an_image_below_the_stored_counter_neither_updates_nor_runs(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board.config.hw_rollback = true;
    replace_images(&board, 5, 4);
    board.counter[0] = 5;
    board_stage(&board, true);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    assert_int_equal(board.result.refusal[0], SIM_BOOT_REFUSED_COUNTER);
    assert_true(said(&board, "Image security counter value 4 lower than monotonic value 5"));
    board.counter[0] = 6;
    board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
    board_clear(&board);
}

static void a_pending_trailer_without_an_image_is_erased(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_put_primary(&board, 0, &board.old);
        assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_OK);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 1);
        assert_int_equal(board.result.refusal[0], SIM_BOOT_REFUSED_EMPTY);
        assert_true(is_erased(&board, &board.config.secondary[0]));
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        board_clear(&board);
    }
}

static void a_revert_without_an_old_image_is_given_up_in_move_mode(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board_stage(&board, false);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    const struct sim_area *secondary = &board.config.secondary[0];
    assert_int_equal(sim_flash_erase(board.flash, secondary->device, secondary->offset, secondary->n_bytes),
                     SIM_OK);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    assert_true(said(&board, "Cleared image 0 primary slot trailer due to stuck revert"));
    assert_int_equal(board_trailer(&board, &board.config.primary[0]).magic, RIG_MAGIC_UNSET);
    assert_true(board_runs(&board, &board.fresh));
    board_clear(&board);
}

static void an_offset_update_in_the_first_sector_is_refused(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_OFFSET);
    board_put_primary(&board, 0, &board.old);
    board_fill(&board, &board.config.secondary[0], board.fresh.bytes, board.fresh.n_bytes, 0);
    assert_int_equal(sim_boot_set_pending(&board.config, board.flash, 0, false), SIM_OK);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    assert_int_equal(board.result.refusal[0], SIM_BOOT_REFUSED_WRONG_SECTOR);
    assert_true(said(&board, "Secondary header magic detected in first sector, wrong upload address?"));
    assert_true(is_erased(&board, &board.config.secondary[0]));
    board_clear(&board);
}

static void a_damaged_primary_runs_only_where_primary_is_not_validated(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board.old.bytes[4000] ^= 1;
    board_put_primary(&board, 0, &board.old);
    board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
    assert_int_equal(board.result.primary[0], RIG_IMAGE_BAD_HASH);
    assert_true(said(&board, "Image in the primary slot is not valid!"));
    assert_true(said(&board, "Unable to find bootable image"));
    board.config.validate_primary = false;
    board_boot_counted(&board, SIM_BOOT_RUNS);
    board.old.bytes[0] ^= 1;
    board_put_primary(&board, 0, &board.old);
    board_boot_counted(&board, SIM_BOOT_NO_IMAGE);
    assert_int_equal(board.result.primary[0], RIG_IMAGE_BAD_MAGIC);
    board_clear(&board);
}

static void an_empty_board_has_nothing_to_run(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_NO_IMAGE), 0);
        assert_int_equal(board.result.primary[0], RIG_IMAGE_NO_IMAGE);
        board_clear(&board);
    }
}

static void slots_that_cannot_be_swapped_leave_primary_running(void **state)
{
    (void)state;
    static const struct board_plan plans[] = {
        {.mode = RIG_SWAP_MOVE, .n_primary = 16, .n_secondary = 17},
        {.mode = RIG_SWAP_OFFSET, .n_primary = 17, .n_secondary = 16},
        {.mode = RIG_SWAP_MOVE, .n_primary = 16, .n_secondary = 8, .secondary_sector_bytes = 8192},
        {.mode = RIG_SWAP_SCRATCH, .n_primary = 16, .n_secondary = 17},
        {.mode = RIG_SWAP_OVERWRITE, .n_primary = 16, .n_secondary = 15},
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct board board;
        board_make(&board, &plans[i]);
        board_stage(&board, true);
        assert_int_equal(board_boot_counted(&board, SIM_BOOT_RUNS), 0);
        assert_true(board_runs(&board, &board.old));
        assert_true(said(&board, "Cannot upgrade: "));
        board_clear(&board);
    }
}

static void the_console_tells_an_upgrade_in_order(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "I: Starting bootloader\n",
        "I: Primary image: magic=unset, swap_type=0x1, copy_done=0x3, image_ok=0x3\n",
        "I: Secondary image: magic=good, swap_type=0x2, copy_done=0x3, image_ok=0x3\n",
        "I: Boot source: none\n",
        "I: Image index: 0, Swap type: test\n",
        "I: Starting swap using move algorithm.\n",
        "I: Bootloader chainload address offset: 0x2000\n",
        "I: Image version: v2.0.0\n",
        "I: Jumping to the first image slot\n",
    };
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board_stage(&board, false);
    board_boot_counted(&board, SIM_BOOT_RUNS);
    const char *rest = board.log;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        rest = strstr(rest, lines[i]);
        assert_non_null(rest);
    }
    board_clear(&board);
}

static void cut_at_swap(void *user, char level, const char *line)
{
    struct board *board = user;
    (void)level;
    assert_true(sim_flash_powered(board->flash)); /* nothing is said after the cut */
    if (strstr(line, "Starting swap") != NULL) {
        sim_flash_power(board->flash, false);
    }
}

static void a_cut_at_a_console_line_stops_the_run_there(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_MOVE);
    board_stage(&board, false);
    uint64_t before = sim_flash_n_operations(board.flash);
    sim_boot_run(&board.config, board.flash, board.counter, cut_at_swap, &board, &board.result);
    assert_int_equal(board.result.outcome, SIM_BOOT_POWER_LOST);
    assert_int_equal(sim_flash_n_operations(board.flash), before);
    assert_int_equal(board_boot(&board), SIM_BOOT_POWER_LOST);
    assert_string_equal(board.log, "");
    board_clear(&board);
}

static void a_resumed_swap_says_so(void **state)
{
    (void)state;
    FOR_EACH_SWAP_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        board_stage(&board, false);
        sim_flash_arm_cut(board.flash, 30, SIM_CUT_BEFORE);
        assert_int_equal(board_boot(&board), SIM_BOOT_POWER_LOST);
        board_boot_counted(&board, SIM_BOOT_RUNS);
        assert_true(board.result.resumed[0]);
        assert_int_equal(board.result.swap_type[0], RIG_SWAP_TYPE_TEST);
        assert_true(said(&board, "Boot source: primary slot"));
        board_clear(&board);
    }
}

/* A whole life with and without a memo must go through the same contents with the same results. */
static void a_memo_changes_nothing_but_the_time(void **state)
{
    (void)state;
    FOR_EACH_MODE(mode)
    {
        struct board with, without;
        make(&with, mode);
        make(&without, mode);
        sim_boot_memo_free(without.config.memo);
        without.config.memo = NULL;
        board_stage(&with, false);
        board_stage(&without, false);
        for (int i = 0; i < 6; i++) {
            if (i == 2) {
                with.fresh.bytes[3000] ^= 1;
                without.fresh.bytes[3000] ^= 1;
                board_put_secondary(&with, 0, &with.fresh);
                board_put_secondary(&without, 0, &without.fresh);
                sim_boot_set_pending(&with.config, with.flash, 0, true);
                sim_boot_set_pending(&without.config, without.flash, 0, true);
            }
            assert_int_equal(board_boot(&with), board_boot(&without));
            assert_int_equal(with.result.secondary[0], without.result.secondary[0]);
            assert_int_equal(with.result.primary[0], without.result.primary[0]);
            assert_string_equal(with.log, without.log);
            struct sim_flash_content *a = sim_flash_keep(with.flash);
            struct sim_flash_content *b = sim_flash_keep(without.flash);
            assert_true(sim_flash_content_equal(a, b));
            sim_flash_content_free(a);
            sim_flash_content_free(b);
        }
        assert_true(sim_boot_memo_n_hits(with.config.memo) >= 3);
        board_clear(&with);
        board_clear(&without);
    }
}

/* Scratch records with a used one after a gap. */
static void inconsistent_records_stop_a_bootloader_that_does_not_validate_primary(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_SCRATCH);
    board_put_primary(&board, 0, &board.old);
    uint32_t status = board.config.primary[0].n_bytes - 1584;
    const uint8_t used = 1;
    board_fill(&board, &board.config.primary[0], &used, 1, status);
    board_fill(&board, &board.config.primary[0], &used, 1, status + 8);
    board.config.validate_primary = false;
    board_boot_counted(&board, SIM_BOOT_ASSERT);
    assert_string_equal(board.result.assertion, "inconsistent swap status records");
    assert_true(said(&board, "Detected inconsistent status!"));
    board_clear(&board);
}

/* Records below an erased magic, with no swap size: upstream runs off its sector table (section 5). */
static void old_records_below_an_erased_magic_stop_the_scratch_walk(void **state)
{
    (void)state;
    struct board board;
    make(&board, RIG_SWAP_SCRATCH);
    board_put_primary(&board, 0, &board.old);
    const uint8_t used = 1;
    board_fill(&board, &board.config.primary[0], &used, 1, board.config.primary[0].n_bytes - 1584);
    board_boot_counted(&board, SIM_BOOT_ASSERT);
    assert_string_equal(board.result.assertion, "swap size 0xffffffff runs off the sector table");
    board_clear(&board);
}

static void scribble(struct board *board, const struct sim_area *area, uint32_t *seed)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    uint8_t magic[RIG_TRAILER_MAGIC_BYTES];
    sim_boot_geometry(&board->config, board->flash, area, &geometry);
    assert_true(rig_trailer_layout(&geometry, &layout));
    for (int i = 0; i < 24; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        const uint8_t byte = (uint8_t)(*seed >> 28 < 9 ? 1 : *seed >> 20);
        const uint32_t span = i < 8 ? layout.n_bytes : 60;
        board_fill(board, area, &byte, 1, area->n_bytes - 1 - (*seed >> 9) % span);
    }
    if (*seed >> 31 != 0) {
        rig_trailer_magic(geometry.max_align, magic);
        board_fill(board, area, magic, sizeof magic, layout.magic);
    }
}

/* What a probe or a mad application may leave: every boot ends, with one of the outcomes, and without a fault
 * of memory. */
static void scribbled_trailers_end_in_some_outcome(void **state)
{
    (void)state;
    uint32_t seed = 1;
    unsigned n_seen[SIM_BOOT_FLASH_FAULT + 1] = {0};
    FOR_EACH_MODE(mode)
    {
        struct board board;
        make(&board, mode);
        struct sim_flash_content *blank = sim_flash_keep(board.flash);
        for (int i = 0; i < 300; i++) {
            sim_flash_restore(board.flash, blank);
            board_put_primary(&board, 0, &board.old);
            board_put_secondary(&board, 0, &board.fresh);
            scribble(&board, &board.config.primary[0], &seed);
            scribble(&board, &board.config.secondary[0], &seed);
            if (mode == RIG_SWAP_SCRATCH) {
                scribble(&board, &board.config.scratch, &seed);
            }
            n_seen[board_boot(&board)]++;
            n_seen[board_boot(&board)]++;
        }
        sim_flash_content_free(blank);
        board_clear(&board);
    }
    assert_int_equal(n_seen[SIM_BOOT_POWER_LOST], 0);
    assert_true(n_seen[SIM_BOOT_RUNS] > 1000);
    assert_true(n_seen[SIM_BOOT_ASSERT] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confirmed_image_stays),
        cmocka_unit_test(a_permanent_upgrade_needs_no_confirmation),
        cmocka_unit_test(a_second_update_works_after_a_confirmed_first_one),
        cmocka_unit_test(marking_pending_writes_magic_then_image_ok_then_swap_info),
        cmocka_unit_test(trailers_with_a_bad_magic_are_left_alone_by_the_application),
        cmocka_unit_test(confirming_an_image_that_was_never_swapped_in_writes_nothing),
        cmocka_unit_test(wrong_images_are_refused_and_erased_in_every_mode),
        cmocka_unit_test(an_older_version_is_refused_where_the_rule_says_so),
        cmocka_unit_test(a_downgrade_rule_does_not_hinder_a_revert),
        cmocka_unit_test(a_lower_security_counter_in_the_image_is_refused_where_the_rule_says_so),
        cmocka_unit_test(the_stored_counter_rises_with_a_confirmed_or_permanent_image_only),
        cmocka_unit_test(an_image_below_the_stored_counter_neither_updates_nor_runs),
        cmocka_unit_test(a_pending_trailer_without_an_image_is_erased),
        cmocka_unit_test(a_revert_without_an_old_image_is_given_up_in_move_mode),
        cmocka_unit_test(an_offset_update_in_the_first_sector_is_refused),
        cmocka_unit_test(a_damaged_primary_runs_only_where_primary_is_not_validated),
        cmocka_unit_test(an_empty_board_has_nothing_to_run),
        cmocka_unit_test(slots_that_cannot_be_swapped_leave_primary_running),
        cmocka_unit_test(the_console_tells_an_upgrade_in_order),
        cmocka_unit_test(a_cut_at_a_console_line_stops_the_run_there),
        cmocka_unit_test(a_resumed_swap_says_so),
        cmocka_unit_test(a_memo_changes_nothing_but_the_time),
        cmocka_unit_test(inconsistent_records_stop_a_bootloader_that_does_not_validate_primary),
        cmocka_unit_test(scribbled_trailers_end_in_some_outcome),
        cmocka_unit_test(old_records_below_an_erased_magic_stop_the_scratch_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
