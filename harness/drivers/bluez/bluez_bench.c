/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A measurement, no test: what a link over BlueZ moves, beside what AcquireWrite alone moves, and what the
 * driver costs. Runs in the guest of ci/vm/run; see ci/bench/ble.sh. bluez_bench BOOTRIG TARGET
 * OPENOCD-CONFIG */
#include "drivers/bluez/internal.h"
#include "drivers/simprocess/process_board.h"
#include "drivers/update/smp_client.h"
#include "image/build.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define PAYLOAD_BYTES (256u * 1024)
#define N_ECHOES 400u
#define ECHO_US 200000u
#define ROUND_US 120000000u

struct bench {
    struct rig_board *board;
    struct rig_link *link;
    struct rig_smp_client client;
    struct rig_bytes image;
};

static G_GNUC_NORETURN void give_up(const char *what, const GError *error)
{
    fprintf(stderr, "ble bench: %s: %s\n", what, error ? error->message : "no");
    exit(1);
}

static guint64 until(const struct bench *bench)
{
    return bench->board->ops->now_us(bench->board) + ROUND_US;
}

static double processor_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* An image that the server takes, and each time another one: nothing is resumed. */
static void build_upload(struct bench *bench, guint number)
{
    g_autofree guint8 *payload = g_malloc0(PAYLOAD_BYTES);
    struct rig_image_recipe recipe = {
        .payload = payload, .payload_bytes = PAYLOAD_BYTES, .version = {.major = 2, .minor = (guint8)number}};

    rig_bytes_clear(&bench->image);
    if (rig_image_build(&recipe, &bench->image) != RIG_IMAGE_OK)
        give_up("image", NULL);
}

static void prepare(struct bench *bench)
{
    g_autoptr(GBytes) payload = NULL;
    const struct rig_payload_plan plan = {.behaviour = "waits", .self_test_us = 1000, .seed = 1};
    struct rig_image_recipe recipe = {.version = {.major = 1}};
    struct rig_bytes built = {0};
    struct rig_board_image image = {0};
    struct rig_board_setup setup = {.images = &image, .n_images = 1, .confirmed = true, .seed = 1};
    GError *error = NULL;

    payload = bench->board->ops->make_payload(bench->board, &plan, 8192, &error);
    if (!payload)
        give_up("payload", error);
    recipe.payload = g_bytes_get_data(payload, &recipe.payload_bytes);
    if (rig_image_build(&recipe, &built) != RIG_IMAGE_OK)
        give_up("image", NULL);
    image.bytes = built.bytes;
    image.n_bytes = built.n_bytes;
    if (!bench->board->ops->prepare(bench->board, &setup, &error) ||
        !bench->board->power->ops->set(bench->board->power, true, &error))
        give_up("board", error);
    rig_bytes_clear(&built);
}

static void go_online(struct bench *bench)
{
    struct rig_link_connect how = {.until_us = until(bench)};
    struct rig_smp_result result;
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!bench->link->ops->connect(bench->link, &how, &outcome, &error) || outcome != RIG_LINK_OK)
        give_up("connection", error);
    if (!rig_smp_learn_parameters(&bench->client, until(bench), &result, &error))
        give_up("parameters", error);
}

/* Until one is answered: a flood before it may have taken all buffers of the board. */
static void echo(struct bench *bench)
{
    struct rig_smp_result result = {.kind = RIG_SMP_NO_ANSWER};

    for (guint i = 0; i < 600 && result.kind == RIG_SMP_NO_ANSWER; i++) {
        guint8 request[64];
        gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(&bench->client), "x", request, sizeof request);
        guint64 soon_us = bench->board->ops->now_us(bench->board) + ECHO_US;
        GError *error = NULL;

        if (!rig_smp_exchange(&bench->client, request, n_bytes, soon_us, NULL, &result, &error))
            give_up("echo", error);
    }
    if (result.kind != RIG_SMP_DONE)
        give_up(result.text, NULL);
}

/* KB/s of an upload. */
static double upload(struct bench *bench, guint window, struct rig_smp_upload_report *report)
{
    guint8 no_sha[32] = {(guint8)window};
    struct rig_smp_upload upload = {.sha = no_sha, .window = window, .until_us = until(bench)};
    struct rig_smp_result result;
    GError *error = NULL;
    gint64 start_us;

    build_upload(bench, window);
    upload.bytes = bench->image.bytes;
    upload.n_bytes = bench->image.n_bytes;
    start_us = g_get_monotonic_time();
    if (!rig_smp_upload(&bench->client, &upload, report, &result, &error) || result.kind != RIG_SMP_DONE)
        give_up(result.text, error);
    return (double)bench->image.n_bytes / 1.024 / ((double)(g_get_monotonic_time() - start_us) / 1000.0);
}

/* KB/s of bare writes of the size that the upload's have: to an SMP message that never ends, which the board
 * throws away. */
