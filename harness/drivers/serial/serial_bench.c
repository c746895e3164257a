/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What framing costs beside base64 alone, and an upload over a pseudo-terminal beside one over UDP. For
 * ci/bench/serial.sh. Usage: serial_bench BOOTRIG */
#include "drivers/links/links.h"
#include "tests/sim_process.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "image/build.h"
#include "protocol/smp/console_frame.h"

#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 380u
#define N_MESSAGES 500u
#define N_ROUNDS 400u /* short ones, of which the best counts: the machine may be busy */
#define PAYLOAD_BYTES (96u * 1024)

static gint64 base64_us(const guint8 *message)
{
    guint8 text[2 * MESSAGE_BYTES], back[2 * MESSAGE_BYTES];
    gint64 start_us = g_get_monotonic_time();

    for (guint i = 0; i < N_MESSAGES; i++) {
        int n = EVP_EncodeBlock(text, message, MESSAGE_BYTES - 2); /* whole quanta */

        if (EVP_DecodeBlock(back, text, n) < 0)
            return -1;
    }
    return g_get_monotonic_time() - start_us;
}

static gint64 frames_us(const guint8 *message)
{
    struct rig_smp_console console;
    guint8 frames[2 * MESSAGE_BYTES];
    gint64 start_us = g_get_monotonic_time();
    guint n_back = 0;

    rig_smp_console_init(&console);
    for (guint i = 0; i < N_MESSAGES; i++) {
        gsize n = rig_smp_frame_encode(message, MESSAGE_BYTES, frames, sizeof frames), n_taken;

        for (gsize at = 0; at < n; at += n_taken)
            n_back +=
                rig_smp_console_take(&console, frames + at, n - at, &n_taken) == RIG_SMP_CONSOLE_MESSAGE;
    }
    return n_back == N_MESSAGES ? g_get_monotonic_time() - start_us : -1;
}

static bool measure_framing(void)
{
    guint8 message[MESSAGE_BYTES];
    gint64 best_frames_us = G_MAXINT64, best_base64_us = G_MAXINT64;

    for (guint i = 0; i < sizeof message; i++)
        message[i] = (guint8)(i * 7);
    for (guint i = 0; i < N_ROUNDS; i++) {
        best_frames_us = MIN(best_frames_us, frames_us(message));
        best_base64_us = MIN(best_base64_us, base64_us(message));
    }
    printf("framing and unframing of %u messages of %u bytes, best of %u: %" G_GINT64_FORMAT
           " us (%.0f MB/s), %.2f x base64 both ways alone (%" G_GINT64_FORMAT " us)\n",
           N_MESSAGES, MESSAGE_BYTES, N_ROUNDS, best_frames_us,
           (double)N_MESSAGES * MESSAGE_BYTES / (double)best_frames_us,
           (double)best_frames_us / (double)best_base64_us, best_base64_us);
    return best_frames_us > 0 && best_base64_us > 0;
}

static guint64 now_us(struct rig_board *board)
{
    (void)board;
    return (guint64)g_get_monotonic_time();
}

static bool wait_some(struct rig_board *board, guint64 until_us, bool *happened, GError **error)
{
    (void)error;
    if (now_us(board) < until_us)
        rig_board_idle(board, 5);
    *happened = now_us(board) < until_us;
    return true;
}

static const struct rig_board_ops board_ops = {.now_us = now_us, .wait = wait_some};

static bool upload(struct rig_board *board, const struct rig_bytes *image, GError **error)
{
    struct rig_update_transfer upload = {.bytes = image->bytes,
                                         .n_bytes = image->n_bytes,
                                         .window = 3,
                                         .until_us = now_us(board) + 60 * G_USEC_PER_SEC};
    struct rig_update_report report = {0};
    struct rig_update_result result = {0};
    struct rig_update *update = rig_update_new(&(const struct rig_update_setting){.board = board});
    gint64 start_us;
    bool ok;

    ok = rig_smp_learn_parameters(rig_smp_client_of(update), upload.until_us, &result, error);
    start_us = g_get_monotonic_time();
    ok = ok && rig_update_smp.transfer(update, &upload, &report, &result, error);
    if (ok)
        printf("  %s: %u chunks, %u sent again, %.0f ms, %.0f kB/s\n", rig_update_result_name(result.kind),
               report.n_chunks, report.n_resent, (double)(g_get_monotonic_time() - start_us) / 1000.0,
               (double)image->n_bytes * 1000.0 / (double)(g_get_monotonic_time() - start_us));
    rig_update_free(update);
    return ok && result.kind == RIG_UPDATE_DONE;
}

static bool measure_upload(const char *program, const char *folder, const char *kind,
                           const struct rig_bytes *image, GError **error)
{
    static const char *const options[] = {"--console", "pty", "--speed", "1000", NULL};
    g_autoptr(rig_sim_process) sim = rig_sim_process_start(program, options, folder, error);
    struct rig_board board = {.ops = &board_ops, .events = g_main_context_new()};
    struct rig_link_place place = {.kind = kind, .host = "127.0.0.1"};
    struct rig_link_connect how = {.until_us = now_us(&board) + 10 * G_USEC_PER_SEC};
    enum rig_link_outcome outcome = RIG_LINK_LOST;
    bool ok = false;

    if (sim) {
        place.port = sim->smp_port;
        place.tty = sim->pty;
        board.link = rig_link_kind_find(kind, NULL)->make(&place, &board);
        printf("upload of %zu bytes over %s to the simulated board, a thousand times as fast as it is:\n",
               image->n_bytes, kind);
        ok = connect_and_subscribe(board.link, &how, &outcome, error) && outcome == RIG_LINK_OK &&
             upload(&board, image, error);
    }
    rig_link_free(board.link);
    g_main_context_unref(board.events);
    return ok;
}

static bool build(struct rig_bytes *image)
{
    g_autofree guint8 *payload = g_malloc0(PAYLOAD_BYTES);
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = PAYLOAD_BYTES,
                                      .version = {.major = 2},
                                      .key = key,
                                      .erased = 0xff};
    bool ok = rig_image_build(&recipe, image) == RIG_IMAGE_OK;

    rig_key_free(key);
    return ok;
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("bootrig-XXXXXX", NULL);
    g_autofree char *log = folder ? g_build_filename(folder, "sim.log", NULL) : NULL;
    g_autoptr(GError) error = NULL;
    struct rig_bytes image = {0};
    bool ok;

    if (argc != 2 || !folder)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    ok = measure_framing() && build(&image) && measure_upload(argv[1], folder, "udp", &image, &error) &&
         measure_upload(argv[1], folder, "serial", &image, &error);
    if (!ok)
        fprintf(stderr, "serial_bench: %s\n", error ? error->message : "failed");
    rig_bytes_clear(&image);
    g_unlink(log);
    g_rmdir(folder);
    return ok ? 0 : 1;
}
