/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recorded sessions with USB supplies, played through the real libusb: the drivers must say the same bytes
 * again, no others, and all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/power_stand.h"
#include "tests/usb_kernel.h"
#include "tests/usb_recording.h"

#define RECORDING(name) RIG_SOURCE_DIR "/fixtures/recordings/" name

struct stand {
    struct usb_kernel *kernel;
    struct usb_recording *recording;
};

static int open_stand(void **state)
{
    struct stand *stand = g_new0(struct stand, 1);

    stand->kernel = usb_kernel_new();
    if (!stand->kernel)
        print_error("this must run under umockdev-wrapper\n");
    *state = stand;
    return stand->kernel ? 0 : -1;
}

static int close_stand(void **state)
{
    struct stand *stand = *state;

    usb_kernel_free(stand->kernel);
    usb_recording_free(stand->recording);
    g_free(stand);
    return 0;
}

static void play(struct stand *stand, const char *path)
{
    const char *why = NULL;

    stand->recording = usb_recording_read(path, &why);
    if (!stand->recording)
        fail_msg("%s: %s", path, why);
    usb_recording_play(stand->recording, &stand->kernel->models[0]);
    usb_kernel_plug_in(stand->kernel, 0);
}

static void play_relay(struct stand *stand)
{
    usb_model_make_hid_relay(&stand->kernel->models[0], "1-1", "ABCDE");
    play(stand, RECORDING("hid-relay-2.ioctl"));
}

static struct rig_power *open_good(struct stand *stand, const char *entry)
{
    GError *error = NULL;
    struct rig_power *power = power_stand_open(&stand->kernel->host, entry, &error);

    if (!power)
        fail_msg("%s: %s: %s", entry, error->message, usb_recording_problem(stand->recording));
    return power;
}

static void switch_on_and_off(struct stand *stand, const char *entry)
{
    g_autoptr(rig_power) power = open_good(stand, entry);

    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;

        if (!power->ops->set(power, i == 0, &error))
            fail_msg("%s; %s", error->message, usb_recording_problem(stand->recording));
    }
    assert_null(usb_recording_problem(stand->recording));
}

static void a_hid_relay_says_what_was_recorded(void **state)
{
    play_relay(*state);
    switch_on_and_off(*state, "{hid-relay: {identity: ABCDE, channel: 2}}");
}

static void a_ykush_says_what_was_recorded(void **state)
{
    struct stand *stand = *state;

    usb_model_make_ykush(&stand->kernel->models[0], "1-1", 0xf2f7, "YK1");
    play(stand, RECORDING("ykush.ioctl"));
    switch_on_and_off(stand, "{ykush: {serial: YK1, channel: 3}}");
}

static void a_frame_that_was_not_recorded_fails(void **state)
{
    struct stand *stand = *state;
    g_autoptr(rig_power) power = NULL;

    play_relay(stand);
    power = open_good(stand, "{hid-relay: {identity: ABCDE, channel: 1}}");
    assert_false(power->ops->set(power, true, NULL));
    assert_non_null(strstr(usb_recording_problem(stand->recording), "line 3 of the recording"));
}

static void a_frame_that_is_left_over_fails(void **state)
{
    struct stand *stand = *state;
    g_autoptr(rig_power) power = NULL;

    play_relay(stand);
    power = open_good(stand, "{hid-relay: {identity: ABCDE, channel: 2}}");
    assert_true(power->ops->set(power, true, NULL));
    assert_string_equal(usb_recording_problem(stand->recording),
                        "2 transfers of the recording were not made, from its line 5 on");
}

static void what_comes_behind_the_end_fails(void **state)
{
    struct stand *stand = *state;
    g_autoptr(rig_power) power = NULL;

    play_relay(stand);
    power = open_good(stand, "{hid-relay: {identity: ABCDE, channel: 2}}");
    assert_true(power->ops->set(power, true, NULL) && power->ops->set(power, false, NULL));
    assert_false(power->ops->set(power, true, NULL));
    assert_non_null(strstr(usb_recording_problem(stand->recording), "behind the end"));
}

static void umockdev_itself_reads_the_recordings(void **state)
{
    static const char *const paths[] = {RECORDING("hid-relay-2.ioctl"), RECORDING("ykush.ioctl")};
    struct stand *stand = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *node = g_strdup_printf("/dev/bus/usb/001/%03zu", 20 + i);
        g_autoptr(GError) error = NULL;

        if (!umockdev_testbed_load_ioctl(stand->kernel->testbed, node, paths[i], &error))
            fail_msg("%s: %s", paths[i], error->message);
    }
}

#define ON_STAND(test) cmocka_unit_test_setup_teardown(test, open_stand, close_stand)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAND(a_hid_relay_says_what_was_recorded),  ON_STAND(a_ykush_says_what_was_recorded),
        ON_STAND(a_frame_that_was_not_recorded_fails), ON_STAND(a_frame_that_is_left_over_fails),
        ON_STAND(what_comes_behind_the_end_fails),     ON_STAND(umockdev_itself_reads_the_recordings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
