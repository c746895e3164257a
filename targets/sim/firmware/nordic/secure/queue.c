/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flash while the radio is on: a queue of operations, each written in pieces that fit between the radio's
 * events. [SRC nRF5 SDK 17.0.2 components/libraries/fstorage/nrf_fstorage_sd.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include <string.h>

#define PIECE_BYTES 20u /* NRF_FSTORAGE_SD_MAX_WRITE_SIZE */
#define WORD_BYTES 4u

enum operation_kind {
    OP_ERASE,
    OP_PACKET,        /* out of a receive buffer */
    OP_SETTINGS,      /* `buffer`: 0 main page, 1 backup */
    OP_FROM_ADDRESS_0 /* a request without data: one word, from where its pointer points */
};

static struct sim_secure_operation *entry(struct sim_secure_state *state, unsigned index)
{
    return &state->operations[(state->first_operation + index) % SIM_SECURE_N_OPERATIONS];
}

/* The SoftDevice refuses what is no word address, and what the bootloader has protected. */
static bool is_refused(const struct secure *secure, const struct sim_secure_operation *operation)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint32_t at = operation->address;
    bool is_protected = at < RIG_SOFTDEVICE_AT ||
                        (at >= map->bootloader_at && at < map->bootloader_at + map->bootloader_bytes &&
                         operation->kind != OP_SETTINGS && at < map->settings_at);
    return at % WORD_BYTES != 0 || is_protected || at >= sim_flash_bytes(secure->flash, SIM_FLASH_INTERNAL);
}

static void pop(struct sim_secure_state *state)
{
    struct sim_secure_operation *operation = entry(state, 0);
    if (operation->kind == OP_PACKET)
        secure_free_buffer(state, operation->buffer);
    state->first_operation = (uint8_t)((state->first_operation + 1) % SIM_SECURE_N_OPERATIONS);
    state->n_operations--;
}

/* What is refused stops the queue until the next request for it, whatever waits behind. */
static void start_next(const struct secure *secure, struct sim_secure_state *state)
{
    state->queue_runs = state->n_operations > 0;
    if (state->queue_runs && is_refused(secure, entry(state, 0))) {
        pop(state);
        state->queue_runs = false;
    }
}

static bool put(struct secure *secure, struct sim_secure_state *state, struct sim_secure_operation operation)
{
    if (state->n_operations == SIM_SECURE_N_OPERATIONS)
        return false;
    *entry(state, state->n_operations) = operation;
    state->n_operations++;
    if (!state->queue_runs)
        start_next(secure, state);
    return true;
}

bool secure_queue_erase(struct secure *secure, struct sim_secure_state *state, uint32_t at, uint32_t n_pages)
{
    return put(secure, state,
               (struct sim_secure_operation){.kind = OP_ERASE, .n_bytes = (uint16_t)n_pages, .address = at});
}

bool secure_queue_packet(struct secure *secure, struct sim_secure_state *state, uint32_t at,
                         const struct secure_request *request)
{
    return put(secure, state,
               (struct sim_secure_operation){.kind = request->has_buffer ? OP_PACKET : OP_FROM_ADDRESS_0,
                                             .buffer = request->buffer,
                                             .n_bytes = (uint16_t)request->n_bytes,
                                             .address = at});
}

/* *is_done: there was nothing to write. */
static bool put_page(struct secure *secure, struct sim_secure_state *state, uint8_t which, bool is_last,
                     bool *is_done)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint32_t at = which == 0 ? map->settings_at : map->parameter_page_at;
    uint32_t n_bytes = secure_settings_bytes(secure->config);
    uint8_t bytes[RIG_NORDIC_SETTINGS_BYTES];
    secure_encode(secure->config, secure->settings, bytes);
    *is_done = !secure_is_older(secure->config) && secure_page_equals(secure, at, bytes);
    if (*is_done)
        return true;
    if (!secure_queue_erase(secure, state, at, 1))
        return false;
    memcpy(state->written_settings[which], bytes, sizeof bytes);
    return put(secure, state,
               (struct sim_secure_operation){.kind = OP_SETTINGS,
                                             .buffer = which,
                                             .last = is_last,
                                             .n_bytes = (uint16_t)n_bytes,
                                             .address = at});
}

bool secure_queue_settings(struct secure *secure, struct sim_secure_state *state, bool is_last, bool *is_done)
{
    bool has_backup = secure_backs_up(secure->config);
    *is_done = false;
    rig_nordic_settings_seal(secure->settings);
    if (!put_page(secure, state, 0, is_last && !has_backup, is_done))
        return false;
    if (has_backup) /* one that does not fit into the queue is told to nobody */
        (void)put_page(secure, state, 1, is_last, is_done);
    return true;
}

static void write_piece(struct secure *secure, uint32_t at, const uint8_t *bytes, uint32_t n_left)
{
    uint32_t n_bytes = n_left < PIECE_BYTES ? n_left : PIECE_BYTES;
    /* Whole words: a tail is dropped, but for less than one. */
    uint32_t n_words = n_bytes / WORD_BYTES > 0 ? n_bytes / WORD_BYTES : 1;
    secure_write(secure, at, bytes, n_words * WORD_BYTES);
}

static void perform(struct secure *secure, struct sim_secure_state *state,
                    const struct sim_secure_operation *operation)
{
    uint8_t word[WORD_BYTES];
    const uint8_t *bytes = operation->kind == OP_PACKET ? state->buffers[operation->buffer]
                                                        : state->written_settings[operation->buffer & 1];
    uint32_t n_bytes = operation->n_bytes;
    if (operation->kind == OP_ERASE) {
        secure_erase(secure, operation->address, operation->n_bytes);
        return;
    }
    if (operation->kind == OP_FROM_ADDRESS_0) {
        if (!secure_read(secure, 0, word, sizeof word))
            return;
        bytes = word;
    }
    uint32_t done = 0;
    do {
        write_piece(secure, operation->address + done, bytes + done, n_bytes - done);
        done += PIECE_BYTES;
    } while (done < n_bytes && !secure_stopped(secure));
}

bool secure_queue_step(struct secure *secure, struct sim_secure_state *state)
{
    if (!state->queue_runs)
        return false;
    struct sim_secure_operation operation = *entry(state, 0);
    perform(secure, state, &operation);
    if (secure_stopped(secure))
        return false;
    pop(state);
    start_next(secure, state);
    return operation.last;
}
