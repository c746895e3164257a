/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of SMP among the lines of a console. */
#include "protocol/smp/console_frame.h"

#include <openssl/evp.h>
#include <string.h>

#define MARKER_FIRST 0x06u, 0x09u
#define MARKER_NEXT 0x04u, 0x14u
#define FRAME_PAYLOAD_BYTES (RIG_SMP_FRAME_CHARACTERS / 4 * 3)
#define WRAPPED_MAX_BYTES (2 + RIG_SMP_MAX_MESSAGE_BYTES + 2)

static const uint8_t first_marker[] = {MARKER_FIRST};
static const uint8_t next_marker[] = {MARKER_NEXT};

uint16_t rig_smp_frame_crc(uint16_t crc, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        /* Eight steps of the polynomial at once: x^16 = x^12 + x^5 + 1. */
        uint8_t top = (uint8_t)(crc >> 8) ^ bytes[i];

        top ^= top >> 4;
        crc = (uint16_t)((crc << 8) ^ (top << 12) ^ (top << 5) ^ top);
    }
    return crc;
}

size_t rig_smp_frame_room(size_t n_bytes)
{
    size_t wrapped = n_bytes + RIG_SMP_FRAME_OVERHEAD_BYTES;
    size_t n_frames = (wrapped + FRAME_PAYLOAD_BYTES - 1) / FRAME_PAYLOAD_BYTES;

    return n_frames * 3 + (wrapped + 2) / 3 * 4;
}

size_t rig_smp_frame_encode(const uint8_t *message, size_t n_bytes, uint8_t *into, size_t room)
{
    uint8_t wrapped[WRAPPED_MAX_BYTES];
    uint8_t text[RIG_SMP_FRAME_CHARACTERS + 1]; /* libcrypto ends it with a NUL */
    size_t n_wrapped = n_bytes + RIG_SMP_FRAME_OVERHEAD_BYTES;
    uint16_t crc = rig_smp_frame_crc(0, message, n_bytes);
    size_t n_out = 0;

    if (n_bytes == 0 || n_bytes > RIG_SMP_MAX_MESSAGE_BYTES || rig_smp_frame_room(n_bytes) > room)
        return 0;
    wrapped[0] = (uint8_t)((n_bytes + 2) >> 8);
    wrapped[1] = (uint8_t)(n_bytes + 2);
    memcpy(wrapped + 2, message, n_bytes);
    wrapped[2 + n_bytes] = (uint8_t)(crc >> 8);
    wrapped[3 + n_bytes] = (uint8_t)crc;
    for (size_t at = 0; at < n_wrapped; at += FRAME_PAYLOAD_BYTES) {
        size_t n = n_wrapped - at < FRAME_PAYLOAD_BYTES ? n_wrapped - at : FRAME_PAYLOAD_BYTES;
        size_t n_text = (size_t)EVP_EncodeBlock(text, wrapped + at, (int)n);

        memcpy(into + n_out, at == 0 ? first_marker : next_marker, 2);
        memcpy(into + n_out + 2, text, n_text);
        n_out += 2 + n_text;
        into[n_out++] = '\n';
    }
    return n_out;
}

void rig_smp_console_init(struct rig_smp_console *console)
{
    memset(console, 0, sizeof *console);
}

