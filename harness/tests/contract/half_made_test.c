/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards of every kind whose making stops half-way: each creation, opening and start fails in turn, by want
 * of file descriptors, of a folder, of a program or of a port. What is there is freed; nothing crashes. */
#include "drivers/wired/wired.h"
#include "drivers/qemu/qemu_board.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/wired/simulated.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TARGETS RIG_SOURCE_DIR "/targets"
#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"
#define MOST_DESCRIPTORS 128
#define DEADLINE_S 120

enum outcome { CAME_UP = 0, FAILED = 10, FAILED_WITHOUT_A_WORD = 11 };

/* All is loaded before the faults begin: they are for the board alone. */
struct kind {
    const char *name;
    const char *target; /* a name, or a path */
    const char *link;   /* of a board in a process of its own; NULL: none */
    const char *board;  /* of the bench fixtures/benches/sim.yaml; NULL: none */
    const char *needs;  /* a program */
};

static const struct kind kinds[] = {
    {"simulated", "sim-nrf52840-mcuboot", NULL, NULL, NULL},
    {"in a process, UDP", "sim-process-nrf52840", "udp", NULL, "openocd"},
    {"in a process, serial port", "sim-process-nrf52840", "serial", NULL, "openocd"},
    {"in a process, RTT", "sim-process-rtt-nrf52840", "udp", NULL, "openocd"},
    {"on a bench", "board-sim-nrf52840", NULL, "hasty", "openocd"},
    {"on a bench, RTT", "board-sim-nrf52840", NULL, "probed", "openocd"},
#ifdef RIG_QEMU_TARGET
    {"in QEMU", RIG_QEMU_TARGET, NULL, NULL, "qemu-system-arm"},
#endif
};

struct parts {
    struct rig_target *target;
    struct rig_bench *bench;
    const struct rig_bench_board *entry;
};

static void load(const struct kind *kind, struct parts *parts)
{
    GError *error = NULL;

    *parts = (struct parts){.target = rig_target_load(kind->target, TARGETS, &error)};
    assert_non_null(parts->target);
    if (kind->board) {
        parts->bench = rig_bench_load(RIG_SOURCE_DIR "/fixtures/benches/sim.yaml", &error);
        assert_non_null(parts->bench);
        parts->entry = rig_bench_find(parts->bench, kind->board, NULL);
    }
}

static void unload(struct parts *parts)
{
    rig_bench_free(parts->bench);
    rig_target_free(parts->target);
}

static struct rig_board *make(const struct kind *kind, const struct parts *parts, const char *program,
                              GError **error)
{
    const struct rig_wired_config config = {.bench = parts->bench,
                                            .entry = parts->entry,
                                            .target = parts->target,
                                            .program = program,
                                            .targets = TARGETS};
    const struct rig_process_config process = {
        .target = parts->target, .program = program, .targets = TARGETS, .link = kind->link};

    if (kind->board)
        return rig_wired_board_new(&config, error);
    if (strstr(kind->name, "QEMU"))
        return rig_qemu_board_new(parts->target, error);
    return kind->link ? rig_process_board_new(&process, error) : rig_sim_board_new(parts->target, error);
}

/* What a run does with a board, cleanup and evidence included, whatever went wrong before. */
static bool use(struct rig_board *board, GError **error)
{
    const struct rig_board_setup setup = {.confirmed = true, .seed = 1};
    struct rig_link_state state = {0};
    struct rig_board_view view;
    struct rig_slot slot;
    guint8 bytes[16];
    bool on, happened;
    bool ok = board->ops->prepare(board, &setup, error) && board->power->ops->set(board->power, true, error);

    (void)!board->probe->ops->view(board->probe, &view, NULL);
    for (guint i = 0; i <= board->probe->layout->n_slots; i++)
        if (rig_layout_slot(board->probe->layout, i, &slot))
            (void)!board->probe->ops->read(board->probe, slot.device, slot.device_offset, bytes, sizeof bytes,
                                           NULL);
    (void)!board->power->ops->is_on(board->power, &on, NULL);
    (void)!board->ops->wait(board, board->ops->now_us(board) + 1000, &happened, NULL);
    if (board->link)
        board->link->ops->state(board->link, &state);
    if (board->bonds)
        (void)!board->bonds->forget(board, NULL);
    (void)!board->ops->make_safe(board, NULL);
    return ok;
}

static enum outcome live(const struct kind *kind, const struct parts *parts, const char *program)
{
    g_autoptr(GError) error = NULL;
    struct rig_board *board = make(kind, parts, program, &error);
    bool ok = board && use(board, &error);

    /* And again: what failed once must not stand in the way. */
    if (board && !ok && error)
        (void)!use(board, NULL);
    if (board)
        board->ops->free(board);
    return ok ? CAME_UP : error && *error->message ? FAILED : FAILED_WITHOUT_A_WORD;
}

