/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the updater has to say and do next: answers, disconnection, reset; free buffers and time-outs. */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

#define RESET_DELAY_US 200000u /* so that the disconnection gets on air */

void secure_wish(struct sim_secure_state *state, enum sim_secure_wish_kind kind, const uint8_t *bytes,
                 size_t n_bytes)
{
    if (state->n_wishes == SIM_SECURE_N_WISHES)
        return; /* as a SoftDevice whose queue of notifications is full */
    struct sim_secure_wish *at = &state->wishes[(state->first_wish + state->n_wishes) % SIM_SECURE_N_WISHES];
    at->kind = kind;
    at->n_bytes = (uint8_t)n_bytes;
    memset(at->bytes, 0, sizeof at->bytes);
    if (n_bytes > 0)
        memcpy(at->bytes, bytes, n_bytes);
    state->n_wishes++;
}

bool sim_secure_has_wish(const struct sim_secure_state *state)
{
    return state->n_wishes > 0;
}

bool sim_secure_next(struct sim_secure_state *state, struct sim_secure_wish *next)
{
    if (state->n_wishes == 0)
        return false;
    *next = state->wishes[state->first_wish];
    state->first_wish = (uint8_t)((state->first_wish + 1) % SIM_SECURE_N_WISHES);
    state->n_wishes--;
    return true;
}

void secure_send(struct sim_secure_state *state, uint8_t op, const struct secure_answer *answer)
{
    uint8_t bytes[RIG_DFU_MAX_RESPONSE_BYTES] = {RIG_DFU_RESPONSE, op, (uint8_t)answer->result};
    size_t n_bytes = 3;
    if (answer->result >> 8 == RIG_DFU_EXTENDED) {
        bytes[2] = RIG_DFU_EXTENDED;
        bytes[n_bytes++] = (uint8_t)answer->result;
    } else if (answer->result == RIG_DFU_SUCCESS && (op == RIG_DFU_SELECT || op == RIG_DFU_GET_CRC)) {
        if (op == RIG_DFU_SELECT) {
            rig_put_le32(bytes + n_bytes, answer->max_bytes);
            n_bytes += 4;
        }
        rig_put_le32(bytes + n_bytes, answer->offset);
        rig_put_le32(bytes + n_bytes + 4, answer->crc);
        n_bytes += 8;
    }
    secure_wish(state, SIM_SECURE_SEND, bytes, n_bytes);
}

void secure_answer_execute(struct sim_secure_state *state, uint16_t result)
{
    secure_send(state, RIG_DFU_EXECUTE, &(struct secure_answer){.result = result});
}

/* --- buffers: a stack of indices --- */

void secure_free_buffer(struct sim_secure_state *state, uint8_t buffer)
{
    if (state->n_free_buffers < SIM_SECURE_N_BUFFERS)
        state->free_buffers[state->n_free_buffers++] = buffer;
}

/* --- time --- */

void secure_restart_inactivity(const struct secure *secure, struct sim_secure_state *state, uint64_t now_us)
{
    state->inactive_at_us = !secure_gives_up(secure->config)
                                ? SIM_SECURE_NEVER
                                : now_us + (uint64_t)secure->config->inactivity_ms * 1000;
}

void secure_disconnect_and_reset(struct sim_secure_state *state, uint64_t now_us)
{
    if (state->reset_at_us != SIM_SECURE_NEVER)
        return;
    if (state->linked)
        secure_wish(state, SIM_SECURE_DISCONNECT, NULL, 0);
    state->reset_at_us = state->linked ? now_us + RESET_DELAY_US : now_us;
}
