/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A live capture of everything between this host and its Bluetooth controllers: the kernel's monitor channel
 * into a btsnoop file (type 2001, which Wireshark, tshark and btmon open), with marks of our own on the time
 * line. A thread of its own does all of it: no call but start, tail and stop waits, and none of them for the
 * air. What the thread could not keep up with is counted in the drops of the file. The right to listen is
 * CAP_NET_RAW (root, or `setcap cap_net_raw+ep`). Facts: [SRC linux net/bluetooth/hci_sock.c, bluez
 * src/shared/btsnoop.c]. */
#ifndef RIG_CAPTURE_CAPTURE_H
#define RIG_CAPTURE_CAPTURE_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

struct rig_capture_options {
    int adapter;       /* only hciN; -1: all. Marks and adapters that come and go are always kept */
    guint64 max_bytes; /* of one file; then PATH becomes PATH.1, PATH.1 becomes PATH.2, ...; 0: 16 MiB */
    guint n_files;     /* in all; the oldest is removed; 0: 4 */
};

struct rig_capture;

/* Whether rig_capture_start() would be let. false + error as there. */
bool rig_capture_permitted(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Begins: the file is there, with its header, when this returns. options may be NULL. NULL + error when the
 * file cannot be made (RIG_ERROR_IO), when the kernel has no Bluetooth (RIG_ERROR_UNSUPPORTED) or does not
 * permit it (RIG_ERROR_UNSUPPORTED; the message names the remedy): a run notes that and goes on without. */
struct rig_capture *rig_capture_start(const char *path, const struct rig_capture_options *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from a datagram socket that gives monitor packets (opcode, index, length, each 16 bits little
 * endian, and the bytes), which the capture closes: for tests, and for captures of other origin. */
struct rig_capture *rig_capture_start_on(int socket, const char *path,
                                         const struct rig_capture_options *options,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts a line on the time line, now: the beginning of a step, a power cut. Does not wait. */
void rig_capture_mark(struct rig_capture *capture, const char *text);

/* One thing that was said, for the report of a failure. */
struct rig_capture_said {
    gint64 unix_us;
    char *text;        /* "hci0 < att    Write Request 0x0013, 2 bytes: 0100" */
    char *explanation; /* NULL: there is nothing to explain */
};

/* The last n_lines of what was said, decoded, oldest first (struct rig_capture_said *, owned by the array);
 * with explanations; without marks, logs and the bookkeeping of HCI (Command Complete, Command Status that
 * succeeded, setting up of the controller, advertising). *n_said: how many such lines there are in all. Reads
 * the file, so a failing case may ask and a passing one had better not. Waits up to one second for what the
 * thread still has in hand. */
GPtrArray *rig_capture_tail(struct rig_capture *capture, guint n_lines, guint64 *n_said,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct rig_capture_written {
    guint64 n_packets;
    guint64 n_marks;
    guint64 n_dropped; /* packets that the kernel, or a full disk, lost */
    guint n_rotations;
};
/* Writes out what is there, closes the file, frees the capture (also on error). written may be NULL. false +
 * error when something could not be written: what came before is a good file all the same. */
bool rig_capture_stop(struct rig_capture *capture, struct rig_capture_written *written,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

const char *rig_capture_path(const struct rig_capture *capture);

G_END_DECLS

#endif
