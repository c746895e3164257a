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

#define PORT_FIELD(owner)                                                                                    \
    RIG_FIELD("port", TEXT, owner, port,                                                                     \
              .about =                                                                                       \
                  "USB port that the device is plugged into, as 'bootrig power list' shows it (1-1.4).")
#define CHANNEL_FIELD(owner)                                                                                 \
    RIG_FIELD("channel", COUNT, owner, channel, .default_text = "1", .min = 1, .max = 8,                     \
              .about = "Relay of the board, from 1.")

static const struct rig_field hid_relay_fields[] = {
    RIG_FIELD("identity", NAME, struct rig_hid_relay_spec, identity,
              .about = "The five characters that the board keeps, as 'bootrig power list' shows them."),
    PORT_FIELD(struct rig_hid_relay_spec),
    CHANNEL_FIELD(struct rig_hid_relay_spec),
};
static const struct rig_shape hid_relay_shape = {
    RIG_SHAPE("hid-relay", hid_relay_fields, struct rig_hid_relay_spec), .at_least_one = identity_or_port};

static const struct rig_field lcus_fields[] = {
    RIG_FIELD("tty", TEXT, struct rig_lcus_spec, tty, .required = true,
              .about = "Serial port of the board; a name below /dev/serial/by-path stays."),
    CHANNEL_FIELD(struct rig_lcus_spec),
    RIG_FIELD("status", FLAG, struct rig_lcus_spec, status, .default_text = "false",
              .about = "The board answers FF with its states (most of one channel do not)."),
};
static const struct rig_shape lcus_shape = {RIG_SHAPE("lcus", lcus_fields, struct rig_lcus_spec),
                                            .shorthand = "tty"};

static const struct rig_field lcus_hid_fields[] = {
    PORT_FIELD(struct rig_lcus_hid_spec),
    CHANNEL_FIELD(struct rig_lcus_hid_spec),
    RIG_FIELD("status", FLAG, struct rig_lcus_hid_spec, status, .default_text = "false",
              .about = "The board answers A0 0F 02 B1 with its states (4 and 8 channels do)."),
};
static const struct rig_shape lcus_hid_shape = {
    RIG_SHAPE("lcus-hid", lcus_hid_fields, struct rig_lcus_hid_spec)};

static const struct rig_field ykush_fields[] = {
    RIG_FIELD("serial", NAME, struct rig_ykush_spec, serial,
              .about = "USB serial number of the board (YK...)."),
    PORT_FIELD(struct rig_ykush_spec),
    RIG_FIELD("channel", COUNT, struct rig_ykush_spec, channel, RIG_WORD(struct rig_ykush_spec, output),
              .default_text = "1", .choices = ykush_outputs, .min = 1, .max = 3,
              .about = "Downstream port, or the 5 V output of a YKUSH3."),
};
static const struct rig_shape ykush_shape = {RIG_SHAPE("ykush", ykush_fields, struct rig_ykush_spec)};

static const struct rig_field hub_fields[] = {
    RIG_FIELD("hub", TEXT, struct rig_hub_spec, hub, .required = true,
              .about = "The hub itself: the USB port it is plugged into (1-1.4), or usb1 for a root hub."),
    RIG_FIELD("channel", COUNT, struct rig_hub_spec, channel, .required = true, .min = 1, .max = 31,
              .about = "Port of the hub, from 1."),
    RIG_FIELD("alone", FLAG, struct rig_hub_spec, alone, .default_text = "false",
              .about = "Do not switch the other half of a USB 3 hub too."),
    RIG_FIELD("ganged", FLAG, struct rig_hub_spec, ganged, .default_text = "false",
              .about = "Switch although the hub says that its ports share one switch."),
};
static const struct rig_shape hub_shape = {RIG_SHAPE("hub", hub_fields, struct rig_hub_spec)};

static const struct rig_field ppk2_fields[] = {
    RIG_FIELD("serial", NAME, struct rig_ppk2_spec, serial, .about = "USB serial number of the PPK2."),
    RIG_FIELD("tty", TEXT, struct rig_ppk2_spec, tty,
              .about = "Its serial port; a name below /dev/serial/by-id stays."),
    RIG_FIELD("millivolts", COUNT, struct rig_ppk2_spec, millivolts, .required = true, .min = 800,
              .max = 5000, .about = "Supply voltage. Look twice: too much destroys the board."),
    RIG_FIELD("dead-below", COUNT, struct rig_ppk2_spec, dead_below, .default_text = "50", .min = 1,
              .max = 1000000, .about = "Microamperes below which the board counts as without power."),
};
static const struct rig_shape ppk2_shape = {RIG_SHAPE("ppk2", ppk2_fields, struct rig_ppk2_spec),
                                            .at_least_one = tty_or_serial};

static const struct rig_field command_fields[] = {
    RIG_FIELD("on", TEXT, struct rig_power_command_spec, on, .list = true, .required = true,
              .about = "Program and arguments, no shell; exit status 0 = it is on."),
    RIG_FIELD("off", TEXT, struct rig_power_command_spec, off, .list = true, .required = true,
              .about = "The same for off."),
    RIG_FIELD("status", TEXT, struct rig_power_command_spec, status, .list = true,
              .about = "Prints 'on' or 'off' in its first line."),
    RIG_FIELD("within", DURATION, struct rig_power_command_spec, within_us, .default_text = "10s",
              .min = 1000, .max = 600000000, .about = "Deadline of each call; then it is killed."),
};
static const struct rig_shape command_shape = {
    RIG_SHAPE("command", command_fields, struct rig_power_command_spec)};

static const struct rig_field qemu_fields[] = {
    RIG_FIELD("socket", TEXT, struct rig_qemu_supply_spec, socket, .required = true,
              .about = "QMP socket: qemu-system-arm -qmp unix:PATH,server=on,wait=off."),
    RIG_FIELD(
        "off", CHOICE, struct rig_qemu_supply_spec, off, .choices = off_ways, .default_text = "stop",
        .about = "stop: the machine stands still and is reset before it goes on; quit: the emulator ends and "
                 "cannot be switched on again."),
};
static const struct rig_shape qemu_shape = {RIG_SHAPE("qemu", qemu_fields, struct rig_qemu_supply_spec),
                                            .shorthand = "socket"};

#define DRIVER(key, its_shape, its_about)                                                                    \
    {                                                                                                        \
        .name = key, .type = RIG_TYPE_RECORD, .shape = &(its_shape), .about = its_about                      \
    }
static const struct rig_field driver_fields[] = {
    DRIVER("hid-relay", hid_relay_shape, "USBRelay1..8 boards (16c0:05df)."),
    DRIVER("lcus", lcus_shape, "LCUS and NOYITO relays on a CH340 serial port."),
    DRIVER("lcus-hid", lcus_hid_shape, "The same relays as HID devices (5131:2007)."),
    DRIVER("ykush", ykush_shape, "Yepkit YKUSH, YKUSH3, YKUSH XS switchable hubs."),
    DRIVER("hub", hub_shape, "Any USB hub that can switch its ports."),
    DRIVER("ppk2", ppk2_shape, "Nordic Power Profiler Kit II as the supply."),
    DRIVER("command", command_shape, "Whatever the lab has: one program for on, one for off."),
    DRIVER("qemu", qemu_shape, "A board in QEMU, over its QMP socket."),
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
