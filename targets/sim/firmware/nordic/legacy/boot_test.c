/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the legacy bootloader decides at boot, and what a loss of power at each flash operation leaves. */
#include "sim/firmware/nordic/legacy/fixture.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BANK_0 0x1c000u

static const struct legacy_sizes application = {.mode = RIG_LEGACY_APPLICATION, .application = 30000};

static int set_up(void **state)
{
    struct legacy_board *board = malloc(sizeof *board);

    legacy_board_make(board, 4096, BANK_0);
    *state = board;
    return 0;
}

static int tear_down(void **state)
{
    legacy_board_free(*state);
    free(*state);
    return 0;
}

static void assert_boots(struct legacy_board *board, enum sim_legacy_outcome outcome,
                         enum sim_legacy_reason reason)
{
    legacy_board_boot(board);
    assert_int_equal(board->start.outcome, outcome);
    assert_int_equal(board->start.reason, reason);
}

static void erase(struct legacy_board *board, uint32_t at)
{
    assert_int_equal(sim_flash_erase(board->flash, 0, at, board->config.map.page_bytes), SIM_OK);
}

static void poke_settings(struct legacy_board *board, const struct rig_legacy_settings *settings)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];

    rig_legacy_settings_encode(settings, board->config.adafruit, bytes);
    sim_flash_poke(board->flash, 0, board->config.map.settings_at, bytes, sizeof bytes);
}

static void banks_lie_where_the_softdevice_ends_and_in_the_middle_behind_it(void **state)
{
    struct legacy_board *board = *state, nrf51;

    assert_int_equal(sim_legacy_bank_0(&board->config, board->flash), 0x1c000);
    assert_int_equal(sim_legacy_bank_1(&board->config, board->flash), 0x4b000);
    assert_int_equal(sim_legacy_max_image_bytes(&board->config, board->flash), 0x2f000);
    board->config.map.app_data_bytes = 0x1000; /* an odd number of pages is left */
    assert_int_equal(sim_legacy_bank_1(&board->config, board->flash), 0x4a000);
    board->config.single_bank = true;
    board->config.map.app_data_bytes = 0x7000;
    assert_int_equal(sim_legacy_bank_1(&board->config, board->flash), 0);
    assert_int_equal(sim_legacy_max_image_bytes(&board->config, board->flash), 0x57000);
    legacy_board_make(&nrf51, 1024, 0x18000);
    assert_int_equal(sim_legacy_bank_1(&nrf51.config, nrf51.flash), 0x2a000);
    legacy_board_free(&nrf51);
}

static void the_application_starts_when_the_settings_call_it_valid(void **state)
{
    struct legacy_board *board = *state;
    uint64_t before = sim_flash_n_operations(board->flash);

    assert_boots(board, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID);
    assert_int_equal(sim_flash_n_operations(board->flash), before);
    erase(board, board->config.map.settings_at);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_NO_APPLICATION);
}

static void an_empty_bank_is_no_application_whatever_the_settings_say(void **state)
{
    struct legacy_board *board = *state;

    erase(board, BANK_0);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_NO_APPLICATION);
}

static void a_crc_is_checked_when_it_is_not_0(void **state)
{
    struct legacy_board *board = *state;
    struct rig_legacy_settings settings;

    assert_true(sim_legacy_read_settings(&board->config, board->flash, &settings));
    settings.bank_0_crc = 1;
    poke_settings(board, &settings);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_CRC);
    settings.bank_0_bytes = 0xffffffff;
    poke_settings(board, &settings);
    assert_boots(board, SIM_LEGACY_FAULT, SIM_LEGACY_BAD_COPY);
}

static void gpregret_b1_alone_leads_into_the_updater_once(void **state)
{
    struct legacy_board *board = *state;

    board->retained.gpregret = 0x31;
    assert_boots(board, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID);
    board->retained.gpregret = 0xb1;
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_ASKED);
    assert_boots(board, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID);
    board->retained.button = true;
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_BUTTON);
    board->retained.button = false;
    board->config.defects = SIM_LEGACY_STUCK_IN_UPDATER;
    board->retained.gpregret = 0xb1;
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_ASKED);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_ASKED);
}

