/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams and children against shells that behave well and badly. */
#include "transport/process.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig_process *shell(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct rig_process *process = rig_process_start(argv, NULL, NULL);

    assert_non_null(process);
    return process;
}

static char *frame_of(struct rig_process *process)
{
    GByteArray *frame = NULL;

    assert_int_equal(rig_stream_read_frame(rig_process_stream(process), '\n', 10000, &frame),
                     RIG_STREAM_FRAME);
    return (char *)g_byte_array_free(frame, FALSE);
}

static void frames_are_cut_at_their_end_and_may_be_empty(void **state)
{
    g_autoptr(rig_process) process = shell("printf 'one\\n\\nth'; sleep 0.05; printf 'ree\\n'");
    g_autofree char *one = frame_of(process), *two = frame_of(process), *three = frame_of(process);

    (void)state;
    assert_string_equal(one, "one");
    assert_string_equal(two, "");
    assert_string_equal(three, "three");
}

static void what_is_written_is_read_by_the_child(void **state)
{
    g_autoptr(rig_process) process = shell("read line; echo \"got $line\"");
    g_autofree char *answer = NULL;

    (void)state;
    assert_true(rig_stream_write(rig_process_stream(process), "hello\n", 6, 10000, NULL));
    answer = frame_of(process);
    assert_string_equal(answer, "got hello");
}

static void silence_is_a_timeout_and_the_half_frame_is_kept(void **state)
{
    g_autoptr(rig_process) process = shell("printf ha; read line; printf 'lf\\n'");
    g_autofree char *answer = NULL;
    GByteArray *frame = NULL;

    (void)state;
    assert_int_equal(rig_stream_read_frame(rig_process_stream(process), '\n', 100, &frame),
                     RIG_STREAM_TIMEOUT);
    assert_null(frame);
    assert_true(rig_stream_write(rig_process_stream(process), "\n", 1, 10000, NULL));
    answer = frame_of(process);
    assert_string_equal(answer, "half");
}

static void a_peer_that_ends_is_closed_and_its_half_frame_dropped(void **state)
{
    g_autoptr(rig_process) process = shell("printf half");
    GByteArray *frame = NULL;

    (void)state;
    assert_int_equal(rig_stream_read_frame(rig_process_stream(process), '\n', 10000, &frame),
                     RIG_STREAM_CLOSED);
}

static void a_frame_without_end_is_too_long(void **state)
{
    g_autoptr(rig_process) process = shell("head -c 20000000 /dev/zero");
    GByteArray *frame = NULL;

    (void)state;
    assert_int_equal(rig_stream_read_frame(rig_process_stream(process), '\n', 30000, &frame),
                     RIG_STREAM_TOO_LONG);
}

static void writing_to_a_dead_child_is_an_error(void **state)
{
    g_autoptr(rig_process) process = shell("exit 3");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    GByteArray *frame = NULL;

    (void)state;
    assert_int_equal(rig_stream_read_frame(rig_process_stream(process), '\n', 10000, &frame),
                     RIG_STREAM_CLOSED);
    rig_process_stop(process, 1000);
    assert_false(rig_stream_write(rig_process_stream(process), "x", 1, 1000, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_IO));
    text = rig_process_describe(process);
    assert_string_equal(text, "ended with exit code 3");
}

static void a_child_that_does_not_read_runs_into_the_deadline(void **state)
{
    g_autoptr(rig_process) process = shell("sleep 60");
    g_autofree char *much = g_malloc0(1 << 20);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(rig_stream_write(rig_process_stream(process), much, 1 << 20, 50, &error));
    assert_non_null(strstr(error->message, "took nothing"));
}

static void a_child_that_ignores_sigterm_is_killed(void **state)
{
    g_autoptr(rig_process) process = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    g_autofree char *ready = frame_of(process);
    g_autofree char *text = NULL;

    (void)state;
    assert_string_equal(ready, "ready");
    rig_process_stop(process, 50);
    text = rig_process_describe(process);
    assert_string_equal(text, "was ended by signal 9");
}

/* Waits for the end of a process that is nobody's child here. */
static void assert_ends(const char *number)
{
    pid_t pid = (pid_t)g_ascii_strtoll(number, NULL, 10);
    char path[64];

    assert_true(pid > 1);
    g_snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    for (guint i = 0; i < 5000; i++) {
        g_autofree char *words = NULL;
        gsize n_bytes = 0;

        if (!g_file_get_contents(path, &words, &n_bytes, NULL) || n_bytes == 0)
            return; /* a zombie has no words */
        g_usleep(1000);
    }
    fail_msg("process %d goes on", (int)pid);
}

