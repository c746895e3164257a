/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The OpenOCD client against scripted servers that misbehave; no openocd is needed. Each fake is a shell that
 * is started in its place. */
#include "drivers/probe/openocd_rpc.h"

#include "base/error.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define END "\\032"
#define HELLO "Open On-Chip Debugger 0.12.0|chip.cpu"

struct fake {
    char *folder;
    char *log;
    const char *arguments[3];
    struct rig_openocd *openocd;
};

static void fake_open(struct fake *fake, const char *script, guint start_ms)
{
    struct rig_openocd_config config = {.program = "sh", .arguments = fake->arguments, .start_ms = start_ms};

    fake->folder = g_dir_make_tmp("rig-fake-XXXXXX", NULL);
    assert_non_null(fake->folder);
    fake->log = g_build_filename(fake->folder, "log", NULL);
    fake->arguments[0] = "-c";
    fake->arguments[1] = script;
    fake->arguments[2] = NULL;
    config.log_path = fake->log;
    fake->openocd = rig_openocd_new(&config);
}

static void fake_close(struct fake *fake)
{
    rig_openocd_free(fake->openocd);
    g_unlink(fake->log);
    g_rmdir(fake->folder);
    g_free(fake->log);
    g_free(fake->folder);
}

/* The script's server is asked one thing; the error must be of the device and say `reason`. */
static void refuses(const char *script, const char *reason)
{
    struct fake fake;
    g_autoptr(GError) error = NULL;

    fake_open(&fake, script, 300);
    assert_false(rig_openocd_command(fake.openocd, 300, NULL, &error, "mdw 0"));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    if (!strstr(error->message, reason))
        fail_msg("'%s' does not say '%s'", error->message, reason);
    fake_close(&fake);
}

static void an_answer_is_the_text_after_the_code(void **state)
{
    struct fake fake;
    g_autofree char *value = NULL;

    (void)state;
    fake_open(&fake, "printf '0 " HELLO END "0 a b  c" END "'; cat >/dev/null", 5000);
    assert_true(rig_openocd_command(fake.openocd, 5000, &value, NULL, "version"));
    assert_string_equal(value, "a b  c");
    fake_close(&fake);
}

static void a_server_that_never_answers_is_ended_at_the_deadline(void **state)
{
    (void)state;
    refuses("cat >/dev/null", "no answer in time");
}

static void a_server_that_hangs_and_ignores_sigterm_is_killed(void **state)
{
    (void)state;
    refuses("trap '' TERM; printf '0 " HELLO END "'; while :; do sleep 1; done", "was ended by signal 9");
}

static void a_server_that_dies_at_start_is_told_with_its_exit_code(void **state)
{
    (void)state;
    refuses("exit 1", "ended with exit code 1");
}

static void the_reason_comes_from_the_log(void **state)
{
    (void)state;
    refuses("echo 'Info : hello' >&2; echo 'Error: open failed' >&2; exit 1", "open failed");
}

static void a_server_that_dies_in_the_middle_of_an_answer_is_an_error(void **state)
{
    (void)state;
    /* It reads both commands whole, so that it is the answer that breaks off and not the question. */
    refuses("printf '0 " HELLO END "'; head -c 122 >/dev/null; printf '0 0x12 0x'; exit 0", "it hung up");
}

static void garbage_is_no_result(void **state)
{
    (void)state;
    refuses("printf '0 " HELLO END "HTTP/1.0 400 Bad Request" END "'; cat >/dev/null",
            "something else than a result");
    refuses("printf '" END "'; cat >/dev/null", "something else than a result");
    refuses("printf '\\000\\001\\377" END "'; cat >/dev/null", "something else than a result");
}

static void an_endless_answer_is_cut_off(void **state)
{
    struct fake fake;
    g_autoptr(GError) error = NULL;

    (void)state;
    fake_open(&fake, "cat /dev/zero", 20000);
    assert_false(rig_openocd_command(fake.openocd, 20000, NULL, &error, "mdw 0"));
    assert_non_null(strstr(error->message, "too long"));
    fake_close(&fake);
}

