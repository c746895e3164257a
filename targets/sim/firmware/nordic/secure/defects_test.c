/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each seeded defect changes what it says, and without it the board does right. */
#include "sim/firmware/nordic/secure/secure_fixture.h"

#include "protocol/nordic/dfu.h"

#include <string.h>

static void enter(struct world *world)
{
    world->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    assert_int_equal(world_settle(world), SIM_SECURE_UPDATER);
}

/* --- what goes wrong; each returns whether it did --- */

static bool takes_an_unsigned_packet(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    struct rig_key *key = world->key;
    enter(world);
    world->key = NULL;
    uint8_t result = world_send_init(world, &init);
    world->key = key;
    return result == RIG_DFU_SUCCESS;
}

static bool takes_a_strangers_packet(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    struct rig_key *key = world->key;
    enter(world);
    world->key = rig_key_test(RIG_KEY_ECDSA_P256, 1, NULL);
    uint8_t result = world_send_init(world, &init);
    rig_key_free(world->key);
    world->key = key;
    return result == RIG_DFU_SUCCESS;
}

static bool takes_another_image(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    enter(world);
    world->image[100] ^= 1;
    return world_transfer(world, &init) == RIG_DFU_SUCCESS && world_settle(world) == SIM_SECURE_APPLICATION &&
           world_holds(world, WORLD_BANK_0, world->image, 200);
}

static bool takes_other_hardware(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    init.hw_version = 51;
    enter(world);
    return world_send_init(world, &init) == RIG_DFU_SUCCESS;
}

static bool takes_another_softdevice(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    init.sd_req[0] = 0x999;
    enter(world);
    return world_send_init(world, &init) == RIG_DFU_SUCCESS;
}

static bool takes_an_older_version(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    init.fw_version = 0;
    enter(world);
    return world_send_init(world, &init) == RIG_DFU_SUCCESS;
}

/* How often a cut at each operation of an activation loses the application. */
static bool loses_an_application(struct world *world, uint32_t n_bytes, uint64_t from)
{
    struct rig_init_packet init = world_application(world, n_bytes);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    struct sim_flash_content *fresh = sim_flash_keep(world->flash);
    bool is_lost = false;
    for (uint64_t at = from;; at++) {
        sim_flash_restore(world->flash, fresh);
        sim_flash_power(world->flash, true);
        sim_flash_arm_cut(world->flash, at, SIM_CUT_HALF);
        (void)world_settle(world);
        bool fell = !sim_flash_powered(world->flash);
        sim_flash_disarm_cut(world->flash);
        sim_flash_power(world->flash, true);
        if (!fell)
            break;
        world->retained.gpregret = 0;
        is_lost |= world_settle(world) != SIM_SECURE_APPLICATION ||
                   !world_holds(world, WORLD_BANK_0, world->image, n_bytes);
    }
    sim_flash_content_free(fresh);
    return is_lost;
}

static bool loses_a_cut_copy(struct world *world)
{
    return loses_an_application(world, 0xf004,
                                0); /* larger than the step: it reads what it has overwritten */
}

static bool forgets_an_update(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    world->retained.gpregret = 0;
    (void)world_settle(world);
    return !world_holds(world, WORLD_BANK_0, world->image, WORLD_NEW_BYTES);
}

static bool has_no_old_one_left(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    enter(world);
    assert_int_equal(world_send_init(world, &init), RIG_DFU_SUCCESS);
    world->retained.gpregret = 0;
    return world_settle(world) != SIM_SECURE_APPLICATION;
}

/* The image in bank 1 changes between transfer and activation. */
static bool runs_what_was_spoilt(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    uint8_t zero = 0;
    world_poke(world, WORLD_BANK_1 + 0x300, &zero, 1);
    return world_settle(world) == SIM_SECURE_APPLICATION;
}

static bool erases_data_of_the_application(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    uint32_t at = WORLD_BOOTLOADER - 0x2000;
    world_poke(world, at, "bond", 4);
    enter(world);
    assert_int_equal(world_transfer(world, &init), RIG_DFU_SUCCESS);
    (void)world_settle(world);
    return !world_holds(world, at, "bond", 4);
}

