/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of single packets on the in-process link: the simulated board has the engine. */
#include "drivers/sim/sim_driver.h"

#include "base/error.h"

#include <string.h>

G_STATIC_ASSERT(RIG_PACKET_MAX_FAULTS == SIM_PDU_MAX_FAULTS);

static enum sim_pdu_fault_kind kind_of(enum rig_packet_fault_kind kind)
{
    static const enum sim_pdu_fault_kind kinds[RIG_PACKET_N_KINDS] = {
        [RIG_PACKET_DROP] = SIM_PDU_DROP,
        [RIG_PACKET_DUPLICATE] = SIM_PDU_DUPLICATE,
        [RIG_PACKET_DELAY] = SIM_PDU_DELAY,
        [RIG_PACKET_REORDER] = SIM_PDU_REORDER,
        [RIG_PACKET_CORRUPT] = SIM_PDU_CORRUPT,
        [RIG_PACKET_TRUNCATE] = SIM_PDU_TRUNCATE,
        [RIG_PACKET_DISCONNECT] = SIM_PDU_DISCONNECT,
        [RIG_PACKET_LOST] = SIM_PDU_LOST,
    };

    return kinds[kind];
}

bool rig_sim_arm_packet_fault(struct rig_board *board, const struct rig_packet_fault *fault, GError **error)
{
    struct sim_pdu_fault armed = {
        .direction = fault->direction == RIG_PACKET_WRITES ? SIM_PDU_WRITES : SIM_PDU_NOTIFICATIONS,
        .first = fault->first,
        .n_times = fault->n_times ? fault->n_times : G_MAXUINT32,
    };
    struct rig_sim *sim = (struct rig_sim *)board;
    const char *why;

    if (!rig_packet_fault_is_valid(fault, &why)) {
        g_set_error_literal(error, RIG_ERROR, RIG_ERROR_INPUT, why);
        return false;
    }
    if (sim_board_pdu_faults(sim->sim)->n == 0)
        memset(sim->n_struck, 0, sizeof sim->n_struck);
    armed.kind = kind_of(fault->kind);
    armed.has_value = rig_packet_fault_value(fault, &armed.value);
    if (sim_board_arm_pdu_fault(sim->sim, &armed))
        return true;
    g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE, "there are %u faults of packets already",
                RIG_PACKET_MAX_FAULTS);
    return false;
}

bool rig_sim_end_packet_faults(struct rig_board *board, struct rig_packet_report *report, GError **error)
{
    struct rig_sim *sim = (struct rig_sim *)board;
    const struct sim_pdu_faults *faults = sim_board_pdu_faults(sim->sim);

    (void)error;
    if (report) {
        *report = (struct rig_packet_report){.n_faults = faults->n,
                                             .n_writes = faults->n_passed[SIM_PDU_WRITES],
                                             .n_notifications = faults->n_passed[SIM_PDU_NOTIFICATIONS]};
        memcpy(report->n_struck, sim->n_struck, sizeof report->n_struck);
    }
    sim_board_end_pdu_faults(sim->sim);
    return true;
}

void rig_sim_packet_struck(void *user, uint64_t at_us, const struct sim_pdu_strike *strike)
{
    struct rig_sim *sim = user;
    const struct rig_board_listener *listener = &sim->board.listener;
    char text[SIM_PDU_STRIKE_TEXT_BYTES];

    sim->n_struck[strike->fault]++;
    sim_pdu_strike_text(strike, text, sizeof text);
    if (listener->packet_fault)
        listener->packet_fault(listener->user, at_us + sim->stood_us, text);
}
