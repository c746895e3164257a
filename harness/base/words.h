/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of others as one word of Tcl or of a POSIX shell. */
#ifndef RIG_BASE_WORDS_H
#define RIG_BASE_WORDS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* No line break and no other control character, but perhaps a tab: it is one line. */
bool rig_is_line(const char *text);

/* As one word of Tcl, in which nothing is substituted. [SRC tcl.tk man/tcl Tcl.n, backslash substitution]
 * Owned by the caller. */
char *rig_tcl_quote(const char *text);
/* As one word of a POSIX shell; plain words stay readable. Owned by the caller. */
char *rig_shell_word(const char *text);
/* Appends " OPTION VALUE", or " VALUE" when option is NULL, so that a shell and g_shell_parse_argv() read the
 * very value back. A value without option that begins with '-' gets "./" before it: it is a path. */
void rig_shell_append(GString *line, const char *option, const char *value);

G_END_DECLS

#endif
