/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened on one path of power cuts: at each power-on the flash operations in order with the trailer
 * fields that they write, what each sector holds, the trailers decoded, and how it ended. Long copies are
 * condensed into steps. Words only where they are facts of the board; reports make sentences of them. */
#ifndef RIG_EXPLORE_ACCOUNT_H
#define RIG_EXPLORE_ACCOUNT_H

#include "explore/explore.h"

G_BEGIN_DECLS

#define RIG_ACCOUNT_MAX_OPERATIONS 20000u /* in full, of a path; more are counted */
#define RIG_ACCOUNT_MAX_STEPS 48u         /* of a power-on; more are left out in its middle */
#define RIG_ACCOUNT_MAX_LEGS 64u          /* of a path that are told; the last ones */

/* What a sector holds. */
enum rig_holds {
    RIG_HOLDS_ERASED,
    RIG_HOLDS_OLD,
    RIG_HOLDS_NEW,
    RIG_HOLDS_TRAILER, /* nothing but trailer fields */
    RIG_HOLDS_MIXED,   /* anything else: half of two things, torn, unknown bytes */
};
struct rig_cell {
    guint8 holds;    /* enum rig_holds */
    bool part;       /* OLD, NEW: only the begin of it, erased behind */
    guint16 sectors; /* OLD, NEW: how many sectors (of this one's size) into the image */
};

struct rig_account_area {
    char *name;
    guint device;
    guint32 offset;
    guint32 n_bytes;
    GArray *starts;  /* guint32: offset of each sector from the area's begin */
    guint32 trailer; /* where the trailer begins; n_bytes: it has none */
};

/* A trailer in words; all static but status and progress. */
struct rig_account_trailer {
    bool known;
    const char *magic; /* "good" */
    const char *image_ok;
    const char *copy_done;
    const char *swap_type; /* "none": not written, or none */
    guint32 swap_size;     /* 0: not written */
    char status[RIG_TRAILER_STATUS_TEXT_BYTES];
    char progress[24]; /* the status in short: "4.1" = step 4, state 1; "moved 3"; "" = nothing */
};

struct rig_cell_change {
    guint area;
    guint sector;
    struct rig_cell cell;
};
struct rig_trailer_change {
    guint area;
    struct rig_account_trailer trailer;
};

enum rig_account_kind { RIG_ACCOUNT_ERASE, RIG_ACCOUNT_WRITE, RIG_ACCOUNT_MORE };
#define RIG_ACCOUNT_ELSEWHERE G_MAXUINT /* an operation outside of the areas */

/* Operations of one kind that follow each other in one area; or, MORE, a run of such steps that is not told.
 */
struct rig_account_step {
    enum rig_account_kind kind;
    bool by_application;
    bool torn; /* power was lost inside its last operation */
    guint area;
    guint first_sector, last_sector; /* of the area */
    guint32 first_operation, n_operations;
    guint64 n_bytes;
    const char *field; /* short name of the trailer field that is written: "magic"; NULL; static */
    char *text;        /* "write primary trailer: copy_done = set" */
    GArray *cells;     /* struct rig_cell_change: what is different afterwards */
    GArray *trailers;  /* struct rig_trailer_change */
    guint n_steps;     /* MORE */
};

/* One power-on. */
struct rig_account_leg {
    guint number;
    struct rig_power_cycle asked;
    GPtrArray *cells;        /* per area GArray of struct rig_cell: before */
    GArray *trailers;        /* per area struct rig_account_trailer: before */
    char *decision;          /* what the bootloader decided: "revert, resumed"; NULL: it does not tell */
    char *runs;              /* what it started: "new, not confirmed"; NULL: nothing */
    char *action;            /* what the application did then; NULL */
    char *stop;              /* why nothing runs, with power; NULL */
    char *cut;               /* "before operation 5: write scratch trailer: magic = good"; NULL: no cut */
    guint32 first_operation; /* number of its first; 0 in explorations, which count from each power-on */
    guint32 n_operations;
    GPtrArray *steps;      /* struct rig_account_step * */
    GPtrArray *operations; /* char *: each one in words */
};

struct rig_account {
    GPtrArray *areas;  /* struct rig_account_area * */
    GPtrArray *legs;   /* struct rig_account_leg *; at most RIG_ACCOUNT_MAX_LEGS, the last ones */
    guint n_legs_left; /* legs before them */
    guint64 n_untold;  /* operations that are in no list `operations` */
    char *complaints[RIG_N_INVARIANTS]; /* of the last power-on; NULL: it holds */
    GPtrArray *cells;                   /* as of a leg: now, and in the end */
    GArray *trailers;
    const struct rig_explore_image *images; /* borrowed, as is the subject */
    struct rig_subject *subject;
    guint64 n_told;                /* private, as what follows */
    struct rig_account_step *open; /* the step that may go on */
    guint open_offset;             /* in its area: where it ended */
};

/* From the content that the subject's flash holds. */
struct rig_account *rig_account_new(struct rig_subject *subject, const struct rig_explore_image *images);
void rig_account_free(struct rig_account *account);
typedef struct rig_account rig_account;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_account, rig_account_free)

/* Recording, by the replay. end closes the last step and condenses the leg. */
struct rig_account_leg *rig_account_begin_leg(struct rig_account *account, guint number,
                                              const struct rig_power_cycle *asked);
void rig_account_operation(struct rig_account *account, const struct sim_flash_operation *operation,
                           bool by_application);
void rig_account_end_leg(struct rig_account *account);

/* One operation in words: "write 16 B primary trailer: magic = good", "erase primary sector 3". Before or
 * after it happened. Owned by the caller. *field: as of a step. */
char *rig_account_operation_text(const struct rig_account *account,
                                 const struct sim_flash_operation *operation, const char **field);
/* The same without place and value: "write of primary magic", "erase of scratch trailer", "write of secondary
 * data". Owned by the caller. */
char *rig_account_operation_class(const struct rig_account *account,
                                  const struct sim_flash_operation *operation);
/* What a sector of the subject's flash holds now. */
struct rig_cell rig_account_look(const struct rig_account *account, guint area, guint sector);
/* A cell in words: "new[3]", "the begin of old[0]", "erased". Owned by the caller. */
char *rig_account_cell_text(const struct rig_account *account, const struct rig_cell *cell);
/* The sector that holds an offset of the area. */
guint rig_account_sector(const struct rig_account_area *area, guint32 offset);
/* Replaces steps that repeat each other (a swap, sector by sector) by one MORE, and what is still too long.
 */
void rig_account_condense(GPtrArray *steps);
struct rig_account_step *rig_account_step_new(void);
void rig_account_step_free(struct rig_account_step *step);

/* Plays one path from the first content with real power cuts. Returns the invariants (bits, of the plan's)
 * that are broken at the last power-on (a plan without invariants judges nothing), 0 also when *fits becomes
 * false: the path asks for a cut at an operation that is never reached. The subject's flash is left as the
 * path leaves it. *account (NULL: not wanted) is the caller's. */
guint32 rig_explore_replay(const struct rig_explore_plan *plan, const GArray *legs,
                           struct rig_account **account, bool *fits);

G_END_DECLS

#endif
