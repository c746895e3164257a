/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must not outlive this process, even when it is killed the hard way: process groups and temporary
 * folders. A small process of its own waits for the end of this one. */
#ifndef RIG_TRANSPORT_GUARD_H
#define RIG_TRANSPORT_GUARD_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

G_BEGIN_DECLS

struct rig_guard;

/* Should this process end before rig_guard_free(): SIGKILL for the process group that has entered, then the
 * folder (NULL: none; an absolute path) is removed with all that is in it. RIG_ERROR_DEVICE: no process or
 * pipe can be made. */
struct rig_guard *rig_guard_new(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In a child that was forked after the guard, before exec: it gets a process group of its own, which is under
 * guard from now on. Safe between fork and exec; one child for each guard. */
void rig_guard_enter(const struct rig_guard *guard);
/* Ends the guard; group and folder stay as they are. NULL is allowed. */
void rig_guard_free(struct rig_guard *guard);

/* A temporary folder of mode 0700, "bootrig-" and six characters in the folder for temporary files, that is
 * removed with its owner or with this process, however that ends. RIG_ERROR_IO, RIG_ERROR_DEVICE. */
struct rig_folder;
struct rig_folder *rig_folder_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char *rig_folder_path(const struct rig_folder *folder); /* absolute, borrowed */
void rig_folder_free(struct rig_folder *folder);              /* with all that is in it; NULL is allowed */
typedef struct rig_folder rig_folder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_folder, rig_folder_free)

G_END_DECLS

#endif
