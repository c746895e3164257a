/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of bench files: tables only. */
#include "bench/bench.h"
#include "bench/power_shape.h"

static const struct rig_field probe_fields[] = {
    RIG_FIELD("config", TEXT, struct rig_probe_spec, config, .list = true,
              .about = "OpenOCD configuration files, in their order."),
    RIG_FIELD("commands", TEXT, struct rig_probe_spec, commands, .list = true,
              .about = "OpenOCD commands after these files, such as 'adapter speed 1000'."),
    RIG_FIELD("serial", NAME, struct rig_probe_spec, serial, .about = "Serial number of the probe."),
    RIG_FIELD("server", TEXT, struct rig_probe_spec, server,
              .about = "An OpenOCD that runs already: HOST:PORT of its TCL port."),
    RIG_FIELD("reset-pin", FLAG, struct rig_probe_spec, reset_pin, .default_text = "true",
              .about =
                  "The probe's reset line is wired. Without it a board that is off cannot be looked at."),
};
static const char *const config_or_server[] = {"config", "server", NULL};
static const struct rig_shape probe_shape = {RIG_SHAPE("probe", probe_fields, struct rig_probe_spec),
                                             RIG_NODE(struct rig_probe_spec, node),
                                             .exactly_one = config_or_server};

static const struct rig_field ble_fields[] = {
    RIG_FIELD("address", ADDRESS, struct rig_ble_spec, address, .about = "Bluetooth address of the board."),
    RIG_FIELD("name", TEXT, struct rig_ble_spec, name,
              .about = "Advertised name, where the address changes."),
    RIG_FIELD("by-service", FLAG, struct rig_ble_spec, by_service, .default_text = "false",
              .about = "Found by the update service that it advertises; no other board in reach may do so."),
    RIG_FIELD("adapter", NAME, struct rig_ble_spec, adapter, .default_text = "hci0",
              .about = "The host's adapter."),
    RIG_FIELD("or-next-address", FLAG, struct rig_ble_spec, or_next_address, .default_text = "false",
              .about = "It may also advertise at its address + 1, as some bootloaders do."),
    RIG_FIELD("refresh", FLAG, struct rig_ble_spec, refresh, .default_text = "false",
              .about =
                  "The host forgets the board before each connection, its bond and its cached services."),
};
static const char *const ways_to_find[] = {"address", "name", "by-service", NULL};
static const struct rig_shape ble_shape = {RIG_SHAPE("ble", ble_fields, struct rig_ble_spec),
                                           RIG_NODE(struct rig_ble_spec, node), .at_least_one = ways_to_find};

static const struct rig_field console_fields[] = {
    RIG_FIELD("tty", TEXT, struct rig_serial_spec, tty, .required = true,
              .about = "Serial port; a name below /dev/serial/by-id stays."),
    RIG_FIELD("baud", COUNT, struct rig_serial_spec, baud, .default_text = "115200", .min = 9600,
              .max = 4000000, .about = "Line rate."),
};
static const struct rig_shape console_shape = {RIG_SHAPE("console", console_fields, struct rig_serial_spec),
                                               RIG_NODE(struct rig_serial_spec, node), .shorthand = "tty"};

static const struct rig_field rtt_fields[] = {
    RIG_FIELD("address", COUNT, struct rig_rtt_spec, address, .default_text = "0x20000000",
              .max = 0xffffffffu, .about = "Where the search for the control block begins."),
    RIG_FIELD(
        "size", SIZE, struct rig_rtt_spec, n_bytes, .default_text = "64KiB", .min = 64, .max = 1u << 24,
        .about =
            "How far it goes. Bootloader and application have a block each: name the range of the one that "
            "prints the boot line."),
    RIG_FIELD("channel", COUNT, struct rig_rtt_spec, channel, .default_text = "0", .max = 15,
              .about = "Up-channel."),
};
static const struct rig_shape rtt_shape = {RIG_SHAPE("rtt", rtt_fields, struct rig_rtt_spec),
                                           .shorthand = "address"};
static const struct rig_field board_console_fields[] = {
    RIG_FIELD("tty", TEXT, struct rig_console_spec, tty,
              .about = "Serial port; a name below /dev/serial/by-id stays."),
    RIG_FIELD("baud", COUNT, struct rig_console_spec, baud, .default_text = "115200", .min = 9600,
              .max = 4000000, .about = "Line rate of the port."),
    RIG_STRUCT_FIELD("rtt", RECORD, struct rig_console_spec, rtt, struct rig_rtt_spec, &rtt_shape,
                     .about = "No port: SEGGER RTT, through openocd. Lines come some 10 ms late."),
};
static const char *const tty_or_rtt[] = {"tty", "rtt", NULL};
static const struct rig_shape board_console_shape = {
    RIG_SHAPE("console", board_console_fields, struct rig_console_spec),
    RIG_NODE(struct rig_console_spec, node), .shorthand = "tty", .exactly_one = tty_or_rtt};

