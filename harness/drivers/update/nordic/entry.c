/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the application into the bootloader; a transfer over as many connections as it takes. */
#include "drivers/update/nordic/nordic_client.h"

#include "base/error.h"

#include <string.h>

#define MAX_RECONNECTS 20u
#define FIND_US (30u * 1000u * 1000u) /* from the application's reset to the bootloader's advertising */

static struct rig_update_result done(void)
{
    return (struct rig_update_result){.kind = RIG_UPDATE_DONE, .text = "ok"};
}

bool rig_nordic_connect(struct rig_nordic_client *client, const struct rig_link_connect *how,
                        struct rig_update_result *result, GError **error)
{
    guint64 soon_us = rig_update_now_us(&client->update) +
                      (guint64)((double)FIND_US * client->update.setting.timeout_scale);
    struct rig_link_connect now = *how;
    enum rig_link_outcome outcome;
    char doing[96];

    *result = done();
    now.until_us = MIN(how->until_us, soon_us);
    if (!rig_update_connect(&client->update, &now, &outcome, error))
        return false;
    g_snprintf(doing, sizeof doing, "connecting %s", rig_link_where_text(how->where));
    if (outcome != RIG_LINK_OK)
        rig_nordic_set_link_result(client, outcome, doing, result);
    return true;
}

/* What a host says that still goes by the table of what ran before. */
static bool may_be_stale(const struct rig_nordic_client *client, const struct rig_update_result *result)
{
    if (result->kind == RIG_UPDATE_DONE)
        return client->at != RIG_NORDIC_AT_BOOTLOADER;
    return result->kind == RIG_UPDATE_LINK &&
           (result->link == RIG_LINK_ATT_ERROR || result->link == RIG_LINK_NO_SERVICE ||
            result->link == RIG_LINK_NO_CHARACTERISTIC || result->link == RIG_LINK_NO_PROPERTY);
}

/* A host that knows the board has its table already, and hears a moment later that it changed. */
static bool look_again(struct rig_nordic_client *client, const struct rig_link_connect *how,
                       struct rig_update_result *result, GError **error)
{
    guint64 until_us = MIN(rig_update_now_us(&client->update) + RIG_NORDIC_CHANGED_US, how->until_us);
    enum rig_link_outcome outcome;

    if (!may_be_stale(client, result))
        return true;
    if (!rig_nordic_pause(client, until_us, &outcome, error))
        return false;
    if (outcome == RIG_LINK_TIMEOUT)
        return rig_nordic_connect(client, how, result, error);
    rig_nordic_set_link_result(client, outcome, "looking for the bootloader's services", result);
    return true;
}

bool rig_nordic_connect_to_bootloader(struct rig_nordic_client *client, const struct rig_link_connect *how,
                                      struct rig_update_result *result, GError **error)
{
    return rig_nordic_connect(client, how, result, error) && look_again(client, how, result, error);
}

static bool is_lost(const struct rig_update_result *result)
{
    return result->kind == RIG_UPDATE_LINK && result->link == RIG_LINK_LOST;
}

bool rig_nordic_look_after(struct rig_nordic_client *client, guint64 until_us,
                           struct rig_update_result *result, GError **error)
{
    const struct rig_update_result lost = *result;
    const struct rig_link_connect how = {.where = RIG_LINK_AT_EITHER_ADDRESS, .until_us = until_us};
    struct rig_link *link = client->update.setting.board->link;

    if (client->update.ended_here)
        return true;
    if (!rig_nordic_connect(client, &how, result, error))
        return false;
    if (client->at == RIG_NORDIC_AT_BOOTLOADER) {
        *result = lost;
        return true;
    }
    if (result->kind == RIG_UPDATE_LINK && result->link == RIG_LINK_NOT_FOUND)
        return true;
    *result = done();
    return link->ops->disconnect(link, error);
}

/* --- into the bootloader --- */

/* The board that has not been told otherwise changes its address, or keeps it with the bond. */
static enum rig_link_where bootloader_place(const struct rig_nordic_door *door,
                                            const struct rig_update_entry *entry)
{
    if (entry->where)
        return *entry->where;
    if (entry->name)
        return RIG_LINK_BY_NAME;
    return door->dialect == RIG_DFU_LEGACY ? RIG_LINK_AT_EITHER_ADDRESS
           : door->bonded                  ? RIG_LINK_AT_ADDRESS
                                           : RIG_LINK_AT_NEXT_ADDRESS;
}

