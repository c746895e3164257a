/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The OpenOCD probe with the real openocd against `bootrig sim`. */
#include "drivers/probe/openocd_rtt.h"

#include "base/error.h"
#include "tests/sim_process.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BOOTRIG RIG_BINARY_DIR "/harness/cli/bootrig"
#define SLOT0 0xc000u
#define SLOT1 0x2c000u
#define SLOT_BYTES 0x20000u

#define CONFIG RIG_SOURCE_DIR "/targets/sim-openocd.cfg"
#define FLASH_BYTES 0x100000u

struct rig {
    char *folder;
    char *log;
    char *backend;
    const char *arguments[5];
    struct rig_openocd_config config;
    struct rig_sim_process *sim;
    struct rig_layout layout;
    struct rig_openocd_probe probe;
};

static void fill_layout(struct rig_layout *layout)
{
    const struct rig_trailer_geometry geometry = {.mode = RIG_SWAP_MOVE,
                                                  .slot_bytes = SLOT_BYTES,
                                                  .write_bytes = 4,
                                                  .max_align = 8,
                                                  .max_sectors = 128,
                                                  .erased = 0xff};

    *layout = (struct rig_layout){
        .slots = {{.name = "slot 0",
                   .device = "internal",
                   .device_offset = SLOT0,
                   .n_bytes = SLOT_BYTES,
                   .geometry = geometry},
                  {.name = "slot 1",
                   .device = "internal",
                   .device_offset = SLOT1,
                   .n_bytes = SLOT_BYTES,
                   .geometry = geometry}},
        .n_slots = 2,
        .devices = {{.name = "internal", .runs = {{4096, 256}}, .n_runs = 1, .n_bytes = 0x100000}},
        .n_devices = 1,
    };
}

static void open_probe(struct rig *rig)
{
    assert_true(rig_openocd_probe_open(&rig->probe, &rig->config, &rig->layout, rig->folder, NULL));
    rig_openocd_probe_power(&rig->probe, true);
}

static int open_rig(void **state)
{
    struct rig *rig = g_new0(struct rig, 1);
    const char *lock = *state;
    const char *const options[] = {"--version",         "3.2.1", "--speed", "20", "--approtect",
                                   lock ? lock : "off", NULL};
    g_autofree char *openocd = g_find_program_in_path("openocd");

    *state = rig;
    if (!openocd)
        return 0;
    rig->config.arguments = rig->arguments;
    rig->folder = g_dir_make_tmp("rig-ocd-XXXXXX", NULL);
    rig->log = g_build_filename(rig->folder, "openocd.log", NULL);
    rig->sim = rig_sim_process_start(BOOTRIG, options, rig->folder, NULL);
    assert_non_null(rig->sim);
    rig->backend = g_strdup_printf("st-link backend tcp %u", rig->sim->debug_port);
    rig->arguments[0] = "-f";
    rig->arguments[1] = CONFIG;
    rig->arguments[2] = "-c";
    rig->arguments[3] = rig->backend;
    rig->config.log_path = rig->log;
    fill_layout(&rig->layout);
    open_probe(rig);
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    g_autofree char *sim_log = rig->folder ? g_build_filename(rig->folder, "sim.log", NULL) : NULL;

    rig_openocd_probe_close(&rig->probe);
    rig_sim_process_free(rig->sim);
    if (rig->folder) {
        g_unlink(rig->log);
        g_unlink(sim_log);
        g_rmdir(rig->folder);
    }
    g_free(rig->folder);
    g_free(rig->log);
    g_free(rig->backend);
    g_free(rig);
    return 0;
}

static struct rig *rig_of(void **state)
{
    struct rig *rig = *state;

    if (!rig->sim) {
        print_message("skipped: openocd is not installed (ci/setup --tests installs it)\n");
        skip();
    }
    return rig;
}

#define must(call, error)                                                                                    \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s", (error) ? (error)->message : "no error was told");                                \
    } while (0)

static void power(struct rig *rig, bool on)
{
    if (!on)
        rig_openocd_probe_power(&rig->probe, false);
    assert_true(rig_sim_process_command(
        rig->sim, on ? "{\"command\": \"power\", \"on\": true}" : "{\"command\": \"power\", \"on\": false}",
        NULL, NULL));
    if (on)
        rig_openocd_probe_power(&rig->probe, true);
}

static char *status(struct rig *rig)
{
    char *text = NULL;

    assert_true(rig_sim_process_command(rig->sim, "{\"command\": \"status\"}", &text, NULL));
    return text;
}

