/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A measurement, no test: what a transfer to Nordic's secure bootloader moves over BlueZ, beside bare writes
 * of the same size without response. Runs in the guest of ci/vm/run; see ci/bench/ble-dfu.sh. bluez_dfu_bench
 * BOOTRIG TARGET OPENOCD-CONFIG; with a target alone it plays over the simulated board in process, whose
 * figures mean nothing. */
#include "base/error.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/update/nordic/nordic_client.h"
#include "drivers/wired/simulated.h"
#include "image/init_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_BYTES (256u * 1024)
#define N_ROUNDS 3u
#define ROUND_US 120000000u
#define TARGET_SHARE 0.85

struct bench {
    struct rig_target *target;
    struct rig_board *board;
    struct rig_update *update;
    guint n_transfers;
    gsize room; /* of a packet */
};

static G_GNUC_NORETURN void give_up(const char *what, const GError *error)
{
    fprintf(stderr, "ble dfu bench: %s: %s\n", what, error ? error->message : "no");
    exit(1);
}

static guint64 until(const struct bench *bench)
{
    return bench->board->ops->now_us(bench->board) + ROUND_US;
}

/* Without an application: the bootloader waits for an update. */
static void begin(struct bench *bench)
{
    const struct rig_board_setup setup = {.confirmed = true, .seed = 1};
    const struct rig_link_connect how = {.where = RIG_LINK_AT_EITHER_ADDRESS, .until_us = until(bench)};
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!bench->board->link->ops->disconnect(bench->board->link, &error) ||
        !bench->board->ops->prepare(bench->board, &setup, &error) ||
        !bench->board->power->ops->set(bench->board->power, true, &error))
        give_up("board", error);
    if (!rig_update_connect(bench->update, &how, &outcome, &error))
        give_up("connection", error);
    if (outcome != RIG_LINK_OK || rig_nordic_client_of(bench->update)->at != RIG_NORDIC_AT_BOOTLOADER)
        give_up("the bootloader", NULL);
}

/* KB/s: n_bytes in that time. */
static double rate_of(double n_bytes, gint64 since_us)
{
    return n_bytes / 1.024 / ((double)MAX(g_get_monotonic_time() - since_us, 1) / 1000.0);
}

/* A fault that never strikes counts what arrives. */
static void count_arrivals(struct bench *bench, bool on, struct rig_packet_report *report)
{
    const struct rig_packet_fault never = {.first = G_MAXUINT32, .n_times = 1};
    GError *error = NULL;

    if (!(on ? bench->board->packet_faults->arm(bench->board, &never, &error)
             : bench->board->packet_faults->end(bench->board, report, &error)))
        give_up("counting", error);
}

/* Packets that belong to no object, which the bootloader throws away, as far as they arrive. */
static double bare_writes(struct bench *bench)
{
    const struct rig_characteristic *packets = rig_update_nordic_secure.characteristics[1];
    g_autofree guint8 *packet = NULL;
    struct rig_packet_report report = {0};
    struct rig_update_result result;
    GError *error = NULL;
    guint n_sent = 0;
    gint64 start_us;
    gsize room;
    double all;

    begin(bench);
    room = bench->room = rig_nordic_packet_room(rig_nordic_client_of(bench->update));
    packet = g_malloc0(room);
    count_arrivals(bench, true, NULL);
    start_us = g_get_monotonic_time();
    for (gsize at = 0; at < PAYLOAD_BYTES; at += room, n_sent++) {
        enum rig_link_outcome outcome;

        if (!bench->board->link->ops->write(bench->board->link, packets, RIG_WRITE_COMMAND, packet, room,
                                            &outcome, &error) ||
            outcome != RIG_LINK_OK)
            give_up("write", error);
    }
    if (!rig_update_nordic_secure.ping(bench->update, &result, &error) || result.kind != RIG_UPDATE_DONE)
        give_up("the answer behind the writes", error); /* what was written before has arrived */
    all = rate_of((double)n_sent * (double)room, start_us);
    count_arrivals(bench, false, &report);
    return all * MIN(n_sent, report.n_writes) / n_sent;
}