static void adafruits_has_its_radio_on_only_when_asked(void **state)
{
    struct legacy_board *board = *state;

    board->config.adafruit = true;
    board->retained.gpregret = SIM_LEGACY_GPREGRET_OTA;
    legacy_board_boot(board);
    assert_false(board->start.serial_only);
    erase(board, board->config.map.settings_at);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_NO_APPLICATION);
    assert_true(board->start.serial_only);
}

static void without_bootloader_or_softdevice_nothing_runs(void **state)
{
    struct legacy_board *board = *state;

    erase(board, RIG_SOFTDEVICE_AT + 0x5000);
    assert_boots(board, SIM_LEGACY_FAULT, SIM_LEGACY_NO_SOFTDEVICE);
    erase(board, board->config.map.bootloader_at + 0x1000);
    assert_boots(board, SIM_LEGACY_FAULT, SIM_LEGACY_NO_BOOTLOADER);
    erase(board, board->config.map.bootloader_at);
    assert_boots(board, SIM_LEGACY_FAULT, SIM_LEGACY_NO_BOOTLOADER);
}

/* --- loss of power, at each operation and inside it --- */

enum ends { OLD, NEW, DAMAGED_RUNS, WAITS, DEAD, N_ENDS };

/* Where the board is after the power came back, and after a second boot. */
static enum ends end_of(struct legacy_board *board, uint32_t new_bytes)
{
    legacy_board_boot(board);
    if (board->start.outcome == SIM_LEGACY_FAULT)
        return DEAD;
    if (board->start.outcome == SIM_LEGACY_UPDATER)
        return WAITS;
    return legacy_whole_bytes(board, sim_legacy_bank_0(&board->config, board->flash)) == new_bytes ? NEW
           : legacy_whole_bytes(board, sim_legacy_bank_0(&board->config, board->flash)) == 20000
               ? OLD
               : DAMAGED_RUNS;
}

/* A transfer is in the flash; cuts its activation and the boot after it at every operation, in every form.
 * Returns how many cuts there were. */
static unsigned cut_everywhere(struct legacy_board *board, uint32_t new_bytes, unsigned ends[N_ENDS])
{
    static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};
    struct sim_flash_content *content = sim_flash_keep(board->flash);
    struct sim_legacy transferred = board->state;
    unsigned n = 0;
    bool fell = true;

    memset(ends, 0, N_ENDS * sizeof *ends);
    for (uint64_t at = 0; fell; at++) {
        for (unsigned form = 0; form < 3; form++, n += fell) {
            sim_flash_restore(board->flash, content);
            board->state = transferred;
            sim_flash_arm_cut(board->flash, at, forms[form]);
            if (legacy_activate(board))
                legacy_board_boot(board);
            fell = !sim_flash_powered(board->flash);
            sim_flash_disarm_cut(board->flash);
            sim_flash_power(board->flash, true);
            if (fell)
                ends[end_of(board, new_bytes)]++;
        }
    }
    sim_flash_content_free(content);
    return n;
}

static void transfer(struct legacy_board *board, const struct legacy_sizes *sizes, uint8_t *image)
{
    legacy_board_wait(board);
    legacy_transfer(board, sizes, image);
    free(image);
}

static void dual_bank_starts_a_damaged_application_when_the_copy_was_cut(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS];

    transfer(board, &application, legacy_image(2, 30000));
    /* 8 pages erased, 8 pieces written, settings erased and written. */
    assert_int_equal(cut_everywhere(board, 30000, ends), 3 * 18);
    assert_int_equal(ends[OLD], 1);           /* before the first erase */
    assert_int_equal(ends[NEW], 4);           /* all is copied, the old settings or the new ones stand */
    assert_int_equal(ends[DAMAGED_RUNS], 22); /* from the first written word to the last */
    assert_int_equal(ends[WAITS], 27);        /* bank 0 is empty, or the settings are */
    assert_int_equal(ends[DEAD], 0);
}