static bool remembers_peer_data(struct world *world)
{
    struct rig_nordic_peer peer = {.ediv = 1};
    assert_int_equal(sim_secure_hand_over_peer(&world->config, world->flash, &peer), SIM_SECURE_HANDED_OVER);
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    return sim_secure_peer(&world->config, world->flash, NULL) != RIG_NORDIC_EXTRA_ERASED;
}

static bool never_gives_up(struct world *world)
{
    static const uint8_t create[] = {RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT, 1, 0, 0, 0};
    uint8_t erased[RIG_NORDIC_SETTINGS_BYTES];
    memset(erased, 0xff, sizeof erased);
    world_poke(world, WORLD_BACKUP, erased, sizeof erased); /* the run has something to write */
    enter(world);
    bool at_first = sim_secure_due(&world->config, world->state, world->flash, 0) == SIM_SECURE_NEVER;
    sim_secure_control(&world->config, world->state, world->flash, create, sizeof create, 0);
    bool later = sim_secure_due(&world->config, world->state, world->flash, 0) == SIM_SECURE_NEVER;
    assert_true(at_first == later);
    return later;
}

static bool praises_a_wrong_image(struct world *world)
{
    struct rig_init_packet init = world_init(world);
    enter(world);
    world->image[100] ^= 1;
    bool told = world_transfer(world, &init) == RIG_DFU_SUCCESS;
    world->retained.gpregret = 0;
    assert_int_equal(world_settle(world), SIM_SECURE_APPLICATION);
    assert_false(world_holds(world, WORLD_BANK_0, world->image, 200));
    return told;
}

static const struct {
    uint32_t defect;
    bool (*goes_wrong)(struct world *world);
} table[] = {
    {SIM_SECURE_ACCEPTS_UNSIGNED, takes_an_unsigned_packet},
    {SIM_SECURE_ACCEPTS_ANY_KEY, takes_a_strangers_packet},
    {SIM_SECURE_SKIPS_HASH, takes_another_image},
    {SIM_SECURE_IGNORES_HARDWARE, takes_other_hardware},
    {SIM_SECURE_IGNORES_SOFTDEVICE, takes_another_softdevice},
    {SIM_SECURE_IGNORES_DOWNGRADE, takes_an_older_version},
    {SIM_SECURE_FORGETS_COPY, loses_a_cut_copy},
    {SIM_SECURE_NO_BACKUP, forgets_an_update},
    {SIM_SECURE_ERASES_OLD_FIRST, has_no_old_one_left},
    {SIM_SECURE_MARKS_VALID_FIRST, runs_what_was_spoilt},
    {SIM_SECURE_ERASES_APP_DATA, erases_data_of_the_application},
    {SIM_SECURE_KEEPS_PEER_DATA, remembers_peer_data},
    {SIM_SECURE_STUCK_IN_UPDATER, never_gives_up},
    {SIM_SECURE_ANSWERS_EARLY, praises_a_wrong_image},
};
#define N_TABLE (sizeof table / sizeof table[0])

static void each_defect_does_what_it_says_and_nothing_does_it_without(void **state)
{
    (void)state;
    assert_int_equal(N_TABLE, SIM_SECURE_N_DEFECTS);
    for (size_t i = 0; i < N_TABLE; i++) {
        for (int seeded = 0; seeded < 2; seeded++) {
            struct world *world = test_malloc(sizeof *world);
            world_make(world);
            world->config.defects = seeded ? table[i].defect : 0;
            bool went_wrong = table[i].goes_wrong(world);
            if (went_wrong != (seeded != 0))
                print_error("%s, %s\n", sim_secure_defect_name((unsigned)i),
                            seeded ? "seeded" : "not seeded");
            assert_int_equal(went_wrong, seeded != 0);
            world_clear(world);
            test_free(world);
        }
    }
}

static void each_defect_has_a_name(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < SIM_SECURE_N_DEFECTS; bit++)
        for (unsigned other = 0; other < bit; other++)
            assert_string_not_equal(sim_secure_defect_name(bit), sim_secure_defect_name(other));
    assert_null(sim_secure_defect_name(SIM_SECURE_N_DEFECTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_defect_does_what_it_says_and_nothing_does_it_without),
        cmocka_unit_test(each_defect_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
