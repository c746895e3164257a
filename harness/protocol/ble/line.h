/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of text that is put together piece by piece and never overflows. GLib-free. */
#ifndef RIG_PROTOCOL_BLE_LINE_H
#define RIG_PROTOCOL_BLE_LINE_H

#include <stddef.h>
#include <stdint.h>

struct rig_line {
    char *text; /* NUL-terminated after each call */
    size_t room;
    size_t used;
};

/* Begins an empty line in the caller's bytes; room is at least 1. */
struct rig_line rig_line_begin(char *text, size_t room);
/* What does not fit is cut off. */
void rig_line_add(struct rig_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At most n_most bytes in hex, two digits each, then "..." when there are more. */
void rig_line_add_hex(struct rig_line *line, const uint8_t *bytes, size_t n_bytes, size_t n_most);
/* Bytes that claim to be text: what is not printable ASCII becomes '?'. At most n_most, then "...". */
void rig_line_add_text(struct rig_line *line, const uint8_t *bytes, size_t n_bytes, size_t n_most);

#endif