static void a_failed_command_keeps_the_server_and_tells_code_and_text(void **state)
{
    struct fake fake;
    g_autoptr(GError) error = NULL;
    g_autofree char *value = NULL;

    (void)state;
    fake_open(&fake, "printf '0 " HELLO END "-4 went wrong" END "0 fine" END "'; cat >/dev/null", 5000);
    assert_false(rig_openocd_command(fake.openocd, 5000, NULL, &error, "mdw 0"));
    assert_non_null(strstr(error->message, "-4: went wrong"));
    assert_true(rig_openocd_is_started(fake.openocd));
    assert_true(rig_openocd_command(fake.openocd, 5000, &value, NULL, "mdw 0"));
    assert_string_equal(value, "fine");
    fake_close(&fake);
}

static void a_late_answer_is_never_taken_for_the_next_commands(void **state)
{
    struct fake fake;
    g_autoptr(GError) error = NULL;
    g_autofree char *value = NULL;

    (void)state;
    /* The answer to the first command would come just when the second one waits. */
    fake_open(&fake, "printf '0 " HELLO END "'; sleep 0.2; printf '0 late" END "'; cat >/dev/null", 5000);
    assert_false(rig_openocd_command(fake.openocd, 50, NULL, &error, "slow"));
    assert_false(rig_openocd_is_started(fake.openocd));
    assert_true(rig_openocd_command(fake.openocd, 5000, &value, NULL, "next"));
    assert_string_equal(value, "late"); /* of the server that was started anew, to its own first command */
    fake_close(&fake);
}

static void every_command_is_wrapped_in_catch(void **state)
{
    static const char expected[] =
        "format {%d %s} [catch {format {%s|%s} [version] [target names]} rig_m] $rig_m\x1a"
        "format {%d %s} [catch {mdw 0x10} rig_m] $rig_m\x1a";
    struct fake fake;
    g_autofree char *sent = NULL, *path = NULL, *script = NULL;

    (void)state;
    path = g_strdup_printf("%s/rig-sent-%d", g_get_tmp_dir(), g_random_int_range(0, 1 << 30));
    script = g_strdup_printf("printf '0 " HELLO END "'; head -c %zu >%s; printf '0 " END "'; cat >/dev/null",
                             sizeof expected - 1, path);
    fake_open(&fake, script, 5000);
    assert_true(rig_openocd_command(fake.openocd, 5000, NULL, NULL, "mdw 0x%x", 16u));
    rig_openocd_end(fake.openocd);
    assert_true(g_file_get_contents(path, &sent, NULL, NULL));
    assert_string_equal(sent, expected);
    g_unlink(path);
    fake_close(&fake);
}

static void a_configuration_without_a_target_is_refused(void **state)
{
    (void)state;
    refuses("printf '0 Open On-Chip Debugger 0.12.0|" END "'; cat >/dev/null", "names no target");
}

static void an_openocd_that_is_too_old_is_told_with_the_version_that_will_do(void **state)
{
    (void)state;
    refuses("printf '0 Open On-Chip Debugger 0.11.0-rc2|chip.cpu" END "'; cat >/dev/null",
            "version 0.11.0 is too old, 0.12.0 or a newer one is needed");
}

static void what_is_no_openocd_is_told_with_what_it_says(void **state)
{
    (void)state;
    refuses("printf '0 Some Other Debugger 3.1|chip.cpu" END "'; cat >/dev/null",
            "no openocd: it calls itself 'Some Other Debugger 3.1");
}

