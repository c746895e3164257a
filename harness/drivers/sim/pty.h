/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pseudo-terminal that stands in for a serial port of a simulated board. */
#ifndef RIG_DRIVERS_SIM_PTY_H
#define RIG_DRIVERS_SIM_PTY_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_pty {
    int master; /* -1: there is none; does not block */
    int keeper; /* the other end, held open so that the terminal lives without a reader */
    char *path;
};

/* Raw, without echo. false with errno. rig_pty_close() also when this fails. */
bool rig_pty_open(struct rig_pty *pty) G_GNUC_WARN_UNUSED_RESULT;
void rig_pty_close(struct rig_pty *pty);

G_END_DECLS

#endif
