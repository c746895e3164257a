/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What MCUboot makes of a board's flash layout, mode by mode: whether it can upgrade, whether it boots at
 * all, the largest image, time and wear of an upgrade, and what a loss of power does. Nothing is looked up in
 * a table: the bootloader model is run on the layout, with the largest images that fit, and what happens is
 * told. */
#ifndef RIG_LAYOUTS_VERDICT_H
#define RIG_LAYOUTS_VERDICT_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

enum rig_layout_answer {
    RIG_LAYOUT_UPGRADES,       /* the new image runs, and what the mode promises of a revert is kept */
    RIG_LAYOUT_CANNOT_UPGRADE, /* what is in slot 0 boots; an update never takes place */
    RIG_LAYOUT_DOES_NOT_BOOT,  /* nothing boots, with or without an update */
    RIG_LAYOUT_BREAKS,         /* an update ends in something else than one of the two images */
};

/* Losses of power that were tried in an upgrade and in the revert behind it: before an operation and half-way
 * through it, with images of the largest size and of one sector. */
struct rig_layout_cuts {
    guint64 n_places;
    guint64 n_tried;
    guint64 n_lost;  /* after which neither image ran within three boots */
    char first[320]; /* of these, in words; empty: there is none */
};

#define RIG_LAYOUT_MAX_HAZARDS 6

struct rig_layout_verdict {
    enum rig_swap_mode mode;
    bool chosen; /* it is the target's own mode */
    enum rig_layout_answer answer;
    char reason[192]; /* why not, in the bootloader's words where it has some */
    /* Of an image, header through last TLV byte, on a board with two images of both; 0: none is taken. What
     * the bootloader takes, and up to where upgrade and revert went well. */
    guint32 largest_bytes, safe_bytes;
    /* Of an upgrade of all images with the largest size, and of the revert behind it; 0 where there is none.
     */
    guint64 upgrade_us, revert_us;
    guint64 n_operations; /* of the upgrade: writes and erases */
    guint32 max_erases;   /* of one sector in the upgrade */
    char worn[64];        /* which one: "internal 0x4e000" */
    struct rig_layout_cuts cuts;
    /* What is known to go wrong in this mode on this layout and takes more than one cut, or images of a
     * certain kind; static texts. */
    const char *hazards[RIG_LAYOUT_MAX_HAZARDS];
    guint n_hazards;
};

#define RIG_LAYOUT_MAX_VERDICTS 16

/* All modes that the model knows, in its order, on a simulated board's bootloader and devices. Returns how
 * many. A board without MCUboot: none, with RIG_ERROR_UNSUPPORTED. */
guint rig_layout_judge(struct rig_board *board, struct rig_layout_verdict verdicts[RIG_LAYOUT_MAX_VERDICTS],
                       GError **error);

G_END_DECLS

#endif
