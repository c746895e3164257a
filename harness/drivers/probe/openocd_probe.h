/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe role over OpenOCD. The owner of the board tells it about power and about boots; it never resets a
 * board that is off, and examines the target anew after power came back. */
#ifndef RIG_DRIVERS_PROBE_OPENOCD_PROBE_H
#define RIG_DRIVERS_PROBE_OPENOCD_PROBE_H

#include "drivers/probe/openocd_rpc.h"
#include "drivers/probe/probe.h"

G_BEGIN_DECLS

/* What the probe asks of the board it belongs to; each may be NULL. */
struct rig_openocd_supply {
    /* Called before a look at what runs: boots that happened are to be told now. */
    void (*catch_up)(void *user);
    /* Whether the board has power now; asked when it stopped answering. */
    bool (*has_power)(void *user);
    /* Switches it, while the probe holds the board in reset, so that a board that is off can be read and
     * programmed without running. */
    bool (*set)(void *user, bool on, GError **error);
    void *user;
};

struct rig_openocd_probe {
    struct rig_probe probe;
    struct rig_openocd_supply supply;
    bool peeking;                     /* off for everybody else, held in reset with power on */
    struct rig_openocd_config config; /* its texts are borrowed */
    struct rig_openocd *openocd;
    char *folder; /* for the files that openocd reads and writes; owned */
    /* Two equal samples of the program counter mean that the core is stuck. True for the simulated board
     * only: a real core that sleeps gives the same sample each time. */
    bool still_is_hung;
    /* Every bootloader run tells itself on the console: a board that runs but was not heard yet still boots,
     * so that boots are counted before anybody asks how many there were. Held for two seconds at most. */
    bool boots_are_told;
    bool boots_are_silent; /* the bootloader tells nothing: a boot is what is caused from here */
    bool powered;
    bool examined;
    bool forwards_rtt; /* openocd_rtt.h: openocd reads the target's console by itself */
    guint n_boots;
    guint n_resets;
    bool boot_by_power;
    bool boots_at_resume; /* halted before the bootloader's first instruction */
    gint64
        opens_until_us; /* the AP lock is closed; no waiting for firmware beyond that; 0: not seen closed */
    gint64 in_bootloader_since_us; /* Nordic: seen there, and nowhere else, since then; 0: not there */
    gint64 told_until_us; /* a boot is to be heard of until then, on the monotonic clock; 0: none is */
};

/* config's texts and layout must outlive it. Its internal flash begins at address 0; openocd programs no
 * other device. folder: private to this probe, exists. still_is_hung and boots_are_told are off, for the
 * owner to set. */
bool rig_openocd_probe_open(struct rig_openocd_probe *probe, const struct rig_openocd_config *config,
                            const struct rig_layout *layout, const char *folder,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_openocd_probe_close(struct rig_openocd_probe *probe);

/* Ends a look at a board that is off: to be called before its power is switched, and before time passes.
 * false: it could not be switched off. */
bool rig_openocd_probe_end_peek(struct rig_openocd_probe *probe, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Power changed, or is about to go: polling stops, so that openocd does not chase a dead target. */
void rig_openocd_probe_power(struct rig_openocd_probe *probe, bool on);
/* A bootloader run was seen (console). */
void rig_openocd_probe_saw_boot(struct rig_openocd_probe *probe);

/* Beyond the role. The target has power, was examined since it came back, and is the chip that was expected.
 * what: "halt", for the message. */
bool rig_openocd_need_target(struct rig_openocd_probe *probe, const char *what,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The target's memory, n_bytes at once; a board that is off is read in reset where its
 * supply can be switched from here. */
bool rig_openocd_probe_read_memory(struct rig_openocd_probe *probe, guint32 address, guint8 *into,
                                   gsize n_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the adapter measures at the target's supply, also while the board is off; RIG_ERROR_UNSUPPORTED: this
 * adapter measures nothing (ST-LINK and J-Link do). openocd must be running or the board on. */
bool rig_openocd_probe_voltage(struct rig_openocd_probe *probe, guint *mv,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Below it nothing runs, and no brown-out detector of a part holds anything in a strange state. [DS nRF52840
 * PS 1.7: RAM is lost well above] */
#define RIG_OPENOCD_DEAD_MV 300u
/* true: the adapter says that the supply is gone; proof tells so in words, for a cut's record. */
bool rig_openocd_probe_proves_death(struct rig_openocd_probe *probe, char *proof, gsize n_proof);

G_END_DECLS

#endif