static void wait_for_status(struct rig *rig, const char *wanted)
{
    gint64 deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    g_autofree char *text = NULL;

    do {
        g_free(text);
        text = status(rig);
        if (strstr(text, wanted))
            return;
    } while (g_get_monotonic_time() < deadline_us);
    fail_msg("the board says '%s', not '%s'", text, wanted);
}

static void memory_is_read_word_by_word_and_in_bulk(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autofree guint8 *all = g_malloc(FLASH_BYTES);
    g_autoptr(GError) error = NULL;
    guint8 some[64];

    must(probe->ops->read(probe, "internal", 0, all, FLASH_BYTES, &error), error);
    must(probe->ops->read(probe, "internal", SLOT0, some, sizeof some, &error), error);
    assert_memory_equal(all + SLOT0, some, sizeof some);
    assert_int_equal(some[0], 0x3d); /* the image magic */
    must(probe->ops->read(probe, "internal", 0x80000, some, sizeof some, &error), error);
    assert_int_equal(some[0], 0xff);
}

static void the_view_tells_what_runs(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_board_view view;
    g_autoptr(GError) error = NULL;

    wait_for_status(rig, "\"state\":\"running\"");
    must(rig->probe.probe.ops->view(&rig->probe.probe, &view, &error), error);
    assert_int_equal(view.state, RIG_STATE_RUNNING);
    assert_true(view.has_image && view.confirmed);
    assert_int_equal(view.version.major, 3);
}

static void programming_changes_what_it_should_and_leaves_the_rest(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    guint8 wanted[5000], seen[sizeof wanted + 8];
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < sizeof wanted; i++)
        wanted[i] = (guint8)(i * 7);
    must(probe->ops->program(probe, "internal", SLOT1 + 4, wanted, sizeof wanted, &error), error);
    must(probe->ops->program(probe, "internal", SLOT1 + 2, wanted, 1, &error), error);
    must(probe->ops->read(probe, "internal", SLOT1, seen, sizeof seen, &error), error);
    assert_memory_equal(seen + 4, wanted, sizeof wanted);
    assert_int_equal(seen[0], 0xff);
    assert_int_equal(seen[2], wanted[0]);
    assert_int_equal(seen[sizeof seen - 1], 0xff);
    wait_for_status(rig, "\"halted\":false");
}

static void a_reset_boots_the_board_once(void **state)
{
    struct rig *rig = rig_of(state);
    g_autoptr(GError) error = NULL;

    wait_for_status(rig, "\"boots\":1,\"resets\":0,");
    must(rig->probe.probe.ops->reset(&rig->probe.probe, &error), error);
    wait_for_status(rig, "\"boots\":2,\"resets\":1,");
    wait_for_status(rig, "\"state\":\"running\"");
}

static void halt_and_resume_reach_the_board(void **state)
{
    struct rig *rig = rig_of(state);
    g_autoptr(GError) error = NULL;

    must(rig->probe.probe.ops->halt(&rig->probe.probe, &error), error);
    wait_for_status(rig, "\"halted\":true");
    must(rig->probe.probe.ops->resume(&rig->probe.probe, &error), error);
    wait_for_status(rig, "\"halted\":false");
    must(rig->probe.probe.ops->reset_halt(&rig->probe.probe, &error), error);
    wait_for_status(rig, "\"halted\":true");
}