static void versions_are_read_with_vendors_and_suffixes(void **state)
{
    struct rig_openocd_version version;

    (void)state;
    assert_true(rig_openocd_parse_version("xPack Open On-Chip Debugger 0.12.0-01004-g9ea7f3d64", &version));
    assert_true(rig_openocd_version_will_do(&version));
    assert_true(rig_openocd_parse_version("Open On-Chip Debugger 1.0 (2031-01-01)", &version));
    assert_true(rig_openocd_version_will_do(&version));
    assert_true(rig_openocd_parse_version("Open On-Chip Debugger 0.11.0", &version));
    assert_false(rig_openocd_version_will_do(&version));
    assert_false(rig_openocd_parse_version("Open On-Chip Debugger 0", &version));
    assert_false(rig_openocd_parse_version("Open On-Chip Debugger 99999999999.1", &version));
}

static void voltages_are_read_or_refused(void **state)
{
    static const guint8 three_volts[8] = {0xdc, 0x05, 0, 0, 0x53, 0x07};
    static const guint8 no_reference[8] = {0};
    guint mv = 1;

    (void)state;
    assert_true(rig_openocd_stlink_voltage(three_volts, &mv));
    assert_int_equal(mv, 3000);
    assert_false(rig_openocd_stlink_voltage(no_reference, &mv));
    assert_true(rig_openocd_parse_jlink_voltage("VTarget = 3.312 V\nTCK = 0", &mv));
    assert_int_equal(mv, 3312);
    assert_false(rig_openocd_parse_jlink_voltage("VTarget = 3.3 V", &mv));
    assert_false(rig_openocd_parse_jlink_voltage("VTarget = 999999.000 V", &mv));
}

static void a_missing_program_tells_the_package(void **state)
{
    struct rig_openocd_config config = {.program = "no-such-openocd"};
    g_autoptr(rig_openocd) openocd = rig_openocd_new(&config);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(rig_openocd_ready(openocd, &error));
    assert_non_null(strstr(error->message, "install the package 'openocd'"));
}

static void a_server_that_is_not_there_is_named(void **state)
{
    struct rig_openocd_config config = {.port = 1, .start_ms = 1000};
    g_autoptr(rig_openocd) openocd = rig_openocd_new(&config);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(rig_openocd_ready(openocd, &error));
    assert_non_null(strstr(error->message, "127.0.0.1:1"));
}

/* A server that runs already and answers each connection with one text; what it does then is told by `hangs`.
 */
struct fake_server {
    GSocketListener *listener;
    guint16 port;
    const char *answer;
    bool hangs; /* keeps the line open and says no more; else it hangs up */
    guint n_connections;
    GThread *thread;
};

static gpointer serve(gpointer user)
{
    struct fake_server *server = user;
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_object_unref);
    GSocketConnection *connection;

    while (server->n_connections < 2 &&
           (connection = g_socket_listener_accept(server->listener, NULL, NULL, NULL))) {
        char asked[256];

        g_ptr_array_add(open, connection);
        server->n_connections++;
        g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(connection)), asked, sizeof asked, NULL,
                            NULL);
        g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), server->answer,
                                  strlen(server->answer), NULL, NULL, NULL);
        if (!server->hangs)
            g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
        while (server->hangs && g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(connection)),
                                                    asked, sizeof asked, NULL, NULL) > 0)
            ; /* it listens, until the client has had enough */
    }
    return NULL;
}

static void server_open(struct fake_server *server)
{
    server->listener = g_socket_listener_new();
    server->port = g_socket_listener_add_any_inet_port(server->listener, NULL, NULL);
    assert_int_not_equal(server->port, 0);
    server->thread = g_thread_new("fake", serve, server);
}

static void server_close(struct fake_server *server)
{
    g_thread_join(server->thread);
    g_socket_listener_close(server->listener);
    g_object_unref(server->listener);
}

