/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation of each kind of update: its flash operations in their order, and what a power cut anywhere in
 * transfer or activation leaves. The outcomes are those that were measured of the real code. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "protocol/nordic/dfu.h"

#include <string.h>

#define SAVES "E S7f000+1000 W S7f000+380 E B7e000+1000 W B7e000+380"
#define MINOR 7003000u
#define MAJOR 8000000u

static void enter(struct world *world)
{
    world->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
}

static void transfer(struct world *world, struct rig_init_packet init)
{
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    (void)world_ops(world);
}

static void boots(struct world *world, enum sim_secure_outcome outcome, const char *ops)
{
    assert_int_equal(world_boot(world), outcome);
    assert_string_equal(world_ops(world), ops);
}

static void an_application_is_copied_eight_pages_at_a_time(void **state)
{
    struct world *world = *state;
    transfer(world, world_application(world, 0xf004));
    boots(world, SIM_SECURE_RESET,
          "E 06000+6000 W 06000+6000 " SAVES " E 0c000+6000 W 0c000+6000 " SAVES
          " E 12000+4000 W 12000+3004 " SAVES " " SAVES);
    assert_int_equal(world->start.activated, RIG_NORDIC_BANK_APPLICATION);
    boots(world, SIM_SECURE_APPLICATION, "");
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
}

static void a_step_is_eight_pages_where_the_banks_are_far_apart(void **state)
{
    struct world *world = *state;
    transfer(world, world_application(world, 0xf004));
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    transfer(world, world_application(world, 0xa000)); /* bank 1 at 0x16000 */
    boots(world, SIM_SECURE_RESET,
          "E 06000+8000 W 06000+8000 " SAVES " E 0e000+2000 W 0e000+2000 " SAVES " " SAVES);
    boots(world, SIM_SECURE_APPLICATION, "");
}

static struct rig_nordic_settings settings_of(const struct world *world)
{
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    assert_int_equal(sim_flash_peek(world->flash, SIM_FLASH_INTERNAL, WORLD_SETTINGS, bytes, sizeof bytes),
                     SIM_OK);
    rig_nordic_settings_decode(bytes, &settings);
    return settings;
}

static void a_copy_that_is_not_the_image_leaves_bank_0_invalid(void **state)
{
    struct world *world = *state;
    transfer(world, world_application(world, WORLD_NEW_BYTES));
    struct rig_nordic_settings settings = settings_of(world);
    assert_int_equal(settings.banks[0].code, RIG_NORDIC_BANK_INVALID); /* its size is kept */
    assert_int_equal(settings.banks[0].image_bytes, WORLD_OLD_BYTES);
    assert_int_equal(settings.banks[1].code, RIG_NORDIC_BANK_APPLICATION);
    assert_int_equal(settings.image_crc, WORLD_BANK_1);
    uint8_t zero = 0;
    world_poke(world, WORLD_BANK_1 + 0x300, &zero, 1);
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
    assert_int_equal(settings_of(world).banks[0].code, RIG_NORDIC_BANK_INVALID);
    assert_int_equal(settings_of(world).banks[1].code, RIG_NORDIC_BANK_INVALID);
    assert_int_equal(settings_of(world).write_offset, 0);
}

static void an_application_in_bank_0_is_not_copied(void **state)
{
    struct world *world = *state;
    world->config.banks = SIM_SECURE_SINGLE;
    transfer(world, world_application(world, WORLD_NEW_BYTES));
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
    boots(world, SIM_SECURE_RESET, SAVES);
    boots(world, SIM_SECURE_APPLICATION, "");
}

