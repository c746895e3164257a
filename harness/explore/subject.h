/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is explored: a bootloader on a flash, and the writes of the application above it. */
#ifndef RIG_EXPLORE_SUBJECT_H
#define RIG_EXPLORE_SUBJECT_H

#include <glib.h>
#include <stdbool.h>

#include "sim/firmware/mcuboot/boot/boot.h"

G_BEGIN_DECLS

/* How a run of the bootloader ended. */
enum rig_end {
    RIG_END_RUNS,        /* it handed over to an image */
    RIG_END_NO_IMAGE,    /* it found nothing to boot */
    RIG_END_ASSERT,      /* an assertion of its own */
    RIG_END_FLASH_FAULT, /* the flash refused an operation */
    RIG_END_CRASH,       /* a signal */
    RIG_END_LOOP,        /* it did not come to an end */
    RIG_END_NOT_RUN,     /* the rig's own trouble: nothing is said about the bootloader */
};
/* With what it said, and nothing twice: "crash: invalid memory access". Owned by the caller. */
char *rig_end_sentence(enum rig_end end, const char *said);

struct rig_end_report {
    enum rig_end end;
    guint device; /* RUNS: where the image that it handed over to begins */
    guint32 offset;
    char text[96];     /* what it said, may be empty */
    char decision[48]; /* what it decided to do: "revert, resumed"; empty: it does not tell */
};

/* What an application does to its flash, step by step. */
enum rig_action { RIG_ACTION_UPLOAD, RIG_ACTION_TEST, RIG_ACTION_PERMANENT, RIG_ACTION_CONFIRM };
#define RIG_N_ACTIONS 4
const char *rig_action_name(enum rig_action action); /* "upload", "test", "permanent", "confirm" */

/* An image that may be found running. On a board with two images a pair: what is updated together. */
struct rig_explore_image {
    const char *name;
    const guint8 *bytes; /* borrowed */
    gsize n_bytes;
    bool verified;              /* its signature and hash are what the bootloader must demand */
    const guint8 *second_bytes; /* of the board's second image; NULL: that one is left alone */
    gsize n_second_bytes;
    bool encrypted; /* it runs decrypted: see explore/running.h */
};
#define RIG_IMAGE_OLD 0
#define RIG_IMAGE_NEW 1
#define RIG_N_EXPLORE_IMAGES 2
#define RIG_IMAGE_MIXED 2 /* one half of the old pair and one of the new */
#define RIG_IMAGE_UNKNOWN 0xff

#define RIG_SUBJECT_MAX_AREAS 8
struct rig_subject;
struct rig_subject_ops {
    /* From power-on to the hand-over, with power all the time. Only struct sim_flash is touched. */
    void (*boot)(struct rig_subject *subject, struct rig_end_report *report);
    /* The same for processes that may be corrupted by it; NULL: boot() is harmless. See explore/sandbox.h. */
    void (*boot_here)(struct rig_subject *subject, struct rig_end_report *report);
    /* false: the application's own code refused or failed; what was written until then stays. `image`: the
     * one of an upload; with a pair it acts on both of the board's images, one after the other. */
    bool (*act)(struct rig_subject *subject, enum rig_action action, const struct rig_explore_image *image);
    /* Is what runs marked as confirmed? NULL op: that cannot be told. */
    bool (*confirmed)(struct rig_subject *subject);
    /* Where the image that a trial replaced is kept; false: nowhere (nothing to revert to). */
    bool (*kept_copy)(struct rig_subject *subject, guint *device, guint32 *offset);
    /* The trailer at the end of an area, in words; false: it has none. NULL op: none has. */
    bool (*trailer)(struct rig_subject *subject, const struct sim_area *area,
                    struct rig_trailer_geometry *geometry, struct rig_trailer *trailer);
    /* Adds everything that decides what it does: code, configuration, keys. */
    void (*identify)(struct rig_subject *subject, GChecksum *sum);
    void (*free)(struct rig_subject *subject);
};
struct rig_subject {
    const struct rig_subject_ops *ops;
    struct sim_flash *flash;                       /* owned, but by a view */
    bool reverts;                                  /* an unconfirmed update is taken back */
    struct sim_area areas[RIG_SUBJECT_MAX_AREAS];  /* where bootloader and application may write */
    const char *area_names[RIG_SUBJECT_MAX_AREAS]; /* "primary"; static */
    guint n_areas;
    guint32 max_boot_ms;        /* with boot_here: longer than it takes, however loaded the machine is */
    bool (*stop)(void *user);   /* with boot_here: true = give up waiting; may be NULL */
    bool (*intact)(void *user); /* and what the forked process checks last; may be NULL */
    void *user;
    bool has_pair;                       /* the images are pairs */
    struct sim_area second, second_kept; /* where the board's second image runs, and its copy is kept */
    guint whole_device;    /* writes to this flash device happen or do not, they are never torn */
    guint32 upload_offset; /* where an uploaded image begins in the slot it goes to, see model.c */
};

/* The built-in model on a flash of its own with the same contents as `flash`. The configuration is copied;
 * its keys must outlive the subject, its memo is replaced by one of its own. NULL: no memory. */
struct rig_subject *rig_subject_model(const struct sim_boot_config *config, const struct sim_flash *flash);
/* The model on a flash that somebody else runs on: to be looked at (explore/flash_map.h), not to be run. */
struct rig_subject *rig_subject_view(const struct sim_boot_config *config, const struct sim_flash *flash);
/* The model with hw_rollback keeps its counters on a flash device of their own, beyond those of the board, so
 * that they are part of the contents; this is what they are at the begin. Nothing without hw_rollback. */
void rig_subject_set_counter(struct rig_subject *subject, guint image, guint32 counter);
/* A foreign bootloader on the board of that configuration. Slots and scratch are the board's, and its
 * application marks and confirms in MCUboot's trailers; an unconfirmed update is expected to be taken back
 * unless the board's mode is overwrite. The guest is borrowed. */
struct sim_guest;
struct rig_subject *rig_subject_guest(const struct sim_boot_config *config, const struct sim_flash *flash,
                                      struct sim_guest *guest);
void rig_subject_free(struct rig_subject *subject);
typedef struct rig_subject rig_subject;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_subject, rig_subject_free)

G_END_DECLS

#endif
