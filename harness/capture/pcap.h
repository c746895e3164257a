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

struct rig_pcap;
/* Whether a file begins like one: 4 bytes. */
bool rig_pcap_looks_like(const guint8 bytes[4]);
/* name: for errors. Takes a reference on the stream. */
struct rig_pcap *rig_pcap_open_stream(GInputStream *stream, const char *name,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
enum rig_btsnoop_found rig_pcap_next(struct rig_pcap *file, struct rig_pcap_record *record, GError **error);
void rig_pcap_close(struct rig_pcap *file);
typedef struct rig_pcap rig_pcap;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_pcap, rig_pcap_close)

G_END_DECLS

#endif
