/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supplies that misbehave: no answer, wrong answer, half an answer, gone in the middle, and what cannot be
 * right. */
#define _DEFAULT_SOURCE /* flock */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/power_stand.h"
#include "tests/pty_devices.h"
#include "tests/qmp_server.h"
#include "tests/usb_models.h"
#include "transport/serial.h"

struct rig {
    struct rig_power_host host;
    struct usb_model models[USB_MODEL_MAX];
    guint n_models;
};

static int make_rig(void **state)
{
    struct rig *rig = g_new0(struct rig, 1);

    rig_power_host_init(&rig->host);
    rig->host.sysfs = "/nowhere";
    *state = rig;
    return 0;
}

static int free_rig(void **state)
{
    struct rig *rig = *state;

    rig_power_host_clear(&rig->host);
    g_free(rig);
    return 0;
}

static struct rig_power *open_good(struct rig *rig, const char *entry)
{
    GError *error = NULL;
    struct rig_power *power;

    if (!rig->host.usb)
        rig->host.usb = usb_model_bus_new(rig->models, rig->n_models);
    power = power_stand_open(&rig->host, entry, &error);
    if (!power)
        fail_msg("%s: %s", entry, error->message);
    return power;
}

static void assert_error(GError *error, enum rig_error_code code, const char *piece)
{
    assert_non_null(error);
    if (!strstr(error->message, piece) || !g_error_matches(error, RIG_ERROR, (gint)code))
        fail_msg("wanted '%s' (%d), got '%s' (%d)", piece, code, error->message, error->code);
}

static void assert_not_opened(struct rig *rig, const char *entry, enum rig_error_code code, const char *piece)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_power) power = NULL;

    if (!rig->host.usb)
        rig->host.usb = usb_model_bus_new(rig->models, rig->n_models);
    power = power_stand_open(&rig->host, entry, &error);
    assert_null(power);
    assert_error(error, code, piece);
}

static void assert_not_set(struct rig_power *power, bool on, const char *piece)
{
    g_autoptr(GError) error = NULL;

    assert_false(power->ops->set(power, on, &error));
    assert_error(error, RIG_ERROR_DEVICE, piece);
}

static void a_relay_whose_read_fails_now_and_then_is_tried_again(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1", "ABCDE");
    power = open_good(rig, "{hid-relay: {identity: ABCDE}}");
    rig->models[0].fault = USB_PROTOCOL_ERROR;
    rig->models[0].fault_from = rig->models[0].n_transfers + 1;
    rig->models[0].n_faults = 2;
    assert_true(power->ops->set(power, true, NULL));
    assert_int_equal(rig->models[0].states, 1);
    assert_int_equal(rig->models[0].n_writes, 1);
}

static void a_relay_that_never_answers_is_an_error_that_names_its_port(void **state)
{
    static const struct {
        enum usb_fault_kind fault;
        const char *piece;
    } cases[] = {{USB_PROTOCOL_ERROR, "Protocol error"},
                 {USB_NO_ANSWER, "timed out"},
                 {USB_WRONG_ANSWER, "it was told 'on' and still says 'off'"},
                 {USB_HALF_ANSWER, "has 4 bytes, not 8"}};
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1.4", "ABCDE");
    power = open_good(rig, "{hid-relay: {identity: ABCDE, channel: 2}}");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        rig->models[0].fault = cases[i].fault;
        rig->models[0].fault_from = rig->models[0].n_transfers;
        rig->models[0].n_faults = 1000;
        assert_false(power->ops->set(power, true, &error));
        assert_error(error, RIG_ERROR_DEVICE, cases[i].piece);
        assert_non_null(strstr(error->message, "USB port 1-1.4, channel 2"));
    }
}

static void a_relay_that_does_not_switch_is_found_by_its_read_back(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1", "ABCDE");
    rig->models[0].stuck = 1;
    power = open_good(rig, "{hid-relay: {identity: ABCDE}}");
    assert_not_set(power, true, "it was told 'on' and still says 'off'");
    assert_int_equal(rig->models[0].n_writes, 3);
}

