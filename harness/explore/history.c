/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a life proceeds. */
#include "explore/history.h"

/* What is promised was begun and is not untouched: the two bits together say so. */
guint8 rig_history_pack(const struct rig_history *history)
{
    return (guint8)(history->n_done | history->begun << 4 | history->tried << 5 |
                    (history->untouched || history->promised) << 6);
}

struct rig_history rig_history_unpack(guint8 packed)
{
    bool both = (packed & 16u) && (packed & 64u);

    return (struct rig_history){.n_done = packed & 15u,
                                .begun = packed & 16u,
                                .tried = packed & 32u,
                                .untouched = (packed & 64u) && !both,
                                .promised = both};
}

static bool asks_for_update(enum rig_action action)
{
    return action == RIG_ACTION_TEST || action == RIG_ACTION_PERMANENT || action == RIG_ACTION_UPDATE;
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

bool rig_history_due(const struct rig_life *life, const struct rig_history *history,
                     const struct rig_trace *boot, enum rig_action *action)
{
    if (history->n_done >= life->n_actions)
        return false;
    *action = life->actions[history->n_done];
    if (*action == RIG_ACTION_UPDATE)
        return boot->end == RIG_END_UPDATER || boot->image == RIG_IMAGE_OLD || boot->image == RIG_IMAGE_NEW;
    return boot->image == (*action == RIG_ACTION_CONFIRM ? RIG_IMAGE_NEW : RIG_IMAGE_OLD);
}

struct rig_history rig_history_cut(const struct rig_history *history)
{
    struct rig_history after = *history;

    after.untouched = false;
    return after;
}

/* An update is complete when it runs, however it came to that; an updater that waits without it wants it
 * again. */
static void see_update(const struct rig_life *life, const struct rig_trace *boot, struct rig_history *after)
{
    bool installed = boot->image == RIG_IMAGE_NEW;

    after->promised = false;
    if (installed && after->begun && after->n_done < life->n_actions &&
        life->actions[after->n_done] == RIG_ACTION_UPDATE) {
        after->begun = false;
        after->n_done++;
    } else if (!installed && boot->end == RIG_END_UPDATER && !after->begun && after->n_done > 0 &&
               life->actions[after->n_done - 1] == RIG_ACTION_UPDATE) {
        after->begun = true;
        after->n_done--;
    }
}

struct rig_history rig_history_ran(const struct rig_life *life, const struct rig_history *history,
                                   const struct rig_trace *boot, bool reverts)
{
    struct rig_request request = rig_history_request(life, history, reverts);
    struct rig_history after = *history;

    after.untouched = false;
    if (boot->image == RIG_IMAGE_NEW && request.made && !request.permanent && !request.confirm_begun)
        after.tried = true;
    see_update(life, boot, &after);
    return after;
}

struct rig_history rig_history_acted(const struct rig_life *life, const struct rig_history *history,
                                     enum rig_acted acted)
{
    enum rig_action action = life->actions[history->n_done];
    struct rig_history after = *history;
    bool complete = acted == RIG_ACTED_COMPLETE;

    /* A new request starts a new trial, a confirmation ends the old one. */
    if (action != RIG_ACTION_UPLOAD)
        after.tried = false;
    after.begun = !complete;
    after.promised = acted == RIG_ACTED_PROMISED;
    after.n_done = (guint8)(history->n_done + (complete ? 1 : 0));
    after.untouched = complete;
    return after;
}
