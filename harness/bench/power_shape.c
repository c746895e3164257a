/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of power channels: tables only, and the text that makes two equal ones equal. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "bench/power_shape.h"

#include <stdlib.h>
#include <string.h>

static const char *const ykush_outputs[] = {"5v", NULL};
static const char *const off_ways[] = {"stop", "quit", NULL};
static const char *const identity_or_port[] = {"identity", "port", NULL};
static const char *const tty_or_serial[] = {"tty", "serial", NULL};

#define PORT_FIELD                                                                                           \
    {                                                                                                        \
        .name = "port", .type = RIG_TYPE_TEXT,                                                               \
        .about = "USB port that the device is plugged into, as 'bootrig power list' shows it (1-1.4)."       \
    }
#define CHANNEL_FIELD(last)                                                                                  \
    {                                                                                                        \
        .name = "channel", .type = RIG_TYPE_COUNT, .default_text = "1", .min = 1, .max = (last),             \
        .about = "Relay of the board, from 1."                                                               \
    }

static const struct rig_field hid_relay_fields[] = {
    {.name = "identity",
     .type = RIG_TYPE_NAME,
     .about = "The five characters that the board keeps, as 'bootrig power list' shows them."},
    PORT_FIELD,
    CHANNEL_FIELD(8),
};
static const struct rig_shape hid_relay_shape = {.name = "hid-relay",
                                                 .fields = hid_relay_fields,
                                                 .n_fields = G_N_ELEMENTS(hid_relay_fields),
                                                 .at_least_one = identity_or_port};

static const struct rig_field lcus_fields[] = {
    {.name = "tty",
     .type = RIG_TYPE_TEXT,
     .required = true,
     .about = "Serial port of the board; a name below /dev/serial/by-path stays."},
    CHANNEL_FIELD(8),
    {.name = "status",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "The board answers FF with its states (most of one channel do not)."},
};
static const struct rig_shape lcus_shape = {
    .name = "lcus", .fields = lcus_fields, .n_fields = G_N_ELEMENTS(lcus_fields), .shorthand = "tty"};

static const struct rig_field lcus_hid_fields[] = {
    PORT_FIELD,
    CHANNEL_FIELD(8),
    {.name = "status",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "The board answers A0 0F 02 B1 with its states (4 and 8 channels do)."},
};
static const struct rig_shape lcus_hid_shape = {
    .name = "lcus-hid", .fields = lcus_hid_fields, .n_fields = G_N_ELEMENTS(lcus_hid_fields)};

static const struct rig_field ykush_fields[] = {
    {.name = "serial", .type = RIG_TYPE_NAME, .about = "USB serial number of the board (YK...)."},
    PORT_FIELD,
    {.name = "channel",
     .type = RIG_TYPE_COUNT,
     .default_text = "1",
     .choices = ykush_outputs,
     .min = 1,
     .max = 3,
     .about = "Downstream port, or the 5 V output of a YKUSH3."},
};
static const struct rig_shape ykush_shape = {
    .name = "ykush", .fields = ykush_fields, .n_fields = G_N_ELEMENTS(ykush_fields)};