static bool tell_name(struct rig_nordic_client *client, const char *name, struct rig_update_result *result,
                      GError **error)
{
    struct rig_dfu_request request = rig_buttonless_set_name(name, strlen(name));
    struct rig_dfu_response response;

    if (client->door->dialect == RIG_DFU_BUTTONLESS)
        return rig_nordic_ask(client, &request, RIG_NORDIC_ANSWER_US, &response, result, error);
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "%s has no operation that tells the bootloader a name", client->update.protocol->name);
    return false;
}

/* The request, and its answer where one is due. The application that resets at once is no failure where it
 * promised no answer: *unsure then, whether it got the request. */
static bool knock(struct rig_nordic_client *client, bool *unsure, struct rig_update_result *result,
                  GError **error)
{
    const struct rig_nordic_door *door = client->door;
    struct rig_dfu_response response;

    if (door->dialect == RIG_DFU_BUTTONLESS) {
        guint n_tries = client->n_tries;
        bool ok;

        client->n_tries = 1; /* asked twice, it may be on its way already */
        ok = rig_nordic_ask(client, &door->request, RIG_NORDIC_ANSWER_US, &response, result, error);
        client->n_tries = n_tries;
        return ok;
    }
    if (!rig_nordic_say(client, &door->request, result, error))
        return false;
    *unsure = is_lost(result) && !client->update.ended_here;
    if (*unsure)
        *result = done();
    return true;
}

/* Connected again: is it the bootloader now? */
static void expect_bootloader(struct rig_nordic_client *client, bool unsure, struct rig_update_result *result)
{
    if (result->kind != RIG_UPDATE_DONE || client->at == RIG_NORDIC_AT_BOOTLOADER)
        return;
    if (unsure) {
        rig_nordic_set_link_result(client, RIG_LINK_LOST, "asking for the bootloader", result);
        return;
    }
    result->kind = RIG_UPDATE_NO_PROGRESS;
    g_strlcpy(result->text,
              "the board reset and came back as its application: it did not stay in its bootloader (what it "
              "keeps for that over a reset, GPREGRET or the settings page, did not arrive there)",
              sizeof result->text);
}

static bool go_in(struct rig_nordic_client *client, const struct rig_update_entry *entry,
                  struct rig_update_result *result, GError **error)
{
    struct rig_link_connect how = {.pair = entry->pair,
                                   .where = bootloader_place(client->door, entry),
                                   .name = entry->name,
                                   .until_us = entry->until_us};
    bool unsure = false;

    if (entry->name && !tell_name(client, entry->name, result, error))
        return false;
    if (result->kind == RIG_UPDATE_DONE && !knock(client, &unsure, result, error))
        return false;
    if (result->kind == RIG_UPDATE_DONE &&
        !rig_nordic_await_hang_up(client, "said that it goes into its bootloader", result, error))
        return false;
    client->entering = true;
    if (result->kind == RIG_UPDATE_DONE && !rig_nordic_connect_to_bootloader(client, &how, result, error))
        return false;
    client->entering = false;
    expect_bootloader(client, unsure, result);
    return true;
}

bool rig_nordic_enter(struct rig_update *update, const struct rig_update_entry *entry,
                      struct rig_update_result *result, GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);

    *result = done();
    client->until_us = entry->until_us;
    if (client->at == RIG_NORDIC_AT_APPLICATION)
        return go_in(client, entry, result, error);
    if (client->at == RIG_NORDIC_AT_NOWHERE)
        rig_nordic_set_link_result(client, RIG_LINK_NOT_CONNECTED, "entering the bootloader", result);
    return true;
}

bool rig_nordic_be_in_bootloader(struct rig_nordic_client *client, const struct rig_update_transfer *transfer,
                                 struct rig_update_result *result, GError **error)
{
    const struct rig_update_entry entry = {.pair = transfer->pair, .until_us = transfer->until_us};

    return rig_nordic_enter(&client->update, &entry, result, error);
}

/* --- the parts of a transfer --- */

void rig_nordic_acknowledge(struct rig_nordic_transfer *it, guint64 offset)
{
    it->report->offset = it->base + offset;
}

void rig_nordic_took_up(struct rig_nordic_transfer *it, guint64 offset)
{
    struct rig_update_report *report = it->report;
    guint64 at = it->base + offset;

    if (it->begun)
        return;
    it->begun = true;
    report->begin = at;
    if (at >= it->kept || report->acknowledged > 0)
        return;
    report->acknowledged = it->kept;
    report->went_on_at = at;
}

