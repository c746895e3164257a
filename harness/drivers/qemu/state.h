/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine in QEMU as a board: its insides, for the files of this folder only. */
#ifndef RIG_DRIVERS_QEMU_STATE_H
#define RIG_DRIVERS_QEMU_STATE_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "drivers/console/console.h"
#include "drivers/links/links.h"
#include "drivers/qemu/machine.h"

G_BEGIN_DECLS

struct rig_qemu_board;

/* A cut that is aimed at an instant or a line. Execution is stopped by a thread of its own, whatever else the
 * run is doing; what else a loss of power is follows at leisure. */
struct rig_qemu_power {
    struct rig_power power;
    struct rig_qemu_board *owner;
    bool armed;
    bool fell;
    gint64 at_us;   /* monotonic: when execution had stopped */
    guint64 cut_us; /* the same on the board's clock */
    gint64 late_us; /* behind the instant that was aimed at */
    guint64 delay_us;
    char *line;      /* what the console must say first; NULL: nothing */
    GError *trouble; /* of the cut */

    GThread *stopper; /* NULL: the machine is off, or nothing is armed */
    GMutex lock;      /* of the rest */
    GCond changed;
    gint64 due_us; /* monotonic; 0: not known yet */
    gint64 stopped_us;
    bool ends; /* the stopper shall */
    GError *stop_error;
};
struct rig_qemu_probe {
    struct rig_probe probe;
    struct rig_qemu_board *owner;
};
struct rig_qemu_board {
    struct rig_board board;
    const struct rig_target *target;
    struct rig_qemu_machine *machine;
    struct rig_qemu_config config;
    GPtrArray *texts; /* char *: what the configuration borrows */
    GPtrArray *parts; /* struct part *: what lies in flash before any scenario */
    struct rig_firmware *firmware;
    struct rig_key *key;
    struct rig_encrypt_key *encryption_key;
    struct rig_qemu_power power;
    struct rig_qemu_probe probe;
    struct rig_link_place place;
    struct rig_console *console; /* NULL: off */
    struct rig_console *wire;    /* of SMP, when it is another port; NULL: the console, or off */
    GSource *console_wake, *wire_wake;
    struct rig_folder *temporary;
    const char *folder; /* its path */
    bool halted;
    guint n_boots, n_resets;
    bool booted; /* the bootloader ran since power on */
    gint64 origin_us;
};

/* qemu_probe.c */
void rig_qemu_init_probe(struct rig_qemu_board *board);

/* qemu_power.c */
void rig_qemu_init_power(struct rig_qemu_board *board);
void rig_qemu_clear_power(struct rig_qemu_board *board);
/* Lines to the listener; all: else one at the most. Returns whether there was any. */
bool rig_qemu_take_lines(struct rig_qemu_board *board, bool all);
/* Closes console and link of a machine that is off. */
void rig_qemu_close_console(struct rig_qemu_board *board);
bool rig_qemu_switch_on(struct rig_qemu_board *board, bool run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* *at_us: when execution had stopped. */
bool rig_qemu_switch_off(struct rig_qemu_board *board, gint64 *at_us,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A cut that has stopped the machine ends it. */
void rig_qemu_notice_cut(struct rig_qemu_board *board);
/* When the armed cut is due; G_MAXINT64: not known. */
gint64 rig_qemu_cut_due_us(struct rig_qemu_board *board);
guint64 rig_qemu_board_now_us(struct rig_board *board);

G_END_DECLS

#endif
