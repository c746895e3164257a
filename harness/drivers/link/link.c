/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of link outcomes; the operations that a driver may leave out. */
#include "drivers/link/link.h"

#include "protocol/ble/code_names.h"

const char *rig_link_outcome_name(enum rig_link_outcome outcome)
{
    static const char *const names[RIG_LINK_N_OUTCOMES] = {
        "ok",          "timeout",           "not-found",       "link-lost",     "not-connected",
        "key-missing", "key-different",     "pairing-refused", "not-encrypted", "no-service",
        "too-long",    "no-characteristic", "no-property",     "att-error",
    };

    return (guint)outcome < RIG_LINK_N_OUTCOMES ? names[outcome] : "unknown";
}

bool rig_characteristic_equal(const struct rig_characteristic *a, const struct rig_characteristic *b)
{
    return a == b || (g_str_equal(a->service, b->service) && g_str_equal(a->uuid, b->uuid));
}

bool rig_link_connect_and_subscribe(struct rig_link *link, const struct rig_link_connect *how,
                                    const struct rig_characteristic *characteristic,
                                    enum rig_link_outcome *outcome, GError **error)
{
    if (!link->ops->connect(link, how, outcome, error))
        return false;
    return *outcome != RIG_LINK_OK ||
           link->ops->subscribe(link, characteristic, RIG_SUBSCRIBE_NOTIFY, outcome, error);
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
