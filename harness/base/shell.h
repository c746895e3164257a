/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines that people copy into a shell. */
#ifndef RIG_BASE_SHELL_H
#define RIG_BASE_SHELL_H

#include <glib.h>

G_BEGIN_DECLS

/* Appends " OPTION VALUE", or " VALUE" when option is NULL, so that a shell and g_shell_parse_argv() read the
 * very value back: plain words stay as they are, everything else is quoted. A value without option that
 * begins with
 * '-' gets "./" before it: it is a path. */
void rig_shell_append(GString *line, const char *option, const char *value);

G_END_DECLS

#endif
