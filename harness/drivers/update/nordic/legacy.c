/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client of Nordic's legacy bootloader (SDK 4.3 to 11): sizes, init packet, image in packets of 20 bytes,
 * with receipts that keep it from overrunning the board. What is lost on the way cannot be sent again. */
#include "drivers/update/nordic/nordic_client.h"

#include "base/bytes.h"
#include "image/init_packet.h"

#include <string.h>

#define DEFAULT_PRN 10u /* the pool of an nRF51 overruns with more [SRC SDK 11 hci_mem_pool] */
#define CRC_BYTES 2u
#define MAX_RESETS 3u /* of a bootloader that is in the middle of something */

static const struct rig_characteristic control = {"legacy DFU control point", RIG_LEGACY_SERVICE_UUID,
                                                  RIG_LEGACY_CONTROL_UUID};
static const struct rig_characteristic packet = {"legacy DFU packet", RIG_LEGACY_SERVICE_UUID,
                                                 RIG_LEGACY_PACKET_UUID};
static const struct rig_characteristic version = {"legacy DFU version", RIG_LEGACY_SERVICE_UUID,
                                                  RIG_LEGACY_VERSION_UUID};

static const struct rig_nordic_door door = {
    &control,
    RIG_DFU_LEGACY,
    RIG_SUBSCRIBE_NOTIFY,
    {.bytes = {RIG_LEGACY_START, RIG_LEGACY_APPLICATION}, .n_bytes = 2},
    false};

/* Both have the control point: the version tells them apart. A board without one is an old bootloader. */
static bool look_around(struct rig_update *update, const struct rig_nordic_door **found, GError **error)
{
    struct rig_nordic_client *client = rig_nordic_client_of(update);
    struct rig_link *link = update->setting.board->link;
    g_autoptr(GBytes) value = NULL;
    enum rig_link_outcome outcome;

    if (!link->ops->read(link, &version, &value, &outcome, error))
        return false;
    client->version = 0;
    if (outcome == RIG_LINK_OK && g_bytes_get_size(value) >= 2)
        client->version = rig_get_le16(g_bytes_get_data(value, NULL));
    *found = client->version == RIG_LEGACY_BUTTONLESS_APPLICATION ? &door : NULL;
    return true;
}

static const struct rig_nordic_kind kind = {.dialect = RIG_DFU_LEGACY,
                                            .control = &control,
                                            .packet = &packet,
                                            .doors = &door,
                                            .n_doors = 1,
                                            .look_around = look_around,
                                            .ping = RIG_LEGACY_REPORT_SIZE};

/* --- start --- */

static guint8 mode_of(enum rig_dfu_firmware firmware)
{
    switch (firmware) {
    case RIG_DFU_SOFTDEVICE:
        return RIG_LEGACY_SOFTDEVICE;
    case RIG_DFU_BOOTLOADER:
        return RIG_LEGACY_BOOTLOADER;
    case RIG_DFU_SOFTDEVICE_BOOTLOADER:
        return RIG_LEGACY_SOFTDEVICE | RIG_LEGACY_BOOTLOADER;
    case RIG_DFU_APPLICATION:
    default:
        return RIG_LEGACY_APPLICATION;
    }
}

/* SoftDevice, bootloader, application. The combined one is cut where its part says. */
static void put_sizes(const struct rig_update_part *part, guint8 sizes[12])
{
    guint32 n_bytes = (guint32)g_bytes_get_size(part->bytes);
    guint32 n_bootloader = MIN(part->n_bootloader_bytes, n_bytes);

    memset(sizes, 0, 12);
    switch (part->firmware) {
    case RIG_DFU_SOFTDEVICE:
        rig_put_le32(sizes, n_bytes);
        break;
    case RIG_DFU_BOOTLOADER:
        rig_put_le32(sizes + 4, n_bytes);
        break;
    case RIG_DFU_SOFTDEVICE_BOOTLOADER:
        rig_put_le32(sizes, n_bytes - n_bootloader);
        rig_put_le32(sizes + 4, n_bootloader);
        break;
    case RIG_DFU_APPLICATION:
    default:
        rig_put_le32(sizes + 8, n_bytes);
    }
}