/* Two commands; each gets a connection of its own, because the one before was given up. */
static void asked_twice_it_says(struct fake_server *server, const char *reason)
{
    struct rig_openocd_config config = {.start_ms = 5000};
    g_autoptr(rig_openocd) openocd = NULL;

    server_open(server);
    config.port = server->port;
    openocd = rig_openocd_new(&config);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;

        assert_false(rig_openocd_command(openocd, 200, NULL, &error, "mdw 0"));
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
        if (!strstr(error->message, reason))
            fail_msg("'%s' does not say '%s'", error->message, reason);
        assert_false(rig_openocd_is_started(openocd));
        assert_int_equal(rig_openocd_session(openocd), 0);
    }
    server_close(server);
    assert_int_equal(server->n_connections, 2);
}

static void a_running_server_that_hangs_is_left_at_the_deadline_and_tried_again(void **state)
{
    struct fake_server server = {.answer = "0 " HELLO "\x1a", .hangs = true};

    (void)state;
    asked_twice_it_says(&server, "no answer in time; it was disconnected");
}

static void a_running_server_that_hangs_up_is_connected_again(void **state)
{
    struct fake_server server = {.answer = "0 " HELLO "\x1a"};

    (void)state;
    asked_twice_it_says(&server, "it was disconnected");
}

static void what_listens_there_and_is_no_openocd_is_left_alone(void **state)
{
    struct fake_server server = {.answer = "HTTP/1.0 400 Bad Request\r\n\r\n\x1a", .hangs = true};

    (void)state;
    asked_twice_it_says(&server, "something else than a result");
}

static void bytes_are_parsed_only_when_all_are_there(void **state)
{
    guint8 bytes[3];

    (void)state;
    assert_true(rig_openocd_parse_bytes("0x12 0x34 0xff", bytes, 3));
    assert_int_equal(bytes[2], 0xff);
    assert_false(rig_openocd_parse_bytes("0x12 0x34", bytes, 3));
    assert_false(rig_openocd_parse_bytes("0x12 0x34 0xff 0x00", bytes, 3));
    assert_false(rig_openocd_parse_bytes("0x12 0x34 0x100", bytes, 3));
    assert_false(rig_openocd_parse_bytes("Error: no", bytes, 3));
    assert_false(rig_openocd_parse_bytes("", bytes, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_the_text_after_the_code),
        cmocka_unit_test(a_server_that_never_answers_is_ended_at_the_deadline),
        cmocka_unit_test(a_server_that_hangs_and_ignores_sigterm_is_killed),
        cmocka_unit_test(a_server_that_dies_at_start_is_told_with_its_exit_code),
        cmocka_unit_test(the_reason_comes_from_the_log),
        cmocka_unit_test(a_server_that_dies_in_the_middle_of_an_answer_is_an_error),
        cmocka_unit_test(garbage_is_no_result),
        cmocka_unit_test(an_endless_answer_is_cut_off),
        cmocka_unit_test(a_failed_command_keeps_the_server_and_tells_code_and_text),
        cmocka_unit_test(a_late_answer_is_never_taken_for_the_next_commands),
        cmocka_unit_test(every_command_is_wrapped_in_catch),
        cmocka_unit_test(a_configuration_without_a_target_is_refused),
        cmocka_unit_test(an_openocd_that_is_too_old_is_told_with_the_version_that_will_do),
        cmocka_unit_test(what_is_no_openocd_is_told_with_what_it_says),
        cmocka_unit_test(versions_are_read_with_vendors_and_suffixes),
        cmocka_unit_test(voltages_are_read_or_refused),
        cmocka_unit_test(a_missing_program_tells_the_package),
        cmocka_unit_test(a_server_that_is_not_there_is_named),
        cmocka_unit_test(a_running_server_that_hangs_is_left_at_the_deadline_and_tried_again),
        cmocka_unit_test(a_running_server_that_hangs_up_is_connected_again),
        cmocka_unit_test(what_listens_there_and_is_no_openocd_is_left_alone),
        cmocka_unit_test(bytes_are_parsed_only_when_all_are_there),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
