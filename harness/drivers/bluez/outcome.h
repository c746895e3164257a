/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What BlueZ and controllers say, as outcomes of the link role: tables, no I/O.
 * [SRC bluez src/error.c, src/device.c btd_error_le_str(), src/gatt-client.c create_gatt_dbus_error();
 * Bluetooth Core Vol 1 Part F]. */
#ifndef RIG_DRIVERS_BLUEZ_OUTCOME_H
#define RIG_DRIVERS_BLUEZ_OUTCOME_H

#include "drivers/link/link.h"

G_BEGIN_DECLS

/* Whose fault an error is, and whether trying again may help. */
enum rig_bluez_blame {
    RIG_BLUEZ_BOARD, /* an outcome */
    RIG_BLUEZ_RACE,  /* an outcome, but one that a second try often mends */
    RIG_BLUEZ_HOST,  /* the rig is broken: a GError, with the remedy */
};
struct rig_bluez_verdict {
    enum rig_link_outcome outcome; /* of BOARD and RACE; HOST: what the board's part of it comes to */
    enum rig_bluez_blame blame;
    guint8 att_error;   /* of RIG_LINK_ATT_ERROR; else 0 */
    const char *remedy; /* of HOST; static, never NULL there */
};

/* name: D-Bus error name; text: its message, may be NULL. Unknown ones are LOST by a RACE: the raw text is
 * for people to read. */
struct rig_bluez_verdict rig_bluez_judge_error(const char *name, const char *text);

/* An HCI reason or status: 0x06 is KEY_MISSING, 0x3d KEY_DIFFERENT, ... */
enum rig_link_outcome rig_bluez_hci_outcome(guint8 reason);
/* "supervision timeout"; static. */
const char *rig_bluez_hci_text(guint8 reason);

G_END_DECLS

#endif
