/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames out, "CH1: ON" in. */
#include "drivers/power/lcus_frame.h"

#include <string.h>

void rig_lcus_frame(guint8 channel, guint8 operation, guint8 frame[RIG_LCUS_FRAME_BYTES])
{
    frame[0] = 0xa0;
    frame[1] = channel;
    frame[2] = operation;
    frame[3] = (guint8)(0xa0 + channel + operation);
}

/* A word counts when what follows it has come, so that half a line is not read as its beginning. */
static bool has_word(const char *at, const char *end, const char *word)
{
    gsize n = strlen(word);

    return (gsize)(end - at) > n && memcmp(at, word, n) == 0 && !g_ascii_isalnum(at[n]);
}

bool rig_lcus_state(const char *text, gsize n_bytes, guint8 channel, bool *on)
{
    const char *end = text + n_bytes;

    for (const char *at = text; end - at > 4; at++) {
        if (at[0] != 'C' || at[1] != 'H' || at[2] != '0' + channel || at[3] != ':')
            continue;
        for (at += 4; at < end && *at == ' ';)
            at++;
        *on = has_word(at, end, "ON");
        return *on || has_word(at, end, "OFF");
    }
    return false;
}
