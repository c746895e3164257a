/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the adapter's controller reports about one board, read beside bluetoothd on the kernel's monitor
 * channel: the words behind BlueZ's "abort by local". Needs the right to open that channel (CAP_NET_RAW);
 * without it there is nothing to see. [SRC bluez doc/btsnoop-protocol.rst, monitor/; Bluetooth Core Vol 4
 * Part E 7.7] */
#ifndef RIG_DRIVERS_BLUEZ_MONITOR_H
#define RIG_DRIVERS_BLUEZ_MONITOR_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* The connection to one address, as the events tell it. No I/O. */
struct rig_bluez_events {
    guint8 address[6]; /* most significant byte first */
    guint16 adapter;   /* index of hciN */
    bool connected;
    guint16 handle;
    bool encrypted;
    guint8 encryption_status; /* of the last attempt to encrypt; 0 = it worked, or there was none */
    guint8 disconnect_reason; /* of the last disconnection; 0 = there was none */
    /* Somebody on this host asked for the end of the connection (management command Disconnect); what the
     * host does by itself, because of what a board sends or leaves unanswered, is not meant. */
    bool end_was_asked_for;
    guint8 connect_status; /* of the last attempt to connect; 0 = it worked, or there was none */
    guint8 pairing_reason; /* of the last Pairing Failed since then; 0 = there was none */
    bool pairing_by_board; /* the board said so, not this host */
    guint8 att_request;    /* of this host, that has no answer yet; 0 = none */
    /* The board's first ATT answer on this connection that was none: its opcode and length; 0 = there was
     * none. */
    guint8 violation;
    guint16 violation_bytes;
    bool violation_unasked; /* nobody asked; else it is too short */
};
void rig_bluez_events_init(struct rig_bluez_events *events, guint16 adapter, const guint8 address[6]);
/* One packet of the monitor channel, whatever it holds: 6 bytes of header, then the payload. */
void rig_bluez_events_take(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes);
/* What it comes to, for people: "PIN or key missing (HCI 0x06)"; "" = nothing to tell. Returns the HCI code,
 * 0 = none. */
guint8 rig_bluez_events_reason(const struct rig_bluez_events *events, char *text, gsize room);

/* "unasked Read Response (0x0b)", "Read By Type Response (0x09) of only 2 bytes"; false: there was no
 * violation. */
bool rig_bluez_events_violation(const struct rig_bluez_events *events, char *text, gsize room);

struct rig_bluez_monitor;
/* NULL: the system does not let us. changed: something was read; called from within a wait; may be NULL. */
struct rig_bluez_monitor *rig_bluez_monitor_new(GMainContext *context, void (*changed)(void *user),
                                                void *user);
/* Lets only what rig_bluez_events_take() looks at into a socket of the monitor channel: connections, their
 * ends, encryption, pairing, and of ATT all but the commands and notifications that an upload is made of.
 * false: the kernel does not. */
bool rig_bluez_monitor_filter(int fd) G_GNUC_WARN_UNUSED_RESULT;
void rig_bluez_monitor_free(struct rig_bluez_monitor *monitor);
/* From now on looks for this address ("C0:FF:EE:52:84:00") behind hci<adapter>; forgets what it saw of
 * another. */
void rig_bluez_monitor_follow(struct rig_bluez_monitor *monitor, guint adapter, const char *address);
/* Reads what is there. monitor NULL: NULL. Borrowed. */
const struct rig_bluez_events *rig_bluez_monitor_events(struct rig_bluez_monitor *monitor);
/* A new attempt: what went wrong before is no longer of interest; a connection that stands is kept. */
void rig_bluez_monitor_restart(struct rig_bluez_monitor *monitor);

/* "C0:FF:EE:52:84:00" to bytes, most significant first; false: it is no address. */
bool rig_bluez_address_parse(const char *text, guint8 address[6]);
/* The address after it: one more in the last byte, which wraps from FF to 00 without carry, as bootloaders
 * that advertise at "address + 1" do. Owned by the caller; NULL: it is no address.
 * [SRC nRF5 SDK components/libraries/bootloader/dfu/nrf_dfu_ble.c] */
char *rig_bluez_address_next(const char *text);

G_END_DECLS

#endif
