/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of QEMU's machine protocol: one command at a time, events skipped, every call with a deadline. */
#ifndef RIG_DRIVERS_POWER_QMP_H
#define RIG_DRIVERS_POWER_QMP_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_QMP_MAX_LINE_BYTES 65536
#define RIG_QMP_MAX_SKIPPED 1000 /* lines between a command and its answer */

/* One line of the protocol. [SPEC QEMU docs/interop/qmp-spec] */
enum rig_qmp_kind { RIG_QMP_BAD, RIG_QMP_GREETING, RIG_QMP_RETURN, RIG_QMP_FAILURE, RIG_QMP_EVENT };
struct rig_qmp_line {
    enum rig_qmp_kind kind;
    gint64 id;       /* of an answer; -1 = it has none */
    char *text;      /* failure: its description; event: its name */
    JsonNode *value; /* return: what came back */
};
/* Never fails: what is no line of QMP is RIG_QMP_BAD. Clear it afterwards. */
void rig_qmp_line_read(const char *text, gsize n_bytes, struct rig_qmp_line *line);
void rig_qmp_line_clear(struct rig_qmp_line *line);

struct rig_qmp;
/* Connects and leaves negotiation mode. RIG_ERROR_DEVICE names the socket. */
struct rig_qmp *rig_qmp_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_qmp_free(struct rig_qmp *qmp);
typedef struct rig_qmp rig_qmp;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_qmp, rig_qmp_free)
/* QEMU has closed the connection. */
bool rig_qmp_has_ended(struct rig_qmp *qmp);
/* value may be NULL; else the caller owns what comes back. A command that QEMU refuses is RIG_ERROR_DEVICE
 * with its words. */
bool rig_qmp_execute(struct rig_qmp *qmp, const char *command, JsonNode **value,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With arguments: a JSON object as text. */
bool rig_qmp_execute_with(struct rig_qmp *qmp, const char *command, const char *arguments, JsonNode **value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
