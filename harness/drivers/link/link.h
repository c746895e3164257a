/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Role: the radio (or wire) between host and board. A link moves packets to and from characteristics that its
 * user names; it knows nothing of what they mean. Every driver passes the same contract suite. */
#ifndef RIG_DRIVERS_LINK_LINK_H
#define RIG_DRIVERS_LINK_LINK_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/* What became of an operation, as far as the board is concerned. Scenarios expect these by name. A broken rig
 * is a GError instead. */
enum rig_link_outcome {
    RIG_LINK_OK,
    RIG_LINK_TIMEOUT,   /* nothing happened before the deadline */
    RIG_LINK_NOT_FOUND, /* no advertising of this address or name */
    RIG_LINK_LOST,      /* the connection ended */
    RIG_LINK_NOT_CONNECTED,
    RIG_LINK_KEY_MISSING,   /* the board lost its half of the bond */
    RIG_LINK_KEY_DIFFERENT, /* both have keys, they differ */
    RIG_LINK_PAIRING_REFUSED,
    RIG_LINK_NOT_ENCRYPTED,     /* the attribute wants encryption or authentication */
    RIG_LINK_NO_SERVICE,        /* the service of the characteristic is not there */
    RIG_LINK_TOO_LONG,          /* the packet exceeds what one write may carry */
    RIG_LINK_NO_CHARACTERISTIC, /* its service is there, the characteristic is not */
    RIG_LINK_NO_PROPERTY, /* it is there, and cannot be written, read or subscribed to in the way asked for */
    RIG_LINK_ATT_ERROR,   /* the board answered with another ATT error: see att_error of the state */
};
#define RIG_LINK_N_OUTCOMES 14
/* "ok", "timeout", "not-found", "link-lost", "not-connected", "key-missing", "key-different",
 * "pairing-refused", "not-encrypted", "no-service", "too-long", "no-characteristic", "no-property",
 * "att-error" */
const char *rig_link_outcome_name(enum rig_link_outcome outcome);

/* A characteristic by the service that it is in: static data of whoever uses it. A link finds it by both
 * UUIDs, and keeps the pointer while it is subscribed to. */
struct rig_characteristic {
    const char *name;    /* for people: "SMP" */
    const char *service; /* 128-bit UUIDs, lower case: "8d53dc1d-1db7-4cd3-868b-8a527460aa84" */
    const char *uuid;
};

enum rig_subscription { RIG_SUBSCRIBE_NONE, RIG_SUBSCRIBE_NOTIFY, RIG_SUBSCRIBE_INDICATE };
/* Without a response, and with one. */
enum rig_write_kind { RIG_WRITE_COMMAND, RIG_WRITE_REQUEST };

/* What came. */
struct rig_link_packet {
    GBytes *value;                         /* owned by who receives it; NULL: nothing came */
    const struct rig_characteristic *from; /* as subscribe() was given it */
    bool indicated;                        /* by indication; else by notification */
};

struct rig_link_state {
    bool connected;
    bool encrypted;
    bool bonded;      /* the host holds a key for this board */
    bool subscribed;  /* to one characteristic at least */
    guint8 att_error; /* of the last outcome RIG_LINK_ATT_ERROR [SPEC Core Vol 3 Part F 3.4.1.1] */
    guint16 mtu;      /* ATT_MTU, 0 when not connected */
    bool host_fault;  /* the last outcome was this host's doing (daemon or adapter gone), not the board's */
    /* What the link's framing takes of the board's buffer beside each message. */
    guint8 framing_bytes;
    char text[96]; /* the last outcome in the stack's own words: "supervision timeout (HCI 0x08)" */
};

/* Where the board is to be found. Bootloaders of some boards advertise at their address + 1 (least
 * significant byte, without carry) or under a name that they were told. A link without addresses has one
 * place only. */