static void what_does_not_fit_beside_the_old_one_drops_it_unless_that_is_forbidden(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_application(world, WORLD_NEW_BYTES);
    init.app_size = 0x69001;
    world->config.banks = SIM_SECURE_DUAL_DEMANDED;
    enter(world);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_NO_RESOURCES);
    init.app_size = 0x69000;
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    struct rig_nordic_settings settings = settings_of(world);
    struct rig_nordic_settings gone = settings; /* an invalid one is dropped even so */
    gone.banks[0].code = RIG_NORDIC_BANK_INVALID;
    rig_nordic_settings_seal(&gone);
    world_put_settings(world, WORLD_SETTINGS, &gone);
    world_put_settings(world, WORLD_BACKUP, &gone);
    init.app_size = 0x69001;
    enter(world);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    world->config.banks = SIM_SECURE_DUAL;
    enter(world);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
    assert_int_equal(world->start.entry, SIM_SECURE_NO_APPLICATION);
}

static void a_softdevice_is_copied_in_whole_pages_and_an_application_may_follow(void **state)
{
    struct world *world = *state;
    transfer(world, world_softdevice(world, 0x6000, 0x4f00, MINOR));
    boots(world, SIM_SECURE_UPDATER, "E 01000+5000 W 01000+5000 " SAVES " " SAVES);
    assert_int_equal(world->start.entry, SIM_SECURE_AFTER_ACTIVATION);
    assert_int_equal(world->start.timeout_ms, 10000);
    assert_true(world_holds(world, RIG_SOFTDEVICE_AT, world->image, world->image_bytes));
    assert_false(world->start.softdevice_damaged);
    boots(world, SIM_SECURE_APPLICATION, "");
}

/* NRF_BL_DFU_INACTIVITY_TIMEOUT_MS 0 is of every wait but this one. */
static void the_wait_for_an_application_ends_where_others_do_not(void **state)
{
    struct world *world = *state;
    world->config.inactivity_ms = 0;
    transfer(world, world_softdevice(world, 0x6000, 0x4f00, MINOR));
    assert_int_equal(world_boot(world), SIM_SECURE_UPDATER);
    uint64_t due = sim_secure_due(&world->config, world->state, world->flash, 0);
    assert_in_range(due, 10000000, 13000000); /* the copy's own time comes first */
    static const uint8_t create[] = {RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT, 10, 0, 0, 0};
    sim_secure_control(&world->config, world->state, world->flash, create, sizeof create, 0);
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 0), SIM_SECURE_NEVER);
    enter(world);
    assert_int_equal(sim_secure_due(&world->config, world->state, world->flash, 0), SIM_SECURE_NEVER);
}

static void a_larger_softdevice_moves_bank_0_and_the_application_with_it_is_lost(void **state)
{
    struct world *world = *state;
    transfer(world, world_softdevice(world, 0x7000, 0x5800, MINOR));
    boots(world, SIM_SECURE_UPDATER, "E 01000+6000 W 01000+6000 " SAVES " " SAVES);
    assert_int_equal(world->start.application_at, 0x7000);
    boots(world, SIM_SECURE_UPDATER, "");
    assert_int_equal(world->start.entry, SIM_SECURE_NO_APPLICATION);
}

static void a_softdevice_of_another_major_version_comes_with_a_bootloader_only(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_softdevice(world, 0x6000, 0x4f00, MAJOR);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_INVALID_OBJECT);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    transfer(world, world_softdevice_bootloader(world, 0x6000, 0x4000, MAJOR, 0x2000));
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
    assert_int_equal(world->start.entry, SIM_SECURE_NO_APPLICATION);
    assert_true(world_holds(world, RIG_SOFTDEVICE_AT, world->image, 0x4000));
    assert_true(world_holds(world, WORLD_BOOTLOADER, world->image + 0x4000, 0x2000));
}

static void a_softdevice_of_another_family_is_refused_at_the_end(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_softdevice(world, 0x6000, 0x4f00, MINOR);
    struct rig_softdevice figures = {0x6000, 0x0102, 140, MINOR};
    assert_true(rig_softdevice_fill(&figures, world->image, 0x4f00));
    assert_true(rig_init_hash_of(world->image, 0x4f00, init.hash));
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_INVALID_OBJECT);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
}

