/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A measurement, no test: what a link over BlueZ moves, beside what AcquireWrite alone moves, and what the
 * driver costs. Runs in the guest of ci/vm/run; see ci/bench/ble.sh. bluez_bench BOOTRIG TARGET
 * OPENOCD-CONFIG */
#include "drivers/bluez/internal.h"
#include "drivers/wired/simulated.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "image/build.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAYLOAD_BYTES (256u * 1024)
#define N_ROUNDS 3u
#define FULL_BYTES 4096u /* as many as the board's buffer takes */
#define N_ROUND_TRIPS 200u
#define ECHO_US 10000u
#define ROUND_US 120000000u

struct bench {
    struct rig_board *board;
    struct rig_link *link;
    struct rig_smp_client *client;
    struct rig_bytes image;
    guint n_uploads;
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
static void build_upload(struct bench *bench)
{
    g_autofree guint8 *payload = g_malloc0(PAYLOAD_BYTES);
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = PAYLOAD_BYTES,
                                      .version = {.major = 2, .minor = (guint8)++bench->n_uploads}};

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

    payload = bench->board->application->make_payload(bench->board, &plan, 8192, &error);
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
    struct rig_update_result result;
    enum rig_link_outcome outcome;
    GError *error = NULL;

    if (!connect_and_subscribe(bench->link, &how, &outcome, &error) || outcome != RIG_LINK_OK)
        give_up("connection", error);
    if (!rig_smp_learn_parameters(bench->client, until(bench), &result, &error))
        give_up("parameters", error);
}

/* Which processes had the processor: name -> nanoseconds (double). [SRC linux Documentation/scheduler] */
static GHashTable *look_at_processor(void)
{
    GHashTable *shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GDir *all = g_dir_open("/proc", 0, NULL);
    const char *entry;

    while (all && (entry = g_dir_read_name(all))) {
        g_autofree char *name_path = g_strdup_printf("/proc/%s/comm", entry);
        g_autofree char *time_path = g_strdup_printf("/proc/%s/schedstat", entry);
        g_autofree char *name = NULL;
        g_autofree char *text = NULL;
        double *sum;

        if (!g_ascii_isdigit(*entry) || !g_file_get_contents(name_path, &name, NULL, NULL) ||
            !g_file_get_contents(time_path, &text, NULL, NULL))
            continue;
        name[strcspn(name, "/:\n")] = '\0';
        sum = g_hash_table_lookup(shares, name);
        if (!sum)
            g_hash_table_insert(shares, g_strdup(name), sum = g_new0(double, 1));
        *sum += g_ascii_strtod(text, NULL);
    }
    g_clear_pointer(&all, g_dir_close);
    return shares;
}

/* "bluetoothd 24 %, btvirt 22 %, ..." since then. Owned by the caller. */
static char *tell_shares(GHashTable *before)
{
    g_autoptr(GHashTable) after = look_at_processor();
    GString *text = g_string_new(NULL);
    GHashTableIter each;
    gpointer name, ns;
    double all_ns = 0;

    g_hash_table_iter_init(&each, after);
    while (g_hash_table_iter_next(&each, &name, &ns)) {
        double *was = g_hash_table_lookup(before, name);

        *(double *)ns -= was ? *was : 0;
        all_ns += *(double *)ns;
    }
    g_hash_table_iter_init(&each, after);
    while (g_hash_table_iter_next(&each, &name, &ns)) {
        double share = all_ns > 0 ? 100 * *(double *)ns / all_ns : 0;

        if (share >= 2)
            g_string_append_printf(text, "%s%s %.0f %%", text->len ? ", " : "", (char *)name, share);
    }
    return g_string_free(text, FALSE);
}

/* Until one is answered: a flood before it may have taken all buffers of the board. */
static void echo(struct bench *bench)
{
    struct rig_update_result result = {.kind = RIG_UPDATE_NO_ANSWER};

    for (guint i = 0; i < 12000 && result.kind == RIG_UPDATE_NO_ANSWER; i++) {
        guint8 request[64];
        gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(bench->client), "x", request, sizeof request);
        guint64 soon_us = bench->board->ops->now_us(bench->board) + ECHO_US;
        GError *error = NULL;

        if (!rig_smp_exchange(bench->client, request, n_bytes, soon_us, NULL, &result, &error))
            give_up("echo", error);
    }
    if (result.kind != RIG_UPDATE_DONE)
        give_up(result.text, NULL);
}

/* KB/s of an upload. */
static double upload(struct bench *bench, guint window, guint chunk_bytes, struct rig_update_report *report)
{
    guint8 sha[32] = {(guint8)(bench->n_uploads + 1)}; /* a name, no more */
    struct rig_update_transfer upload = {
        .sha = sha, .window = window, .chunk_bytes = chunk_bytes, .until_us = until(bench)};
    struct rig_update_result result;
    GError *error = NULL;
    gint64 start_us;

    build_upload(bench);
    upload.bytes = bench->image.bytes;
    upload.n_bytes = bench->image.n_bytes;
    start_us = g_get_monotonic_time();
    if (!rig_update_smp.transfer(&bench->client->update, &upload, report, &result, &error) ||
        result.kind != RIG_UPDATE_DONE)
        give_up(result.text, error);
    return (double)bench->image.n_bytes / 1.024 / ((double)(g_get_monotonic_time() - start_us) / 1000.0);
}

