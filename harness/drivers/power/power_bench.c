/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a relay takes from the call to its verified state: real libusb, a device that answers at once. For
 * ci/bench/power.sh. */
#include "tests/power_stand.h"
#include "tests/usb_kernel.h"

#include <stdio.h>
#include <stdlib.h>

#define N_SWITCHES 200

static gint compare_times(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a;
    gint64 right = *(const gint64 *)b;

    return (left > right) - (left < right);
}

static bool measure(struct usb_kernel *kernel, const char *what, const char *entry)
{
    g_autoptr(GError) error = NULL;
    gint64 opening_us = g_get_monotonic_time();
    g_autoptr(rig_power) power = power_stand_open(&kernel->host, entry, &error);
    gint64 times_us[N_SWITCHES];

    opening_us = g_get_monotonic_time() - opening_us;
    for (guint i = 0; power && i < N_SWITCHES; i++) {
        gint64 start_us = g_get_monotonic_time();

        if (!power->ops->set(power, i % 2 == 0, &error))
            break;
        times_us[i] = g_get_monotonic_time() - start_us;
    }
    if (error) {
        fprintf(stderr, "%s: %s\n", what, error->message);
        return false;
    }
    qsort(times_us, N_SWITCHES, sizeof times_us[0], compare_times);
    printf("%s: found and opened in %" G_GINT64_FORMAT
           " us; switched and read back %d times: median %" G_GINT64_FORMAT " us, worst %" G_GINT64_FORMAT
           " us, target below 30000 plus the device's own time\n",
           what, opening_us, N_SWITCHES, times_us[N_SWITCHES / 2], times_us[N_SWITCHES - 1]);
    return true;
}

int main(void)
{
    struct usb_kernel *kernel = usb_kernel_new();
    bool ok;

    if (!kernel) {
        fprintf(stderr, "this must run under umockdev-wrapper\n");
        return 2;
    }
    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_model_make_ykush(&kernel->models[1], "1-2", 0xf2f7, "YK1");
    usb_model_make_hub(&kernel->models[2], "1-3", 1, false);
    for (guint i = 0; i < 3; i++)
        usb_kernel_plug_in(kernel, i);
    ok = measure(kernel, "HID relay", "{hid-relay: {identity: ABCDE}}") &&
         measure(kernel, "YKUSH", "{ykush: {serial: YK1}}") &&
         measure(kernel, "hub port", "{hub: {hub: 1-3, channel: 1}}");
    usb_kernel_free(kernel);
    return ok ? 0 : 1;
}
