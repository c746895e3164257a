/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what a board says on its control point, among what a right one says, while a client updates
 * it: the transfer ends in bounded time with a reason, and DONE only when the board has the image. First
 * byte: which board and how; then for each notification a byte: 0 as the board has it, 1 the link ends, 2
 * silence, else a length less 2 and that many bytes. */
#include "drivers/update/nordic/nordic_fake.h"

#include <string.h>

#define LIMIT_US G_GUINT64_CONSTANT(600000000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

struct board {
    struct fake *fake;
    const struct rig_link_ops *proper;
    struct rig_link_ops ops;
    const uint8_t *bytes;
    size_t n_bytes;
};

static struct board *the_board; /* of the one input that runs */

static bool receive(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                    enum rig_link_outcome *outcome, GError **error)
{
    struct board *board = the_board;
    gsize n;

    if (board->n_bytes == 0 || *board->bytes == 0 || !board->fake->connected) {
        board->bytes += board->n_bytes > 0;
        board->n_bytes -= board->n_bytes > 0;
        return board->proper->receive(link, until_us, packet, outcome, error);
    }
    *packet = (struct rig_link_packet){0};
    n = *board->bytes++;
    board->n_bytes--;
    if (n == 1) {
        *outcome = RIG_LINK_LOST;
        return board->proper->disconnect(link, error);
    }
    if (n == 2) {
        board->fake->now_us = MAX(board->fake->now_us, until_us);
        *outcome = RIG_LINK_TIMEOUT;
        return true;
    }
    n = MIN(n - 2, board->n_bytes);
    packet->value = g_bytes_new(board->bytes, n);
    packet->from = board->fake->board.protocol->characteristics[0];
    board->bytes += n;
    board->n_bytes -= n;
    board->fake->now_us += FAKE_AIR_US;
    *outcome = RIG_LINK_OK;
    return true;
}

static void update(struct board *board, uint8_t how)
{
    static const enum fake_application secure[] = {FAKE_IN_BOOTLOADER, FAKE_OPEN, FAKE_BONDED,
                                                   FAKE_EXPERIMENTAL};
    static const enum fake_application legacy[] = {FAKE_IN_BOOTLOADER, FAKE_LEGACY_APPLICATION};
    bool is_legacy = how & 1;
    const guint16 prn = 3;
    struct fake *fake = fake_new(is_legacy, is_legacy ? legacy[how >> 1 & 1] : secure[how >> 1 & 3]);
    struct rig_update *client;
    struct rig_update_part part = {.init_packet = fake_init(), .bytes = fake_image()};
    const struct rig_update_transfer transfer = {.parts = &part,
                                                 .n_parts = 1,
                                                 .n_bytes = FAKE_IMAGE_BYTES,
                                                 .prn = how & 8 ? &prn : NULL,
                                                 .resume = how & 16,
                                                 .until_us = LIMIT_US};
    const struct rig_link_connect connect = {0};
    struct rig_update_report report;
    struct rig_update_result result;
    enum rig_link_outcome outcome;

    board->fake = fake;
    board->proper = fake->link.ops;
    board->ops = *fake->link.ops;
    board->ops.receive = receive;
    fake->link.ops = &board->ops;
    fake->encrypted = true;
    client = rig_update_new(&(const struct rig_update_setting){.board = &fake->board});
    if (!rig_update_connect(client, &connect, &outcome, NULL) ||
        !client->protocol->transfer(client, &transfer, &report, &result, NULL))
        g_error("the rig failed");
    g_assert(result.text[0] && fake->now_us <= 2 * LIMIT_US && report.offset <= FAKE_IMAGE_BYTES);
    rig_update_free(client);
    g_bytes_unref(part.init_packet);
    g_bytes_unref(part.bytes);
    fake_free(fake);
}

static void tell(const uint8_t *bytes, size_t n_bytes)
{
    static const enum rig_dfu_dialect dialects[] = {RIG_DFU_SECURE, RIG_DFU_BUTTONLESS, RIG_DFU_LEGACY};
    struct rig_dfu_response response;
    char text[40];

    for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++) {
        (void)rig_dfu_decode(dialects[i], bytes, n_bytes, &response);
        for (int sent = 0; sent < 2; sent++) {
            rig_dfu_describe(dialects[i], sent, bytes, n_bytes, text, sizeof text);
            g_assert(text[0] && strlen(text) < sizeof text);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct board board = {.bytes = bytes + 1, .n_bytes = n_bytes - 1};

    tell(bytes, n_bytes);
    if (n_bytes == 0)
        return 0;
    the_board = &board;
    update(&board, bytes[0]);
    return 0;
}
