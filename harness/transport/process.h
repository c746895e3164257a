/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every program that is started goes through here: in a process group of its own (Ctrl-C in a terminal is
 * not for it), ended with this process however that ends, with nothing open that is not its own, and with its
 * end looked at. */
#ifndef RIG_TRANSPORT_PROCESS_H
#define RIG_TRANSPORT_PROCESS_H

#include "transport/stream.h"

G_BEGIN_DECLS

/* --- a program that is spoken to over its stdin and stdout, with its stderr in a file --- */

struct rig_process;

/* argv: NULL-terminated, argv[0] is looked up in PATH. log_path: stderr is appended there; NULL: thrown away.
 * The caller's process must ignore SIGPIPE, and the thread that starts it must live as long as it.
 * RIG_ERROR_DEVICE: there is no such program, or it cannot be run; RIG_ERROR_IO: the log. */
struct rig_process *rig_process_start(const char *const *argv, const char *log_path,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops it the hard way if it still runs, and what it has started with it. */
void rig_process_free(struct rig_process *process);
typedef struct rig_process rig_process;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_process, rig_process_free)

struct rig_stream *rig_process_stream(struct rig_process *process); /* borrowed */
GPid rig_process_id(const struct rig_process *process);
bool rig_process_is_alive(struct rig_process *process);
/* SIGTERM, after grace_ms SIGKILL, for its whole group; returns when it is reaped. Harmless when it ended
 * before. */
void rig_process_stop(struct rig_process *process, guint grace_ms);
/* "runs", "ended with exit code 1", "was ended by signal 9"; owned by the caller. */
char *rig_process_describe(struct rig_process *process);

/* --- a program that is waited for --- */

/* argv as above, without input. Its standard output, and its standard error if with_stderr, is appended to
 * output: at most max_output bytes, what is more is read and dropped. *exit_code: 128 and more is a signal,
 * as shells count. What it leaves running in the background is left alone. RIG_ERROR_DEVICE: it cannot be
 * started, did not end in time (it and all of its group were killed), or nobody knows how it ended. */
struct rig_run_limits {
    gint64 within_us;
    gsize max_output;
    bool with_stderr;
};
bool rig_process_run(const char *const *argv, const struct rig_run_limits *limits, GString *output,
                     int *exit_code, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- a temporary folder --- */

/* A temporary folder of mode 0700, "bootrig-" and six characters in the folder for temporary files, that is
 * removed with its owner or with this process, however that ends. RIG_ERROR_IO, RIG_ERROR_DEVICE. */
struct rig_folder;
struct rig_folder *rig_folder_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char *rig_folder_path(const struct rig_folder *folder); /* absolute, borrowed */
void rig_folder_free(struct rig_folder *folder);              /* with all that is in it; NULL is allowed */
typedef struct rig_folder rig_folder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_folder, rig_folder_free)

/* --- for those who start children otherwise --- */

/* In the child, before exec or without one: killed when the parent ends, and no signal is held back. parent:
 * getpid() before the fork. Safe between fork and exec. The group stays the parent's: for a program that the
 * user speaks to in the same terminal. */
void rig_process_settle_in(pid_t parent);

G_END_DECLS

#endif
