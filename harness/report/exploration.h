/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations of power cuts as a journal tells them: what was judged and what came of it, and the paths that
 * break something. Part of the model; who draws or tells them reads only this. */
#ifndef RIG_REPORT_EXPLORATION_H
#define RIG_REPORT_EXPLORATION_H

#include "report/event.h"
#include "report/model.h"

G_BEGIN_DECLS

/* Bounds: what comes past them is not kept. */
#define RIG_EXPLORATIONS_MAX 64 /* of an attempt */
#define RIG_PATHS_MAX 64        /* of an attempt */
#define RIG_JUDGEMENTS_MAX 64   /* of an exploration, and of a path */
#define RIG_PATH_MAX_AREAS 8
#define RIG_PATH_MAX_SECTORS 65536 /* of an area */
#define RIG_PATH_MAX_LEGS 64
#define RIG_PATH_MAX_STEPS 64      /* of a leg */
#define RIG_PATH_MAX_CHANGES 65536 /* of a path */

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

/* What a sector holds: '.' erased, 'o' old image, 'n' new image, 't' nothing but trailer fields, 'x' anything
 * else. */
struct rig_path_cell {
    char holds;
    bool part;     /* 'o', 'n': only the begin of it */
    guint sectors; /* 'o', 'n': how many sectors into the image */
};
struct rig_path_change {
    guint area, sector;
    struct rig_path_cell cell;
};

/* Words as the journal has them; NULL: not told. */
struct rig_path_trailer {
    guint area;
    char *magic, *type, *copy_done, *image_ok, *status, *progress;
    gint64 size; /* 0: not written */
};

struct rig_path_area {
    char *name;
    guint n_sectors;
    guint trailer; /* the first sector with trailer fields; n_sectors: none */
    GArray *cells; /* struct rig_path_cell: before the first leg */
};

enum rig_path_kind { RIG_PATH_ERASE, RIG_PATH_WRITE, RIG_PATH_MORE };
struct rig_path_step {
    enum rig_path_kind kind;
    bool app, torn;
    int area; /* -1: in none */
    guint sector, to;
    gint64 first, n;     /* operations */
    char *field;         /* NULL: no single field of a trailer */
    char *text;          /* never NULL */
    GArray *cells;       /* struct rig_path_change */
    GPtrArray *trailers; /* struct rig_path_trailer * */
};

struct rig_path_leg {
    gint64 number, n_operations;
    char *decision, *runs, *action, *stop, *cut; /* may be NULL */
    GPtrArray *steps;                            /* struct rig_path_step * */
    char **each;                                 /* every operation; NULL: not in the journal */
};

struct rig_path_broken {
    char *invariant, *about, *text; /* never NULL */
};

struct rig_path_story {
    char *step;
    char *path; /* "app,0,19h,run" */
    char *old_name, *new_name;
    gint64 n_left_out;   /* legs before the first that is told */
    GPtrArray *broken;   /* struct rig_path_broken *; empty: it breaks nothing */
    GPtrArray *areas;    /* struct rig_path_area * */
    GPtrArray *trailers; /* struct rig_path_trailer *: before the first leg */
    GPtrArray *legs;     /* struct rig_path_leg *, at least one */
};

void rig_exploration_result_free(struct rig_exploration_result *exploration);
void rig_path_story_free(struct rig_path_story *story);
/* NULL: no path that could be told. */
struct rig_path_story *rig_path_story_from_event(const struct rig_event *event);

/* For the model: events "explore-start", "explore-end", "path"; others are no business of it. And what a
 * killed run left open. */
void rig_attempt_take_exploration(struct rig_attempt *attempt, const struct rig_event *event);
void rig_attempt_settle_explorations(struct rig_attempt *attempt, const char *why);

/* What it came to on one line: "closed: 2085 flash contents, 31204 places of a power cut (between
 * operations), longest chain 4 cuts, 12.1 ms". Owned by the caller. */
char *rig_exploration_line(const struct rig_exploration_result *exploration);
/* The replay command for another path than the one that it names. NULL for NULL. Owned by the caller. */
char *rig_replay_with_cuts(const char *replay, const char *path);

/* The account of a path, a line each: power-on by power-on, trailers between. in_full: every operation, when
 * the journal has them. */
void rig_path_append_account(GString *out, const struct rig_path_story *story, bool in_full,
                             const char *indent);
/* A trailer in a few words: "magic good, type test, copy_done set"; "empty". Owned by the caller. */
char *rig_path_trailer_text(const struct rig_path_trailer *trailer);
/* What is known at one moment of a path, by area: its trailer, borrowed from the story (NULL: none), and what
 * its last sector holds, where the trailer would be. */
struct rig_path_now {
    const struct rig_path_trailer *trailers[RIG_PATH_MAX_AREAS];
    struct rig_path_cell last[RIG_PATH_MAX_AREAS];
};
void rig_path_begin(const struct rig_path_story *story, struct rig_path_now *now);
void rig_path_follow(const struct rig_path_story *story, const struct rig_path_step *step,
                     struct rig_path_now *now);
/* Image data where the trailer would be (a scratch area in use): its bytes must not be read as fields. */
bool rig_path_is_image_data(const struct rig_path_now *now, guint area);

G_END_DECLS

#endif
