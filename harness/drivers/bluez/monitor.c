/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events of the monitor channel: see monitor.h. */
#define _GNU_SOURCE /* SO_ATTACH_FILTER */
#include "drivers/bluez/monitor.h"

#include "drivers/bluez/outcome.h"
#include "protocol/ble/code_names.h"
#include "protocol/ble/codes.h"
#include "transport/hci.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MONITOR_HEADER_BYTES 6
#define MONITOR_EVENT 3
#define MONITOR_CONTROL_COMMAND 16
#define MONITOR_ACL_SENT 4
#define MONITOR_ACL_RECEIVED 5
#define ACL_BOUNDARY_BITS 0x30 /* of the second byte of the handle */
#define ACL_CONTINUES 0x10
#define MAX_PACKET_BYTES 2048

#define MANAGEMENT_DISCONNECT 0x0014 /* [SRC bluez doc/mgmt-protocol.rst] */

bool rig_bluez_address_parse(const char *text, guint8 address[6])
{
    if (!text || strlen(text) != 17)
        return false;
    for (guint i = 0; i < 6; i++) {
        gint high = g_ascii_xdigit_value(text[3 * i]);
        gint low = g_ascii_xdigit_value(text[3 * i + 1]);

        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
            return false;
        address[i] = (guint8)(high << 4 | low);
    }
    return true;
}

char *rig_bluez_address_next(const char *text)
{
    guint8 a[6];

    if (!rig_bluez_address_parse(text, a))
        return NULL;
    return g_strdup_printf("%02X:%02X:%02X:%02X:%02X:%02X", a[0], a[1], a[2], a[3], a[4],
                           (a[5] + 1u) & 0xffu);
}

void rig_bluez_events_init(struct rig_bluez_events *events, guint16 adapter, const guint8 address[6])
{
    *events = (struct rig_bluez_events){.adapter = adapter};
    memcpy(events->address, address, sizeof events->address);
}

static guint16 read_u16(const guint8 *bytes)
{
    return (guint16)(bytes[0] | bytes[1] << 8);
}

static bool same_address(const struct rig_bluez_events *events, const guint8 *little_endian)
{
    for (guint i = 0; i < 6; i++)
        if (events->address[i] != little_endian[5 - i])
            return false;
    return true;
}

static bool is_ours(const struct rig_bluez_events *events, const guint8 *handle)
{
    return events->connected && (read_u16(handle) & RIG_ACL_HANDLE_BITS) == events->handle;
}

/* Both forms begin with status, handle, role, address type, address. */
static void take_connection(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes < 11 || !same_address(events, bytes + 5))
        return;
    events->connect_status = bytes[0];
    if (bytes[0] != 0)
        return;
    events->connected = true;
    events->handle = read_u16(bytes + 1) & RIG_ACL_HANDLE_BITS;
    events->encrypted = false;
    events->encryption_status = events->disconnect_reason = events->pairing_reason = 0;
    events->att_request = events->violation = 0;
    events->end_was_asked_for = false;
}

static void take_encryption(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes < 4 || !is_ours(events, bytes + 1))
        return;
    events->encryption_status = bytes[0];
    if (bytes[0] == 0)
        events->encrypted = bytes[3] != 0;
}

static void take_key_refresh(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes < 3 || !is_ours(events, bytes + 1))
        return;
    events->encryption_status = bytes[0];
}

static void take_disconnection(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes < 4 || !is_ours(events, bytes + 1) || bytes[0] != 0)
        return;
    events->connected = events->encrypted = false;
    events->disconnect_reason = bytes[3];
}

