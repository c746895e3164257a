/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The updater's transport: writes come in, answers and receipts go out; buffers, time-outs, resets. [SRC nRF5
 * SDK 17.0.2 components/libraries/bootloader/ble_dfu/nrf_dfu_ble.c, nrf_bootloader.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

#define SCHEDULER_EVENTS 32u

/* A packet is answered when the count of receipts says so: as a CRC that was asked for. */
static void respond(struct sim_secure_state *state, uint8_t op, const struct secure_answer *answer)
{
    if (op != RIG_DFU_WRITE) {
        secure_send(state, op, answer);
        return;
    }
    state->prn_left--; /* wraps, as it does there */
    if (state->prn == 0 || state->prn_left != 0)
        return;
    state->prn_left = state->prn;
    secure_send(state, RIG_DFU_GET_CRC, answer);
}

static void reset_now(struct secure *secure, struct sim_secure_state *state)
{
    secure_back_up(secure);
    state->stopped = true;
    if (!secure->lost)
        secure_wish(state, SIM_SECURE_DO_RESET, NULL, 0);
}

/* --- what comes in --- */

static struct secure begin(const struct sim_secure_config *config, struct sim_secure_state *state,
                           struct sim_flash *flash)
{
    return (struct secure){.config = config, .flash = flash, .settings = &state->settings};
}

/* The core may have stumbled in the call: its error handler resets. */
static void finish(struct secure *secure, struct sim_secure_state *state)
{
    if (!secure_stopped(secure) || state->stopped)
        return;
    state->stopped = true;
    if (!secure->lost)
        secure_wish(state, SIM_SECURE_DO_RESET, NULL, 0);
}

bool secure_enter(struct secure *secure, struct sim_secure_state *state)
{
    const struct sim_secure_config *config = secure->config;
    state->object = RIG_DFU_COMMAND_OBJECT;
    state->reset_at_us = SIM_SECURE_NEVER;
    if (!secure_gives_up(config))
        state->inactive_at_us = SIM_SECURE_NEVER;
    for (uint8_t i = 0; i < SIM_SECURE_N_BUFFERS; i++)
        secure_free_buffer(state, i);
    if (config->requires_bonds && sim_secure_peer(config, secure->flash, NULL) != RIG_NORDIC_EXTRA_VALID) {
        secure->fault = "bonds are required, and the settings page holds no peer data";
        return false;
    }
    return secure_take_stored_init(secure, state);
}

void sim_secure_linked(const struct sim_secure_config *config, struct sim_secure_state *state,
                       struct sim_flash *flash, bool up)
{
    struct secure secure = begin(config, state, flash);
    if (state->stopped)
        return;
    /* Older SDKs keep in RAM how far they are. */
    if (!up && state->linked && !secure_is_older(config))
        secure_load(&secure);
    state->linked = up;
    finish(&secure, state);
}

static void handle(struct secure *secure, struct sim_secure_state *state,
                   const struct secure_request *request, uint64_t now_us)
{
    /* The scheduler is full of what waits for the flash: what comes now is lost without a word. */
    if (state->n_waiting_executes == SCHEDULER_EVENTS) {
        if (request->has_buffer)
            secure_free_buffer(state, request->buffer);
        return;
    }
    struct secure_answer answer = secure_handle(secure, state, request, now_us);
    if (!secure_stopped(secure) && answer.is_ready)
        respond(state, request->op, &answer);
    finish(secure, state);
}

void sim_secure_control(const struct sim_secure_config *config, struct sim_secure_state *state,
                        struct sim_flash *flash, const uint8_t *bytes, size_t n_bytes, uint64_t now_us)
{
    /* What is missing of a request reads as zero; the SDK reads what is there from before. */
    uint8_t whole[SIM_SECURE_MAX_CONTROL_BYTES] = {0};
    struct secure secure = begin(config, state, flash);
    if (state->stopped || state->reset_at_us != SIM_SECURE_NEVER || n_bytes > sizeof whole)
        return;
    if (n_bytes > 0)
        memcpy(whole, bytes, n_bytes);
    struct secure_request request = {.op = whole[0], .object = whole[1]};
    if (request.op == RIG_DFU_CREATE) {
        state->prn_left = state->prn;
        request.n_object_bytes = rig_get_le32(whole + 2);
    } else if (request.op == RIG_DFU_SET_PRN) {
        state->prn = state->prn_left = rig_get_le16(whole + 1);
    }
    handle(&secure, state, &request, now_us);
}

void sim_secure_packet(const struct sim_secure_config *config, struct sim_secure_state *state,
                       struct sim_flash *flash, const uint8_t *bytes, size_t n_bytes, uint64_t now_us)
{
    struct secure secure = begin(config, state, flash);
    if (state->stopped || state->reset_at_us != SIM_SECURE_NEVER || n_bytes > SIM_SECURE_MAX_PACKET_BYTES ||
        state->n_free_buffers == 0)
        return;
    uint8_t buffer = state->free_buffers[--state->n_free_buffers];
    if (n_bytes > 0)
        memcpy(state->buffers[buffer], bytes, n_bytes);
    struct secure_request request = {
        .op = RIG_DFU_WRITE, .has_buffer = true, .buffer = buffer, .n_bytes = (uint32_t)n_bytes};
    handle(&secure, state, &request, now_us);
}

/* --- what goes on by itself --- */

static void run_waiting(struct secure *secure, struct sim_secure_state *state, uint64_t now_us)
{
    while (state->n_waiting_executes > 0 && !state->queue_runs && !secure_stopped(secure) &&
           state->reset_at_us == SIM_SECURE_NEVER) {
        state->n_waiting_executes--;
        secure_execute_data(secure, state, now_us);
    }
}

static uint64_t next_instant(const struct sim_secure_state *state, uint64_t now_us)
{
    if (state->stopped)
        return SIM_SECURE_NEVER;
    uint64_t next = state->reset_at_us < state->inactive_at_us ? state->reset_at_us : state->inactive_at_us;
    return state->queue_runs || next < now_us ? now_us : next;
}

uint64_t sim_secure_due(const struct sim_secure_config *config, struct sim_secure_state *state,
                        struct sim_flash *flash, uint64_t now_us)
{
    struct secure secure = begin(config, state, flash);
    if (state->stopped)
        return SIM_SECURE_NEVER;
    uint64_t busy_us = sim_flash_busy_us(flash);
    if (state->reset_at_us <= now_us || state->inactive_at_us <= now_us) {
        reset_now(&secure, state);
        return SIM_SECURE_NEVER;
    }
    bool is_complete = secure_queue_step(&secure, state);
    now_us += sim_flash_busy_us(flash) - busy_us;
    if (is_complete)
        secure_disconnect_and_reset(state, now_us);
    run_waiting(&secure, state, now_us);
    finish(&secure, state);
    return next_instant(state, now_us);
}

bool sim_secure_busy(const struct sim_secure_state *state)
{
    return !state->stopped && (state->queue_runs || state->reset_at_us != SIM_SECURE_NEVER);
}

void sim_secure_drain(const struct sim_secure_config *config, struct sim_secure_state *state,
                      struct sim_flash *flash)
{
    /* Time stands still until nothing is left but a reset. */
    while (!state->stopped && state->queue_runs)
        (void)sim_secure_due(config, state, flash, 0);
    if (!state->stopped && state->reset_at_us != SIM_SECURE_NEVER)
        (void)sim_secure_due(config, state, flash, state->reset_at_us);
}