static void a_relay_unplugged_in_the_middle_is_not_tried_again(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;
    guint before;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1.4", "ABCDE");
    power = open_good(rig, "{hid-relay: {identity: ABCDE}}");
    rig->models[0].fault = USB_GONE;
    rig->models[0].fault_from = before = rig->models[0].n_transfers;
    assert_not_set(power, false, "it was unplugged");
    assert_int_equal(rig->models[0].n_transfers, before + 1);
}

static void a_cut_whose_relay_is_gone_tells_it_when_it_is_taken_back(void **state)
{
    const struct rig_cut_plan plan = {.aim = RIG_CUT_AFTER_TIME, .delay_us = 0};
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;
    g_autoptr(GError) error = NULL;
    struct rig_cut_record record = {.fell = true};
    struct rig_channel *channel;
    bool decided = false;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1.4", "ABCDE");
    power = open_good(rig, "{hid-relay: {identity: ABCDE}}");
    rig->models[0].fault = USB_GONE;
    assert_true(power->ops->arm_cut(power, &plan, NULL));
    channel = (struct rig_channel *)power;
    while (!decided) {
        g_mutex_lock(&channel->lock);
        decided = channel->cut_error != NULL;
        g_mutex_unlock(&channel->lock);
    }
    assert_false(power->ops->disarm_cut(power, &record, &error));
    assert_false(record.fell);
    assert_error(error, RIG_ERROR_DEVICE, "USB port 1-1.4");
}

static void relays_that_cannot_be_told_apart_are_refused(void **state)
{
    struct rig *rig = *state;

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1", "ABCDE");
    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-2", "ABCDE");
    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-3", "A\001CDE");
    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-4", "OTHER");
    rig->models[3].about.manufacturer = (char *)"somebody";
    rig->models[3].about.product_name = (char *)"Mouse";
    assert_not_opened(rig, "{hid-relay: {identity: ABCDE}}", RIG_ERROR_DEVICE,
                      "two relay boards have the identity ABCDE");
    assert_not_opened(rig, "{hid-relay: {identity: OTHER}}", RIG_ERROR_DEVICE,
                      "no relay board has the identity OTHER; there is: ABCDE at USB port 1-1, ABCDE at USB "
                      "port 1-2, a corrupt identity at USB port 1-3");
    assert_not_opened(rig, "{hid-relay: {identity: ABCDE, port: 1-3}}", RIG_ERROR_DEVICE,
                      "has the identity (corrupt), not ABCDE");
    assert_not_opened(rig, "{hid-relay: {port: 1-4}}", RIG_ERROR_DEVICE,
                      "at USB port 1-4 is not attached; there is one at USB port 1-1, ");
    assert_not_opened(rig, "{hid-relay: {port: 1-3, channel: 3}}", RIG_ERROR_INPUT,
                      "has 2 channels, there is no channel 3");
    rig_power_free(open_good(rig, "{hid-relay: {port: 1-3, channel: 2}}"));
}

static void a_ykush_that_refuses_or_answers_for_another_port_is_an_error(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_ykush(&rig->models[rig->n_models++], "1-1", 0xf2f7, "YK1");
    assert_not_opened(rig, "{ykush: {serial: YK9}}", RIG_ERROR_DEVICE,
                      "a YKUSH with serial YK9 is not attached; there is one at USB port 1-1 (serial YK1)");
    assert_not_opened(rig, "{ykush: {channel: 5v}}", RIG_ERROR_INPUT, "a YKUSH has no 5 V output");
    power = open_good(rig, "{ykush: {serial: YK1, channel: 2}}");
    rig->models[0].fault = USB_WRONG_ANSWER;
    rig->models[0].n_faults = 1000;
    assert_not_set(power, true, "USB port 1-1");
    rig->models[0].fault = USB_NO_ANSWER;
    assert_not_set(power, true, "timed out");
    rig->models[0].fault = USB_HALF_ANSWER;
    assert_not_set(power, true, "32 bytes");
    rig->models[0].fault = USB_GONE;
    assert_not_set(power, false, "it was unplugged");
}

