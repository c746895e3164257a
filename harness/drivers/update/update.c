/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of update protocols, and what they share: the gate before the link, results of the link. */
#include "drivers/update/update.h"

#include "base/error.h"
#include "drivers/update/nordic/nordic_client.h"
#include "drivers/update/smp/smp_client.h"

const struct rig_update_protocol *const rig_update_protocols[] = {
    &rig_update_smp,
    &rig_update_nordic_secure,
    &rig_update_nordic_legacy,
    NULL,
};

const struct rig_update_protocol *rig_update_protocol_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (gsize i = 0; rig_update_protocols[i]; i++) {
        if (g_str_equal(rig_update_protocols[i]->name, name))
            return rig_update_protocols[i];
        g_string_append_printf(names, "%s%s", i ? ", " : "", rig_update_protocols[i]->name);
    }
    g_set_error(error, RIG_ERROR, RIG_ERROR_USAGE, "there is no update protocol '%s'; there are: %s", name,
                names->str);
    return NULL;
}

const struct rig_update_protocol *rig_update_protocol_of(const struct rig_board *board)
{
    return board->protocol ? board->protocol : &rig_update_smp;
}

const char *rig_update_result_name(enum rig_update_result_kind kind)
{
    static const char *const names[] = {"ok",          "refused", "silence", "link-lost", "malformed-answer",
                                        "no-progress", "stopped"};

    return (guint)kind < G_N_ELEMENTS(names) ? names[kind] : "unknown";
}

struct rig_update *rig_update_new(const struct rig_update_setting *setting)
{
    const struct rig_update_protocol *protocol = rig_update_protocol_of(setting->board);
    struct rig_update *update = protocol->make();

    update->protocol = protocol;
    update->setting = *setting;
    if (update->setting.timeout_scale <= 0)
        update->setting.timeout_scale = 1;
    return update;
}

static void packet_free(gpointer item)
{
    struct rig_link_packet *packet = item;

    g_bytes_unref(packet->value);
    g_free(packet);
}

void rig_update_free(struct rig_update *update)
{
    if (!update)
        return;
    g_queue_clear_full(&update->others, packet_free);
    update->protocol->free(update);
}

guint64 rig_update_now_us(const struct rig_update *update)
{
    return update->setting.board->ops->now_us(update->setting.board);
}

void rig_update_restart(struct rig_update *update)
{
    update->n_restarts++;
    update->corrupted = update->ended_here = false;
    update->protocol->restart(update);
}

bool rig_update_connect(struct rig_update *update, const struct rig_link_connect *how,
                        enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = update->setting.board->link;
    struct rig_link_state state;

    link->ops->state(link, &state);
    if (!state.connected)
        g_queue_clear_full(&update->others, packet_free);
    rig_update_restart(update);
    if (!link->ops->connect(link, how, outcome, error))
        return false;
    return *outcome != RIG_LINK_OK || how->connection_only ||
           update->protocol->subscribe(update, true, outcome, error);
}

/* The host ends the connection in the place of a packet. */
static bool end_connection(struct rig_update *update, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = update->setting.board->link;

    *outcome = RIG_LINK_LOST;
    update->ended_here = true;
    return link->ops->disconnect(link, error);
}

static bool passes(struct rig_update *update, const struct rig_update_packet *packet)
{
    return !update->gate.passes || update->gate.passes(update->gate.user, packet);
}

bool rig_update_write(struct rig_update *update, const struct rig_characteristic *characteristic,
                      enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                      enum rig_link_outcome *outcome, GError **error)
{
    const struct rig_update_packet packet = {true, characteristic, bytes, n_bytes};
    struct rig_link *link = update->setting.board->link;

    if (!passes(update, &packet))
        return end_connection(update, outcome, error);
    return link->ops->write(link, characteristic, kind, bytes, n_bytes, outcome, error);
}

/* --- what comes from characteristics of others --- */

#define MAX_OTHERS 4096u /* a board that sends more unread ones floods us */

static bool is_of_protocol(const struct rig_update *update, const struct rig_characteristic *from)
{
    const struct rig_characteristic *const *own = update->protocol->characteristics;

    while (own && *own && *own != from)
        own++;
    return !from || !own || *own;
}

static bool take_other(struct rig_update *update, const struct rig_characteristic *from,
                       struct rig_link_packet *packet)
{
    for (GList *item = update->others.head; item; item = item->next) {
        struct rig_link_packet *other = item->data;

        if (other->from != from)
            continue;
        *packet = *other;
        g_free(other);
        g_queue_delete_link(&update->others, item);
        return true;
    }
    return false;
}

/* The next packet; one that is none of the protocol's is kept, and *kept says so. */
static bool receive_one(struct rig_update *update, guint64 until_us, struct rig_link_packet *packet,
                        bool *kept, enum rig_link_outcome *outcome, GError **error)
{
    struct rig_link *link = update->setting.board->link;

    *kept = false;
    if (!link->ops->receive(link, until_us, packet, outcome, error))
        return false;
    *kept = packet->value && !is_of_protocol(update, packet->from);
    if (*kept && g_queue_get_length(&update->others) < MAX_OTHERS)
        g_queue_push_tail(&update->others, g_memdup2(packet, sizeof *packet));
    else if (*kept)
        g_bytes_unref(packet->value);
    return true;
}

bool rig_update_receive_other(struct rig_update *update, const struct rig_characteristic *from,
                              guint64 until_us, struct rig_link_packet *packet,
                              enum rig_link_outcome *outcome, GError **error)
{
    bool kept;

    *outcome = RIG_LINK_OK;
    while (!take_other(update, from, packet)) {
        if (!receive_one(update, until_us, packet, &kept, outcome, error))
            return false;
        if (!kept && (!packet->value || packet->from == from))
            return true;
        /* Of the protocol, which waits for nothing now. */
        if (!kept)
            g_bytes_unref(packet->value);
        *packet = (struct rig_link_packet){0};
    }
    return true;
}

bool rig_update_receive(struct rig_update *update, guint64 until_us, struct rig_link_packet *packet,
                        enum rig_link_outcome *outcome, GError **error)
{
    struct rig_update_packet came = {.sent = false};
    bool kept = true;

    *packet = (struct rig_link_packet){0};
    if (update->gate.may_wait && !update->gate.may_wait(update->gate.user))
        return end_connection(update, outcome, error);
    while (kept)
        if (!receive_one(update, until_us, packet, &kept, outcome, error))
            return false;
    if (!packet->value)
        return true;
    came.characteristic = packet->from;
    came.bytes = g_bytes_get_data(packet->value, &came.n_bytes);
    if (passes(update, &came))
        return true;
    g_clear_pointer(&packet->value, g_bytes_unref);
    return end_connection(update, outcome, error);
}

void rig_update_tell(const struct rig_update *update, const struct rig_update_message *message)
{
    if (update->setting.trace)
        update->setting.trace(update->setting.user, message);
}

void rig_update_set_link_result(struct rig_update *update, enum rig_link_outcome outcome,
                                struct rig_update_result *result)
{
    struct rig_link *link = update->setting.board->link;
    struct rig_link_state state;

    result->kind = outcome == RIG_LINK_TIMEOUT ? RIG_UPDATE_NO_ANSWER : RIG_UPDATE_LINK;
    result->link = outcome;
    if (outcome == RIG_LINK_TIMEOUT) {
        g_strlcpy(result->text, "no answer", sizeof result->text);
        return;
    }
    link->ops->state(link, &state);
    g_strlcpy(result->text, state.text[0] ? state.text : rig_link_outcome_name(outcome), sizeof result->text);
}
