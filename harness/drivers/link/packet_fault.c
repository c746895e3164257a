/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of faults of single packets. */
#include "drivers/link/packet_fault.h"

const char *rig_packet_fault_kind_name(enum rig_packet_fault_kind kind)
{
    static const char *const names[RIG_PACKET_N_KINDS] = {"drop",    "duplicate", "delay",      "reorder",
                                                          "corrupt", "truncate",  "disconnect", "lost"};

    return (guint)kind < RIG_PACKET_N_KINDS ? names[kind] : "unknown";
}

const char *rig_packet_direction_name(enum rig_packet_direction direction)
{
    return direction == RIG_PACKET_WRITES ? "writes" : "notifications";
}

bool rig_packet_fault_is_valid(const struct rig_packet_fault *fault, const char **why)
{
    *why = NULL;
    if ((guint)fault->kind >= RIG_PACKET_N_KINDS || (guint)fault->direction > RIG_PACKET_NOTIFICATIONS)
        *why = "no such fault of a packet";
    else if (fault->kind == RIG_PACKET_DELAY && fault->delay_ms > RIG_PACKET_MAX_DELAY_MS)
        *why = "a packet is delayed by ten minutes at most";
    else if ((fault->kind == RIG_PACKET_CORRUPT || fault->kind == RIG_PACKET_TRUNCATE) &&
             fault->at > RIG_PACKET_MAX_AT && fault->at != RIG_PACKET_MIDDLE)
        *why = "a packet has no byte beyond 4095";
    return !*why;
}

bool rig_packet_fault_value(const struct rig_packet_fault *fault, guint32 *value)
{
    switch (fault->kind) {
    case RIG_PACKET_DELAY:
        *value = fault->delay_ms;
        return true;
    case RIG_PACKET_CORRUPT:
    case RIG_PACKET_TRUNCATE:
        *value = fault->at;
        return fault->at != RIG_PACKET_MIDDLE;
    case RIG_PACKET_DISCONNECT:
        *value = fault->reason;
        return fault->reason != 0;
    case RIG_PACKET_DROP:
    case RIG_PACKET_DUPLICATE:
    case RIG_PACKET_REORDER:
    case RIG_PACKET_LOST:
        break;
    }
    return false;
}
