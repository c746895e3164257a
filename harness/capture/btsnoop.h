/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the btsnoop format: reading (types 1001 HCI, 1002 HCI with UART framing, as phones write them,
 * 2001 Linux monitor), writing (2001). Facts: [SRC bluez src/shared/btsnoop.c, doc/btsnoop-protocol.rst]:
 * header "btsnoop\0", version 1, type; records of 24 bytes and their bytes, all big endian; time in
 * microseconds since the year 0. */
#ifndef RIG_CAPTURE_BTSNOOP_H
#define RIG_CAPTURE_BTSNOOP_H

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_BTSNOOP_HEADER_BYTES 16u
#define RIG_BTSNOOP_RECORD_BYTES 24u
#define RIG_BTSNOOP_MAX_BYTES                                                                                \
    65544u /* of one record: the longest HCI packet and its header; more is damage */

enum rig_btsnoop_type {
    RIG_BTSNOOP_HCI = 1001,
    RIG_BTSNOOP_UART = 1002,
    RIG_BTSNOOP_MONITOR = 2001,
};

/* Opcodes of the Linux monitor [SRC linux include/net/bluetooth/hci_mon.h]. */
enum rig_monitor_opcode {
    RIG_MONITOR_NEW_INDEX = 0,
    RIG_MONITOR_DELETE_INDEX = 1,
    RIG_MONITOR_COMMAND = 2,
    RIG_MONITOR_EVENT = 3,
    RIG_MONITOR_ACL_OUT = 4,
    RIG_MONITOR_ACL_IN = 5,
    RIG_MONITOR_SCO_OUT = 6,
    RIG_MONITOR_SCO_IN = 7,
    RIG_MONITOR_OPEN_INDEX = 8,
    RIG_MONITOR_CLOSE_INDEX = 9,
    RIG_MONITOR_SYSTEM_NOTE = 12,
    RIG_MONITOR_USER_LOGGING = 13,
    RIG_MONITOR_ISO_OUT = 18,
    RIG_MONITOR_ISO_IN = 19,
};
#define RIG_MONITOR_NO_INDEX 0xffffu

struct rig_btsnoop_record {
    guint64 number;     /* from 1 */
    guint32 n_original; /* bytes on the wire; n_bytes or more */
    guint32 flags;      /* as in the file; their meaning depends on the type */
    guint32 n_drops;    /* packets lost so far, as the writer counted */
    gint64 unix_us;
    const guint8 *bytes; /* until the next call */
    gsize n_bytes;
};

enum rig_btsnoop_found {
    RIG_BTSNOOP_RECORD,
    RIG_BTSNOOP_END,
    RIG_BTSNOOP_CUT,    /* the file ends inside a record: its writer was killed, or is still at it */
    RIG_BTSNOOP_BROKEN, /* see the error: what follows cannot be read; what came before counts */
};

/* A record of a file of that type, as it is read. */
typedef void (*rig_btsnoop_each)(void *user, enum rig_btsnoop_type type,
                                 const struct rig_btsnoop_record *record);
/* All of them. name: for errors. BROKEN, also for a file that is none, sets error. */
enum rig_btsnoop_found rig_btsnoop_read(GInputStream *stream, const char *name, rig_btsnoop_each each,
                                        void *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The 16 bytes that a file of the type begins with, and the 24 before the bytes of a record. */
void rig_btsnoop_put_header(enum rig_btsnoop_type type, guint8 into[RIG_BTSNOOP_HEADER_BYTES]);
void rig_btsnoop_put_record(const struct rig_btsnoop_record *record, guint8 into[RIG_BTSNOOP_RECORD_BYTES]);
#define RIG_BTSNOOP_IDENT "bootrig" /* tells our marks from what bluetoothd logs into the same stream */
/* The payload of a user logging record: priority, ident, text. Cut to room. Returns its length. */
gsize rig_btsnoop_put_note(const char *text, guint8 *into, gsize room);

G_END_DECLS

#endif
