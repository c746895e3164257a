/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A capture as lines for people: what was said between host and board, and what it means. */
#ifndef RIG_CAPTURE_READING_H
#define RIG_CAPTURE_READING_H

#include "capture/btsnoop.h"
#include "protocol/ble/trace.h"

G_BEGIN_DECLS

struct rig_capture_line {
    guint64 number; /* of the record in its file; that of the last piece of a PDU */
    gint64 unix_us;
    guint16 controller; /* RIG_MONITOR_NO_INDEX: not told by the file, or none in particular */
    enum rig_ble_layer layer;
    char direction;          /* as in struct rig_ble_reading */
    const char *text;        /* valid UTF-8 without line ends */
    const char *explanation; /* NULL when there is nothing to explain */
};
typedef void (*rig_capture_line_cb)(void *user, const struct rig_capture_line *line);

struct rig_capture_totals {
    guint64 n_records;
    guint64 n_lines;
    guint64 n_explained;
    guint32 n_drops;    /* packets that the writer of the file lost */
    bool cut;           /* the file ends inside a record */
    guint64 n_left_out; /* packets of link types that are not read */
    char left_out[64];  /* the first of these types, for people */
    guint64 n_unread;   /* records that hold no packet that could be made out */
    gint64 first_us;    /* of the first record, 0 when there is none */
    gint64 last_us;
};

/* Layers as a set: 1 << enum rig_ble_layer. */
#define RIG_CAPTURE_ALL_LAYERS ((1u << RIG_BLE_N_LAYERS) - 1)
#define RIG_CAPTURE_AIR_LAYERS (RIG_CAPTURE_ALL_LAYERS & ~(1u << RIG_BLE_DAEMON)) /* without logs */

/* Tells each line of the layers to `each`, in order. false + error: the file cannot be read, or only up to
 * the record that the error names (what was before has been told). Marks are told with any layers. */
bool rig_capture_read(const char *path, guint layers, rig_capture_line_cb each, void *user,
                      struct rig_capture_totals *totals, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rig_capture_read_stream(GInputStream *stream, const char *name, guint layers, rig_capture_line_cb each,
                             void *user, struct rig_capture_totals *totals,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends "   17    0.103482 hci0 < smp   Write Command 0x0012, ..." and a newline, then the explanation, if
 * any, on a line of its own that begins with "^". Times count from begin_us. */
void rig_capture_append(GString *out, const struct rig_capture_line *line, gint64 begin_us);

G_END_DECLS

#endif
