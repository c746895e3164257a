/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bench files: what is read, what is refused and how it is told; locks between processes. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/bench.h"
#include "bench/lock.h"
#include "bench/power_shape.h"

static int enter_source(void **state)
{
    (void)state;
    return g_chdir(RIG_SOURCE_DIR);
}

static struct rig_bench *load_desk(void)
{
    GError *error = NULL;
    struct rig_bench *bench = rig_bench_load("fixtures/benches/desk.yaml", &error);

    if (!bench)
        fail_msg("%s", error->message);
    return bench;
}

static const char *resource_of(const struct rig_bench *bench, const char *name, guint i)
{
    const struct rig_bench_board *board = rig_bench_find(bench, name, NULL);

    assert_non_null(board);
    assert_true(i < board->resources->len);
    return board->resources->pdata[i];
}

static void a_bench_names_each_kind_of_supply_and_what_only_one_may_use(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    const struct rig_bench_board *board = rig_bench_find(bench, "relay-fed", NULL);

    (void)state;
    assert_int_equal(bench->boards->len, 10);
    assert_string_equal(board->power_driver->name, "hid-relay");
    assert_int_equal(RIG_STRUCT(board->power, struct rig_hid_relay_spec)->channel, 2);
    assert_string_equal(resource_of(bench, "relay-fed", 0),
                        "power-channel hid-relay identity ABCDE channel 2");
    assert_string_equal(resource_of(bench, "coin-cell", 0), "address C0:FF:EE:00:00:01");
    assert_string_equal(resource_of(bench, "coin-cell", 1), "power-channel ppk2 serial C5A1F00D");
    assert_string_equal(resource_of(bench, "coin-cell", 2), "probe 683001234");
    assert_string_equal(resource_of(bench, "vbus", 0), "power-channel ykush serial YK20345 channel 3");
    assert_string_equal(resource_of(bench, "lab", 0),
                        "power-channel command on labpower on 7 off labpower off 7");
    assert_string_equal(resource_of(bench, "emulated", 0),
                        "power-channel qemu socket /run/user/1000/qmp.sock");
    assert_true(g_str_has_prefix(resource_of(bench, "bare", 0), "board bare of /"));
    assert_true(g_str_has_suffix(resource_of(bench, "bare", 0), "/fixtures/benches/desk.yaml"));
    assert_null(rig_bench_find(bench, "bare", NULL)->power_driver);
}

static struct rig_bench *bench_of(const char *text)
{
    struct rig_diagnostics diagnostics;
    struct rig_bench *bench;

    rig_diagnostics_init(&diagnostics);
    bench = rig_bench_from_source(rig_source_from_text("made.yaml", text), &diagnostics);
    rig_diagnostics_clear(&diagnostics);
    assert_non_null(bench);
    return bench;
}

static void words_of_programs_stand_in_the_fields_of_their_board(void **state)
{
    g_autoptr(rig_bench) bench = bench_of("bench: b\n"
                                          "boards:\n"
                                          "  - board: a\n"
                                          "    start: {program: [$bootrig, sim], ready: ready}\n"
                                          "    power: {lcus: {tty: $relay}}\n"
                                          "    link: {udp: \"127.0.0.1:$smp-port\"}\n"
                                          "    console: $pty\n"
                                          "  - board: b\n"
                                          "    start: {program: [$bootrig, sim], ready: ready}\n"
                                          "    power: {lcus: {tty: $relay}}\n"
                                          "    console: $pty\n");
    g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);
    const struct rig_bench_board *board = rig_bench_find(bench, "a", NULL);
    g_autoptr(rig_bench_entry) start = NULL;
    g_autoptr(rig_bench_entry) entry = NULL;
    GError *error = NULL;

    (void)state;
    g_hash_table_insert(words, (gpointer) "bootrig", (gpointer) "/usr/bin/bootrig");
    start = rig_bench_bind_start(board, 0, words, NULL);
    assert_non_null(start);
    assert_string_equal(RIG_STRUCT(start->record, struct rig_start_spec)->program[0], "/usr/bin/bootrig");
    assert_null(rig_bench_bind(board, words, &error));
    assert_non_null(strstr(error->message, "relay"));
    g_clear_error(&error);
    g_hash_table_insert(words, (gpointer) "relay", (gpointer) "/dev/pts/7");
    g_hash_table_insert(words, (gpointer) "pty", (gpointer) "/dev/pts/8");
    g_hash_table_insert(words, (gpointer) "smp-port", (gpointer) "4711");
    entry = rig_bench_bind(board, words, NULL);
    assert_non_null(entry);
    assert_string_equal(RIG_STRUCT(entry->power, struct rig_lcus_spec)->tty, "/dev/pts/7");
    assert_string_equal(entry->spec->link->udp->address, "127.0.0.1:4711");
}

