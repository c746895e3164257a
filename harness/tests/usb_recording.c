/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and playing umockdev's ioctl recordings of USB devices. */
#include "tests/usb_recording.h"

#include "base/bytes.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <string.h>

#define MAX_TRANSFERS 10000u
#define MAX_TRANSFER_BYTES 4096u
#define SETUP_BYTES 8u

struct transfer {
    guint line;
    guint type, endpoint;
    int status;
    gsize n_buffer, n_actual;
    GByteArray *bytes;
};
struct usb_recording {
    GPtrArray *transfers;
    guint next;
    char *problem;
};

static void transfer_free(gpointer item)
{
    struct transfer *transfer = item;

    g_byte_array_unref(transfer->bytes);
    g_free(transfer);
}

static bool read_bytes(const char *text, GByteArray *bytes)
{
    for (; g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]); text += 2) {
        guint8 byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));

        g_byte_array_append(bytes, &byte, 1);
    }
    return *text == '\0';
}

static bool read_transfer(const char *line, struct transfer *transfer)
{
    unsigned n_buffer, n_actual;
    int flags, at = 0;

    if (sscanf(line, " USBDEVFS_REAPURB %*d %u %u %d %d %u %u %n", &transfer->type, &transfer->endpoint,
               &transfer->status, &flags, &n_buffer, &n_actual, &at) != 6 ||
        at == 0 || n_buffer > MAX_TRANSFER_BYTES || n_actual > n_buffer)
        return false;
    transfer->n_buffer = n_buffer;
    transfer->n_actual = n_actual;
    return read_bytes(line + at, transfer->bytes) &&
           (transfer->type != USBDEVFS_URB_TYPE_CONTROL || transfer->bytes->len >= SETUP_BYTES) &&
           transfer->bytes->len <= n_buffer;
}

static bool add_line(struct usb_recording *recording, const char *line, guint number)
{
    struct transfer *transfer;

    if (!strstr(line, "USBDEVFS_REAPURB"))
        return true;
    transfer = g_new0(struct transfer, 1);
    transfer->line = number;
    transfer->bytes = g_byte_array_new();
    g_ptr_array_add(recording->transfers, transfer);
    return read_transfer(line, transfer) && recording->transfers->len <= MAX_TRANSFERS;
}

struct usb_recording *usb_recording_read(const char *path, const char **why)
{
    struct usb_recording *recording = g_new0(struct usb_recording, 1);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    bool ok = g_file_get_contents(path, &text, NULL, NULL);

    *why = ok ? "a line of it is no transfer" : "it cannot be read";
    recording->transfers = g_ptr_array_new_with_free_func(transfer_free);
    lines = ok ? g_strsplit(text, "\n", -1) : NULL;
    for (guint i = 0; ok && lines[i]; i++)
        ok = add_line(recording, lines[i], i + 1);
    if (ok && recording->transfers->len > 0)
        return recording;
    usb_recording_free(recording);
    return NULL;
}

void usb_recording_free(struct usb_recording *recording)
{
    if (!recording)
        return;
    g_ptr_array_unref(recording->transfers);
    g_free(recording->problem);
    g_free(recording);
}

static int complain(struct usb_recording *recording, const struct transfer *wanted, const char *what)
{
    if (!recording->problem)
        recording->problem =
            wanted ? g_strdup_printf("line %u of the recording is not what came: %s", wanted->line, what)
                   : g_strdup_printf("behind the end of the recording: %s", what);
    return -EPIPE;
}

static const struct transfer *next_transfer(struct usb_recording *recording)
{
    return recording->next < recording->transfers->len
               ? g_ptr_array_index(recording->transfers, recording->next++)
               : NULL;
}

/* What the device sent, or -errno. */
static int hand_out(const struct transfer *transfer, gsize n_skip, guint8 *bytes, gsize n_bytes)
{
    gsize n = MIN(MIN(transfer->n_actual, n_bytes), transfer->bytes->len - n_skip);

    if (transfer->status)
        return transfer->status;
    memcpy(bytes, transfer->bytes->data + n_skip, n);
    return (int)n;
}

static bool same_setup(const guint8 *bytes, const struct rig_usb_setup *setup, gsize n_bytes)
{
    return bytes[0] == setup->request_type && bytes[1] == setup->request &&
           rig_get_le16(bytes + 2) == setup->value && rig_get_le16(bytes + 4) == setup->index &&
           rig_get_le16(bytes + 6) == n_bytes;
}

static bool same_bytes(const struct transfer *transfer, gsize n_skip, const guint8 *bytes, gsize n_bytes)
{
    return transfer->bytes->len - n_skip == n_bytes &&
           memcmp(transfer->bytes->data + n_skip, bytes, n_bytes) == 0;
}

static int play_control(struct usb_model *model, const struct rig_usb_setup *setup, guint8 *bytes,
                        gsize n_bytes)
{
    const struct transfer *transfer = next_transfer(model->recording);

    if (!transfer || transfer->type != USBDEVFS_URB_TYPE_CONTROL ||
        !same_setup(transfer->bytes->data, setup, n_bytes))
        return complain(model->recording, transfer, "a control transfer");
    if (setup->request_type & 0x80)
        return hand_out(transfer, SETUP_BYTES, bytes, n_bytes);
    if (!same_bytes(transfer, SETUP_BYTES, bytes, n_bytes))
        return complain(model->recording, transfer, "other bytes in a control transfer");
    return transfer->status ? transfer->status : (int)n_bytes;
}

static int play_interrupt(struct usb_model *model, guint8 endpoint, guint8 *bytes, gsize n_bytes)
{
    const struct transfer *transfer = next_transfer(model->recording);

    if (!transfer || transfer->type != USBDEVFS_URB_TYPE_INTERRUPT || transfer->endpoint != endpoint ||
        transfer->n_buffer != n_bytes)
        return complain(model->recording, transfer, "an interrupt transfer");
    if (endpoint & 0x80)
        return hand_out(transfer, 0, bytes, n_bytes);
    if (!same_bytes(transfer, 0, bytes, n_bytes))
        return complain(model->recording, transfer, "other bytes in an interrupt transfer");
    return transfer->status ? transfer->status : (int)n_bytes;
}

void usb_recording_play(struct usb_recording *recording, struct usb_model *model)
{
    model->recording = recording;
    model->control = play_control;
    model->interrupt = play_interrupt;
}

const char *usb_recording_problem(struct usb_recording *recording)
{
    if (!recording->problem && recording->next < recording->transfers->len)
        recording->problem = g_strdup_printf(
            "%u transfers of the recording were not made, from its line %u on",
            recording->transfers->len - recording->next,
            ((struct transfer *)g_ptr_array_index(recording->transfers, recording->next))->line);
    return recording->problem;
}