enum rig_link_where {
    RIG_LINK_AS_CONFIGURED, /* where the target or the bench file says */
    RIG_LINK_AT_ADDRESS,    /* of the application, and nowhere else */
    RIG_LINK_AT_NEXT_ADDRESS,
    RIG_LINK_AT_EITHER_ADDRESS,
    RIG_LINK_BY_NAME, /* at any address */
};
#define RIG_LINK_N_WHERES 5
/* For people: "at address + 1". */
const char *rig_link_where_text(enum rig_link_where where);

/* Which of two hosts; links with "second-host" have two, each with its own address and keys. */
enum rig_link_host { RIG_LINK_SAME_HOST /* as before */, RIG_LINK_FIRST_HOST, RIG_LINK_SECOND_HOST };

struct rig_link_connect {
    enum rig_link_host host;
    guint16 mtu; /* ATT_MTU to ask for; 0 = the most the host can */
    bool pair;   /* encrypt: with the stored key, or by pairing when there is none */
    enum rig_link_where where;
    const char *name;     /* BY_NAME: what it advertises; borrowed, for the call */
    bool connection_only; /* nobody subscribes to the update service then: see rig_update_connect() */
    bool ignores_changes; /* the host does not react to Service Changed; links with "raw-gatt" */
    guint64 until_us;     /* board clock */
};

/* What the host has to pair with, and what a person in front of it would answer. */
enum rig_link_io {
    RIG_LINK_IO_NONE, /* Just Works */
    RIG_LINK_IO_DISPLAY,
    RIG_LINK_IO_KEYBOARD,
    RIG_LINK_IO_YES_NO, /* a display and two buttons: numeric comparison */
    RIG_LINK_IO_KEYBOARD_DISPLAY,
};
struct rig_link_answers {
    enum rig_link_io io;
    bool has_passkey;
    guint32 passkey; /* typed in; with YES_NO the number that must be shown */
    bool refuse;     /* says no to whatever is asked */
};

/* "pairing failed: the board says confirm value failed (0x04)". reason: of Pairing Failed [SPEC Core Vol 3
 * Part H 3.5.5]. by_board: who said so; else this host. */
void rig_link_pairing_text(guint8 reason, bool by_board, char *text, gsize room);

struct rig_link;
struct rig_console; /* drivers/console */

/* Blocking, each until its deadline on the board's clock at the latest. false + error: the rig failed; else
 * *outcome. */
