/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words of lines, quoted and read. */
#include "base/words.h"

#include <string.h>

char *rig_word_quote(const char *text)
{
    g_autofree char *escaped = NULL;
    bool plain = *text != '\0';

    for (const char *at = text; *at; at++)
        plain = plain && g_ascii_isgraph(*at) && *at != '"' && *at != '\\';
    if (plain)
        return g_strdup(text);
    escaped = g_strescape(text, NULL);
    return g_strdup_printf("\"%s\"", escaped);
}

/* Behind the quote that ends a word; NULL: none does. */
static const char *end_of_quote(const char *at)
{
    for (; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : NULL;
}

static char *unquote(const char *from, const char *end)
{
    g_autofree char *inside = g_strndup(from + 1, (gsize)(end - from) - 2);

    return g_strcompress(inside);
}

char **rig_words_split(const char *line)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    for (const char *end;; line = end + 1) {
        end = *line == '"' ? end_of_quote(line + 1) : line + strcspn(line, " ");
        if (!end || (*end && *end != ' '))
            return NULL;
        g_ptr_array_add(words, *line == '"' ? unquote(line, end) : g_strndup(line, (gsize)(end - line)));
        if (!*end)
            break;
    }
    g_ptr_array_add(words, NULL);
    g_ptr_array_set_free_func(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

bool rig_is_line(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text) && *text != '\t')
            return false;
    return true;
}

/* A backslash takes every meaning from what follows, braces' in an outer pair of braces too; line breaks and
 * tabs, which it would give another one, have letters. */
char *rig_tcl_quote(const char *text)
{
    GString *word = g_string_new(*text ? NULL : "{}");

    for (; *text; text++) {
        if (*text == '\n')
            g_string_append(word, "\\n");
        else if (*text == '\t')
            g_string_append(word, "\\t");
        else if (strchr("{}[]$\\\";# \r\v\f", *text))
            g_string_append_printf(word, "\\%c", *text);
        else
            g_string_append_c(word, *text);
    }
    return g_string_free(word, FALSE);
}

char *rig_shell_word(const char *text)
{
    bool plain =
        *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:=,@%+-") ==
                     strlen(text);

    return plain ? g_strdup(text) : g_shell_quote(text);
}

void rig_shell_append(GString *line, const char *option, const char *value)
{
    g_autofree char *path = !option && *value == '-' ? g_strconcat("./", value, NULL) : NULL;
    g_autofree char *word = rig_shell_word(path ? path : value);

    if (option)
        g_string_append_printf(line, " %s", option);
    g_string_append_printf(line, " %s", word);
}
