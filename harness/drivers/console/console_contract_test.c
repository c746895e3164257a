/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every console owes (drivers/console/console.h), on each of the channels that carry one. */
#define _XOPEN_SOURCE 700
#include "drivers/console/console.h"

#include "base/error.h"
#include "protocol/smp/console_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE_US 10000000

/* The board's end. */
struct peer {
    struct rig_console_place place;
    int listener; /* -1: none */
    int fd;
    char *text; /* of place.tty */
    char *folder;
};
struct channel {
    const char *name;
    void (*make)(struct peer *peer);
};
struct stand {
    struct peer peer;
    struct rig_console *console;
};

static void make_pty(struct peer *peer)
{
    struct termios settings;
    int keeper;

    peer->fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(peer->fd >= 0 && grantpt(peer->fd) == 0 && unlockpt(peer->fd) == 0);
    peer->place.tty = peer->text = g_strdup(ptsname(peer->fd));
    keeper = open(peer->text, O_RDWR | O_NOCTTY);
    assert_int_equal(tcgetattr(keeper, &settings), 0);
    settings.c_lflag &= (tcflag_t)~ECHO;
    assert_int_equal(tcsetattr(keeper, TCSANOW, &settings), 0);
    close(keeper);
}

static void make_tcp(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;

    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &n), 0);
    peer->place.host = "127.0.0.1";
    peer->place.port = ntohs(address.sin_port);
}

