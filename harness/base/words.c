/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text as one word of Tcl or of a shell. */
#include "base/words.h"

#include <string.h>

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
