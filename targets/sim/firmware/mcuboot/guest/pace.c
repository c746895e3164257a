/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endless loops that cost little once they are known. */
#include "sim/firmware/mcuboot/guest/state.h"

#define SLACK_US 40000u
#define SLACK_CALLS 10000u
#define LONGER 16u /* than the longest boot that came to an end */

static uint32_t n_loops(const struct guest_pace *pace)
{
    return pace->n_loops < GUEST_MAX_LOOPS ? pace->n_loops : GUEST_MAX_LOOPS;
}

bool guest_pace_knows(const struct sim_guest *guest, uintptr_t address)
{
    const struct guest_pace *pace = guest->pace;
    uint64_t offset = address - guest->object.base;

    for (uint32_t i = 0; i < n_loops(pace); i++)
        if (offset - pace->loops[i].start < pace->loops[i].n_bytes)
            return true;
    return false;
}

void guest_pace_looped(struct sim_guest *guest, uintptr_t address)
{
    struct guest_pace *pace = guest->pace;
    struct guest_function function;
    uint32_t n = n_loops(pace);

    if (!object_holds_code(&guest->object, address) || n == GUEST_MAX_LOOPS ||
        guest_pace_knows(guest, address))
        return;
    guest_function_at(guest, address, &function);
    pace->loops[n].start = function.start;
    pace->loops[n].n_bytes = function.n_bytes;
    pace->n_loops = n + 1;
}

uint64_t guest_pace_max_calls(const struct sim_guest *guest, uintptr_t caller)
{
    uint64_t soft = LONGER * guest->pace->most_calls + SLACK_CALLS;

    return soft < guest->config.max_flash_calls && guest_pace_knows(guest, caller)
               ? soft
               : guest->config.max_flash_calls;
}

uint64_t guest_pace_max_us(const struct sim_guest *guest)
{
    uint64_t soft = LONGER * guest->pace->longest_us + SLACK_US;
    uint64_t hard = (uint64_t)guest->config.max_cpu_ms * 1000u;

    return soft < hard ? soft : hard;
}
