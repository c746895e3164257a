/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams and children against shells that behave well and badly. */
#include "transport/process.h"

#include "base/error.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(nobody_listening_is_an_error_with_the_address),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
