/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that is a machine in QEMU, running a user's own firmware: targets of kind `qemu`. Console and SMP
 * share one serial port; power is the process; the probe is QEMU's monitor. What survives a power cut is
 * exactly the content of the target's flash devices, as it was when execution stopped; RAM and the rest of
 * the machine do not. A reset (the probe's or the firmware's own) keeps RAM too. Files under `load:` are
 * written anew at every reset. */
#ifndef RIG_DRIVERS_QEMU_QEMU_BOARD_H
#define RIG_DRIVERS_QEMU_QEMU_BOARD_H

#include "bench/target.h"
#include "drivers/board/board.h"
#include "drivers/console/console.h"
#include "drivers/qemu/machine.h"
#include "transport/process.h"

G_BEGIN_DECLS

/* A board of kind `qemu`; target must outlive it. QEMU starts with the first power on. Free with
 * board->ops->free. */
struct rig_board *rig_qemu_board_new(const struct rig_target *target,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- shared by the files of this driver --- */

struct rig_firmware;
struct rig_qemu_board;

struct rig_qemu_power {
    struct rig_power power;
    struct rig_qemu_board *owner;
    bool armed;
    bool fell;
    gint64 due_us;  /* monotonic; 0: not known yet */
    gint64 at_us;   /* monotonic: when execution had stopped */
    guint64 cut_us; /* the same on the board's clock */
    gint64 late_us; /* behind the instant that was aimed at */
    guint64 delay_us;
    char *line;      /* what the console must say first; NULL: nothing */
    GError *trouble; /* of the cut */
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
    struct rig_firmware *firmware;
    struct rig_key *key;
    struct rig_qemu_power power;
    struct rig_qemu_probe probe;
    struct rig_link_place place;
    struct rig_console *console; /* NULL: off */
    GSource *console_wake;
    struct rig_folder *temporary;
    const char *folder; /* its path */
    bool halted;
    guint n_boots, n_resets;
    bool booted; /* the bootloader ran since power on */
    gint64 origin_us;
};

void rig_qemu_power_init(struct rig_qemu_power *power, struct rig_qemu_board *owner);
void rig_qemu_power_clear(struct rig_qemu_power *power);
/* The instant of an armed cut may have come. */
void rig_qemu_power_notice(struct rig_qemu_power *power);
/* A console line came, which may be what a cut waits for. */
void rig_qemu_power_heard(struct rig_qemu_power *power, const char *line, gint64 at_us);

void rig_qemu_probe_init(struct rig_qemu_probe *probe, struct rig_qemu_board *owner);

bool rig_qemu_board_on(struct rig_qemu_board *board, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* at_us: when execution stopped, monotonic. */
bool rig_qemu_board_off(struct rig_qemu_board *board, gint64 *at_us,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Console lines that came, to the listener and to the count of boots. Returns whether there was one. */
bool rig_qemu_board_take_lines(struct rig_qemu_board *board, bool all);
guint64 rig_qemu_board_at_us(const struct rig_qemu_board *board, gint64 monotonic_us);

G_END_DECLS

#endif