static void a_bootloader_is_copied_by_the_mbr(void **state)
{
    struct world *world = *state;
    transfer(world, world_bootloader(world, 0x2400));
    boots(world, SIM_SECURE_RESET, "E B7e000+1000 W B7e000+10");
    boots(world, SIM_SECURE_RESET,
          "E 78000+3000 W 78000+2400 E B7e000+1000 "
          "E B7e000+1000 W B7e000+380 " SAVES);
    assert_true(world_holds(world, WORLD_BOOTLOADER, world->image, world->image_bytes));
    boots(world, SIM_SECURE_APPLICATION, "");
}

static void a_softdevice_with_bootloader_is_both_of_them(void **state)
{
    struct world *world = *state;
    transfer(world, world_softdevice_bootloader(world, 0x6000, 0x4000, MINOR, 0x2000));
    boots(world, SIM_SECURE_RESET, "E 01000+4000 W 01000+4000 " SAVES " E B7e000+1000 W B7e000+10");
    boots(world, SIM_SECURE_UPDATER,
          "E 78000+2000 W 78000+2000 E B7e000+1000 "
          "E B7e000+1000 W B7e000+380 " SAVES);
    assert_int_equal(world->start.timeout_ms, 10000);
    boots(world, SIM_SECURE_APPLICATION, "");
}

/* --- cuts --- */

static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};

/* The life that is cut: updater, transfer, activation, until something waits or runs. */
static void live(struct world *world, struct rig_init_packet *init)
{
    world->retained = (struct sim_nordic_retained){.gpregret = SIM_NORDIC_GPREGRET_DFU};
    if (world_settle(world) == SIM_SECURE_UPDATER && world_transfer(world, init) == RIG_DFU_SUCCESS)
        (void)world_settle(world);
}

struct tally {
    unsigned n_cuts, n_old, n_new, n_updater;
};

static void count_outcome(struct world *world, struct tally *tally, uint32_t bank_0)
{
    tally->n_cuts++;
    assert_false(world->start.softdevice_damaged);
    if (world->start.outcome == SIM_SECURE_UPDATER) {
        tally->n_updater++;
    } else {
        assert_int_equal(world->start.outcome, SIM_SECURE_APPLICATION);
        uint8_t first = world_old_byte(0);
        if (world_holds(world, bank_0, &first, 1)) {
            tally->n_old++;
            for (uint32_t i = 0; i < WORLD_OLD_BYTES; i += 61) {
                uint8_t byte = world_old_byte(i);
                assert_true(world_holds(world, bank_0 + i, &byte, 1));
            }
        } else {
            tally->n_new++;
            assert_true(world_holds(world, bank_0, world->image, world->image_bytes));
        }
    }
}

/* Every cut of the life, and where `twice`, a second one in the boot after it. */
static struct tally cut_everywhere(struct world *world, struct rig_init_packet init, bool twice)
{
    struct tally tally = {0};
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++) {
        for (uint64_t at = 0;; at++) {
            sim_flash_restore(world->flash, fresh);
            sim_flash_power(world->flash, true);
            sim_flash_arm_cut(world->flash, at, forms[form]);
            live(world, &init);
            if (sim_flash_powered(world->flash))
                break; /* it was over before */
            struct sim_flash_content *cut = sim_flash_keep(world->flash);
            for (uint64_t second = 0;; second++) {
                world->retained = (struct sim_nordic_retained){0};
                sim_flash_restore(world->flash, cut);
                sim_flash_power(world->flash, true);
                if (twice)
                    sim_flash_arm_cut(world->flash, second, SIM_CUT_HALF);
                (void)world_settle(world);
                bool fell = !sim_flash_powered(world->flash);
                sim_flash_power(world->flash, true);
                if (fell)
                    (void)world_settle(world);
                count_outcome(world, &tally, world->start.application_at);
                if (!fell)
                    break;
            }
            sim_flash_disarm_cut(world->flash);
            sim_flash_content_free(cut);
        }
        sim_flash_disarm_cut(world->flash);
    }
    sim_flash_restore(world->flash, fresh);
    sim_flash_content_free(fresh);
    return tally;
}

