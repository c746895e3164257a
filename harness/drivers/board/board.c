/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all boards share: waiting for a condition with a deadline, names. */
#include "drivers/board/board.h"

#include "base/error.h"

bool rig_board_can(const struct rig_board *board, const char *capability)
{
    return g_strv_contains((const gchar *const *)board->capabilities, capability);
}

bool rig_board_wait_for(struct rig_board *board, guint64 until_us, rig_board_condition done, void *user,
                        bool *satisfied, GError **error)
{
    for (;;) {
        bool happened = false;

        *satisfied = done(user);
        if (*satisfied)
            return true;
        if (!board->ops->wait(board, until_us, &happened, error))
            return false;
        if (!happened) {
            *satisfied = done(user);
            return true;
        }
    }
}

const char *rig_cut_form_name(enum rig_cut_form form)
{
    static const char *const names[] = {"before", "half", "after"};

    return (guint)form < G_N_ELEMENTS(names) ? names[form] : "unknown";
}

const char *rig_run_state_name(enum rig_run_state state)
{
    static const char *const names[] = {"off", "booting", "running", "hung", "no bootable image"};

    return (guint)state < G_N_ELEMENTS(names) ? names[state] : "unknown";
}
