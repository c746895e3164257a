/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of the power role, once for every driver and for the simulated board. */
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "drivers/sim/sim_driver.h"
#include "tests/power_stand.h"
#include "tests/pty_devices.h"
#include "tests/qmp_server.h"
#include "tests/usb_models.h"

#define CUT_US 20000
#define PATIENCE_US 5000000

struct stand {
    const char *name;
    bool (*set_up)(struct stand *stand); /* fills power */
    bool tells;                          /* knows its state without having been set by us */
    bool aims;                           /* also cuts at operations and console lines */
    bool proves;                         /* a cut has a proof */
    struct rig_power *power;
    struct rig_power_host host;
    struct usb_model models[USB_MODEL_MAX];
    struct pty_device *pty;
    struct qmp_server *qmp;
    struct rig_target *target;
    struct rig_board *board;
    char *folder;
};

static bool open_entry(struct stand *stand, const char *entry)
{
    GError *error = NULL;

    stand->power = power_stand_open(&stand->host, entry, &error);
    if (!stand->power)
        print_error("%s: %s\n", stand->name, error->message);
    g_clear_error(&error);
    return stand->power != NULL;
}

static bool hid_relay(struct stand *stand)
{
    usb_model_make_hid_relay(&stand->models[0], "1-1", "ABCDE");
    usb_model_make_hid_relay(&stand->models[1], "1-2", "FGHIJ");
    stand->host.usb = usb_model_bus_new(stand->models, 2);
    return open_entry(stand, "{hid-relay: {identity: FGHIJ, channel: 2}}");
}

static bool lcus(struct stand *stand)
{
    g_autofree char *entry = NULL;

    stand->pty = pty_lcus_new(PTY_FINE);
    entry = g_strdup_printf("{lcus: {tty: %s, channel: 2, status: true}}", pty_device_path(stand->pty));
    return open_entry(stand, entry);
}

static bool lcus_mute(struct stand *stand)
{
    g_autofree char *entry = NULL;

    stand->pty = pty_lcus_new(PTY_SILENT);
    entry = g_strdup_printf("{lcus: %s}", pty_device_path(stand->pty));
    return open_entry(stand, entry);
}

static bool lcus_hid(struct stand *stand)
{
    usb_model_make_lcus_hid(&stand->models[0], "1-1");
    stand->host.usb = usb_model_bus_new(stand->models, 1);
    return open_entry(stand, "{lcus-hid: {channel: 2, status: true}}");
}

static bool lcus_hid_mute(struct stand *stand)
{
    usb_model_make_lcus_hid(&stand->models[0], "1-1");
    stand->host.usb = usb_model_bus_new(stand->models, 1);
    return open_entry(stand, "{lcus-hid: {port: 1-1}}");
}

static bool ykush(struct stand *stand)
{
    usb_model_make_ykush(&stand->models[0], "1-1", 0xf2f7, "YK1");
    usb_model_make_ykush(&stand->models[1], "1-2", 0xf2f7, "YK2");
    stand->host.usb = usb_model_bus_new(stand->models, 2);
    return open_entry(stand, "{ykush: {serial: YK2, channel: 3}}");
}

static bool ykush3_5v(struct stand *stand)
{
    usb_model_make_ykush(&stand->models[0], "1-1", 0xf11b, "YK3");
    stand->host.usb = usb_model_bus_new(stand->models, 1);
    return open_entry(stand, "{ykush: {port: 1-1, channel: 5v}}");
}

static bool hub_by_request(struct stand *stand)
{
    usb_model_make_hub(&stand->models[0], "1-1", 1, false);
    stand->host.usb = usb_model_bus_new(stand->models, 1);
    stand->host.sysfs = "/nowhere";
    return open_entry(stand, "{hub: {hub: 1-1, channel: 2}}");
}

static bool hub_pair(struct stand *stand)
{
    usb_model_make_hub(&stand->models[0], "1-1", 1, false);
    usb_model_make_hub(&stand->models[1], "2-1", 2, true);
    stand->models[0].has_container = stand->models[1].has_container = true;
    stand->host.usb = usb_model_bus_new(stand->models, 2);
    stand->host.sysfs = "/nowhere";
    return open_entry(stand, "{hub: {hub: 1-1, channel: 2}}");
}

static bool hub_by_kernel(struct stand *stand)
{
    g_autofree char *folder =
        g_build_filename(stand->folder, "bus", "usb", "devices", "1-1:1.0", "1-1-port2", NULL);
    g_autofree char *file = g_build_filename(folder, "disable", NULL);

    usb_model_make_hub(&stand->models[0], "1-1", 1, false);
    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(file, "0", -1, NULL));
    stand->models[0].sysfs_disable = g_steal_pointer(&file);
    stand->host.usb = usb_model_bus_new(stand->models, 1);
    stand->host.sysfs = stand->folder;
    return open_entry(stand, "{hub: {hub: 1-1, channel: 2}}");
}

