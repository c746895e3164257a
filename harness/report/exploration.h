/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations of power cuts as a journal tells them: what was judged and what came of it, and the paths that
 * break something. Part of the model; who draws or tells them reads only this. */
#ifndef RIG_REPORT_EXPLORATION_H
#define RIG_REPORT_EXPLORATION_H

#include "path/path.h"
#include "report/event.h"
#include "report/model.h"

G_BEGIN_DECLS

/* Bounds: what comes past them is not kept. */
#define RIG_EXPLORATIONS_MAX 64 /* of an attempt */
#define RIG_PATHS_MAX 64        /* of an attempt */
#define RIG_JUDGEMENTS_MAX 64   /* of an exploration */

struct rig_judgement {
    char *name;  /* "revert-not-lost" */
    char *about; /* one sentence, never NULL */
    enum rig_verdict verdict;
    char *text; /* "holds"; why it is not; why it was not judged; never NULL */
    char *path; /* the shortest one that breaks it; NULL */
    gint64 n_cuts, n_states;
};

struct rig_exploration_result {
    char *step;
    char *life;  /* "upload,test,confirm" */
    char *forms; /* "between operations, inside writes" */
    bool ended;
    bool counted; /* it explored; otherwise it played one path */
    bool closed;
    char *why_open; /* never NULL */
    gint64 n_contents, n_nodes, n_cuts, n_torn_cuts, n_boots, longest, elapsed_us, n_bytes;
    GPtrArray *judgements; /* struct rig_judgement *, as they were announced */
};

void rig_exploration_result_free(struct rig_exploration_result *exploration);

/* For the model: events "explore-start", "explore-end", "path"; others are no business of it. And what a
 * killed run left open. */
void rig_attempt_take_exploration(struct rig_attempt *attempt, const struct rig_event *event);
void rig_attempt_settle_explorations(struct rig_attempt *attempt, const char *why);

/* What it came to on one line: "closed: 2085 flash contents, 31204 places of a power cut (between
 * operations), longest chain 4 cuts, 12.1 ms". Owned by the caller. */
char *rig_exploration_line(const struct rig_exploration_result *exploration);
/* The replay command for another path than the one that it names. NULL for NULL. Owned by the caller. */
char *rig_replay_with_cuts(const char *replay, const char *path);

/* A path in words, a line each: power cycle by power cycle, trailers between. in_full: every operation, when
 * the journal has them. */
void rig_path_append_text(GString *out, const struct rig_path *path, bool in_full, const char *indent);

G_END_DECLS

#endif
