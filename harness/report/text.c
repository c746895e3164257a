/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile text made fit for a place. */
#include "report/text.h"

#include <string.h>

#define ESCAPE 0x1b
#define MAX_SEQUENCE_CHARS 256

static gsize boundary_before(const char *text, gsize at)
{
    while (at > 0 && ((guchar)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static gsize boundary_after(const char *text, gsize at, gsize n_bytes)
{
    while (at < n_bytes && ((guchar)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

void rig_text_bounded(GString *out, const char *text, gsize n_bytes, gsize max_bytes)
{
    gsize head;
    gsize tail;

    if (n_bytes <= max_bytes) {
        g_string_append_len(out, text, (gssize)n_bytes);
        return;
    }
    head = boundary_before(text, max_bytes / 2);
    tail = boundary_after(text, n_bytes - max_bytes / 2, n_bytes);
    g_string_append_len(out, text, (gssize)head);
    g_string_append_printf(out, "\n[... %" G_GSIZE_FORMAT " bytes left out ...]\n", tail - head);
    g_string_append_len(out, text + tail, (gssize)(n_bytes - tail));
}

/* Length in bytes of the terminal sequence that starts at ESC, 0 when it is not one that can be told apart
 * from text. */
static gsize sequence_bytes(const char *at)
{
    gsize n = 2;

    if (at[1] == '[') {
        while (n < MAX_SEQUENCE_CHARS && (guchar)at[n] >= 0x20 && (guchar)at[n] <= 0x3f)
            n++;
        return (guchar)at[n] >= 0x40 && (guchar)at[n] <= 0x7e ? n + 1 : 0;
    }
    if (at[1] == ']') {
        while (n < MAX_SEQUENCE_CHARS && (guchar)at[n] >= 0x20)
            n++;
        if (at[n] == '\a')
            return n + 1;
        return at[n] == ESCAPE && at[n + 1] == '\\' ? n + 2 : 0;
    }
    return 0;
}

static void append_visible(GString *out, gunichar c)
{
    g_string_append_printf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", c);
}

static bool is_xml_char(gunichar c)
{
    return c == '\t' || c == '\n' || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

static bool turns_direction(gunichar c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f ||
           c == 0x2028 || c == 0x2029;
}

static bool is_plain_char(gunichar c)
{
    return is_xml_char(c) && c != '\t' && !(c >= 0x7f && c <= 0x9f) && !turns_direction(c);
}

/* Takes what needs no character by character treatment in one piece: consoles are mostly ASCII. */
static gsize printable_run(const char *at)
{
    gsize n = 0;

    while ((guchar)at[n] >= 0x20 && (guchar)at[n] < 0x7f)
        n++;
    return n;
}

static const char *append_one(GString *out, const char *at, bool plain, bool one_line)
{
    gunichar c = g_utf8_get_char(at);
    const char *next = g_utf8_next_char(at);
    gsize n_sequence = c == ESCAPE ? sequence_bytes(at) : 0;

    if (n_sequence)
        return at + n_sequence;
    if (c == '\r' && (*next == '\n' || *next == '\0'))
        return next;
    if (c == '\n' && one_line)
        g_string_append(out, "\\n");
    else if (c == '\t' && plain)
        g_string_append_c(out, ' ');
    else if (c == '\n' || (plain ? is_plain_char(c) : is_xml_char(c)))
        g_string_append_len(out, at, next - at);
    else
        append_visible(out, c);
    return next;
}

void rig_text_xml(GString *out, const char *text)
{
    while (*text) {
        gsize n = printable_run(text);

        g_string_append_len(out, text, (gssize)n);
        text += n;
        if (*text)
            text = append_one(out, text, false, false);
    }
}

void rig_text_plain(GString *out, const char *text, bool one_line)
{
    while (*text) {
        gsize n = printable_run(text);

        g_string_append_len(out, text, (gssize)n);
        text += n;
        if (*text)
            text = append_one(out, text, true, one_line);
    }
}

void rig_text_html(GString *out, const char *text)
{
    g_autoptr(GString) legal = g_string_sized_new(strlen(text));

    rig_text_xml(legal, text);
    for (const char *at = legal->str; *at; at++) {
        if (*at == '&')
            g_string_append(out, "&amp;");
        else if (*at == '<')
            g_string_append(out, "&lt;");
        else if (*at == '>')
            g_string_append(out, "&gt;");
        else if (*at == '"')
            g_string_append(out, "&quot;");
        else if (*at == '\'')
            g_string_append(out, "&#39;");
        else
            g_string_append_c(out, *at);
    }
}