static void take_event(struct rig_bluez_events *events, guint8 code, const guint8 *bytes, gsize n_bytes)
{
    switch (code) {
    case RIG_HCI_EVENT_DISCONNECTION_COMPLETE:
        take_disconnection(events, bytes, n_bytes);
        break;
    case RIG_HCI_EVENT_ENCRYPTION_CHANGE:
    case RIG_HCI_EVENT_ENCRYPTION_CHANGE_2:
        take_encryption(events, bytes, n_bytes);
        break;
    case RIG_HCI_EVENT_KEY_REFRESH_COMPLETE:
        take_key_refresh(events, bytes, n_bytes);
        break;
    case RIG_HCI_EVENT_LE_META:
        if (n_bytes > 1 && (bytes[0] == RIG_HCI_LE_EVENT_CONNECTION_COMPLETE ||
                            bytes[0] == RIG_HCI_LE_EVENT_ENHANCED_CONNECTION_COMPLETE))
            take_connection(events, bytes + 1, n_bytes - 1);
        break;
    default:
        break;
    }
}

/* The sender's cookie, opcode, then address and its type. */
static void take_control(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes >= 12 && read_u16(bytes + 4) == MANAGEMENT_DISCONNECT && same_address(events, bytes + 6))
        events->end_was_asked_for = true;
}

static void take_pairing(struct rig_bluez_events *events, bool received, const guint8 *pdu, gsize n_bytes)
{
    if (n_bytes < 2 || pdu[0] != RIG_SM_FAILED)
        return;
    events->pairing_reason = pdu[1];
    events->pairing_by_board = received;
}

/* [SPEC Core Vol 3 Part F 3.4] The shortest answer of each kind. 0: no answer. */
static guint shortest_answer(guint8 opcode)
{
    static const guint8 shortest[] = {[RIG_ATT_ERROR_RESPONSE] = 5,
                                      [RIG_ATT_EXCHANGE_MTU_RESPONSE] = 3,
                                      [RIG_ATT_FIND_INFORMATION_RESPONSE] = 6,
                                      [RIG_ATT_FIND_BY_TYPE_VALUE_RESPONSE] = 5,
                                      [RIG_ATT_READ_BY_TYPE_RESPONSE] = 4,
                                      [RIG_ATT_READ_RESPONSE] = 1,
                                      [RIG_ATT_READ_BLOB_RESPONSE] = 1,
                                      [RIG_ATT_READ_MULTIPLE_RESPONSE] = 1,
                                      [RIG_ATT_READ_BY_GROUP_TYPE_RESPONSE] = 6,
                                      [RIG_ATT_WRITE_RESPONSE] = 1,
                                      [RIG_ATT_PREPARE_WRITE_RESPONSE] = 5,
                                      [RIG_ATT_EXECUTE_WRITE_RESPONSE] = 1};

    return opcode < G_N_ELEMENTS(shortest) ? shortest[opcode] : 0;
}

/* n_bytes: of the whole PDU, of which this is the beginning. */
static void take_answer(struct rig_bluez_events *events, guint8 opcode, guint16 n_bytes)
{
    guint n_least = shortest_answer(opcode);
    bool unasked =
        !events->att_request || (opcode != RIG_ATT_ERROR_RESPONSE && opcode != events->att_request + 1);

    if (!n_least)
        return;
    events->att_request = 0;
    if (events->violation || (!unasked && n_bytes >= n_least))
        return;
    events->violation = opcode;
    events->violation_bytes = n_bytes;
    events->violation_unasked = unasked;
}

static void take_att(struct rig_bluez_events *events, bool received, guint8 opcode, guint16 n_bytes)
{
    bool is_request = !(opcode & (RIG_ATT_COMMAND_BIT | 1)) && opcode != RIG_ATT_CONFIRMATION;

    if (received)
        take_answer(events, opcode, n_bytes);
    else if (is_request)
        events->att_request = opcode;
}

/* [SPEC Core Vol 4 Part E 5.4.2; Vol 3 Part A 3.1] What begins a frame: ACL header, L2CAP header, PDU. */
static void take_data(struct rig_bluez_events *events, bool received, const guint8 *bytes, gsize n_bytes)
{
    if (n_bytes < 9 || !is_ours(events, bytes) || (bytes[1] & ACL_BOUNDARY_BITS) == ACL_CONTINUES)
        return;
    if (read_u16(bytes + 6) == RIG_L2CAP_CID_SM)
        take_pairing(events, received, bytes + 8, n_bytes - 8);
    else if (read_u16(bytes + 6) == RIG_L2CAP_CID_ATT)
        take_att(events, received, bytes[8], read_u16(bytes + 4));
}

