/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded text. */
#include "protocol/ble/line.h"

#include <stdarg.h>
#include <stdio.h>

struct rig_line rig_line_begin(char *text, size_t room)
{
    text[0] = '\0';
    return (struct rig_line){.text = text, .room = room};
}

void rig_line_add(struct rig_line *line, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line->text + line->used, line->room - line->used, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->used += (size_t)n;
    if (line->used >= line->room)
        line->used = line->room - 1;
}

void rig_line_add_hex(struct rig_line *line, const uint8_t *bytes, size_t n_bytes, size_t n_most)
{
    for (size_t i = 0; i < n_bytes && i < n_most; i++)
        rig_line_add(line, "%02x", bytes[i]);
    if (n_bytes > n_most)
        rig_line_add(line, "...");
}

void rig_line_add_text(struct rig_line *line, const uint8_t *bytes, size_t n_bytes, size_t n_most)
{
    for (size_t i = 0; i < n_bytes && i < n_most; i++)
        rig_line_add(line, "%c", bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?');
    if (n_bytes > n_most)
        rig_line_add(line, "...");
}
