/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up serial devices behind pseudo terminals: an LCUS relay and a PPK2, each with ways to misbehave. */
#ifndef RIG_TESTS_PTY_DEVICES_H
#define RIG_TESTS_PTY_DEVICES_H

#include <glib.h>
#include <stdbool.h>

enum pty_fault { PTY_FINE, PTY_SILENT, PTY_GARBAGE, PTY_HALF, PTY_STUCK, PTY_KEEPS_FLOWING };

struct pty_device;
struct pty_device *pty_lcus_new(enum pty_fault fault);
/* load_ua flows while it is on; with PTY_KEEPS_FLOWING also after it was switched off, as from a second
 * supply. was_streaming: it still sends samples of a program that died. */
struct pty_device *pty_ppk2_new(enum pty_fault fault, double load_ua, bool was_streaming);
const char *pty_device_path(const struct pty_device *device);
guint pty_device_states(struct pty_device *device);     /* bit 0 = on */
guint pty_device_millivolts(struct pty_device *device); /* PPK2: what the regulator was set to */
gint64 pty_device_off_at_us(struct pty_device *device); /* monotonic time of the last switch off */
void pty_device_unplug(struct pty_device *device);
void pty_device_free(struct pty_device *device);

#endif