/* Of this image for this board, unsigned. */
static GBytes *init_packet_for(const struct bench *bench, GBytes *image)
{
    struct rig_init_packet packet = {.has_op_code = true,
                                     .op_code = RIG_INIT_OP_INIT,
                                     .has_fw_version = true,
                                     .fw_version = bench->n_transfers,
                                     .has_hw_version = true,
                                     .hw_version = bench->board->layout.nordic.hardware_version,
                                     .sd_req = {bench->board->layout.nordic.softdevice_id},
                                     .n_sd_req = 1,
                                     .has_type = true,
                                     .type = RIG_DFU_APPLICATION,
                                     .has_app_size = true,
                                     .app_size = PAYLOAD_BYTES,
                                     .has_hash = true,
                                     .hash_type = RIG_INIT_HASH_SHA256,
                                     .n_hash_bytes = RIG_IMAGE_HASH_BYTES};
    guint8 bytes[RIG_INIT_PACKET_MAX_BYTES];
    gsize n_bytes;

    if (!rig_init_hash_of(g_bytes_get_data(image, NULL), PAYLOAD_BYTES, packet.hash) ||
        rig_init_packet_encode(&packet, NULL, bytes, &n_bytes) != RIG_INIT_OK)
        give_up("init packet", NULL);
    return g_bytes_new(bytes, n_bytes);
}

static GBytes *make_image(guint seed)
{
    guint8 *bytes = g_malloc(PAYLOAD_BYTES);

    for (gsize i = 0; i < PAYLOAD_BYTES; i++)
        bytes[i] = (guint8)((i + seed) * 7 + i / 256);
    return g_bytes_new_take(bytes, PAYLOAD_BYTES);
}

static double transfer(struct bench *bench, guint16 prn, struct rig_update_report *report)
{
    g_autoptr(GBytes) image = make_image(++bench->n_transfers);
    g_autoptr(GBytes) init = init_packet_for(bench, image);
    const struct rig_update_part part = {.init_packet = init, .bytes = image};
    struct rig_update_transfer asked = {.parts = &part, .n_parts = 1, .n_bytes = PAYLOAD_BYTES, .prn = &prn};
    struct rig_update_result result;
    GError *error = NULL;
    gint64 start_us;

    begin(bench);
    asked.until_us = until(bench);
    start_us = g_get_monotonic_time();
    if (!rig_update_nordic_secure.transfer(bench->update, &asked, report, &result, &error) ||
        result.kind != RIG_UPDATE_DONE)
        give_up(result.text, error);
    return rate_of(PAYLOAD_BYTES, start_us);
}

/* Best of several rounds, in each of which all have their turn. */
static void measure(struct bench *bench)
{
    static const guint16 prns[] = {0, 12};
    double best[G_N_ELEMENTS(prns)] = {0}, bare = 0, most = 0;
    struct rig_update_report report = {0};

    for (guint round = 0; round < N_ROUNDS; round++) {
        bare = MAX(bare, bare_writes(bench));
        for (gsize i = 0; i < G_N_ELEMENTS(prns); i++)
            best[i] = MAX(best[i], transfer(bench, prns[i], &report));
    }
    printf("bare writes of %" G_GSIZE_FORMAT " B without response: %.1f KB/s\n", bench->room, bare);
    for (gsize i = 0; i < G_N_ELEMENTS(prns); i++) {
        printf("secure transfer of %u KiB, PRN %2u: %7.1f KB/s, %3.0f %% of that\n", PAYLOAD_BYTES / 1024,
               prns[i], best[i], 100 * best[i] / bare);
        most = MAX(most, best[i]);
    }
    printf("at least %.0f %% of bare writes: %s\n", 100 * TARGET_SHARE,
           most >= TARGET_SHARE * bare ? "met" : "MISSED");
}

int main(int argc, char **argv)
{
    struct rig_process_config config;
    struct bench bench = {0};
    GError *error = NULL;

    if (argc != 2 && argc != 4)
        give_up("usage", NULL);
    bench.target = rig_target_load(argv[argc == 2 ? 1 : 2], ".", &error);
    if (!bench.target)
        give_up("target", error);
    config = (struct rig_process_config){
        .target = bench.target, .program = argv[1], .targets = argc == 4 ? argv[3] : NULL, .link = "bluez"};
    bench.board =
        argc == 2 ? rig_sim_board_new(bench.target, &error) : rig_process_board_new(&config, &error);
    if (!bench.board)
        give_up("board", error);
    bench.board->protocol = &rig_update_nordic_secure;
    bench.update = rig_update_new(&(const struct rig_update_setting){.board = bench.board});
    measure(&bench);
    rig_update_free(bench.update);
    bench.board->ops->free(bench.board);
    rig_target_free(bench.target);
    return 0;
}
