/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of single packets over the air: the board's own host stack has the engine, reached over the control
 * socket (targets/sim/chip/host/host.h). */
#include "base/error.h"
#include "drivers/simprocess/process_board.h"
#include "sim/chip/ble/pdu_faults.h"

#include <string.h>

#define STRIKE_LINE "link " SIM_PDU_STRIKE_PREFIX

static bool can(const struct rig_process_board *board, GError **error)
{
    if (!rig_process_board_has_radio(board))
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "there are no faults of packets over '%s'",
                    board->place.kind);
    else if (!board->sim)
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_DEVICE, "the board is not prepared yet");
    else
        return true;
    return false;
}

bool rig_process_arm_packet_fault(struct rig_board *base, const struct rig_packet_fault *fault,
                                  GError **error)
{
    struct rig_process_board *board = (struct rig_process_board *)base;
    g_autoptr(GString) line = g_string_new("link fault ");
    const char *why;
    guint32 value;

    if (!rig_packet_fault_is_valid(fault, &why)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
        return false;
    }
    if (!can(board, error))
        return false;
    g_string_append_printf(line, "%s %s %u %u", rig_packet_fault_kind_name(fault->kind),
                           rig_packet_direction_name(fault->direction), fault->first,
                           fault->n_times ? fault->n_times : G_MAXUINT32);
    if (rig_packet_fault_value(fault, &value))
        g_string_append_printf(line, " %u", value);
    return rig_sim_process_command(board->sim, line->str, NULL, error);
}

static bool read_count(const char *answer, const char *name, guint32 *count)
{
    g_autofree char *text = rig_process_field(answer, name);
    guint64 value = 0;
    bool ok = text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, NULL);

    *count = (guint32)value;
    return ok;
}

static bool read_strikes(const char *answer, struct rig_packet_report *report)
{
    g_autofree char *text = rig_process_field(answer, "struck");
    g_auto(GStrv) words = text ? g_strsplit(text, ",", -1) : NULL;

    report->n_faults = words ? g_strv_length(words) : 0;
    if (!words || report->n_faults > RIG_PACKET_MAX_FAULTS)
        return false;
    for (guint i = 0; i < report->n_faults; i++) {
        guint64 value;

        if (!g_ascii_string_to_unsigned(words[i], 10, 0, G_MAXUINT32, &value, NULL))
            return false;
        report->n_struck[i] = (guint32)value;
    }
    return true;
}

bool rig_process_end_packet_faults(struct rig_board *base, struct rig_packet_report *report, GError **error)
{
    struct rig_process_board *board = (struct rig_process_board *)base;
    g_autofree char *answer = NULL;
    struct rig_packet_report own = {0};

    if (!can(board, error) || !rig_sim_process_command(board->sim, "link fault none", &answer, error))
        return false;
    rig_process_board_take_lines(board); /* the strikes are told before their end */
    if (!read_count(answer, "writes", &own.n_writes) ||
        !read_count(answer, "notifications", &own.n_notifications) || !read_strikes(answer, &own)) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the simulated board says of its faults what is not understood: '%s'", answer);
        return false;
    }
    if (report)
        *report = own;
    return true;
}

bool rig_process_took_strike(struct rig_process_board *board, const char *line)
{
    const struct rig_board_listener *listener = &board->board.listener;

    if (!g_str_has_prefix(line, STRIKE_LINE))
        return false;
    if (listener->packet_fault)
        listener->packet_fault(listener->user, board->board.ops->now_us(&board->board),
                               line + strlen(STRIKE_LINE));
    return true;
}
