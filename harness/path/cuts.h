/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where power is cut, power cycle by power cycle, and its compact form: "app,0,19h,run". */
#ifndef RIG_PATH_CUTS_H
#define RIG_PATH_CUTS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* What becomes of one power cycle. Operations are counted from 0 over the bootloader's run and, after it, the
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
char *rig_cuts_text(const GArray *cycles);
/* NULL with an error: no path. At most 1000 cycles. */
GArray *rig_cuts_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
