/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets of kind `running`: a server somewhere, of which nothing else is in reach. */
#include "tests/process/process.h"

#include "tests/sim_process.h"

#include <glib/gstdio.h>

#define TARGET                                                                                               \
    "target: there\nabout: A server that runs already\nkind: running\n%s"                                    \
    "flash:\n  - {device: internal, sectors: [{size: 4KiB, count: 256}], write: 4B}\n"                       \
    "slots:\n  - {offset: 48KiB, size: 128KiB}\n  - {offset: 176KiB, size: 128KiB}\n"                        \
    "firmware: {waits: app.bin, room: false, header: 32B}\noptions: {sign: ecdsa-p256}\n"

static void write_target(struct place *place, const char *reach)
{
    g_autofree char *text = g_strdup_printf(TARGET, reach);

    place_write(place, "there.yaml", text);
    place_write(place, "app.bin", "an application");
}

static void a_server_is_asked_and_updated_where_it_runs(void **state)
{
    static const char *const options[] = {NULL};
    g_autofree char *folder = g_dir_make_tmp("rig-run-XXXXXX", NULL);
    g_autofree char *log = g_build_filename(folder, "sim.log", NULL);
    struct rig_sim_process *sim = rig_sim_process_start(RIG_BINARY, options, folder, NULL);
    g_autofree char *reach = NULL;

    assert_non_null(sim);
    reach = g_strdup_printf("reach: {udp: \"127.0.0.1:%u\"}\n", sim->smp_port);
    write_target(*state, reach);
    place_write(*state, "update.yaml",
                "scenario: update\nimages:\n  new: {version: 2.0.0, size: 8KiB}\nsteps:\n"
                "  - connect:\n  - smp-echo: hello\n  - upload: new\n"
                "  - expect-images:\n      - {slot: 0, active: true}\n      - {slot: 1, image: new}\n");
    place_expect(*state, 0, "1 passed", "bootrig run --target ./there.yaml update.yaml");
    rig_sim_process_free(sim);
    place_write(*state, "alone.yaml",
                "scenario: alone\nsteps:\n  - connect: {within: 500ms}\n  - smp-echo: hello\n");
    place_expect(*state, 1, "1 failed", "bootrig run --target ./there.yaml alone.yaml");
    g_unlink(log);
    g_rmdir(folder);
}

static void what_wants_more_than_the_server_is_skipped(void **state)
{
    write_target(*state, "reach: {udp: \"127.0.0.1:9\"}\n");
    place_write(*state, "power.yaml", "scenario: power\nsteps:\n  - power-cycle:\n");
    place_write(*state, "memory.yaml", "scenario: memory\nsteps:\n  - halt:\n");
    place_write(*state, "board.yaml",
                "scenario: board\nimages:\n  old: {version: 1.0.0}\nsteps:\n  - board: {slot0: old, "
                "confirmed: false}\n");
    place_expect(*state, 4, "3 skipped",
                 "bootrig run --target ./there.yaml power.yaml memory.yaml board.yaml");
}

static void a_target_that_does_not_say_where_is_refused(void **state)
{
    write_target(*state, "");
    place_write(*state, "a.yaml", "scenario: a\nsteps:\n  - connect:\n");
    place_expect(*state, 2, "has no 'reach:'", "bootrig run --target ./there.yaml a.yaml");
    write_target(*state, "reach: {udp: nowhere}\n");
    place_expect(*state, 2, "'udp' wants HOST:PORT", "bootrig run --target ./there.yaml a.yaml");
}

#define UPDATE                                                                                               \
    "scenario: update\nimages:\n  new: {version: 2.0.0, size: 8KiB}\nsteps:\n"                               \
    "  - connect:\n  - upload: {image: new, window: 2}\n  - expect-images: [{slot: 0}, {slot: 1, image: "    \
    "new}]\n"

/* The port comes among other lines; the console is what the command prints; each case has a server of its
 * own. */
