/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the files of this driver: the link's state and its stages. Every stage returns false + error when
 * the rig failed, else tells by *outcome what became of it; the raw words are in link->text. */
#ifndef RIG_DRIVERS_BLUEZ_INTERNAL_H
#define RIG_DRIVERS_BLUEZ_INTERNAL_H

#include "drivers/bluez/agent.h"
#include "drivers/bluez/bluez_link.h"
#include "drivers/bluez/bus.h"
#include "drivers/bluez/io.h"
#include "drivers/bluez/outcome.h"
#include "drivers/bluez/watch.h"

G_BEGIN_DECLS

#define RIG_BLUEZ_CALL_US 35000000u /* ATT gives up after 30 s */

struct rig_bluez_link {
    struct rig_link link;
    const struct rig_link_place *place;
    struct rig_board *board;
    struct rig_bluez_bus *bus;
    struct rig_bluez_agent *agent;
    struct rig_bluez_watch *watch; /* NULL: not allowed, or not open */
    struct rig_bluez_io io;
    char *adapter;                           /* object path; NULL: not chosen */
    char *device;                            /* object path; NULL: not found */
    const struct rig_characteristic *used;   /* what `characteristic` is; NULL: not connected */
    const struct rig_characteristic *wanted; /* the attempt at a connection ends with a subscription to it */
    char *characteristic;                    /* object path; NULL: not connected */
    struct rig_link_connect how;             /* the last connection */
    bool told;                               /* the listener knows of it */
    bool up;                                 /* connected, as far as bluetoothd told */
    bool was_connected;                      /* bluetoothd said so during this attempt */
    bool refused;  /* what the board demands, no step asked for or this host cannot: a request hangs in
                      bluetoothd */
    bool knocking; /* asks for a subscription, to see whether the board gives it */
    bool leaving;  /* we asked for the disconnection */
    bool held;     /* another program has the characteristic: the connection is its, too, and stays */
    bool subscribed;
    bool by_signal;     /* notifications come as PropertiesChanged */
    bool by_call;       /* packets leave by WriteValue */
    bool with_response; /* and as write requests */
    bool host_fault;    /* the last loss was this host's */
    guint16 mtu;
    char text[96];
};

/* Sets the text; tells the listener when `tell`. */
void rig_bluez_say(struct rig_bluez_link *link, bool tell, const char *format, ...) G_GNUC_PRINTF(3, 4);
void rig_bluez_tell(struct rig_bluez_link *link);
guint64 rig_bluez_now_us(const struct rig_bluez_link *link);
/* Now and that much, but not later than until_us. */
guint64 rig_bluez_within(const struct rig_bluez_link *link, guint64 for_us, guint64 until_us);
/* What a reply without a value comes to. false + error: the host is to blame. doing: "connecting". */
bool rig_bluez_judge_reply(struct rig_bluez_link *link, const char *doing,
                           const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, bool *again,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The connection is gone: releases what hangs on it. */
void rig_bluez_down(struct rig_bluez_link *link);

/* host.c: bus, adapter with power, agent, watch; RIG_ERROR_DEVICE tells what is missing. */
bool rig_bluez_host_ready(struct rig_bluez_link *link, guint64 until_us,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is wrong with the host now: daemon, bus or adapter gone or without power. NULL: nothing. Static. */
const char *rig_bluez_host_trouble(const struct rig_bluez_link *link);

/* find.c */
/* The known device that the place means; NULL: none. Owned by the caller. */
char *rig_bluez_known_device(const struct rig_bluez_link *link);
/* Scans until the board advertises (NOT_FOUND: not before until_us) and sets link->device. A device that is
 * connected needs no scan. */
bool rig_bluez_find(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* gatt.c */
/* NO_SERVICE: the board has not even one. */
enum rig_link_outcome rig_bluez_discover(struct rig_bluez_link *link);
/* Sets link->characteristic. */
enum rig_link_outcome rig_bluez_find_characteristic(struct rig_bluez_link *link,
                                                    const struct rig_characteristic *characteristic);
bool rig_bluez_acquire_notify(struct rig_bluez_link *link, enum rig_link_outcome *outcome,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_acquire_write(struct rig_bluez_link *link, enum rig_link_outcome *outcome,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_release_notify(struct rig_bluez_link *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_write(struct rig_bluez_link *link, enum rig_write_kind kind, const guint8 *bytes,
                     gsize n_bytes, enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_read(struct rig_bluez_link *link, GBytes **value, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_can(const struct rig_bluez_link *link, const char *flag);

/* connect.c */
/* Finds link->wanted and subscribes to it on the connection that stands. */
bool rig_bluez_subscribe(struct rig_bluez_link *link, enum rig_link_outcome *outcome,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_connect(struct rig_bluez_link *link, const struct rig_link_connect *how,
                       enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_disconnect(struct rig_bluez_link *link, guint64 until_us,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After a refused subscription: only the end of the connection ends the request that hangs in bluetoothd. The
 * text stays. */
bool rig_bluez_hang_up(struct rig_bluez_link *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Once the board is gone: the words of the controller, or bluetoothd's. */
enum rig_link_outcome rig_bluez_why_gone(struct rig_bluez_link *link);

/* bonds.c */
bool rig_bluez_is_bonded(const struct rig_bluez_link *link);
bool rig_bluez_is_encrypted(struct rig_bluez_link *link);
/* On the open connection, where the host has no key. */
bool rig_bluez_pair(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* RemoveDevice: bond and cached services; no device is no error. */
bool rig_bluez_forget(struct rig_bluez_link *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