static void a_ykush_xs_has_one_port_only(void **state)
{
    struct rig *rig = *state;

    usb_model_make_ykush(&rig->models[rig->n_models++], "1-1", 0xf0cd, "YKX");
    assert_not_opened(rig, "{ykush: {channel: 2}}", RIG_ERROR_INPUT,
                      "a YKUSH XS has 1 port, there is no port 2");
    rig_power_free(open_good(rig, "{ykush: {channel: 1}}"));
}

static void an_lcus_hid_relay_that_does_not_tell_what_it_should_is_an_error(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_lcus_hid(&rig->models[rig->n_models++], "1-1");
    power = open_good(rig, "{lcus-hid: {channel: 3, status: true}}");
    assert_not_set(power, true, "timed out");
    rig_power_free(power);
    power = open_good(rig, "{lcus-hid: {channel: 2, status: true}}");
    rig->models[0].fault = USB_WRONG_ANSWER;
    rig->models[0].n_faults = 1000;
    assert_not_set(power, true, "");
    rig->models[0].fault = USB_HALF_ANSWER;
    assert_not_set(power, true, "");
    rig->models[0].fault = USB_NO_ANSWER;
    assert_not_set(power, true, "timed out");
    rig->models[0].fault = USB_GONE;
    assert_not_set(power, true, "it was unplugged");
}

static void hubs_that_cannot_switch_one_port_are_refused(void **state)
{
    struct rig *rig = *state;

    usb_model_make_hub(&rig->models[rig->n_models++], "1-1", 1, false);
    usb_model_make_hub(&rig->models[rig->n_models++], "1-1.3", 1, false);
    rig->models[1].switching = 0;
    assert_not_opened(rig, "{hub: {hub: 1-1, channel: 5}}", RIG_ERROR_INPUT,
                      "has 4 ports, there is no port 5");
    assert_not_opened(rig, "{hub: {hub: 1-1, channel: 3}}", RIG_ERROR_INPUT, "leads to another hub");
    assert_not_opened(rig, "{hub: {hub: 1-1.3, channel: 1}}", RIG_ERROR_DEVICE,
                      "switches all its ports together");
    rig_power_free(open_good(rig, "{hub: {hub: 1-1.3, channel: 1, ganged: true}}"));
    rig->models[1].switching = 2;
    assert_not_opened(rig, "{hub: {hub: 1-1.3, channel: 1}}", RIG_ERROR_DEVICE, "cannot switch its ports");
}

static void the_other_half_of_a_hub_is_found_by_container_and_place(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hub(&rig->models[rig->n_models++], "1-1", 1, false);
    usb_model_make_hub(&rig->models[rig->n_models++], "2-1", 2, true);
    usb_model_make_hub(&rig->models[rig->n_models++], "2-2", 2, true);
    usb_model_make_hub(&rig->models[rig->n_models++], "4-1", 4, true);
    for (guint i = 0; i < rig->n_models; i++)
        rig->models[i].has_container = true;
    rig->models[3].container[0] = 1;
    power = open_good(rig, "{hub: {hub: 1-1, channel: 2}}");
    assert_true(power->ops->set(power, false, NULL));
    assert_int_equal(rig->models[0].states, 0xd);
    assert_int_equal(rig->models[1].states, 0xd);
    assert_int_equal(rig->models[2].states, 0xf);
    assert_int_equal(rig->models[3].states, 0xf);
}

static void two_hubs_that_fit_equally_well_are_refused(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hub(&rig->models[rig->n_models++], "2-1", 2, false);
    usb_model_make_hub(&rig->models[rig->n_models++], "1-1", 1, true);
    usb_model_make_hub(&rig->models[rig->n_models++], "3-1", 3, true);
    for (guint i = 0; i < rig->n_models; i++)
        rig->models[i].has_container = true;
    assert_not_opened(rig, "{hub: {hub: 2-1, channel: 2}}", RIG_ERROR_DEVICE,
                      "two hubs fit as the other half");
    power = open_good(rig, "{hub: {hub: 2-1, channel: 2, alone: true}}");
    assert_true(power->ops->set(power, false, NULL));
    assert_int_equal(rig->models[1].states, 0xf);
}