static void mended_dual_bank_waits_instead(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS];

    board->config.invalidates_first = true;
    transfer(board, &application, legacy_image(2, 30000));
    cut_everywhere(board, 30000, ends);
    assert_int_equal(ends[DAMAGED_RUNS], 0);
    assert_int_equal(ends[DEAD], 0);
    assert_int_equal(ends[OLD], 1);
    assert_int_equal(ends[NEW], 2); /* a torn page with the code in it, and the whole one */
}

static void single_bank_waits_wherever_it_is_cut_and_takes_another_transfer(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS];

    board->config.single_bank = true;
    transfer(board, &application, legacy_image(2, 30000));
    assert_int_equal(cut_everywhere(board, 30000, ends), 3 * 2);
    assert_int_equal(ends[WAITS], 4);
    assert_int_equal(ends[NEW], 2);
    erase(board, board->config.map.settings_at);
    transfer(board, &application, legacy_image(2, 30000));
    assert_true(legacy_activate(board));
    assert_int_equal(end_of(board, 30000), NEW);
}

/* From here on the SoftDevice is one of d pages above the MBR: 27, which halves do not divide. */
static uint8_t *softdevice_and(uint32_t n_softdevice, uint32_t n_bootloader)
{
    uint8_t *both = malloc(n_softdevice + n_bootloader);
    uint8_t *softdevice = legacy_softdevice(0x20000, 0x88, n_softdevice);
    uint8_t *bootloader = legacy_image(3, n_bootloader);

    memcpy(both, softdevice, n_softdevice);
    memcpy(both + n_softdevice, bootloader, n_bootloader);
    free(softdevice);
    free(bootloader);
    return both;
}

static const struct legacy_sizes softdevice = {.mode = RIG_LEGACY_SOFTDEVICE, .softdevice = 0x1e400};
static const struct legacy_sizes both = {
    .mode = RIG_LEGACY_SOFTDEVICE | RIG_LEGACY_BOOTLOADER, .softdevice = 0x1e400, .bootloader = 0x3400};
static const struct legacy_sizes smaller = {.mode = RIG_LEGACY_SOFTDEVICE, .softdevice = 0x1a000};
static const struct legacy_sizes bootloader = {.mode = RIG_LEGACY_BOOTLOADER, .bootloader = 0x3400};

static void a_larger_softdevice_is_copied_in_blocks_and_survives_every_cut(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS], n;

    transfer(board, &softdevice, legacy_softdevice(0x20000, 0x88, 0x1e400));
    n = cut_everywhere(board, 20000, ends);
    assert_int_equal(ends[DEAD], 1); /* settings torn: a valid code, and a size that is none */
    assert_int_equal(ends[WAITS], n - 1);
    legacy_board_boot(board);
    assert_true(legacy_is_whole(board, RIG_SOFTDEVICE_AT, 0x1f000));
    assert_int_equal(sim_legacy_bank_0(&board->config, board->flash), 0x20000);
}

static void a_smaller_softdevice_is_copied_at_once(void **state)
{
    struct legacy_board *board = *state;

    transfer(board, &smaller, legacy_softdevice(0x1b800 - 0x800, 0x88, 0x1a000));
    assert_true(legacy_activate(board));
    legacy_board_boot(board);
    assert_true(board->start.copied_softdevice);
    assert_int_equal(board->start.outcome, SIM_LEGACY_UPDATER);
    assert_true(legacy_is_whole(board, RIG_SOFTDEVICE_AT, 0x1a000));
}

static void softdevice_and_bootloader_are_copied_one_after_the_other(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS], n;

    transfer(board, &both, softdevice_and(0x1e400, 0x3400));
    n = cut_everywhere(board, 20000, ends);
    assert_int_equal(ends[WAITS] + ends[DEAD], n);
    assert_int_equal(ends[DEAD], 1);
    legacy_board_boot(board);
    assert_int_equal(legacy_whole_bytes(board, board->config.map.bootloader_at), 0x3400);
    assert_true(legacy_is_whole(board, RIG_SOFTDEVICE_AT, 0x1f000));
}

