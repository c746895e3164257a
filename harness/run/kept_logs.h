/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The logs of programs that work for a board (openocd): kept when a case did not pass, and their last lines
 * told when the rig was at fault. */
#ifndef RIG_RUN_KEPT_LOGS_H
#define RIG_RUN_KEPT_LOGS_H

#include "steps/stage.h"

G_BEGIN_DECLS

#define RIG_KEPT_LOG_BYTES (1024u * 1024) /* of each log, its end */
#define RIG_KEPT_LOG_LINES 12             /* told in the report */

/* Before the end of the case is told. A log that cannot be kept is told in the report; it changes no verdict.
 */
void rig_keep_logs(struct rig_run *run);

G_END_DECLS

#endif