struct rig_link_ops {
    const char *name;
    /* Listens from now on, without a connection: a link that shares its wire with the console has lines to
     * tell. Opened already is no error. NULL: connect() is early enough. */
    bool (*open)(struct rig_link *link, GError **error);
    /* Connects and finds out what there is; an encrypted link when the host holds a key or `pair` says so.
     * Who uses a characteristic subscribes to it then. On a connection that stands nothing is lost: what was
     * subscribed to stays so. */
    bool (*connect)(struct rig_link *link, const struct rig_link_connect *how, enum rig_link_outcome *outcome,
                    GError **error);
    /* What was subscribed to stays so, also where the host's stack connects anew for it. */
    bool (*pair)(struct rig_link *link, guint64 until_us, enum rig_link_outcome *outcome, GError **error);
    /* Each characteristic on its own; as it is already is no error. A connection that ends takes all
     * subscriptions with it. */
    bool (*subscribe)(struct rig_link *link, const struct rig_characteristic *characteristic,
                      enum rig_subscription subscription, enum rig_link_outcome *outcome, GError **error);
    bool (*disconnect)(struct rig_link *link, GError **error);
    /* n_bytes <= mtu - 3. A request waits for its response, 30 s at the most [SPEC Core Vol 3 Part F 3.3.3];
     * what a board makes of a command is not told. */
    bool (*write)(struct rig_link *link, const struct rig_characteristic *characteristic,
                  enum rig_write_kind kind, const guint8 *bytes, gsize n_bytes,
                  enum rig_link_outcome *outcome, GError **error);
    /* *value is owned by the caller when *outcome is OK. */
    bool (*read)(struct rig_link *link, const struct rig_characteristic *characteristic, GBytes **value,
                 enum rig_link_outcome *outcome, GError **error);
    /* UUIDs of the services that the host knows of, 36 lower-case characters each; NULL: not connected. Owned
     * by the caller. NULL function: a wire, which has none. */
    char **(*services)(struct rig_link *link);
    /* What comes next, of whatever is subscribed to. LOST when the link ended and nothing is left, TIMEOUT at
     * until_us. */
    bool (*receive)(struct rig_link *link, guint64 until_us, struct rig_link_packet *packet,
                    enum rig_link_outcome *outcome, GError **error);
    bool (*forget_bond)(struct rig_link *link, GError **error); /* the host's half; no bond is no error */
    /* How pairing is answered from now on; copied. NULL: this link pairs without questions. */
    bool (*answer)(struct rig_link *link, const struct rig_link_answers *answers, GError **error);
    void (*state)(struct rig_link *link, struct rig_link_state *state);
    /* The state's `mtu` alone, for every packet on its way; NULL: state() is cheap. */
    guint16 (*mtu)(const struct rig_link *link);
    /* The board lost its power or started anew, seen by another way than the link: what was connected is not
     * any more. NULL: this link sees it by itself. `why` is for people; borrowed. */
    void (*board_gone)(struct rig_link *link, const char *why);
    /* Ends the connection and closes what is open, now and whatever the state; the next connect() opens
     * again. NULL: there is nothing to close. */
    void (*close)(struct rig_link *link);
    void (*free)(struct rig_link *link); /* NULL: the board owns it */
    /* Which Bluetooth adapter of this host it goes through, for captures: N of hciN, -1 = not known yet.
     * NULL: none. */
    int (*adapter)(const struct rig_link *link);
};
struct rig_link {
    const struct rig_link_ops *ops;
    /* What is received is one whole message each (a frame, a datagram): nothing is joined. Else a message may
     * come in several packets, the last of which holds nothing of the next one. */
    bool whole_messages;
    /* A message leaves in one packet (a datagram) or not at all. Else it is cut into as many as it needs. */
    bool datagrams;
};

/* Where the other end of a link is. What does not belong to the kind is NULL or 0. */
struct rig_link_place {
    const char *kind; /* "udp", ...: see drivers/links/links.h */
    const char *host; /* udp, serial over TCP: numeric address or name */
    guint16 port;     /* udp, serial over TCP */
    const char *tty;  /* serial: a port, or a unix socket that stands for one; NULL: host and port */
    guint32 baud;     /* serial; 0 = 115200 */
    bool raw;         /* serial: messages without frames, as Zephyr's raw UART transport has them */
    guint32 pace_us;  /* serial: between two frames of a message, for boards that lose bytes of long bursts */
    /* Called before the link opens what the rest of this says: starts what listens, and fills in where. NULL:
     * it is there. A wire that ends is a board that went, then: it may come back. */
    bool (*begin)(void *user, GError **error);
    void *user;
    struct rig_console *console; /* serial: the board's own console, which carries SMP too, instead of tty or
                                    host; borrowed; its lines are left to the board */
    const char *adapter;         /* bluez: "hci0" */
    const char *address;         /* bluez: "C0:FF:EE:52:84:00"; NULL: found by its name */
    const char *name;            /* bluez: advertised name; NULL: found by its address */
    bool or_next_address;        /* bluez: or at address + 1, where some bootloaders advertise */
    bool refresh;    /* bluez: forget bond and cached services of the board before each connection */
    guint16 max_mtu; /* bluez: no longer ATT_MTU than this; 0 = what the adapter can */
};
/* ATT_MTU now, 0 = not connected. */
guint16 rig_link_mtu(struct rig_link *link);
bool rig_link_open(struct rig_link *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_link_board_gone(struct rig_link *link, const char *why);
void rig_link_close(struct rig_link *link);
/* "HOST:PORT"; host is owned by the caller. what: who wants it, for the message. RIG_ERROR_INPUT. */
bool rig_link_split_address(const char *text, const char *what, char **host, guint16 *port,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_link_free(struct rig_link *link); /* NULL is no link */

G_END_DECLS

#endif
