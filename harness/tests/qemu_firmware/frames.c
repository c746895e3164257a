/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMP frames on the console, written from the description and not from the harness's own codec. [SRC Zephyr
 * doc/services/device_mgmt/smp_transport.rst] */
#include "firmware.h"

#define LINE_BYTES 127u
#define RAW_PER_FRAME 93u

static uint16_t crc_of(const uint8_t *bytes, size_t n_bytes)
{
    uint32_t crc = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)crc;
}

static int value_of(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

static uint8_t
    wrapped[SMP_BUFFER_BYTES]; /* as on a real server, length and CRC take their part of the buffer */
static size_t n_wrapped;

static bool decode(const uint8_t *text, size_t n_text)
{
    for (size_t i = 0; i + 4 <= n_text; i += 4) {
        uint32_t bits = 0;
        unsigned n_out = 3;

        for (unsigned j = 0; j < 4; j++) {
            int value = value_of(text[i + j]);

            if (value < 0 && text[i + j] == '=' && j >= 2)
                n_out -= 1, value = 0;
            if (value < 0)
                return false;
            bits = bits << 6 | (uint32_t)value;
        }
        for (unsigned j = 0; j < n_out; j++) {
            if (n_wrapped == sizeof wrapped)
                return false;
            wrapped[n_wrapped++] = (uint8_t)(bits >> (16 - 8 * j));
        }
    }
    return n_text % 4 == 0;
}

static size_t end_of_line(const uint8_t *line, size_t n_line, uint8_t *message)
{
    bool first = n_line > 2 && line[0] == 0x06 && line[1] == 0x09;
    bool next = n_line > 2 && line[0] == 0x04 && line[1] == 0x14 && n_wrapped > 0;
    size_t n_inside;

    if (!first && !next)
        return 0;
    if (first)
        n_wrapped = 0;
    if (!decode(line + 2, n_line - 2) || n_wrapped < 2) {
        n_wrapped = 0;
        return 0;
    }
    n_inside = (size_t)wrapped[0] << 8 | wrapped[1];
    if (n_wrapped < 2 + n_inside)
        return 0;
    n_wrapped = 0;
    if (n_inside < 3 || crc_of(wrapped + 2, n_inside) != 0)
        return 0;
    memcpy(message, wrapped + 2, n_inside - 2);
    return n_inside - 2;
}

size_t frames_take(uint8_t byte, uint8_t *message)
{
    static uint8_t line[LINE_BYTES];
    static size_t n_line;
    size_t n_bytes = 0;

    if (byte == '\n') {
        n_bytes = end_of_line(line, n_line, message);
        n_line = 0;
    } else if (n_line > 0 && (byte == 0x06 || byte == 0x04)) {
        line[0] = byte; /* no base64: a frame begins, whatever was before */
        n_line = 1;
    } else if (n_line < sizeof line) {
        line[n_line++] = byte;
    }
    return n_bytes;
}

static void put_frame(bool first, const uint8_t *raw, size_t n_raw)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[4];

    put_bytes(first ? "\x06\x09" : "\x04\x14", 2);
    for (size_t i = 0; i < n_raw; i += 3) {
        uint32_t bits = (uint32_t)raw[i] << 16;

        bits |= i + 1 < n_raw ? (uint32_t)raw[i + 1] << 8 : 0;
        bits |= i + 2 < n_raw ? raw[i + 2] : 0;
        for (unsigned j = 0; j < 4; j++)
            text[j] = i + j <= n_raw ? letters[bits >> (18 - 6 * j) & 63] : '=';
        put_bytes(text, 4);
    }
    put_bytes("\n", 1);
}

void frames_put(const uint8_t *message, size_t n_bytes)
{
    static uint8_t raw[2 + SMP_BUFFER_BYTES + 2];
    uint16_t crc = crc_of(message, n_bytes);
    size_t n_raw = n_bytes + 4;

    raw[0] = (uint8_t)((n_bytes + 2) >> 8);
    raw[1] = (uint8_t)(n_bytes + 2);
    memcpy(raw + 2, message, n_bytes);
    raw[2 + n_bytes] = (uint8_t)(crc >> 8);
    raw[3 + n_bytes] = (uint8_t)crc;
    for (size_t at = 0; at < n_raw; at += RAW_PER_FRAME)
        put_frame(at == 0, raw + at, n_raw - at < RAW_PER_FRAME ? n_raw - at : RAW_PER_FRAME);
}
