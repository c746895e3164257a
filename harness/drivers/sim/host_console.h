/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console of a simulated board that is a process of its own: a pseudo-terminal that carries its lines
 * and, in frames among them, SMP; and what goes wrong on such wires, when it is asked for. Single-threaded.
 */
#ifndef RIG_DRIVERS_SIM_HOST_CONSOLE_H
#define RIG_DRIVERS_SIM_HOST_CONSOLE_H

#include "drivers/sim/control.h"

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_host_console;

struct rig_host_console *rig_host_console_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_host_console_free(struct rig_host_console *console);
typedef struct rig_host_console rig_host_console;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_host_console, rig_host_console_free)

const char *rig_host_console_path(const struct rig_host_console *console);
int rig_host_console_fd(const struct rig_host_console *console); /* -1: hung up */

/* What nobody reads is lost when the terminal is full: a wire does not wait. */
void rig_host_console_line(struct rig_host_console *console, const char *line);
void rig_host_console_answer(struct rig_host_console *console, const guint8 *message, gsize n_bytes);

/* Reads what is there; each SMP message goes to `take`. Text that is typed has no reader on this board. */
void rig_host_console_read(struct rig_host_console *console,
                           void (*take)(void *user, const guint8 *message, gsize n_bytes), void *user);

/* {"command": "console", ...} with one of "noise": 20 (so many bytes before each line and frame), "lose": 300
 * (one byte of so many, both ways), "echo": true, "print": 1000000 (a line of so many letters), "hang-up":
 * true.
 */
bool rig_host_console_command(struct rig_host_console *console, JsonObject *request,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
