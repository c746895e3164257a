/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system bus as a link sees it: a connection of its own, calls to org.bluez with deadlines on the board's
 * clock, and bluetoothd's objects (GDBusObjectManagerClient). Everything is asynchronous and dispatched by
 * the board's events, in the order in which it came over the bus; a call waits by letting the board's things
 * happen. */
#ifndef RIG_DRIVERS_BLUEZ_BUS_H
#define RIG_DRIVERS_BLUEZ_BUS_H

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "drivers/board/board.h"

G_BEGIN_DECLS

#define RIG_BLUEZ_ADAPTER "org.bluez.Adapter1"
#define RIG_BLUEZ_DEVICE "org.bluez.Device1"
#define RIG_BLUEZ_SERVICE "org.bluez.GattService1"
#define RIG_BLUEZ_CHARACTERISTIC "org.bluez.GattCharacteristic1"

/* A property has a new value, or is gone (value NULL), or a whole interface went (name NULL), or the object
 * with all its interfaces (interface NULL), or bluetoothd with all its objects (path NULL). Called while
 * events are dispatched; borrowed. */
typedef void (*rig_bluez_changed)(void *user, const char *path, const char *interface, const char *name,
                                  GVariant *value);

struct rig_bluez_bus;
/* The system bus ($DBUS_SYSTEM_BUS_ADDRESS, if set). board: has `events`; outlives the bus. */
struct rig_bluez_bus *rig_bluez_bus_new(struct rig_board *board, rig_bluez_changed changed, void *user);
void rig_bluez_bus_free(struct rig_bluez_bus *bus);

/* Connects and copies the objects, unless that is done and still holds. Waits for bluetoothd to appear until
 * until_us. RIG_ERROR_DEVICE: no bus, or no daemon; says the remedy. */
bool rig_bluez_bus_open(struct rig_bluez_bus *bus, guint64 until_us,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rig_bluez_bus_close(struct rig_bluez_bus *bus);
/* NULL: bus and daemon are there; else what is wrong, for people. Static. */
const char *rig_bluez_bus_trouble(const struct rig_bluez_bus *bus);
/* Another number for each daemon that came, 0 = there is none: what was registered with one is unknown to the
 * next. */
guint rig_bluez_bus_generation(const struct rig_bluez_bus *bus);
GDBusConnection *rig_bluez_bus_connection(struct rig_bluez_bus *bus); /* NULL: closed. Borrowed */
/* Where everything of this bus is dispatched, for objects of our own on it. */
GMainContext *rig_bluez_bus_context(struct rig_bluez_bus *bus);

struct rig_bluez_reply {
    GVariant *value;  /* NULL: no reply */
    GUnixFDList *fds; /* may be NULL */
    char *error_name; /* NULL: no error, or it came not from the other side */
    char *error_text; /* the daemon's own words; NULL: no error */
    bool timed_out;   /* until_us came first */
};
void rig_bluez_reply_clear(struct rig_bluez_reply *reply);
typedef struct rig_bluez_reply rig_bluez_reply;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rig_bluez_reply, rig_bluez_reply_clear)

/* One method of org.bluez. parameters: floating, a tuple; NULL = none. reply_type: what the value must be,
 * for example "(hq)"; a reply of another type is an error. false + error: the rig (interrupted, a lost
 * board); everything that bluetoothd says is in the reply. */
bool rig_bluez_call(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *method,
                    GVariant *parameters, const char *reply_type, guint64 until_us,
                    struct rig_bluez_reply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From within an event: the call that waits now ends as if its time were over. */
void rig_bluez_give_up(struct rig_bluez_bus *bus);
/* Asks for all properties of an interface: bluetoothd does not signal each change. No answer is no error. */
bool rig_bluez_refresh(struct rig_bluez_bus *bus, const char *path, const char *interface, guint64 until_us,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends it and does not wait; the answer is dropped. */
void rig_bluez_send(struct rig_bluez_bus *bus, const char *path, const char *interface, const char *method,
                    GVariant *parameters);

/* Properties as last told; borrowed until events are dispatched again. NULL, false: not there. */
GVariant *rig_bluez_property(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                             const char *name);
bool rig_bluez_flag(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                    const char *name);
const char *rig_bluez_text(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                           const char *name);
/* Whether an "as" property holds the text, whatever the case of its letters. */
bool rig_bluez_lists(const struct rig_bluez_bus *bus, const char *path, const char *interface,
                     const char *name, const char *text);
bool rig_bluez_has(const struct rig_bluez_bus *bus, const char *path, const char *interface);
/* Paths of the objects with this interface at or below `below` (NULL: anywhere), sorted. NULL-terminated,
 * owned by the caller. */
char **rig_bluez_paths(const struct rig_bluez_bus *bus, const char *interface, const char *below);

G_END_DECLS

#endif
