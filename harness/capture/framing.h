/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framings that several file formats share. Private to this area. */
#ifndef RIG_CAPTURE_FRAMING_H
#define RIG_CAPTURE_FRAMING_H

#include "protocol/ble/trace.h"

#include <glib.h>

G_BEGIN_DECLS

/* The packet's bytes begin with the H4 type, which is taken off. received: from the air to the host, which
 * only ACL does not tell itself. false: of no known type. */
bool rig_packet_from_h4(struct rig_ble_packet *packet, bool received);
/* flags: adapter << 16 | enum rig_monitor_opcode. false: nothing about the air. */
bool rig_packet_from_monitor(struct rig_ble_packet *packet, guint32 flags);

G_END_DECLS

#endif
