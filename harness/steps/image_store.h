/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images of scenarios, built when first asked for and kept for the whole run: the same plan gives the same
 * bytes. */
#ifndef RIG_STEPS_IMAGE_STORE_H
#define RIG_STEPS_IMAGE_STORE_H

#include "drivers/board/board.h"
#include "drivers/update/update.h"
#include "scenario/scenario.h"

G_BEGIN_DECLS

struct rig_built_image {
    char *name;                        /* in the scenario */
    GBytes *file;                      /* the whole file as it is uploaded */
    GBytes *clear;                     /* as slot 0 holds it: of an encrypted image decrypted, else `file` */
    guint8 hash[RIG_IMAGE_HASH_BYTES]; /* SHA-256: stored, or computed where there is none */
    guint8 smp_hash[64];               /* as SMP names the image: stored, of any kind, else the above */
    gsize n_smp_hash;
    bool has_hash;
    guint8 sha[32]; /* SHA-256 of the file */
    struct rig_image_version version;
    char *version_text;
    guint index;                                        /* image number of a multi-image board */
    struct rig_update_part parts[RIG_UPDATE_MAX_PARTS]; /* of a distribution package */
    guint n_parts;                                      /* 0: the image is the file */
};

struct rig_image_store;
struct rig_image_store *rig_image_store_new(void);
void rig_image_store_free(struct rig_image_store *store);

/* A file's `behaviour` is told to the board each time: it may be another one in the next case. The board says
 * how images are signed by default and, where it can, what a payload looks like. Borrowed
 * until the store is freed. */
const struct rig_built_image *rig_image_store_get(struct rig_image_store *store,
                                                  const struct rig_case *the_case, const char *name,
                                                  struct rig_board *board,
                                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
