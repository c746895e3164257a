/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of a run: every event goes to a file as it happens and to the listeners, in that order. Format:
 * reports/journal.md. */
#ifndef RIG_REPORT_JOURNAL_H
#define RIG_REPORT_JOURNAL_H

#include "report/event.h"

G_BEGIN_DECLS

#define RIG_JOURNAL_HEAD_LINES                                                                               \
    200 /* console lines, and link events, of an attempt that are written at once */
#define RIG_JOURNAL_TAIL_LINES                                                                               \
    200 /* later ones that are held back and written when the attempt did not pass */

struct rig_journal;

/* Opens path for writing; a file that is there is emptied. NULL path: no file, listeners only (reports that
 * go nowhere). Every event is one write(2): what was emitted survives a SIGKILL of this process. */
struct rig_journal *rig_journal_new(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_journal_free(struct rig_journal *journal);
typedef struct rig_journal rig_journal;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_journal, rig_journal_free)

/* Listeners get exactly the events that the file gets, in the same order, also when the file cannot be
 * written. The event is borrowed for the call. A listener must not emit. */
typedef void (*rig_journal_listener)(void *user, const struct rig_event *event);
void rig_journal_listen(struct rig_journal *journal, rig_journal_listener listener, void *user);

/* Takes the event. Adds number, time (the board's clock), case and attempt. `console` and `link` events past
 * the first RIG_JOURNAL_HEAD_LINES of an attempt are held back; before a `case-end` whose verdict is not
 * "pass" the last RIG_JOURNAL_TAIL_LINES of each follow with the time they happened at. A `note` says how
 * many were left out. */
void rig_journal_emit(struct rig_journal *journal, gint64 at_us, struct rig_event *event);

/* Between the two every event belongs to this case and attempt: begin before `case-start`, end after
 * `case-end`. */
void rig_journal_begin_case(struct rig_journal *journal, guint case_index, guint attempt);
void rig_journal_end_case(struct rig_journal *journal);

/* The first write error, NULL when there was none: the run goes on without it, the end of the run says it. */
const GError *rig_journal_error(const struct rig_journal *journal);
const char *rig_journal_path(const struct rig_journal *journal); /* NULL without a file */

G_END_DECLS

#endif