/* A request, the packet that goes with it, then the answer. Never said twice: the board counts them. */
static bool ask_with_packet(struct rig_nordic_transfer *it, const struct rig_dfu_request *request,
                            const guint8 *bytes, gsize n_bytes, guint64 allowed_us, GError **error)
{
    struct rig_dfu_response response;

    if (!rig_nordic_say(it->client, request, it->result, error))
        return false;
    if (rig_nordic_goes_on(it) && !rig_nordic_packet(it->client, NULL, bytes, n_bytes, it->result, error))
        return false;
    if (rig_nordic_goes_on(it) && !rig_nordic_await(it->client, request->bytes[0], request->bytes[0],
                                                    allowed_us, &response, it->result, error))
        return false;
    if (rig_nordic_goes_on(it) && !response.success)
        rig_nordic_set_refused(it->client, &response, request, it->result);
    return true;
}

static bool is_refused(const struct rig_nordic_transfer *it, guint32 status)
{
    return it->result->kind == RIG_UPDATE_REFUSED && it->result->code == status;
}

/* Bootloaders before SDK 7 know applications only, and take their size alone. */
static bool start(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_update_part *part = &it->transfer->parts[it->part];
    struct rig_dfu_request request = rig_dfu_request_with(RIG_LEGACY_START, mode_of(part->firmware));
    guint8 sizes[12];

    put_sizes(part, sizes);
    if (!ask_with_packet(it, &request, sizes, sizeof sizes, RIG_NORDIC_ERASE_US, error))
        return false;
    if (it->client->version || part->firmware != RIG_DFU_APPLICATION ||
        !is_refused(it, RIG_LEGACY_NOT_SUPPORTED))
        return true;
    request = rig_dfu_request_of(RIG_LEGACY_START);
    return ask_with_packet(it, &request, sizes + 8, 4, RIG_NORDIC_ERASE_US, error);
}

/* One that an earlier attempt left in the middle of something begins anew after a reset. */
static bool reset_and_return(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_dfu_request request = rig_dfu_request_of(RIG_LEGACY_RESET);
    const struct rig_link_connect how = {
        .pair = it->transfer->pair, .where = RIG_LINK_AT_EITHER_ADDRESS, .until_us = it->transfer->until_us};

    if (!rig_nordic_say(it->client, &request, it->result, error))
        return false;
    if (it->result->kind == RIG_UPDATE_LINK && it->result->link == RIG_LINK_LOST)
        it->result->kind = RIG_UPDATE_DONE;
    if (rig_nordic_goes_on(it) &&
        !rig_nordic_await_hang_up(it->client, "was told to reset", it->result, error))
        return false;
    if (rig_nordic_goes_on(it) && !rig_nordic_connect_to_bootloader(it->client, &how, it->result, error))
        return false;
    return !rig_nordic_goes_on(it) ||
           rig_nordic_be_in_bootloader(it->client, it->transfer, it->result, error);
}

static bool start_anew(struct rig_nordic_transfer *it, GError **error)
{
    if (!start(it, error))
        return false;
    for (guint n = 0; n < MAX_RESETS && is_refused(it, RIG_LEGACY_INVALID_STATE); n++)
        if (!reset_and_return(it, error) || (rig_nordic_goes_on(it) && !start(it, error)))
            return false;
    return true;
}

/* --- init packet --- */

/* Bootloaders before SDK 7 know no more of it than the CRC-16 of the image, and need not have that. */
static bool send_crc(struct rig_nordic_transfer *it, const guint8 *bytes, gsize n_bytes, GError **error)
{
    const struct rig_dfu_request request = rig_dfu_request_of(RIG_LEGACY_INIT);
    struct rig_legacy_init init;

    if (rig_legacy_init_decode(bytes, n_bytes, &init) != RIG_INIT_OK || init.n_extended_bytes != CRC_BYTES)
        return true;
    return ask_with_packet(it, &request, init.extended, CRC_BYTES, RIG_NORDIC_ANSWER_US, error);
}