static void an_address_that_is_not_there_is_an_error_and_the_next_read_works(void **state)
{
    struct rig *rig = rig_of(state);
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    assert_false(rig_openocd_probe_read_memory(&rig->probe, 0x50000000, bytes, sizeof bytes, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    g_clear_error(&error);
    must(rig_openocd_probe_read_memory(&rig->probe, 0x10000100, bytes, sizeof bytes, &error), error);
    assert_int_equal(bytes[0], 0x40);
}

static void the_probe_survives_planned_power_cuts(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    struct rig_board_view view;
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    for (guint i = 0; i < 5; i++) {
        must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
        power(rig, false);
        assert_true(probe->ops->view(probe, &view, NULL));
        assert_int_equal(view.state, RIG_STATE_OFF);
        assert_false(probe->ops->reset(probe, &error));
        assert_non_null(strstr(error->message, "without power"));
        g_clear_error(&error);
        power(rig, true);
    }
    wait_for_status(rig, "\"state\":\"running\"");
    must(probe->ops->view(probe, &view, &error), error);
    assert_int_equal(view.state, RIG_STATE_RUNNING);
}

static void an_unplanned_power_loss_is_an_error_and_is_recovered_from(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    assert_true(rig_sim_process_command(rig->sim, "{\"command\": \"power\", \"on\": false}", NULL, NULL));
    assert_false(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error));
    g_clear_error(&error);
    assert_false(probe->ops->reset(probe, &error));
    g_clear_error(&error);
    rig_openocd_probe_power(&rig->probe, false);
    power(rig, true);
    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    must(probe->ops->reset(probe, &error), error);
    wait_for_status(rig, "\"state\":\"running\"");
}

static void a_killed_openocd_is_started_again(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    must(rig_openocd_command(rig->probe.openocd, 1000, NULL, &error, "set rig_x 1"), error);
    assert_false(rig_openocd_command(rig->probe.openocd, 3000, NULL, &error, "shutdown"));
    g_clear_error(&error);
    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    assert_false(rig_openocd_command(rig->probe.openocd, 1000, NULL, &error, "set rig_x"));
}

static void a_lost_adapter_is_an_error_that_names_the_log(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    rig_process_stop(rig->sim->process, 1000);
    assert_false(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error));
    g_clear_error(&error);
    rig_openocd_probe_power(&rig->probe, false);
    rig_openocd_probe_power(&rig->probe, true);
    assert_false(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_non_null(strstr(error->message, rig->log));
}

static void a_power_cut_in_the_middle_of_a_swap_leaves_a_torn_slot_that_heals(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    struct rig_trailer_layout layout;
    guint8 magic[RIG_TRAILER_MAGIC_BYTES];
    g_autofree guint8 *image = g_malloc(0x10000);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    /* The running image once more into slot 1, marked for test: the next boot swaps. */
    assert_true(rig_trailer_layout(&rig->layout.slots[1].geometry, &layout));
    rig_trailer_magic(8, magic);
    must(probe->ops->read(probe, "internal", SLOT0, image, 0x10000, &error), error);
    must(probe->ops->program(probe, "internal", SLOT1, image, 0x10000, &error), error);
    must(probe->ops->program(probe, "internal", SLOT1 + layout.magic, magic, sizeof magic, &error), error);
    power(rig, false);
    assert_true(rig_sim_process_command(
        rig->sim, "{\"command\": \"cut\", \"operation\": 40, \"form\": \"half\"}", NULL, NULL));
    power(rig, true);
    wait_for_status(rig, "\"power\":false");
    rig_openocd_probe_power(&rig->probe, false);
    text = status(rig);
    assert_non_null(strstr(text, "\"fell\":true"));
    assert_true(rig_sim_process_command(rig->sim, "{\"command\": \"disarm\"}", NULL, NULL));
    power(rig, true);
    wait_for_status(rig, "\"state\":\"running\"");
    wait_for_status(rig, "\"confirmed\":false");
}

static void a_running_server_is_attached_to(void **state)
{
    struct rig *rig = rig_of(state);
    const char *const argv[] = {"openocd",    "-f", rig->arguments[1], "-c",
                                rig->backend, "-c", "tcl_port 0",      NULL};
    g_autoptr(rig_process) server = rig_process_start(argv, rig->log, NULL);
    struct rig_openocd_config config = {.log_path = rig->log};
    gint64 deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    g_autoptr(rig_openocd) openocd = NULL;
    g_autofree char *names = NULL;
    g_autoptr(GError) error = NULL;

    assert_non_null(server);
    while (config.port == 0 && g_get_monotonic_time() < deadline_us) {
        g_autofree char *text = NULL;
        const char *line;

        if (g_file_get_contents(rig->log, &text, NULL, NULL) && (line = strstr(text, "Listening on port ")) &&
            strchr(line, '\n'))
            config.port = (guint16)g_ascii_strtoull(line + strlen("Listening on port "), NULL, 10);
    }
    assert_int_not_equal(config.port, 0);
    openocd = rig_openocd_new(&config);
    must(rig_openocd_command(openocd, 5000, &names, &error, "target names"), error);
    assert_string_equal(names, "chip.cpu");
}

/* The probe anew, with another idea of the board. */
static void reopen(struct rig *rig)
{
    rig_openocd_probe_close(&rig->probe);
    open_probe(rig);
}

static void a_board_with_another_chip_is_refused_before_it_is_touched(void **state)
{
    struct rig *rig = rig_of(state);
    const struct rig_probe_ops *ops = rig->probe.probe.ops;
    guint8 bytes[4] = {0};

    wait_for_status(rig, "\"state\":\"running\"");
    rig->config.expect_chip = "nrf52832";
    reopen(rig);
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;

        assert_false(i == 0   ? ops->halt(&rig->probe.probe, &error)
                     : i == 1 ? ops->reset(&rig->probe.probe, &error)
                     : i == 2 ? ops->reset_halt(&rig->probe.probe, &error)
                     : i == 3
                         ? ops->program(&rig->probe.probe, "internal", SLOT1, bytes, sizeof bytes, &error)
                         : ops->read(&rig->probe.probe, "internal", SLOT1, bytes, sizeof bytes, &error));
        assert_non_null(strstr(error->message, "an nrf52840 (0x00052840 at 0x10000100), not an nrf52832"));
        assert_non_null(strstr(error->message, "not halted, erased or programmed"));
    }
    wait_for_status(rig, "\"boots\":1,\"resets\":0,\"image\":\"3.2.1\",\"confirmed\":true,\"halted\":false");
    rig->config.expect_chip = "nrf52840";
    reopen(rig);
    assert_true(ops->halt(&rig->probe.probe, NULL));
}