static void two_boards_on_one_line_are_refused_whatever_it_is_for(void **state)
{
    struct rig_diagnostics diagnostics;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    assert_null(rig_bench_from_source(rig_source_from_text("made.yaml", "bench: b\n"
                                                                        "boards:\n"
                                                                        "  - board: a\n"
                                                                        "    link: {serial: /dev/ttyX}\n"
                                                                        "  - board: b\n"
                                                                        "    console: /dev/ttyX\n"),
                                      &diagnostics));
    assert_int_equal(diagnostics.items->len, 1);
    rig_diagnostics_clear(&diagnostics);
}

static struct rig_bench *made_of(const char *boards, guint *n_diagnostics)
{
    g_autofree char *text = g_strdup_printf("bench: b\nboards:\n%s", boards);
    struct rig_diagnostics diagnostics;
    struct rig_bench *bench;

    rig_diagnostics_init(&diagnostics);
    bench = rig_bench_from_source(rig_source_from_text("made.yaml", text), &diagnostics);
    *n_diagnostics = diagnostics.items->len;
    rig_diagnostics_clear(&diagnostics);
    return bench;
}

static void a_button_is_a_channel_of_its_own(void **state)
{
    guint n_diagnostics;
    g_autoptr(rig_bench) bench = made_of("  - board: a\n"
                                         "    power: {hid-relay: {identity: ABCDE, channel: 1}}\n"
                                         "    button: {hid-relay: {identity: ABCDE, channel: 2}}\n"
                                         "  - board: b\n"
                                         "    button: {command: {on: [gpioset, 4=1], off: [gpioset, 4=0]}}\n",
                                         &n_diagnostics);
    const struct rig_bench_board *a, *b;

    (void)state;
    assert_non_null(bench);
    a = rig_bench_find(bench, "a", NULL);
    b = rig_bench_find(bench, "b", NULL);
    assert_string_equal(resource_of(bench, "a", 1), "power-channel hid-relay identity ABCDE channel 2");
    assert_string_equal(a->button_driver->name, "hid-relay");
    assert_int_equal(RIG_STRUCT(a->button, struct rig_hid_relay_spec)->channel, 2);
    assert_null(b->power_driver);
    assert_string_equal(b->button_driver->name, "command");
    assert_null(made_of("  - board: a\n"
                        "    power: {hid-relay: {identity: ABCDE, channel: 1}}\n"
                        "    button: {hid-relay: {identity: ABCDE, channel: 1}}\n",
                        &n_diagnostics));
    assert_int_equal(n_diagnostics, 1);
}

static void a_board_that_is_not_there_is_told_with_those_that_are(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(rig_bench_find(bench, "vbuz", &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_USAGE));
    assert_non_null(strstr(error->message, "coin-cell, relay-fed, relay-neighbour"));
    g_clear_error(&error);
    assert_null(rig_bench_find(bench, NULL, &error));
    assert_non_null(strstr(error->message, "name a board of the bench"));
}

