/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a case fits a board: what its steps imply about the board's options and layout, found before
 * anything runs. No device is touched. A verb's `unfit` looks here; the plan walks over the steps. */
#ifndef RIG_STEPS_FIT_H
#define RIG_STEPS_FIT_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "scenario/scenario.h"

G_BEGIN_DECLS

/* A walk over the steps of one case, in their order. Everything is borrowed. */
struct rig_fit {
    const struct rig_case *the_case;
    const struct rig_board *board;
    const struct rig_target *target;
    const struct rig_record *options; /* of the last step `board:`; NULL: there was none yet */
    struct rig_layout layout;         /* under these options */
    bool answers_pairing;             /* `answer-pairing` came before */
    guint64 mtu;                      /* of the connection, at most; 0: there is none yet */
    const char *uploaded;             /* the last image that was; NULL: none */
    bool update_runs;                 /* it was seen to run */
    bool in_recovery;                 /* serial recovery was entered: from here on it may be what answers */
};

/* What an option is at this point of the walk: as the last `board:` says, or the target; NULL: neither says
 * anything. */
const struct rig_value *rig_fit_option(const struct rig_fit *fit, const char *name);
/* The same of an option with choices; `otherwise` where nothing is said. */
const char *rig_fit_choice(const struct rig_fit *fit, const char *name, const char *otherwise);
bool rig_fit_flag(const struct rig_fit *fit, const char *name);
guint64 rig_fit_count(const struct rig_fit *fit, const char *name, guint64 otherwise);
/* Whether the case itself says what this option is. */
bool rig_fit_is_chosen(const struct rig_fit *fit, const char *name);

/* Whether the case is a match for whatever this option of the target is: it chooses it, or is written for the
 * target. */
bool rig_fit_minds(const struct rig_fit *fit, const char *name);

/* The plan of an image of the case; NULL: there is none of that name. */
const struct rig_image_spec *rig_fit_image(const struct rig_fit *fit, const char *name);
/* Bytes of an image from its header through its last TLV, as it would be made for this board, and before any
 * damage; of an ECDSA signature, which has no fixed length, the longest. 0: it comes from a file. */
guint64 rig_fit_image_bytes(const struct rig_fit *fit, const char *name);
/* Whether nothing but its signature (none, another kind, a stranger's, a damaged one) makes the image a bad
 * one. */
bool rig_fit_bad_by_signature(const struct rig_fit *fit, const char *name);

/* Reasons not to run, NULL: there is none. Owned by the caller. */
char *rig_fit_no_slot(const struct rig_fit *fit, guint64 slot);
char *rig_fit_no_scratch(const struct rig_fit *fit);
/* An image that has to lie in a slot and does not; `at`: where it begins. */
char *rig_fit_no_space(const struct rig_fit *fit, const char *image, guint slot, guint64 at);
/* An image that has to run, and is larger than what the bootloader takes. */
char *rig_fit_no_room(const struct rig_fit *fit, const char *image, guint slot);
/* A request whose answer lists the images, on a server whose buffer does not hold it. */
char *rig_fit_no_list(const struct rig_fit *fit);
/* A request of the image group that this bootloader's mode leaves no server for: with a single slot none but
 * serial recovery has any; direct-XIP without revert takes no marks; where an update runs from slot 1 and
 * there are several images, it takes slot 0 for the one that runs. `not_supported`: that is what is expected.
 */
char *rig_fit_no_image_request(const struct rig_fit *fit, bool marks, bool not_supported);
/* An image that is to be refused for its signature, on a board that looks at none. */
char *rig_fit_unchecked(const struct rig_fit *fit, const char *image);

G_END_DECLS

#endif
