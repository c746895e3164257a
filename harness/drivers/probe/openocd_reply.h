/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What openocd's answers mean. Pure functions on text that may be anything: each says false to what it does
 * not understand. */
#ifndef RIG_DRIVERS_PROBE_OPENOCD_REPLY_H
#define RIG_DRIVERS_PROBE_OPENOCD_REPLY_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* "-4 went wrong" -> -4, "went wrong" (inside text). */
bool rig_openocd_parse_result(const char *text, gint64 *code, const char **value);

/* "0x12 0x34" -> bytes; false unless there are exactly n. For the answer of read_memory with width 8, and of
 * `st-link cmd`. */
bool rig_openocd_parse_bytes(const char *text, guint8 *into, gsize n_bytes);

struct rig_openocd_version {
    guint major;
    guint minor;
    guint patch;
};
/* "Open On-Chip Debugger 0.12.0+dev-1234", also with a vendor's name before it and without a patch level. */
bool rig_openocd_parse_version(const char *text, struct rig_openocd_version *version);
/* read_memory, and `tcl_port pipe` with the rules this driver goes by, are there from 0.12.0 on. [CAP openocd
 * 0.12.0] */
bool rig_openocd_version_will_do(const struct rig_openocd_version *version);

/* The eight bytes that an ST-LINK answers to F7: two readings of its converter, the 1.2 V reference and half
 * of VTref. [SRC openocd src/jtag/drivers/stlink_usb.c] */
bool rig_openocd_stlink_voltage(const guint8 answer[8], guint *mv);
/* "... VTarget = 3.300 V ..." of `jlink hwstatus`. [SRC openocd src/jtag/drivers/jlink.c] */
bool rig_openocd_parse_jlink_voltage(const char *text, guint *mv);

G_END_DECLS

#endif
