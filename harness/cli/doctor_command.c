/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `bootrig doctor`: what this host needs for boards on a bench, and how to get what is missing. */
#include "bench/lock.h"
#include "capture/capture.h"
#include "cli/bench_common.h"
#include "drivers/bluez/bus.h"
#include "drivers/bluez/controllers.h"
#include "drivers/bluez/settings.h"
#include "drivers/board/clock_board.h"
#include "drivers/power/driver.h"
#include "transport/process.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What a program that is asked for its version may take and say. */
#define WITHIN_US (5 * G_USEC_PER_SEC)
#define MAX_OUTPUT 4096u

struct rig_doctor {
    bool missing; /* something that is needed is not there */
};

/* One line. verdict: "ok"; "missing": needed and not there, the exit code says so; "note": good to know; "not
 * checked". text names the remedy. */
static void say(struct rig_doctor *doctor, const char *what, const char *verdict, const char *text)
{
    printf("%-12s %-12s %s\n", what, verdict, text);
    doctor->missing |= strcmp(verdict, "missing") == 0;
}

#define ANSWER_US 5000000u
#define PID_MS 2000
#define MAX_ARGUMENTS_BYTES 65536u
#define DEFAULT_CONF "/etc/bluetooth/main.conf"

struct look {
    struct rig_doctor *doctor;
    const struct rig_bench *bench; /* NULL: Bluetooth is not asked for */
    const char *what;              /* of remarks */
    const char *where;             /* put before each remark; may be "" */
    guint n_remarks;
};

static const char *lacking(const struct look *look)
{
    return look->bench ? "missing" : "note";
}

static bool is_over_ble(const struct rig_bench_board *board)
{
    return !board->spec->link && board->spec->ble;
}

static void on_remark(void *user, bool serious, const char *text)
{
    struct look *look = user;
    g_autofree char *said = g_strconcat(look->where, text, NULL);

    look->n_remarks++;
    say(look->doctor, look->what, serious ? lacking(look) : "note", said);
}

/* --- the daemon --- */

/* Arguments of the daemon that runs; NULL: it cannot be told. */
static char **daemon_arguments(GDBusConnection *connection)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetConnectionUnixProcessID", g_variant_new("(s)", "org.bluez"), G_VARIANT_TYPE("(u)"),
        G_DBUS_CALL_FLAGS_NO_AUTO_START, PID_MS, NULL, NULL);
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    gsize n_bytes = 0;
    guint32 pid;

    if (!reply)
        return NULL;
    g_variant_get(reply, "(u)", &pid);
    path = g_strdup_printf("/proc/%u/cmdline", pid);
    if (!g_file_get_contents(path, &text, &n_bytes, NULL) || n_bytes == 0 || n_bytes > MAX_ARGUMENTS_BYTES)
        return NULL;
    for (gsize at = 0; at < n_bytes; at += strlen(text + at) + 1)
        g_ptr_array_add(arguments, g_strdup(text + at));
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&arguments), FALSE);
}

/* [SRC bluez src/main.c: -f, --configfile] */
static char *conf_path(char **arguments)
{
    for (char **each = arguments; each && *each; each++) {
        if (strcmp(*each, "-f") == 0 || strcmp(*each, "--configfile") == 0)
            return g_strdup(each[1] ? each[1] : DEFAULT_CONF);
        if (g_str_has_prefix(*each, "-f") || g_str_has_prefix(*each, "--configfile="))
            return g_strdup(g_str_has_prefix(*each, "-f") ? *each + 2 : strchr(*each, '=') + 1);
    }
    return g_strdup(DEFAULT_CONF);
}

