/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what a replay line carries: a place of a sweep, a path of cuts, and a value that must come
 * back from the shell. */
#include "base/words.h"
#include "path/cuts.h"
#include "run/replay_line.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* What was read is written in one form, which reads the same. */
static void through_path(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) cycles = rig_cuts_parse(text, &error), again = NULL;
    g_autofree char *written = cycles ? rig_cuts_text(cycles) : NULL;

    g_assert(cycles || error);
    if (!cycles)
        return;
    again = rig_cuts_parse(written, NULL);
    g_assert(again && again->len == cycles->len);
}

static void through_shell(const char *text)
{
    g_autoptr(GString) line = g_string_new("bootrig");
    g_auto(GStrv) words = NULL;

    rig_shell_append(line, "--case", text);
    g_assert(g_shell_parse_argv(line->str, NULL, &words, NULL));
    g_assert(g_strv_length(words) == 3 && strcmp(words[2], text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autofree char *text = g_strndup((const char *)bytes, n_bytes);
    g_autoptr(GError) error = NULL;
    struct rig_cut_place place;

    if (!rig_cut_place_parse(text, &place, &error))
        g_assert(error);
    through_path(text);
    through_shell(text);
    return 0;
}
