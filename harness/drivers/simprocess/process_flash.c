/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of flash operations, over the control socket: beside what openocd can see. */
#include "drivers/simprocess/process_board.h"

#include <string.h>

/* NULL: the board is not there. Owned by the caller. */
static char *ask(struct rig_process_board *board, guint64 since)
{
    g_autofree char *line = g_strdup_printf("flash %" G_GUINT64_FORMAT, since);
    char *answer = NULL;

    return board->sim && rig_sim_process_command(board->sim, line, &answer, NULL) ? answer : NULL;
}

static guint64 count_in(const char *answer)
{
    g_autofree char *text = rig_process_field(answer, "n");
    guint64 n = 0;

    if (text)
        g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &n, NULL);
    return n;
}

static guint64 n_operations(struct rig_board *base)
{
    struct rig_process_board *board = (struct rig_process_board *)base;
    g_autofree char *answer = ask(board, board->n_operations);

    if (answer)
        board->n_operations = count_in(answer);
    else
        board->n_operations = 0;
    return board->n_operations;
}

/* DEVICE:OFFSET:BYTES:w|e */
static bool read_word(const struct rig_process_board *board, const char *word, struct rig_flash_write *write)
{
    g_auto(GStrv) parts = g_strsplit(word, ":", 4);
    guint64 offset, n_bytes;

    if (g_strv_length(parts) != 4 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT32, &offset, NULL) ||
        !g_ascii_string_to_unsigned(parts[2], 10, 0, G_MAXUINT32, &n_bytes, NULL))
        return false;
    *write = (struct rig_flash_write){
        .offset = (guint32)offset, .n_bytes = (guint32)n_bytes, .erase = parts[3][0] == 'e'};
    for (guint i = 0; i < board->board.layout.n_devices; i++)
        if (g_str_equal(board->board.layout.devices[i].name, parts[0]))
            write->device = board->board.layout.devices[i].name;
    return write->device != NULL;
}

static void operations(struct rig_board *base, guint64 since,
                       void (*each)(void *user, const struct rig_flash_write *write), void *user)
{
    struct rig_process_board *board = (struct rig_process_board *)base;
    guint64 n = since + 1;

    while (since < n) {
        g_autofree char *answer = ask(board, since);
        g_auto(GStrv) words = answer ? g_strsplit(answer, " ", -1) : NULL;
        struct rig_flash_write write;
        guint64 n_read = 0;

        n = answer ? count_in(answer) : 0;
        for (char **word = words; word && *word; word++) {
            if (!read_word(board, *word, &write))
                continue;
            each(user, &write);
            n_read++;
        }
        if (n_read == 0)
            return;
        since += n_read;
    }
}

const struct rig_board_flash_watch rig_process_flash_watch = {.n_operations = n_operations,
                                                              .operations = operations};
