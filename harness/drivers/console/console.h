/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board's console on a serial port. A thread of its own reads it, so that each line has the instant of its
 * arrival and a line can be acted upon at once, whatever else the run is doing. */
#ifndef RIG_DRIVERS_CONSOLE_CONSOLE_H
#define RIG_DRIVERS_CONSOLE_CONSOLE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_CONSOLE_MAX_LINE_BYTES 4096u /* a longer one is told in pieces */
#define RIG_CONSOLE_MAX_LINES 20000u     /* that wait to be taken; later ones are dropped */

struct rig_console;

/* As rig_serial_open(); what came before is thrown away. */
struct rig_console *rig_console_open(const char *tty, guint baud, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_console_free(struct rig_console *console);
typedef struct rig_console rig_console;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_console, rig_console_free)

/* The next line without its end, NUL bytes left out, owned by the caller; at_us: g_get_monotonic_time() of its
 * end. NULL: none waits. */
char *rig_console_take(struct rig_console *console, gint64 *at_us);
/* Readable while lines wait, or when the port is gone. */
int rig_console_fd(const struct rig_console *console);
/* Unplugged: false with RIG_ERROR_DEVICE that names the port. */
bool rig_console_is_there(struct rig_console *console, GError **error);
/* When the last byte came; 0: none yet. */
gint64 rig_console_last_us(struct rig_console *console);

/* Calls `seen` once, in the console's own thread, as soon as a line holds `piece` (before its end has come).
 * The text is copied; a new watch takes the place of the one before. */
typedef void (*rig_console_seen)(void *user, gint64 at_us);
void rig_console_watch(struct rig_console *console, const char *piece, rig_console_seen seen, void *user);
/* After this `seen` does not run any more. */
void rig_console_forget(struct rig_console *console);

G_END_DECLS

#endif
