/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which other process has a device open: for the words of an error, not for a decision. */
#ifndef RIG_TRANSPORT_HOLDER_H
#define RIG_TRANSPORT_HOLDER_H

#include <glib.h>

G_BEGIN_DECLS

/* path: a device file, or a link to one. "minicom (pid 812) uses it"; "another program uses it", where /proc
 * does not tell (processes of other users are seen by root only). Owned by the caller. [SRC linux proc(5)] */
char *rig_holder_text(const char *path);

G_END_DECLS

#endif
