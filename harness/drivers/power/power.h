/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role: the board's supply. A cut counts only when something other than the switch said so: the report
 * carries the proof. */
#ifndef RIG_DRIVERS_POWER_POWER_H
#define RIG_DRIVERS_POWER_POWER_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

enum rig_cut_form { RIG_CUT_BEFORE, RIG_CUT_HALF, RIG_CUT_AFTER };
const char *rig_cut_form_name(enum rig_cut_form form); /* "before", "half", "after" */

enum rig_cut_aim { RIG_CUT_AT_OPERATION, RIG_CUT_AFTER_TIME, RIG_CUT_AT_CONSOLE, RIG_CUT_AT_MEMORY };
struct rig_cut_plan {
    enum rig_cut_aim aim;
    guint64 operation;      /* AT_OPERATION: flash operations from now, 0 = the next */
    enum rig_cut_form form; /* AT_OPERATION */
    guint64 delay_us;       /* AFTER_TIME: from now; AT_CONSOLE: from the line; AT_MEMORY: from the change */
    guint32 address;        /* AT_MEMORY: of the word that is polled, in the target's memory map */
    const char *line;       /* AT_CONSOLE: a piece of the line, see below; borrowed for the call */
};
/* The longest piece of a line that every board takes. */
#define RIG_CUT_LINE_BYTES 95

/* What became of an armed cut. */
struct rig_cut_record {
    bool fell;
    guint64 at_us;     /* board clock: when it was measured to be off */
    guint64 aimed_us;  /* board clock: when it was to fall; 0: it was not aimed at an instant */
    bool at_operation; /* the fields below are known */
    guint64 operation;
    bool erase; /* else a write */
    char device[24];
    guint32 offset;
    guint32 n_bytes;
    bool torn;
    char proof[64]; /* who else said that the board is dead: "simulator: flash without power" */
};

struct rig_power;
struct rig_power_ops {
    const char *name;
    /* Blocks until the device says that it is so, where it can say anything; else until the command has gone
     * out. */
    bool (*set)(struct rig_power *power, bool on, GError **error);
    /* RIG_ERROR_UNSUPPORTED: the device cannot tell; the state is unknown, not off. */
    bool (*is_on)(struct rig_power *power, bool *on, GError **error);
    /* Aims one cut; RIG_ERROR_UNSUPPORTED when the driver cannot aim that way. */
    bool (*arm_cut)(struct rig_power *power, const struct rig_cut_plan *plan, GError **error);
    bool (*disarm_cut)(struct rig_power *power, struct rig_cut_record *record, GError **error);
    void (*free)(struct rig_power *power); /* NULL: the board owns it */
};
struct rig_power {
    const struct rig_power_ops *ops;
};
void rig_power_free(struct rig_power *power);
typedef struct rig_power rig_power;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_power, rig_power_free)

G_END_DECLS

#endif
