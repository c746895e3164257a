/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of bluetoothd's main.conf, of its version and of the kernel's is known to bite an update over the air,
 * and what to do about it: tables, no I/O. [SRC bluez src/main.conf, src/main.c; scenarios/BLUETOOTH.md] */
#ifndef RIG_DRIVERS_BLUEZ_SETTINGS_H
#define RIG_DRIVERS_BLUEZ_SETTINGS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* serious: updates over the air do not work with it; else: they do, and this may cost an afternoon. text:
 * with the line to write; borrowed for the call. */
typedef void (*rig_bluez_remark)(void *user, bool serious, const char *text);

#define RIG_BLUEZ_MAX_CONF_BYTES (256u * 1024) /* a longer file is not main.conf */

/* text: the file's contents, whatever it holds. Keys that are not set have the daemon's defaults. */
void rig_bluez_judge_settings(const char *text, gsize n_bytes, rig_bluez_remark remark, void *user);
/* release, version: as uname(2) tells them; distributions hide the number in the second. */
void rig_bluez_judge_kernel(const char *release, const char *version, rig_bluez_remark remark, void *user);
/* "5.66", as `bluetoothd --version` prints it. */
void rig_bluez_judge_daemon(const char *version, rig_bluez_remark remark, void *user);

G_END_DECLS

#endif