static bool ppk2(struct stand *stand)
{
    g_autofree char *entry = NULL;

    stand->pty = pty_ppk2_new(PTY_FINE, 3000, true);
    entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3300}}", pty_device_path(stand->pty));
    return open_entry(stand, entry);
}

static bool command(struct stand *stand)
{
    g_autofree char *file = g_build_filename(stand->folder, "state", NULL);
    g_autofree char *entry = g_strdup_printf(
        "{command: {on: [sh, -c, 'echo on >%s'], off: [sh, -c, 'echo off >%s'], status: [cat, %s]}}", file,
        file, file);

    assert_true(g_file_set_contents(file, "off\n", -1, NULL));
    return open_entry(stand, entry);
}

static bool command_mute(struct stand *stand)
{
    return open_entry(stand, "{command: {on: 'true', off: ['true', ignored]}}");
}

static bool qemu(struct stand *stand)
{
    g_autofree char *entry = NULL;

    stand->qmp = qmp_server_new(QMP_FINE);
    entry = g_strdup_printf("{qemu: %s}", qmp_server_path(stand->qmp));
    return open_entry(stand, entry);
}

static bool simulated(struct stand *stand)
{
    GError *error = NULL;

    stand->target = rig_target_load(RIG_TARGET_DEFAULT, RIG_SOURCE_DIR "/targets", &error);
    assert_non_null(stand->target);
    stand->board = rig_sim_board_new(stand->target, &error);
    assert_non_null(stand->board);
    stand->power = stand->board->power;
    return true;
}

static const struct stand stands[] = {
    {.name = "simulated", .set_up = simulated, .tells = true, .aims = true, .proves = true},
    {.name = "hid-relay", .set_up = hid_relay, .tells = true},
    {.name = "lcus", .set_up = lcus, .tells = true},
    {.name = "lcus without answer", .set_up = lcus_mute},
    {.name = "lcus-hid", .set_up = lcus_hid, .tells = true},
    {.name = "lcus-hid without answer", .set_up = lcus_hid_mute},
    {.name = "ykush", .set_up = ykush, .tells = true},
    {.name = "ykush3 5 V", .set_up = ykush3_5v, .tells = true},
    {.name = "hub by request", .set_up = hub_by_request, .tells = true},
    {.name = "hub by kernel", .set_up = hub_by_kernel, .tells = true},
    {.name = "hub of two halves", .set_up = hub_pair, .tells = true},
    {.name = "ppk2", .set_up = ppk2, .proves = true},
    {.name = "command", .set_up = command, .tells = true},
    {.name = "command without status", .set_up = command_mute},
    {.name = "qemu", .set_up = qemu, .tells = true, .proves = true},
};

static struct stand *stand_new(gsize i)
{
    struct stand *stand = g_new(struct stand, 1);

    *stand = stands[i];
    rig_power_host_init(&stand->host);
    stand->folder = g_dir_make_tmp("rig-power-XXXXXX", NULL);
    assert_true(stand->set_up(stand));
    return stand;
}

static void stand_free(struct stand *stand)
{
    if (stand->board) {
        assert_true(stand->board->ops->make_safe(stand->board, NULL));
        stand->board->ops->free(stand->board);
    } else {
        rig_power_free(stand->power);
    }
    rig_target_free(stand->target);
    rig_power_host_clear(&stand->host);
    g_free((char *)stand->models[0].sysfs_disable);
    if (stand->pty)
        pty_device_free(stand->pty);
    if (stand->qmp)
        qmp_server_free(stand->qmp);
    rig_tree_remove(stand->folder);
    g_free(stand->folder);
    g_free(stand);
}

static void set(struct stand *stand, bool on)
{
    GError *error = NULL;

    if (!stand->power->ops->set(stand->power, on, &error))
        fail_msg("%s: %s", stand->name, error->message);
}

static bool is_on(struct stand *stand)
{
    GError *error = NULL;
    bool on = false;

    if (!stand->power->ops->is_on(stand->power, &on, &error))
        fail_msg("%s: %s", stand->name, error->message);
    return on;
}

static guint64 now_us(struct stand *stand)
{
    return stand->board ? stand->board->ops->now_us(stand->board) : (guint64)g_get_monotonic_time();
}

static bool is_off(void *user)
{
    return !is_on(user);
}

static void wait_until_off(struct stand *stand)
{
    guint64 until_us = now_us(stand) + PATIENCE_US;
    bool off = false;

    if (stand->board)
        assert_true(rig_board_wait_for(stand->board, until_us, is_off, stand, &off, NULL));
    while (!off && now_us(stand) < until_us) {
        off = is_off(stand);
        g_usleep(1000);
    }
    if (!off)
        fail_msg("%s: the cut did not fall", stand->name);
}