bool rig_bluez_events_violation(const struct rig_bluez_events *events, char *text, gsize room)
{
    const char *name = rig_att_opcode_name(events->violation);

    if (!events->violation)
        return false;
    if (events->violation_unasked)
        g_snprintf(text, room, "unasked %s (0x%02x)", name ? name : "ATT answer", events->violation);
    else
        g_snprintf(text, room, "%s (0x%02x) of only %u bytes", name ? name : "ATT answer", events->violation,
                   events->violation_bytes);
    return true;
}

void rig_bluez_events_take(struct rig_bluez_events *events, const guint8 *bytes, gsize n_bytes)
{
    guint16 kind;
    gsize n;

    if (n_bytes < MONITOR_HEADER_BYTES + 2u || read_u16(bytes + 2) != events->adapter)
        return;
    kind = read_u16(bytes);
    if (kind == MONITOR_CONTROL_COMMAND)
        take_control(events, bytes + MONITOR_HEADER_BYTES, n_bytes - MONITOR_HEADER_BYTES);
    if (kind == MONITOR_ACL_SENT || kind == MONITOR_ACL_RECEIVED)
        take_data(events, kind == MONITOR_ACL_RECEIVED, bytes + MONITOR_HEADER_BYTES,
                  n_bytes - MONITOR_HEADER_BYTES);
    if (kind != MONITOR_EVENT)
        return;
    n = MIN((gsize)bytes[MONITOR_HEADER_BYTES + 1], n_bytes - MONITOR_HEADER_BYTES - 2);
    take_event(events, bytes[MONITOR_HEADER_BYTES], bytes + MONITOR_HEADER_BYTES + 2, n);
}

guint8 rig_bluez_events_reason(const struct rig_bluez_events *events, char *text, gsize room)
{
    guint8 code = events->encryption_status   ? events->encryption_status
                  : events->disconnect_reason ? events->disconnect_reason
                                              : events->connect_status;

    if (code)
        g_snprintf(text, room, "%s (HCI 0x%02x)", rig_bluez_hci_text(code), code);
    else
        g_strlcpy(text, "", room);
    return code;
}

/* --- the socket --- */

struct rig_bluez_monitor {
    int fd;
    GSource *source;
    struct rig_bluez_events events;
    void (*changed)(void *user);
    void *user;
};

