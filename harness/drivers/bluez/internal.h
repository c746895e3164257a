/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link's state, shared by its files. They stand one above the other, and each calls those below it only:
 * bluez_link.c, gatt.c, pairing.c, adapter.c, state.c. Every operation returns false + error when
 * the rig failed, else tells by *outcome what became of it; the raw words are in link->text. */
#ifndef RIG_DRIVERS_BLUEZ_INTERNAL_H
#define RIG_DRIVERS_BLUEZ_INTERNAL_H

#include "drivers/bluez/bluez_link.h"
#include "drivers/bluez/bus.h"
#include "drivers/bluez/monitor.h"
#include "drivers/bluez/outcome.h"

G_BEGIN_DECLS

#define RIG_BLUEZ_CALL_US 35000000u /* ATT gives up after 30 s */

struct rig_bluez_agent;

/* A characteristic that was named to the link. */
struct rig_bluez_characteristic {
    struct rig_bluez_link *link;
    const struct rig_characteristic *characteristic; /* owned */
    const struct rig_characteristic *from; /* what the user subscribed to: borrowed as long as it does */
    char *path; /* of its object; NULL: not looked for on this connection, or gone */
    bool can_command, can_request, can_read, can_notify, can_indicate;
    enum rig_subscription
        wanted; /* what the user asked for: a connection that is made anew subscribes to it again */
    enum rig_subscription subscribed;
    bool by_signal;  /* what arrives comes as PropertiesChanged */
    int read_fd;     /* what arrives comes here; -1: not so */
    GSource *reader; /* of read_fd */
    bool hung;       /* bluetoothd closed it */
    int write_fd;    /* commands leave here; -1: not so */
    bool by_call;    /* commands leave by WriteValue */
};

struct rig_bluez_link {
    struct rig_link link;
    const struct rig_link_place *place;
    struct rig_board *board;
    struct rig_bluez_bus *bus;
    struct rig_bluez_agent *agent;
    struct rig_bluez_monitor *monitor; /* NULL: not allowed, or not open */
    char *adapter;                     /* object path; NULL: not chosen */
    char *device;                      /* object path; NULL: not found */
    GPtrArray *characteristics; /* struct rig_bluez_characteristic *, as they were named; lives as long as the
                                   link */
    GQueue arrived;             /* struct rig_link_packet * */
    struct rig_link_connect how; /* the last connection; its name is wanted_name */
    char *wanted_name;           /* owned; NULL: none */
    char *own_address; /* of the device that was found first where it is configured to be; NULL: none yet */
    bool up;           /* connected, as far as bluetoothd told */
    guint64 up_us;     /* since when */
    bool used;         /* something came of this connection */
    bool services_changed; /* a characteristic that was subscribed to is gone */
    bool was_connected;    /* bluetoothd said so during this attempt */
    bool refused;    /* what the board demands, no step asked for or this host cannot: a request hangs in
                        bluetoothd */
    bool trying;     /* a subscription that may hang is tried */
    bool leaving;    /* we asked for the disconnection */
    bool held;       /* another program has a characteristic: the connection is its, too, and stays */
    bool host_fault; /* the last loss was this host's */
    bool mtu_is_told;
    guint16 mtu; /* as long as nothing was told: the smallest there is, or what it must not exceed */
    guint8 att_error;
    char text[96];
};

/* --- state.c --- */