static void an_updater_that_ends_starts_the_application_with_the_button_held(void **state)
{
    struct legacy_board *board = *state;

    board->retained.button = true;
    transfer(board, &application, legacy_image(2, 30000));
    assert_true(legacy_activate(board));
    board->retained.from_updater = true;
    assert_boots(board, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID);
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_BUTTON); /* after a reset it is looked at */
    erase(board, BANK_0);
    board->retained.from_updater = true;
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_BUTTON);
}

static void after_a_copy_it_resets_once_more_or_starts_the_application(void **state)
{
    struct legacy_board *board = *state;

    transfer(board, &smaller, legacy_softdevice(0x1b800 - 0x800, 0x88, 0x1a000));
    assert_true(legacy_activate(board));
    board->retained.gpregret = 0xb1; /* asked for in vain: the reset is between */
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_NO_APPLICATION);
    assert_int_equal(board->start.n_resets, 1);
}

static void after_a_copy_of_a_bootloader_the_application_starts_with_the_button_held(void **state)
{
    struct legacy_board *board = *state;

    transfer(board, &bootloader, legacy_image(3, 0x3400));
    assert_true(legacy_activate(board));
    board->retained.button = true;
    assert_boots(board, SIM_LEGACY_APPLICATION, SIM_LEGACY_VALID);
    assert_int_equal(board->start.n_resets, 1); /* the MBR's */
    assert_boots(board, SIM_LEGACY_UPDATER, SIM_LEGACY_BUTTON);
}

static void a_bootloader_goes_by_the_mbr_and_the_application_stays(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS], n;
    uint8_t word[4];

    transfer(board, &bootloader, legacy_image(3, 0x3400));
    n = cut_everywhere(board, 0, ends);
    assert_int_equal(ends[OLD] + ends[WAITS] + ends[DEAD], n);
    assert_int_equal(ends[WAITS], 6); /* settings gone before or after the copy */
    assert_int_equal(ends[DEAD], 1);
    assert_int_equal(legacy_whole_bytes(board, board->config.map.bootloader_at), 0x3400);
    assert_int_equal(sim_flash_peek(board->flash, 0, board->config.map.parameter_page_at, word, 4), SIM_OK);
    assert_int_equal(rig_get_le32(word), 0xffffffff); /* the MBR's command is done */
}

static void blocks_that_are_no_whole_pages_damage_every_softdevice(void **state)
{
    struct legacy_board *board = *state;

    board->config.defects = SIM_LEGACY_UNMASKED_SWAP;
    transfer(board, &softdevice, legacy_softdevice(0x20000, 0x88, 0x1e400));
    assert_true(legacy_activate(board));
    assert_boots(board, SIM_LEGACY_FAULT, SIM_LEGACY_NO_SOFTDEVICE);
}

/* The recovery takes over once the word that tells the SoftDevice's size, in the page at 0x3000, is no longer
 * the old one. Its second block begins in the middle of the page at 0xe000 and erases the half before it,
 * until the page at 0x1b000 is whole, with which that block counts as copied. */
static void a_recovery_that_counts_otherwise_bricks_from_the_third_page_to_the_27th(void **state)
{
    struct legacy_board *board = *state;
    unsigned ends[N_ENDS], n;

    board->config.defects = SIM_LEGACY_HALF_MASKED_SWAP;
    transfer(board, &softdevice, legacy_softdevice(0x20000, 0x88, 0x1e400));
    n = cut_everywhere(board, 20000, ends);
    assert_int_equal(n, 3 * (2 + 4 + 2 * 31 + 2)); /* settings, two pages, 31 pages, settings */
    assert_int_equal(ends[DEAD], 1 + 166);         /* settings torn; the copy */
    assert_int_equal(ends[WAITS], n - 167);
}

/* The third block's place is erased, and with it where the first came from, before the page at 0x1b000 is
 * whole: blank flash is copied over the start. Earlier cuts cost half a page in the middle alone. */