static void for_all(void (*check)(struct stand *stand))
{
    for (gsize i = 0; i < G_N_ELEMENTS(stands); i++) {
        struct stand *stand = stand_new(i);

        check(stand);
        stand_free(stand);
    }
}

static void check_set(struct stand *stand)
{
    static const bool sequence[] = {false, true, true, false, false, true};

    for (gsize i = 0; i < G_N_ELEMENTS(sequence); i++) {
        set(stand, sequence[i]);
        if (is_on(stand) != sequence[i])
            fail_msg("%s: set %d is not what is_on says", stand->name, sequence[i]);
    }
}

static void what_was_set_is_what_is_on_says(void **state)
{
    (void)state;
    for_all(check_set);
}

static void check_unknown(struct stand *stand)
{
    g_autoptr(GError) error = NULL;
    bool on;
    bool told = stand->power->ops->is_on(stand->power, &on, &error);

    if (told != stand->tells)
        fail_msg("%s: is_on %s", stand->name, told ? "tells what it cannot know" : error->message);
    if (!told)
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
}

static void a_state_that_nobody_can_know_is_unsupported_and_not_off(void **state)
{
    (void)state;
    for_all(check_unknown);
}

static void check_timed_cut(struct stand *stand)
{
    const struct rig_cut_plan plan = {.aim = RIG_CUT_AFTER_TIME, .delay_us = CUT_US};
    struct rig_cut_record record;
    GError *error = NULL;
    guint64 armed_us;

    set(stand, true);
    armed_us = now_us(stand);
    assert_true(stand->power->ops->arm_cut(stand->power, &plan, NULL));
    wait_until_off(stand);
    if (!stand->power->ops->disarm_cut(stand->power, &record, &error))
        fail_msg("%s: %s", stand->name, error->message);
    assert_true(record.fell);
    assert_false(record.at_operation && !stand->aims);
    if (record.at_us < armed_us + CUT_US || record.at_us > now_us(stand))
        fail_msg("%s: cut %" G_GINT64_FORMAT " us after it was armed", stand->name,
                 (gint64)(record.at_us - armed_us));
    if ((record.proof[0] != '\0') != stand->proves)
        fail_msg("%s: proof '%s'", stand->name, record.proof);
    assert_false(is_on(stand));
}

static void a_timed_cut_falls_not_before_its_time_and_says_when(void **state)
{
    (void)state;
    for_all(check_timed_cut);
}

static void check_disarmed(struct stand *stand)
{
    const struct rig_cut_plan plan = {.aim = RIG_CUT_AFTER_TIME, .delay_us = 3600u * 1000000u};
    struct rig_cut_record record;

    set(stand, true);
    assert_true(stand->power->ops->disarm_cut(stand->power, &record, NULL));
    assert_false(record.fell);
    assert_true(stand->power->ops->arm_cut(stand->power, &plan, NULL));
    assert_true(stand->power->ops->disarm_cut(stand->power, &record, NULL));
    assert_false(record.fell);
    assert_true(is_on(stand));
    assert_true(stand->power->ops->arm_cut(stand->power, &plan, NULL));
}

static void a_cut_that_is_taken_back_does_not_fall(void **state)
{
    (void)state;
    for_all(check_disarmed);
}

static void check_aims(struct stand *stand)
{
    const struct rig_cut_plan plans[] = {{.aim = RIG_CUT_AT_OPERATION},
                                         {.aim = RIG_CUT_AT_CONSOLE, .line = "swap"}};

    for (gsize i = 0; i < G_N_ELEMENTS(plans); i++) {
        g_autoptr(GError) error = NULL;
        struct rig_cut_record record;
        bool armed = stand->power->ops->arm_cut(stand->power, &plans[i], &error);

        if (armed != stand->aims)
            fail_msg("%s: aim %d is %s", stand->name, plans[i].aim, armed ? "taken" : error->message);
        if (!armed)
            assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
        assert_true(stand->power->ops->disarm_cut(stand->power, &record, NULL));
    }
}

static void an_aim_that_the_driver_cannot_take_is_unsupported(void **state)
{
    (void)state;
    for_all(check_aims);
}

