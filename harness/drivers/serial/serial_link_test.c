/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP over the console of a simulated board in a process of its own, on wires that are not what they should
 * be. */
#include "drivers/serial/serial_link.h"

#include "base/error.h"
#include "tests/sim_process.h"
#include "drivers/update/smp/smp_client.h"
#include "tests/link_support.h"
#include "image/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define PROGRAM RIG_BINARY_DIR "/harness/cli/bootrig"
#define PATIENCE_US 30000000u

struct stand {
    struct rig_board board;
    struct rig_link_place place;
    struct rig_sim_process *sim;
    char *folder;
    GPtrArray *lines;
};

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

static void on_line(void *user, guint64 at_us, const char *line)
{
    (void)at_us;
    g_ptr_array_add(((struct stand *)user)->lines, g_strdup(line));
}

static int open_stand(void **state)
{
    static const char *const options[] = {"--console", "pty", "--off", "--speed", "5", NULL};
    struct stand *stand = g_new0(struct stand, 1);
    GError *error = NULL;

    stand->folder = g_dir_make_tmp("bootrig-XXXXXX", NULL);
    stand->sim = rig_sim_process_start(PROGRAM, options, stand->folder, &error);
    assert_null(error);
    stand->lines = g_ptr_array_new_with_free_func(g_free);
    stand->place = (struct rig_link_place){.kind = "serial", .tty = stand->sim->pty};
    stand->board = (struct rig_board){
        .ops = &board_ops, .events = g_main_context_new(), .listener = {.console = on_line, .user = stand}};
    stand->board.link = rig_serial_link_new(&stand->place, &stand->board);
    assert_true(rig_link_open(stand->board.link, NULL));
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    g_autofree char *log = g_build_filename(stand->folder, "sim.log", NULL);

    rig_link_free(stand->board.link);
    rig_sim_process_free(stand->sim);
    g_main_context_unref(stand->board.events);
    g_clear_error(&stand->board.broken);
    g_ptr_array_unref(stand->lines);
    g_unlink(log);
    g_rmdir(stand->folder);
    g_free(stand->folder);
    g_free(stand);
    return 0;
}

static void command(struct stand *stand, const char *line)
{
    assert_true(rig_sim_process_command(stand->sim, line, NULL, NULL));
}

static enum rig_link_outcome connect_link(struct stand *stand)
{
    struct rig_link_connect how = {.mtu = 247, .until_us = now_us(NULL) + PATIENCE_US};
    enum rig_link_outcome outcome;

    assert_true(connect_and_subscribe(stand->board.link, &how, &outcome, NULL));
    return outcome;
}

static bool has_line(const struct stand *stand, const char *piece)
{
    for (guint i = 0; i < stand->lines->len; i++)
        if (strstr(g_ptr_array_index(stand->lines, i), piece))
            return true;
    return false;
}

static bool sees_advertising(void *user)
{
    return has_line(user, "app: advertising");
}

static void lines_come_before_there_is_a_connection(void **state)
{
    struct stand *stand = *state;
    bool seen = false;

    command(stand, "{\"command\": \"power\", \"on\": true}");
    assert_true(
        rig_board_wait_for(&stand->board, now_us(NULL) + PATIENCE_US, sees_advertising, stand, &seen, NULL));
    assert_true(seen);
    assert_true(has_line(stand, "*** Booting MCUboot"));
}

static struct rig_bytes image_of(gsize n_payload)
{
    g_autofree guint8 *payload = g_malloc(n_payload);
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = (guint32)n_payload,
                                      .version = {.major = 2},
                                      .key = key,
                                      .erased = 0xff};
    struct rig_bytes image = {0};

    for (gsize i = 0; i < n_payload; i++)
        payload[i] = (guint8)(i * 7 + i / 255);
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    rig_key_free(key);
    return image;
}

/* Uploads and lists; *report tells what it took. */
static void update(struct stand *stand, struct rig_update_report *report)
{
    struct rig_bytes image = image_of(6000);
    struct rig_update_transfer upload = {.bytes = image.bytes,
                                         .n_bytes = image.n_bytes,
                                         .max_failures = 40,
                                         .until_us = now_us(NULL) + PATIENCE_US};
    struct rig_update *update =
        rig_update_new(&(const struct rig_update_setting){.board = &stand->board, .timeout_scale = 0.12});
    struct rig_smp_client *client = rig_smp_client_of(update);
    struct rig_smp_response response;
    struct rig_update_result result = {0};
    guint8 request[64];

    assert_true(rig_update_smp.transfer(update, &upload, report, &result, NULL));
    assert_string_equal(rig_update_result_name(result.kind), "ok");
    assert_int_equal(report->offset, image.n_bytes);
    result.kind = RIG_UPDATE_NO_ANSWER;
    for (guint i = 0; i < 20 && result.kind == RIG_UPDATE_NO_ANSWER; i++)
        assert_true(rig_smp_exchange(
            client, request, rig_smp_encode_image_list(rig_smp_next_id(client), request, sizeof request),
            now_us(NULL) + rig_smp_answer_us(client, false), &response, &result, NULL));
    assert_string_equal(result.text, "ok");
    assert_int_equal(response.n_images, 2);
    assert_string_equal(response.images[1].version, "2.0.0");
    rig_update_free(update);
    rig_bytes_clear(&image);
}

