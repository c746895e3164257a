/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The management channel and rfkill: see controllers.h. */
#include "drivers/bluez/controllers.h"

#include "base/bytes.h"
#include "base/error.h"
#include "transport/hci.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* [SRC linux include/net/bluetooth/mgmt.h] */
#define READ_INDEX_LIST 0x0003
#define READ_INFORMATION 0x0004
#define COMMAND_COMPLETE 0x0001
#define COMMAND_STATUS 0x0002
#define HEADER_BYTES 6u
#define REPLY_HEADER_BYTES 3u /* opcode, status */
#define MAX_PACKET_BYTES 2048
#define MAX_CONTROLLERS 64u
#define SETTING_POWERED (1u << 0)
#define SETTING_LE (1u << 9)
#define ANSWER_US 2000000

bool rig_bluez_take_index_list(const guint8 *bytes, gsize n_bytes, GArray *indices)
{
    guint n = n_bytes >= 2 ? rig_get_le16(bytes) : 0;

    if (n_bytes < 2 || n > MAX_CONTROLLERS || n_bytes < 2 + 2 * (gsize)n)
        return false;
    for (guint i = 0; i < n; i++) {
        guint16 index = rig_get_le16(bytes + 2 + 2 * i);

        g_array_append_val(indices, index);
    }
    return true;
}

/* Address, Bluetooth version, manufacturer, supported and current settings, and more. */
bool rig_bluez_take_controller(const guint8 *bytes, gsize n_bytes, struct rig_bluez_controller *controller)
{
    guint32 supported, current;

    if (n_bytes < 17)
        return false;
    supported = rig_get_le32(bytes + 9);
    current = rig_get_le32(bytes + 13);
    g_snprintf(controller->address, sizeof controller->address, "%02X:%02X:%02X:%02X:%02X:%02X", bytes[5],
               bytes[4], bytes[3], bytes[2], bytes[1], bytes[0]);
    controller->powered = current & SETTING_POWERED;
    controller->can_le = supported & SETTING_LE;
    controller->le_is_on = current & SETTING_LE;
    return true;
}

static bool reads_as(const char *folder, const char *file, const char *wanted)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && g_str_equal(g_strstrip(text), wanted);
}

void rig_bluez_look_at_rfkill(const char *sys, struct rig_bluez_controller *controller)
{
    g_autofree char *switches = g_build_filename(sys, "class/rfkill", NULL);
    g_autofree char *name = g_strdup_printf("hci%u", controller->index);
    g_autoptr(GDir) entries = g_dir_open(switches, 0, NULL);
    const char *entry;

    controller->blocked = controller->hard_blocked = false;
    while (entries && (entry = g_dir_read_name(entries))) {
        g_autofree char *folder = g_build_filename(switches, entry, NULL);

        if (!reads_as(folder, "type", "bluetooth") || !reads_as(folder, "name", name))
            continue;
        controller->blocked = reads_as(folder, "soft", "1");
        controller->hard_blocked = reads_as(folder, "hard", "1");
    }
}

/* --- the channel --- */

static int open_control(GError **error)
{
    int fd = rig_hci_open(RIG_HCI_NO_ADAPTER, RIG_HCI_CHANNEL_CONTROL);

    if (fd < 0)
        g_set_error(error, RIG_ERROR, RIG_ERROR_DEVICE,
                    "the kernel does not tell of Bluetooth adapters (%s)%s", g_strerror(errno),
                    errno == EAFNOSUPPORT ? ": it has no Bluetooth, or not loaded: sudo modprobe bluetooth"
                                          : "");
    return fd;
}

/* Whether this packet answers the question; what is told to everybody is passed over. */
static bool is_answer(const guint8 *packet, gsize n_bytes, guint16 opcode, guint16 index)
{
    guint16 event;

    if (n_bytes < HEADER_BYTES + REPLY_HEADER_BYTES)
        return false;
    event = rig_get_le16(packet);
    return (event == COMMAND_COMPLETE || event == COMMAND_STATUS) && rig_get_le16(packet + 2) == index &&
           rig_get_le16(packet + HEADER_BYTES) == opcode;
}

/* Returns the number of bytes of the answer's parameters, which are moved to the front; -1: none came. */
static gssize ask(int fd, guint16 opcode, guint16 index, guint8 answer[MAX_PACKET_BYTES])
{
    gint64 until_us = g_get_monotonic_time() + ANSWER_US;
    guint8 question[HEADER_BYTES] = {0};
    struct pollfd look = {.fd = fd, .events = POLLIN};

    rig_put_le16(question, opcode);
    rig_put_le16(question + 2, index);
    if (send(fd, question, sizeof question, MSG_NOSIGNAL) != sizeof question)
        return -1;
    while (g_get_monotonic_time() < until_us) {
        gssize n = recv(fd, answer, MAX_PACKET_BYTES, 0);

        if (n >= 0 && is_answer(answer, (gsize)n, opcode, index)) {
            gsize skip = HEADER_BYTES + REPLY_HEADER_BYTES;

            if (answer[skip - 1] != 0)
                return -1;
            memmove(answer, answer + skip, (gsize)n - skip);
            return n - (gssize)skip;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        if (n < 0)
            (void)poll(&look, 1, (int)MAX((until_us - g_get_monotonic_time()) / 1000, 1));
    }
    return -1;
}

/* One that goes away between the two questions is left out. */
static void add_controller(int fd, const char *sys, guint16 index, GArray *controllers)
{
    struct rig_bluez_controller controller = {.index = index};
    guint8 answer[MAX_PACKET_BYTES];
    gssize n = ask(fd, READ_INFORMATION, index, answer);

    if (n < 0 || !rig_bluez_take_controller(answer, (gsize)n, &controller))
        return;
    rig_bluez_look_at_rfkill(sys, &controller);
    g_array_append_val(controllers, controller);
}

static gint by_index(gconstpointer a, gconstpointer b)
{
    return (gint)((const struct rig_bluez_controller *)a)->index -
           (gint)((const struct rig_bluez_controller *)b)->index;
}

GArray *rig_bluez_controllers(const char *sys, GError **error)
{
    g_autoptr(GArray) indices = g_array_new(FALSE, FALSE, sizeof(guint16));
    GArray *controllers = NULL;
    guint8 answer[MAX_PACKET_BYTES];
    int fd = open_control(error);
    gssize n;

    if (fd < 0)
        return NULL;
    n = ask(fd, READ_INDEX_LIST, RIG_HCI_NO_ADAPTER, answer);
    if (n < 0 || !rig_bluez_take_index_list(answer, (gsize)n, indices)) {
        g_set_error_literal(
            error, RIG_ERROR, RIG_ERROR_DEVICE,
            "the kernel does not tell of Bluetooth adapters: no answer on its management channel");
    } else {
        controllers = g_array_new(FALSE, FALSE, sizeof(struct rig_bluez_controller));
        for (guint i = 0; i < indices->len; i++)
            add_controller(fd, sys, g_array_index(indices, guint16, i), controllers);
        g_array_sort(controllers, by_index);
    }
    close(fd);
    return controllers;
}
