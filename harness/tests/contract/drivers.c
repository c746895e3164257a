/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The drivers that the contract suites run against, one entry each. */
#include "tests/contract/contract.h"

#include "drivers/qemu/qemu_board.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/wired/simulated.h"

static struct rig_board *make_simulated(const char *target_name, void **owner)
{
    GError *error = NULL;
    struct rig_target *target = rig_target_load(target_name, RIG_SOURCE_DIR "/targets", &error);
    struct rig_board *board;

    assert_null(error);
    board = rig_sim_board_new(target, &error);
    assert_null(error);
    *owner = target;
    return board;
}

static struct rig_board *make_nrf52840(void **owner)
{
    return make_simulated("sim-nrf52840-mcuboot", owner);
}

static struct rig_board *make_nrf5340(void **owner)
{
    return make_simulated("sim-nrf5340-mcuboot", owner);
}

static void release_simulated(struct rig_board *board, void *owner)
{
    board->ops->free(board);
    rig_target_free(owner);
}

/* openocd is asked for by the test's runner: without it this driver is left out (see contract_run). */
static struct rig_board *make_process_over(const char *link, void **owner)
{
    GError *error = NULL;
    struct rig_target *target = rig_target_load("sim-process-nrf52840", RIG_SOURCE_DIR "/targets", &error);
    const struct rig_process_config config = {.target = target,
                                              .program = RIG_BINARY_DIR "/harness/cli/bootrig",
                                              .targets = RIG_SOURCE_DIR "/targets",
                                              .link = link};
    struct rig_board *board;

    assert_null(error);
    board = rig_process_board_new(&config, &error);
    assert_null(error);
    *owner = target;
    return board;
}

static struct rig_board *make_process_udp(void **owner)
{
    return make_process_over("udp", owner);
}

static struct rig_board *make_process_serial(void **owner)
{
    return make_process_over("serial", owner);
}

static struct rig_board *make_process_bluez(void **owner)
{
    return make_process_over("bluez", owner);
}

#ifdef RIG_QEMU_TARGET
static struct rig_board *make_qemu(void **owner)
{
    GError *error = NULL;
    struct rig_target *target = rig_target_load(RIG_QEMU_TARGET, RIG_SOURCE_DIR "/targets", &error);
    struct rig_board *board;

    assert_null(error);
    board = rig_qemu_board_new(target, &error);
    assert_null(error);
    *owner = target;
    return board;
}
#endif

const struct contract_driver contract_drivers[] = {
    {"simulated nRF52840", make_nrf52840, release_simulated, NULL, NULL, false},
    {"simulated nRF5340", make_nrf5340, release_simulated, NULL, NULL, false},
    {"simulated nRF52840 out of process over UDP", make_process_udp, release_simulated, "openocd", NULL,
     false},
    {"simulated nRF52840 out of process over its console", make_process_serial, release_simulated, "openocd",
     "link", false},
#ifdef RIG_QEMU_TARGET
    {"machine in QEMU", make_qemu, release_simulated, "qemu-system-arm", NULL, false},
#endif
    {"simulated nRF52840 over BlueZ", make_process_bluez, release_simulated, "openocd", "link", true},
};
const gsize contract_n_drivers = G_N_ELEMENTS(contract_drivers);
