/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and results of the buttonless services. */
#include "sim/firmware/nordic/buttonless.h"

#include "protocol/nordic/dfu.h"
#include "sim/firmware/nordic/application.h"

#include <string.h>

#define MAX_WRITE_BYTES 23u

enum job { NO_JOB, JOB_PEER, JOB_NAME, JOB_SETTINGS };

const char *sim_buttonless_kind_name(enum sim_buttonless_kind kind)
{
    static const char *const names[] = {"none", "without-bonds", "with-bonds", "experimental"};

    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

const char *sim_buttonless_defect_name(unsigned bit)
{
    static const char *const names[SIM_BUTTONLESS_N_DEFECTS] = {
        "buttonless-stays",           "buttonless-silent",     "buttonless-ignores",
        "buttonless-change-not-told", "buttonless-wrong-peer",
    };

    return bit < SIM_BUTTONLESS_N_DEFECTS ? names[bit] : NULL;
}

void sim_buttonless_services(enum sim_buttonless_kind kind, enum sim_ble_security demand, bool open_anyway,
                             struct sim_gatt_services *services)
{
    static const char *const uuids[] = {
        [SIM_BUTTONLESS_WITHOUT_BONDS] = RIG_DFU_BUTTONLESS_UUID,
        [SIM_BUTTONLESS_WITH_BONDS] = RIG_DFU_BUTTONLESS_BONDED_UUID,
        [SIM_BUTTONLESS_EXPERIMENTAL] = RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID,
    };
    bool experimental = kind == SIM_BUTTONLESS_EXPERIMENTAL;

    services->softdevice = true;
    if (kind == SIM_BUTTONLESS_NONE)
        return;
    if (kind == SIM_BUTTONLESS_WITH_BONDS && demand == SIM_BLE_OPEN && !open_anyway)
        demand = SIM_BLE_ENCRYPTED;
    services->n = 1;
    services->characteristics[0] = (struct sim_gatt_characteristic){
        .service = experimental ? RIG_DFU_BUTTONLESS_EXPERIMENTAL_UUID : "fe59",
        .uuid = uuids[kind],
        .properties = (uint8_t)(SIM_GATT_WRITE | (experimental ? SIM_GATT_NOTIFY : SIM_GATT_INDICATE)),
        .demand = demand,
        .max_bytes = MAX_WRITE_BYTES,
    };
}

/* false: nobody is there to be told, or what was told before is not confirmed yet. */
static bool answer(struct sim_chip *chip, uint8_t op, enum rig_buttonless_result result)
{
    const uint8_t bytes[3] = {RIG_BUTTONLESS_RESPONSE, op, (uint8_t)result};

    switch (sim_chip_subscription(chip, 0)) {
    case SIM_GATT_NOTIFIED:
        sim_chip_notify(chip, 0, bytes, sizeof bytes);
        return true;
    case SIM_GATT_INDICATED:
        return sim_chip_indicate(chip, 0, bytes, sizeof bytes);
    case SIM_GATT_UNSUBSCRIBED:
        break;
    }
    return false;
}

/* Success of op 01: what follows waits for the confirmation. */
static enum sim_buttonless_wish promise_entry(struct sim_buttonless *state, uint32_t defects,
                                              struct sim_chip *chip)
{
    if (defects & SIM_BUTTONLESS_SILENT)
        return SIM_BUTTONLESS_ENTER;
    state->waits_for_reset = answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_SUCCESS);
    if (!state->waits_for_reset)
        answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_FAILED);
    return SIM_BUTTONLESS_NOTHING;
}

static enum sim_buttonless_wish enter_without_bonds(struct sim_buttonless *state, uint32_t defects,
                                                    struct sim_chip *chip)
{
    if (state->job == NO_JOB)
        return promise_entry(state, defects, chip);
    answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_BUSY);
    return SIM_BUTTONLESS_NOTHING;
}

static enum sim_buttonless_wish enter_with_bonds(struct sim_buttonless *state, uint32_t defects,
                                                 struct sim_chip *chip)
{
    if (state->job != NO_JOB) {
        answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_BUSY);
        return SIM_BUTTONLESS_NOTHING;
    }
    if (!sim_nordic_take_peer(chip, &state->peer)) {
        answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_NOT_BONDED);
        return SIM_BUTTONLESS_NOTHING;
    }
    if (defects & SIM_BUTTONLESS_WRONG_PEER)
        state->peer.ltk[0] ^= 1;
    state->job = JOB_PEER;
    return SIM_BUTTONLESS_HAND_OVER_PEER;
}

