/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig doctor` on Bluetooth, and `bootrig bench check` of a board that is a place on the air: the real
 * binary on a real D-Bus, with a bluetoothd that is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <glib/gstdio.h>

#include "tests/bluez_stand.h"

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"

struct desk {
    void *stand; /* struct bluez_stand */
    char *folder, *bench;
    char *output; /* of the last run */
    int exit_code;
};

static struct bluez_fake *fake_of(const struct desk *desk)
{
    return ((struct bluez_stand *)desk->stand)->fake;
}

static int open_desk(void **state)
{
    struct desk *desk = g_new0(struct desk, 1);

    stand_open(&desk->stand);
    desk->folder = g_dir_make_tmp("rig-doctor-XXXXXX", NULL);
    desk->bench = g_build_filename(desk->folder, "bench.yaml", NULL);
    g_setenv("BOOTRIG_LOCK_DIR", desk->folder, TRUE);
    g_unsetenv("BOOTRIG_BENCH");
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    g_autoptr(GDir) entries = g_dir_open(desk->folder, 0, NULL);
    const char *entry;

    while (entries && (entry = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(desk->folder, entry, NULL);

        g_unlink(path);
    }
    g_rmdir(desk->folder);
    stand_close(&desk->stand);
    g_free(desk->folder);
    g_free(desk->bench);
    g_free(desk->output);
    g_free(desk);
    return 0;
}

static void on_end(GObject *source, GAsyncResult *result, gpointer user)
{
    struct desk *desk = user;
    GSubprocess *process = G_SUBPROCESS(source);

    assert_true(g_subprocess_communicate_utf8_finish(process, result, &desk->output, NULL, NULL));
    desk->exit_code = g_subprocess_get_exit_status(process);
}

/* The made-up bluetoothd lives in these events, so it answers while the program runs. */
static void run(struct desk *desk, const char *const *words)
{
    GMainContext *events = fake_of(desk)->board.events;
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autoptr(GSubprocess) process = NULL;

    g_clear_pointer(&desk->output, g_free);
    g_subprocess_launcher_set_cwd(launcher, desk->folder);
    g_main_context_push_thread_default(events);
    process = g_subprocess_launcher_spawnv(launcher, words, NULL);
    assert_non_null(process);
    g_subprocess_communicate_utf8_async(process, NULL, NULL, on_end, desk);
    while (!desk->output)
        g_main_context_iteration(events, TRUE);
    g_main_context_pop_thread_default(events);
}

static void run_doctor(struct desk *desk)
{
    const char *const words[] = {BOOTRIG, "doctor", NULL};

    run(desk, words);
}

static void run_check(struct desk *desk)
{
    const char *const words[] = {BOOTRIG, "bench", "check", NULL};

    run(desk, words);
}

static void write_bench(const struct desk *desk, const char *board)
{
    g_autofree char *text = g_strdup_printf("bench: desk\nboards:\n  - {board: one, %s}\n", board);

    assert_true(g_file_set_contents(desk->bench, text, -1, NULL));
}

static bool says(const struct desk *desk, const char *what, const char *verdict, const char *piece)
{
    g_auto(GStrv) lines = g_strsplit(desk->output, "\n", -1);
    g_autofree char *lead = g_strdup_printf("%-12s %-12s ", what, verdict);

    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, lead) && strstr(*line, piece))
            return true;
    return false;
}

static void assert_says(const struct desk *desk, const char *what, const char *verdict, const char *piece)
{
    if (!says(desk, what, verdict, piece))
        fail_msg("no '%s %s ... %s' in:\n%s", what, verdict, piece, desk->output);
}

#define AIR "ble: {address: \"" FAKE_ADDRESS "\"}"

static void a_daemon_that_answers_is_told_with_its_settings(void **state)
{
    struct desk *desk = *state;

    write_bench(desk, AIR);
    run_doctor(desk);
    assert_says(desk, "bluetooth", "ok", "answers on D-Bus");
    assert_non_null(strstr(desk->output, "settings"));
}

static void without_a_daemon_a_bench_that_wants_it_lacks_something(void **state)
{
    struct desk *desk = *state;

    bluez_fake_vanish(fake_of(desk));
    write_bench(desk, AIR);
    run_doctor(desk);
    assert_true(says(desk, "bluetooth", "missing", "systemctl status bluetooth") ||
                says(desk, "bluetooth", "missing", "sudo apt install bluez"));
    assert_int_equal(desk->exit_code, 2);
}

static void without_a_bench_a_missing_daemon_is_no_failure(void **state)
{
    struct desk *desk = *state;

    bluez_fake_vanish(fake_of(desk));
    run_doctor(desk);
    assert_says(desk, "bluetooth", "note", "");
    assert_false(says(desk, "bluetooth", "missing", "") || says(desk, "adapter", "missing", ""));
}

static void a_bench_without_the_air_is_not_troubled_with_it(void **state)
{
    struct desk *desk = *state;

    bluez_fake_vanish(fake_of(desk));
    write_bench(desk, "link: {udp: \"127.0.0.1:1337\"}, " AIR);
    run_doctor(desk);
    assert_null(strstr(desk->output, "bluetooth"));
    assert_null(strstr(desk->output, "adapter"));
}

static void a_daemon_that_lets_nobody_talk_to_it_is_told_with_the_group(void **state)
{
    struct desk *desk = *state;
    static const struct bluez_fault faults[] = {{.method = "GetManagedObjects",
                                                 .name = "org.freedesktop.DBus.Error.AccessDenied",
                                                 .text = "Rejected send message"},
                                                {0}};

    fake_of(desk)->faults = faults;
    write_bench(desk, AIR);
    run_doctor(desk);
    assert_says(desk, "bluetooth", "missing", "join the group `bluetooth`");
}

static void a_board_that_is_a_place_on_the_air_is_connected_to(void **state)
{
    struct desk *desk = *state;

    write_bench(desk, AIR);
    run_check(desk);
    assert_non_null(strstr(desk->output, "bluez through hci0: ok (connected over BlueZ"));
    assert_int_equal(desk->exit_code, 0);
    assert_false(fake_of(desk)->connected); /* and let go */
}

static void a_board_that_is_not_heard_is_an_error_with_what_to_look_at(void **state)
{
    struct desk *desk = *state;

    fake_of(desk)->advertises = false;
    write_bench(desk, AIR);
    run_check(desk);
    assert_non_null(strstr(desk->output, "not-found (no advertising seen of " FAKE_ADDRESS));
    assert_non_null(strstr(desk->output, "bluetoothctl --timeout 10 scan le"));
    assert_int_equal(desk->exit_code, 2);
}

static void a_board_without_the_update_service_is_told(void **state)
{
    struct desk *desk = *state;

    fake_of(desk)->has_smp = false;
    write_bench(desk, AIR);
    run_check(desk);
    assert_non_null(strstr(desk->output, "no-service"));
    assert_non_null(strstr(desk->output, "refresh: true"));
    assert_int_equal(desk->exit_code, 2);
}

int main(void)
{
#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        ON_DESK(a_daemon_that_answers_is_told_with_its_settings),
        ON_DESK(without_a_daemon_a_bench_that_wants_it_lacks_something),
        ON_DESK(without_a_bench_a_missing_daemon_is_no_failure),
        ON_DESK(a_bench_without_the_air_is_not_troubled_with_it),
        ON_DESK(a_daemon_that_lets_nobody_talk_to_it_is_told_with_the_group),
        ON_DESK(a_board_that_is_a_place_on_the_air_is_connected_to),
        ON_DESK(a_board_that_is_not_heard_is_an_error_with_what_to_look_at),
        ON_DESK(a_board_without_the_update_service_is_told),
    };

    return cmocka_run_group_tests_name("doctor and bench check over the air", tests, NULL, NULL);
}
