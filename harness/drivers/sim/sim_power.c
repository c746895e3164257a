/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power role: the simulated supply, and cuts aimed at flash operations, instants and console lines. */
#include "drivers/sim/sim_driver.h"

#include "base/error.h"

static struct rig_sim *sim_of(struct rig_power *power)
{
    return ((struct rig_sim_power *)power)->sim;
}

static bool sim_power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_sim *sim = sim_of(power);

    (void)error;
    sim_board_power(sim->sim, on);
    if (sim->debug)
        sim_debug_notice(sim->debug);
    return true;
}

static bool sim_power_is_on(struct rig_power *power, bool *on, GError **error)
{
    (void)error;
    *on = sim_board_powered(sim_of(power)->sim);
    return true;
}

static bool sim_power_arm_cut(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    static const enum sim_cut_kind kinds[] = {SIM_CUT_AT_OPERATION, SIM_CUT_AFTER_TIME, SIM_CUT_AT_CONSOLE,
                                              SIM_CUT_AFTER_TIME};
    static const enum sim_cut_form forms[] = {SIM_CUT_BEFORE, SIM_CUT_HALF, SIM_CUT_AFTER};
    struct sim_cut cut = {
        .kind = kinds[plan->aim],
        .form = forms[plan->form],
        .operation = plan->operation,
        .delay_us = plan->delay_us,
    };

    if (plan->aim == RIG_CUT_AT_MEMORY) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "the built-in simulated board has no memory that could be polled");
        return false;
    }
    if (plan->line && g_strlcpy(cut.pattern, plan->line, sizeof cut.pattern) >= sizeof cut.pattern) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "the piece of a console line is longer than %zu bytes",
                    sizeof cut.pattern - 1);
        return false;
    }
    sim_board_arm_cut(sim_of(power)->sim, &cut);
    return true;
}

G_STATIC_ASSERT(sizeof((struct sim_cut *)NULL)->pattern > RIG_CUT_LINE_BYTES);

static bool sim_power_disarm_cut(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct rig_sim *sim = sim_of(power);
    struct sim_cut_report report = sim_board_cut_report(sim->sim);

    (void)error;
    *record = (struct rig_cut_record){
        .fell = report.fell,
        .at_us = report.at_us + sim->stood_us,
        .at_operation = report.at_operation,
        .operation = report.operation,
        .erase = report.operation_kind == SIM_FLASH_ERASE,
        .offset = report.offset,
        .n_bytes = report.n_bytes,
        .torn = report.torn,
    };
    if (report.device < sim->config.n_devices)
        g_strlcpy(record->device, sim->config.devices[report.device].name, sizeof record->device);
    if (report.fell && !sim_board_powered(sim->sim))
        g_strlcpy(record->proof, "simulator: the flash has no power", sizeof record->proof);
    sim_board_disarm_cut(sim->sim);
    return true;
}

static const struct rig_power_ops ops = {
    .name = "simulated",
    .set = sim_power_set,
    .is_on = sim_power_is_on,
    .arm_cut = sim_power_arm_cut,
    .disarm_cut = sim_power_disarm_cut,
};

void rig_sim_power_init(struct rig_sim_power *power, struct rig_sim *sim)
{
    *power = (struct rig_sim_power){.power = {.ops = &ops}, .sim = sim};
}
