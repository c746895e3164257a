/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of bench files: tables only. */
#include "bench/bench.h"
#include "bench/power_shape.h"

static const struct rig_field probe_fields[] = {
    {.name = "config",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .about = "OpenOCD configuration files, in their order."},
    {.name = "commands",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .about = "OpenOCD commands after these files, such as 'adapter speed 1000'."},
    {.name = "serial", .type = RIG_TYPE_NAME, .about = "Serial number of the probe."},
    {.name = "server",
     .type = RIG_TYPE_TEXT,
     .about = "An OpenOCD that runs already: HOST:PORT of its TCL port."},
    {.name = "reset-pin",
     .type = RIG_TYPE_FLAG,
     .default_text = "true",
     .about = "The probe's reset line is wired. Without it a board that is off cannot be looked at."},
};
static const char *const config_or_server[] = {"config", "server", NULL};
static const struct rig_shape probe_shape = {.name = "probe",
                                             .fields = probe_fields,
                                             .n_fields = G_N_ELEMENTS(probe_fields),
                                             .exactly_one = config_or_server};

static const struct rig_field ble_fields[] = {
    {.name = "address", .type = RIG_TYPE_ADDRESS, .about = "Bluetooth address of the board."},
    {.name = "name", .type = RIG_TYPE_TEXT, .about = "Advertised name, where the address changes."},
    {.name = "by-service",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Found by the update service that it advertises; no other board in reach may do so."},
    {.name = "adapter", .type = RIG_TYPE_NAME, .default_text = "hci0", .about = "The host's adapter."},
    {.name = "or-next-address",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "It may also advertise at its address + 1, as some bootloaders do."},
    {.name = "refresh",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "The host forgets the board before each connection, its bond and its cached services."},
};
static const char *const ways_to_find[] = {"address", "name", "by-service", NULL};
static const struct rig_shape ble_shape = {
    .name = "ble", .fields = ble_fields, .n_fields = G_N_ELEMENTS(ble_fields), .at_least_one = ways_to_find};

static const struct rig_field console_fields[] = {
    {.name = "tty",
     .type = RIG_TYPE_TEXT,
     .required = true,
     .about = "Serial port; a name below /dev/serial/by-id stays."},
    {.name = "baud",
     .type = RIG_TYPE_COUNT,
     .default_text = "115200",
     .min = 9600,
     .max = 4000000,
     .about = "Line rate."},
};
static const struct rig_shape console_shape = {.name = "console",
                                               .fields = console_fields,
                                               .n_fields = G_N_ELEMENTS(console_fields),
                                               .shorthand = "tty"};

static const struct rig_field rtt_fields[] = {
    {.name = "address",
     .type = RIG_TYPE_COUNT,
     .default_text = "0x20000000",
     .max = 0xffffffffu,
     .about = "Where the search for the control block begins."},
    {.name = "size",
     .type = RIG_TYPE_SIZE,
     .default_text = "64KiB",
     .min = 64,
     .max = 1u << 24,
     .about = "How far it goes. Bootloader and application have a block each: name the range of the one that "
              "prints the boot line."},
    {.name = "channel", .type = RIG_TYPE_COUNT, .default_text = "0", .max = 15, .about = "Up-channel."},
};
static const struct rig_shape rtt_shape = {
    .name = "rtt", .fields = rtt_fields, .n_fields = G_N_ELEMENTS(rtt_fields), .shorthand = "address"};
static const struct rig_field board_console_fields[] = {
    {.name = "tty", .type = RIG_TYPE_TEXT, .about = "Serial port; a name below /dev/serial/by-id stays."},
    {.name = "baud",
     .type = RIG_TYPE_COUNT,
     .default_text = "115200",
     .min = 9600,
     .max = 4000000,
     .about = "Line rate of the port."},
    {.name = "rtt",
     .type = RIG_TYPE_RECORD,
     .shape = &rtt_shape,
     .about = "No port: SEGGER RTT, through openocd. Lines come some 10 ms late."},
};
static const char *const tty_or_rtt[] = {"tty", "rtt", NULL};
static const struct rig_shape board_console_shape = {.name = "console",
                                                     .fields = board_console_fields,
                                                     .n_fields = G_N_ELEMENTS(board_console_fields),
                                                     .shorthand = "tty",
                                                     .exactly_one = tty_or_rtt};

static const struct rig_field udp_fields[] = {
    {.name = "address", .type = RIG_TYPE_TEXT, .required = true, .about = "HOST:PORT of its SMP server."},
};
static const struct rig_shape udp_shape = {
    .name = "udp", .fields = udp_fields, .n_fields = G_N_ELEMENTS(udp_fields), .shorthand = "address"};
static const struct rig_field link_fields[] = {
    {.name = "udp", .type = RIG_TYPE_RECORD, .shape = &udp_shape, .about = "SMP over UDP."},
    {.name = "serial",
     .type = RIG_TYPE_RECORD,
     .shape = &console_shape,
     .about = "SMP over a serial line, in the framing of the console."},
};
static const struct rig_shape link_shape = {
    .name = "link", .fields = link_fields, .n_fields = G_N_ELEMENTS(link_fields)};

static const struct rig_field start_fields[] = {
    {.name = "program",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .required = true,
     .about = "Program and arguments, no shell. $bootrig is this program, $bench the folder of this file, "
              "$targets that of the shipped targets, $folder one of the run's own."},
    {.name = "ready",
     .type = RIG_TYPE_LINE,
     .about =
         "The line of its standard output that says that it is ready. Lines 'NAME VALUE' before it may be "
         "used as $NAME in the other fields of the board."},
    {.name = "within",
     .type = RIG_TYPE_DURATION,
     .default_text = "10s",
     .min = 1000,
     .max = 600000000,
     .about = "Until then it is ready."},
};
const struct rig_shape rig_bench_start_shape = {
    .name = "start", .fields = start_fields, .n_fields = G_N_ELEMENTS(start_fields), .shorthand = "program"};

static const struct rig_field board_fields[] = {
    {.name = "board", .type = RIG_TYPE_NAME, .required = true, .about = "Name of the board on this bench."},
    {.name = "about", .type = RIG_TYPE_TEXT, .about = "One sentence for people."},
    {.name = "tags", .type = RIG_TYPE_NAME, .list = true, .about = "Words to choose boards by."},
    {.name = "target",
     .type = RIG_TYPE_TEXT,
     .about = "What it is: NAME of a shipped target, or FILE (has a '/'; from the folder of this file)."},
    {.name = "start",
     .type = RIG_TYPE_RECORD,
     .shape = &rig_bench_start_shape,
     .list = true,
     .about = "Programs that run as long as the board is used: an emulator, a server."},
    {.name = "power",
     .type = RIG_TYPE_VARIANT,
     .shape = &rig_power_shape,
     .about = "How its supply is switched: one driver and its fields."},
    {.name = "probe", .type = RIG_TYPE_RECORD, .shape = &probe_shape, .about = "Its debug probe."},
    {.name = "link",
     .type = RIG_TYPE_VARIANT,
     .shape = &link_shape,
     .about = "How its update server is reached, where that is not Bluetooth LE."},
    {.name = "ble",
     .type = RIG_TYPE_RECORD,
     .shape = &ble_shape,
     .about = "How it is reached over Bluetooth LE."},
    {.name = "console", .type = RIG_TYPE_RECORD, .shape = &board_console_shape, .about = "Its console."},
};
const struct rig_shape rig_bench_board_shape = {
    .name = "board", .fields = board_fields, .n_fields = G_N_ELEMENTS(board_fields)};

static const struct rig_field bench_fields[] = {
    {.name = "bench", .type = RIG_TYPE_NAME, .required = true, .about = "Name of the bench."},
    {.name = "about", .type = RIG_TYPE_TEXT, .about = "One sentence for people."},
    {.name = "boards",
     .type = RIG_TYPE_RECORD,
     .shape = &rig_bench_board_shape,
     .list = true,
     .required = true,
     .about = "The boards on it."},
};
const struct rig_shape rig_bench_shape = {
    .name = "bench", .fields = bench_fields, .n_fields = G_N_ELEMENTS(bench_fields)};
