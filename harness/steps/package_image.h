/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images of boards with Nordic's bootloaders: a plan of `images:` becomes a distribution package. */
#ifndef RIG_STEPS_PACKAGE_IMAGE_H
#define RIG_STEPS_PACKAGE_IMAGE_H

#include "steps/image_store.h"

G_BEGIN_DECLS

/* What a plan is built with; borrowed for the call. */
struct rig_package_order {
    const char *name;
    const struct rig_image_spec *spec;
    const struct rig_board *board;
    const struct rig_key *key; /* NULL: unsigned */
    guint64 seed;
    GBytes *payload; /* of an application, or the bytes of `file`; NULL: no part is an application */
};
/* parts, file (what stands in flash for the image: the application, else the whole of the first part), hash
 * (SHA-256 of that), sha (of all that the board gets), version and its text. RIG_ERROR_UNSUPPORTED: this
 * board has no such thing; RIG_ERROR_INPUT: the plan or the file is wrong. */
bool rig_package_image_build(const struct rig_package_order *order, struct rig_built_image *built,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first field of the plan that is written and has no meaning for this kind of board; NULL: there is none.
 */
const char *rig_package_image_foreign(const struct rig_image_spec *spec, const struct rig_board *board);

G_END_DECLS

#endif