static bool send_init(struct rig_nordic_transfer *it, GError **error)
{
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(it->transfer->parts[it->part].init_packet, &n_bytes);
    struct rig_dfu_request request = rig_dfu_request_with(RIG_LEGACY_INIT, 0);
    struct rig_dfu_response response;

    if (!it->client->version)
        return send_crc(it, bytes, n_bytes, error);
    if (!rig_nordic_say(it->client, &request, it->result, error))
        return false;
    for (gsize at = 0; at < n_bytes && rig_nordic_goes_on(it); at += RIG_LEGACY_PACKET_BYTES)
        if (!rig_nordic_packet(it->client, NULL, bytes + at, MIN(n_bytes - at, RIG_LEGACY_PACKET_BYTES),
                               it->result, error))
            return false;
    request = rig_dfu_request_with(RIG_LEGACY_INIT, 1);
    return !rig_nordic_goes_on(it) ||
           rig_nordic_ask(it->client, &request, RIG_NORDIC_ANSWER_US, &response, it->result, error);
}

/* --- the image --- */

struct image {
    struct rig_nordic_transfer *it;
    const guint8 *bytes;
    gsize n_bytes;
    guint16 prn;
};

static void set_lost(struct image *image, guint64 sent, guint32 there)
{
    struct rig_update_result *result = image->it->result;

    image->it->report->n_mismatches++;
    result->kind = there > sent ? RIG_UPDATE_MALFORMED : RIG_UPDATE_NO_PROGRESS;
    g_snprintf(result->text, sizeof result->text,
               there > sent ? "the board says that it has %u bytes, and only %" G_GUINT64_FORMAT " were sent"
                            : "packets were lost: the board has %u of %" G_GUINT64_FORMAT
                              " bytes, and a legacy bootloader takes none again; update anew",
               there, sent);
}

/* Nothing came after packets that should have been reported: how much has the board? */
static bool find_lost(struct image *image, guint64 sent, GError **error)
{
    const struct rig_dfu_request request = rig_dfu_request_of(RIG_LEGACY_REPORT_SIZE);
    struct rig_nordic_transfer *it = image->it;
    const struct rig_update_result silence = *it->result;
    struct rig_dfu_response there = {0};

    if (!rig_nordic_ask(it->client, &request, RIG_NORDIC_RECEIPT_US, &there, it->result, error))
        return false;
    if (rig_nordic_goes_on(it) && there.offset != sent)
        set_lost(image, sent, there.offset);
    else
        *it->result = silence;
    return true;
}

/* An error comes in the place of a receipt. */
static bool take_receipt(struct image *image, guint64 sent, GError **error)
{
    struct rig_nordic_transfer *it = image->it;
    struct rig_dfu_response receipt;

    if (!rig_nordic_await(it->client, RIG_LEGACY_RECEIPT, RIG_LEGACY_RECEIVE, RIG_NORDIC_ANSWER_US, &receipt,
                          it->result, error))
        return false;
    if (it->result->kind == RIG_UPDATE_NO_ANSWER)
        return find_lost(image, sent, error);
    if (!rig_nordic_goes_on(it))
        return true;
    if (receipt.op != RIG_LEGACY_RECEIPT)
        rig_nordic_set_refused(it->client, &receipt, NULL, it->result);
    else if (receipt.offset != sent)
        set_lost(image, sent, receipt.offset);
    else
        rig_nordic_acknowledge(it, sent);
    return true;
}

static bool send_pieces(struct image *image, GError **error)
{
    struct rig_nordic_transfer *it = image->it;
    guint n_unreported = 0;

    for (gsize at = 0; at < image->n_bytes && rig_nordic_goes_on(it);) {
        gsize n_bytes = MIN(image->n_bytes - at, RIG_LEGACY_PACKET_BYTES);

        if (!rig_nordic_send_chunk(it, image->bytes + at, at, n_bytes, error))
            return false;
        at += n_bytes;
        it->all_sent |= at == image->n_bytes;
        if (rig_nordic_goes_on(it) && image->prn && ++n_unreported == image->prn && at < image->n_bytes) {
            n_unreported = 0;
            if (!take_receipt(image, at, error))
                return false;
        }
        if (rig_nordic_goes_on(it) && at < image->n_bytes && rig_nordic_must_stop(it, at))
            it->result->kind = RIG_UPDATE_STOPPED;
    }
    return true;
}

static bool ask_plainly(struct rig_nordic_transfer *it, guint8 op, GError **error)
{
    const struct rig_dfu_request request = rig_dfu_request_of(op);
    struct rig_dfu_response response;

    return rig_nordic_ask(it->client, &request, RIG_NORDIC_ERASE_US, &response, it->result, error);
}

