/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child process that is spoken to over its stdin and stdout, with its stderr in a file; always ended and
 * reaped. */
#ifndef RIG_TRANSPORT_PROCESS_H
#define RIG_TRANSPORT_PROCESS_H

#include "transport/stream.h"

G_BEGIN_DECLS

struct rig_process;

/* argv: NULL-terminated, argv[0] is looked up in PATH. log_path: stderr is appended there; NULL: thrown away.
 * The caller's process must ignore SIGPIPE. RIG_ERROR_DEVICE: there is no such program, or it cannot be run;
 * RIG_ERROR_IO: the log. */
struct rig_process *rig_process_start(const char *const *argv, const char *log_path,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops it the hard way if it still runs. */
void rig_process_free(struct rig_process *process);
typedef struct rig_process rig_process;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_process, rig_process_free)

struct rig_stream *rig_process_stream(struct rig_process *process); /* borrowed */
GPid rig_process_id(const struct rig_process *process);
bool rig_process_is_alive(struct rig_process *process);
/* SIGTERM, after grace_ms SIGKILL; returns when it is reaped. Harmless when it ended before. */
void rig_process_stop(struct rig_process *process, guint grace_ms);
/* "runs", "ended with exit code 1", "was ended by signal 9"; owned by the caller. */
char *rig_process_describe(struct rig_process *process);

G_END_DECLS

#endif
