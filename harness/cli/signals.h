/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals that ask this program to stop. What was ignored when it was started (nohup, a shell's background
 * job) stays ignored. */
#ifndef RIG_CLI_SIGNALS_H
#define RIG_CLI_SIGNALS_H

#include <glib.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* SIGINT, SIGTERM and SIGHUP go to handler; SIGPIPE is ignored. flags: of sigaction(), or 0. */
void rig_cli_catch_signals(void (*handler)(int), int flags);
/* SIGINT and SIGTERM go to a function of the default main loop. ids: sources to be removed, 0 where the
 * signal is ignored. */
void rig_cli_signal_sources(GSourceFunc function, gpointer user, guint ids[2]);

/* While a board is without power on the way to having it again, a signal must wait: else it would stay dark.
 * SIGINT, SIGTERM and SIGHUP are held back until release(), which lets one that came meanwhile take its
 * course. */
void rig_cli_hold_signals(sigset_t *before);
void rig_cli_release_signals(const sigset_t *before);
/* With signals held: whether one of them has come. */
bool rig_cli_signal_is_held(void);
/* With signals held: so long, or until one of them comes, which stays pending. */
void rig_cli_wait_held_ms(guint ms);

G_END_DECLS

#endif
