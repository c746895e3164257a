/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of layouts, against what upstream MCUboot was seen to do on them. */
#include "layouts/verdict.h"

#include "drivers/sim/sim_driver.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct stand {
    struct rig_target *target;
    struct rig_board *board;
    struct rig_layout_verdict verdicts[RIG_LAYOUT_MAX_VERDICTS];
    guint n;
};

static void judge(struct stand *stand, const char *flash_and_slots)
{
    g_autofree char *folder = g_dir_make_tmp("layouts-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "board.yaml", NULL);
    g_autofree char *text =
        g_strconcat("target: board\nabout: a board\nkind: simulated\n", flash_and_slots, "\n", NULL);
    GError *error = NULL;

    memset(stand, 0, sizeof *stand);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    stand->target = rig_target_load(path, "", &error);
    g_remove(path);
    g_rmdir(folder);
    stand->board = stand->target ? rig_sim_board_new(stand->target, &error) : NULL;
    if (!stand->board)
        fail_msg("%s", error->message);
    stand->n = rig_layout_judge(stand->board, stand->verdicts, &error);
    assert_null(error);
}

static void clear(struct stand *stand)
{
    stand->board->ops->free(stand->board);
    rig_target_free(stand->target);
}

static const struct rig_layout_verdict *of(const struct stand *stand, enum rig_swap_mode mode)
{
    for (guint i = 0; i < stand->n; i++)
        if (stand->verdicts[i].mode == mode)
            return &stand->verdicts[i];
    fail_msg("no word on %s", rig_swap_mode_name(mode));
    return NULL;
}

static void expect(const struct stand *stand, enum rig_swap_mode mode, enum rig_layout_answer answer,
                   guint32 largest, const char *reason)
{
    const struct rig_layout_verdict *verdict = of(stand, mode);

    if (verdict->answer != answer || !strstr(verdict->reason, reason))
        fail_msg("%s: answer %d (%s)", rig_swap_mode_name(mode), verdict->answer, verdict->reason);
    if (largest)
        assert_int_equal(verdict->largest_bytes, largest);
}

#define PLAIN                                                                                                \
    "flash: [{device: internal, sectors: [{size: 4KiB, count: 80}], write: 8B}]\n"                           \
    "slots: [{offset: 16KiB, size: 128KiB}, {offset: 144KiB, size: 128KiB}]\n"

#define SMALL                                                                                                \
    "flash: [{device: internal, sectors: [{size: 4KiB, count: 24}], write: 8B}]\n"                           \
    "slots: [{offset: 16KiB, size: 32KiB}, {offset: 48KiB, size: 32KiB}]\n"

/* The sizes are those of section 6 of the reference sheet, measured with upstream's C. */
static void equal_slots_of_equal_sectors_work_in_every_mode(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, PLAIN "scratch: {offset: 272KiB, size: 4KiB}\noptions: {swap: scratch}");
    expect(&stand, RIG_SWAP_MOVE, RIG_LAYOUT_UPGRADES, 122880, "");
    expect(&stand, RIG_SWAP_OFFSET, RIG_LAYOUT_UPGRADES, 122880, "");
    expect(&stand, RIG_SWAP_SCRATCH, RIG_LAYOUT_UPGRADES, 127952, "");
    expect(&stand, RIG_SWAP_OVERWRITE, RIG_LAYOUT_UPGRADES, 131032, "");
    expect(&stand, RIG_SWAP_DIRECT_XIP, RIG_LAYOUT_UPGRADES, 131032, "");
    expect(&stand, RIG_SWAP_RAM_LOAD_REVERT, RIG_LAYOUT_UPGRADES, 131032, "");
    assert_true(of(&stand, RIG_SWAP_DIRECT_XIP_REVERT)->revert_us > 0);
    assert_int_equal(of(&stand, RIG_SWAP_DIRECT_XIP_REVERT)->cuts.n_lost, 0);
    expect(&stand, RIG_SWAP_SINGLE, RIG_LAYOUT_CANNOT_UPGRADE, 0, "serial recovery");
    assert_true(of(&stand, RIG_SWAP_SCRATCH)->chosen);
    assert_false(of(&stand, RIG_SWAP_MOVE)->chosen);
    assert_int_equal(of(&stand, RIG_SWAP_OVERWRITE)->n_operations, 162);
    assert_int_equal(of(&stand, RIG_SWAP_OVERWRITE)->revert_us, 0);
    assert_int_equal(of(&stand, RIG_SWAP_MOVE)->max_erases, 2);
    assert_int_equal(of(&stand, RIG_SWAP_SCRATCH)->max_erases, 33);
    assert_string_equal(of(&stand, RIG_SWAP_SCRATCH)->worn, "internal 0x44000");
    /* Power cuts that lose the board. */
    assert_int_equal(of(&stand, RIG_SWAP_MOVE)->cuts.n_lost, 0);
    assert_true(of(&stand, RIG_SWAP_MOVE)->cuts.n_tried > 500);
    /* Images of one sector: a cut after the erase of primary's only one. */
    assert_true(of(&stand, RIG_SWAP_OFFSET)->cuts.n_lost > 0);
    assert_non_null(strstr(of(&stand, RIG_SWAP_OFFSET)->cuts.first, "images of 1024 bytes"));
    clear(&stand);
}

