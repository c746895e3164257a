/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all boards share: waiting for a condition with a deadline, names. */
#include "drivers/board/board.h"

#include "base/error.h"
#include "bench/target.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_POLLED 16
#define MAX_CATCH_UP 100u /* a source that is never done must not hold the board */

void rig_board_demand(struct rig_board *board, const struct rig_layout *own,
                      const struct rig_options_spec *options)
{
    bool counter = own->has_security_counter && !(options && options->security_counter);

    board->demands = (struct rig_board_demands){
        .counter = counter,
        .least_counter = counter ? MAX(own->security_counter, own->second_security_counter) : 0,
        .encryption = own->encryption_needed && !(options && options->update_needs),
    };
}

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
        if (board->broken) {
            g_propagate_error(error, g_steal_pointer(&board->broken));
            return false;
        }
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
    static const char *const names[] = {"off",
                                        "booting",
                                        "running",
                                        "hung",
                                        "no bootable image",
                                        "halted",
                                        "in the bootloader, waiting for an update"};

    return (guint)state < G_N_ELEMENTS(names) ? names[state] : "unknown";
}

/* An iteration of the loop with a time limit of its own: this is the way of every packet, and a timeout
 * source for each would cost more than the packet. */
void rig_board_idle(struct rig_board *board, guint max_ms)
{
    GPollFD few[MAX_POLLED];
    g_autofree GPollFD *many = NULL;
    GPollFD *polled = few;
    gint priority, timeout_ms, n, room = G_N_ELEMENTS(few);

    g_return_if_fail(g_main_context_acquire(board->events));
    (void)g_main_context_prepare(board->events, &priority);
    while ((n = g_main_context_query(board->events, priority, &timeout_ms, polled, room)) > room) {
        room = n;
        g_free(many);
        polled = many = g_new(GPollFD, room);
    }
    if (timeout_ms < 0 || (guint)timeout_ms > max_ms)
        timeout_ms = (gint)max_ms;
    (void)g_poll(polled, (guint)n, timeout_ms);
    if (g_main_context_check(board->events, priority, polled, n))
        g_main_context_dispatch(board->events);
    g_main_context_release(board->events);
}

void rig_board_catch_up(struct rig_board *board)
{
    for (guint i = 0; i < MAX_CATCH_UP && g_main_context_iteration(board->events, FALSE); i++)
        ;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer user)
{
    (void)fd;
    (void)condition;
    (void)user;
    return G_SOURCE_CONTINUE;
}

bool rig_board_can_have_events(GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_IO, "no event queue can be made: %s", g_strerror(errno));
    else
        close(fd);
    return fd >= 0;
}

GSource *rig_board_wake_on(struct rig_board *board, int fd)
{
    GSource *source = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);

    g_source_set_callback(source, G_SOURCE_FUNC(readable), NULL, NULL);
    g_source_attach(source, board->events);
    return source;
}