static void make_unix(struct peer *peer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    peer->folder = g_dir_make_tmp("bootrig-XXXXXX", NULL);
    peer->place.tty = peer->text = g_build_filename(peer->folder, "console", NULL);
    g_strlcpy(address.sun_path, peer->text, sizeof address.sun_path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
}

static const struct channel channels[] = {
    {"pseudo-terminal", make_pty}, {"TCP socket", make_tcp}, {"unix socket", make_unix}};

static int open_stand(void **state)
{
    const struct channel *channel = *state;
    struct stand *stand = g_new0(struct stand, 1);
    GError *error = NULL;

    stand->peer.listener = stand->peer.fd = -1;
    channel->make(&stand->peer);
    stand->console = rig_console_open_at(&stand->peer.place, &error);
    assert_null(error);
    if (stand->peer.listener >= 0)
        stand->peer.fd = accept(stand->peer.listener, NULL, NULL);
    assert_true(stand->peer.fd >= 0);
    *state = stand;
    return 0;
}

static void hang_up(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;

    rig_console_free(stand->console);
    hang_up(&stand->peer);
    if (stand->peer.listener >= 0)
        close(stand->peer.listener);
    if (stand->peer.folder) {
        g_unlink(stand->peer.text);
        g_rmdir(stand->peer.folder);
    }
    g_free(stand->peer.folder);
    g_free(stand->peer.text);
    g_free(stand);
    return 0;
}

static void say(struct stand *stand, const void *bytes, gsize n_bytes)
{
    const guint8 *at = bytes;

    while (n_bytes > 0) {
        gssize n = write(stand->peer.fd, at, n_bytes);

        assert_true(n > 0);
        at += n;
        n_bytes -= (gsize)n;
    }
}

static void wait_for_something(struct stand *stand)
{
    struct pollfd polled = {.fd = rig_console_fd(stand->console), .events = POLLIN};

    assert_int_equal(poll(&polled, 1, PATIENCE_US / 1000), 1);
}

static void assert_line(struct stand *stand, const char *expected)
{
    gint64 at_us = 0;
    char *line;

    while (!(line = rig_console_take(stand->console, &at_us)))
        wait_for_something(stand);
    assert_string_equal(line, expected);
    assert_in_range(at_us, 1, g_get_monotonic_time());
    g_free(line);
}

static void lines_come_whole_and_in_order(void **state)
{
    struct stand *stand = *state;
    gint64 at_us;

    say(stand, "one\r\ntwo\n\r\n\nth", 14);
    assert_line(stand, "one");
    assert_line(stand, "two");
    assert_null(rig_console_take(stand->console, &at_us));
    say(stand, "ree\n", 4);
    assert_line(stand, "three");
    assert_true(rig_console_last_us(stand->console) > 0);
}

static void messages_are_taken_out_of_the_lines(void **state)
{
    static const char text[] = "[00:01] he\x06\x09"
                               "AAsxMjM0NTY3ODkxww==\nllo\n";
    struct stand *stand = *state;
    GBytes *message;

    say(stand, text, sizeof text - 1);
    while (!(message = rig_console_take_message(stand->console)))
        wait_for_something(stand);
    assert_int_equal(g_bytes_get_size(message), 9);
    assert_memory_equal(g_bytes_get_data(message, NULL), "123456789", 9);
    g_bytes_unref(message);
    assert_line(stand, "[00:01] hello");
    assert_null(rig_console_take_message(stand->console));
}

static void zero_bytes_and_noise_stay_visible(void **state)
{
    struct stand *stand = *state;

    say(stand, "a\0b\xff\xc0z\n", 7);
    assert_line(stand, "a\\x00b\xff\xc0z");
}

static void a_line_of_a_megabyte_is_cut_and_the_next_is_heard(void **state)
{
    struct stand *stand = *state;
    g_autofree char *letters = g_strnfill(1 << 20, 'x');
    g_autofree char *cut = g_strdup_printf("%.4096s [line cut here]", letters);

    say(stand, letters, 1 << 20);
    say(stand, "\nnext\n", 6);
    assert_line(stand, cut);
    assert_line(stand, "next");
}

static void damaged_frames_are_counted(void **state)
{
    struct stand *stand = *state;

    say(stand,
        "\x06\x09"
        "AAsxMjM0NTY3ODkxwg==\nend\n",
        28);
    assert_line(stand, "end");
    assert_int_equal(rig_console_n_damaged(stand->console), 1);
}

static void what_is_written_reaches_the_board(void **state)
{
    struct stand *stand = *state;
    char bytes[8] = {0};
    gsize n = 0;
    bool taken = false;

    assert_true(rig_console_write(stand->console, "\x00\x0d\x0a\xff\x03", 5, &taken, NULL));
    assert_true(taken);
    while (n < 5) {
        gssize n_read = read(stand->peer.fd, bytes + n, sizeof bytes - n);

        assert_true(n_read > 0);
        n += (gsize)n_read;
    }
    assert_memory_equal(bytes, "\x00\x0d\x0a\xff\x03", 5);
}

static void a_board_that_takes_nothing_is_no_fault_of_the_rig(void **state)
{
    struct stand *stand = *state;
    gsize n_bytes = 32u << 20;
    g_autofree char *letters = g_strnfill(n_bytes, 'x');
    bool taken = true;

    assert_true(rig_console_write(stand->console, letters, n_bytes, &taken, NULL));
    assert_false(taken);
    assert_true(rig_console_is_there(stand->console, NULL));
}

static void a_console_that_goes_is_named_after_its_last_words(void **state)
{
    struct stand *stand = *state;
    const char *name = stand->peer.text ? stand->peer.text : "127.0.0.1";
    GError *error = NULL;
    bool taken;

    say(stand, "last wo", 7);
    while (rig_console_last_us(stand->console) == 0)
        g_usleep(1000);
    hang_up(&stand->peer);
    assert_line(stand, "last wo");
    assert_false(rig_console_is_there(stand->console, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_non_null(strstr(error->message, name));
    g_clear_error(&error);
    assert_false(rig_console_write(stand->console, "x", 1, &taken, &error));
    assert_non_null(strstr(error->message, name));
    g_error_free(error);
}

static void on_seen(void *user, gint64 at_us)
{
    g_atomic_int_set((gint *)user, at_us > 0);
}

static void a_watched_piece_is_seen_before_its_line_ends(void **state)
{
    struct stand *stand = *state;
    gint seen = 0;
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

    rig_console_watch(stand->console, "Swap type: test", on_seen, &seen);
    say(stand, "I: Swap ty", 10);
    say(stand, "pe: test", 8);
    while (!g_atomic_int_get(&seen) && g_get_monotonic_time() < until_us)
        g_usleep(200);
    assert_true(g_atomic_int_get(&seen));
    rig_console_forget(stand->console);
    say(stand, "\n", 1);
    assert_line(stand, "I: Swap type: test");
}

static void a_forgotten_piece_is_not_seen(void **state)
{
    struct stand *stand = *state;
    gint seen = 0;

    rig_console_watch(stand->console, "x", on_seen, &seen);
    rig_console_forget(stand->console);
    say(stand, "x\n", 2);
    assert_line(stand, "x");
    assert_false(g_atomic_int_get(&seen));
}

static void assert_refused(const struct rig_console_place *place, const char *piece)
{
    GError *error = NULL;

    assert_null(rig_console_open_at(place, &error));
    assert_non_null(error);
    assert_non_null(strstr(error->message, piece));
    g_error_free(error);
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    assert_refused(&(struct rig_console_place){.tty = "/dev/ttyNONE7"}, "/dev/ttyNONE7");
    assert_refused(&(struct rig_console_place){.tty = "/dev/null"}, "not a serial port");
    assert_refused(&(struct rig_console_place){.host = "127.0.0.1", .port = 1}, "127.0.0.1:1");
    assert_refused(&(struct rig_console_place){.baud = 9600}, "neither");
}

/* Without frames: messages by their headers, however they are cut; a length that no server has ends what
 * came. */
static void raw_messages_are_told_by_their_headers(void **state)
{
    static const guint8 reply[] = {0x0b, 0, 0, 2, 0, 0, 7, 5, 0xbf, 0xff},
                        nonsense[] = {1, 2, 0xff, 0xff, 3, 4, 5, 6};
    struct stand stand = {.peer = {.listener = -1, .fd = -1}};
    GError *error = NULL;

    (void)state;
    make_tcp(&stand.peer);
    stand.peer.place.raw = true;
    stand.console = rig_console_open_at(&stand.peer.place, &error);
    assert_null(error);
    stand.peer.fd = accept(stand.peer.listener, NULL, NULL);
    say(&stand, reply, 5);
    say(&stand, reply + 5, 5);
    say(&stand, reply, sizeof reply);
    say(&stand, nonsense, sizeof nonsense);
    for (guint n = 0; n < 2;) {
        g_autoptr(GBytes) message = rig_console_take_message(stand.console);

        if (!message) {
            wait_for_something(&stand);
            continue;
        }
        assert_int_equal(g_bytes_get_size(message), sizeof reply);
        assert_memory_equal(g_bytes_get_data(message, NULL), reply, sizeof reply);
        n++;
    }
    while (rig_console_n_damaged(stand.console) == 0)
        g_usleep(1000);
    say(&stand, reply, sizeof reply);
    wait_for_something(&stand);
    g_bytes_unref(rig_console_take_message(stand.console));
    rig_console_free(stand.console);
    hang_up(&stand.peer);
    close(stand.peer.listener);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_come_whole_and_in_order),
    cmocka_unit_test(messages_are_taken_out_of_the_lines),
    cmocka_unit_test(zero_bytes_and_noise_stay_visible),
    cmocka_unit_test(a_line_of_a_megabyte_is_cut_and_the_next_is_heard),
    cmocka_unit_test(damaged_frames_are_counted),
    cmocka_unit_test(what_is_written_reaches_the_board),
    cmocka_unit_test(a_board_that_takes_nothing_is_no_fault_of_the_rig),
    cmocka_unit_test(a_console_that_goes_is_named_after_its_last_words),
    cmocka_unit_test(a_watched_piece_is_seen_before_its_line_ends),
    cmocka_unit_test(a_forgotten_piece_is_not_seen),
};

int main(void)
{
    struct CMUnitTest all[G_N_ELEMENTS(tests) * G_N_ELEMENTS(channels) + 2];
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    gsize n = 0;

    signal(SIGPIPE, SIG_IGN);
    for (gsize i = 0; i < G_N_ELEMENTS(channels); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(tests); j++) {
            g_ptr_array_add(names, g_strdup_printf("%s: %s", channels[i].name, tests[j].name));
            all[n++] = (struct CMUnitTest){.name = g_ptr_array_index(names, names->len - 1),
                                           .test_func = tests[j].test_func,
                                           .setup_func = open_stand,
                                           .teardown_func = close_stand,
                                           .initial_state = (void *)&channels[i]};
        }
    }
    all[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_not_there_is_named);
    all[n++] = (struct CMUnitTest)cmocka_unit_test(raw_messages_are_told_by_their_headers);
    return _cmocka_run_group_tests("console", all, n, NULL, NULL);
}
