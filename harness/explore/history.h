/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the world knows beside the flash content: how far the life of the board has come, and what was
 * promised on the way. A small number, so that a node of the exploration is a content and a history. */
#ifndef RIG_EXPLORE_HISTORY_H
#define RIG_EXPLORE_HISTORY_H

#include "explore/trace.h"

G_BEGIN_DECLS

/* The actions in their order. Each is due when the one before it is complete and the right image runs (the
 * old one uploads and marks, the new one confirms; an update is sent to either, and to an updater that
 * waits); at any power-on nothing may be done as well. An updater that waits after an update was sent wants
 * it again.
 */
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
    bool promised;  /* the cut fell when the host was told already that all is well; with `begun` */
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

/* The action that may be taken when the bootloader came to that end; false: none. */
bool rig_history_due(const struct rig_life *life, const struct rig_history *history,
                     const struct rig_trace *boot, enum rig_action *action);

/* After power was lost somewhere in the bootloader. */
struct rig_history rig_history_cut(const struct rig_history *history);
/* After the bootloader handed over to an image, or waits in its updater. */
struct rig_history rig_history_ran(const struct rig_life *life, const struct rig_history *history,
                                   const struct rig_trace *boot, bool reverts);
/* After the due action was cut in the middle, before or after its promise, or is complete. */
enum rig_acted { RIG_ACTED_BEGUN, RIG_ACTED_PROMISED, RIG_ACTED_COMPLETE };
struct rig_history rig_history_acted(const struct rig_life *life, const struct rig_history *history,
                                     enum rig_acted acted);

G_END_DECLS

#endif