/* What a byte can be; a line feed and the first bytes of markers end a run of others. */
enum { PLAIN, BASE64, SPECIAL };
/* clang-format off */
static const uint8_t classes[256] = {
    [0x04] = SPECIAL, [0x06] = SPECIAL, ['\n'] = SPECIAL, ['+'] = BASE64, ['/'] = BASE64,
    ['0'] = BASE64, ['1'] = BASE64, ['2'] = BASE64, ['3'] = BASE64, ['4'] = BASE64, ['5'] = BASE64, ['6'] = BASE64, ['7'] = BASE64,
    ['8'] = BASE64, ['9'] = BASE64,
    ['A'] = BASE64, ['B'] = BASE64, ['C'] = BASE64, ['D'] = BASE64, ['E'] = BASE64, ['F'] = BASE64, ['G'] = BASE64, ['H'] = BASE64,
    ['I'] = BASE64, ['J'] = BASE64, ['K'] = BASE64, ['L'] = BASE64, ['M'] = BASE64, ['N'] = BASE64, ['O'] = BASE64, ['P'] = BASE64,
    ['Q'] = BASE64, ['R'] = BASE64, ['S'] = BASE64, ['T'] = BASE64, ['U'] = BASE64, ['V'] = BASE64, ['W'] = BASE64, ['X'] = BASE64,
    ['Y'] = BASE64, ['Z'] = BASE64,
    ['a'] = BASE64, ['b'] = BASE64, ['c'] = BASE64, ['d'] = BASE64, ['e'] = BASE64, ['f'] = BASE64, ['g'] = BASE64, ['h'] = BASE64,
    ['i'] = BASE64, ['j'] = BASE64, ['k'] = BASE64, ['l'] = BASE64, ['m'] = BASE64, ['n'] = BASE64, ['o'] = BASE64, ['p'] = BASE64,
    ['q'] = BASE64, ['r'] = BASE64, ['s'] = BASE64, ['t'] = BASE64, ['u'] = BASE64, ['v'] = BASE64, ['w'] = BASE64, ['x'] = BASE64,
    ['y'] = BASE64, ['z'] = BASE64,
};
/* clang-format on */

/* libcrypto skips blanks and takes '=' anywhere: what it gets is checked before. Returns the padding, -1: no
 * base64. */
static int check_base64(const uint8_t *text, size_t n_text)
{
    size_t n_plain = n_text;

    while (n_plain > 0 && text[n_plain - 1] == '=')
        n_plain--;
    if (n_text == 0 || n_text % 4 != 0 || n_text - n_plain > 2)
        return -1;
    for (size_t i = 0; i < n_plain; i++)
        if (classes[text[i]] != BASE64)
            return -1;
    return (int)(n_text - n_plain);
}

static void add_text(struct rig_smp_console *console, const uint8_t *bytes, size_t n_bytes)
{
    size_t room = sizeof console->line - console->n_line;
    size_t n = n_bytes < room ? n_bytes : room;

    memcpy(console->line + console->n_line, bytes, n);
    console->n_line += n;
    console->line_cut = console->line_cut || n < n_bytes;
}

static void drop_message(struct rig_smp_console *console)
{
    console->in_message = false;
    console->n_bad++;
}

/* It was no frame: what looked like one is text. */
static void frame_to_text(struct rig_smp_console *console)
{
    add_text(console, console->first_frame ? first_marker : next_marker, 2);
    add_text(console, console->frame, console->n_frame);
    console->in_frame = false;
    drop_message(console);
}

static void begin_frame(struct rig_smp_console *console, bool first)
{
    if (console->in_frame) /* its newline was lost */
        console->n_bad++;
    console->in_frame = true;
    console->first_frame = first;
    console->n_frame = 0;
}

/* true: a whole message. */
static bool end_message(struct rig_smp_console *console)
{
    size_t n_inside = (size_t)console->message[0] << 8 | console->message[1];

    if (n_inside < 3 || n_inside > WRAPPED_MAX_BYTES - 2 || console->n_message > 2 + n_inside) {
        drop_message(console);
        return false;
    }
    if (console->n_message < 2 + n_inside)
        return false;
    /* The CRC of a message with its own CRC behind it is 0. */
    if (rig_smp_frame_crc(0, console->message + 2, n_inside) != 0) {
        drop_message(console);
        return false;
    }
    console->in_message = false;
    console->n_messages++;
    return true;
}

