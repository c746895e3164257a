/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are written whole or not at all, and folders that are removed with all that is in them. */
#ifndef RIG_BASE_FILE_H
#define RIG_BASE_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

G_BEGIN_DECLS

enum rig_file_care {
    RIG_FILE_PUBLIC, /* the permissions that the umask gives any new file; not forced to the disk */
    RIG_FILE_SECRET, /* keys: for the owner alone, and on the disk before it takes its place */
};

/* Writes a document in pieces. What the stream cannot take shows in ferror(out): a writer need not look. */
typedef bool (*rig_file_writer)(FILE *out, const void *user, GError **error);

/* Writes to a new file in the same folder and renames it into place: a reader sees the old file or the new
 * one, and when it fails the old one stays. A symbolic link stays one; what it points to is replaced. What is
 * there and is no regular file (a pipe, /dev/null) is written directly. RIG_ERROR_IO: "cannot write PATH:
 * reason". */
bool rig_file_write(const char *path, enum rig_file_care care, rig_file_writer writer, const void *user,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with the bytes at hand. */
bool rig_file_replace(const char *path, enum rig_file_care care, const void *bytes, gsize n_bytes,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lets the writer write into an open file and closes that in any case. path: for messages. */
bool rig_file_write_to(int fd, const char *path, rig_file_writer writer, const void *user,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `name` is what a process that was killed left behind while it wrote the file `of`. Names without folders.
 */
bool rig_file_is_unfinished(const char *name, const char *of);

/* Removes a folder with all that is in it; symbolic links are not followed. false: something is left. */
bool rig_tree_remove(const char *path);

G_END_DECLS

#endif
