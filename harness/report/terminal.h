/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results on a terminal or in a pipe: live while a run goes on, or all at once from a journal. */
#ifndef RIG_REPORT_TERMINAL_H
#define RIG_REPORT_TERMINAL_H

#include <stdio.h>

#include "report/model.h"

G_BEGIN_DECLS

enum rig_loudness {
    RIG_QUIET,   /* failures and the closing summary */
    RIG_NORMAL,  /* and one line per case */
    RIG_VERBOSE, /* and every step and expectation, and what happened on paths of power cuts */
    RIG_FULL,    /* and every flash operation of such a path, when the journal has them */
};

struct rig_terminal_options {
    enum rig_loudness loudness;
    bool colour;
    bool status_line;  /* one line that is drawn again and again: only on a terminal */
    guint width;       /* columns; 0 = unknown: nothing is cut */
    bool read_sources; /* show the line of the scenario file that failed, when it can be read */
};

/* What suits fd: a status line on a terminal that is not TERM=dumb; colour there too, unless NO_COLOR is set
 * and not empty; colour anywhere with CLICOLOR_FORCE or FORCE_COLOR (not empty, not "0"), over which NO_COLOR
 * has precedence. */
struct rig_terminal_options rig_terminal_options_for(int fd, enum rig_loudness loudness);

struct rig_terminal;
/* Both are borrowed. */
struct rig_terminal *rig_terminal_new(FILE *out, const struct rig_terminal_options *options,
                                      const struct rig_results *results);
void rig_terminal_free(struct rig_terminal *terminal);
typedef struct rig_terminal rig_terminal;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_terminal, rig_terminal_free)

/* A rig_journal_listener whose user is a struct rig_terminal *; listens after rig_results_take() of the same
 * results. */
void rig_terminal_take(void *terminal, const struct rig_event *event);
/* Takes the status line away, so that somebody else may write; it comes back with the next event. */
void rig_terminal_hide(struct rig_terminal *terminal);
/* After rig_results_finish(): what settled only now, the summary, the names of the bad cases again, and the
 * paths of the reports (NULL-terminated, NULL = none). */
void rig_terminal_finish(struct rig_terminal *terminal, const char *const *report_paths);

/* The whole report of settled results: what a live run would have left in a pipe. */
void rig_terminal_report(FILE *out, const struct rig_terminal_options *options,
                         const struct rig_results *results);

G_END_DECLS

#endif
