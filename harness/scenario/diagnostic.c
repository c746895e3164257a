/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Collects diagnostics with the piece of source they speak of, and formats them for people. */
#include "scenario/diagnostic.h"

#include <string.h>

#define SHOWN_CHARACTERS 140 /* of a source line */
#define SHOWN_BEFORE 60      /* characters before the place when the line is cut */

static void diagnostic_free(gpointer item)
{
    struct rig_diagnostic *diagnostic = item;

    g_free(diagnostic->path);
    g_free(diagnostic->message);
    g_free(diagnostic->hint);
    g_free(diagnostic->line);
    g_free(diagnostic);
}

void rig_diagnostics_init(struct rig_diagnostics *diagnostics)
{
    diagnostics->items = g_ptr_array_new_with_free_func(diagnostic_free);
    diagnostics->notes = g_ptr_array_new_with_free_func(diagnostic_free);
    diagnostics->n_added = 0;
    diagnostics->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    diagnostics->n_of_file = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void rig_diagnostics_clear(struct rig_diagnostics *diagnostics)
{
    g_clear_pointer(&diagnostics->items, g_ptr_array_unref);
    g_clear_pointer(&diagnostics->notes, g_ptr_array_unref);
    g_clear_pointer(&diagnostics->seen, g_hash_table_unref);
    g_clear_pointer(&diagnostics->n_of_file, g_hash_table_unref);
    diagnostics->n_added = 0;
}

static const char *line_end(const char *text)
{
    while (*text && *text != '\n' && *text != '\r' && !g_str_has_prefix(text, "\xc2\x85") &&
           !g_str_has_prefix(text, "\xe2\x80\xa8") && !g_str_has_prefix(text, "\xe2\x80\xa9"))
        text++;
    return text;
}

/* A scenario may come from a stranger: nothing in it may move the cursor, recolour the terminal or turn the
 * line around. */
static bool is_unshowable(gunichar character)
{
    return g_unichar_iscntrl(character) || g_unichar_type(character) == G_UNICODE_FORMAT;
}

static char *showable(const char *text, gsize n_bytes)
{
    GString *shown = g_string_sized_new(n_bytes);

    for (const char *at = text; at < text + n_bytes; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '\t')
            g_string_append_c(shown, ' ');
        else
            g_string_append_unichar(shown, is_unshowable(character) ? '?' : character);
    }
    return g_string_free(shown, FALSE);
}

static void take_line(struct rig_diagnostic *diagnostic, const struct rig_source *source)
{
    const char *start;
    const char *end;
    glong n_characters;

    if (diagnostic->at.line == 0 || diagnostic->at.line > source->line_starts->len)
        return;
    start = source->text + g_array_index(source->line_starts, guint32, diagnostic->at.line - 1);
    end = line_end(start);
    n_characters = g_utf8_strlen(start, end - start);
    if (n_characters > SHOWN_CHARACTERS && diagnostic->at.column > SHOWN_BEFORE) {
        diagnostic->line_from = MIN(diagnostic->at.column - SHOWN_BEFORE, (guint)n_characters);
        start = g_utf8_offset_to_pointer(start, diagnostic->line_from);
        n_characters -= diagnostic->line_from;
    }
    if (n_characters > SHOWN_CHARACTERS)
        end = g_utf8_offset_to_pointer(start, SHOWN_CHARACTERS);
    diagnostic->line = showable(start, (gsize)(end - start));
}

static bool is_first(struct rig_diagnostics *diagnostics, const char *path, struct rig_mark at,
                     const char *message)
{
    return g_hash_table_add(diagnostics->seen,
                            g_strdup_printf("%s:%u:%u:%s", path, at.line, at.column, message));
}

static bool count_and_decide(struct rig_diagnostics *diagnostics, const char *path, struct rig_mark at,
                             const char *message)
{
    guint n_of_file = GPOINTER_TO_UINT(g_hash_table_lookup(diagnostics->n_of_file, path));

    diagnostics->n_added++;
    if (n_of_file < RIG_DIAGNOSTICS_KEPT && !is_first(diagnostics, path, at, message))
        return false;
    g_hash_table_replace(diagnostics->n_of_file, g_strdup(path), GUINT_TO_POINTER(n_of_file + 1));
    return n_of_file < RIG_DIAGNOSTICS_KEPT;
}

/* message is taken. */
static struct rig_diagnostic *new_diagnostic(const struct rig_source *source, struct rig_mark at, guint width,
                                             const char *hint, char *message)
{
    struct rig_diagnostic *diagnostic = g_new0(struct rig_diagnostic, 1);

    *diagnostic = (struct rig_diagnostic){
        .path = g_strdup(source ? source->path : ""), .at = at, .width = width, .message = message};
    diagnostic->hint = hint ? showable(hint, strlen(hint)) : NULL;
    if (source)
        take_line(diagnostic, source);
    return diagnostic;
}

void rig_diagnostics_add(struct rig_diagnostics *diagnostics, const struct rig_source *source,
                         struct rig_mark at, guint width, const char *hint, const char *format, ...)
{
    g_autofree char *written = NULL;
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    written = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    message = showable(written, strlen(written));
    if (count_and_decide(diagnostics, source ? source->path : "", at, message))
        g_ptr_array_add(diagnostics->items,
                        new_diagnostic(source, at, width, hint, g_steal_pointer(&message)));
}

void rig_diagnostics_note(struct rig_diagnostics *diagnostics, const struct rig_source *source,
                          struct rig_mark at, guint width, const char *hint, const char *format, ...)
{
    g_autofree char *written = NULL;
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    written = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    message = showable(written, strlen(written));
    if (diagnostics->notes->len < RIG_NOTES_KEPT &&
        is_first(diagnostics, source ? source->path : "", at, message))
        g_ptr_array_add(diagnostics->notes,
                        new_diagnostic(source, at, width, hint, g_steal_pointer(&message)));
}

