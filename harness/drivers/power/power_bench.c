/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a relay takes from the call to its verified state: real libusb, a device that answers at once. For
 * ci/bench/power.sh. */
#include "tests/power_stand.h"
#include "tests/pty_devices.h"
#include "tests/usb_kernel.h"

#include "drivers/console/console.h"
#include "drivers/sim/pty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_SWITCHES 200
#define N_CUTS 20
#define CUT_DELAY_US 100000
#define CUT_PATIENCE_US 50000
#define LINE_PATIENCE 2000

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

/* How late a cut falls that was aimed at an instant: from that instant to the verified state, or to the fall
 * in the current. */
static bool measure_cuts(struct rig_power_host *host, const char *what, const char *entry)
{
    const struct rig_cut_plan plan = {.aim = RIG_CUT_AFTER_TIME, .delay_us = CUT_DELAY_US};
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_power) power = power_stand_open(host, entry, &error);
    gint64 late_us[N_CUTS];

    for (guint i = 0; power && !error && i < N_CUTS; i++) {
        struct rig_cut_record record;
        gint64 due_us;

        if (!power->ops->set(power, true, &error) || !power->ops->arm_cut(power, &plan, &error))
            break;
        due_us = g_get_monotonic_time() + CUT_DELAY_US;
        g_usleep(CUT_DELAY_US + CUT_PATIENCE_US);
        if (power->ops->disarm_cut(power, &record, &error))
            late_us[i] = (gint64)record.at_us - due_us;
    }
    if (error) {
        fprintf(stderr, "%s: %s\n", what, error->message);
        return false;
    }
    qsort(late_us, N_CUTS, sizeof late_us[0], compare_times);
    printf("%s: cut aimed %d ms ahead, %d times: late by %" G_GINT64_FORMAT " us (median), %" G_GINT64_FORMAT
           " us (worst)\n",
           what, CUT_DELAY_US / 1000, N_CUTS, late_us[N_CUTS / 2], late_us[N_CUTS - 1]);
    return true;
}

static bool measure_usb(void)
{
    struct usb_kernel *kernel = usb_kernel_new();
    bool ok;

    if (!kernel) {
        fprintf(stderr, "this must run under umockdev-wrapper\n");
        return false;
    }
    usb_model_make_hid_relay(&kernel->models[0], "1-1", "ABCDE");
    usb_model_make_ykush(&kernel->models[1], "1-2", 0xf2f7, "YK1");
    usb_model_make_hub(&kernel->models[2], "1-3", 1, false);
    for (guint i = 0; i < 3; i++)
        usb_kernel_plug_in(kernel, i);
    ok = measure(kernel, "HID relay", "{hid-relay: {identity: ABCDE}}") &&
         measure(kernel, "YKUSH", "{ykush: {serial: YK1}}") &&
         measure(kernel, "hub port", "{hub: {hub: 1-3, channel: 1}}") &&
         measure_cuts(&kernel->host, "HID relay", "{hid-relay: {identity: ABCDE}}");
    usb_kernel_free(kernel);
    return ok;
}

/* umockdev would take the pty away, so this runs without it. */
static bool measure_serial(void)
{
    struct pty_device *device = pty_ppk2_new(PTY_FINE, 3000, false);
    g_autofree char *entry = g_strdup_printf("{ppk2: {tty: %s, millivolts: 3000}}", pty_device_path(device));
    struct rig_power_host host;
    bool ok;

    rig_power_host_init(&host);
    ok = measure_cuts(&host, "PPK2, by its current", entry);
    rig_power_host_clear(&host);
    pty_device_free(device);
    return ok;
}

struct console_stand {
    struct rig_pty pty;
    struct rig_console *console;
    struct pty_device *relay;
    struct rig_power *power;
    GError *error;
};

/* The console's thread cuts, as on a board of a bench. */
static void cut_now(void *user, gint64 at_us)
{
    static const struct rig_cut_plan now = {.aim = RIG_CUT_AFTER_TIME};
    struct console_stand *stand = user;

    (void)at_us;
    if (!stand->power->ops->arm_cut(stand->power, &now, &stand->error))
        return;
}

/* From the last byte of the line on the wire to the command at the relay; -1: an error. */
static gint64 measure_line(struct console_stand *stand)
{
    static const char line[] = "I: Starting swap using move algorithm.\r\n";
    struct rig_cut_record record;
    gint64 written_us;

    if (!stand->power->ops->set(stand->power, true, &stand->error))
        return -1;
    rig_console_watch(stand->console, "Starting swap", cut_now, stand);
    written_us = g_get_monotonic_time();
    if (write(stand->pty.master, line, sizeof line - 1) != (ssize_t)sizeof line - 1)
        return -1;
    for (guint i = 0; i < LINE_PATIENCE && (!rig_channel_cut_is_over(stand->power) ||
                                            pty_device_off_at_us(stand->relay) < written_us);
         i++)
        g_usleep(1000);
    rig_console_forget(stand->console);
    if (!stand->power->ops->disarm_cut(stand->power, &record, &stand->error) || !record.fell)
        return -1;
    return pty_device_off_at_us(stand->relay) - written_us;
}

static bool measure_console(void)
{
    struct console_stand stand = {.relay = pty_lcus_new(PTY_FINE)};
    g_autofree char *entry = g_strdup_printf("{lcus: {tty: %s}}", pty_device_path(stand.relay));
    gint64 times_us[N_SWITCHES] = {0};
    struct rig_power_host host;
    bool ok = rig_pty_open(&stand.pty);
    const struct rig_console_place place = {.tty = stand.pty.path, .baud = 115200};

    rig_power_host_init(&host);
    stand.power = ok ? power_stand_open(&host, entry, &stand.error) : NULL;
    stand.console = stand.power ? rig_console_open_at(&place, &stand.error) : NULL;
    ok = stand.console != NULL;
    for (guint i = 0; ok && i < N_SWITCHES; i++)
        ok = (times_us[i] = measure_line(&stand)) >= 0;
    qsort(times_us, N_SWITCHES, sizeof times_us[0], compare_times);
    if (ok)
        printf("console line to the relay's command, %d times: median %" G_GINT64_FORMAT
               " us, 99th of 100 %" G_GINT64_FORMAT " us, worst %" G_GINT64_FORMAT " us, target below 2000\n",
               N_SWITCHES, times_us[N_SWITCHES / 2], times_us[N_SWITCHES * 99 / 100],
               times_us[N_SWITCHES - 1]);
    else
        fprintf(stderr, "console: %s\n", stand.error ? stand.error->message : "a cut did not fall");
    rig_console_free(stand.console);
    rig_power_free(stand.power);
    rig_power_host_clear(&host);
    rig_pty_close(&stand.pty);
    pty_device_free(stand.relay);
    g_clear_error(&stand.error);
    return ok;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "usb";
    bool ok = g_str_equal(what, "serial")    ? measure_serial()
              : g_str_equal(what, "console") ? measure_console()
                                             : measure_usb();

    return ok ? 0 : 1;
}
