/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proof of death: who beside the switch says that a real board has no power. */
#include "drivers/assembled/assembled.h"

#define SILENCE_US 300000           /* so long a dead board's console must be silent */
#define STILL_IN_THE_WIRE_US 100000 /* what a USB serial port may hold back */
#define TALKED_US 1000000           /* the console counts as a witness when it spoke so shortly before */
#define LINK_LOSS_US 8000000        /* longest usual supervision timeout */
#define TICK_MS 10
#define TRIES 3
#define CPUID 0xe000ed00u
#define ANSWER_MS 8000

bool rig_assembled_probe_answers(struct rig_assembled *board)
{
    return board->probe.openocd && rig_openocd_is_started(board->probe.openocd) &&
           rig_openocd_command(board->probe.openocd, ANSWER_MS, NULL, NULL, "read_memory 0x%x 32 1", CPUID);
}

/* A target that answered before and does not now. The adapter must still be there: its loss proves nothing.
 */
static bool probe_says(struct rig_assembled *board)
{
    for (guint i = 0; i < TRIES; i++)
        if (rig_openocd_command(board->probe.openocd, ANSWER_MS, NULL, NULL, "read_memory 0x%x 32 1", CPUID))
            return false;
    return rig_openocd_is_started(board->probe.openocd);
}

static bool console_says(struct rig_assembled *board, gint64 off_us, bool had_talked)
{
    gint64 from_us = off_us + STILL_IN_THE_WIRE_US;

    if (!had_talked)
        return false;
    while (g_get_monotonic_time() < from_us + SILENCE_US)
        rig_board_doze(&board->board, TICK_MS);
    return rig_console_last_us(board->console) <= from_us && rig_console_is_there(board->console, NULL);
}

static bool link_says(struct rig_assembled *board, gint64 off_us)
{
    struct rig_link *link = board->board.link;
    struct rig_link_state state = {0};

    do {
        rig_board_doze(&board->board, TICK_MS);
        link->ops->state(link, &state);
    } while (state.connected && g_get_monotonic_time() < off_us + LINK_LOSS_US &&
             !(board->board.interrupted && *board->board.interrupted));
    return !state.connected;
}

void rig_assembled_prove_death(struct rig_assembled *board, gint64 off_us, char *proof, gsize n_bytes)
{
    gint64 last_us = rig_console_last_us(board->console);
    bool had_talked = last_us && last_us > off_us - TALKED_US;

    *proof = '\0';
    if (rig_openocd_probe_proves_death(&board->probe, proof, n_bytes))
        return;
    if (board->power.probe_saw) {
        /* A target that still answers outweighs every silence: the board is fed from elsewhere. */
        if (probe_says(board))
            g_strlcpy(proof, "probe: the target does not answer any more", n_bytes);
    } else if (console_says(board, off_us, had_talked)) {
        g_strlcpy(proof, "console: it fell silent", n_bytes);
    } else if (board->power.link_saw && link_says(board, off_us)) {
        g_strlcpy(proof, "link: the connection was lost", n_bytes);
    }
}
