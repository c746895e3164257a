/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power role over the control socket. */
#include "drivers/simprocess/process_board.h"

#include "base/error.h"
#include "base/words.h"

#include <string.h>

static struct rig_process_board *owner_of(struct rig_power *power)
{
    return ((struct rig_process_power *)power)->owner;
}

static bool need_process(const struct rig_process_board *board, GError **error)
{
    if (board->sim)
        return true;
    g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board is not prepared yet");
    return false;
}

static bool power_set(struct rig_power *power, bool on, GError **error)
{
    struct rig_process_board *board = owner_of(power);

    if (!need_process(board, error) || !rig_openocd_probe_end_peek(&board->probe, error))
        return false;
    if (!on)
        rig_openocd_probe_power(&board->probe, false);
    (void)!rig_process_board_has_power(board);
    if (!rig_sim_process_command(board->sim, on ? "power on" : "power off", NULL, error))
        return false;
    /* The lines of before come before the switch; also to the count of boots. */
    if (!on)
        (void)!rig_process_board_has_power(board);
    if (on)
        rig_openocd_probe_power(&board->probe, true);
    else
        rig_link_board_gone(board->board.link, "disconnected: the board has no power");
    return true;
}

static bool power_is_on(struct rig_power *power, bool *on, GError **error)
{
    struct rig_process_board *board = owner_of(power);

    (void)error;
    *on = !board->probe.peeking && board->sim && rig_process_board_has_power(board);
    return true;
}

char *rig_process_cut_command(const struct rig_cut_plan *plan)
{
    g_autofree char *pattern = rig_word_quote(plan->line ? plan->line : "");

    switch (plan->aim) {
    case RIG_CUT_AT_OPERATION:
        return g_strdup_printf("cut operation %" G_GUINT64_FORMAT " %s", plan->operation,
                               rig_cut_form_name(plan->form));
    case RIG_CUT_AFTER_TIME:
        return g_strdup_printf("cut after %" G_GUINT64_FORMAT "us", plan->delay_us);
    case RIG_CUT_AT_CONSOLE:
        return g_strdup_printf("cut console %" G_GUINT64_FORMAT "us %s", plan->delay_us, pattern);
    case RIG_CUT_AT_MEMORY:
        break;
    }
    return NULL;
}

static bool power_arm(struct rig_power *power, const struct rig_cut_plan *plan, GError **error)
{
    struct rig_process_board *board = owner_of(power);
    g_autofree char *line = rig_process_cut_command(plan);

    if (!line) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                            "this board's supply cannot be cut at a word of memory");
        return false;
    }
    if (!need_process(board, error) || !rig_sim_process_command(board->sim, line, NULL, error))
        return false;
    ((struct rig_process_power *)power)->armed = true;
    return true;
}

static guint64 number_of(const char *answer, const char *name)
{
    g_autofree char *text = rig_process_field(answer, name);

    return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static bool is_yes(const char *answer, const char *name, const char *yes)
{
    g_autofree char *text = rig_process_field(answer, name);

    return g_strcmp0(text, yes) == 0;
}

/* Two witnesses, where the adapter measures the supply. */
static void prove(struct rig_process_board *board, struct rig_cut_record *record)
{
    char measured[32];

    g_strlcpy(record->proof, "simulator: the flash has no power", sizeof record->proof);
    if (!rig_openocd_probe_proves_death(&board->probe, measured, sizeof measured))
        return;
    g_strlcat(record->proof, "; ", sizeof record->proof);
    g_strlcat(record->proof, measured, sizeof record->proof);
}

static bool power_disarm(struct rig_power *power, struct rig_cut_record *record, GError **error)
{
    struct rig_process_board *board = owner_of(power);
    g_autofree char *answer = NULL;
    g_autofree char *device = NULL;

    *record = (struct rig_cut_record){0};
    if (!need_process(board, error) || !rig_sim_process_command(board->sim, "status", &answer, error))
        return false;
    ((struct rig_process_power *)power)->armed = false;
    record->fell = is_yes(answer, "cut-fell", "yes");
    record->at_us = number_of(answer, "cut-at-us");
    record->at_operation = is_yes(answer, "cut-at-operation", "yes");
    record->operation = number_of(answer, "cut-operation");
    record->erase = is_yes(answer, "cut-kind", "erase");
    record->offset = (guint32)number_of(answer, "cut-offset");
    record->n_bytes = (guint32)number_of(answer, "cut-bytes");
    record->torn = is_yes(answer, "cut-torn", "yes");
    device = rig_process_field(answer, "cut-device");
    g_strlcpy(record->device, device ? device : "", sizeof record->device);
    if (record->fell && !rig_process_board_has_power(board))
        prove(board, record);
    return rig_sim_process_command(board->sim, "cut none", NULL, error);
}

static const struct rig_power_ops ops = {
    .name = "control socket",
    .set = power_set,
    .is_on = power_is_on,
    .arm_cut = power_arm,
    .disarm_cut = power_disarm,
};

void rig_process_power_init(struct rig_process_power *power, struct rig_process_board *owner)
{
    *power = (struct rig_process_power){.power = {.ops = &ops}, .owner = owner};
}
