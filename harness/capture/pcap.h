/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of Wireshark, tcpdump and friends: pcap (either byte order, micro- or nanoseconds) and pcapng (either
 * byte order, several sections and interfaces; Enhanced, Simple and the obsolete Packet Block). Facts: [SPEC
 * draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, tcpdump.org/linktypes.html]. */
#ifndef RIG_CAPTURE_PCAP_H
#define RIG_CAPTURE_PCAP_H

#include "capture/btsnoop.h"

G_BEGIN_DECLS

struct rig_pcap_record {
    guint64 number; /* from 1 */
    gint64 unix_us; /* of a Simple Packet Block, which has none: of the packet before */
    guint32 link_type;
    guint32 n_original;
    const guint8 *bytes; /* until the next call */
    gsize n_bytes;
};

/* Whether a file begins like one: 4 bytes. */
bool rig_pcap_looks_like(const guint8 bytes[4]);
typedef void (*rig_pcap_each)(void *user, const struct rig_pcap_record *record);
/* All records. name: for errors. BROKEN, also for a file that has no good header, sets error. */
enum rig_btsnoop_found rig_pcap_read(GInputStream *stream, const char *name, rig_pcap_each each, void *user,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
