/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moments: the whole board at one instant is a copy of its RAM and its flash contents. */
#include "sim/chip/state.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct sim_moment {
    struct sim_flash_content *content;
    struct board_ram ram;
};

static void copy_ram(struct board_ram *to, const struct board_ram *from)
{
    memcpy(to, from, offsetof(struct board_ram, ble));
    sim_ble_copy(&to->ble, &from->ble);
}

struct sim_moment *sim_board_save(const struct sim_board *board)
{
    struct sim_moment *moment = malloc(sizeof *moment);

    if (!moment)
        return NULL;
    moment->content = sim_flash_keep(board->flash);
    if (!moment->content) {
        free(moment);
        return NULL;
    }
    copy_ram(&moment->ram, &board->ram);
    return moment;
}

void sim_board_restore(struct sim_board *board, const struct sim_moment *moment)
{
    const struct board_cut *cut = &moment->ram.cut;

    copy_ram(&board->ram, &moment->ram);
    sim_flash_restore(board->flash, moment->content);
    sim_flash_power(board->flash, moment->ram.powered);
    sim_flash_disarm_cut(board->flash);
    if (cut->armed && cut->cut.kind == SIM_CUT_AT_OPERATION)
        sim_flash_arm_cut(board->flash, cut->cut.operation - cut->n_operations, cut->cut.form);
}

void sim_moment_free(struct sim_moment *moment)
{
    if (!moment)
        return;
    sim_flash_content_free(moment->content);
    free(moment);
}
