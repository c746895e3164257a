/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is explored: a bootloader on a flash, and what the application above it, or the host, does to that
 * flash. The search knows runs, actions and how they end, and nothing of any bootloader: each kind has a file
 * of its own (explore/mcuboot.h). */
#ifndef RIG_EXPLORE_SUBJECT_H
#define RIG_EXPLORE_SUBJECT_H

#include <glib.h>
#include <stdbool.h>

#include "path/path.h"
#include "sim/chip/flash/area.h"
#include "sim/chip/flash/flash.h"

G_BEGIN_DECLS

/* How a run of the bootloader ended. */
enum rig_end {
    RIG_END_RUNS,        /* it handed over to an image */
    RIG_END_NO_IMAGE,    /* it found nothing to boot */
    RIG_END_ASSERT,      /* an assertion of its own */
    RIG_END_FLASH_FAULT, /* the flash refused an operation */
    RIG_END_CRASH,       /* a signal */
    RIG_END_LOOP,        /* it did not come to an end */
    RIG_END_UPDATER,     /* it waits in its updater: an update can be sent to it */
    RIG_END_NOT_RUN,     /* the rig's own trouble: nothing is said about the bootloader */
};
/* With what it said, and nothing twice: "crash: invalid memory access". Owned by the caller. */
char *rig_end_sentence(enum rig_end end, const char *said);
/* The board does something for its user: an image runs, or the updater waits. */
static inline bool rig_end_is_up(guint end)
{
    return end == RIG_END_RUNS || end == RIG_END_UPDATER;
}

struct rig_end_report {
    enum rig_end end;
    guint device; /* RUNS: where the image that it handed over to begins */
    guint32 offset;
    char text[96];     /* what it said, may be empty */
    char decision[48]; /* what it decided to do: "revert, resumed"; empty: it does not tell */
};

/* What an application does to its flash, step by step; or what a host does to the board, application and
 * updater together: UPDATE, the whole transfer with the way into the updater and the resets in it. */
enum rig_action {
    RIG_ACTION_UPLOAD,
    RIG_ACTION_TEST,
    RIG_ACTION_PERMANENT,
    RIG_ACTION_CONFIRM,
    RIG_ACTION_UPDATE,
};
#define RIG_N_ACTIONS 5
const char *rig_action_name(enum rig_action action); /* "upload", "test", ..., "update" */

/* An image that may be found running. On a board with two images a pair: what is updated together. */
struct rig_explore_image {
    const char *name;
    const guint8 *bytes; /* borrowed */
    gsize n_bytes;
    bool verified;              /* its signature and hash are what the bootloader must demand */
    const guint8 *second_bytes; /* of the board's second image; NULL: that one is left alone */
    gsize n_second_bytes;
    bool encrypted;             /* it runs decrypted */
    const guint8 *clear;        /* of an encrypted one: so many bytes as it is where it runs; NULL: not known,
                                   see explore/running.h */
    const guint8 *second_clear; /* the same of the second image; NULL: it runs as it is */
};
#define RIG_IMAGE_OLD 0
#define RIG_IMAGE_NEW 1
#define RIG_N_EXPLORE_IMAGES 2
#define RIG_IMAGE_MIXED 2 /* one half of the old pair and one of the new */
#define RIG_IMAGE_UNKNOWN 0xff

/* What stands in flash where a run ended. */
struct rig_seen {
    guint8 image;   /* RIG_IMAGE_OLD, NEW, MIXED or UNKNOWN: what runs */
    bool confirmed; /* it is marked as confirmed */
    bool copy_kept; /* the image that a trial replaced stands whole where a revert would take it from */
};

/* Where a write lies in what a bootloader keeps about itself. */
struct rig_subject_field {
    const char *name; /* short, as pictures have it: "magic"; NULL: in none of them, or over several */
    const char *word; /* as the documents have it: "swap-type"; NULL: the same */
    char text[96];    /* with its value: "magic = good"; empty: the name */
};

/* What a flash content says before anything is run. */
struct rig_inspection {
    bool no_settings; /* neither the bootloader's settings nor their copy are valid */
    bool data_lost;   /* what no update may touch is not what it was at first */
};

