/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the world knows beside the flash content: how far the life of the board has come, and what was
 * promised on the way. A small number, so that a node of the exploration is a content and a history. */
#ifndef RIG_EXPLORE_HISTORY_H
#define RIG_EXPLORE_HISTORY_H

#include "explore/trace.h"

G_BEGIN_DECLS

/* The application's actions in their order. Each is due when the one before it is complete and the right
 * image runs (the old one uploads and marks, the new one confirms); at any power-on the application may also
 * do nothing. */
#define RIG_LIFE_MAX_ACTIONS 8
struct rig_life {
    enum rig_action actions[RIG_LIFE_MAX_ACTIONS];
    guint n_actions;
};

/* Fits into 7 bits. */
struct rig_history {
    guint8 n_done;  /* actions that are complete */
    bool begun;     /* the next one was cut in the middle */
    bool tried;     /* the new image was seen running on trial */
    bool untouched; /* no cut since the last action was complete */
};
#define RIG_N_HISTORIES 128u
guint8 rig_history_pack(const struct rig_history *history);
struct rig_history rig_history_unpack(guint8 packed);

/* The last request to install the new image. */
struct rig_request {
    bool made; /* at least begun */
    bool complete;
    bool permanent;     /* no trial: nothing has to be confirmed */
    bool confirm_begun; /* after it */
    bool confirmed;     /* after it, in full */
};
struct rig_request rig_history_request(const struct rig_life *life, const struct rig_history *history,
                                       bool reverts);

/* The action that the application may take when that image runs; false: none. */
bool rig_history_due(const struct rig_life *life, const struct rig_history *history, guint8 image,
                     enum rig_action *action);

/* After power was lost somewhere in the bootloader. */
struct rig_history rig_history_cut(const struct rig_history *history);
/* After the bootloader handed over to an image. */
struct rig_history rig_history_ran(const struct rig_life *life, const struct rig_history *history,
                                   guint8 image, bool reverts);
/* After the due action was cut in the middle, or is complete. */
struct rig_history rig_history_acted(const struct rig_life *life, const struct rig_history *history,
                                     bool complete);

G_END_DECLS

#endif
