/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a machine's memory through QEMU's gdb stub: QMP can save memory, and cannot load it. */
#ifndef RIG_DRIVERS_QEMU_GDB_WRITE_H
#define RIG_DRIVERS_QEMU_GDB_WRITE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* socket: path of the stub's unix socket. Connecting stops the machine, and it stays stopped.
 * RIG_ERROR_DEVICE: no answer, or the machine has no memory there. [SPEC gdb remote protocol, packet M] */
bool rig_gdb_write(const char *socket, guint32 address, const guint8 *bytes, gsize n_bytes,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
