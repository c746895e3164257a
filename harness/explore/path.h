/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A way through an exploration, power-on by power-on, and its compact form: "app,0,19h,run". */
#ifndef RIG_EXPLORE_PATH_H
#define RIG_EXPLORE_PATH_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* What becomes of one power-on. Operations are counted from 0 over the bootloader's run and, after it, the
 * application's action. */
enum rig_cycle_form {
    RIG_CYCLE_CUT,  /* N: power is lost before operation N */
    RIG_CYCLE_TORN, /* Nh: half-way through operation N */
    RIG_CYCLE_RUN,  /* run: the bootloader ends, the application does nothing */
    RIG_CYCLE_ACT,  /* app: the bootloader ends, the application does what is due */
};
struct rig_power_cycle {
    enum rig_cycle_form form;
    guint32 operation; /* CUT, TORN */
};

/* GArray of struct rig_power_cycle <-> text. Both are owned by the caller. */
char *rig_path_text(const GArray *legs);
/* NULL with an error: no path. At most 1000 legs. */
GArray *rig_path_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