struct fault {
    const char *name;
    rlim_t n_descriptors; /* 0: no limit */
    const char *folder;   /* for temporary files; NULL: as it is */
    const char *path;     /* where programs are found; NULL: as it is */
    const char *program;  /* in bootrig's place; NULL: bootrig */
};

/* Ends by exit(), which tells a leak where the build looks for them, with the descriptors that this takes. */
G_NORETURN static void live_and_end(const struct kind *kind, struct parts *parts, const struct fault *fault)
{
    struct rlimit usual, fewer;
    int code;

    alarm(DEADLINE_S);
    if (fault->folder)
        g_setenv("TMPDIR", fault->folder, TRUE);
    if (fault->path)
        g_setenv("PATH", fault->path, TRUE);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    fewer = usual;
    if (fault->n_descriptors)
        fewer.rlim_cur = fault->n_descriptors;
    setrlimit(RLIMIT_NOFILE, &fewer);
    code = (int)live(kind, parts, fault->program ? fault->program : BOOTRIG);
    setrlimit(RLIMIT_NOFILE, &usual);
    unload(parts);
    exit(code);
}

static enum outcome live_with(const struct kind *kind, struct parts *parts, const struct fault *fault)
{
    pid_t pid;
    int status = 0;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        live_and_end(kind, parts, fault);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != CAME_UP && WEXITSTATUS(status) != FAILED))
        fail_msg("a board %s, %s (%u): it ended with %s %d", kind->name, fault->name,
                 (guint)fault->n_descriptors, WIFEXITED(status) ? "exit code" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return (enum outcome)WEXITSTATUS(status);
}

static bool can_be_had(const struct kind *kind)
{
    g_autofree char *program = kind->needs ? g_find_program_in_path(kind->needs) : NULL;

    return !kind->needs || program;
}

/* With each descriptor more, the next opening is the one that fails. */
static guint n_failed_openings(const struct kind *kind)
{
    struct fault fault = {.name = "so many descriptors", .n_descriptors = 3};
    struct parts parts;
    guint n_failed = 0;

    load(kind, &parts);
    while (fault.n_descriptors <= MOST_DESCRIPTORS && live_with(kind, &parts, &fault) == FAILED) {
        fault.n_descriptors++;
        n_failed++;
    }
    unload(&parts);
    return n_failed;
}

#define COUNTED 100 /* exit codes from here on are a count; others are of a child that did not get so far */

/* All kinds at once: most of it is waiting for programs to end. */
static void each_opening_that_fails_for_want_of_descriptors_is_an_error(void **state)
{
    pid_t children[G_N_ELEMENTS(kinds)] = {0};

    (void)state;
    fflush(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!can_be_had(&kinds[i]))
            continue;
        children[i] = fork();
        if (children[i] == 0)
            _exit(COUNTED + (int)n_failed_openings(&kinds[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        int status = 0, n_failed;

        if (!children[i])
            continue;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        n_failed = WIFEXITED(status) ? WEXITSTATUS(status) - COUNTED : -1;
        print_message("a board %s: %d openings failed\n", kinds[i].name, n_failed);
        assert_true(n_failed >= 0 && n_failed + 3 <= MOST_DESCRIPTORS);
        assert_true(n_failed > 0 || !kinds[i].needs);
    }
}

/* Programs of this name that end at once. */
static char *folder_of_dead_programs(void)
{
    static const char *const names[] = {"openocd", "qemu-system-arm"};
    /* Not where temporary files are: GLib looks only once where that is. */
    char *folder = g_mkdtemp(g_strdup(RIG_BINARY_DIR "/dead-programs-XXXXXX"));

    assert_non_null(folder);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);

        assert_int_equal(symlink("/bin/false", path), 0);
    }
    return folder;
}