static void a_hub_whose_port_stays_on_or_that_goes_away_is_an_error(void **state)
{
    struct rig *rig = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hub(&rig->models[rig->n_models++], "1-1", 1, true);
    power = open_good(rig, "{hub: {hub: 1-1, channel: 2}}");
    rig->models[0].stuck = 2;
    assert_not_set(power, false, "it was told 'off' and still says 'on'");
    rig->models[0].fault = USB_HALF_ANSWER;
    rig->models[0].n_faults = 100000;
    assert_not_set(power, true, "port status of 2 bytes, not 4");
    rig->models[0].fault = USB_NO_ANSWER;
    assert_not_set(power, true, "timed out");
    rig->models[0].fault = USB_WRONG_ANSWER;
    assert_not_set(power, true, "it was told 'on' and still says 'off'");
    rig->models[0].fault = USB_GONE;
    assert_not_set(power, false, "it was unplugged");
}

static void assert_lcus(struct rig *rig, enum pty_fault fault, const char *piece)
{
    struct pty_device *device = pty_lcus_new(fault);
    g_autofree char *entry =
        g_strdup_printf("{lcus: {tty: %s, channel: 2, status: true}}", pty_device_path(device));
    struct rig_power *power = open_good(rig, entry);

    assert_not_set(power, true, piece);
    assert_not_set(power, true, pty_device_path(device));
    rig_power_free(power);
    pty_device_free(device);
}

static void serial_relays_that_misbehave_are_errors(void **state)
{
    assert_lcus(*state, PTY_SILENT, "it does not answer");
    assert_lcus(*state, PTY_HALF, "does not tell the state of this channel");
    assert_lcus(*state, PTY_GARBAGE, "does not tell the state of this channel");
    assert_lcus(*state, PTY_STUCK, "it was told 'on' and still says 'off'");
}

static void a_serial_relay_unplugged_in_the_middle_is_an_error_with_its_port(void **state)
{
    struct pty_device *device = pty_lcus_new(PTY_FINE);
    g_autofree char *entry = g_strdup_printf("{lcus: {tty: %s, status: true}}", pty_device_path(device));
    g_autoptr(rig_power) power = open_good(*state, entry);

    assert_true(power->ops->set(power, true, NULL));
    pty_device_unplug(device);
    assert_not_set(power, false, "is it plugged in?");
    pty_device_free(device);
}

