/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets to and from one characteristic: over the file descriptors that AcquireWrite and AcquireNotify hand
 * out, one message per packet. What arrives is read at once into a queue: bluetoothd drops notifications when
 * the socket is full. [SRC bluez src/gatt-client.c] */
#ifndef RIG_DRIVERS_BLUEZ_IO_H
#define RIG_DRIVERS_BLUEZ_IO_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define RIG_BLUEZ_MAX_QUEUE 65536 /* packets; a board that sends more unread ones floods us */

struct rig_bluez_io {
    GMainContext *events; /* borrowed */
    int read_fd;          /* -1: none */
    int write_fd;         /* -1: none */
    GSource *reader;
    bool hung;       /* the other side closed: nothing more will come */
    GQueue queue;    /* GBytes */
    guint n_dropped; /* beyond RIG_BLUEZ_MAX_QUEUE */
};
void rig_bluez_io_init(struct rig_bluez_io *io, GMainContext *events);
/* Takes the descriptor and reads it from now on. */
void rig_bluez_io_read_from(struct rig_bluez_io *io, int fd);
void rig_bluez_io_write_to(struct rig_bluez_io *io, int fd);
/* A notification that came another way. */
void rig_bluez_io_push(struct rig_bluez_io *io, GBytes *packet /* taken */);
/* What can be read now; also done by the events. */
void rig_bluez_io_drain(struct rig_bluez_io *io);
GBytes *rig_bluez_io_pop(struct rig_bluez_io *io); /* NULL: nothing; owned by the caller */

enum rig_bluez_sent { RIG_BLUEZ_SENT, RIG_BLUEZ_FULL, RIG_BLUEZ_GONE };
/* FULL: the socket has no room now; try again when it is writable. */
enum rig_bluez_sent rig_bluez_io_send(struct rig_bluez_io *io, const guint8 *bytes, gsize n_bytes);

/* Closing releases the characteristic. The queue stays readable until the next clear. */
void rig_bluez_io_close_reader(struct rig_bluez_io *io);
void rig_bluez_io_close_writer(struct rig_bluez_io *io);
void rig_bluez_io_clear(struct rig_bluez_io *io);

G_END_DECLS

#endif
