/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of link outcomes and of faults of single packets; the operations that a driver may leave out. */
#include "drivers/link/link.h"

#include "base/error.h"
#include "drivers/link/packet_fault.h"
#include "protocol/ble/code_names.h"

#include <string.h>

const char *rig_link_outcome_name(enum rig_link_outcome outcome)
{
    static const char *const names[RIG_LINK_N_OUTCOMES] = {
        "ok",          "timeout",           "not-found",       "link-lost",     "not-connected",
        "key-missing", "key-different",     "pairing-refused", "not-encrypted", "no-service",
        "too-long",    "no-characteristic", "no-property",     "att-error",
    };

    return (guint)outcome < RIG_LINK_N_OUTCOMES ? names[outcome] : "unknown";
}

const char *rig_link_where_text(enum rig_link_where where)
{
    static const char *const texts[RIG_LINK_N_WHERES] = {
        "where it is configured to be",
        "at its address",
        "at address + 1",
        "at its address or address + 1",
        "under the name that was asked for",
    };

    return (guint)where < RIG_LINK_N_WHERES ? texts[where] : "unknown";
}

guint16 rig_link_mtu(struct rig_link *link)
{
    struct rig_link_state state;

    if (link->ops->mtu)
        return link->ops->mtu(link);
    link->ops->state(link, &state);
    return state.mtu;
}

void rig_link_pairing_text(guint8 reason, bool by_board, char *text, gsize room)
{
    const char *words = rig_sm_reason_text(reason);

    g_snprintf(text, room, "pairing failed: %s says %s (0x%02x)", by_board ? "the board" : "this host",
               words ? words : "an unknown reason", reason);
}

bool rig_link_open(struct rig_link *link, GError **error)
{
    return !link->ops->open || link->ops->open(link, error);
}

void rig_link_board_gone(struct rig_link *link, const char *why)
{
    if (link->ops->board_gone)
        link->ops->board_gone(link, why);
}

void rig_link_close(struct rig_link *link)
{
    if (link->ops->close)
        link->ops->close(link);
}

void rig_link_free(struct rig_link *link)
{
    if (link && link->ops->free)
        link->ops->free(link);
}

/* --- faults of packets --- */

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

bool rig_link_split_address(const char *text, const char *what, char **host, guint16 *port, GError **error)
{
    const char *colon = strrchr(text, ':');
    guint64 number = 0;

    const char *from = text, *to = colon;

    /* An IPv6 address has colons of its own. */
    if (colon && colon > text && text[0] == '[' && colon[-1] == ']') {
        from++;
        to--;
    }
    if (to > from && (from > text || !memchr(from, ':', (gsize)(to - from))) &&
        g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL)) {
        *host = g_strndup(from, (gsize)(to - from));
        *port = (guint16)number;
        return true;
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s wants HOST:PORT or [IPv6 address]:PORT, not '%s'",
                what, text);
    return false;
}