static void drain(struct rig_bluez_monitor *monitor)
{
    guint8 bytes[MAX_PACKET_BYTES];
    gssize n;

    while ((n = recv(monitor->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            rig_bluez_events_take(&monitor->events, bytes, (gsize)n);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user)
{
    struct rig_bluez_monitor *monitor = user;

    (void)fd;
    drain(monitor);
    if (monitor->changed)
        monitor->changed(monitor->user);
    return condition & (G_IO_HUP | G_IO_ERR) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* The channel tells of every packet of every adapter. The kernel passes on what rig_bluez_events_take() looks
 * at, nothing else: each packet of an upload would wake this process several times, and a flood of them could
 * push out the one that tells of the end. Numbers of two bytes are loaded as big endian. */
bool rig_bluez_monitor_filter(int fd)
{
    /* clang-format off */
    enum { DATA = 5, CONTROL = 14, EVENT = 16, DROP = 25, KEEP = 26 };
#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, (at))
#define IF(line, value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then) - (line) - 1, (otherwise) - (line) - 1)
    struct sock_filter filter[] = {
        LOAD(BPF_H, 0),
        IF(1, MONITOR_EVENT << 8, EVENT, 2),
        IF(2, MONITOR_CONTROL_COMMAND << 8, CONTROL, 3),
        IF(3, MONITOR_ACL_SENT << 8, DATA, 4),
        IF(4, MONITOR_ACL_RECEIVED << 8, DATA, DROP),
        [DATA] = LOAD(BPF_B, MONITOR_HEADER_BYTES + 1),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ACL_BOUNDARY_BITS),
        IF(7, ACL_CONTINUES, DROP, 8),
        LOAD(BPF_H, MONITOR_HEADER_BYTES + 6),
        IF(9, RIG_L2CAP_CID_SM << 8, KEEP, 10),
        IF(10, RIG_L2CAP_CID_ATT << 8, 11, DROP),
        LOAD(BPF_B, MONITOR_HEADER_BYTES + 8),
        IF(12, RIG_ATT_WRITE_COMMAND, DROP, 13),
        IF(13, RIG_ATT_NOTIFICATION, DROP, KEEP),
        [CONTROL] = LOAD(BPF_H, MONITOR_HEADER_BYTES + 4),
        IF(15, MANAGEMENT_DISCONNECT << 8, KEEP, DROP),
        [EVENT] = LOAD(BPF_B, MONITOR_HEADER_BYTES),
        IF(17, RIG_HCI_EVENT_DISCONNECTION_COMPLETE, KEEP, 18),
        IF(18, RIG_HCI_EVENT_ENCRYPTION_CHANGE, KEEP, 19),
        IF(19, RIG_HCI_EVENT_KEY_REFRESH_COMPLETE, KEEP, 20),
        IF(20, RIG_HCI_EVENT_ENCRYPTION_CHANGE_2, KEEP, 21),
        IF(21, RIG_HCI_EVENT_LE_META, 22, DROP),
        LOAD(BPF_B, MONITOR_HEADER_BYTES + 2),
        IF(23, RIG_HCI_LE_EVENT_CONNECTION_COMPLETE, KEEP, 24),
        IF(24, RIG_HCI_LE_EVENT_ENHANCED_CONNECTION_COMPLETE, KEEP, DROP),
        [DROP] = BPF_STMT(BPF_RET | BPF_K, 0),
        [KEEP] = BPF_STMT(BPF_RET | BPF_K, MAX_PACKET_BYTES),
    };
#undef LOAD
#undef IF
    /* clang-format on */
    struct sock_fprog program = {.len = G_N_ELEMENTS(filter), .filter = filter};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

struct rig_bluez_monitor *rig_bluez_monitor_new(GMainContext *context, void (*changed)(void *user),
                                                void *user)
{
    struct rig_bluez_monitor *monitor;
    int fd = rig_hci_open(RIG_HCI_NO_ADAPTER, RIG_HCI_CHANNEL_MONITOR);

    if (fd < 0)
        return NULL;
    (void)!rig_bluez_monitor_filter(fd); /* without it all is told, and looked through */
    monitor = g_new0(struct rig_bluez_monitor, 1);
    monitor->fd = fd;
    monitor->changed = changed;
    monitor->user = user;
    monitor->source = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(monitor->source, G_SOURCE_FUNC(on_readable), monitor, NULL);
    g_source_attach(monitor->source, context);
    return monitor;
}

void rig_bluez_monitor_free(struct rig_bluez_monitor *monitor)
{
    if (!monitor)
        return;
    g_source_destroy(monitor->source);
    g_source_unref(monitor->source);
    close(monitor->fd);
    g_free(monitor);
}

void rig_bluez_monitor_follow(struct rig_bluez_monitor *monitor, guint adapter, const char *address)
{
    guint8 bytes[6];

    if (!monitor || !rig_bluez_address_parse(address, bytes))
        return;
    drain(monitor);
    if (monitor->events.adapter != adapter || memcmp(monitor->events.address, bytes, sizeof bytes) != 0)
        rig_bluez_events_init(&monitor->events, (guint16)adapter, bytes);
}

const struct rig_bluez_events *rig_bluez_monitor_events(struct rig_bluez_monitor *monitor)
{
    if (!monitor)
        return NULL;
    drain(monitor);
    return &monitor->events;
}

void rig_bluez_monitor_restart(struct rig_bluez_monitor *monitor)
{
    if (!monitor)
        return;
    drain(monitor);
    monitor->events.encryption_status = monitor->events.disconnect_reason = monitor->events.connect_status =
        monitor->events.pairing_reason = 0;
    monitor->events.end_was_asked_for = false;
}