static void a_recovery_that_counts_otherwise_loses_the_start_on_late_cuts(void **state)
{
    static const struct {
        uint64_t at; /* 4 of the pages that make the old one invalid, 26 of each block */
        enum sim_cut_form form;
        bool starts;
    } rows[] = {{4 + 26 + 26, SIM_CUT_AFTER, true},
                {4 + 26 + 26 + 1, SIM_CUT_AFTER, false},
                {4 + 26 + 26 + 5, SIM_CUT_HALF, false},
                {4 + 26 + 26 + 6, SIM_CUT_BEFORE, true}};
    struct legacy_board *board = *state;
    struct sim_flash_content *content;
    uint8_t word[4];

    board->config.defects = SIM_LEGACY_HALF_MASKED_SWAP;
    transfer(board, &softdevice, legacy_softdevice(0x20000, 0x88, 0x1e400));
    assert_true(legacy_activate(board));
    content = sim_flash_keep(board->flash);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        sim_flash_restore(board->flash, content);
        sim_flash_arm_cut(board->flash, rows[i].at, rows[i].form);
        legacy_board_boot(board);
        assert_false(sim_flash_powered(board->flash));
        sim_flash_disarm_cut(board->flash);
        sim_flash_power(board->flash, true);
        legacy_board_boot(board);
        assert_int_equal(sim_flash_peek(board->flash, 0, RIG_SOFTDEVICE_AT, word, sizeof word), SIM_OK);
        assert_int_equal(rig_get_le32(word) != 0xffffffff, rows[i].starts);
    }
    sim_flash_content_free(content);
}

static void settings_of_no_sense_end_in_a_fault_and_nothing_else(void **state)
{
    struct legacy_board *board = *state;
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    uint64_t random = 1;

    for (unsigned i = 0; i < 3000; i++) {
        struct sim_flash_content *content = sim_flash_keep(board->flash);

        for (unsigned byte = 0; byte < sizeof bytes; byte++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bytes[byte] = (uint8_t)(random >> 33 & (byte % 4 == 3 ? 0 : byte % 4 == 2 ? 7 : 0xff));
        }
        bytes[i % 2 ? 0 : 4] = i % 2 ? RIG_LEGACY_BANK_SOFTDEVICE : RIG_LEGACY_BANK_BOOTLOADER;
        sim_flash_poke(board->flash, 0, board->config.map.settings_at, bytes, sizeof bytes);
        legacy_board_boot(board);
        assert_int_not_equal(board->start.outcome, SIM_LEGACY_POWER_LOST);
        sim_flash_restore(board->flash, content);
        sim_flash_content_free(content);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(banks_lie_where_the_softdevice_ends_and_in_the_middle_behind_it),
        TEST(the_application_starts_when_the_settings_call_it_valid),
        TEST(an_empty_bank_is_no_application_whatever_the_settings_say),
        TEST(a_crc_is_checked_when_it_is_not_0),
        TEST(gpregret_b1_alone_leads_into_the_updater_once),
        TEST(adafruits_has_its_radio_on_only_when_asked),
        TEST(without_bootloader_or_softdevice_nothing_runs),
        TEST(dual_bank_starts_a_damaged_application_when_the_copy_was_cut),
        TEST(mended_dual_bank_waits_instead),
        TEST(single_bank_waits_wherever_it_is_cut_and_takes_another_transfer),
        TEST(a_larger_softdevice_is_copied_in_blocks_and_survives_every_cut),
        TEST(a_smaller_softdevice_is_copied_at_once),
        TEST(softdevice_and_bootloader_are_copied_one_after_the_other),
        TEST(an_updater_that_ends_starts_the_application_with_the_button_held),
        TEST(after_a_copy_it_resets_once_more_or_starts_the_application),
        TEST(after_a_copy_of_a_bootloader_the_application_starts_with_the_button_held),
        TEST(a_bootloader_goes_by_the_mbr_and_the_application_stays),
        TEST(blocks_that_are_no_whole_pages_damage_every_softdevice),
        TEST(a_recovery_that_counts_otherwise_bricks_from_the_third_page_to_the_27th),
        TEST(a_recovery_that_counts_otherwise_loses_the_start_on_late_cuts),
        TEST(settings_of_no_sense_end_in_a_fault_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
