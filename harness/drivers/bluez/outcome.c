/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of errors: see outcome.h. */
#include "drivers/bluez/outcome.h"

#include "protocol/ble/codes.h"

#include <string.h>

#define BLUEZ "org.bluez.Error."
#define DBUS "org.freedesktop.DBus.Error."
#define ATT_ERROR "ATT error: 0x"

static const char no_daemon[] = "see `systemctl status bluetooth`; start it and run again";
static const char no_power[] =
    "power the adapter: `bluetoothctl power on`; `rfkill list` tells whether it is blocked";
static const char no_right[] = "run as root, or join the group `bluetooth` and log in again";
static const char not_ours[] =
    "another program holds the update characteristic: end it (bluetoothctl, btgatt-client, another bootrig)";
static const char no_room[] = "the adapter has no room for a connection: disconnect other devices";
static const char no_ble[] = "the adapter or its kernel driver cannot do Bluetooth LE: use another one";

/* Its words for the board's ATT error 0x0d, under one name or another. [SRC bluez src/gatt-client.c
 * create_gatt_dbus_error()] */
#define INVALID_LENGTH "Invalid Length"

struct row {
    const char *name; /* NULL: any */
    const char *text; /* a piece of the message; NULL: any */
    enum rig_link_outcome outcome;
    enum rig_bluez_blame blame;
    const char *remedy;
};

