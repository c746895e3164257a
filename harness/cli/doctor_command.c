/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig doctor`: what this host needs for boards on a bench, and how to get what is missing. */
#include "bench/lock.h"
#include "cli/bench_common.h"
#include "cli/doctor.h"
#include "drivers/power/driver.h"
#include "transport/process.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPENOCD_MAJOR 0
#define OPENOCD_MINOR 12 /* what the probe's rules were checked with */
#define MAX_GROUPS 256

/* Devices by which supplies are switched; the hub's port files belong to root until somebody says otherwise.
 */
static const char udev_rules[] =
    "# /etc/udev/rules.d/60-bootrig.rules; then: udevadm control --reload && udevadm trigger\n"
    "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"16c0\", ATTR{idProduct}==\"05df\", MODE=\"0660\", "
    "GROUP=\"plugdev\", TAG+=\"uaccess\"\n"
    "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"5131\", ATTR{idProduct}==\"2007\", MODE=\"0660\", "
    "GROUP=\"plugdev\", TAG+=\"uaccess\"\n"
    "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"04d8\", ATTR{idProduct}==\"f2f7|0042|f11b|f0cd\", MODE=\"0660\", "
    "GROUP=\"plugdev\", TAG+=\"uaccess\"\n"
    "SUBSYSTEM==\"usb\", ATTR{bDeviceClass}==\"09\", MODE=\"0660\", GROUP=\"plugdev\", TAG+=\"uaccess\", \\\n"
    "  RUN+=\"/bin/sh -c \\\"chown -f root:plugdev $sys$devpath/*-port*/disable "
    "$sys$devpath/*/*-port*/disable || true\\\"\", \\\n"
    "  RUN+=\"/bin/sh -c \\\"chmod -f 660 $sys$devpath/*-port*/disable $sys$devpath/*/*-port*/disable || "
    "true\\\"\"\n";

void rig_doctor_say(struct rig_doctor *doctor, const char *what, const char *verdict, const char *text)
{
    printf("%-12s %-12s %s\n", what, verdict, text);
    doctor->missing |= strcmp(verdict, "missing") == 0;
}

static bool is_switch(const struct rig_usb_description *device)
{
    static const guint32 ids[] = {0x16c005df, 0x51312007, 0x04d8f2f7, 0x04d80042, 0x04d8f11b, 0x04d8f0cd};

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        if (ids[i] == ((guint32)device->vendor << 16 | device->product))
            return true;
    return device->device_class == 9;
}

static void check_usb(struct rig_doctor *doctor)
{
    const struct rig_usb_match match = {.what = "a switch", .accepts = is_switch};
    g_autoptr(GError) error = NULL;
    g_autoptr(rig_usb_bus) bus = rig_usb_bus_new(&error);
    g_autoptr(GPtrArray) devices = bus ? rig_usb_find_all(bus, &match, &error) : NULL;
    guint n_denied = 0;
    g_autofree char *text = NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        g_autoptr(rig_usb) usb = rig_usb_open(bus, devices->pdata[i], RIG_USB_NO_INTERFACE, NULL);

        n_denied += !usb;
    }
    if (!devices) {
        text = g_strdup_printf("%s; USB relays and hubs cannot be used here", error->message);
        rig_doctor_say(doctor, "usb", "missing", text);
    } else if (devices->len == 0) {
        rig_doctor_say(
            doctor, "usb", "not checked",
            "no relay, YKUSH or hub is attached; 'bootrig doctor --udev-rules' prints the rules for them");
    } else if (n_denied) {
        text = g_strdup_printf("%u of %u relays and hubs cannot be opened; install the rules that 'bootrig "
                               "doctor --udev-rules' prints",
                               n_denied, devices->len);
        rig_doctor_say(doctor, "usb", "missing", text);
    } else {
        text = g_strdup_printf("%u relays and hubs, all can be opened", devices->len);
        rig_doctor_say(doctor, "usb", "ok", text);
    }
}

static bool in_group(const char *name)
{
    const struct group *group = getgrnam(name);
    gid_t groups[MAX_GROUPS];
    int n = group ? getgroups(MAX_GROUPS, groups) : 0;

    if (group && getegid() == group->gr_gid)
        return true;
    for (int i = 0; i < n; i++)
        if (groups[i] == group->gr_gid)
            return true;
    return false;
}

static void check_serial(struct rig_doctor *doctor)
{
    if (geteuid() == 0)
        rig_doctor_say(doctor, "serial", "ok", "root may open serial ports; a user needs the group dialout");
    else if (in_group("dialout"))
        rig_doctor_say(doctor, "serial", "ok", "this user is in the group dialout");
    else
        rig_doctor_say(
            doctor, "serial", "missing",
            "this user is not in the group dialout: sudo usermod -aG dialout $USER, then log in again");
}

/* "Open On-Chip Debugger 0.12.0" on standard error. */
static bool read_version(const char *output, guint *major, guint *minor)
{
    const char *at = strstr(output, "Open On-Chip Debugger ");

    return at && sscanf(at, "Open On-Chip Debugger %u.%u", major, minor) == 2;
}

static void check_openocd(struct rig_doctor *doctor)
{
    static const char *const argv[] = {"openocd", "--version", NULL};
    g_autoptr(GString) said = g_string_new(NULL);
    g_autofree char *found = g_find_program_in_path(argv[0]);
    g_autofree char *text = NULL;
    guint major = 0;
    guint minor = 0;
    int exit_code;
    const struct rig_run_limits limits = {
        .within_us = RIG_DOCTOR_WITHIN_US, .max_output = RIG_DOCTOR_MAX_OUTPUT, .with_stderr = true};

    if (!found) {
        rig_doctor_say(doctor, "openocd", "missing", "not found in PATH: sudo apt install openocd");
        return;
    }
    if (!rig_process_run(argv, &limits, said, &exit_code, NULL) || !read_version(said->str, &major, &minor)) {
        rig_doctor_say(doctor, "openocd", "missing",
                       "'openocd --version' does not tell a version; is it OpenOCD?");
        return;
    }
    text = g_strdup_printf("version %u.%u%s", major, minor,
                           major == OPENOCD_MAJOR && minor < OPENOCD_MINOR
                               ? ": too old, 0.12 or later is wanted (Debian 12 has it)"
                               : "");
    rig_doctor_say(doctor, "openocd", major > OPENOCD_MAJOR || minor >= OPENOCD_MINOR ? "ok" : "missing",
                   text);
}

static void check_locks(struct rig_doctor *doctor)
{
    g_autoptr(GError) error = NULL;
    bool is_private = false;
    g_autofree char *directory = rig_lock_directory(&is_private, &error);
    g_autofree char *remedy =
        g_strdup_printf("%s is this user's alone: runs of other users on the same boards are not kept out; "
                        "sudo install -d -m 1777 " RIG_LOCK_ROOT "/bootrig",
                        directory ? directory : "");

    if (is_private && directory)
        rig_doctor_say(doctor, "locks", "note", remedy);
    else
        rig_doctor_say(doctor, "locks", directory ? "ok" : "missing", directory ? directory : error->message);
}

/* What the boards of a bench use; without a bench everything counts. */
struct use {
    bool usb;
    bool serial;
    bool openocd;
    bool bluetooth;
};

static bool is_driver(const struct rig_bench_board *board, const char *const *names)
{
    return board->power_driver && g_strv_contains(names, board->power_driver->name);
}

static void add_use(const struct rig_bench_board *board, struct use *use)
{
    static const char *const usb[] = {"hid-relay", "lcus-hid", "ykush", "hub", NULL};
    static const char *const serial[] = {"lcus", "ppk2", NULL};
    const struct rig_value *link = rig_record_get(board->record, "link");
    const struct rig_value *place = NULL;

    use->usb |= is_driver(board, usb);
    use->serial |= is_driver(board, serial) || rig_record_get(board->record, "console") ||
                   (link && g_str_equal(rig_record_variant(link->record, &place)->name, "serial"));
    use->openocd |= rig_record_get(board->record, "probe") != NULL;
    use->bluetooth |= rig_doctor_is_over_ble(board);
}

/* A bench that is named must be there; the one of this folder may be. *bench NULL: there is none. */
static bool find_use(const char *named, struct rig_bench **bench, struct use *use, GError **error)
{
    const char *path = named ? named : g_getenv("BOOTRIG_BENCH");

    *use = (struct use){true, true, true, true};
    *bench = NULL;
    if (!path && !g_file_test(RIG_BENCH_DEFAULT, G_FILE_TEST_EXISTS))
        return true;
    *bench = rig_cli_bench(named, error);
    if (!*bench)
        return false;
    *use = (struct use){0};
    for (guint i = 0; i < (*bench)->boards->len; i++)
        add_use((*bench)->boards->pdata[i], use);
    return true;
}

int rig_cli_doctor(int argc, char **argv)
{
    g_autofree char *path = NULL;
    g_autoptr(rig_bench) bench = NULL;
    gboolean rules = FALSE;
    const GOptionEntry entries[] = {
        {"bench", 'b', 0, G_OPTION_ARG_FILENAME, &path,
         "tell only what the boards of this bench file use (default: $BOOTRIG_BENCH, else bench.yaml where "
         "it is "
         "there, else everything)",
         "FILE"},
        {"udev-rules", 0, 0, G_OPTION_ARG_NONE, &rules,
         "print udev rules for the relays and hubs that bootrig can switch", NULL},
        {0},
    };
    struct rig_doctor doctor = {.missing = false};
    GError *error = NULL;
    struct use use;
    int exit_code;

    if (!rig_cli_parse(
            &argc, &argv, entries, "",
            "Checks what this host needs for boards on a bench; the simulated board needs none of it.",
            "Exit codes: 0 nothing is missing, 2 something is.", &exit_code))
        return exit_code;
    if (rules) {
        fputs(udev_rules, stdout);
        return RIG_EXIT_PASSED;
    }
    if (!find_use(path, &bench, &use, &error))
        return rig_cli_fail(error);
    if (use.usb)
        check_usb(&doctor);
    if (use.serial)
        check_serial(&doctor);
    if (use.openocd)
        check_openocd(&doctor);
    if (use.bluetooth)
        rig_doctor_check_bluetooth(&doctor, bench);
    check_locks(&doctor);
    return doctor.missing ? RIG_EXIT_ERROR : RIG_EXIT_PASSED;
}
