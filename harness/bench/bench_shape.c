/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schema of bench files: tables only. */
#include "bench/bench.h"
#include "bench/power_shape.h"

static const struct rig_field probe_fields[] = {
    {.name = "config",
     .type = RIG_TYPE_TEXT,
     .list = true,
     .about = "OpenOCD configuration files, in their order."},
    {.name = "serial", .type = RIG_TYPE_NAME, .about = "Serial number of the probe."},
    {.name = "server",
     .type = RIG_TYPE_TEXT,
     .about = "An OpenOCD that runs already: HOST:PORT of its TCL port."},
};
static const char *const config_or_server[] = {"config", "server", NULL};
static const struct rig_shape probe_shape = {.name = "probe",
                                             .fields = probe_fields,
                                             .n_fields = G_N_ELEMENTS(probe_fields),
                                             .exactly_one = config_or_server};

static const struct rig_field ble_fields[] = {
    {.name = "address", .type = RIG_TYPE_ADDRESS, .about = "Bluetooth address of the board."},
    {.name = "name", .type = RIG_TYPE_TEXT, .about = "Advertised name, where the address changes."},
    {.name = "adapter", .type = RIG_TYPE_NAME, .default_text = "hci0", .about = "The host's adapter."},
};
static const char *const address_or_name[] = {"address", "name", NULL};
static const struct rig_shape ble_shape = {.name = "ble",
                                           .fields = ble_fields,
                                           .n_fields = G_N_ELEMENTS(ble_fields),
                                           .at_least_one = address_or_name};

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

static const struct rig_field board_fields[] = {
    {.name = "board", .type = RIG_TYPE_NAME, .required = true, .about = "Name of the board on this bench."},
    {.name = "about", .type = RIG_TYPE_TEXT, .about = "One sentence for people."},
    {.name = "tags", .type = RIG_TYPE_NAME, .list = true, .about = "Words to choose boards by."},
    {.name = "power",
     .type = RIG_TYPE_VARIANT,
     .shape = &rig_power_shape,
     .about = "How its supply is switched: one driver and its fields."},
    {.name = "probe", .type = RIG_TYPE_RECORD, .shape = &probe_shape, .about = "Its debug probe."},
    {.name = "ble",
     .type = RIG_TYPE_RECORD,
     .shape = &ble_shape,
     .about = "How it is reached over Bluetooth LE."},
    {.name = "console", .type = RIG_TYPE_RECORD, .shape = &console_shape, .about = "Its console."},
};
static const struct rig_shape board_shape = {
    .name = "board", .fields = board_fields, .n_fields = G_N_ELEMENTS(board_fields)};

static const struct rig_field bench_fields[] = {
    {.name = "bench", .type = RIG_TYPE_NAME, .required = true, .about = "Name of the bench."},
    {.name = "about", .type = RIG_TYPE_TEXT, .about = "One sentence for people."},
    {.name = "boards",
     .type = RIG_TYPE_RECORD,
     .shape = &board_shape,
     .list = true,
     .required = true,
     .about = "The boards on it."},
};
const struct rig_shape rig_bench_shape = {
    .name = "bench", .fields = bench_fields, .n_fields = G_N_ELEMENTS(bench_fields)};