static void a_board_is_known_by_any_word_of_its_own(void **state)
{
    struct rig *rig = rig_of(state);
    const struct rig_probe_ops *ops = rig->probe.probe.ops;
    g_autoptr(GError) error = NULL;

    rig->config.expect_word = (struct rig_chip_word){0x1000010c, 0xffff, 256};
    reopen(rig);
    must(ops->halt(&rig->probe.probe, &error), error);
    rig->config.expect_word = (struct rig_chip_word){0x1000010c, 0xffff, 512};
    reopen(rig);
    assert_false(ops->resume(&rig->probe.probe, &error));
    assert_non_null(strstr(error->message, "0x00000100 at 0x1000010c"));
    g_clear_error(&error);
    rig->config.expect_chip = "nrf99";
    reopen(rig);
    assert_false(ops->resume(&rig->probe.probe, &error));
    assert_non_null(strstr(error->message, "there are: nrf52805"));
    wait_for_status(rig, "\"halted\":true");
}

static void a_debug_port_of_another_kind_is_refused(void **state)
{
    struct rig *rig = rig_of(state);
    const struct rig_probe_ops *ops = rig->probe.probe.ops;
    g_autoptr(GError) error = NULL;

    rig->config.expect_dpidr = 0x2ba01477;
    reopen(rig);
    must(ops->halt(&rig->probe.probe, &error), error);
    rig->config.expect_dpidr = 0x6ba02477;
    reopen(rig);
    assert_false(ops->resume(&rig->probe.probe, &error));
    assert_non_null(strstr(error->message, "is 0x2ba01477, not 0x6ba02477"));
}

static void an_adapter_that_went_away_and_came_back_is_used_again(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autoptr(GError) error = NULL;
    guint8 bytes[16];

    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    assert_true(rig_sim_process_command(rig->sim, "{\"command\": \"unplug-probe\"}", NULL, NULL));
    must(probe->ops->read(probe, "internal", SLOT0, bytes, sizeof bytes, &error), error);
    assert_int_equal(bytes[0], 0x3d);
    assert_true(rig_sim_process_command(rig->sim, "{\"command\": \"unplug-probe\"}", NULL, NULL));
    if (!probe->ops->halt(probe, NULL))
        must(probe->ops->halt(probe, &error), error);
    wait_for_status(rig, "\"halted\":true");
}

static void the_adapter_proves_that_a_board_is_dead(void **state)
{
    struct rig *rig = rig_of(state);
    g_autoptr(GError) error = NULL;
    char proof[64] = "";
    guint8 byte;
    guint mv = 0;

    must(rig->probe.probe.ops->read(&rig->probe.probe, "internal", 0, &byte, 1, &error), error);
    must(rig_openocd_probe_voltage(&rig->probe, &mv, &error), error);
    assert_int_equal(mv, 3000);
    assert_false(rig_openocd_probe_proves_death(&rig->probe, proof, sizeof proof));
    power(rig, false);
    assert_true(rig_openocd_probe_proves_death(&rig->probe, proof, sizeof proof));
    assert_string_equal(proof, "probe: 0 mV at the target");
}

/* Lines come until there is one with this text. */
static void wait_for_line(struct rig_rtt *rtt, const char *text)
{
    gint64 deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    g_autoptr(GError) error = NULL;

    do {
        g_autofree char *line = NULL;

        must(rig_rtt_attend(rtt, &error), error);
        line = rig_rtt_line(rtt, 10);
        if (line && strstr(line, text))
            return;
    } while (g_get_monotonic_time() < deadline_us);
    fail_msg("no line with '%s' came over RTT", text);
}