/* Two boards at a time: each on a channel of its own, in two hosts as two runs have them. */
static void take_turns(struct rig_power_host *host, struct rig_power_host *other, const char *entry,
                       const char *other_entry)
{
    GError *error = NULL;
    g_autoptr(rig_power) one = power_stand_open(host, entry, &error);
    g_autoptr(rig_power) two = one ? power_stand_open(other, other_entry, &error) : NULL;
    const struct rig_cut_plan soon = {.aim = RIG_CUT_AFTER_TIME, .delay_us = 1000};
    struct rig_cut_record record;

    if (!two)
        fail_msg("%s, then %s: %s", entry, other_entry, error->message);
    for (guint i = 0; i < 6; i++)
        if (!(i % 2 ? one : two)->ops->set(i % 2 ? one : two, i < 4, &error))
            fail_msg("%s: %s", i % 2 ? entry : other_entry, error->message);
    assert_true(one->ops->set(one, true, NULL) && two->ops->set(two, true, NULL));
    assert_true(one->ops->arm_cut(one, &soon, NULL));
    while (!rig_channel_cut_is_over(one))
        assert_true(two->ops->set(two, true, NULL));
    assert_true(one->ops->disarm_cut(one, &record, NULL) && record.fell);
}

static void boards_on_two_channels_of_one_device_take_turns(void **state)
{
    struct usb_model models[3] = {0};
    struct rig_power_host host, other;
    struct pty_device *pty = pty_lcus_new(PTY_FINE);
    g_autofree char *first =
        g_strdup_printf("{lcus: {tty: %s, channel: 1, status: true}}", pty_device_path(pty));
    g_autofree char *second =
        g_strdup_printf("{lcus: {tty: %s, channel: 2, status: true}}", pty_device_path(pty));

    (void)state;
    usb_model_make_hid_relay(&models[0], "1-1", "ABCDE");
    usb_model_make_ykush(&models[1], "1-2", 0xf2f7, "YK1");
    usb_model_make_lcus_hid(&models[2], "1-3");
    rig_power_host_init(&host);
    rig_power_host_init(&other);
    host.usb = usb_model_bus_new(models, G_N_ELEMENTS(models));
    other.usb = usb_model_bus_new(models, G_N_ELEMENTS(models));
    take_turns(&host, &other, "{hid-relay: {identity: ABCDE, channel: 1}}",
               "{hid-relay: {port: 1-1, channel: 2}}");
    take_turns(&host, &other, "{ykush: {serial: YK1, channel: 1}}", "{ykush: {serial: YK1, channel: 2}}");
    take_turns(&host, &other, "{lcus-hid: {channel: 1, status: true}}",
               "{lcus-hid: {channel: 2, status: true}}");
    take_turns(&host, &other, first, second);
    rig_power_host_clear(&host);
    rig_power_host_clear(&other);
    pty_device_free(pty);
}

static void assert_tells_busy(GError *error)
{
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
    assert_non_null(strstr(error->message, "at USB port 1-1 that cannot be asked"));
    assert_non_null(strstr(error->message, "another program uses it"));
    g_error_free(error);
}

static void a_relay_in_use_by_another_program_fails_boards_on_that_relay_only(void **state)
{
    struct usb_model models[2] = {0};
    struct rig_power_host host;
    g_autoptr(rig_power) power = NULL;
    GError *error = NULL;

    (void)state;
    usb_model_make_hid_relay(&models[0], "1-1", "ABCDE");
    usb_model_make_hid_relay(&models[1], "1-2", "FGHIJ");
    rig_power_host_init(&host);
    host.usb = usb_model_bus_new(models, G_N_ELEMENTS(models));
    models[0].kept_busy = true;
    power = power_stand_open(&host, "{hid-relay: {identity: FGHIJ, channel: 1}}", NULL);
    assert_non_null(power);
    assert_true(power->ops->set(power, true, NULL));
    assert_null(power_stand_open(&host, "{hid-relay: {identity: ABCDE, channel: 1}}", &error));
    assert_tells_busy(error);
    /* And one that is taken meanwhile. */
    models[1].kept_busy = true;
    error = NULL;
    assert_false(power->ops->set(power, false, &error));
    assert_non_null(strstr(error->message, "another program uses it"));
    g_clear_error(&error);
    models[1].kept_busy = false;
    assert_true(power->ops->set(power, false, NULL));
    rig_power_free(g_steal_pointer(&power));
    rig_power_host_clear(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_set_is_what_is_on_says),
        cmocka_unit_test(a_state_that_nobody_can_know_is_unsupported_and_not_off),
        cmocka_unit_test(a_timed_cut_falls_not_before_its_time_and_says_when),
        cmocka_unit_test(a_cut_that_is_taken_back_does_not_fall),
        cmocka_unit_test(an_aim_that_the_driver_cannot_take_is_unsupported),
        cmocka_unit_test(boards_on_two_channels_of_one_device_take_turns),
        cmocka_unit_test(a_relay_in_use_by_another_program_fails_boards_on_that_relay_only),
    };

    return cmocka_run_group_tests_name("power supply contract", tests, NULL, NULL);
}