static double bare_writes(struct bench *bench)
{
    struct rig_link_state state;
    g_autofree guint8 *packet = NULL;
    gint64 start_us;
    gsize room;

    bench->link->ops->state(bench->link, &state);
    room = state.mtu - 3u;
    packet = g_malloc0(room);
    packet[0] = 3; /* a response: a server drops it */
    packet[2] = (guint8)((room - 8) >> 8);
    packet[3] = (guint8)(room - 8);
    start_us = g_get_monotonic_time();
    for (gsize at = 0; at < PAYLOAD_BYTES; at += room) {
        enum rig_link_outcome outcome;
        GError *error = NULL;

        if (!bench->link->ops->write(bench->link, packet, room, &outcome, &error) || outcome != RIG_LINK_OK)
            give_up("write", error);
    }
    echo(bench); /* what was written before has arrived */
    return PAYLOAD_BYTES / 1.024 / ((double)(g_get_monotonic_time() - start_us) / 1000.0);
}

/* The same round trips by the link's operations, and by send, poll and recv on its descriptors. Microseconds
 * of this process for each; *wall_us: of the clock. */
static double echo_cost(struct bench *bench, bool bare, double *wall_us)
{
    struct rig_bluez_link *link = (struct rig_bluez_link *)bench->link;
    guint8 request[64], answer[1024];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(&bench->client), "x", request, sizeof request);
    double before_us = processor_us();
    gint64 start_us = g_get_monotonic_time();

    for (guint i = 0; i < N_ECHOES; i++) {
        struct pollfd readable = {.fd = link->io.read_fd, .events = POLLIN};
        GBytes *packet = NULL;
        enum rig_link_outcome outcome;

        if (bare) {
            if (send(link->io.write_fd, request, n_bytes, MSG_NOSIGNAL) < 0 ||
                poll(&readable, 1, 10000) != 1 || recv(link->io.read_fd, answer, sizeof answer, 0) <= 0)
                give_up("bare echo", NULL);
        } else if (!bench->link->ops->write(bench->link, request, n_bytes, &outcome, NULL) ||
                   !bench->link->ops->receive(bench->link, until(bench), &packet, &outcome, NULL) ||
                   !packet) {
            give_up("echo", NULL);
        }
        if (packet)
            g_bytes_unref(packet);
    }
    *wall_us = (double)(g_get_monotonic_time() - start_us) / N_ECHOES;
    return (processor_us() - before_us) / N_ECHOES;
}

static bool never(void *user)
{
    (void)user;
    return false;
}

/* bluetoothd needs a moment to see that the descriptor was closed. */
static void let_go(struct bench *bench)
{
    bool ignored;

    (void)!rig_board_wait_for(bench->board, bench->board->ops->now_us(bench->board) + 1000000, never, NULL,
                              &ignored, NULL);
}

static void measure(struct bench *bench)
{
    static const guint windows[] = {1, 2, 4, 8};
    struct rig_bluez_link *link = (struct rig_bluez_link *)bench->link;
    struct rig_smp_upload_report report;
    double raw = 0, best = 0, by_call, wall_us, link_us, bare_us;

    for (guint i = 0; i < 3; i++)
        raw = MAX(raw, bare_writes(bench));
    printf("AcquireWrite alone, %u B     %7.1f KB/s\n", link->mtu - 3u, raw);
    for (guint i = 0; i < G_N_ELEMENTS(windows); i++) {
        double rate = upload(bench, windows[i], &report);

        best = MAX(best, rate);
        printf("upload, window %u             %7.1f KB/s  %3.0f %% of that, %u chunks, %u sent again\n",
               windows[i], rate, 100 * rate / raw, report.n_chunks, report.n_resent);
    }
    bare_us = echo_cost(bench, true, &wall_us);
    link_us = echo_cost(bench, false, &wall_us);
    printf("processor time of a round trip: %.0f us by the driver, %.0f us by bare descriptors; the "
           "difference is %.1f %% "
           "of the round trip (%.0f us)\n",
           link_us, bare_us, 100 * (link_us - bare_us) / wall_us, wall_us);
    rig_bluez_io_close_writer(&link->io);
    let_go(bench);
    link->by_call = true;
    by_call = upload(bench, 3, &report);
    printf("WriteValue per chunk, window 3 %6.1f KB/s  %3.0f %% of AcquireWrite alone\n", by_call,
           100 * by_call / raw);
    printf("at least 90 %% of AcquireWrite alone: %s\n", best >= 0.9 * raw ? "met" : "MISSED");
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct rig_target *target;
    GError *error = NULL;

    if (argc != 4)
        give_up("usage", NULL);
    target = rig_target_load(argv[2], ".", &error);
    bench.board = target ? rig_process_board_new(target, argv[1], argv[3], &error) : NULL;
    if (!bench.board || !rig_process_board_use_link(bench.board, "bluez", &error))
        give_up("target", error);
    bench.link = bench.board->link;
    rig_smp_client_init(&bench.client, bench.board, NULL, NULL, NULL);
    prepare(&bench);
    go_online(&bench);
    measure(&bench);
    rig_smp_client_clear(&bench.client);
    bench.board->ops->free(bench.board);
    rig_target_free(target);
    rig_bytes_clear(&bench.image);
    return 0;
}
