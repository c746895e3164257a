/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket of `bootrig sim`: whatever text a request holds, it is one request. */
#include "tests/sim_process.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"

struct stand {
    char *folder;
    struct rig_sim_process *sim;
};

static int open_stand(void **state)
{
    static const char *const options[] = {"--off", NULL};
    struct stand *stand = g_new0(struct stand, 1);

    stand->folder = g_dir_make_tmp("rig-ctl-XXXXXX", NULL);
    stand->sim = rig_sim_process_start(BOOTRIG, options, stand->folder, NULL);
    assert_non_null(stand->sim);
    *state = stand;
    return 0;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;
    g_autofree char *log = g_build_filename(stand->folder, "sim.log", NULL);

    rig_sim_process_free(stand->sim);
    g_unlink(log);
    g_rmdir(stand->folder);
    g_free(stand->folder);
    g_free(stand);
    return 0;
}

static bool tell(struct stand *stand, const char *line, GError **error)
{
    return rig_control_ask_line(stand->sim->control, line, NULL, error);
}

static void assert_power(struct stand *stand, bool power)
{
    g_autoptr(JsonObject) status = NULL;

    assert_true(rig_control_ask(stand->sim->control, rig_control_request("status"), &status, NULL));
    assert_int_equal(rig_control_flag(status, "power", !power), power);
}

static void each_pattern_is_one_request_whatever_it_holds(void **state)
{
    static const char *const patterns[] = {"Booting\n{\"command\": \"power\", \"on\": false}",
                                           "\"quoted",
                                           "two  spaces, and more",
                                           "back\\slash\"",
                                           "\r\x1b\x7f\t",
                                           "\xc3\xbc",
                                           " "};
    struct stand *stand = *state;

    assert_true(tell(stand, "{\"command\": \"power\", \"on\": true}", NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        JsonObject *request = rig_control_request("cut");

        json_object_set_string_member(request, "console", patterns[i]);
        assert_true(rig_control_ask(stand->sim->control, request, NULL, NULL));
        assert_power(stand, true);
    }
    assert_true(tell(stand, "{\"command\": \"disarm\"}", NULL));
}

static void what_is_cut_off_or_not_understood_is_refused_with_a_hint(void **state)
{
    g_autofree char *letters = g_strnfill(96, 'x');
    g_autofree char *flood = g_strnfill(20000, 'x');
    g_autofree char *too_long = g_strdup_printf("{\"command\": \"cut\", \"console\": \"%s\"}", letters);
    const char *const lines[][2] = {
        {too_long, "95 bytes at the most"},
        {"power off", "is a JSON object, such as {\"command\": \"power\""},
        {"[1]", "is a JSON object"},
        {"{\"command\": \"power\", \"on\": tru", "is a JSON object"},
        {"{\"command\": \"power\"}", "'power' wants"},
        {"{\"command\": \"dance\"}", "there are: power, reset, status"},
        {"{\"command\": \"cut\", \"after_us\": -1}", "'cut' wants"},
        {"{\"command\": \"cut\", \"operation\": 1, \"form\": \"sideways\"}", "'cut' wants"},
        {"{\"command\": \"radio\", \"line\": \"link lost\"}", "has no radio"},
        {flood, "the line is too long"}};
    struct stand *stand = *state;

    assert_true(tell(stand, "{\"command\": \"power\", \"on\": true}", NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        GError *error = NULL;

        if (lines[i][0] != flood)
            assert_power(stand, true);
        assert_false(tell(stand, lines[i][0], &error));
        if (!strstr(error->message, lines[i][1]))
            fail_msg("'%s' is not in: %.300s", lines[i][1], error->message);
        g_clear_error(&error);
    }
}

/* What stands behind a NUL would be lost without a word. */
static void a_line_with_a_nul_is_refused(void **state)
{
    static const char line[] = "{\"command\": \"power\", \"on\": true}\0\n";
    struct stand *stand = *state;
    g_autofree char *path = g_build_filename(stand->folder, "control", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    char answer[300] = "";

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, line, sizeof line - 1, 0), sizeof line - 1);
    assert_int_equal(poll(&polled, 1, 5000), 1);
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    assert_true(g_str_has_prefix(answer, "{\"ok\":false,\"error\":"));
    close(fd);
}

/* Sends a datagram to the board's SMP server until one answers, and returns how long the answer is; 0: none
 * within the deadline. */
static gsize ask(int fd, const guint8 *request, gsize n_bytes, guint8 answer[64], gint64 until_us)
{
    gssize n = -1;

    while (n < 0 && g_get_monotonic_time() < until_us) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};

        assert_int_equal(send(fd, request, n_bytes, 0), n_bytes);
        if (poll(&polled, 1, 200) == 1)
            n = recv(fd, answer, 64, 0);
    }
    return n < 0 ? 0 : (gsize)n;
}

static void a_datagram_that_lacks_its_end_is_refused_and_the_next_one_served(void **state)
{
    static const guint8 over_long[] = {0x0a, 0, 0, 0x30, 0, 0, 0x11, 0, 0xa1, 0x61, 0x64, 0x61, 0x78};
    static const guint8 echo[] = {0x0a, 0, 0, 5, 0, 0, 0x12, 0, 0xa1, 0x61, 0x64, 0x61, 0x78};
    struct stand *stand = *state;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(stand->sim->smp_port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    gint64 until_us = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    guint8 answer[64];

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(tell(stand, "{\"command\": \"power\", \"on\": true}", NULL));
    assert_int_equal(ask(fd, over_long, sizeof over_long, answer, until_us), 14);
    assert_memory_equal(answer,
                        ((const guint8[]){0x0b, 0, 0, 6, 0, 0, 0x11, 0, 0xbf, 0x62, 'r', 'c', 9, 0xff}), 14);
    do
        assert_true(ask(fd, echo, sizeof echo, answer, until_us) > 0);
    while (answer[6] == 0x11); /* answers to what was sent again */
    assert_int_equal(answer[6], 0x12);
    assert_int_equal(answer[12], 'x');
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_pattern_is_one_request_whatever_it_holds, open_stand,
                                        close_stand),
        cmocka_unit_test_setup_teardown(a_line_with_a_nul_is_refused, open_stand, close_stand),
        cmocka_unit_test_setup_teardown(a_datagram_that_lacks_its_end_is_refused_and_the_next_one_served,
                                        open_stand, close_stand),
        cmocka_unit_test_setup_teardown(what_is_cut_off_or_not_understood_is_refused_with_a_hint, open_stand,
                                        close_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