static void an_image_goes_up_over_a_clean_wire_without_a_resend(void **state)
{
    struct rig_update_report report = {0};

    command(*state, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(*state), RIG_LINK_OK);
    update(*state, &report);
    assert_int_equal(report.n_resent, 0);
}

static void noise_before_every_frame_does_not_matter(void **state)
{
    struct rig_update_report report = {0};

    command(*state, "{\"command\": \"console\", \"noise\": 200}");
    command(*state, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(*state), RIG_LINK_OK);
    update(*state, &report);
}

static void lost_bytes_cost_resends_only(void **state)
{
    struct rig_update_report report = {0};

    command(*state, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(*state), RIG_LINK_OK);
    command(*state, "{\"command\": \"console\", \"lose\": 2003}");
    update(*state, &report);
    assert_true(report.n_resent > 0);
}

static void an_echoing_console_is_no_answer(void **state)
{
    struct stand *stand = *state;
    struct rig_update_report report = {0};
    struct rig_link_connect how = {.until_us = now_us(NULL) + 700000};
    enum rig_link_outcome outcome;

    command(stand, "{\"command\": \"console\", \"echo\": true}");
    assert_true(stand->board.link->ops->connect(stand->board.link, &how, &outcome, NULL));
    assert_int_equal(outcome, RIG_LINK_NOT_FOUND); /* it has no power: only the echo came */
    command(stand, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(stand), RIG_LINK_OK);
    update(stand, &report);
}

static bool sees_cut_line(void *user)
{
    return has_line(user, "[line cut here]");
}

static void a_line_of_a_megabyte_is_cut_and_answers_still_come(void **state)
{
    struct stand *stand = *state;
    struct rig_update_report report = {0};
    bool seen = false;

    command(stand, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(stand), RIG_LINK_OK);
    command(stand, "{\"command\": \"console\", \"print\": 1000000}");
    assert_true(
        rig_board_wait_for(&stand->board, now_us(NULL) + PATIENCE_US, sees_cut_line, stand, &seen, NULL));
    assert_true(seen);
    update(stand, &report);
}

static void a_port_that_goes_is_an_error_that_names_it(void **state)
{
    struct stand *stand = *state;
    struct rig_link *link = stand->board.link;
    enum rig_link_outcome outcome;
    struct rig_link_packet packet = {0};
    GError *error = NULL;

    command(stand, "{\"command\": \"power\", \"on\": true}");
    assert_int_equal(connect_link(stand), RIG_LINK_OK);
    command(stand, "{\"command\": \"console\", \"hang-up\": true}");
    assert_false(link->ops->receive(link, now_us(NULL) + PATIENCE_US, &packet, &outcome, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_non_null(strstr(error->message, stand->sim->pty));
    g_error_free(error);
}

static void a_port_that_goes_during_a_connect_is_an_error_too(void **state)
{
    struct stand *stand = *state;
    struct rig_link_connect how = {.until_us = now_us(NULL) + PATIENCE_US};
    enum rig_link_outcome outcome;
    GError *error = NULL;

    command(stand, "{\"command\": \"console\", \"hang-up\": true}");
    assert_false(stand->board.link->ops->connect(stand->board.link, &how, &outcome, &error));
    assert_non_null(strstr(error->message, stand->sim->pty));
    g_error_free(error);
}

static void pairing_is_not_to_be_had(void **state)
{
    struct stand *stand = *state;
    struct rig_link_connect how = {.pair = true, .until_us = now_us(NULL) + PATIENCE_US};
    enum rig_link_outcome outcome;
    GError *error = NULL;

    assert_false(stand->board.link->ops->connect(stand->board.link, &how, &outcome, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
    g_error_free(error);
}

#define on_stand(test) cmocka_unit_test_setup_teardown(test, open_stand, close_stand)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_stand(lines_come_before_there_is_a_connection),
        on_stand(an_image_goes_up_over_a_clean_wire_without_a_resend),
        on_stand(noise_before_every_frame_does_not_matter),
        on_stand(lost_bytes_cost_resends_only),
        on_stand(an_echoing_console_is_no_answer),
        on_stand(a_line_of_a_megabyte_is_cut_and_answers_still_come),
        on_stand(a_port_that_goes_is_an_error_that_names_it),
        on_stand(a_port_that_goes_during_a_connect_is_an_error_too),
        on_stand(pairing_is_not_to_be_had),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
