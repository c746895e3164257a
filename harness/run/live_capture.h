/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What went over the air: a capture for each attempt of a board that is reached through a Bluetooth adapter
 * of this host, kept with the evidence, with the steps as marks; and the last packets of an attempt that did
 * not pass as events. */
#ifndef RIG_RUN_LIVE_CAPTURE_H
#define RIG_RUN_LIVE_CAPTURE_H

#include "steps/stage.h"

G_BEGIN_DECLS

#define RIG_LIVE_CAPTURE_FILE "air.btsnoop"
#define RIG_LIVE_CAPTURE_PACKETS 64 /* of an attempt that did not pass */

struct rig_live_capture;
/* Listens to the journal, which must outlive it in so far as nothing is emitted after
 * rig_live_capture_free(). */
struct rig_live_capture *rig_live_capture_new(struct rig_journal *journal);
void rig_live_capture_free(struct rig_live_capture *live);

/* After the evidence of the attempt has begun. A capture that cannot be made (no right to, mostly) is a note,
 * once in a run; it changes no verdict. */
void rig_live_capture_begin(struct rig_live_capture *live, struct rig_run *run);
/* Before the end of the case is told. */
void rig_live_capture_end(struct rig_live_capture *live, struct rig_run *run);

G_END_DECLS

#endif
