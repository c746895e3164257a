/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Bluetooth part of `bootrig doctor`: only looks, powers and changes nothing. */
#include "cli/doctor.h"

#include "capture/capture.h"
#include "drivers/bluez/bus.h"
#include "drivers/bluez/controllers.h"
#include "drivers/bluez/settings.h"
#include "drivers/board/clock_board.h"
#include "transport/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

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

bool rig_doctor_is_over_ble(const struct rig_bench_board *board)
{
    return !rig_record_get(board->record, "link") && rig_record_get(board->record, "ble");
}

static void on_remark(void *user, bool serious, const char *text)
{
    struct look *look = user;
    g_autofree char *said = g_strconcat(look->where, text, NULL);

    look->n_remarks++;
    rig_doctor_say(look->doctor, look->what, serious ? lacking(look) : "note", said);
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
    const struct rig_run_limits limits = {.within_us = RIG_DOCTOR_WITHIN_US,
                                          .max_output = RIG_DOCTOR_MAX_OUTPUT};
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

    rig_doctor_say(look->doctor, "bluetooth", "ok", text);
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
        rig_doctor_say(look->doctor, look->what, "ok", path);
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
        rig_doctor_say(look->doctor, "bluetooth", lacking(look),
                       "bluetoothd is not installed: sudo apt install bluez");
    } else {
        rig_doctor_say(look->doctor, "bluetooth", lacking(look), error->message);
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

        if (rig_doctor_is_over_ble(board) &&
            strcmp(rig_record_text(rig_record_get(board->record, "ble")->record, "adapter"), adapter) == 0)
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
    rig_doctor_say(look->doctor, "adapter", !fault ? "ok" : board ? "missing" : "note", text);
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

        if (!rig_doctor_is_over_ble(board))
            continue;
        adapter = rig_record_text(rig_record_get(board->record, "ble")->record, "adapter");
        if (user_of(look->bench, adapter) != board || is_among(controllers, adapter))
            continue;
        text = g_strdup_printf(
            "there is no '%s', which board '%s' is reached through: plug it in, or name another "
            "one with `ble: {adapter: ...}`",
            adapter, board->name);
        rig_doctor_say(look->doctor, "adapter", "missing", text);
    }
}

/* Returns whether this kernel has Bluetooth at all. */
static bool check_adapters(struct look *look)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) controllers = rig_bluez_controllers("/sys", &error);

    if (!controllers) {
        rig_doctor_say(look->doctor, "adapter", lacking(look), error->message);
        return false;
    }
    if (controllers->len == 0 && !look->bench)
        rig_doctor_say(look->doctor, "adapter", "note",
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
        rig_doctor_say(look->doctor, "captures", "ok",
                       "this user may listen to the kernel's monitor channel");
        return;
    }
    text = g_strdup_printf("%s; without it no packets are kept and a lost bond is concluded from two dropped "
                           "connections only: sudo setcap cap_net_raw+ep $(which bootrig)",
                           error->message);
    rig_doctor_say(look->doctor, "captures", "note", text);
}

static void check_kernel(struct look *look)
{
    struct utsname system;

    look->what = "kernel";
    look->where = "";
    if (uname(&system) == 0)
        rig_bluez_judge_kernel(system.release, system.version, on_remark, look);
}

void rig_doctor_check_bluetooth(struct rig_doctor *doctor, const struct rig_bench *bench)
{
    struct look look = {.doctor = doctor, .bench = bench, .what = "", .where = ""};

    check_daemon(&look);
    if (check_adapters(&look))
        check_captures(&look);
    check_kernel(&look);
}
