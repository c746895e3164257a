/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults of single packets of the update characteristic, as a board with the capability "packet-faults" takes
 * them (drivers/board/board.h): the writes that reach it and the notifications that it sends, one by one,
 * below SMP. What a scenario says of whole SMP messages is in faults.h. */
#ifndef RIG_DRIVERS_LINK_PACKET_FAULT_H
#define RIG_DRIVERS_LINK_PACKET_FAULT_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

enum rig_packet_fault_kind {
    RIG_PACKET_DROP,
    RIG_PACKET_DUPLICATE,
    RIG_PACKET_DELAY,      /* goes delay_ms later, what follows overtakes it */
    RIG_PACKET_REORDER,    /* goes right after the next one; with none to follow, a second later */
    RIG_PACKET_CORRUPT,    /* one bit of byte `at` is flipped */
    RIG_PACKET_TRUNCATE,   /* only the first `at` bytes go */
    RIG_PACKET_DISCONNECT, /* the board hangs up in its place, with HCI reason `reason` */
    RIG_PACKET_LOST, /* the radio is silent in its place: the host's supervision timeout ends the link (0x08)
                      */
};
#define RIG_PACKET_N_KINDS 8

enum rig_packet_direction { RIG_PACKET_WRITES, RIG_PACKET_NOTIFICATIONS };

#define RIG_PACKET_MIDDLE G_MAXUINT32

struct rig_packet_fault {
    enum rig_packet_fault_kind kind;
    enum rig_packet_direction direction;
    guint32 first;    /* the packet that it strikes, counted from 0 since it was armed, over reconnections */
    guint32 n_times;  /* how many in a row from there; 0: all that come */
    guint32 delay_ms; /* DELAY */
    /* CORRUPT, TRUNCATE: byte of the packet; RIG_PACKET_MIDDLE: its middle. A packet without it is not
     * struck. */
    guint32 at;
    guint8 reason; /* DISCONNECT; 0: 0x13, the remote user ended the connection */
};

/* The one value that its kind goes with: milliseconds, byte, HCI reason. false: it has none, or goes without.
 */
bool rig_packet_fault_value(const struct rig_packet_fault *fault, guint32 *value);
/* Whether its values are within the limits below; false: *why says which is not (static storage). */
bool rig_packet_fault_is_valid(const struct rig_packet_fault *fault, const char **why);
/* The longest delay, and the highest byte, that a board takes. */
#define RIG_PACKET_MAX_DELAY_MS 600000u
#define RIG_PACKET_MAX_AT 4095u
#define RIG_PACKET_MAX_FAULTS 16u

/* What became of all faults that were armed together. */
struct rig_packet_report {
    guint n_faults;                          /* fewer than were armed: the board was made anew meanwhile */
    guint32 n_struck[RIG_PACKET_MAX_FAULTS]; /* of each, in the order in which they were armed */
    guint32 n_writes, n_notifications; /* that came since the first was armed, whatever became of them */
};

G_END_DECLS

#endif