static void console_lines_come_through_rtt_over_resets_cuts_and_a_new_openocd(void **state)
{
    static const struct rig_rtt_config config = {.address = 0x20000000, .n_bytes = 0x1000};
    struct rig *rig = rig_of(state);
    g_autoptr(rig_rtt) rtt = rig_rtt_new(&rig->probe, &config);
    g_autoptr(GError) error = NULL;

    wait_for_line(rtt, "*** Booting MCUboot");
    wait_for_line(rtt, "app: advertising");
    must(rig->probe.probe.ops->reset(&rig->probe.probe, &error), error);
    wait_for_line(rtt, "*** Booting MCUboot");
    wait_for_line(rtt, "app: advertising");
    for (guint i = 0; i < 3; i++) {
        power(rig, false);
        assert_true(rig_rtt_attend(rtt, NULL));
        assert_false(rig_rtt_is_forwarded(rtt));
        power(rig, true);
        wait_for_line(rtt, "app: advertising");
    }
    rig_openocd_end(rig->probe.openocd);
    assert_false(rig_rtt_is_forwarded(rtt));
    must(rig->probe.probe.ops->reset(&rig->probe.probe, &error), error);
    wait_for_line(rtt, "*** Booting MCUboot");
    wait_for_line(rtt, "app: advertising");
}

static void a_console_that_is_not_there_is_looked_for_and_is_no_error(void **state)
{
    static const struct rig_rtt_config config = {.address = 0x20010000, .n_bytes = 0x400};
    struct rig *rig = rig_of(state);
    g_autoptr(rig_rtt) rtt = rig_rtt_new(&rig->probe, &config);

    for (guint i = 0; i < 5; i++) {
        g_usleep(25000);
        assert_true(rig_rtt_attend(rtt, NULL));
        assert_false(rig_rtt_is_forwarded(rtt));
        assert_null(rig_rtt_line(rtt, 0));
    }
}

static void assert_closed(struct rig *rig, GError *error)
{
    assert_non_null(error);
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    if (!strstr(error->message, "AP lock") || !strstr(error->message, "nrf52_recover") ||
        !strstr(error->message, "MEM-AP"))
        fail_msg("%s", error->message);
    assert_true(rig_openocd_is_started(rig->probe.openocd));
    g_error_free(error);
}

static void a_port_that_the_ap_lock_keeps_closed_is_told_with_openocds_words_and_the_remedy(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    struct rig_board_view view;
    GError *error = NULL;
    guint8 some[16];

    assert_false(probe->ops->read(probe, "internal", SLOT0, some, sizeof some, &error));
    assert_closed(rig, g_steal_pointer(&error));
    assert_false(probe->ops->view(probe, &view, &error)); /* and not "no image" */
    assert_closed(rig, g_steal_pointer(&error));
}

static void a_port_that_the_firmware_opens_is_waited_for_after_each_power_cut(void **state)
{
    struct rig *rig = rig_of(state);
    struct rig_probe *probe = &rig->probe.probe;
    g_autoptr(GError) error = NULL;
    guint8 some[4];

    for (guint i = 0; i < 3; i++) {
        must(probe->ops->read(probe, "internal", SLOT0, some, sizeof some, &error), error);
        assert_int_equal(some[0], 0x3d);
        power(rig, false);
        power(rig, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_read_word_by_word_and_in_bulk, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(the_view_tells_what_runs, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(programming_changes_what_it_should_and_leaves_the_rest, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(a_reset_boots_the_board_once, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(halt_and_resume_reach_the_board, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(an_address_that_is_not_there_is_an_error_and_the_next_read_works,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(the_probe_survives_planned_power_cuts, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(an_unplanned_power_loss_is_an_error_and_is_recovered_from, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(a_killed_openocd_is_started_again, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_lost_adapter_is_an_error_that_names_the_log, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_power_cut_in_the_middle_of_a_swap_leaves_a_torn_slot_that_heals,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_running_server_is_attached_to, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_board_with_another_chip_is_refused_before_it_is_touched, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(a_board_is_known_by_any_word_of_its_own, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_debug_port_of_another_kind_is_refused, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(an_adapter_that_went_away_and_came_back_is_used_again, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(the_adapter_proves_that_a_board_is_dead, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(console_lines_come_through_rtt_over_resets_cuts_and_a_new_openocd,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_console_that_is_not_there_is_looked_for_and_is_no_error, open_rig,
                                        close_rig),
        cmocka_unit_test_prestate_setup_teardown(
            a_port_that_the_ap_lock_keeps_closed_is_told_with_openocds_words_and_the_remedy, open_rig,
            close_rig, (void *)"stays"),
        cmocka_unit_test_prestate_setup_teardown(
            a_port_that_the_firmware_opens_is_waited_for_after_each_power_cut, open_rig, close_rig,
            (void *)"firmware-opens"),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
