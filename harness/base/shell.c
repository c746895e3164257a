/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quoting for the shell. */
#include "base/shell.h"

#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:=,@%+-"

void rig_shell_append(GString *line, const char *option, const char *value)
{
    g_autofree char *path = !option && *value == '-' ? g_strconcat("./", value, NULL) : NULL;
    const char *word = path ? path : value;
    g_autofree char *quoted = *word == '\0' || word[strspn(word, PLAIN)] ? g_shell_quote(word) : NULL;

    if (option)
        g_string_append_printf(line, " %s", option);
    g_string_append_printf(line, " %s", quoted ? quoted : word);
}
