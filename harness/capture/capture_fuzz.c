/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: a btsnoop file of any type, read and decoded to its end. */
#include "capture/reading.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void format(void *user, const struct rig_capture_line *line)
{
    GString *out = user;

    g_string_truncate(out, 0);
    rig_capture_append(out, line, 0);
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL) || !strchr(out->str, '\n'))
        g_error("a line is no text");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data(bytes, (gssize)n_bytes, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct rig_capture_totals totals;

    if (!rig_capture_read_stream(stream, "fuzz", RIG_CAPTURE_ALL_LAYERS, format, out, &totals, &error) &&
        !error)
        g_error("an error without a word");
    return 0;
}