/* NULL: not installed. */
static const char *installed_daemon(void)
{
    static const char *const paths[] = {"/usr/libexec/bluetooth/bluetoothd", "/usr/lib/bluetooth/bluetoothd",
                                        "/usr/sbin/bluetoothd"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

/* A command line is what its process says it is: nothing but a bluetoothd is asked for its version. */
static bool is_daemon(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_path_is_absolute(path) && strcmp(name, "bluetoothd") == 0 && access(path, X_OK) == 0;
}

/* The program that runs, if its name is a path here; else the one that is installed. "" = unknown. */
static char *daemon_version(char **arguments)
{
    const char *program =
        arguments && arguments[0] && is_daemon(arguments[0]) ? arguments[0] : installed_daemon();
    const char *const argv[] = {program, "--version", NULL};
    const struct rig_run_limits limits = {.within_us = WITHIN_US, .max_output = MAX_OUTPUT};
    g_autoptr(GString) said = g_string_new(NULL);
    int exit_code;

    if (!program || !rig_process_run(argv, &limits, said, &exit_code, NULL))
        return g_strdup("");
    return g_strstrip(g_strdup(said->str));
}

static void judge_daemon(struct look *look, char **arguments)
{
    g_autofree char *version = daemon_version(arguments);
    g_autofree char *text = g_strdup_printf("bluetoothd %s answers on D-Bus", version);

    say(look->doctor, "bluetooth", "ok", text);
    look->what = "bluetooth";
    look->where = "";
    rig_bluez_judge_daemon(version, on_remark, look);
}

static void judge_conf(struct look *look, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *where = g_strconcat(path, ": ", NULL);
    g_autofree char *text = NULL;
    gsize n_bytes = 0;

    look->what = "settings";
    look->where = where;
    look->n_remarks = 0;
    if (!g_file_get_contents(path, &text, &n_bytes, &error) &&
        !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        on_remark(look, false, "it cannot be read by this user, so nothing of it was checked");
        return;
    }
    rig_bluez_judge_settings(text ? text : "", n_bytes, on_remark, look);
    if (look->n_remarks == 0)
        say(look->doctor, look->what, "ok", path);
    else
        on_remark(look, false, "after a change: sudo systemctl restart bluetooth");
}

static void check_daemon(struct look *look)
{
    struct rig_board *clock = rig_clock_board_new();
    struct rig_bluez_bus *bus = rig_bluez_bus_new(clock, NULL, NULL);
    g_autoptr(GError) error = NULL;

    if (rig_bluez_bus_open(bus, clock->ops->now_us(clock) + ANSWER_US, &error)) {
        g_auto(GStrv) arguments = daemon_arguments(rig_bluez_bus_connection(bus));
        g_autofree char *conf = conf_path(arguments);

        judge_daemon(look, arguments);
        judge_conf(look, conf);
    } else if (!installed_daemon()) {
        say(look->doctor, "bluetooth", lacking(look), "bluetoothd is not installed: sudo apt install bluez");
    } else {
        say(look->doctor, "bluetooth", lacking(look), error->message);
    }
    rig_bluez_bus_free(bus);
    clock->ops->free(clock);
}

/* --- adapters --- */

/* The board that is reached through hci<index>; NULL: none. */
static const struct rig_bench_board *user_of(const struct rig_bench *bench, const char *adapter)
{
    for (guint i = 0; bench && i < bench->boards->len; i++) {
        const struct rig_bench_board *board = bench->boards->pdata[i];

        if (is_over_ble(board) && strcmp(board->spec->ble->adapter, adapter) == 0)
            return board;
    }
    return NULL;
}

/* NULL: it can be used. */
static const char *fault_of(const struct rig_bluez_controller *controller)
{
    if (!controller->can_le)
        return "it cannot do Bluetooth LE: use another adapter";
    if (controller->hard_blocked)
        return "a switch of this machine has it off (rfkill, hard): find the switch or the key for radios";
    if (controller->blocked)
        return "it is blocked: rfkill unblock bluetooth";
    return NULL;
}

static void judge_controller(struct look *look, const struct rig_bluez_controller *controller)
{
    g_autofree char *name = g_strdup_printf("hci%u", controller->index);
    const struct rig_bench_board *board = user_of(look->bench, name);
    const char *fault = fault_of(controller);
    g_autofree char *text = NULL;

    if (fault)
        text = g_strdup_printf("%s, %s: %s", name, controller->address, fault);
    else
        text = g_strdup_printf("%s, %s, Bluetooth LE, %s", name, controller->address,
                               controller->powered ? "powered" : "without power; a run powers it");
    say(look->doctor, "adapter", !fault ? "ok" : board ? "missing" : "note", text);
}

static bool is_among(const GArray *controllers, const char *adapter)
{
    for (guint i = 0; i < controllers->len; i++) {
        g_autofree char *name =
            g_strdup_printf("hci%u", g_array_index(controllers, struct rig_bluez_controller, i).index);

        if (strcmp(name, adapter) == 0)
            return true;
    }
    return false;
}

/* Each that is missing once, whatever boards want it. */
static void check_wanted(struct look *look, const GArray *controllers)
{
    for (guint i = 0; look->bench && i < look->bench->boards->len; i++) {
        const struct rig_bench_board *board = look->bench->boards->pdata[i];
        const char *adapter;
        g_autofree char *text = NULL;

        if (!is_over_ble(board))
            continue;
        adapter = board->spec->ble->adapter;
        if (user_of(look->bench, adapter) != board || is_among(controllers, adapter))
            continue;
        text = g_strdup_printf(
            "there is no '%s', which board '%s' is reached through: plug it in, or name another "
            "one with `ble: {adapter: ...}`",
            adapter, board->name);
        say(look->doctor, "adapter", "missing", text);
    }
}

/* Returns whether this kernel has Bluetooth at all. */
static bool check_adapters(struct look *look)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) controllers = rig_bluez_controllers("/sys", &error);

    if (!controllers) {
        say(look->doctor, "adapter", lacking(look), error->message);
        return false;
    }
    if (controllers->len == 0 && !look->bench)
        say(look->doctor, "adapter", "note",
            "there is none: plug in one of Bluetooth 4.0 or later, where boards are to be reached "
            "over the air");
    for (guint i = 0; i < controllers->len; i++)
        judge_controller(look, &g_array_index(controllers, struct rig_bluez_controller, i));
    check_wanted(look, controllers);
    return true;
}

