/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The USB drivers through the real libusb: umockdev stands in for the kernel, the device models for the
 * devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/power_stand.h"
#include "tests/usb_kernel.h"

static int boot_kernel(void **state)
{
    *state = usb_kernel_new();
    if (!*state)
        print_error("this must run under umockdev-wrapper\n");
    return *state ? 0 : -1;
}

static int halt_kernel(void **state)
{
    usb_kernel_free(*state);
    return 0;
}

static struct rig_power *open_good(struct usb_kernel *kernel, const char *entry)
{
    GError *error = NULL;
    struct rig_power *power = power_stand_open(&kernel->host, entry, &error);

    if (!power)
        fail_msg("%s: %s", entry, error->message);
    return power;
}

static void assert_switches(struct rig_power *power, const struct usb_model *model, guint32 bit)
{
    GError *error = NULL;
    bool on;

    for (guint i = 0; i < 4; i++) {
        if (!power->ops->set(power, i % 2 == 0, &error))
            fail_msg("%s", error->message);
        assert_int_equal((model->states & bit) != 0, i % 2 == 0);
        assert_true(power->ops->is_on(power, &on, NULL));
        assert_int_equal(on, i % 2 == 0);
    }
}

static void a_hid_relay_switches_through_libusb(void **state)
{
    struct usb_kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_model_make_hid_relay(&kernel->models[1], "1-2", "FGHIJ");
    usb_kernel_plug_in(kernel, 0);
    usb_kernel_plug_in(kernel, 1);
    power = open_good(kernel, "{hid-relay: {identity: FGHIJ, channel: 2}}");
    assert_switches(power, &kernel->models[1], 2);
    assert_int_equal(kernel->models[0].n_writes, 0);
}

/* What locks are taken on when the device is open; owned by the caller. */
static char *key_of(struct usb_kernel *kernel, const char *entry)
{
    g_autoptr(rig_power) power = open_good(kernel, entry);

    return g_strdup(rig_channel_resource(power));
}

static void one_relay_is_one_thing_whatever_it_is_called_by(void **state)
{
    struct usb_kernel *kernel = *state;
    g_autofree char *by_identity = NULL;
    g_autofree char *by_port = NULL;
    g_autofree char *neighbour = NULL;

    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_kernel_plug_in(kernel, 0);
    by_identity = key_of(kernel, "{hid-relay: {identity: ABCDE, channel: 2}}");
    by_port = key_of(kernel, "{hid-relay: {port: 1-1, channel: 2}}");
    neighbour = key_of(kernel, "{hid-relay: {port: 1-1, channel: 1}}");
    assert_string_equal(by_identity, by_port);
    assert_string_not_equal(by_identity, neighbour);
}

static void a_hid_relay_that_stalls_times_out_or_goes_away_is_an_error_through_libusb(void **state)
{
    static const struct {
        enum usb_fault_kind fault;
        const char *piece;
    } cases[] = {{USB_PROTOCOL_ERROR, "control transfer"},
                 {USB_HALF_ANSWER, "has 4 bytes, not 8"},
                 {USB_GONE, "it was unplugged"}};
    struct usb_kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_kernel_plug_in(kernel, 0);
    power = open_good(kernel, "{hid-relay: {identity: ABCDE}}");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        kernel->models[0].fault = cases[i].fault;
        kernel->models[0].fault_from = 0;
        kernel->models[0].n_faults = 1000;
        assert_false(power->ops->set(power, true, &error));
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_DEVICE));
        if (!strstr(error->message, cases[i].piece) || !strstr(error->message, "USB port 1-1"))
            fail_msg("%s", error->message);
    }
}

static void a_ykush_switches_through_libusb(void **state)
{
    struct usb_kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_ykush(&kernel->models[0], "1-1", 0xf2f7, "YK1");
    usb_model_make_ykush(&kernel->models[1], "1-2", 0xf2f7, "YK2");
    usb_kernel_plug_in(kernel, 0);
    usb_kernel_plug_in(kernel, 1);
    power = open_good(kernel, "{ykush: {serial: YK2, channel: 3}}");
    assert_switches(power, &kernel->models[1], 4);
    assert_int_equal(kernel->models[0].n_writes, 0);
}

static void an_lcus_hid_relay_switches_through_libusb(void **state)
{
    struct usb_kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_lcus_hid(&kernel->models[0], "1-1");
    usb_kernel_plug_in(kernel, 0);
    power = open_good(kernel, "{lcus-hid: {port: 1-1, channel: 2, status: true}}");
    assert_switches(power, &kernel->models[0], 2);
}

static void both_halves_of_a_hub_switch_through_libusb(void **state)
{
    struct usb_kernel *kernel = *state;
    g_autoptr(rig_power) power = NULL;

    usb_model_make_hub(&kernel->models[0], "1-1", 1, false);
    usb_model_make_hub(&kernel->models[1], "2-1", 2, true);
    for (guint i = 0; i < 2; i++) {
        kernel->models[i].has_container = true;
        usb_kernel_plug_in(kernel, i);
    }
    power = open_good(kernel, "{hub: {hub: 1-1, channel: 2}}");
    assert_switches(power, &kernel->models[0], 2);
    assert_int_equal(kernel->models[1].states, 0xd);
}

int main(void)
{
#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, boot_kernel, halt_kernel)
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(a_hid_relay_switches_through_libusb),
        WITH_KERNEL(one_relay_is_one_thing_whatever_it_is_called_by),
        WITH_KERNEL(a_hid_relay_that_stalls_times_out_or_goes_away_is_an_error_through_libusb),
        WITH_KERNEL(a_ykush_switches_through_libusb),
        WITH_KERNEL(an_lcus_hid_relay_switches_through_libusb),
        WITH_KERNEL(both_halves_of_a_hub_switch_through_libusb),
    };

    return cmocka_run_group_tests_name("power over libusb", tests, NULL, NULL);
}
