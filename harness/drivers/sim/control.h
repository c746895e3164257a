/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control protocol of `bootrig sim`, for both of its sides: JSON Lines over a unix socket. A request is
 * an object with "command" and its arguments; the response has "ok": true and what was asked for, or "ok":
 * false and "error". Lines with "event" come unasked. The commands: drivers/sim/host.h. */
#ifndef RIG_DRIVERS_SIM_CONTROL_H
#define RIG_DRIVERS_SIM_CONTROL_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_CONTROL_MAX_LINE_BYTES 16384u

/* One line without its end, as the object that it is. RIG_ERROR_INPUT. Owned by the caller. */
JsonObject *rig_control_read(const char *line, gsize n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With the line's end; owned by the caller. */
char *rig_control_write(JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;
/* {"command": command}; owned by the caller. */
JsonObject *rig_control_request(const char *command);

/* Members. NULL, false or `otherwise`: it is not there, or of another type. Texts are borrowed. */
const char *rig_control_text(JsonObject *object, const char *name);
bool rig_control_flag(JsonObject *object, const char *name, bool otherwise);
/* A whole number from 0 to max. */
bool rig_control_count(JsonObject *object, const char *name, guint64 max, guint64 *count);

/* --- the client --- */

struct rig_control;

/* path: of the socket. RIG_ERROR_IO. */
struct rig_control *rig_control_connect(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_control_free(struct rig_control *control);
typedef struct rig_control rig_control;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_control, rig_control_free)

/* Sends a request (taken) and waits for its response; *response may be NULL and is owned by the caller.
 * RIG_ERROR_DEVICE: refused, in the board's words, or no response. */
bool rig_control_ask(struct rig_control *control, JsonObject *request, JsonObject **response,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of a request that is written already: one line of JSON. */
bool rig_control_ask_line(struct rig_control *control, const char *line, JsonObject **response,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The next event that came meanwhile; NULL: none. Owned by the caller. */
JsonObject *rig_control_event(struct rig_control *control);
/* Readable when something came. */
int rig_control_fd(const struct rig_control *control);

G_END_DECLS

#endif