/* --- */

static void check_captures(struct look *look)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (rig_capture_permitted(&error)) {
        say(look->doctor, "captures", "ok", "this user may listen to the kernel's monitor channel");
        return;
    }
    text = g_strdup_printf("%s; without it no packets are kept and a lost bond is concluded from two dropped "
                           "connections only: sudo setcap cap_net_raw+ep $(which bootrig)",
                           error->message);
    say(look->doctor, "captures", "note", text);
}

static void check_kernel(struct look *look)
{
    struct utsname system;

    look->what = "kernel";
    look->where = "";
    if (uname(&system) == 0)
        rig_bluez_judge_kernel(system.release, system.version, on_remark, look);
}

static void check_bluetooth(struct rig_doctor *doctor, const struct rig_bench *bench)
{
    struct look look = {.doctor = doctor, .bench = bench, .what = "", .where = ""};

    check_daemon(&look);
    if (check_adapters(&look))
        check_captures(&look);
    check_kernel(&look);
}

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
        say(doctor, "usb", "missing", text);
    } else if (devices->len == 0) {
        say(doctor, "usb", "not checked",
            "no relay, YKUSH or hub is attached; 'bootrig doctor --udev-rules' prints the rules for them");
    } else if (n_denied) {
        text = g_strdup_printf("%u of %u relays and hubs cannot be opened; install the rules that 'bootrig "
                               "doctor --udev-rules' prints",
                               n_denied, devices->len);
        say(doctor, "usb", "missing", text);
    } else {
        text = g_strdup_printf("%u relays and hubs, all can be opened", devices->len);
        say(doctor, "usb", "ok", text);
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
        say(doctor, "serial", "ok", "root may open serial ports; a user needs the group dialout");
    else if (in_group("dialout"))
        say(doctor, "serial", "ok", "this user is in the group dialout");
    else
        say(doctor, "serial", "missing",
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
        .within_us = WITHIN_US, .max_output = MAX_OUTPUT, .with_stderr = true};

    if (!found) {
        say(doctor, "openocd", "missing", "not found in PATH: sudo apt install openocd");
        return;
    }
    if (!rig_process_run(argv, &limits, said, &exit_code, NULL) || !read_version(said->str, &major, &minor)) {
        say(doctor, "openocd", "missing", "'openocd --version' does not tell a version; is it OpenOCD?");
        return;
    }
    text = g_strdup_printf("version %u.%u%s", major, minor,
                           major == OPENOCD_MAJOR && minor < OPENOCD_MINOR
                               ? ": too old, 0.12 or later is wanted (Debian 12 has it)"
                               : "");
    say(doctor, "openocd", major > OPENOCD_MAJOR || minor >= OPENOCD_MINOR ? "ok" : "missing", text);
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
        say(doctor, "locks", "note", remedy);
    else
        say(doctor, "locks", directory ? "ok" : "missing", directory ? directory : error->message);
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
    const struct rig_link_spec *link = board->spec->link;

    use->usb |= is_driver(board, usb);
    use->serial |= is_driver(board, serial) || board->spec->console || (link && link->serial);
    use->openocd |= board->spec->probe != NULL;
    use->bluetooth |= is_over_ble(board);
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
        check_bluetooth(&doctor, bench);
    check_locks(&doctor);
    return doctor.missing ? RIG_EXIT_ERROR : RIG_EXIT_PASSED;
}