static void a_server_is_started_and_its_port_is_read(void **state)
{
    write_target(*state, "reach: {serial: \"{port}\", pace: 1ms}\n"
                         "start: {command: 'echo booting; exec " RIG_BINARY " sim --console pty', "
                         "port-line: 'pty (/dev/.*)'}\n");
    place_write(*state, "update.yaml", UPDATE "  - expect-console: ready\n");
    place_write(*state, "again.yaml",
                "scenario: again\nsteps:\n  - connect:\n  - expect-images: [{slot: 0, active: true}]\n");
    place_expect(*state, 0, "2 passed", "bootrig run --target ./there.yaml update.yaml again.yaml");
    write_target(*state, "reach: {udp: \"127.0.0.1:{port}\"}\n"
                         "start: {command: 'exec " RIG_BINARY " sim', port-line: '^smp-port ([0-9]+)'}\n");
    place_expect(*state, 0, "1 passed", "bootrig run --target ./there.yaml update.yaml");
}

/* It starts itself anew: the port is another one then. */
static void a_server_that_comes_again_elsewhere_is_found(void **state)
{
    write_target(*state,
                 "reach: {serial: \"{port}\"}\n"
                 "start: {command: 'for i in 1 2; do timeout 2 " RIG_BINARY " sim --console pty; done', "
                 "port-line: 'pty (/dev/.*)'}\n");
    place_write(*state, "back.yaml",
                "scenario: back\nsteps:\n  - connect:\n  - smp-echo: one\n  - wait: 2500ms\n"
                "  - connect: {within: 10s}\n  - smp-echo: two\n");
    place_expect(*state, 0, "1 passed", "bootrig run --target ./there.yaml back.yaml");
}

static void a_command_that_is_of_no_use_is_told(void **state)
{
    place_write(*state, "a.yaml", "scenario: a\nsteps:\n  - connect:\n");
    write_target(
        *state,
        "reach: {serial: \"{port}\"}\nstart: {command: 'echo nothing; exit 3', port-line: 'pty (.*)'}\n");
    place_expect(*state, 2, "the command of 'start:' ended with exit code 3",
                 "bootrig run --target ./there.yaml a.yaml");
    write_target(*state,
                 "reach: {serial: \"{port}\"}\n"
                 "start: {command: 'echo nothing; sleep 60', port-line: 'pty (.*)', within: 300ms}\n");
    place_expect(*state, 2, "printed no line that 'port-line'", "bootrig run --target ./there.yaml a.yaml");
    write_target(*state, "reach: {serial: /dev/pts/0}\nstart: {command: 'true', port-line: 'pty (.*)'}\n");
    place_expect(*state, 2, "goes with {port}", "bootrig run --target ./there.yaml a.yaml");
    write_target(*state, "reach: {serial: \"{port}\"}\nstart: {command: 'true', port-line: 'pty (.*'}\n");
    place_expect(*state, 2, "'port-line'", "bootrig run --target ./there.yaml a.yaml");
    write_target(*state, "reach: {udp: \"::1:1337\"}\n");
    place_expect(*state, 2, "[IPv6 address]:PORT", "bootrig run --target ./there.yaml a.yaml");
    write_target(*state, "reach: {udp: \"[::1]:9\"}\n");
    place_expect(*state, 1, "1 failed", "bootrig run --target ./there.yaml a.yaml --timeout-scale 0.05");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROCESS_TEST(a_server_is_asked_and_updated_where_it_runs),
        PROCESS_TEST(what_wants_more_than_the_server_is_skipped),
        PROCESS_TEST(a_target_that_does_not_say_where_is_refused),
        PROCESS_TEST(a_server_is_started_and_its_port_is_read),
        PROCESS_TEST(a_server_that_comes_again_elsewhere_is_found),
        PROCESS_TEST(a_command_that_is_of_no_use_is_told),
    };

    return cmocka_run_group_tests_name("running", tests, NULL, NULL);
}
