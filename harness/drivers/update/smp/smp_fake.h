/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a board whose link is a script. It records every request and answers each as the script says, as
 * a faultless server beyond. */
#ifndef RIG_DRIVERS_UPDATE_SMP_FAKE_H
#define RIG_DRIVERS_UPDATE_SMP_FAKE_H

#include "drivers/update/smp/smp_client.h"

#define FAKE_IMAGE_BYTES 1000
#define FAKE_AIR_US 1000 /* from a request to its answer */

enum fake_answer_kind {
    FAKE_PROPER,    /* what a faultless server answers */
    FAKE_SILENCE,   /* the request never arrived */
    FAKE_MUTE,      /* it was taken, the answer is lost */
    FAKE_LATE,      /* taken; the answer comes n us late */
    FAKE_TWICE,     /* taken; the answer comes twice */
    FAKE_OFF,       /* answers off = n, takes nothing */
    FAKE_FORGET,    /* the server forgot everything: answers off = 0 */
    FAKE_NO_OFF,    /* an empty map */
    FAKE_GARBAGE,   /* no CBOR */
    FAKE_RC,        /* {"rc": n} */
    FAKE_GROUP_RC,  /* {"err": {"group": 1, "rc": n}} */
    FAKE_IN_PIECES, /* taken; the answer in notifications of n bytes */
    FAKE_BEGINNING, /* only the first n bytes of the answer */
    FAKE_LINK_LOST, /* the link ends instead */
};
struct fake_answer {
    enum fake_answer_kind kind;
    guint64 n;
};

struct fake_request {
    GBytes *message;
    guint64 at_us;
    bool upload;
    guint64 off;
    gsize n_data;
    bool has_len, has_sha;
};

struct fake {
    struct rig_board board;
    struct rig_link link;
    guint64 now_us;
    bool connected;
    guint16 mtu;
    guint n_connects;
    guint n_connects_allowed; /* further ones find nothing */
    guint n_writes;
    gsize longest_write;
    const struct fake_answer *script;
    guint n_script;
    GArray *requests; /* struct fake_request */
    GByteArray *joining;
    GQueue *inbox;                  /* struct fake_packet *, by due time */
    guint32 buf_size, buf_count;    /* told by the parameters command; 0: rc 8 */
    guint8 image[FAKE_IMAGE_BYTES]; /* as far as taken */
    guint64 offset;
    guint n_waiting, most_waiting; /* answers not yet read */
};

/* script: borrowed; NULL with 0 = faultless. */
struct fake *fake_new(const struct fake_answer *script, guint n_script);
void fake_free(struct fake *fake);
/* A packet that nobody asked for, due as an answer to a request of now would be. */
void fake_post(struct fake *fake, const guint8 *bytes, gsize n_bytes);
const struct fake_request *fake_request(const struct fake *fake, guint i);
/* The bytes that tests upload. */
void fake_fill_image(guint8 image[FAKE_IMAGE_BYTES]);

#endif