static void no_scratch_area_is_told(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, SMALL);
    expect(&stand, RIG_SWAP_SCRATCH, RIG_LAYOUT_CANNOT_UPGRADE, 0, "there is no scratch area");
    clear(&stand);
}

/* Zephyr's backend reports it, and nothing boots. */
static void too_many_sectors_do_not_boot(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, SMALL "scratch: {offset: 80KiB, size: 4KiB}\noptions: {swap: move, max-sectors: 7}");
    expect(&stand, RIG_SWAP_MOVE, RIG_LAYOUT_DOES_NOT_BOOT, 0,
           "Failed reading sectors; BOOT_MAX_IMG_SECTORS=7");
    expect(&stand, RIG_SWAP_SCRATCH, RIG_LAYOUT_DOES_NOT_BOOT, 0, "Failed reading sectors");
    expect(&stand, RIG_SWAP_OFFSET, RIG_LAYOUT_DOES_NOT_BOOT, 0, "Failed reading sectors");
    clear(&stand);
}

static void slots_that_do_not_fit_each_other_boot_what_is_there(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, "flash: [{device: internal, sectors: [{size: 8KiB, count: 20}], write: 4B}]\n"
                  "slots: [{offset: 8KiB, size: 72KiB}, {offset: 80KiB, size: 64KiB}]\n");
    expect(&stand, RIG_SWAP_MOVE, RIG_LAYOUT_UPGRADES, 0, "");
    expect(&stand, RIG_SWAP_OFFSET, RIG_LAYOUT_CANNOT_UPGRADE, 0, "not a compatible amount of sectors");
    clear(&stand);
}

/* Words that power was lost in end each boot that reads them; memory without erase has no half-done ones. */
static void kinds_of_flash_show_in_what_power_cuts_do(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, "flash: [{device: internal, sectors: [{size: 4KiB, count: 24}], write: 16B, torn: ecc}]\n"
                  "slots: [{offset: 16KiB, size: 32KiB}, {offset: 48KiB, size: 32KiB}]\n"
                  "options: {swap: move, max-sectors: 8}\n");
    expect(&stand, RIG_SWAP_MOVE, RIG_LAYOUT_UPGRADES, 0, "");
    assert_true(of(&stand, RIG_SWAP_MOVE)->cuts.n_lost > 0);
    assert_non_null(strstr(of(&stand, RIG_SWAP_MOVE)->cuts.first, "half-way"));
    assert_non_null(
        strstr(of(&stand, RIG_SWAP_MOVE)->cuts.first, "flash: a word that power was lost in cannot be read"));
    clear(&stand);
    judge(&stand, "flash: [{device: internal, sectors: [{size: 4KiB, count: 24}], write: 16B, erase: none}]\n"
                  "slots: [{offset: 16KiB, size: 32KiB}, {offset: 48KiB, size: 32KiB}]\n"
                  "options: {swap: move, max-sectors: 8}\n");
    expect(&stand, RIG_SWAP_MOVE, RIG_LAYOUT_UPGRADES, 0, "");
    assert_int_equal(of(&stand, RIG_SWAP_MOVE)->max_erases, 0);
    assert_int_equal(of(&stand, RIG_SWAP_MOVE)->cuts.n_lost, 0);
    clear(&stand);
}

static void unequal_sectors_with_a_small_scratch_area_break(void **state)
{
    struct stand stand;

    (void)state;
    judge(&stand, "flash:\n"
                  "  - {device: internal, sectors: [{size: 1KiB, count: 128}], write: 4B}\n"
                  "  - {device: external, sectors: [{size: 2KiB, count: 64}], write: 4B}\n"
                  "slots: [{offset: 16KiB, size: 64KiB}, {device: external, offset: 0B, size: 64KiB}]\n"
                  "scratch: {offset: 80KiB, size: 5KiB}\n"
                  "options: {swap: scratch, validate-primary: true}");
    expect(&stand, RIG_SWAP_SCRATCH, RIG_LAYOUT_BREAKS, 63952, "");
    assert_int_equal(of(&stand, RIG_SWAP_SCRATCH)->safe_bytes, 4096);
    clear(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_slots_of_equal_sectors_work_in_every_mode),
        cmocka_unit_test(no_scratch_area_is_told),
        cmocka_unit_test(too_many_sectors_do_not_boot),
        cmocka_unit_test(slots_that_do_not_fit_each_other_boot_what_is_there),
        cmocka_unit_test(kinds_of_flash_show_in_what_power_cuts_do),
        cmocka_unit_test(unequal_sectors_with_a_small_scratch_area_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