bool rig_nordic_must_stop(const struct rig_nordic_transfer *it, guint64 offset)
{
    return it->transfer->stop_at_byte && it->base + offset >= it->transfer->stop_at_byte;
}

static guint chunk_number(struct rig_nordic_transfer *it, guint64 at)
{
    gpointer found = g_hash_table_lookup(it->seen, GSIZE_TO_POINTER((gsize)at));

    if (found) {
        it->report->n_resent++;
        return GPOINTER_TO_UINT(found) - 1;
    }
    g_hash_table_insert(it->seen, GSIZE_TO_POINTER((gsize)at), GUINT_TO_POINTER(it->report->n_chunks + 1));
    return it->report->n_chunks++;
}

bool rig_nordic_send_chunk(struct rig_nordic_transfer *it, const guint8 *bytes, guint64 offset, gsize n_bytes,
                           GError **error)
{
    guint64 at = it->base + offset;
    struct rig_request_tag tag = {
        .upload = true, .offset = at, .n_bytes = n_bytes, .total = it->transfer->n_bytes};

    tag.chunk = chunk_number(it, at);
    return rig_nordic_packet(it->client, &tag, bytes, n_bytes, it->result, error);
}

/* What the board executed may outlast the connection, unless the board may have taken the image by then. */
static void remember_kept(struct rig_nordic_transfer *it)
{
    if (it->begun)
        it->kept = it->safe;
    if (it->all_sent)
        it->kept = 0;
    it->begun = it->all_sent = false;
}

static bool reconnect(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_link_connect how = {
        .pair = it->transfer->pair, .where = RIG_LINK_AT_EITHER_ADDRESS, .until_us = it->transfer->until_us};

    remember_kept(it);
    it->report->n_reconnects++;
    return rig_nordic_connect_to_bootloader(it->client, &how, it->result, error);
}

/* The board has taken a part and reset: the next one goes to its bootloader, which is there again, or is
 * asked for. */
static bool go_to_next_part(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_link_connect how = {
        .pair = it->transfer->pair, .where = RIG_LINK_AT_EITHER_ADDRESS, .until_us = it->transfer->until_us};

    it->base += g_bytes_get_size(it->transfer->parts[it->part].bytes);
    it->part++;
    it->kept = it->safe = 0;
    it->begun = it->all_sent = false;
    return it->part >= it->transfer->n_parts ||
           rig_nordic_connect_to_bootloader(it->client, &how, it->result, error);
}

static bool may_connect_again(const struct rig_nordic_transfer *it)
{
    return it->result->kind == RIG_UPDATE_LINK && it->transfer->resume &&
           it->report->n_reconnects < MAX_RECONNECTS &&
           rig_update_now_us(&it->client->update) < it->transfer->until_us;
}

static bool send_all(struct rig_nordic_transfer *it,
                     bool (*send_part)(struct rig_nordic_transfer *it, GError **error), GError **error)
{
    while (it->part < it->transfer->n_parts) {
        if (!rig_nordic_goes_on(it) && !may_connect_again(it))
            return true;
        if (!rig_nordic_goes_on(it) && !reconnect(it, error))
            return false;
        if (rig_nordic_goes_on(it) &&
            !rig_nordic_be_in_bootloader(it->client, it->transfer, it->result, error))
            return false;
        if (rig_nordic_goes_on(it) && !send_part(it, error))
            return false;
        if (rig_nordic_goes_on(it) && !go_to_next_part(it, error))
            return false;
    }
    return true;
}

bool rig_nordic_transfer_parts(struct rig_nordic_transfer *it,
                               bool (*send_part)(struct rig_nordic_transfer *it, GError **error),
                               GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    *it->report = (struct rig_update_report){0};
    *it->result = done();
    it->seen = seen;
    it->client->until_us = it->transfer->until_us;
    it->client->n_tries = it->transfer->max_failures ? it->transfer->max_failures : 5;
    if (it->transfer->n_parts == 0) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "%s takes distribution packages: this image has no init packet",
                    it->client->update.protocol->name);
        return false;
    }
    if (!send_all(it, send_part, error))
        return false;
    if (it->result->kind == RIG_UPDATE_LINK)
        it->report->offset = MAX(it->safe, it->base);
    return true;
}
