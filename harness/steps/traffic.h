/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packets of some steps as messages of their update protocol: which packet is which piece of which chunk,
 * in words; the places where a connection can end, and the phases that they belong to. Knows no link and no
 * board.
 */
#ifndef RIG_STEPS_TRAFFIC_H
#define RIG_STEPS_TRAFFIC_H

#include "drivers/update/update.h"

G_BEGIN_DECLS

/* A place where the connection may end: ahead of the index-th write or notification, while the host waits for
 * that notification, or behind all of them. */
enum rig_traffic_place {
    RIG_TRAFFIC_WRITE,
    RIG_TRAFFIC_NOTIFICATION,
    RIG_TRAFFIC_WAITING,
    RIG_TRAFFIC_END,
};
#define RIG_N_TRAFFIC_PLACES 4u
extern const char
    *const rig_traffic_place_names[]; /* "write", "notification", "waiting", "end"; NULL-terminated */
struct rig_packet_place {
    enum rig_traffic_place kind;
    guint32 index; /* from 0, among those of its kind; WAITING: of the notification; END: 0 */
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
    RIG_STAGE_WAITING,       /* it is sent, the board is at work on it: where a first chunk lets it erase */
    RIG_STAGE_BEFORE_ANSWER, /* the work is done, the first notification of its answer does not come through
                              */
    RIG_STAGE_INSIDE_ANSWER, /* between two notifications of its answer */
};
#define RIG_N_TRAFFIC_STAGES 5u
#define RIG_N_TRAFFIC_PHASES 21u                          /* part * stages + stage; and the last: */
#define RIG_PHASE_BEHIND_LAST (RIG_N_TRAFFIC_PHASES - 1u) /* after the last packet */
extern const char *const rig_traffic_phases[];            /* "before-first-chunk", ...; NULL-terminated */

struct rig_traffic;
struct rig_traffic *rig_traffic_new(const struct rig_update_protocol *protocol);
void rig_traffic_free(struct rig_traffic *traffic); /* NULL is fine */
/* The next packet, in the order in which this host sees them. false: there are RIG_TRAFFIC_MAX_PACKETS
 * already. */
#define RIG_TRAFFIC_MAX_PACKETS 100000u
bool rig_traffic_add(struct rig_traffic *traffic, const struct rig_update_packet *packet);
guint rig_traffic_n_packets(const struct rig_traffic *traffic);

/* Places in the order of the packets: one ahead of each, two ahead of one that begins an answer (waiting for
 * it, and in its place), and a last one behind all. */
guint rig_traffic_n_places(const struct rig_traffic *traffic);
struct rig_packet_place rig_traffic_place(const struct rig_traffic *traffic, guint number);
/* The packet that follows a place, and so the number of those that came before it. */
guint rig_traffic_packet(const struct rig_traffic *traffic, guint number);
/* false: there is no such place. */
bool rig_traffic_number(const struct rig_traffic *traffic, const struct rig_packet_place *place,
                        guint *number);
guint rig_traffic_phase(const struct rig_traffic *traffic, guint number);
/* "before write 17 (chunk 5, piece 2 of 3)", "waiting for notification 4 (answer to chunk 4, 2 requests
 * unanswered)", "after the last packet". Chunks count from 1 for people, packets from 0. Owned by the caller.
 */
char *rig_traffic_text(const struct rig_traffic *traffic, guint number);

G_END_DECLS

#endif
