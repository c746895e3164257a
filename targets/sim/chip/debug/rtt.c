/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console in RAM, as SEGGER's RTT keeps it: a control block that a debugger finds by its name, and a ring
 * that the board fills and the debugger empties. */
#include "sim/chip/debug/internal.h"

#include "base/bytes.h"

#include <string.h>

#define BLOCK_AT 0x400u
#define NAME_AT 0x500u
#define UP_AT 0x800u
#define UP_BYTES 4096u
#define DOWN_AT (UP_AT + UP_BYTES)
#define DOWN_BYTES 16u
#define ID_BYTES 16u
#define CHANNEL_BYTES 24u

/* Fields of a channel. */
enum { CHANNEL_NAME = 0, CHANNEL_BUFFER = 4, CHANNEL_SIZE = 8, CHANNEL_WRITTEN = 12, CHANNEL_READ = 16 };

static uint8_t *up_channel(struct sim_debug *debug)
{
    return debug->ram + BLOCK_AT + ID_BYTES + 8;
}

static void fill_channel(uint8_t *channel, uint32_t buffer_at, uint32_t n_bytes)
{
    memset(channel, 0, CHANNEL_BYTES); /* flags 0: what does not fit is skipped */
    rig_put_le32(channel + CHANNEL_NAME, DEBUG_RAM_AT + NAME_AT);
    rig_put_le32(channel + CHANNEL_BUFFER, DEBUG_RAM_AT + buffer_at);
    rig_put_le32(channel + CHANNEL_SIZE, n_bytes);
}

/* The name comes last, so that nobody finds half a block. */
static void set_up(struct sim_debug *debug)
{
    uint8_t *block = debug->ram + BLOCK_AT;

    rig_put_le32(block + ID_BYTES, 1);
    rig_put_le32(block + ID_BYTES + 4, 1);
    fill_channel(up_channel(debug), UP_AT, UP_BYTES);
    fill_channel(up_channel(debug) + CHANNEL_BYTES, DOWN_AT, DOWN_BYTES);
    memcpy(debug->ram + NAME_AT, "Terminal", sizeof "Terminal");
    memset(block, 0, ID_BYTES);
    memcpy(block, SIM_DEBUG_RTT_NAME, sizeof SIM_DEBUG_RTT_NAME - 1);
    debug_ram_touched(debug, DOWN_AT + DOWN_BYTES);
}

static bool is_set_up(struct sim_debug *debug)
{
    return memcmp(debug->ram + BLOCK_AT, SIM_DEBUG_RTT_NAME, sizeof SIM_DEBUG_RTT_NAME) == 0 &&
           rig_get_le32(up_channel(debug) + CHANNEL_SIZE) == UP_BYTES;
}

static void put(struct sim_debug *debug, uint32_t *written, const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        debug->ram[UP_AT + *written] = (uint8_t)text[i];
        *written = (*written + 1) % UP_BYTES;
    }
}

void sim_debug_console(struct sim_debug *debug, const char *line)
{
    size_t n_bytes = strlen(line);
    uint32_t written, read;

    if (!debug->powered)
        return;
    if (!is_set_up(debug))
        set_up(debug);
    /* The debugger may have written anything there. */
    written = rig_get_le32(up_channel(debug) + CHANNEL_WRITTEN) % UP_BYTES;
    read = rig_get_le32(up_channel(debug) + CHANNEL_READ) % UP_BYTES;
    if (n_bytes + 2 > (read + UP_BYTES - written - 1) % UP_BYTES)
        return;
    put(debug, &written, line, n_bytes);
    put(debug, &written, "\r\n", 2);
    rig_put_le32(up_channel(debug) + CHANNEL_WRITTEN, written);
}