void rig_diagnostics_add_path(struct rig_diagnostics *diagnostics, const char *path, const char *message)
{
    struct rig_diagnostic *diagnostic;

    if (!count_and_decide(diagnostics, path, (struct rig_mark){0, 0}, message))
        return;
    diagnostic = g_new0(struct rig_diagnostic, 1);
    diagnostic->path = g_strdup(path);
    diagnostic->message = showable(message, strlen(message));
    g_ptr_array_add(diagnostics->items, diagnostic);
}

bool rig_diagnostics_is_full(const struct rig_diagnostics *diagnostics, const struct rig_source *source)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(diagnostics->n_of_file, source->path)) >=
           RIG_DIAGNOSTICS_KEPT;
}

static gint compare_places(gconstpointer a, gconstpointer b)
{
    const struct rig_diagnostic *left = *(struct rig_diagnostic *const *)a;
    const struct rig_diagnostic *right = *(struct rig_diagnostic *const *)b;
    int by_path = strcmp(left->path, right->path);

    if (by_path)
        return by_path;
    if (left->at.line != right->at.line)
        return left->at.line < right->at.line ? -1 : 1;
    return (left->at.column > right->at.column) - (left->at.column < right->at.column);
}

static void append_coloured(GString *text, bool colour, const char *code, const char *what)
{
    if (colour)
        g_string_append_printf(text, "\033[%sm%s\033[0m", code, what);
    else
        g_string_append(text, what);
}

static guint terminal_columns(gunichar character)
{
    if (g_unichar_iszerowidth(character))
        return 0;
    return g_unichar_iswide(character) ? 2 : 1;
}

/* How many characters of the line are under the caret, in terminal columns; *before gets the columns left of
 * it. */
static guint measure_caret(const struct rig_diagnostic *diagnostic, guint *before)
{
    guint from = diagnostic->at.column - 1 - MIN(diagnostic->line_from, diagnostic->at.column - 1);
    guint to = from + MAX(diagnostic->width, 1);
    guint under = 0;
    guint position = 0;

    *before = 0;
    for (const char *at = diagnostic->line; *at && position < to; at = g_utf8_next_char(at), position++)
        *(position < from ? before : &under) += terminal_columns(g_utf8_get_char(at));
    if (position < from)
        *before += 1;
    return MAX(under, 1);
}

static void append_excerpt(GString *text, const struct rig_diagnostic *diagnostic, bool colour)
{
    guint before = 0;
    guint under = measure_caret(diagnostic, &before);
    g_autofree char *number = g_strdup_printf("%u", diagnostic->at.line);
    int gutter = MAX((int)strlen(number), 2) + 2;
    g_autofree char *carets = g_strnfill(under, '^');

    g_string_append_printf(text, "%*s | %s\n%*s | %*s", gutter, number, diagnostic->line, gutter, "",
                           (int)before, "");
    append_coloured(text, colour, "1;32", carets);
    if (diagnostic->hint)
        g_string_append_printf(text, " %s", diagnostic->hint);
    g_string_append_c(text, '\n');
}

static void append_diagnostic(GString *text, const struct rig_diagnostic *diagnostic, bool is_note,
                              bool colour)
{
    g_autofree char *place = diagnostic->at.line ? g_strdup_printf("%s:%u:%u:", diagnostic->path,
                                                                   diagnostic->at.line, diagnostic->at.column)
                                                 : g_strdup_printf("%s:", diagnostic->path);

    append_coloured(text, colour, "1", place);
    g_string_append_c(text, ' ');
    append_coloured(text, colour, is_note ? "1;36" : "1;31", is_note ? "note:" : "error:");
    g_string_append_printf(text, " %s\n", diagnostic->message);
    if (diagnostic->line)
        append_excerpt(text, diagnostic, colour);
    else if (diagnostic->hint)
        g_string_append_printf(text, "  %s\n", diagnostic->hint);
}

static GPtrArray *sorted_by_place(const GPtrArray *items)
{
    GPtrArray *sorted = g_ptr_array_new();

    for (guint i = 0; i < items->len; i++)
        g_ptr_array_add(sorted, g_ptr_array_index(items, i));
    g_ptr_array_sort(sorted, compare_places);
    return sorted;
}

char *rig_diagnostics_format(const struct rig_diagnostics *diagnostics, bool colour)
{
    g_autoptr(GPtrArray) sorted = sorted_by_place(diagnostics->items);
    g_autoptr(GPtrArray) notes = sorted_by_place(diagnostics->notes);
    GString *text = g_string_new(NULL);
    guint n_shown = 0;

    for (guint i = 0; i < sorted->len; i++) {
        const struct rig_diagnostic *diagnostic = sorted->pdata[i];
        bool is_last = i + 1 == sorted->len ||
                       strcmp(diagnostic->path, ((struct rig_diagnostic *)sorted->pdata[i + 1])->path) != 0;
        guint n_of_file = GPOINTER_TO_UINT(g_hash_table_lookup(diagnostics->n_of_file, diagnostic->path));

        if (n_shown++ < RIG_DIAGNOSTICS_SHOWN)
            append_diagnostic(text, diagnostic, false, colour);
        if (is_last && n_of_file > RIG_DIAGNOSTICS_SHOWN)
            g_string_append_printf(text, "%s: and %u more\n", diagnostic->path,
                                   n_of_file - RIG_DIAGNOSTICS_SHOWN);
        if (is_last)
            n_shown = 0;
    }
    for (guint i = 0; i < notes->len; i++)
        append_diagnostic(text, notes->pdata[i], true, colour);
    return g_string_free(text, FALSE);
}