static void a_cut_application_update_leaves_the_old_or_the_new_one(void **state)
{
    struct world *world = *state;
    struct tally once = cut_everywhere(world, world_application(world, WORLD_NEW_BYTES), false);
    assert_true(once.n_old > 0 && once.n_new > 0 && once.n_cuts > 1000);
    assert_int_equal(once.n_updater, 0);
}

static void two_cuts_leave_one_of_them_too(void **state)
{
    struct world *world = *state;
    struct tally twice = cut_everywhere(world, world_application(world, WORLD_NEW_BYTES), true);
    assert_true(twice.n_old > 0 && twice.n_new > 0);
    assert_int_equal(twice.n_updater, 0);
}

static void a_cut_copy_over_the_image_itself_is_finished(void **state)
{
    struct world *world = *state;
    struct rig_init_packet tiny = world_application(world, 0x400); /* bank 1 one page above bank 0 */
    enter(world);
    assert_int_equal(world_transfer(world, &tiny), RIG_DFU_SUCCESS);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    struct rig_init_packet init = world_application(world, 0x3004);
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    for (uint64_t at = 0;; at++) {
        sim_flash_restore(world->flash, fresh);
        sim_flash_power(world->flash, true);
        sim_flash_arm_cut(world->flash, at, SIM_CUT_HALF);
        live(world, &init);
        bool fell = !sim_flash_powered(world->flash);
        sim_flash_power(world->flash, true);
        world->retained = (struct sim_nordic_retained){0};
        assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
        assert_true(world_holds(world, WORLD_BANK_0, world->image, 0x400));
        if (!fell)
            break;
    }
    assert_true(world_holds(world, WORLD_BANK_0, world->image, world->image_bytes));
    sim_flash_disarm_cut(world->flash);
    sim_flash_content_free(fresh);
}

static void a_cut_single_bank_update_leaves_the_updater(void **state)
{
    struct world *world = *state;
    world->config.banks = SIM_SECURE_SINGLE;
    struct tally tally = cut_everywhere(world, world_application(world, WORLD_NEW_BYTES), false);
    assert_true(tally.n_old > 0 && tally.n_new > 0 && tally.n_updater > tally.n_old);
}

static void other_kinds_survive_every_cut(void **state)
{
    struct world *world = *state;
    struct tally softdevice = cut_everywhere(world, world_softdevice(world, 0x6000, 0x2200, MINOR), false);
    assert_int_equal(softdevice.n_new, 0);
    struct tally bootloader = cut_everywhere(world, world_bootloader(world, 0x1400), false);
    assert_int_equal(bootloader.n_updater + bootloader.n_new, 0);
    struct tally both =
        cut_everywhere(world, world_softdevice_bootloader(world, 0x6000, 0x2200, MINOR, 0x1400), false);
    assert_true(both.n_old > 0);
    struct tally larger = cut_everywhere(world, world_softdevice(world, 0x7000, 0x2200, MINOR), false);
    assert_true(larger.n_old > 0 && larger.n_updater > 0);
}

/* No application, three pages more: the source's info page is overwritten before the copy ends, and a copy
 * that goes on after a cut does not know its source any more. Two pages more are safe. */