/* SDK 12 answers first and writes then. */
static enum sim_buttonless_wish enter_experimental(struct sim_buttonless *state, uint32_t defects,
                                                   struct sim_chip *chip)
{
    if (!(defects & SIM_BUTTONLESS_SILENT))
        answer(chip, RIG_BUTTONLESS_ENTER, RIG_BUTTONLESS_SUCCESS);
    state->job = JOB_SETTINGS;
    return SIM_BUTTONLESS_MARK_SETTINGS;
}

static enum sim_buttonless_wish enter(struct sim_buttonless *state, enum sim_buttonless_kind kind,
                                      uint32_t defects, struct sim_chip *chip)
{
    if (kind == SIM_BUTTONLESS_WITH_BONDS)
        return enter_with_bonds(state, defects, chip);
    if (kind == SIM_BUTTONLESS_WITHOUT_BONDS)
        return enter_without_bonds(state, defects, chip);
    return enter_experimental(state, defects, chip);
}

/* A second name while the first is on its way to the flash fails, it is not called busy: the service takes
 * the one code for another. What the length counts beyond the write is zeros here. */
static enum sim_buttonless_wish set_name(struct sim_buttonless *state, struct sim_chip *chip,
                                         const uint8_t *bytes, size_t n_bytes)
{
    size_t n_name = n_bytes > 1 ? bytes[1] : 0;
    size_t n_there = n_bytes > 2 ? n_bytes - 2 : 0;

    if (n_name == 0 || n_name > RIG_BUTTONLESS_MAX_NAME_BYTES) {
        answer(chip, RIG_BUTTONLESS_SET_NAME, RIG_BUTTONLESS_INVALID_NAME);
        return SIM_BUTTONLESS_NOTHING;
    }
    if (state->job != NO_JOB) {
        answer(chip, RIG_BUTTONLESS_SET_NAME, RIG_BUTTONLESS_FAILED);
        return SIM_BUTTONLESS_NOTHING;
    }
    memset(state->name, 0, sizeof state->name);
    memcpy(state->name, bytes + 2, n_there < n_name ? n_there : n_name);
    state->n_name = (uint8_t)n_name;
    state->job = JOB_NAME;
    return SIM_BUTTONLESS_HAND_OVER_NAME;
}

bool sim_buttonless_write(struct sim_buttonless *state, enum sim_buttonless_kind kind, uint32_t defects,
                          struct sim_chip *chip, const uint8_t *bytes, size_t n_bytes,
                          enum sim_buttonless_wish *wish, uint8_t *error)
{
    uint8_t op = n_bytes > 0 ? bytes[0] : 0;

    *wish = SIM_BUTTONLESS_NOTHING;
    *error = 0;
    if (sim_chip_subscription(chip, 0) == SIM_GATT_UNSUBSCRIBED) {
        *error = RIG_DFU_ATT_CCC_IMPROPER;
        return false;
    }
    if (defects & SIM_BUTTONLESS_IGNORES)
        return true;
    if (op == RIG_BUTTONLESS_ENTER)
        *wish = enter(state, kind, defects, chip);
    else if (op == RIG_BUTTONLESS_SET_NAME && kind == SIM_BUTTONLESS_WITHOUT_BONDS)
        *wish = set_name(state, chip, bytes, n_bytes);
    else
        answer(chip, op, RIG_BUTTONLESS_NOT_SUPPORTED);
    return true;
}

enum sim_buttonless_wish sim_buttonless_flash_done(struct sim_buttonless *state, uint32_t defects,
                                                   struct sim_chip *chip, bool success)
{
    enum job job = (enum job)state->job;

    state->job = NO_JOB;
    if (job == JOB_SETTINGS)
        return success && !(defects & SIM_BUTTONLESS_STAYS) ? SIM_BUTTONLESS_ENTER_BY_SETTINGS
                                                            : SIM_BUTTONLESS_NOTHING;
    if (job == JOB_PEER && success)
        return promise_entry(state, defects, chip);
    answer(chip, job == JOB_PEER ? RIG_BUTTONLESS_ENTER : RIG_BUTTONLESS_SET_NAME,
           success ? RIG_BUTTONLESS_SUCCESS : RIG_BUTTONLESS_FAILED);
    return SIM_BUTTONLESS_NOTHING;
}