/* The beginning of an SMP message that is longer than any buffer: the board throws it away without a word.
 * Owned by the caller. */
static guint8 *packet_for_nobody(gsize n_bytes)
{
    guint8 *packet = g_malloc0(n_bytes);

    packet[0] = RIG_SMP_WRITE;
    packet[2] = packet[3] = 0xff;
    return packet;
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

/* KB/s of bare writes of the size that the upload's have, as far as they arrive: to SMP messages that the
 * board throws away. */
static double bare_writes(struct bench *bench)
{
    struct rig_link_state state;
    struct rig_packet_report report;
    g_autofree guint8 *packet = NULL;
    guint n_sent = 0;
    gint64 start_us, wall_us;
    gsize room;

    bench->link->ops->state(bench->link, &state);
    room = state.mtu - 3u;
    packet = packet_for_nobody(room);
    count_arrivals(bench, true, NULL);
    start_us = g_get_monotonic_time();
    for (gsize at = 0; at < PAYLOAD_BYTES; at += room, n_sent++) {
        enum rig_link_outcome outcome;
        GError *error = NULL;

        if (!bench->link->ops->write(bench->link, &rig_smp_characteristic, RIG_WRITE_COMMAND, packet, room,
                                     &outcome, &error) ||
            outcome != RIG_LINK_OK)
            give_up("write", error);
    }
    echo(bench); /* what was written before has arrived */
    wall_us = g_get_monotonic_time() - start_us;
    count_arrivals(bench, false, &report);
    return MIN(n_sent, report.n_writes) * (double)room / 1.024 / ((double)wall_us / 1000.0);
}

/* SMP's, the only one that is used here. */
static struct rig_bluez_characteristic *smp_of(const struct bench *bench)
{
    return ((const struct rig_bluez_link *)bench->link)->characteristics->pdata[0];
}

static void write_one(struct bench *bench, bool bare, const guint8 *bytes, gsize n_bytes)
{
    enum rig_link_outcome outcome = RIG_LINK_OK;

    if (bare ? send(smp_of(bench)->write_fd, bytes, n_bytes, MSG_NOSIGNAL) < 0
             : !bench->link->ops->write(bench->link, &rig_smp_characteristic, RIG_WRITE_COMMAND, bytes,
                                        n_bytes, &outcome, NULL) ||
                   outcome != RIG_LINK_OK)
        give_up("write", NULL);
}

static void read_one(struct bench *bench, bool bare)
{
    struct pollfd readable = {.fd = smp_of(bench)->read_fd, .events = POLLIN};
    struct rig_link_packet packet = {0};
    guint8 answer[1024];
    enum rig_link_outcome outcome;

    if (bare
            ? poll(&readable, 1, 10000) != 1 || recv(smp_of(bench)->read_fd, answer, sizeof answer, 0) <= 0
            : !bench->link->ops->receive(bench->link, until(bench), &packet, &outcome, NULL) || !packet.value)
        give_up("read", NULL);
    g_clear_pointer(&packet.value, g_bytes_unref);
}

static bool never(void *user)
{
    (void)user;
    return false;
}

/* Answers to requests that were given up are no part of what comes next. */
static void let_settle(struct bench *bench)
{
    struct rig_bluez_link *link = (struct rig_bluez_link *)bench->link;
    bool ignored;

    (void)!rig_board_wait_for(bench->board, bench->board->ops->now_us(bench->board) + 1000000, never, NULL,
                              &ignored, NULL);
    rig_bluez_drain(link);
    rig_bluez_drop_arrived(link);
}

/* The same round trips by the link's operations, and by send, poll and recv on its descriptors: some writes
 * that the board throws away, and one that it answers. Microseconds of this process for each; *wall_us: of
 * the clock. */
static double round_trip_cost(struct bench *bench, guint n_writes, bool bare, double *wall_us)
{
    const struct rig_bluez_link *link = (const struct rig_bluez_link *)bench->link;
    const gsize room = link->mtu - 3u;
    g_autofree guint8 *packet = packet_for_nobody(room);
    guint8 request[64];
    gsize n_bytes = rig_smp_encode_echo(rig_smp_next_id(bench->client), "x", request, sizeof request);
    double before_us;
    gint64 start_us;

    let_settle(bench);
    before_us = processor_us();
    start_us = g_get_monotonic_time();
    for (guint i = 0; i < N_ROUND_TRIPS; i++) {
        for (guint k = 1; k < n_writes; k++)
            write_one(bench, bare, packet, room);
        write_one(bench, bare, request, n_bytes);
        read_one(bench, bare);
    }
    *wall_us = (double)(g_get_monotonic_time() - start_us) / N_ROUND_TRIPS;
    return (processor_us() - before_us) / N_ROUND_TRIPS;
}

struct way {
    guint window;
    guint chunk_bytes; /* 0: one write for a message */
    double best;       /* KB/s */
    char *shares;      /* of the processor, then */
    struct rig_update_report report;
};

static void try_way(struct bench *bench, struct way *way)
{
    g_autoptr(GHashTable) before = look_at_processor();
    struct rig_update_report report;
    double rate = upload(bench, way->window, way->chunk_bytes, &report);

    if (rate <= way->best)
        return;
    g_free(way->shares);
    way->best = rate;
    way->shares = tell_shares(before);
    way->report = report;
}

/* Best of several rounds, in each of which all have their turn: what else the machine does strikes all alike.
 */
static void measure_rates(struct bench *bench, guint16 mtu)
{
    struct way ways[] = {{.window = 1},
                         {.window = 2},
                         {.window = 4},
                         {.window = 8},
                         {.window = 1, .chunk_bytes = FULL_BYTES},
                         {.window = 2, .chunk_bytes = FULL_BYTES},
                         {.window = 4, .chunk_bytes = FULL_BYTES},
                         {.window = 8, .chunk_bytes = FULL_BYTES}};
    double bare = 0, best = 0;

    for (guint round = 0; round < N_ROUNDS; round++) {
        double rate = bare_writes(bench);

        bare = MAX(bare, rate);
        for (guint i = 0; i < G_N_ELEMENTS(ways); i++)
            try_way(bench, &ways[i]);
    }
    printf("AcquireWrite alone, %u B a write: %.1f KB/s\n", mtu - 3u, bare);
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        const struct way *way = &ways[i];

        printf("upload, window %u, %-21s %7.1f KB/s  %3.0f %% of that, %u chunks, %u sent again; %s\n",
               way->window, way->chunk_bytes ? "messages of 4 KiB" : "a write for a message", way->best,
               100 * way->best / bare, way->report.n_chunks, way->report.n_resent, way->shares);
        best = MAX(best, way->best);
        g_free(way->shares);
    }
    printf("at least 90 %% of AcquireWrite alone: %s\n", best >= 0.9 * bare ? "met" : "MISSED");
}

