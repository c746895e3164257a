/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text logs of phones: nRF Connect for Android and iOS, nRF Connect Device Manager. One line each, with a
 * time of day; values as "(0x) 01-02-03" or "0x010203" behind "Notification received from UUID", "Data
 * written to UUID". [obs] logs in public reports; the line's level letter and its tag are not needed. */
#ifndef RIG_CAPTURE_PHONE_LOG_H
#define RIG_CAPTURE_PHONE_LOG_H

#include "capture/btsnoop.h"
#include "protocol/ble/trace.h"

G_BEGIN_DECLS

/* Whether a file of these first bytes is text at all. */
bool rig_phone_log_looks_like(const guint8 *bytes, gsize n_bytes);
/* A line that has a time: number from 1; packet: the value as an ATT PDU, or the line's text as a state. Its
 * bytes last until the call returns; times count from midnight of the first day and do not fall. */
typedef void (*rig_phone_log_each)(void *user, guint64 number, const struct rig_ble_packet *packet);
struct rig_phone_log_counts {
    guint64 n_values;
    guint64 n_unread; /* values that break off or are none: told as the text that they are */
};
/* All lines. Tells the trace what the log says of characteristics and MTU. BROKEN sets error. */
enum rig_btsnoop_found rig_phone_log_read(GInputStream *stream, const char *name, struct rig_ble_trace *trace,
                                          rig_phone_log_each each, void *user,
                                          struct rig_phone_log_counts *counts,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

#endif
