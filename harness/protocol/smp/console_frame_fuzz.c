/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes from a console: no crash, bounds kept, and a message behind them is heard. */
#include "protocol/smp/console_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static enum rig_smp_console_event take_all(struct rig_smp_console *console, const uint8_t *bytes,
                                           size_t n_bytes)
{
    enum rig_smp_console_event last = RIG_SMP_CONSOLE_NOTHING;

    while (n_bytes > 0) {
        size_t n_taken = 0, n_message = 1;

        last = rig_smp_console_take(console, bytes, n_bytes, &n_taken);
        need(n_taken > 0 && n_taken <= n_bytes);
        need(console->n_line <= sizeof console->line);
        if (last == RIG_SMP_CONSOLE_MESSAGE)
            rig_smp_console_message(console, &n_message);
        need(n_message >= 1 && n_message <= RIG_SMP_MAX_MESSAGE_BYTES);
        bytes += n_taken;
        n_bytes -= n_taken;
    }
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const uint8_t one[1];
    struct rig_smp_console console;
    uint8_t frames[8192];
    size_t n_message = n_bytes == 0 ? 1 : n_bytes < 4096 ? n_bytes : 4096, n_back;
    size_t n_frames = rig_smp_frame_encode(n_bytes ? bytes : one, n_message, frames, sizeof frames);

    rig_smp_console_init(&console);
    take_all(&console, bytes, n_bytes);
    need(n_frames == rig_smp_frame_room(n_message));
    need(take_all(&console, frames, n_frames) == RIG_SMP_CONSOLE_MESSAGE);
    rig_smp_console_message(&console, &n_back);
    need(n_back == n_message);
    return 0;
}
