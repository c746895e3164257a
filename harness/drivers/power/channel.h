/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One switched supply of a real device. A driver gives write, read and proof; verifying, trying again, and
 * cuts in time are made here, once for all drivers. */
#ifndef RIG_DRIVERS_POWER_CHANNEL_H
#define RIG_DRIVERS_POWER_CHANNEL_H

#include "drivers/power/power.h"
#include "transport/usb.h"

G_BEGIN_DECLS

struct rig_channel;

/* All are called by one thread at a time. Errors: RIG_ERROR_DEVICE. */
struct rig_channel_ops {
    const char *name;
    guint n_tries;   /* at least 1: how often a set is tried before it is an error */
    guint settle_ms; /* how long after a write the read-back may still show the old state */
    bool (*write)(struct rig_channel *channel, bool on, GError **error);
    /* NULL: such devices cannot tell. */
    bool (*read)(struct rig_channel *channel, bool *on, GError **error);
    /* Switches off at at_us (g_get_monotonic_time; not before, and at once when that is over) and proves that
     * nothing flows any more: at_us and proof of the record. An empty proof with true: it is off, and nobody
     * but the switch says so. NULL: write() is all there is. */
    bool (*write_off_with_proof)(struct rig_channel *channel, gint64 at_us, struct rig_cut_record *record,
                                 GError **error);
    guint lead_ms; /* how long before at_us that is called, to look at the board before the cut */
    /* Before and after each operation, for devices that several boards hang on: between operations others may
     * use them. begin waits for them a while. Both NULL: the device is this channel's alone. */
    bool (*begin)(struct rig_channel *channel, GError **error);
    void (*end)(struct rig_channel *channel);
    bool (*is_gone)(struct rig_channel *channel); /* unplugged: trying again is pointless */
    void (*free)(struct rig_channel *channel);    /* NULL: g_free() is enough */
};

struct rig_channel {
    struct rig_power power; /* first */
    const struct rig_channel_ops *ops;
    char *name; /* for messages: "USBRelay2 ABCDE at USB port 1-1.4, channel 2" */
    /* A USB device on which several boards hang: owned, claimed for each operation; begin, end and is_gone of
     * the driver are NULL then. NULL: none. */
    struct rig_usb *usb;
    bool mute;      /* this device cannot tell its state, though others of its kind can */
    char *resource; /* which one it is, however it was named: "USB port 1-1.4 channel 2" */
    GMutex lock;
    GCond changed;
    GThread *cutter; /* NULL: no cut is armed */
    gint64 cut_at_us;
    bool cut_cancelled;
    guint n_begun;  /* operations that need the device now */
    bool set_by_us; /* the state below is known */
    bool last_set;
    struct rig_cut_record cut;
    GError *cut_error;
};

/* Fills what is common; name and resource are taken. The driver's struct begins with the channel. */
void rig_channel_init(struct rig_channel *channel, const struct rig_channel_ops *ops, char *name,
                      char *resource);
/* Where this supply hangs, for people. */
const char *rig_channel_name(const struct rig_power *power);
/* What only one board may have: the device, by where it is plugged in and not by what it is called, and the
 * channel of it. Two names of one supply (identity and port, two links to one serial port) give the same
 * text. Borrowed. */
const char *rig_channel_resource(const struct rig_power *power);
/* Whether an armed cut has been carried out (or has failed); asks no device. */
bool rig_channel_cut_is_over(struct rig_power *power);
/* Switches off and tells who else said so; the record's `fell` and `at_us` are filled in any case. */
bool rig_channel_off_with_proof(struct rig_power *power, struct rig_cut_record *record,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
