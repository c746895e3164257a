/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's monitor channel as a socket: packets with the kernel's time. For capture.c only. */
#ifndef RIG_CAPTURE_MONITOR_H
#define RIG_CAPTURE_MONITOR_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_monitor_packet {
    guint16 opcode; /* enum rig_monitor_opcode */
    guint16 index;
    gint64 unix_us;
    gsize n_bytes;
    guint8 bytes[65536];
};

/* Opens the channel of all adapters. -1 + RIG_ERROR_UNSUPPORTED: no Bluetooth in this kernel, or no right. */
int rig_monitor_open(GError **error);
/* Makes the socket non-blocking with times and a large buffer, and a non-blocking pipe. */
bool rig_monitor_prepare(int socket, int pipe_ends[2], GError **error);
/* The next packet; false when none is there. Damaged ones are passed over. */
bool rig_monitor_receive(int socket, struct rig_monitor_packet *packet);
/* How many packets the socket lost so far because nobody read them in time. */
guint32 rig_monitor_drops(int socket);

G_END_DECLS

#endif
