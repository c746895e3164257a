/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a forked worker hands back: recorded traces with the contents that they reach, in memory that both
 * processes share. The worker may have been corrupted by the code that it ran: nothing in here is believed.
 */
#ifndef RIG_EXPLORE_RESULT_BUFFER_H
#define RIG_EXPLORE_RESULT_BUFFER_H

#include "explore/trace.h"

G_BEGIN_DECLS

struct rig_result_buffer;

/* Made before the fork; NULL: no memory. */
struct rig_result_buffer *rig_result_buffer_new(void);
void rig_result_buffer_free(struct rig_result_buffer *buffer);

/* The worker's side. begin() comes first: what is known then, both sides know. put() adds a trace
 * that was recorded last; false: there is no room. seal() ends it: from then on it can be opened. */
void rig_result_buffer_begin(struct rig_result_buffer *buffer, const struct rig_contents *contents,
                             const struct rig_recorder *recorder);
bool rig_result_buffer_put(struct rig_result_buffer *buffer, const struct rig_contents *contents,
                           const struct rig_recorder *recorder, const struct rig_trace *trace);
void rig_result_buffer_seal(struct rig_result_buffer *buffer, gsize n_worker_bytes);

/* The other side. n_put() works while the worker runs. open(): it was sealed and is whole. take() gives the
 * traces in their order, contents interned and counted, and runs learned, as if they had been recorded here;
 * false: there is no further one, or it is none. */
guint rig_result_buffer_n_put(const struct rig_result_buffer *buffer);
bool rig_result_buffer_open(struct rig_result_buffer *buffer);
bool rig_result_buffer_take(struct rig_result_buffer *buffer, struct rig_contents *contents,
                            struct rig_recorder *recorder, const struct rig_task *task,
                            struct rig_trace *trace);
gsize rig_result_buffer_bytes(
    const struct rig_result_buffer *buffer); /* with those that the worker had for itself */

G_END_DECLS

#endif