static void all_errors_of_a_bench_file_are_told_as_its_golden_file_says(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *golden = NULL;

    (void)state;
    assert_null(rig_bench_load("fixtures/benches/errors.yaml", &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
    if (g_getenv("RIG_WRITE_GOLDEN"))
        assert_true(g_file_set_contents("fixtures/benches/errors.expected", error->message, -1, NULL));
    assert_true(g_file_get_contents("fixtures/benches/errors.expected", &golden, NULL, NULL));
    assert_string_equal(error->message, golden);
}

static void a_bench_file_that_cannot_be_read_is_named(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(rig_bench_load("fixtures/benches/none.yaml", &error));
    assert_true(g_str_has_prefix(error->message, "bench file 'fixtures/benches/none.yaml': "));
}

static int make_locks(void **state)
{
    *state = g_dir_make_tmp("rig-locks-XXXXXX", NULL);
    return *state && g_chdir(RIG_SOURCE_DIR) == 0 ? 0 : -1;
}

static int remove_locks(void **state)
{
    g_autoptr(GDir) entries = g_dir_open(*state, 0, NULL);
    const char *entry;

    while (entries && (entry = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(*state, entry, NULL);

        g_unlink(path);
    }
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

/* A process that holds the board until it is killed. */
static pid_t hold_board(const char *directory, const struct rig_bench_board *board)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct rig_lock *lock = rig_lock_board(directory, board, "a test", 0, NULL, NULL, NULL);

        if (lock && write(ready[1], "x", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

struct heard {
    guint n;
    char *holder;
    pid_t kill;
};

static void on_waiting(void *user, const char *resource, const char *holder)
{
    struct heard *heard = user;

    assert_string_equal(resource, "power-channel hid-relay identity ABCDE channel 2");
    heard->n++;
    heard->holder = g_strdup(holder);
    kill(heard->kill, SIGKILL);
}

static void a_board_in_use_is_refused_with_its_holder_and_free_when_that_one_dies(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    const struct rig_bench_board *board = rig_bench_find(bench, "relay-fed", NULL);
    pid_t pid = hold_board(*state, board);
    g_autofree char *start = g_strdup_printf("pid %d since 20", (int)pid);
    struct heard heard = {.kill = pid};
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_lock) lock = NULL;

    assert_null(rig_lock_board(*state, board, "me", 0, NULL, NULL, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_true(g_str_has_prefix(
        error->message,
        "board 'relay-fed': power-channel hid-relay identity ABCDE channel 2 is in use by pid "));
    assert_non_null(strstr(error->message, start));
    assert_true(g_str_has_suffix(error->message, " UTC: a test"));
    lock = rig_lock_board(*state, board, "me", 60u * 1000000u, on_waiting, &heard, NULL);
    assert_non_null(lock);
    assert_int_equal(heard.n, 1);
    assert_true(g_str_has_prefix(heard.holder, start));
    g_free(heard.holder);
    waitpid(pid, NULL, 0);
}

static void all_users_of_a_host_share_a_folder_that_the_first_one_makes(void **state)
{
    const char *root = *state;
    g_autofree char *expected = g_build_filename(root, "bootrig", NULL);
    g_autofree char *before = g_strdup(g_getenv("BOOTRIG_LOCK_DIR"));
    bool is_private = true;
    GStatBuf status;

    g_unsetenv("BOOTRIG_LOCK_DIR");
    for (guint i = 0; i < 2; i++) {
        g_autofree char *folder = rig_lock_directory_below(root, &is_private, NULL);

        assert_string_equal(folder, expected);
        assert_false(is_private);
        assert_int_equal(g_stat(folder, &status), 0);
        assert_int_equal(status.st_mode & 07777, 01777);
    }
    /* One that a single user can write, and one that is somewhere else, are none. */
    for (guint i = 0; i < 2; i++) {
        g_autofree char *folder = NULL;

        assert_int_equal(g_chmod(expected, 0755), 0);
        if (i == 1)
            assert_int_equal(g_rmdir(expected) + symlink("/tmp", expected), 0);
        folder = rig_lock_directory_below(root, &is_private, NULL);
        assert_string_not_equal(folder, expected);
        assert_true(is_private);
    }
    if (before)
        g_setenv("BOOTRIG_LOCK_DIR", before, TRUE);
}

/* Runs the check as another user; false where that cannot be had. */
static bool as_nobody(bool (*check)(const char *directory, const struct rig_bench_board *board),
                      const char *directory, const struct rig_bench_board *board)
{
    pid_t pid;
    int status;

    if (geteuid() != 0)
        return false;
    pid = fork();
    if (pid == 0)
        _exit(setgid(65534) == 0 && setuid(65534) == 0 && check(directory, board) ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static bool can_lock(const char *directory, const struct rig_bench_board *board)
{
    g_autoptr(rig_lock) lock = rig_lock_board(directory, board, "nobody", 0, NULL, NULL, NULL);

    return lock != NULL;
}

static bool cannot_lock(const char *directory, const struct rig_bench_board *board)
{
    return !can_lock(directory, board);
}

static void users_lock_out_each_other_and_leave_files_that_the_other_can_use(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    const struct rig_bench_board *board = rig_bench_find(bench, "relay-fed", NULL);
    g_autoptr(rig_lock) lock = NULL;

    assert_int_equal(g_chmod(*state, 01777), 0);
    if (!as_nobody(can_lock, *state, board))
        skip();
    lock = rig_lock_board(*state, board, "me", 0, NULL, NULL, NULL);
    assert_non_null(lock);
    as_nobody(cannot_lock, *state, board);
    rig_lock_free(g_steal_pointer(&lock));
    as_nobody(can_lock, *state, board);
}

static void what_somebody_laid_in_place_of_a_lock_is_neither_followed_nor_written(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    const struct rig_bench_board *board = rig_bench_find(bench, "relay-fed", NULL);
    g_autofree char *victim = g_build_filename(*state, "victim", NULL);
    g_autoptr(GDir) entries = NULL;
    g_autofree char *file = NULL;

    rig_lock_free(rig_lock_board(*state, board, "me", 0, NULL, NULL, NULL));
    entries = g_dir_open(*state, 0, NULL);
    file = g_build_filename(*state, g_dir_read_name(entries), NULL);
    assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    for (guint i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        g_unlink(file);
        assert_int_equal(i == 0   ? symlink(victim, file)
                         : i == 1 ? link(victim, file)
                                  : mkfifo(file, 0666),
                         0);
        assert_null(rig_lock_board(*state, board, "me", 0, NULL, NULL, &error));
        assert_non_null(strstr(error->message, "it is no file, or a link"));
        assert_true(g_file_get_contents(victim, &text, NULL, NULL));
        assert_string_equal(text, "precious");
    }
}

static void another_channel_of_the_same_relay_is_not_locked(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    g_autoptr(rig_lock) one =
        rig_lock_board(*state, rig_bench_find(bench, "relay-fed", NULL), "me", 0, NULL, NULL, NULL);
    g_autoptr(rig_lock) other =
        rig_lock_board(*state, rig_bench_find(bench, "relay-neighbour", NULL), "me", 0, NULL, NULL, NULL);

    assert_non_null(one);
    assert_non_null(other);
}

static gpointer free_soon(gpointer lock)
{
    g_usleep(200000);
    rig_lock_free(lock);
    return NULL;
}

static void a_device_that_is_known_late_is_waited_for_and_its_holder_named(void **state)
{
    static const char device[] = "supply USB port 1-1.4 channel 2";
    volatile int interrupted = 1;
    g_autoptr(rig_bench) bench = load_desk();
    struct rig_lock *one =
        rig_lock_board(*state, rig_bench_find(bench, "relay-fed", NULL), "first", 0, NULL, NULL, NULL);
    g_autoptr(rig_lock) other =
        rig_lock_board(*state, rig_bench_find(bench, "relay-neighbour", NULL), "second", 0, NULL, NULL, NULL);
    g_autofree char *holder = g_strdup_printf("%s is in use by pid %d", device, (int)getpid());
    g_autoptr(GError) error = NULL;
    GThread *thread;

    assert_true(rig_lock_add(one, device, NULL));
    assert_true(rig_lock_add(one, device, NULL)); /* has it */
    assert_false(rig_lock_add(other, device, &error));
    assert_true(g_str_has_prefix(error->message, holder));
    assert_non_null(strstr(error->message, "first"));
    rig_lock_wait(other, G_MAXINT64, &interrupted);
    assert_false(rig_lock_add(other, device, NULL));
    interrupted = 0;
    thread = g_thread_new("free", free_soon, one);
    assert_true(rig_lock_add(other, device, NULL));
    g_thread_join(thread);
}

static void a_board_of_several_resources_keeps_none_when_one_is_taken(void **state)
{
    g_autoptr(rig_bench) bench = load_desk();
    struct rig_bench_board *board = (struct rig_bench_board *)rig_bench_find(bench, "coin-cell", NULL);
    struct rig_bench_board last = {.name = "last", .resources = g_ptr_array_new()};
    struct rig_bench_board first = {.name = "first", .resources = g_ptr_array_new()};
    g_autoptr(rig_lock) taken = NULL;
    g_autoptr(rig_lock) whole = NULL;
    g_autoptr(rig_lock) rest = NULL;

    g_ptr_array_add(last.resources, board->resources->pdata[board->resources->len - 1]);
    g_ptr_array_add(first.resources, board->resources->pdata[0]);
    taken = rig_lock_board(*state, &last, "me", 0, NULL, NULL, NULL);
    whole = rig_lock_board(*state, board, "me", 0, NULL, NULL, NULL);
    rest = rig_lock_board(*state, &first, "me", 0, NULL, NULL, NULL);
    assert_non_null(taken);
    assert_null(whole);
    assert_non_null(rest);
    g_ptr_array_unref(last.resources);
    g_ptr_array_unref(first.resources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_programs_stand_in_the_fields_of_their_board),
        cmocka_unit_test(two_boards_on_one_line_are_refused_whatever_it_is_for),
        cmocka_unit_test(a_button_is_a_channel_of_its_own),
        cmocka_unit_test_setup(a_bench_names_each_kind_of_supply_and_what_only_one_may_use, enter_source),
        cmocka_unit_test_setup(a_board_that_is_not_there_is_told_with_those_that_are, enter_source),
        cmocka_unit_test_setup(all_errors_of_a_bench_file_are_told_as_its_golden_file_says, enter_source),
        cmocka_unit_test_setup(a_bench_file_that_cannot_be_read_is_named, enter_source),
        cmocka_unit_test_setup_teardown(a_board_in_use_is_refused_with_its_holder_and_free_when_that_one_dies,
                                        make_locks, remove_locks),
        cmocka_unit_test_setup_teardown(all_users_of_a_host_share_a_folder_that_the_first_one_makes,
                                        make_locks, remove_locks),
        cmocka_unit_test_setup_teardown(users_lock_out_each_other_and_leave_files_that_the_other_can_use,
                                        make_locks, remove_locks),
        cmocka_unit_test_setup_teardown(what_somebody_laid_in_place_of_a_lock_is_neither_followed_nor_written,
                                        make_locks, remove_locks),
        cmocka_unit_test_setup_teardown(another_channel_of_the_same_relay_is_not_locked, make_locks,
                                        remove_locks),
        cmocka_unit_test_setup_teardown(a_device_that_is_known_late_is_waited_for_and_its_holder_named,
                                        make_locks, remove_locks),
        cmocka_unit_test_setup_teardown(a_board_of_several_resources_keeps_none_when_one_is_taken, make_locks,
                                        remove_locks),
    };

    return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
