/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a board whose link is a script. Without one it is a faultless bootloader of either protocol, or
 * an application that gives way to it; a script has it answer single requests otherwise. */
#ifndef RIG_DRIVERS_UPDATE_NORDIC_NORDIC_FAKE_H
#define RIG_DRIVERS_UPDATE_NORDIC_NORDIC_FAKE_H

#include "drivers/update/nordic/nordic_client.h"

#define FAKE_MAX_OBJECT 4096u
#define FAKE_IMAGE_BYTES 10000u
#define FAKE_INIT_BYTES 140u
#define FAKE_AIR_US 1000u

enum fake_kind {
    FAKE_SILENCE,   /* taken, not answered */
    FAKE_IGNORED,   /* neither */
    FAKE_RESULT,    /* not taken, result n; above 0xff an extended one */
    FAKE_BYTES,     /* taken; answered by these bytes */
    FAKE_NUMBERS,   /* taken; an answer with n as its offset and a CRC of nothing */
    FAKE_TWICE,     /* taken, answered twice */
    FAKE_FLOOD,     /* answered by n answers to other requests, never to this */
    FAKE_LATE,      /* answered n microseconds later */
    FAKE_LINK_LOST, /* the link ends instead; not taken, and the write tells so */
    FAKE_ACT_LOST   /* taken, and the link ends before the write is acknowledged */
};
struct fake_answer {
    guint8 op;
    guint nth; /* of the requests of that op, from 0 */
    enum fake_kind kind;
    guint64 n;
    const guint8 *bytes; /* BYTES: n of them */
};

enum fake_application {
    FAKE_IN_BOOTLOADER,
    FAKE_OPEN,
    FAKE_BONDED,
    FAKE_EXPERIMENTAL,
    FAKE_LEGACY_APPLICATION,
    FAKE_NO_DFU,
};

struct fake {
    struct rig_board board;
    struct rig_link link;
    /* What it is. */
    bool legacy;
    guint16 version; /* of a legacy bootloader; 0: it has no such characteristic */
    enum fake_application runs;
    bool stays_in_application; /* it resets, and does not start its bootloader */
    bool never_resets;         /* it says that it does, and stays */
    bool keeps_progress;       /* over a lost link */
    bool same_address;         /* of the bootloader, though its bond is not handed over */
    guint64 stale_us;          /* after a reset the host goes by the table of the application for so long */
    bool encrypted, bonded;
    guint n_att_errors; /* so many subscriptions meet an attribute that is another one now */
    guint mtu;
    guint loses_nth_packet; /* of the image, from 1; 0: none */
    const struct fake_answer *script;
    guint n_script;
    guint n_links_lost_allowed; /* connections that come about; 0: all */
    /* What became of it. */
    guint64 now_us, fresh_us;
    bool connected, subscribed, bootloader, activated;
    guint n_connects, n_requests[256], n_packets, n_creates, n_receipts;
    enum rig_link_where where; /* of the last connection */
    char name[21];
    GByteArray *init, *image;
    guint8 taken[FAKE_IMAGE_BYTES]; /* the image that was activated */
    gsize n_executed;               /* of the image */
    guint32 object_end;
    guint8 object; /* that is selected */
    bool init_valid;
    guint16 prn;
    guint n_unreported;
    guint8 state;     /* legacy: the last op that holds */
    guint32 sizes[3]; /* legacy: SoftDevice, bootloader, application */
    guint32 announced;
    GQueue *inbox; /* struct fake_packet * */
};

struct fake *fake_new(bool legacy, enum fake_application runs);
void fake_free(struct fake *fake);
/* The image and the init packet that tests send; same bytes each time. */
GBytes *fake_image(void);
GBytes *fake_init(void);

#endif