/* Another process that has the port until it is killed. */
static pid_t hold_elsewhere(const char *path)
{
    int told[2];
    char byte = 0;
    pid_t child;

    assert_int_equal(pipe(told), 0);
    child = fork();
    if (child == 0) {
        int fd = open(path, O_RDWR | O_NOCTTY);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && write(told[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    close(told[1]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    return child;
}

static void the_process_that_has_the_port_is_named_and_waited_for(void **state)
{
    struct pty_device *device = pty_lcus_new(PTY_FINE);
    pid_t child = hold_elsewhere(pty_device_path(device));
    g_autofree char *holder = g_strdup_printf("(pid %d) uses it", (int)child);
    g_autoptr(GError) error = NULL;
    gint64 start_us = g_get_monotonic_time();

    (void)state;
    assert_null(rig_serial_open_shared(pty_device_path(device), 9600, 300, &error));
    assert_true(g_get_monotonic_time() >= start_us + 300000);
    assert_non_null(strstr(error->message, holder));
    assert_non_null(strstr(error->message, pty_device_path(device)));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    rig_serial_free(rig_serial_open_shared(pty_device_path(device), 9600, 5000, NULL));
    pty_device_free(device);
}

static void a_serial_port_that_cannot_be_used_is_named_with_the_reason(void **state)
{
    struct pty_device *device = pty_lcus_new(PTY_FINE);
    g_autofree char *entry = g_strdup_printf("{lcus: {tty: %s}}", pty_device_path(device));
    g_autoptr(rig_serial) port = rig_serial_open(pty_device_path(device), 9600, NULL);

    assert_non_null(port);
    assert_not_opened(*state, entry, RIG_ERROR_DEVICE, "another program uses it");
    assert_not_opened(*state, "{lcus: /dev/no-such-port}", RIG_ERROR_DEVICE,
                      "serial port /dev/no-such-port: cannot open it: it is not there");
    assert_not_opened(*state, "{lcus: /dev/null}", RIG_ERROR_DEVICE, "it is not a serial port");
    g_clear_pointer(&port, rig_serial_free);
    pty_device_free(device);
}

static void assert_ppk2_not_opened(struct rig *rig, enum pty_fault fault, const char *piece)
{
    struct pty_device *device = pty_ppk2_new(fault, 3000, false);
    g_autofree char *entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3000}}", pty_device_path(device));

    assert_not_opened(rig, entry, RIG_ERROR_DEVICE, piece);
    pty_device_free(device);
}

static void what_is_no_ppk2_is_refused_before_a_voltage_is_set(void **state)
{
    assert_ppk2_not_opened(*state, PTY_SILENT, "the PPK2 does not answer");
    assert_ppk2_not_opened(*state, PTY_GARBAGE, "what answers there is not a PPK2");
    assert_ppk2_not_opened(*state, PTY_HALF, "what answers there is not a PPK2");
}

static void a_ppk2_sets_its_voltage_and_its_cut_is_seen_in_the_current(void **state)
{
    struct pty_device *device = pty_ppk2_new(PTY_FINE, 3000, true);
    g_autofree char *entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3300}}", pty_device_path(device));
    g_autoptr(rig_power) power = open_good(*state, entry);
    struct rig_cut_record record;

    assert_true(power->ops->set(power, true, NULL));
    while (!pty_device_states(device))
        g_thread_yield();
    assert_int_equal(pty_device_millivolts(device), 3300);
    assert_true(rig_channel_off_with_proof(power, &record, NULL));
    assert_true(record.fell);
    assert_int_equal(pty_device_states(device), 0);
    assert_string_equal(record.proof, "ppk2: current fell from 2996 uA to 0.0 uA");
    g_clear_pointer(&power, rig_power_free);
    pty_device_free(device);
}

static void a_ppk2_whose_board_drew_nothing_before_proves_nothing(void **state)
{
    struct pty_device *device = pty_ppk2_new(PTY_FINE, 10, false);
    g_autofree char *entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3000}}", pty_device_path(device));
    g_autoptr(rig_power) power = open_good(*state, entry);
    struct rig_cut_record record;

    assert_true(power->ops->set(power, true, NULL));
    assert_true(rig_channel_off_with_proof(power, &record, NULL));
    assert_true(record.fell);
    assert_string_equal(record.proof, "");
    g_clear_pointer(&power, rig_power_free);
    pty_device_free(device);
}

/* A board that another supply feeds as well. */
static void a_ppk2_whose_current_does_not_fall_is_an_error(void **state)
{
    struct pty_device *device = pty_ppk2_new(PTY_KEEPS_FLOWING, 3000, false);
    g_autofree char *entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3000}}", pty_device_path(device));
    g_autoptr(rig_power) power = open_good(*state, entry);
    g_autoptr(GError) error = NULL;
    struct rig_cut_record record;

    assert_true(power->ops->set(power, true, NULL));
    while (!pty_device_states(device))
        g_thread_yield();
    assert_false(rig_channel_off_with_proof(power, &record, &error));
    assert_false(record.fell);
    assert_error(error, RIG_ERROR_DEVICE, "the PPK2 was switched off and still 2996.");
    assert_non_null(strstr(error->message, pty_device_path(device)));
    g_clear_pointer(&power, rig_power_free);
    pty_device_free(device);
}

static void a_ppk2_unplugged_before_its_cut_is_an_error(void **state)
{
    struct pty_device *device = pty_ppk2_new(PTY_FINE, 3000, false);
    g_autofree char *entry =
        g_strdup_printf("{ppk2: {tty: %s, millivolts: 3000, dead-below: 1}}", pty_device_path(device));
    g_autoptr(rig_power) power = open_good(*state, entry);
    g_autoptr(GError) error = NULL;
    struct rig_cut_record record;

    assert_true(power->ops->set(power, true, NULL));
    while (!pty_device_states(device))
        g_thread_yield();
    pty_device_unplug(device);
    assert_false(rig_channel_off_with_proof(power, &record, &error));
    assert_false(record.fell);
    assert_error(error, RIG_ERROR_DEVICE, "it was unplugged");
    g_clear_pointer(&power, rig_power_free);
    pty_device_free(device);
}