static bool send_image(struct rig_nordic_transfer *it, GError **error)
{
    struct image image = {.it = it, .prn = it->transfer->prn ? *it->transfer->prn : DEFAULT_PRN};
    const struct rig_dfu_request receive = rig_dfu_request_of(RIG_LEGACY_RECEIVE);
    const struct rig_dfu_request prn = rig_dfu_set_prn(RIG_LEGACY_SET_PRN, image.prn);
    struct rig_dfu_response response;

    image.bytes = g_bytes_get_data(it->transfer->parts[it->part].bytes, &image.n_bytes);
    if (!rig_nordic_say(it->client, &prn, it->result, error) ||
        (rig_nordic_goes_on(it) && !rig_nordic_say(it->client, &receive, it->result, error)))
        return false;
    rig_nordic_took_up(it, 0);
    if (rig_nordic_goes_on(it) && !send_pieces(&image, error))
        return false;
    if (!rig_nordic_goes_on(it))
        return true;
    if (!rig_nordic_await(it->client, RIG_LEGACY_RECEIVE, RIG_LEGACY_RECEIVE, RIG_NORDIC_ANSWER_US, &response,
                          it->result, error))
        return false;
    if (it->result->kind == RIG_UPDATE_NO_ANSWER)
        return find_lost(&image, image.n_bytes, error);
    if (rig_nordic_goes_on(it) && !response.success)
        rig_nordic_set_refused(it->client, &response, &receive, it->result);
    if (rig_nordic_goes_on(it))
        rig_nordic_acknowledge(it, image.n_bytes);
    return true;
}

/* The board may hang up before the write is acknowledged. */
static bool activate(struct rig_nordic_transfer *it, GError **error)
{
    const struct rig_dfu_request request = rig_dfu_request_of(RIG_LEGACY_ACTIVATE);

    if (!rig_nordic_say(it->client, &request, it->result, error))
        return false;
    if (it->result->kind == RIG_UPDATE_LINK && it->result->link == RIG_LINK_LOST)
        return rig_nordic_look_after(it->client, it->transfer->until_us, it->result, error);
    return !rig_nordic_goes_on(it) ||
           rig_nordic_await_hang_up(it->client, "was told to activate the image", it->result, error);
}

static bool send_part(struct rig_nordic_transfer *it, GError **error)
{
    if (!start_anew(it, error) || (rig_nordic_goes_on(it) && !send_init(it, error)) ||
        (rig_nordic_goes_on(it) && !send_image(it, error)) ||
        (rig_nordic_goes_on(it) && !ask_plainly(it, RIG_LEGACY_VALIDATE, error)))
        return false;
    return !rig_nordic_goes_on(it) || activate(it, error);
}

static bool transfer(struct rig_update *update, const struct rig_update_transfer *asked,
                     struct rig_update_report *report, struct rig_update_result *result, GError **error)
{
    struct rig_nordic_transfer it = {
        .client = rig_nordic_client_of(update), .transfer = asked, .report = report, .result = result};

    return rig_nordic_transfer_parts(&it, send_part, error);
}

/* --- the role --- */

static struct rig_update *make(void)
{
    return rig_nordic_make(&kind);
}

static bool look(const struct rig_update_packet *begin, struct rig_update_head *head)
{
    return rig_nordic_look(&kind, begin, head);
}

static const char *const capabilities[] = {"dfu", "dfu-legacy", "buttonless", NULL};
static const char *const options[] = {"prn", NULL};
static const struct rig_characteristic *const characteristics[] = {&control, &packet, &version, NULL};
const struct rig_update_protocol rig_update_nordic_legacy = {
    .name = "nordic-legacy",
    .capabilities = capabilities,
    .options = options,
    .keeps_progress_by = "",
    .characteristics = characteristics,
    .make = make,
    .free = rig_nordic_free,
    .subscribe = rig_nordic_subscribe,
    .greet = rig_nordic_greet,
    .enter = rig_nordic_enter,
    .transfer = transfer,
    .ping = rig_nordic_ping,
    .restart = rig_nordic_restart,
    .faults_ended = rig_nordic_faults_ended,
    .save = rig_nordic_save,
    .restore = rig_nordic_restore,
    .look = look,
    .explain = rig_nordic_explain,
    .describe = rig_nordic_describe,
};
