/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig sim --hci` as a process, with the tests' own controller at the other end of its socket. */
#include "base/file.h"
#include "tests/sim_process.h"
#include "sim/chip/host/air.h"

#include "protocol/ble/codes.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"
#define DEADLINE_US (20 * G_USEC_PER_SEC)
#define ECHO "52 10 00 0a 00 00 09 00 00 42 00 a1 61 64 65 68 65 6c 6c 6f"
#define ECHOED "1b 10 00 0b 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff"

struct rig {
    char *folder;
    char *path;
    int listener;
    int fd;
    guint8 bytes[8192];
    gsize n_bytes;
    struct air air;
    struct rig_sim_process *sim;
};

static void listen_at(struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    g_strlcpy(address.sun_path, rig->path, sizeof address.sun_path);
    rig->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(rig->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(rig->listener, 1), 0);
}

static void welcome(struct rig *rig)
{
    struct pollfd polled = {.fd = rig->listener, .events = POLLIN};

    assert_int_equal(poll(&polled, 1, DEADLINE_US / 1000), 1);
    rig->fd = accept(rig->listener, NULL, NULL);
    assert_true(rig->fd >= 0);
    rig->n_bytes = 0;
    rig->air.n_queue = 0;
}

static int open_rig(void **state)
{
    struct rig *rig = g_new0(struct rig, 1);

    rig->folder = g_dir_make_tmp("rig-hci-XXXXXX", NULL);
    rig->path = g_build_filename(rig->folder, "air", NULL);

    const char *const options[] = {"--hci", rig->path, "--off", NULL};

    air_init(&rig->air);
    rig->air.config.virtual_controller = true;
    listen_at(rig);
    rig->sim = rig_sim_process_start(BOOTRIG, options, rig->folder, NULL);
    assert_non_null(rig->sim);
    welcome(rig);
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;

    rig_sim_process_free(rig->sim);
    close(rig->fd);
    close(rig->listener);
    rig_tree_remove(rig->folder);
    g_free(rig->folder);
    g_free(rig->path);
    g_free(rig);
    return 0;
}

/* --- the wire --- */

static void take_packets(struct rig *rig)
{
    for (;;) {
        gsize n_header = rig->bytes[0] == RIG_H4_COMMAND ? 4 : 5;
        gsize n_packet;

        if (rig->n_bytes < n_header)
            return;
        assert_true(rig->bytes[0] == RIG_H4_COMMAND || rig->bytes[0] == RIG_H4_ACL);
        n_packet = n_header + (n_header == 4 ? rig->bytes[3] : rig->bytes[3] | (gsize)rig->bytes[4] << 8);
        if (rig->n_bytes < n_packet)
            return;
        air_from_stack(&rig->air, rig->bytes, n_packet);
        rig->n_bytes -= n_packet;
        memmove(rig->bytes, rig->bytes + n_packet, rig->n_bytes);
    }
}

static void pump(struct rig *rig)
{
    struct pollfd polled = {.fd = rig->fd, .events = POLLIN};
    gssize n;

    if (rig->air.n_queue > 0)
        assert_int_equal(send(rig->fd, rig->air.queue, rig->air.n_queue, MSG_NOSIGNAL), rig->air.n_queue);
    rig->air.n_queue = 0;
    if (poll(&polled, 1, 10) <= 0)
        return;
    n = read(rig->fd, rig->bytes + rig->n_bytes, sizeof rig->bytes - rig->n_bytes);
    assert_true(n > 0);
    rig->n_bytes += (gsize)n;
    take_packets(rig);
}

/* Until *flag is as wanted; the test fails when that does not come. */
static void wait_for(struct rig *rig, const bool *flag, bool wanted)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

    while (*flag != wanted) {
        assert_true(g_get_monotonic_time() < deadline);
        pump(rig);
    }
}

static void say_and_hear(struct rig *rig, const char *request, const char *answer)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
    guint n_before = rig->air.n_pdus;

    air_send_hex(&rig->air, AIR_ATT, request);
    while (rig->air.n_pdus == n_before) {
        assert_true(g_get_monotonic_time() < deadline);
        pump(rig);
    }
    air_expect(&rig->air, AIR_ATT, answer);
}

/* A line of the radio's own, or else the command of that name. */
static char *request(const char *line)
{
    bool of_radio = g_str_has_prefix(line, "link") || g_str_has_prefix(line, "bond");
    g_autoptr(JsonObject) object = rig_control_request(of_radio ? "radio" : line);

    if (of_radio)
        json_object_set_string_member(object, "line", line);
    return rig_control_write(object);
}

static void command(struct rig *rig, const char *line, const char *said)
{
    g_autofree char *written = request(line);
    g_autofree char *response = NULL;

    assert_true(rig_sim_process_command(rig->sim, written, &response, NULL));
    if (said && !strstr(response, said))
        fail_msg("'%s' gave '%s' without '%s'", line, response, said);
}

static void power(struct rig *rig, bool on)
{
    assert_true(rig_sim_process_command(
        rig->sim, on ? "{\"command\": \"power\", \"on\": true}" : "{\"command\": \"power\", \"on\": false}",
        NULL, NULL));
}

static void refused(struct rig *rig, const char *line)
{
    g_autofree char *written = request(line);

    assert_false(rig_sim_process_command(rig->sim, written, NULL, NULL));
}

static void boot_and_connect(struct rig *rig)
{
    power(rig, true);
    wait_for(rig, &rig->air.advertising, true);
    air_connect(&rig->air);
    say_and_hear(rig, "02 f7 00", "03 f7 00");
    say_and_hear(rig, "12 11 00 01 00", "13");
}

/* --- tests --- */

static void a_central_reaches_the_boards_server_through_the_socket(void **state)
{
    boot_and_connect(*state);
    say_and_hear(*state, ECHO, ECHOED);
    command(*state, "status", "\"link\":\"up\"");
    command(*state, "status", "\"subscribed\":\"yes\"");
}

static void without_power_there_is_no_advertising(void **state)
{
    struct rig *rig = *state;

    command(rig, "status", "\"power\":false");
    boot_and_connect(rig);
    command(rig, "link disconnect 0x15", NULL);
    wait_for(rig, &rig->air.connected, false);
    assert_int_equal(rig->air.last_reason, 0x15);
    wait_for(rig, &rig->air.advertising, true);
    power(rig, false);
    wait_for(rig, &rig->air.advertising, false);
}

static void a_power_cut_ends_the_link_by_timeout_and_the_boot_brings_it_back(void **state)
{
    struct rig *rig = *state;

    boot_and_connect(rig);
    power(rig, false);
    wait_for(rig, &rig->air.connected, false);
    assert_int_equal(rig->air.last_reason, 0x08);
    boot_and_connect(rig);
    say_and_hear(rig, ECHO, ECHOED);
    command(rig, "reset", NULL);
    wait_for(rig, &rig->air.connected, false);
    assert_int_equal(rig->air.last_reason, 0x08);
}

static void a_controller_that_went_away_is_found_again(void **state)
{
    struct rig *rig = *state;

    boot_and_connect(rig);
    close(rig->fd);
    rig->air.connected = rig->air.advertising = false;
    welcome(rig);
    wait_for(rig, &rig->air.advertising, true);
    air_connect(&rig->air);
    say_and_hear(rig, "0a 05 00", "0b 00 00");
}

static void faults_are_set_from_outside_and_counted(void **state)
{
    struct rig *rig = *state;

    boot_and_connect(rig);
    command(rig, "link fault corrupt notifications 0 1 0", NULL);
    say_and_hear(rig, ECHO, "1b 10 00 0a 00 00 0a 00 00 42 00 bf 61 72 65 68 65 6c 6c 6f ff");
    command(rig, "status", "\"faults-struck\":\"1\"");
    refused(rig, "link fault melt notifications 0");
    refused(rig, "link dance");
    command(rig, "bond list", "\"text\":\"0\"");
}

static void expect_error(const char *const *options, const char *said)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_autofree char *err = NULL;
    int status;

    g_ptr_array_add(arguments, (gpointer)BOOTRIG);
    g_ptr_array_add(arguments, (gpointer) "sim");
    for (; *options; options++)
        g_ptr_array_add(arguments, (gpointer)*options);
    g_ptr_array_add(arguments, NULL);
    assert_true(g_spawn_sync(RIG_SOURCE_DIR, (char **)arguments->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL,
                             NULL, NULL, NULL, &err, &status, NULL));
    assert_false(g_spawn_check_wait_status(status, NULL));
    if (!strstr(err, said))
        fail_msg("'%s' does not say '%s'", err, said);
}

static void controllers_and_options_that_cannot_be_are_errors_with_a_remedy(void **state)
{
    (void)state;
    expect_error((const char *const[]){"--hci", "/nowhere/at/all", NULL}, "btvirt -s");
    expect_error((const char *const[]){"--hci", "unix:/nowhere/at/all", NULL}, "btvirt -s");
    expect_error((const char *const[]){"--hci", "hci999", NULL}, "cannot take over the adapter 'hci999'");
    expect_error((const char *const[]){"--hci", "hci1x", NULL}, "hci1x");
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(a_central_reaches_the_boards_server_through_the_socket),
        WITH_RIG(without_power_there_is_no_advertising),
        WITH_RIG(a_power_cut_ends_the_link_by_timeout_and_the_boot_brings_it_back),
        WITH_RIG(a_controller_that_went_away_is_found_again),
        WITH_RIG(faults_are_set_from_outside_and_counted),
        cmocka_unit_test(controllers_and_options_that_cannot_be_are_errors_with_a_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