static const struct rig_field hub_fields[] = {
    {.name = "hub",
     .type = RIG_TYPE_TEXT,
     .required = true,
     .about = "The hub itself: the USB port it is plugged into (1-1.4), or usb1 for a root hub."},
    {.name = "channel",
     .type = RIG_TYPE_COUNT,
     .required = true,
     .min = 1,
     .max = 31,
     .about = "Port of the hub, from 1."},
    {.name = "alone",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Do not switch the other half of a USB 3 hub too."},
    {.name = "ganged",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Switch although the hub says that its ports share one switch."},
};
static const struct rig_shape hub_shape = {
    .name = "hub", .fields = hub_fields, .n_fields = G_N_ELEMENTS(hub_fields)};

static const struct rig_field ppk2_fields[] = {
    {.name = "serial", .type = RIG_TYPE_NAME, .about = "USB serial number of the PPK2."},
    {.name = "tty", .type = RIG_TYPE_TEXT, .about = "Its serial port; a name below /dev/serial/by-id stays."},
    {.name = "millivolts",
     .type = RIG_TYPE_COUNT,
     .required = true,
     .min = 800,
     .max = 5000,
     .about = "Supply voltage. Look twice: too much destroys the board."},
    {.name = "dead-below",
     .type = RIG_TYPE_COUNT,
     .default_text = "50",
     .min = 1,
     .max = 1000000,
     .about = "Microamperes below which the board counts as without power."},
};
static const struct rig_shape ppk2_shape = {.name = "ppk2",
                                            .fields = ppk2_fields,
                                            .n_fields = G_N_ELEMENTS(ppk2_fields),
                                            .at_least_one = tty_or_serial};

static const struct rig_field command_fields[] = {
    {.name = "on",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .required = true,
     .about = "Program and arguments, no shell; exit status 0 = it is on."},
    {.name = "off", .type = RIG_TYPE_TEXT, .list = true, .required = true, .about = "The same for off."},
    {.name = "status",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .about = "Prints 'on' or 'off' in its first line."},
    {.name = "within",
     .type = RIG_TYPE_DURATION,
     .default_text = "10s",
     .min = 1000,
     .max = 600000000,
     .about = "Deadline of each call; then it is killed."},
};
static const struct rig_shape command_shape = {
    .name = "command", .fields = command_fields, .n_fields = G_N_ELEMENTS(command_fields)};

static const struct rig_field qemu_fields[] = {
    {.name = "socket",
     .type = RIG_TYPE_TEXT,
     .required = true,
     .about = "QMP socket: qemu-system-arm -qmp unix:PATH,server=on,wait=off."},
    {.name = "off",
     .type = RIG_TYPE_CHOICE,
     .choices = off_ways,
     .default_text = "stop",
     .about = "stop: the machine stands still and is reset before it goes on; quit: the emulator ends and "
              "cannot be switched on again."},
};
static const struct rig_shape qemu_shape = {
    .name = "qemu", .fields = qemu_fields, .n_fields = G_N_ELEMENTS(qemu_fields), .shorthand = "socket"};

static const struct rig_field driver_fields[] = {
    {.name = "hid-relay",
     .type = RIG_TYPE_RECORD,
     .shape = &hid_relay_shape,
     .about = "USBRelay1..8 boards (16c0:05df)."},
    {.name = "lcus",
     .type = RIG_TYPE_RECORD,
     .shape = &lcus_shape,
     .about = "LCUS and NOYITO relays on a CH340 serial port."},
    {.name = "lcus-hid",
     .type = RIG_TYPE_RECORD,
     .shape = &lcus_hid_shape,
     .about = "The same relays as HID devices (5131:2007)."},
    {.name = "ykush",
     .type = RIG_TYPE_RECORD,
     .shape = &ykush_shape,
     .about = "Yepkit YKUSH, YKUSH3, YKUSH XS switchable hubs."},
    {.name = "hub",
     .type = RIG_TYPE_RECORD,
     .shape = &hub_shape,
     .about = "Any USB hub that can switch its ports."},
    {.name = "ppk2",
     .type = RIG_TYPE_RECORD,
     .shape = &ppk2_shape,
     .about = "Nordic Power Profiler Kit II as the supply."},
    {.name = "command",
     .type = RIG_TYPE_RECORD,
     .shape = &command_shape,
     .about = "Whatever the lab has: one program for on, one for off."},
    {.name = "qemu",
     .type = RIG_TYPE_RECORD,
     .shape = &qemu_shape,
     .about = "A board in QEMU, over its QMP socket."},
};
const struct rig_shape rig_power_shape = {
    .name = "power", .fields = driver_fields, .n_fields = G_N_ELEMENTS(driver_fields)};

/* Which fields say which supply it is; the others say how it is used. */
static const struct {
    const char *driver;
    const char *const fields[4];
} told_apart_by[] = {
    {"hid-relay", {"identity", "port", "channel"}},
    {"lcus", {"tty", "channel"}},
    {"lcus-hid", {"port", "channel"}},
    {"ykush", {"serial", "port", "channel"}},
    {"hub", {"hub", "channel"}},
    {"ppk2", {"serial", "tty"}},
    {"command", {"on", "off"}},
    {"qemu", {"socket"}},
};

static void append_value(GString *key, const struct rig_value *value)
{
    if (value->is_list) {
        for (guint i = 0; i < value->items->len; i++)
            append_value(key, value->items->pdata[i]);
        return;
    }
    if (value->keyword || value->text)
        g_string_append_printf(key, " %s", value->keyword ? value->keyword : value->text);
    else
        g_string_append_printf(key, " %" G_GUINT64_FORMAT, value->count);
}

/* Two links to one serial port are one port. */
static void append_field(GString *key, const char *name, const struct rig_value *value)
{
    char *real = strcmp(name, "tty") == 0 && value->text ? realpath(value->text, NULL) : NULL;

    g_string_append_printf(key, " %s", name);
    if (real)
        g_string_append_printf(key, " %s", real);
    else
        append_value(key, value);
    free(real);
}

char *rig_power_channel_key(const struct rig_field *driver, const struct rig_record *arguments)
{
    GString *key = g_string_new(driver->name);

    for (gsize i = 0; i < G_N_ELEMENTS(told_apart_by); i++)
        for (gsize k = 0; strcmp(told_apart_by[i].driver, driver->name) == 0 && told_apart_by[i].fields[k];
             k++) {
            const struct rig_value *value = rig_record_get(arguments, told_apart_by[i].fields[k]);

            if (value)
                append_field(key, told_apart_by[i].fields[k], value);
        }
    return g_string_free(key, FALSE);
}