static void measure_driver(struct bench *bench, guint n_writes)
{
    double link_us = G_MAXDOUBLE, bare_us = G_MAXDOUBLE, wall_us = G_MAXDOUBLE;

    for (guint round = 0; round < N_ROUNDS; round++) {
        double bare_wall_us, own_wall_us;
        double by_bare_us = round_trip_cost(bench, n_writes, true, &bare_wall_us);
        double by_link_us = round_trip_cost(bench, n_writes, false, &own_wall_us);

        bare_us = MIN(bare_us, by_bare_us);
        link_us = MIN(link_us, by_link_us);
        wall_us = MIN(wall_us, own_wall_us);
    }
    printf(
        "processor time of %u writes and an answer: %.0f us by the driver, %.0f us by bare descriptors; the "
        "difference is %.1f %% of the round trip (%.0f us)\n",
        n_writes, link_us, bare_us, 100 * (link_us - bare_us) / wall_us, wall_us);
}

static void measure(struct bench *bench)
{
    struct rig_bluez_link *link = (struct rig_bluez_link *)bench->link;
    struct rig_update_report report;

    measure_rates(bench, link->mtu);
    measure_driver(bench, 1);
    measure_driver(bench, FULL_BYTES / (link->mtu - 3u)); /* as for a message of that size */
    close(smp_of(bench)->write_fd);
    smp_of(bench)->write_fd = -1;
    let_settle(bench); /* bluetoothd needs a moment to see that the descriptor was closed */
    smp_of(bench)->by_call = true;
    printf("WriteValue for each write, window 3: %.1f KB/s\n", upload(bench, 3, 0, &report));
}

int main(int argc, char **argv)
{
    struct rig_process_config config;
    struct bench bench = {0};
    struct rig_target *target;
    GError *error = NULL;

    if (argc != 4)
        give_up("usage", NULL);
    target = rig_target_load(argv[2], ".", &error);
    config = (struct rig_process_config){
        .target = target, .program = argv[1], .targets = argv[3], .link = "bluez"};
    bench.board = target ? rig_process_board_new(&config, &error) : NULL;
    if (!bench.board)
        give_up("target", error);
    bench.link = bench.board->link;
    bench.client =
        rig_smp_client_of(rig_update_new(&(const struct rig_update_setting){.board = bench.board}));
    prepare(&bench);
    go_online(&bench);
    measure(&bench);
    rig_update_free(&bench.client->update);
    bench.board->ops->free(bench.board);
    rig_target_free(target);
    rig_bytes_clear(&bench.image);
    return 0;
}
