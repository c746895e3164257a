/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A btsnoop file of type 2001 that is written record by record and rotated by size. One thread at a time. */
#ifndef RIG_CAPTURE_WRITER_H
#define RIG_CAPTURE_WRITER_H

#include "capture/btsnoop.h"

G_BEGIN_DECLS

struct rig_capture_writer;
/* Makes the file with its header; older ones of the name, rotated ones too, are removed. 0: 16 MiB, 4 files.
 */
struct rig_capture_writer *rig_capture_writer_new(const char *path, guint64 max_bytes, guint n_files,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Adds a record; number and n_drops of it are the writer's business. After a write error records are counted
 * as lost. */
void rig_capture_writer_put(struct rig_capture_writer *writer, const struct rig_btsnoop_record *record);
/* How many packets were lost before they came here, in all. */
void rig_capture_writer_set_lost(struct rig_capture_writer *writer, guint32 n_lost);
void rig_capture_writer_flush(struct rig_capture_writer *writer);
guint64 rig_capture_writer_lost(const struct rig_capture_writer *writer);
guint rig_capture_writer_rotations(const struct rig_capture_writer *writer);
const char *rig_capture_writer_path(const struct rig_capture_writer *writer);
/* Frees the writer also when it returns false: the first error that writing met. */
bool rig_capture_writer_close(struct rig_capture_writer *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