guint64 rig_bluez_now_us(const struct rig_bluez_link *link);
/* Now and that much, but not later than until_us. */
guint64 rig_bluez_within(const struct rig_bluez_link *link, guint64 for_us, guint64 until_us);
/* Tells the listener the text. */
void rig_bluez_tell(struct rig_bluez_link *link);
/* Sets the text; tells the listener when `tell`. */
void rig_bluez_say(struct rig_bluez_link *link, bool tell, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* What a reply without a value comes to. false + error: the host is to blame. doing: "connecting". again:
 * another try may help; may be NULL. */
bool rig_bluez_judge_reply(struct rig_bluez_link *link, const char *doing,
                           const struct rig_bluez_reply *reply, enum rig_link_outcome *outcome, bool *again,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_is_connected(const struct rig_bluez_link *link); /* bluetoothd says so */
/* For rig_board_wait_for(): user is the link. */
bool rig_bluez_is_disconnected(void *user);
bool rig_bluez_never(void *user);
/* What is wrong with the host now: daemon, bus or adapter gone or without power. NULL: nothing. Static. */
const char *rig_bluez_host_trouble(const struct rig_bluez_link *link);
/* Where the board broke ATT's rules: says so after `beginning`, and returns true. */
bool rig_bluez_say_violation(struct rig_bluez_link *link, const char *beginning);

/* --- adapter.c --- */

/* Bus, adapter with power, monitor; RIG_ERROR_DEVICE tells what is missing. */
bool rig_bluez_host_ready(struct rig_bluez_link *link, guint64 until_us,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The known device that is meant by this; NULL: none. Owned by the caller. */
char *rig_bluez_known_device(const struct rig_bluez_link *link, enum rig_link_where where);
/* Scans until the board advertises (NOT_FOUND: not before until_us) and sets link->device. A device that is
 * connected needs no scan. */
bool rig_bluez_find(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- pairing.c: the agent that answers bluetoothd's questions, and the host's half of the bond --- */

struct rig_bluez_agent *rig_bluez_agent_new(struct rig_bluez_link *link);
void rig_bluez_agent_free(struct rig_bluez_agent *agent);
/* Registers it with the daemon that runs, as the default agent, unless that is done. */
bool rig_bluez_agent_register(struct rig_bluez_agent *agent, guint64 until_us,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes it from the bus; the daemon forgets it. */
void rig_bluez_agent_withdraw(struct rig_bluez_agent *agent);
/* How the next registration answers; copied. */
void rig_bluez_agent_script(struct rig_bluez_agent *agent, const struct rig_link_answers *answers);
/* Whether a question that no step asked for was refused since it was last asked here. */
bool rig_bluez_agent_refused(struct rig_bluez_agent *agent);
bool rig_bluez_is_bonded(const struct rig_bluez_link *link);
/* On the open connection, where the host has no key. */
bool rig_bluez_pair(struct rig_bluez_link *link, guint64 until_us, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* RemoveDevice: bond and cached services; no device is no error. */
bool rig_bluez_forget(struct rig_bluez_link *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- gatt.c --- */

/* NO_SERVICE: bluetoothd found none at all. Sets the MTU, where bluetoothd tells it. */
enum rig_link_outcome rig_bluez_discovered(struct rig_bluez_link *link);
/* Makes it known to the link, and finds its object on the connection that stands. */
bool rig_bluez_use(struct rig_bluez_link *link, const struct rig_characteristic *named,
                   struct rig_bluez_characteristic **used, enum rig_link_outcome *outcome,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As wanted. NOT_ENCRYPTED with link->refused, here and below: hang up. */
bool rig_bluez_subscribe(struct rig_bluez_characteristic *used, enum rig_link_outcome *outcome,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_unsubscribe(struct rig_bluez_characteristic *used, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The last two write what fits the MTU. */
bool rig_bluez_command(struct rig_bluez_characteristic *used, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_request(struct rig_bluez_characteristic *used, const guint8 *bytes, gsize n_bytes,
                       enum rig_link_outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_bluez_read(struct rig_bluez_characteristic *used, GBytes **value, enum rig_link_outcome *outcome,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* PropertiesChanged of a characteristic's value; an object went away (path NULL: all). */
void rig_bluez_take_value(struct rig_bluez_link *link, const char *path, GVariant *value);
void rig_bluez_take_removal(struct rig_bluez_link *link, const char *path);
/* Whether bluetoothd closed what arrives there. */
bool rig_bluez_is_hung(const struct rig_bluez_link *link);
/* Reads what can be read now; the events do it too. */
void rig_bluez_drain(struct rig_bluez_link *link);
/* Closes what is open of all characteristics; what arrived can still be received. */
void rig_bluez_release(struct rig_bluez_link *link);
void rig_bluez_drop_arrived(struct rig_bluez_link *link);
void rig_bluez_characteristic_free(gpointer used);

G_END_DECLS

#endif
