/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP on a console: messages as lines of base64 between the lines of text, and both told apart again. No I/O;
 * GLib-free; base64 by libcrypto. [SRC zephyr subsys/mgmt/mcumgr/transport/src/serial_util.c]
 *
 * A message travels as one or more frames: 06 09 (first) or 04 14 (going on), at most 124 characters of
 * base64, newline. Decoded and joined: u16 BE n, message, u16 BE CRC-16/XMODEM of the message; n counts
 * message and CRC. */
#ifndef RIG_PROTOCOL_SMP_CONSOLE_FRAME_H
#define RIG_PROTOCOL_SMP_CONSOLE_FRAME_H

#include "protocol/smp/smp.h"

#define RIG_SMP_FRAME_BYTES 127u      /* markers and newline included: the most that is sent */
#define RIG_SMP_FRAME_CHARACTERS 124u /* of base64 in it */
#define RIG_SMP_FRAME_MAX_TAKEN 1024u /* characters of base64 in a frame that is received */
#define RIG_SMP_FRAME_OVERHEAD_BYTES                                                                         \
    4u                                   /* length and CRC: they lie in the server's buffer with the message \
                                          */
#define RIG_SMP_CONSOLE_LINE_BYTES 4096u /* of a line of text that is kept; the rest of it is dropped */

/* Polynomial 0x1021, start 0, not reflected; "123456789" gives 0x31c3. crc: 0, or that of what came before.
 */
uint16_t rig_smp_frame_crc(uint16_t crc, const uint8_t *bytes, size_t n_bytes);

/* How many bytes the frames of a message take. */
size_t rig_smp_frame_room(size_t n_bytes);
/* Writes the frames of one message and returns their length; 0: room is too small, or the message is empty or
 * beyond RIG_SMP_MAX_MESSAGE_BYTES. */
size_t rig_smp_frame_encode(const uint8_t *message, size_t n_bytes, uint8_t *into, size_t room);

/* What a console says, taken apart. Frames may begin in the middle of a line of text: it goes on behind
 * them. What is damaged is dropped as a server drops it, and counted; a line that only began like a frame
 * comes as text. */
struct rig_smp_console {
    uint8_t line[RIG_SMP_CONSOLE_LINE_BYTES];
    size_t n_line;
    bool line_cut; /* the line was longer */
    bool told;     /* the line: the next one begins */
    bool as_board; /* set after init by who listens as a board does: a frame begins a line, or is text */
    uint8_t frame[RIG_SMP_FRAME_MAX_TAKEN];
    size_t n_frame;
    uint8_t marker; /* the first byte of a marker that may follow; 0: none */
    bool in_frame;
    bool first_frame; /* of the frame being read: 06 09 */
    uint8_t message[2 + RIG_SMP_MAX_MESSAGE_BYTES + 2];
    size_t n_message;
    bool in_message; /* frames of a message came, more must follow */
    /* Since the beginning: */
    unsigned n_messages;
    unsigned n_bad; /* frames and messages that were dropped */
};
enum rig_smp_console_event {
    RIG_SMP_CONSOLE_NOTHING, /* all bytes are taken */
    RIG_SMP_CONSOLE_LINE,    /* line, n_line, line_cut; without line end, any bytes */
    RIG_SMP_CONSOLE_MESSAGE, /* rig_smp_console_message() */
};
void rig_smp_console_init(struct rig_smp_console *console);
/* Takes bytes until there is something to tell; *n_taken of them are done with. What it tells of stays valid
 * until the next call. */
enum rig_smp_console_event rig_smp_console_take(struct rig_smp_console *console, const uint8_t *bytes,
                                                size_t n_bytes, size_t *n_taken);
const uint8_t *rig_smp_console_message(const struct rig_smp_console *console, size_t *n_bytes);

#endif
