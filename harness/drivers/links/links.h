/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of links that boards on the wall's clock can be reached by. */
#ifndef RIG_DRIVERS_LINKS_LINKS_H
#define RIG_DRIVERS_LINKS_LINKS_H

#include "drivers/board/board.h"

G_BEGIN_DECLS

struct rig_link_kind {
    const char *name; /* what place->kind says, and `--link` */
    /* Opens nothing yet. place: borrowed, read at each connect, so its owner may change it while the link is
     * closed. board: has `events`; outlives the link. */
    struct rig_link *(*make)(const struct rig_link_place *place, struct rig_board *board);
    /* What scenarios may need of it, beside "smp": "bonding", ...; NULL-terminated. */
    const char *const *capabilities;
};
extern const struct rig_link_kind *const rig_link_kinds[];
extern const gsize rig_n_link_kinds;

/* RIG_ERROR_USAGE names the kinds that there are. */
const struct rig_link_kind *rig_link_kind_find(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
