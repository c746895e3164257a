/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures made packet by packet, for tests: no recording of anybody's devices is needed. */
#ifndef RIG_CAPTURE_CAPTURE_FIXTURE_H
#define RIG_CAPTURE_CAPTURE_FIXTURE_H

#include "capture/btsnoop.h"

struct rig_made_capture {
    enum rig_btsnoop_type type;
    GByteArray *bytes;
    gint64 now_us; /* 1 ms later with each record */
};
struct rig_made_capture rig_made_capture_new(enum rig_btsnoop_type type);
void rig_made_capture_clear(struct rig_made_capture *made);
/* opcode: RIG_MONITOR_COMMAND, EVENT, ACL_OUT, ACL_IN, whatever the type of the file. n_kept bytes of the
 * packet get into the file, at most all. */
void rig_made_put(struct rig_made_capture *made, enum rig_monitor_opcode opcode, const guint8 *packet,
                  gsize n_bytes, gsize n_kept);
/* The packet as hex digits; spaces are for the eye. */
void rig_made_hex(struct rig_made_capture *made, enum rig_monitor_opcode opcode, const char *hex);
/* An L2CAP PDU on connection handle 0x40, in ACL packets of at most n_most bytes. */
void rig_made_pdu(struct rig_made_capture *made, bool received, guint16 channel, const guint8 *pdu,
                  gsize n_bytes, gsize n_most);
void rig_made_pdu_hex(struct rig_made_capture *made, bool received, guint16 channel, const char *hex);
void rig_made_note(struct rig_made_capture *made, const char *text);
/* An update that goes well up to the reset; then a bond that the board lost; then a connection with other
 * keys. */
void rig_made_story(struct rig_made_capture *made);

#endif