static void remove_programs(const char *folder)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *entry;

    while ((entry = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(folder, entry, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

static void each_folder_and_program_that_cannot_be_had_is_an_error(void **state)
{
    g_autofree char *dead = folder_of_dead_programs();
    const struct fault faults[] = {
        {.name = "no folder for temporary files", .folder = "/nowhere/at/all"},
        {.name = "no programs", .path = "/nowhere/at/all"},
        {.name = "programs that end at once", .path = dead},
        {.name = "no bootrig", .program = "/nowhere/at/all"},
        {.name = "a bootrig that ends at once", .program = "/bin/false"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        bool in_qemu = strstr(kinds[i].name, "QEMU") != NULL;
        struct parts parts;

        if (!can_be_had(&kinds[i]))
            continue;
        load(&kinds[i], &parts);
        for (gsize j = 0; j < G_N_ELEMENTS(faults); j++) {
            bool fails = kinds[i].needs && !(in_qemu && faults[j].program);

            if (live_with(&kinds[i], &parts, &faults[j]) != (fails ? FAILED : CAME_UP))
                fail_msg("a board %s, %s: it should have %s", kinds[i].name, faults[j].name,
                         fails ? "failed" : "come up");
        }
        unload(&parts);
    }
    remove_programs(dead);
}

static void a_board_over_bluetooth_without_a_bus_is_an_error(void **state)
{
    const struct kind kind = {"over BlueZ", "sim-process-nrf52840", "bluez", NULL, NULL};
    const struct fault fault = {.name = "no bus"};
    struct parts parts;

    (void)state;
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all", TRUE);
    load(&kind, &parts);
    assert_int_equal(live_with(&kind, &parts, &fault), FAILED);
    unload(&parts);
}

#define PART_PROBE "    probe: {config: [" TARGETS "/sim-openocd.cfg], commands: [st-link backend tcp 1]}\n"
#define PART_POWER "    power: {command: {on: [\"true\"], off: [\"true\"]}}\n"

/* Entries of a bench that lack a part, or whose part is not there. */
static void a_bench_board_of_any_parts_is_an_error_and_no_crash(void **state)
{
    static const char *const entries[] = {
        "",
        PART_POWER,
        PART_PROBE,
        PART_PROBE PART_POWER,
        "    console: /dev/null\n",
        PART_PROBE "    console: /dev/null\n",
        PART_PROBE PART_POWER "    console: {rtt: 0x20000000}\n",
        PART_PROBE PART_POWER "    console: /dev/no-such-port\n    link: {udp: \"127.0.0.1:1\"}\n",
        PART_PROBE "    console: /dev/null\n    power: {hid-relay: {identity: ABCDE}}\n",
        PART_PROBE "    console: /dev/null\n    power: {lcus: /dev/null}\n",
        PART_PROBE "    console: /dev/null\n    power: {qemu: {socket: /nowhere}}\n",
        PART_PROBE "    console: /dev/null\n    start: {program: [/bin/false], ready: ready}\n",
        PART_PROBE "    console: /dev/null\n    ble: {address: \"C0:FF:EE:00:00:01\"}\n",
    };
    const struct kind kind = {"of parts", "board-sim-nrf52840", NULL, "one", NULL};
    const struct fault fault = {.name = "as it is"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        g_autofree char *text = g_strconcat("bench: b\nboards:\n  - board: one\n", entries[i], NULL);
        struct rig_diagnostics diagnostics;
        struct parts parts = {.target = rig_target_load(kind.target, TARGETS, NULL)};

        rig_diagnostics_init(&diagnostics);
        parts.bench = rig_bench_from_source(rig_source_from_text("made.yaml", text), &diagnostics);
        if (!parts.bench)
            fail_msg("%s%s", text, ((struct rig_diagnostic *)diagnostics.items->pdata[0])->message);
        rig_diagnostics_clear(&diagnostics);
        parts.entry = rig_bench_find(parts.bench, "one", NULL);
        if (live_with(&kind, &parts, &fault) != FAILED)
            fail_msg("it should have failed: %s", text);
        unload(&parts);
    }
}

static void a_layout_that_cannot_have_the_swap_mode_leaves_the_board_that_was_there(void **state)
{
    struct rig_source *source = rig_source_from_text("o.yaml", "{swap: scratch}\n");
    struct rig_diagnostics diagnostics;
    struct rig_document *document;
    struct rig_record *options;
    struct rig_board_setup setup = {.confirmed = true};
    const struct kind kind = {.name = "without scratch",
                              .target = RIG_SOURCE_DIR "/fixtures/targets/no-scratch.yaml"};
    struct rig_board_view view;
    struct rig_board *board;
    struct parts parts;
    GError *error = NULL;

    (void)state;
    rig_diagnostics_init(&diagnostics);
    document = rig_document_parse(source, &diagnostics);
    options = rig_record_read(rig_document_root(document), &rig_board_options_shape, NULL, &diagnostics);
    assert_non_null(options);
    load(&kind, &parts);
    board = make(&kind, &parts, NULL, NULL);
    setup.options = options;
    assert_false(board->ops->prepare(board, &setup, &error));
    assert_non_null(strstr(error->message, "needs a scratch area"));
    g_error_free(error);
    /* As cleanup does before the next case prepares the board anew. */
    assert_true(board->probe->ops->view(board->probe, &view, NULL));
    assert_true(board->power->ops->set(board->power, true, NULL));
    assert_true(board->ops->make_safe(board, NULL));
    setup.options = NULL;
    assert_true(use(board, NULL));
    board->ops->free(board);
    unload(&parts);
    rig_record_free(options);
    rig_document_free(document);
    rig_diagnostics_clear(&diagnostics);
    rig_source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_folder_and_program_that_cannot_be_had_is_an_error),
        cmocka_unit_test(a_board_over_bluetooth_without_a_bus_is_an_error),
        cmocka_unit_test(a_bench_board_of_any_parts_is_an_error_and_no_crash),
        cmocka_unit_test(a_layout_that_cannot_have_the_swap_mode_leaves_the_board_that_was_there),
        cmocka_unit_test(each_opening_that_fails_for_want_of_descriptors_is_an_error),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