static void a_softdevice_that_overlaps_its_own_info_page_bricks_the_board(void **state)
{
    struct world *world = *state;
    struct rig_nordic_settings settings = world_settings();
    settings.banks[0] = (struct rig_nordic_bank){0};
    rig_nordic_settings_seal(&settings);
    world_put_settings(world, WORLD_SETTINGS, &settings);
    world_put_settings(world, WORLD_BACKUP, &settings);
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    for (uint32_t n_more = 2; n_more <= 3; n_more++) {
        struct rig_init_packet init =
            world_softdevice(world, 0x6000 + n_more * 0x1000, 0x5000 + n_more * 0x1000, MINOR);
        unsigned n_damaged = 0;
        for (uint64_t at = 0;; at++) {
            sim_flash_restore(world->flash, fresh);
            sim_flash_power(world->flash, true);
            sim_flash_arm_cut(world->flash, at, SIM_CUT_AFTER);
            live(world, &init);
            bool fell = !sim_flash_powered(world->flash);
            sim_flash_power(world->flash, true);
            (void)world_settle(world);
            n_damaged += world->start.softdevice_damaged;
            if (!fell)
                break;
        }
        assert_int_equal(n_damaged > 0, n_more == 3);
        sim_flash_disarm_cut(world->flash);
    }
    sim_flash_content_free(fresh);
}

/* Success was answered, but the settings say so only from the erase of the backup on. */
static void a_cut_behind_the_last_answer_keeps_the_old_application(void **state)
{
    struct world *world = *state;
    struct rig_init_packet init = world_application(world, WORLD_NEW_BYTES);
    unsigned n_told_and_old = 0;
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    for (uint64_t at = 0;; at++) {
        sim_flash_restore(world->flash, fresh);
        sim_flash_power(world->flash, true);
        sim_flash_arm_cut(world->flash, at, SIM_CUT_BEFORE);
        world->retained = (struct sim_nordic_retained){.gpregret = SIM_NORDIC_GPREGRET_DFU};
        uint8_t result = world_settle(world) == SIM_SECURE_UPDATER ? world_transfer(world, &init) : 0;
        bool fell = !sim_flash_powered(world->flash);
        sim_flash_power(world->flash, true);
        if (!fell)
            break;
        world->retained.gpregret = 0;
        (void)world_settle(world);
        uint8_t first = world_old_byte(0);
        n_told_and_old += result == RIG_DFU_SUCCESS && world_holds(world, WORLD_BANK_0, &first, 1);
    }
    assert_int_equal(n_told_and_old, 47); /* erase of the main page, its 45 pieces, erase of the backup */
    sim_flash_disarm_cut(world->flash);
    sim_flash_content_free(fresh);
}

static int set_up(void **state)
{
    struct world *world = test_malloc(sizeof *world);
    world_make(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    world_clear(*state);
    test_free(*state);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_application_is_copied_eight_pages_at_a_time),
        TEST(a_step_is_eight_pages_where_the_banks_are_far_apart),
        TEST(a_copy_that_is_not_the_image_leaves_bank_0_invalid),
        TEST(an_application_in_bank_0_is_not_copied),
        TEST(what_does_not_fit_beside_the_old_one_drops_it_unless_that_is_forbidden),
        TEST(a_softdevice_is_copied_in_whole_pages_and_an_application_may_follow),
        TEST(the_wait_for_an_application_ends_where_others_do_not),
        TEST(a_larger_softdevice_moves_bank_0_and_the_application_with_it_is_lost),
        TEST(a_softdevice_of_another_major_version_comes_with_a_bootloader_only),
        TEST(a_softdevice_of_another_family_is_refused_at_the_end),
        TEST(a_bootloader_is_copied_by_the_mbr),
        TEST(a_softdevice_with_bootloader_is_both_of_them),
        TEST(a_cut_application_update_leaves_the_old_or_the_new_one),
        TEST(two_cuts_leave_one_of_them_too),
        TEST(a_cut_copy_over_the_image_itself_is_finished),
        TEST(a_cut_single_bank_update_leaves_the_updater),
        TEST(other_kinds_survive_every_cut),
        TEST(a_softdevice_that_overlaps_its_own_info_page_bricks_the_board),
        TEST(a_cut_behind_the_last_answer_keeps_the_old_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