#define RIG_SUBJECT_MAX_AREAS 10
#define RIG_SUBJECT_MAX_DEAD 4
struct rig_subject;
struct rig_subject_ops {
    /* From power-on to the hand-over, with power all the time. Only struct sim_flash is touched. */
    void (*boot)(struct rig_subject *subject, struct rig_end_report *report);
    /* The same for processes that may be corrupted by it; NULL: boot() is harmless. See explore/sandbox.h. */
    void (*boot_here)(struct rig_subject *subject, struct rig_end_report *report);
    /* false: the application, or the updater, refused or failed; what was written until then stays. `image`:
     * the one of an upload; with a pair it acts on both of the board's images, one after the other. When the
     * board tells its host that all is well, promised_at becomes the flash's number of operations. */
    bool (*act)(struct rig_subject *subject, enum rig_action action, const struct rig_explore_image *image);
    /* What stands where a run came to that end; only looks. NULL: the image that the flash holds at the place
     * of the report, byte by byte. */
    void (*look)(struct rig_subject *subject, const struct rig_explore_image images[RIG_N_EXPLORE_IMAGES],
                 const struct rig_end_report *report, struct rig_seen *seen);
    /* NULL: there is nothing to be said. Only looks. */
    void (*inspect)(struct rig_subject *subject, struct rig_inspection *inspection);
    /* Whole sectors whose bytes decide nothing, as they are erased before anything reads them: half an image
     * that nobody refers to. Contents that differ there alone are one. That nothing is read or written there
     * before it is erased is looked after in each run. Only looks. Returns how many, RIG_SUBJECT_MAX_DEAD at
     * the most. NULL: none. */
    guint (*dead)(struct rig_subject *subject, struct sim_area dead[RIG_SUBJECT_MAX_DEAD]);
    /* What the bootloader keeps at the end of an area (MCUboot's trailer): where it begins, from the area's
     * begin (area->n_bytes: there is none), what it says, and which part of it a write is. NULL ops: nothing
     * is kept. */
    guint32 (*record_start)(struct rig_subject *subject, const struct sim_area *area);
    bool (*record_read)(struct rig_subject *subject, const struct sim_area *area, struct rig_path *path,
                        struct rig_path_trailer *record); /* `area` of the record is the caller's */
    void (*record_field)(struct rig_subject *subject, const struct sim_area *area,
                         const struct sim_flash_operation *operation, struct rig_subject_field *field);
    /* Adds everything that decides what it does: code, configuration, keys. */
    void (*identify)(struct rig_subject *subject, GChecksum *sum);
    void (*free)(struct rig_subject *subject);
};
struct rig_subject {
    const struct rig_subject_ops *ops;
    struct sim_flash *flash; /* owned, but by a view */
    bool reverts;            /* an unconfirmed update is taken back */
    bool tells_confirmed;    /* look() knows what is confirmed, */
    bool tells_copy;         /* and whether the copy is kept */
    guint32 invariants;      /* bits of enum rig_invariant that this kind of bootloader is asked for */
    guint64 promised_at;     /* see act(); written by it */
    const char *record;      /* what record_start() is about: "trailer"; NULL: that */
    const char *places;      /* where may be written, in words: "the slots"; NULL: that */
    struct sim_area areas[RIG_SUBJECT_MAX_AREAS];  /* where bootloader and application may write */
    const char *area_names[RIG_SUBJECT_MAX_AREAS]; /* "primary"; static */
    guint32 closed_areas;                          /* bits: those that are looked at and not to be written */
    guint n_areas;
    guint32 max_boot_ms;        /* with boot_here: longer than it takes, however loaded the machine is */
    bool (*stop)(void *user);   /* with boot_here: true = give up waiting; may be NULL */
    bool (*intact)(void *user); /* and what the forked process checks last; may be NULL */
    void *user;
    guint whole_device; /* writes to this flash device happen or do not, they are never torn */
};

/* ops->look, or what stands for it. */
void rig_subject_look(struct rig_subject *subject,
                      const struct rig_explore_image images[RIG_N_EXPLORE_IMAGES],
                      const struct rig_end_report *report, struct rig_seen *seen);
/* Does the flash hold these bytes there? */
bool rig_flash_holds(const struct sim_flash *flash, guint device, guint32 offset, const guint8 *bytes,
                     gsize n_bytes);

/* For ops->identify. */
void rig_sum_number(GChecksum *sum, guint64 number);
void rig_sum_bytes(GChecksum *sum, const guint8 *bytes, gsize n_bytes); /* and how many */

/* A flash of its own with the same contents. further: one device more, erased; NULL: none. NULL: no memory.
 */
struct sim_flash *rig_flash_copy(const struct sim_flash *flash,
                                 const struct sim_flash_device_config *further);

void rig_subject_free(struct rig_subject *subject);
typedef struct rig_subject rig_subject;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_subject, rig_subject_free)

G_END_DECLS

#endif
