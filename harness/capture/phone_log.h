/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text logs of phones: nRF Connect for Android and iOS, nRF Connect Device Manager. One line each, with a
 * time of day; values as "(0x) 01-02-03" or "0x010203" behind "Notification received from UUID", "Data
 * written to UUID". [obs] logs in public reports; the line's level letter and its tag are not needed. */
#ifndef RIG_CAPTURE_PHONE_LOG_H
#define RIG_CAPTURE_PHONE_LOG_H

#include "capture/btsnoop.h"
#include "protocol/ble/trace.h"

G_BEGIN_DECLS

struct rig_phone_log;
/* Whether a file of these first bytes is text at all. */
bool rig_phone_log_looks_like(const guint8 *bytes, gsize n_bytes);
/* Tells the trace what the log says of characteristics and MTU. Takes a reference on the stream; the trace
 * must outlive it. */
struct rig_phone_log *rig_phone_log_open_stream(GInputStream *stream, const char *name,
                                                struct rig_ble_trace *trace) G_GNUC_WARN_UNUSED_RESULT;
/* The next line that has a time: number from 1; packet: the value as an ATT PDU, or the line's text as a
 * state. Its bytes last until the next call; times count from midnight of the first day and do not fall.
 * BROKEN sets error. */
enum rig_btsnoop_found rig_phone_log_next(struct rig_phone_log *log, guint64 *number,
                                          struct rig_ble_packet *packet, GError **error);
guint64 rig_phone_log_n_values(const struct rig_phone_log *log); /* so far */
/* Values that break off or are none: told as the text that they are. So far. */
guint64 rig_phone_log_n_unread(const struct rig_phone_log *log);
void rig_phone_log_close(struct rig_phone_log *log);
typedef struct rig_phone_log rig_phone_log;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rig_phone_log, rig_phone_log_close)

G_END_DECLS

#endif
