/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A foreign bootloader in the place of the model: its outcome in the model's terms, its findings on the
 * console. */
#include "sim/chip/state.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <stdio.h>
#include <string.h>

static enum sim_boot_outcome outcome_of(enum sim_guest_outcome outcome)
{
    switch (outcome) {
    case SIM_GUEST_RUNS:
        return SIM_BOOT_RUNS;
    case SIM_GUEST_NO_IMAGE:
        return SIM_BOOT_NO_IMAGE;
    case SIM_GUEST_POWER_LOST:
        return SIM_BOOT_POWER_LOST;
    case SIM_GUEST_ASSERT:
        return SIM_BOOT_ASSERT;
    case SIM_GUEST_FLASH_FAULT:
        return SIM_BOOT_FLASH_FAULT;
    case SIM_GUEST_ABORT:
    case SIM_GUEST_EXIT:
    case SIM_GUEST_CRASH:
    case SIM_GUEST_STACK_OVERFLOW:
    case SIM_GUEST_LOOP:
    case SIM_GUEST_BAD_DECISION:
    case SIM_GUEST_NOT_RUN:
        break;
    }
    return SIM_BOOT_CRASH;
}

/* The application model runs from slot 0 of image 0 only. */
static bool starts_slot_0(const struct sim_board *board, const struct sim_guest_result *found)
{
    const struct sim_area *primary = &board->config.boot.primary[0];

    return found->device == primary->device && found->offset == primary->offset;
}

static void tell_finding(struct sim_board *board, const struct sim_guest_result *found,
                         struct sim_boot_result *result)
{
    char line[300];

    snprintf(result->assertion, sizeof result->assertion, "%s: %.150s",
             sim_guest_outcome_text(found->outcome), found->text);
    snprintf(line, sizeof line, "E: ***** the bootloader stopped: %s *****", result->assertion);
    board_line(board, line);
}

void board_boot_foreign(struct sim_board *board, void (*log)(void *user, char level, const char *line),
                        struct sim_boot_result *result)
{
    struct sim_guest_result found;
    char line[128];

    for (unsigned i = 0; i < SIM_BOOT_MAX_IMAGES; i++)
        result->swap_type[i] = RIG_SWAP_TYPE_NONE;
    snprintf(line, sizeof line, "*** Booting %s ***", sim_guest_name(board->config.boot_guest));
    board_line(board, line);
    sim_guest_boot(board->config.boot_guest, board->flash, log, board, &found);
    result->outcome = outcome_of(found.outcome);
    if (found.outcome == SIM_GUEST_RUNS && !starts_slot_0(board, &found)) {
        found.outcome = SIM_GUEST_BAD_DECISION;
        snprintf(found.text, sizeof found.text,
                 "it starts the image at 0x%lx; the simulated application runs from slot 0 only",
                 (unsigned long)found.offset);
        result->outcome = SIM_BOOT_CRASH;
    }
    if (sim_guest_is_finding(found.outcome) || found.outcome == SIM_GUEST_NOT_RUN)
        tell_finding(board, &found, result);
    else if (found.outcome == SIM_GUEST_NO_IMAGE && found.text[0])
        log(board, 'E', found.text);
}