static void a_program_that_is_stopped_takes_along_what_it_started(void **state)
{
    g_autoptr(rig_process) process = shell("sleep 3003 & echo $!; wait");
    g_autofree char *number = frame_of(process);

    (void)state;
    rig_process_stop(process, 1000);
    assert_ends(number);
}

static bool run_shell(const char *script, guint within_ms, GString *output, int *exit_code, GError **error)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct rig_run_limits limits = {
        .within_us = (gint64)within_ms * 1000, .max_output = 10, .with_stderr = true};

    return rig_process_run(argv, &limits, output, exit_code, error);
}

static void a_deadline_kills_what_the_program_has_started_too(void **state)
{
    g_autoptr(GString) output = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int exit_code;

    (void)state;
    assert_false(run_shell("sleep 3003 & echo $!; wait", 200, output, &exit_code, &error));
    assert_non_null(strstr(error->message, "did not end within 200 ms and was killed"));
    assert_ends(output->str);
}

static void what_a_program_says_and_how_it_ends_is_told(void **state)
{
    g_autoptr(GString) output = g_string_new(NULL);
    int exit_code;

    (void)state;
    assert_true(run_shell("printf 12345; printf 678901234 >&2; exit 7", 10000, output, &exit_code, NULL));
    assert_string_equal(output->str, "1234567890");
    assert_int_equal(exit_code, 7);
    assert_true(run_shell("kill -9 $$", 10000, output, &exit_code, NULL));
    assert_int_equal(exit_code, 128 + SIGKILL);
}

/* Such as one that holds a line of a GPIO chip while it runs. */
static void a_program_in_the_background_is_not_waited_for_and_goes_on(void **state)
{
    g_autoptr(GString) output = g_string_new(NULL);
    pid_t pid;
    int exit_code;

    (void)state;
    assert_true(run_shell("sleep 3003 & echo $!", 60000, output, &exit_code, NULL));
    pid = (pid_t)g_ascii_strtoll(output->str, NULL, 10);
    assert_true(pid > 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
}

static void an_end_that_nobody_can_know_is_no_success(void **state)
{
    g_autoptr(GString) output = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int exit_code;

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_false(run_shell("true", 10000, output, &exit_code, &error));
    signal(SIGCHLD, SIG_DFL);
    assert_non_null(strstr(error->message, "nobody knows how"));
}

static void a_folder_goes_with_all_that_is_in_it(void **state)
{
    g_autoptr(GError) error = NULL;
    struct rig_folder *folder = rig_folder_new(&error);
    g_autofree char *path = g_strdup(rig_folder_path(folder));
    g_autofree char *below = g_build_filename(path, "a", "b", NULL);
    g_autofree char *link = g_build_filename(below, "link", NULL);

    (void)state;
    assert_int_equal(g_mkdir_with_parents(below, 0700), 0);
    assert_int_equal(symlink("/nowhere", link), 0);
    rig_folder_free(folder);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void a_program_that_is_not_there_is_named(void **state)
{
    const char *const argv[] = {"no-such-program-here", NULL};
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(rig_process_start(argv, NULL, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_non_null(strstr(error->message, "no-such-program-here"));
}

static void nobody_listening_is_an_error_with_the_address(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(rig_stream_connect_tcp("127.0.0.1", 1, 1000, &error));
    assert_non_null(strstr(error->message, "127.0.0.1:1"));
    g_clear_error(&error);
    assert_null(rig_stream_connect_unix("/nowhere/at/all", &error));
    assert_non_null(strstr(error->message, "/nowhere/at/all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_cut_at_their_end_and_may_be_empty),
        cmocka_unit_test(what_is_written_is_read_by_the_child),
        cmocka_unit_test(silence_is_a_timeout_and_the_half_frame_is_kept),
        cmocka_unit_test(a_peer_that_ends_is_closed_and_its_half_frame_dropped),
        cmocka_unit_test(a_frame_without_end_is_too_long),
        cmocka_unit_test(writing_to_a_dead_child_is_an_error),
        cmocka_unit_test(a_child_that_does_not_read_runs_into_the_deadline),
        cmocka_unit_test(a_child_that_ignores_sigterm_is_killed),
        cmocka_unit_test(a_program_that_is_stopped_takes_along_what_it_started),
        cmocka_unit_test(a_deadline_kills_what_the_program_has_started_too),
        cmocka_unit_test(what_a_program_says_and_how_it_ends_is_told),
        cmocka_unit_test(a_program_in_the_background_is_not_waited_for_and_goes_on),
        cmocka_unit_test(an_end_that_nobody_can_know_is_no_success),
        cmocka_unit_test(a_folder_goes_with_all_that_is_in_it),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(nobody_listening_is_an_error_with_the_address),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
