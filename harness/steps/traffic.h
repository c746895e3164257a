/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packets of some steps as SMP messages: which packet is which piece of which chunk, in words; the places
 * where a connection can end, and the phases that they belong to. Knows no link and no board. */
#ifndef RIG_STEPS_TRAFFIC_H
#define RIG_STEPS_TRAFFIC_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* A place where the connection may end: ahead of the index-th write or notification, or behind all of them.
 */
enum rig_traffic_way { RIG_TRAFFIC_WRITE, RIG_TRAFFIC_NOTIFICATION, RIG_TRAFFIC_END };
struct rig_packet_place {
    enum rig_traffic_way way;
    guint32 index; /* from 0, among those of its way; END: 0 */
};

/* Of which message a place is: chunks of an upload, and requests of any other kind. An upload of one chunk
 * has a first one only. */
enum rig_traffic_part {
    RIG_PART_REQUEST,
    RIG_PART_FIRST_CHUNK,
    RIG_PART_CHUNK,
    RIG_PART_LAST_CHUNK,
};
enum rig_traffic_stage {
    RIG_STAGE_BEFORE,        /* before its first write */
    RIG_STAGE_INSIDE,        /* between two of its writes */
    RIG_STAGE_BEFORE_ANSWER, /* it is sent, no notification of its answer has come */
    RIG_STAGE_INSIDE_ANSWER, /* between two notifications of its answer */
};
#define RIG_N_TRAFFIC_PHASES 17u                          /* part * 4 + stage */
#define RIG_PHASE_BEHIND_LAST (RIG_N_TRAFFIC_PHASES - 1u) /* after the last packet */
extern const char *const rig_traffic_phases[];            /* "before-first-chunk", ...; NULL-terminated */

struct rig_traffic;
struct rig_traffic *rig_traffic_new(void);
void rig_traffic_free(struct rig_traffic *traffic); /* NULL is fine */
/* The next packet, in the order in which this host sees them; no more than RIG_TRAFFIC_MAX_PACKETS are kept:
 * false, it was not. */
#define RIG_TRAFFIC_MAX_PACKETS 100000u
bool rig_traffic_add(struct rig_traffic *traffic, bool sent, const guint8 *bytes, gsize n_bytes);
guint rig_traffic_n_packets(const struct rig_traffic *traffic);

/* Places are numbered as packets are; the one behind the last has the number of packets. */
struct rig_packet_place rig_traffic_place(const struct rig_traffic *traffic, guint number);
/* false: there was no such packet. */
bool rig_traffic_number(const struct rig_traffic *traffic, const struct rig_packet_place *place,
                        guint *number);
guint rig_traffic_phase(const struct rig_traffic *traffic, guint number);
/* "before write 17 (chunk 5, piece 2 of 3)", "before notification 4 (answer to chunk 4, 2 requests
 * unanswered)", "after the last packet". Chunks count from 1 for people, packets from 0. Owned by the caller.
 */
char *rig_traffic_text(const struct rig_traffic *traffic, guint number);

G_END_DECLS

#endif