/* A frame of good base64 ended. true: a message is whole. */
static bool take_frame(struct rig_smp_console *console, int n_padding)
{
    uint8_t decoded[RIG_SMP_FRAME_MAX_TAKEN / 4 * 3];
    size_t n_decoded;

    if (console->first_frame) {
        if (console->in_message)
            console->n_bad++;
        console->in_message = true;
        console->n_message = 0;
    } else if (!console->in_message) {
        console->n_bad++;
        return false;
    }
    n_decoded = (size_t)EVP_DecodeBlock(decoded, console->frame, (int)console->n_frame) - (size_t)n_padding;
    if (n_decoded > sizeof console->message - console->n_message || (console->first_frame && n_decoded < 2)) {
        drop_message(console);
        return false;
    }
    memcpy(console->message + console->n_message, decoded, n_decoded);
    console->n_message += n_decoded;
    return end_message(console);
}

static enum rig_smp_console_event end_line(struct rig_smp_console *console)
{
    int n_padding;

    if (!console->in_frame) {
        if (console->n_line > 0 && console->line[console->n_line - 1] == '\r')
            console->n_line--;
        return RIG_SMP_CONSOLE_LINE;
    }
    if (console->n_frame > 0 && console->frame[console->n_frame - 1] == '\r')
        console->n_frame--;
    n_padding = check_base64(console->frame, console->n_frame);
    if (n_padding < 0) {
        frame_to_text(console);
        return RIG_SMP_CONSOLE_LINE;
    }
    console->in_frame = false;
    return take_frame(console, n_padding) ? RIG_SMP_CONSOLE_MESSAGE : RIG_SMP_CONSOLE_NOTHING;
}

static void add_bytes(struct rig_smp_console *console, const uint8_t *bytes, size_t n_bytes)
{
    if (console->in_frame && n_bytes > sizeof console->frame - console->n_frame)
        frame_to_text(console);
    if (!console->in_frame) {
        add_text(console, bytes, n_bytes);
        return;
    }
    memcpy(console->frame + console->n_frame, bytes, n_bytes);
    console->n_frame += n_bytes;
}

static bool may_begin(const struct rig_smp_console *console)
{
    return !console->as_board || (console->n_line == 0 && !console->in_frame);
}

static enum rig_smp_console_event take_byte(struct rig_smp_console *console, uint8_t byte)
{
    uint8_t before = console->marker;

    console->marker = 0;
    if (before == first_marker[0] && byte == first_marker[1]) {
        begin_frame(console, true);
        return RIG_SMP_CONSOLE_NOTHING;
    }
    if (before == next_marker[0] && byte == next_marker[1]) {
        begin_frame(console, false);
        return RIG_SMP_CONSOLE_NOTHING;
    }
    if (before)
        add_bytes(console, &before, 1);
    if ((byte == first_marker[0] || byte == next_marker[0]) && may_begin(console))
        console->marker = byte;
    else if (byte == '\n')
        return end_line(console);
    else
        add_bytes(console, &byte, 1);
    return RIG_SMP_CONSOLE_NOTHING;
}

static size_t run_of(const uint8_t *bytes, size_t n_bytes)
{
    size_t n = 0;

    while (n < n_bytes && classes[bytes[n]] != SPECIAL)
        n++;
    return n;
}

enum rig_smp_console_event rig_smp_console_take(struct rig_smp_console *console, const uint8_t *bytes,
                                                size_t n_bytes, size_t *n_taken)
{
    enum rig_smp_console_event event = RIG_SMP_CONSOLE_NOTHING;

    if (console->told) {
        console->told = console->line_cut = false;
        console->n_line = 0;
    }
    for (*n_taken = 0; *n_taken < n_bytes && event == RIG_SMP_CONSOLE_NOTHING;) {
        size_t n_run = console->marker ? 0 : run_of(bytes + *n_taken, n_bytes - *n_taken);

        if (n_run > 0)
            add_bytes(console, bytes + *n_taken, n_run);
        else
            event = take_byte(console, bytes[*n_taken]);
        *n_taken += n_run > 0 ? n_run : 1;
    }
    console->told = event == RIG_SMP_CONSOLE_LINE;
    return event;
}

const uint8_t *rig_smp_console_message(const struct rig_smp_console *console, size_t *n_bytes)
{
    *n_bytes = console->n_message - RIG_SMP_FRAME_OVERHEAD_BYTES;
    return console->message + 2;
}
