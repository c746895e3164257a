/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A two-way stream of bytes (TCP, unix socket, a child's stdin and stdout) cut into frames that end with one
 * byte. Blocking, each call with a deadline of its own. */
#ifndef RIG_TRANSPORT_STREAM_H
#define RIG_TRANSPORT_STREAM_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_STREAM_MAX_FRAME_BYTES (16u * 1024 * 1024)

struct rig_stream;

/* name: for messages ("openocd at 127.0.0.1:6666"). The descriptors are owned from now on; they may be the
 * same one. */
struct rig_stream *rig_stream_new(const char *name, int in_fd, int out_fd);
/* host: a name or an address. RIG_ERROR_IO: nobody listens, or not within timeout_ms. */
struct rig_stream *rig_stream_connect_tcp(const char *host, guint16 port, guint timeout_ms,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
struct rig_stream *rig_stream_connect_unix(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_stream_free(struct rig_stream *stream);
typedef struct rig_stream rig_stream;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_stream, rig_stream_free)

/* RIG_ERROR_IO: the peer is gone, or did not take the bytes within timeout_ms (how many it took is unknown
 * then). */
bool rig_stream_write(struct rig_stream *stream, const void *bytes, gsize n_bytes, guint timeout_ms,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum rig_stream_outcome { RIG_STREAM_FRAME, RIG_STREAM_TIMEOUT, RIG_STREAM_CLOSED, RIG_STREAM_TOO_LONG };
/* The next frame up to and without `end`; *frame is NUL-terminated besides and owned by the caller.
 * timeout_ms 0: only what is there. TIMEOUT keeps a half frame for the next call; CLOSED drops it, as does
 * TOO_LONG (more than RIG_STREAM_MAX_FRAME_BYTES without an end). */
enum rig_stream_outcome rig_stream_read_frame(struct rig_stream *stream, char end, guint timeout_ms,
                                              GByteArray **frame);
const char *
rig_stream_outcome_text(enum rig_stream_outcome outcome); /* "no answer in time", "it hung up", ... */

/* For a poll over several sources; readable does not mean that a whole frame is there. */
int rig_stream_fd(const struct rig_stream *stream);

G_END_DECLS

#endif
