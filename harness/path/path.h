/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened on one path of power cuts: power cycle by power cycle the flash operations, what each sector
 * holds and the trailers decoded. The explorer records it, the journal keeps it (path/path_event.h), reports
 * tell and draw it. */
#ifndef RIG_PATH_PATH_H
#define RIG_PATH_PATH_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* Bounds. A recorder stays below them; of a journal, what comes past them is not read. */
#define RIG_PATH_MAX_AREAS 8
#define RIG_PATH_MAX_SECTORS 65536 /* of an area */
#define RIG_PATH_MAX_CYCLES 64     /* the last ones */
#define RIG_PATH_MAX_STEPS 64      /* of a power cycle */
#define RIG_PATH_MAX_CHANGES 65536 /* of a path */
#define RIG_PATH_MAX_BROKEN 64

/* What a sector holds. */
enum rig_path_holds {
    RIG_PATH_ERASED,
    RIG_PATH_OLD,
    RIG_PATH_NEW,
    RIG_PATH_TRAILER, /* nothing but trailer fields */
    RIG_PATH_OTHER,   /* anything else: half of two things, torn, unknown bytes */
};
struct rig_path_cell {
    guint8 holds;  /* enum rig_path_holds */
    bool part;     /* OLD, NEW: only the begin of it, erased behind */
    guint sectors; /* OLD, NEW: how many sectors (of this one's size) into the image */
};
bool rig_path_cell_is_image(const struct rig_path_cell *cell); /* OLD or NEW */
bool rig_path_cells_equal(const struct rig_path_cell *a, const struct rig_path_cell *b);
struct rig_path_change {
    guint area, sector;
    struct rig_path_cell cell;
};

/* A trailer in words; NULL: not told. Or a page of settings (type NULL): what it is worth in `magic`, what it
 * says in `status`. */
struct rig_path_trailer {
    guint area;
    const char *magic, *image_ok, *copy_done; /* "good"; "valid" */
    const char *type;                         /* swap type: "none": not written, or none */
    gint64 size;                              /* swap size; 0: not written */
    const char *status;                       /* of the swap: "nothing started" */
    const char *progress; /* that in short: "4.1" = step 4, state 1; "moved 3"; NULL: nothing */
};

/* Sectors of one size that follow each other. */
struct rig_path_sectors {
    guint n_bytes; /* of each */
    guint n;
};
struct rig_path_area {
    const char *name;
    guint n_sectors;
    GArray *sizes; /* struct rig_path_sectors */
    guint trailer; /* the first sector with trailer fields; n_sectors: none */
    GArray *cells; /* struct rig_path_cell, one for each sector: before the first power cycle */
};

/* Operations of one kind that follow each other in one area; or, MORE, several such steps that are not told
 * one by one. */
enum rig_path_kind { RIG_PATH_ERASE, RIG_PATH_WRITE, RIG_PATH_MORE };
struct rig_path_step {
    enum rig_path_kind kind;
    bool by_application;
    bool torn;         /* power was lost inside its last operation */
    int area;          /* -1: in none */
    guint sector, to;  /* first and last, of the area */
    gint64 first, n;   /* operations: number of the first, and how many */
    const char *field; /* short name of the trailer field that is written: "magic"; NULL: no single one */
    const char *text;  /* "write primary trailer: copy_done = set"; never NULL */
    GArray *cells;     /* struct rig_path_change: what is different afterwards */
    GArray *trailers;  /* struct rig_path_trailer */
    /* While it is recorded; the journal does not have them. */
    guint64 n_bytes;
    guint n_steps; /* MORE: that it stands for */
};

struct rig_path_cycle {
    gint64 number, n_operations;
    const char *decision;  /* what the bootloader decided: "revert, resumed"; NULL: it does not tell */
    const char *runs;      /* what it started: "new, not confirmed"; NULL: nothing */
    const char *action;    /* what the application did then; NULL */
    const char *stop;      /* why nothing runs, with power; NULL */
    const char *cut;       /* "before operation 5: write scratch trailer: magic = good"; NULL: no cut */
    GPtrArray *steps;      /* struct rig_path_step * */
    GPtrArray *operations; /* const char *: each one in words; empty: not told */
    gint64 first;          /* number of its first operation; while it is recorded */
};

/* What a path breaks. */
struct rig_path_broken {
    const char *invariant, *about, *text; /* never NULL */
};

/* All texts within a path are its own, equal ones the same pointer (rig_path_keep()); or static. */
struct rig_path {
    const char *step; /* of the scenario; never NULL */
    const char *cuts; /* "app,0,19h,run" (path/cuts.h), or a place of a sweep, "17:half"; never NULL */
    const char *old_name, *new_name; /* never NULL */
    gint64 n_left_out;               /* power cycles before the first that is told */
    GArray *broken;                  /* struct rig_path_broken; empty: it breaks nothing */
    GPtrArray *areas;                /* struct rig_path_area * */
    GArray *trailers;                /* struct rig_path_trailer: before the first power cycle */
    GPtrArray *cycles;               /* struct rig_path_cycle * */
    GStringChunk *strings;           /* private */
};

/* An empty path: no areas, no power cycles, texts NULL. Owned by the caller. */
struct rig_path *rig_path_new(void);
void rig_path_free(struct rig_path *path);
typedef struct rig_path rig_path;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_path, rig_path_free)

/* The text as one of the path's own; NULL for NULL. */
const char *rig_path_keep(struct rig_path *path, const char *text);
const char *rig_path_keepf(struct rig_path *path, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Which step played it, and where power was cut. */
void rig_path_set_origin(struct rig_path *path, const char *step, const char *cuts);

/* Parts, empty but for what is given. They belong to the path; their texts are copied. add_sectors: n more of
 * this size. */
struct rig_path_area *rig_path_add_area(struct rig_path *path, const char *name);
void rig_path_add_sectors(struct rig_path_area *area, guint n_bytes, guint n);
struct rig_path_cycle *rig_path_add_cycle(struct rig_path *path, gint64 number);
void rig_path_add_broken(struct rig_path *path, const char *invariant, const char *about, const char *text);
/* A step on its way into a power cycle. */
struct rig_path_step *rig_path_step_new(void);
void rig_path_step_free(struct rig_path_step *step);

/* The steps of all power cycles, one after the other. Borrowed; the array is the caller's. */
GPtrArray *rig_path_steps(const struct rig_path *path);

/* A trailer in a few words: "magic good, type test, copy_done set"; "empty". Owned by the caller. */
char *rig_path_trailer_text(const struct rig_path_trailer *trailer);

/* What is known at one point of a path, by area: its trailer, borrowed from the path (NULL: none), and what
 * its last sector holds, where the trailer would be. */
struct rig_path_state {
    const struct rig_path_trailer *trailers[RIG_PATH_MAX_AREAS];
    struct rig_path_cell last[RIG_PATH_MAX_AREAS];
};
/* Before the first power cycle; and after one more step. */
void rig_path_begin(const struct rig_path *path, struct rig_path_state *state);
void rig_path_follow(const struct rig_path *path, const struct rig_path_step *step,
                     struct rig_path_state *state);
/* Image data where the trailer would be (a scratch area in use): its bytes must not be read as fields. */
bool rig_path_is_image_data(const struct rig_path_state *state, guint area);

G_END_DECLS

#endif
