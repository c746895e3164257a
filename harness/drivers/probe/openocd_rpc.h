/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenOCD's TCL interface as a client must use it: one command, one answer, a deadline, and failures that are
 * seen. Facts: [CAP openocd 0.12.0], [SRC openocd src/server/tcl_server.c]: frames end with 0x1a; a failed
 * command answers with an empty text, so each one is wrapped in `catch`; `capture` is never used, because any
 * log line replaces its result. */
#ifndef RIG_DRIVERS_PROBE_OPENOCD_RPC_H
#define RIG_DRIVERS_PROBE_OPENOCD_RPC_H

#include "drivers/probe/chip.h"

G_BEGIN_DECLS

#define RIG_OPENOCD_COMMAND_MS                                                                               \
    12000u /* a target without power keeps `reset run` busy for 5.6 s on a bit-level adapter */

/* All texts are borrowed and must outlive the client. */
struct rig_openocd_config {
    const char *program;          /* NULL: "openocd" */
    const char *const *arguments; /* -f FILE, -c COMMAND ...; NULL-terminated. Started with them, and with its
                                     tcl port on stdin and stdout */
    const char *host; /* with port: a server that runs already; program and arguments are not used */
    guint16 port;     /* 0: start one */
    const char
        *log_path;  /* openocd's own log is appended there; NULL: lost, and errors then carry no reason */
    guint start_ms; /* from start to the first answer; 0: 10000 */
    /* For the probe role: a board that is another one is refused before anything is done to it. */
    const char *expect_chip;          /* a name of chip.h; NULL: not checked */
    struct rig_chip_word expect_word; /* any word of the chip's own; mask 0: not checked */
    guint32 expect_dpidr;             /* of the SW-DP; 0: not checked. SWD only */
};

struct rig_openocd;

/* Nothing is started or connected yet. */
struct rig_openocd *rig_openocd_new(const struct rig_openocd_config *config);
void rig_openocd_free(struct rig_openocd *openocd);
typedef struct rig_openocd rig_openocd;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_openocd, rig_openocd_free)

/* Starts or connects unless that is done, and waits for the first answer (the port answers before init is
 * finished, so that is the proof of readiness). The target must have power: openocd ends itself when it
 * starts without one. RIG_ERROR_DEVICE with the reason from the log: also when it is no openocd, or one
 * before 0.12.0. */
bool rig_openocd_ready(struct rig_openocd *openocd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends a started one (a hung one the hard way), or disconnects. The next command starts anew. */
void rig_openocd_end(struct rig_openocd *openocd);
bool rig_openocd_is_started(const struct rig_openocd *openocd);
/* Counts starts and connections: what was set up inside openocd is gone when it changes. 0:
 * none runs. */
guint rig_openocd_session(const struct rig_openocd *openocd);

/* One command; *result (may be NULL) is its value, owned by the caller. Braces in it must be balanced.
 * RIG_ERROR_DEVICE: it failed, with code and the last error of the log; or openocd did not answer, died or
 * talked nonsense, and then it was ended. */
bool rig_openocd_command(struct rig_openocd *openocd, guint timeout_ms, char **result, GError **error,
                         const char *format, ...) G_GNUC_PRINTF(5, 6) G_GNUC_WARN_UNUSED_RESULT;

/* --- what answers mean. Pure functions on text that may be anything: each says false to what it does not
 * understand --- */

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