static void assert_command(struct rig *rig, const char *entry, const char *piece)
{
    g_autoptr(rig_power) power = open_good(rig, entry);

    assert_not_set(power, true, piece);
}

static void programs_that_fail_hang_or_say_nonsense_are_errors(void **state)
{
    assert_command(*state, "{command: {on: [sh, -c, 'echo no relay; exit 3'], off: 'true'}}",
                   "'sh' ended with status 3: no relay");
    assert_command(*state, "{command: {on: /no/such/program, off: 'true'}}",
                   "cannot start '/no/such/program'");
    assert_command(*state, "{command: {on: [sh, -c, 'sleep 100 & sleep 100'], off: 'true', within: 100ms}}",
                   "did not end within 100 ms and was killed");
    assert_command(*state, "{command: {on: [sh, -c, 'kill -9 $$'], off: 'true'}}", "'sh' died of signal 9");
    assert_command(*state, "{command: {on: 'true', off: 'true', status: [echo, maybe]}}",
                   "has to print 'on' or 'off' and printed 'maybe'");
    assert_command(*state, "{command: {on: 'true', off: 'true', status: [echo, 'off']}}",
                   "it was told 'on' and still says 'off'");
    assert_command(*state, "{command: {on: [sh, -c, 'head -c 1000000 /dev/zero; exit 1'], off: 'true'}}",
                   "ended with status 1");
}

static void assert_qemu(struct rig *rig, enum qmp_fault fault, const char *open_piece, const char *set_piece)
{
    struct qmp_server *server = qmp_server_new(fault);
    g_autofree char *entry = g_strdup_printf("{qemu: %s}", qmp_server_path(server));
    struct rig_power *power = NULL;

    if (open_piece)
        assert_not_opened(rig, entry, RIG_ERROR_DEVICE, open_piece);
    else
        power = open_good(rig, entry);
    if (power)
        assert_not_set(power, false, set_piece);
    rig_power_free(power);
    qmp_server_free(server);
}

static void emulators_that_misbehave_are_errors(void **state)
{
    assert_qemu(*state, QMP_GARBAGE, "what answers there does not speak QMP", NULL);
    assert_qemu(*state, QMP_NO_GREETING, "it does not greet as QMP does", NULL);
    assert_qemu(*state, QMP_ENDLESS_LINE, "its line is too long", NULL);
    assert_qemu(*state, QMP_REFUSES, NULL, "'stop' was refused: not now");
    assert_qemu(*state, QMP_DIES_ON_STOP, NULL, "it has ended");
    assert_qemu(*state, QMP_SILENT, NULL, "no answer in time");
    assert_qemu(*state, QMP_HALF, NULL, "it has ended");
    assert_qemu(*state, QMP_KEEPS_RUNNING, NULL, "it was told 'off' and still says 'on'");
    assert_not_opened(*state, "{qemu: /no/such/socket}", RIG_ERROR_DEVICE,
                      "QEMU at /no/such/socket: cannot connect");
}

static void power_on_resets_an_emulator_and_quit_ends_it(void **state)
{
    struct qmp_server *server = qmp_server_new(QMP_FINE);
    g_autofree char *entry = g_strdup_printf("{qemu: {socket: %s, off: quit}}", qmp_server_path(server));
    g_autoptr(rig_power) power = open_good(*state, entry);
    g_autofree char *heard = NULL;
    struct rig_cut_record record;

    assert_true(power->ops->set(power, true, NULL));
    assert_true(rig_channel_off_with_proof(power, &record, NULL));
    assert_string_equal(record.proof, "qemu: the emulator has ended");
    assert_not_set(power, true, "has ended and must be started again");
    heard = qmp_server_heard(server);
    assert_string_equal(heard, "qmp_capabilities system_reset cont query-status quit");
    g_clear_pointer(&power, rig_power_free);
    qmp_server_free(server);
}

