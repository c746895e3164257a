/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of a failure's story that several reports tell alike: places, times, tails of the log. Plain text,
 * no colour. */
#ifndef RIG_REPORT_STORY_H
#define RIG_REPORT_STORY_H

#include "report/model.h"

G_BEGIN_DECLS

/* Message of an attempt, never NULL: its own, or the words of its verdict. Borrowed. */
const char *rig_story_message(const struct rig_attempt *attempt);

/* "scenarios/a.yaml:14:9: expect-boot: {image: good}", as much as is known; NULL when no file is. Owned by
 * the caller. */
char *rig_story_place(const struct rig_attempt *attempt);

/* "   1.204517  " : the board's clock in seconds, right-aligned, two spaces behind. */
void rig_story_append_time(GString *out, gint64 at_us);

/* Index in the log from which the last n entries of this kind start (log->len when there is none). */
guint rig_story_tail_start(const struct rig_attempt *attempt, enum rig_entry_kind kind, guint n_wanted);

/* What a packet means, if anything, on a line of its own below it. */
void rig_story_append_meaning(GString *out, const struct rig_entry *entry);

/* What the lines of attempt->trailers are: "trailers", or "settings" of Nordic's bootloaders. */
const char *rig_story_trailers_word(const struct rig_attempt *attempt);

/* The story of an attempt that did not pass, as text: message, place, expected, seen, also, trailers, replay,
 * last console lines, link events and packets (as many as of link events). No line of it depends on anything
 * but the attempt. */
void rig_story_append(GString *out, const struct rig_attempt *attempt, guint n_console, guint n_link);

/* What is to be said about the whole run: that it was interrupted or killed, that its journal is damaged, and
 * its own notes; one line each. Owned by the caller. */
char **rig_story_remarks(const struct rig_results *results);

/* "12 passed, 1 failed, 0 errors, 2 skipped, 1 flaky in 1.2 s". Owned by the caller. */
char *rig_story_summary(const struct rig_results *results);

G_END_DECLS

#endif
