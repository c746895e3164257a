/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power role of a machine in QEMU: off is the end of its process, and a cut is the instant at which it
 * stopped. */
#include "drivers/qemu/qemu_board.h"

#include "base/error.h"

#include <string.h>

static struct rig_qemu_power *self(struct rig_power *power)
{
    return (struct rig_qemu_power *)power;
}

static bool power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_qemu_board *board = self(power)->owner;
    gint64 at_us;

    return on ? rig_qemu_board_on(board, error) : rig_qemu_board_off(board, &at_us, error);
}

static bool power_is_on(struct rig_power *power, bool *on, GError **error)
{
    rig_qemu_power_notice(self(power));
    *on = rig_qemu_machine_is_on(self(power)->owner->machine);
    return !*on || rig_qemu_machine_is_alive(self(power)->owner->machine, error);
}

/* The board's clock stood still while the process ended, so that it shows the instant of the cut after it. */
void rig_qemu_power_notice(struct rig_qemu_power *power)
{
    gint64 aimed_us;

    if (!power->armed || power->fell || !power->due_us || g_get_monotonic_time() < power->due_us)
        return;
    aimed_us = power->due_us;
    power->fell = rig_qemu_machine_is_on(power->owner->machine) &&
                  rig_qemu_board_off(power->owner, &power->at_us, power->trouble ? NULL : &power->trouble);
    power->late_us = power->at_us - aimed_us;
    power->cut_us = rig_qemu_board_at_us(power->owner, g_get_monotonic_time());
    power->armed = power->fell; /* a cut that failed is not tried again: disarm tells why */
}

void rig_qemu_power_heard(struct rig_qemu_power *power, const char *line, gint64 at_us)
{
    if (power->armed && !power->due_us && power->line && strstr(line, power->line))
        power->due_us = at_us + (gint64)power->delay_us;
}

static bool power_arm(struct rig_power *base, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_qemu_power *power = self(base);

    if (plan->aim != RIG_CUT_AFTER_TIME && plan->aim != RIG_CUT_AT_CONSOLE) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "a machine in QEMU does not tell its flash operations: a cut can be aimed at an "
                            "instant or at a console line");
        return false;
    }
    rig_qemu_power_clear(power);
    power->armed = true;
    power->fell = false;
    power->delay_us = plan->delay_us;
    power->line = plan->aim == RIG_CUT_AT_CONSOLE ? g_strdup(plan->line) : NULL;
    power->due_us = power->line ? 0 : g_get_monotonic_time() + (gint64)plan->delay_us;
    return true;
}

static bool power_disarm(struct rig_power *base, struct rig_cut_record *record, GError **error)
{
    struct rig_qemu_power *power = self(base);

    *record = (struct rig_cut_record){0};
    rig_qemu_power_notice(power);
    if (power->fell) {
        record->fell = true;
        record->at_us = power->cut_us;
        record->aimed_us = power->cut_us - MIN(power->cut_us, (guint64)MAX(power->late_us, 0));
        g_strlcpy(record->proof, "qemu: the machine stopped and its process has ended", sizeof record->proof);
    }
    power->armed = power->fell = false;
    if (!power->trouble)
        return true;
    g_propagate_error(error, g_steal_pointer(&power->trouble));
    return false;
}

static const struct rig_power_ops ops = {
    .name = "qemu process",
    .set = power_set,
    .is_on = power_is_on,
    .arm_cut = power_arm,
    .disarm_cut = power_disarm,
};

void rig_qemu_power_init(struct rig_qemu_power *power, struct rig_qemu_board *owner)
{
    *power = (struct rig_qemu_power){.power = {.ops = &ops}, .owner = owner};
}

void rig_qemu_power_clear(struct rig_qemu_power *power)
{
    g_clear_pointer(&power->line, g_free);
    g_clear_error(&power->trouble);
}