static void what_is_attached_can_be_listed_as_entries_for_a_bench_file(void **state)
{
    struct rig *rig = *state;
    g_autoptr(GPtrArray) found = NULL;
    g_autofree char *problems = NULL;
    g_autoptr(GString) entries = g_string_new(NULL);

    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-1", "ABCDE");
    usb_model_make_hid_relay(&rig->models[rig->n_models++], "1-2", "A\001CDE");
    usb_model_make_lcus_hid(&rig->models[rig->n_models++], "1-3");
    usb_model_make_ykush(&rig->models[rig->n_models++], "1-4", 0xf2f7, "YK1");
    usb_model_make_hub(&rig->models[rig->n_models++], "1-5", 1, false);
    usb_model_make_hub(&rig->models[rig->n_models++], "1-6", 1, false);
    rig->models[5].switching = 0;
    rig->models[0].states = 2;
    rig->host.usb = usb_model_bus_new(rig->models, rig->n_models);
    found = rig_power_list(&rig->host, &problems);
    for (guint i = 0; i < found->len; i++)
        g_string_append_printf(entries, "%s\n", ((struct rig_power_found *)found->pdata[i])->entry);
    assert_null(problems);
    assert_string_equal(entries->str,
                        "{hid-relay: {identity: ABCDE, channel: 1}}\n{hid-relay: {port: 1-2, channel: 1}}\n"
                        "{lcus-hid: {port: 1-3, channel: 1}}\n{ykush: {serial: YK1, channel: 1}}\n{hub: "
                        "{hub: 1-5, channel: 1}}\n");
    assert_string_equal(((struct rig_power_found *)found->pdata[0])->state, "1 off, 2 on");
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, make_rig, free_rig)
    const struct CMUnitTest tests[] = {
        WITH_RIG(a_relay_whose_read_fails_now_and_then_is_tried_again),
        WITH_RIG(a_relay_that_never_answers_is_an_error_that_names_its_port),
        WITH_RIG(a_relay_that_does_not_switch_is_found_by_its_read_back),
        WITH_RIG(a_relay_unplugged_in_the_middle_is_not_tried_again),
        WITH_RIG(a_cut_whose_relay_is_gone_tells_it_when_it_is_taken_back),
        WITH_RIG(relays_that_cannot_be_told_apart_are_refused),
        WITH_RIG(a_ykush_that_refuses_or_answers_for_another_port_is_an_error),
        WITH_RIG(a_ykush_xs_has_one_port_only),
        WITH_RIG(an_lcus_hid_relay_that_does_not_tell_what_it_should_is_an_error),
        WITH_RIG(hubs_that_cannot_switch_one_port_are_refused),
        WITH_RIG(the_other_half_of_a_hub_is_found_by_container_and_place),
        WITH_RIG(two_hubs_that_fit_equally_well_are_refused),
        WITH_RIG(a_hub_whose_port_stays_on_or_that_goes_away_is_an_error),
        WITH_RIG(serial_relays_that_misbehave_are_errors),
        WITH_RIG(a_serial_relay_unplugged_in_the_middle_is_an_error_with_its_port),
        WITH_RIG(the_process_that_has_the_port_is_named_and_waited_for),
        WITH_RIG(a_serial_port_that_cannot_be_used_is_named_with_the_reason),
        WITH_RIG(what_is_no_ppk2_is_refused_before_a_voltage_is_set),
        WITH_RIG(a_ppk2_sets_its_voltage_and_its_cut_is_seen_in_the_current),
        WITH_RIG(a_ppk2_whose_board_drew_nothing_before_proves_nothing),
        WITH_RIG(a_ppk2_whose_current_does_not_fall_is_an_error),
        WITH_RIG(a_ppk2_unplugged_before_its_cut_is_an_error),
        WITH_RIG(programs_that_fail_hang_or_say_nonsense_are_errors),
        WITH_RIG(emulators_that_misbehave_are_errors),
        WITH_RIG(power_on_resets_an_emulator_and_quit_ends_it),
        WITH_RIG(what_is_attached_can_be_listed_as_entries_for_a_bench_file),
    };

    return cmocka_run_group_tests_name("power faults", tests, NULL, NULL);
}