static const struct rig_field udp_fields[] = {
    RIG_FIELD("address", TEXT, struct rig_udp_spec, address, .required = true,
              .about = "HOST:PORT of its SMP server."),
};
static const struct rig_shape udp_shape = {RIG_SHAPE("udp", udp_fields, struct rig_udp_spec),
                                           RIG_NODE(struct rig_udp_spec, node), .shorthand = "address"};
static const struct rig_field link_fields[] = {
    RIG_STRUCT_FIELD("udp", RECORD, struct rig_link_spec, udp, struct rig_udp_spec, &udp_shape,
                     .about = "SMP over UDP."),
    RIG_STRUCT_FIELD("serial", RECORD, struct rig_link_spec, serial, struct rig_serial_spec, &console_shape,
                     .about = "SMP over a serial line, in the framing of the console."),
};
static const struct rig_shape link_shape = {RIG_SHAPE("link", link_fields, struct rig_link_spec)};

static const struct rig_field start_fields[] = {
    RIG_FIELD(
        "program", TEXT, struct rig_start_spec, program, .list = true, .required = true,
        .about = "Program and arguments, no shell. $bootrig is this program, $bench the folder of this file, "
                 "$targets that of the shipped targets, $folder one of the run's own."),
    RIG_FIELD(
        "ready", LINE, struct rig_start_spec, ready,
        .about =
            "The line of its standard output that says that it is ready. Lines 'NAME VALUE' before it may be "
            "used as $NAME in the other fields of the board."),
    RIG_FIELD("within", DURATION, struct rig_start_spec, within_us, .default_text = "10s", .min = 1000,
              .max = 600000000, .about = "Until then it is ready."),
};
const struct rig_shape rig_bench_start_shape = {RIG_SHAPE("start", start_fields, struct rig_start_spec),
                                                RIG_NODE(struct rig_start_spec, node),
                                                .shorthand = "program"};

static const struct rig_field board_fields[] = {
    RIG_FIELD("board", NAME, struct rig_bench_board_spec, name, .required = true,
              .about = "Name of the board on this bench."),
    RIG_FIELD("about", TEXT, struct rig_bench_board_spec, about, .about = "One sentence for people."),
    RIG_FIELD("tags", NAME, struct rig_bench_board_spec, tags, .list = true,
              .about = "Words to choose boards by."),
    RIG_FIELD("target", TEXT, struct rig_bench_board_spec, target,
              .about =
                  "What it is: NAME of a shipped target, or FILE (has a '/'; from the folder of this file)."),
    RIG_STRUCT_FIELD("start", RECORD, struct rig_bench_board_spec, start, struct rig_start_spec,
                     &rig_bench_start_shape, .list = true,
                     .about = "Programs that run as long as the board is used: an emulator, a server."),
    RIG_FIELD("power", VARIANT, struct rig_bench_board_spec, power, .shape = &rig_power_shape,
              .about = "How its supply is switched: one driver and its fields."),
    RIG_FIELD("button", VARIANT, struct rig_bench_board_spec, button, .shape = &rig_power_shape,
              .about = "What presses its button while it is on: a relay across it, a GPIO by a command."),
    RIG_STRUCT_FIELD("probe", RECORD, struct rig_bench_board_spec, probe, struct rig_probe_spec, &probe_shape,
                     .about = "Its debug probe."),
    RIG_STRUCT_FIELD("link", VARIANT, struct rig_bench_board_spec, link, struct rig_link_spec, &link_shape,
                     .about = "How its update server is reached, where that is not Bluetooth LE."),
    RIG_STRUCT_FIELD("ble", RECORD, struct rig_bench_board_spec, ble, struct rig_ble_spec, &ble_shape,
                     .about = "How it is reached over Bluetooth LE."),
    RIG_STRUCT_FIELD("console", RECORD, struct rig_bench_board_spec, console, struct rig_console_spec,
                     &board_console_shape, .about = "Its console."),
};
const struct rig_shape rig_bench_board_shape = {RIG_SHAPE("board", board_fields, struct rig_bench_board_spec),
                                                RIG_NODE(struct rig_bench_board_spec, node)};

static const struct rig_field bench_fields[] = {
    RIG_FIELD("bench", NAME, struct rig_bench_spec, name, .required = true, .about = "Name of the bench."),
    RIG_FIELD("about", TEXT, struct rig_bench_spec, about, .about = "One sentence for people."),
    RIG_STRUCT_FIELD("boards", RECORD, struct rig_bench_spec, boards, struct rig_bench_board_spec,
                     &rig_bench_board_shape, .list = true, .required = true, .about = "The boards on it."),
};
const struct rig_shape rig_bench_shape = {RIG_SHAPE("bench", bench_fields, struct rig_bench_spec)};
