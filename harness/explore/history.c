/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a life proceeds. */
#include "explore/history.h"

guint8 rig_history_pack(const struct rig_history *history)
{
    return (guint8)(history->n_done | history->begun << 4 | history->tried << 5 | history->untouched << 6);
}

struct rig_history rig_history_unpack(guint8 packed)
{
    return (struct rig_history){
        .n_done = packed & 15u, .begun = packed & 16u, .tried = packed & 32u, .untouched = packed & 64u};
}

static bool asks_for_update(enum rig_action action)
{
    return action == RIG_ACTION_TEST || action == RIG_ACTION_PERMANENT;
}

struct rig_request rig_history_request(const struct rig_life *life, const struct rig_history *history,
                                       bool reverts)
{
    struct rig_request request = {false, false, false, false, false};

    for (guint i = 0; i < life->n_actions && i < history->n_done + (history->begun ? 1u : 0u); i++) {
        bool complete = i < history->n_done;

        /* The old image runs and takes the place of the other away: what was asked for is over. */
        if (life->actions[i] == RIG_ACTION_UPLOAD)
            request = (struct rig_request){.made = false};
        if (asks_for_update(life->actions[i]))
            request = (struct rig_request){.made = true,
                                           .complete = complete,
                                           .permanent = life->actions[i] == RIG_ACTION_PERMANENT || !reverts};
        if (life->actions[i] == RIG_ACTION_CONFIRM && request.made) {
            request.confirm_begun = true;
            request.confirmed = complete;
        }
    }
    return request;
}

bool rig_history_due(const struct rig_life *life, const struct rig_history *history, guint8 image,
                     enum rig_action *action)
{
    if (history->n_done >= life->n_actions)
        return false;
    *action = life->actions[history->n_done];
    return image == (*action == RIG_ACTION_CONFIRM ? RIG_IMAGE_NEW : RIG_IMAGE_OLD);
}

struct rig_history rig_history_cut(const struct rig_history *history)
{
    struct rig_history after = *history;

    after.untouched = false;
    return after;
}

struct rig_history rig_history_ran(const struct rig_life *life, const struct rig_history *history,
                                   guint8 image, bool reverts)
{
    struct rig_request request = rig_history_request(life, history, reverts);
    struct rig_history after = *history;

    after.untouched = false;
    if (image == RIG_IMAGE_NEW && request.made && !request.permanent && !request.confirm_begun)
        after.tried = true;
    return after;
}

struct rig_history rig_history_acted(const struct rig_life *life, const struct rig_history *history,
                                     bool complete)
{
    enum rig_action action = life->actions[history->n_done];
    struct rig_history after = *history;

    /* A new request starts a new trial, a confirmation ends the old one. */
    if (action != RIG_ACTION_UPLOAD)
        after.tried = false;
    after.begun = !complete;
    after.n_done = (guint8)(history->n_done + (complete ? 1 : 0));
    after.untouched = complete;
    return after;
}
