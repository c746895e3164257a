/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Bluetooth controllers of this host as the kernel knows them, whether or not bluetoothd runs: asked over
 * the management channel, which answers these questions to anybody. [SRC bluez doc/mgmt-protocol.rst; linux
 * net/bluetooth/mgmt.c mgmt_untrusted_commands] */
#ifndef RIG_DRIVERS_BLUEZ_CONTROLLERS_H
#define RIG_DRIVERS_BLUEZ_CONTROLLERS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_bluez_controller {
    guint16 index;    /* N of hciN */
    char address[18]; /* "C0:FF:EE:52:84:00" */
    bool powered;
    bool can_le;
    bool le_is_on;
    bool blocked;      /* by rfkill, in software */
    bool hard_blocked; /* by a switch of the machine */
};

/* struct rig_bluez_controller, by index; one that a program has taken over whole (HCI user
 * channel) is not among them. sys: "/sys", where rfkill is looked up. RIG_ERROR_DEVICE: this kernel has no
 * Bluetooth, or does not answer within 2 s; says the remedy. Free with g_array_unref(). */
GArray *rig_bluez_controllers(const char *sys, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for tests: no sockets --- */

/* Parameters of the reply to Read Controller Index List: guint16 each. false: they are too short. */
bool rig_bluez_take_index_list(const guint8 *bytes, gsize n_bytes, GArray *indices);
/* Parameters of the reply to Read Controller Information; index and rfkill are left alone. */
bool rig_bluez_take_controller(const guint8 *bytes, gsize n_bytes, struct rig_bluez_controller *controller);
/* Sets the two kinds of block from `sys`/class/rfkill. */
void rig_bluez_look_at_rfkill(const char *sys, struct rig_bluez_controller *controller);

G_END_DECLS

#endif
