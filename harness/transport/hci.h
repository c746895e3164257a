/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's HCI sockets. [SRC linux include/net/bluetooth/{bluetooth,hci_sock}.h] */
#ifndef RIG_TRANSPORT_HCI_H
#define RIG_TRANSPORT_HCI_H

#include <glib.h>

G_BEGIN_DECLS

enum rig_hci_channel {
    RIG_HCI_CHANNEL_USER = 1,    /* an adapter, taken over whole */
    RIG_HCI_CHANNEL_MONITOR = 2, /* what all adapters send and receive; CAP_NET_RAW */
    RIG_HCI_CHANNEL_CONTROL = 3, /* management */
};
#define RIG_HCI_NO_ADAPTER 0xffff

/* Of adapter hciN, or of all (RIG_HCI_NO_ADAPTER); non-blocking, one packet a read. -1 with errno. */
int rig_hci_open(guint16 adapter, enum rig_hci_channel channel);

G_END_DECLS

#endif