/* The first row that fits counts. */
/* clang-format off */
static const struct row rows[] = {
    {NULL, "key-missing", RIG_LINK_KEY_MISSING, RIG_BLUEZ_BOARD, NULL},
    {NULL, "adapter-not-powered", RIG_LINK_LOST, RIG_BLUEZ_HOST, no_power},
    {NULL, "concurrent-connection-limit", RIG_LINK_LOST, RIG_BLUEZ_HOST, no_room},
    {NULL, "le-connection-not-supported", RIG_LINK_LOST, RIG_BLUEZ_HOST, no_ble},
    {NULL, "le-connection-timeout", RIG_LINK_TIMEOUT, RIG_BLUEZ_RACE, NULL},
    {NULL, "already-connected", RIG_LINK_OK, RIG_BLUEZ_RACE, NULL},
    {NULL, "Not paired", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x01", RIG_LINK_NO_SERVICE, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x05", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x08", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x0a", RIG_LINK_NO_SERVICE, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x0c", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {NULL, "ATT error: 0x0f", RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {NULL, ATT_ERROR, RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "NotPermitted", "acquired", RIG_LINK_LOST, RIG_BLUEZ_HOST, not_ours},
    {BLUEZ "NotPermitted", NULL, RIG_LINK_NO_PROPERTY, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "NotAuthorized", NULL, RIG_LINK_NOT_ENCRYPTED, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "NotReady", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_power},
    {BLUEZ "Blocked", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_power},
    {BLUEZ "AlreadyConnected", NULL, RIG_LINK_OK, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "AlreadyExists", NULL, RIG_LINK_OK, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "InProgress", NULL, RIG_LINK_LOST, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "NotConnected", NULL, RIG_LINK_LOST, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "NotAvailable", NULL, RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "DoesNotExist", NULL, RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "ConnectionAttemptFailed", NULL, RIG_LINK_LOST, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "AuthenticationTimeout", NULL, RIG_LINK_TIMEOUT, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "AuthenticationCanceled", NULL, RIG_LINK_LOST, RIG_BLUEZ_RACE, NULL},
    {BLUEZ "AuthenticationRejected", NULL, RIG_LINK_PAIRING_REFUSED, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "AuthenticationFailed", NULL, RIG_LINK_PAIRING_REFUSED, RIG_BLUEZ_BOARD, NULL},
    {NULL, INVALID_LENGTH, RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "InvalidValueLength", NULL, RIG_LINK_ATT_ERROR, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "InvalidArguments", NULL, RIG_LINK_TOO_LONG, RIG_BLUEZ_BOARD, NULL},
    {BLUEZ "NotSupported", NULL, RIG_LINK_NO_PROPERTY, RIG_BLUEZ_BOARD, NULL},
    {DBUS "UnknownObject", NULL, RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE, NULL},
    {DBUS "UnknownMethod", NULL, RIG_LINK_NOT_FOUND, RIG_BLUEZ_RACE, NULL},
    {DBUS "AccessDenied", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_right},
    {DBUS "ServiceUnknown", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_daemon},
    {DBUS "NameHasNoOwner", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_daemon},
    {DBUS "NoReply", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, no_daemon},
    {DBUS "Disconnected", NULL, RIG_LINK_LOST, RIG_BLUEZ_HOST, "the system D-Bus went away: see `systemctl status dbus`"},
};

static const struct reason {
    guint8 code;
    enum rig_link_outcome outcome;
    const char *text;
} reasons[] = {
    {RIG_HCI_ERROR_AUTHENTICATION_FAILURE, RIG_LINK_KEY_MISSING, "authentication failure"},
    {RIG_HCI_ERROR_KEY_MISSING, RIG_LINK_KEY_MISSING, "PIN or key missing"},
    {RIG_HCI_ERROR_CONNECTION_TIMEOUT, RIG_LINK_LOST, "supervision timeout"},
    {RIG_HCI_ERROR_REMOTE_USER, RIG_LINK_LOST, "remote user terminated"},
    {RIG_HCI_ERROR_REMOTE_LOW_RESOURCES, RIG_LINK_LOST, "remote device has low resources"},
    {RIG_HCI_ERROR_REMOTE_POWER_OFF, RIG_LINK_LOST, "remote device powers off"},
    {RIG_HCI_ERROR_LOCAL_HOST, RIG_LINK_LOST, "terminated by the host"},
    {RIG_HCI_ERROR_UNSUPPORTED_REMOTE_FEATURE, RIG_LINK_LOST, "unsupported remote feature"},
    {RIG_HCI_ERROR_LINK_LAYER_RESPONSE_TIMEOUT, RIG_LINK_TIMEOUT, "link layer response timeout"},
    {RIG_HCI_ERROR_INSTANT_PASSED, RIG_LINK_LOST, "instant passed"},
    {RIG_HCI_ERROR_PAIRING_WITH_UNIT_KEY_NOT_SUPPORTED, RIG_LINK_PAIRING_REFUSED, "pairing with unit key not supported"},
    {RIG_HCI_ERROR_INSUFFICIENT_SECURITY, RIG_LINK_NOT_ENCRYPTED, "insufficient security"},
    {RIG_HCI_ERROR_UNACCEPTABLE_CONNECTION_PARAMETERS, RIG_LINK_LOST, "unacceptable connection parameters"},
    {RIG_HCI_ERROR_MIC_FAILURE, RIG_LINK_KEY_DIFFERENT, "MIC failure"},
    {RIG_HCI_ERROR_NOT_ESTABLISHED, RIG_LINK_LOST, "connection failed to be established"},
};
/* clang-format on */

static bool fits(const struct row *row, const char *name, const char *text)
{
    return (!row->name || g_strcmp0(row->name, name) == 0) &&
           (!row->text || (text && strstr(text, row->text)));
}

/* "Operation failed with ATT error: 0x80 (...)". */
static guint8 read_att_error(const char *name, const char *text)
{
    const char *at = text ? strstr(text, ATT_ERROR) : NULL;

    if (g_strcmp0(name, BLUEZ "InvalidValueLength") == 0 || (text && strstr(text, INVALID_LENGTH)))
        return RIG_ATT_ERROR_INVALID_LENGTH;
    return at ? (guint8)g_ascii_strtoull(at + strlen(ATT_ERROR), NULL, 16) : 0;
}

struct rig_bluez_verdict rig_bluez_judge_error(const char *name, const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (fits(&rows[i], name, text))
            return (struct rig_bluez_verdict){
                .outcome = rows[i].outcome,
                .blame = rows[i].blame,
                .att_error = rows[i].outcome == RIG_LINK_ATT_ERROR ? read_att_error(name, text) : 0,
                .remedy = rows[i].remedy};
    return (struct rig_bluez_verdict){.outcome = RIG_LINK_LOST, .blame = RIG_BLUEZ_RACE};
}

static const struct reason *find_reason(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].code == code)
            return &reasons[i];
    return NULL;
}

enum rig_link_outcome rig_bluez_hci_outcome(guint8 reason)
{
    const struct reason *found = find_reason(reason);

    return found ? found->outcome : RIG_LINK_LOST;
}

const char *rig_bluez_hci_text(guint8 reason)
{
    const struct reason *found = find_reason(reason);

    return found ? found->text : "unknown reason";
}
