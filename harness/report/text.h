/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile text made fit for a place: any bytes to UTF-8, to XML 1.0, to a terminal; and cut in the middle
 * with a count. */
#ifndef RIG_REPORT_TEXT_H
#define RIG_REPORT_TEXT_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* Appends at most max_bytes of valid UTF-8: the whole text, or its head and its tail with "[... N bytes left
 * out ...]" on a line of its own between them (the note is not counted). Never cuts inside a sequence. */
void rig_text_bounded(GString *out, const char *text, gsize n_bytes, gsize max_bytes);

/* Appends valid UTF-8 as XML 1.0 text (before escaping): terminal sequences (CSI, OSC) go, characters that
 * XML cannot hold stay visible as \xNN or \uNNNN. Tab and newline stay, a carriage return goes before a
 * newline and is visible elsewhere. */
void rig_text_xml(GString *out, const char *text);

/* Appends valid UTF-8 for a terminal or one line of a list: as for XML, and also every other control and
 * every character that turns the writing direction is visible. With one_line a newline is visible as well, as
 * \n. */
void rig_text_plain(GString *out, const char *text, bool one_line);

/* Appends text with & < > " ' escaped, after rig_text_xml(). */
void rig_text_html(GString *out, const char *text);

G_END_DECLS

#endif
