/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A serial port: raw bytes, 8N1, for this process alone, every call with a deadline. */
#ifndef RIG_TRANSPORT_SERIAL_H
#define RIG_TRANSPORT_SERIAL_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_serial;

/* baud: one that termios knows (9600 .. 4000000), else RIG_ERROR_INPUT. Takes the port for itself (TIOCEXCL
 * and a lock that dies with the process) and throws away what had come before. RIG_ERROR_DEVICE names the
 * port and the remedy: missing, busy, no permission, not a serial port. Neither opening nor closing touches
 * the modem lines on purpose, but a driver may (HUPCL is off). */
struct rig_serial *rig_serial_open(const char *path, guint baud, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As above; a port that another program uses is tried again until wait_ms are over. */
struct rig_serial *rig_serial_open_shared(const char *path, guint baud, guint wait_ms,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_serial_free(struct rig_serial *serial);
typedef struct rig_serial rig_serial;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_serial, rig_serial_free)

/* What a name of a port leads to, so that two names of one port are the same text: "/dev/serial/by-id/..." ->
 * "/dev/ttyACM0". As it is where that is not there. Owned by the caller. */
char *rig_serial_device(const char *path);
const char *rig_serial_path(const struct rig_serial *serial);
/* It was unplugged: nothing will work any more. */
bool rig_serial_is_gone(const struct rig_serial *serial);

/* Hands all bytes to the kernel, or RIG_ERROR_DEVICE. */
bool rig_serial_write(struct rig_serial *serial, const void *bytes, gsize n_bytes, guint timeout_ms,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is there, at least one byte; true with *n_read 0: nothing came in time. RIG_ERROR_DEVICE: unplugged.
 */
bool rig_serial_read(struct rig_serial *serial, void *bytes, gsize n_max, guint timeout_ms, gsize *n_read,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Throws away what comes until the line is quiet for quiet_ms; RIG_ERROR_DEVICE when it does not become quiet
 * within limit_ms. */
bool rig_serial_drain(struct rig_serial *serial, guint quiet_ms, guint limit_ms,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
