/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The updater: writes come in, requests are handled, answers and receipts go out; the queue of flash
 * operations while the radio is on; buffers, time-outs, resets. [SRC nRF5 SDK 17.0.2
 * components/libraries/bootloader/ble_dfu/nrf_dfu_ble.c, dfu/nrf_dfu_req_handler.c, nrf_bootloader.c,
 * nrf_bootloader_dfu_timers.c, components/libraries/fstorage/nrf_fstorage_sd.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include "base/bytes.h"
#include "protocol/nordic/dfu.h"

#include <string.h>

/* One request after the transport took it in, and its answer. */
struct secure_request {
    uint8_t op; /* enum rig_dfu_op */
    uint8_t object;
    uint32_t n_object_bytes;
    bool has_buffer;  /* of a packet; the op written to the control point has none */
    uint8_t buffer;   /* index */
    uint32_t n_bytes; /* in it */
};
struct secure_answer {
    uint16_t result; /* enum rig_dfu_result; extended: 0x0b00 | code */
    uint32_t max_bytes, offset, crc;
    bool is_ready; /* false: none now */
};

#define RESET_DELAY_US 200000u /* so that the disconnection gets on air */

static void secure_wish(struct sim_secure_state *state, enum sim_secure_wish_kind kind, const uint8_t *bytes,
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

static void secure_send(struct sim_secure_state *state, uint8_t op, const struct secure_answer *answer)
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

static void secure_answer_execute(struct sim_secure_state *state, uint16_t result)
{
    secure_send(state, RIG_DFU_EXECUTE, &(struct secure_answer){.result = result});
}

/* --- buffers: a stack of indices --- */

static void secure_free_buffer(struct sim_secure_state *state, uint8_t buffer)
{
    if (state->n_free_buffers < SIM_SECURE_N_BUFFERS)
        state->free_buffers[state->n_free_buffers++] = buffer;
}

/* --- time --- */

static void secure_restart_inactivity(const struct secure *secure, struct sim_secure_state *state,
                                      uint64_t now_us)
{
    state->inactive_at_us = !secure_gives_up(secure->config)
                                ? SIM_SECURE_NEVER
                                : now_us + (uint64_t)secure->config->inactivity_ms * 1000;
}

static void secure_disconnect_and_reset(struct sim_secure_state *state, uint64_t now_us)
{
    if (state->reset_at_us != SIM_SECURE_NEVER)
        return;
    if (state->linked)
        secure_wish(state, SIM_SECURE_DISCONNECT, NULL, 0);
    state->reset_at_us = state->linked ? now_us + RESET_DELAY_US : now_us;
}

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

static bool secure_queue_erase(struct secure *secure, struct sim_secure_state *state, uint32_t at,
                               uint32_t n_pages)
{
    return put(secure, state,
               (struct sim_secure_operation){.kind = OP_ERASE, .n_bytes = (uint16_t)n_pages, .address = at});
}

static bool secure_queue_packet(struct secure *secure, struct sim_secure_state *state, uint32_t at,
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

/* As secure_save_and_back_up(); false: the main page did not fit into the queue. *is_last: the update is
 * complete with it; true afterwards when nothing had to be written for that. */
static bool secure_queue_settings(struct secure *secure, struct sim_secure_state *state, bool is_last,
                                  bool *is_done)
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

/* The entry in work is done; true: it was the last of an update. */
static bool secure_queue_step(struct secure *secure, struct sim_secure_state *state)
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

static uint32_t most_command_bytes(const struct secure *secure)
{
    return secure->config->sdk >= SIM_SECURE_SDK_15 ? RIG_NORDIC_INIT_COMMAND_BYTES
                                                    : RIG_NORDIC_INIT_COMMAND_1_BYTES;
}

/* --- init packet --- */

static uint16_t create_command(struct secure *secure, struct sim_secure_state *state, uint32_t n_bytes)
{
    if (n_bytes == 0)
        return RIG_DFU_INVALID_PARAMETER;
    if (n_bytes > most_command_bytes(secure))
        return RIG_DFU_NO_RESOURCES;
    state->has_valid_init = false;
    rig_nordic_settings_reset_progress(secure->settings);
    secure->settings->command_size = n_bytes;
    return RIG_DFU_SUCCESS;
}

static uint16_t append_command(struct secure *secure, const uint8_t *bytes, uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t offset = settings->command_offset;
    if (n_bytes > settings->command_size || offset > settings->command_size - n_bytes)
        return RIG_DFU_INVALID_PARAMETER;
    if (offset > RIG_NORDIC_INIT_COMMAND_BYTES || n_bytes > RIG_NORDIC_INIT_COMMAND_BYTES - offset) {
        secure->fault = "an init packet longer than its room"; /* of settings that nobody wrote so */
        return RIG_DFU_INVALID_PARAMETER;
    }
    if (n_bytes > 0)
        memcpy(settings->init_command + offset, bytes, n_bytes);
    settings->command_offset += n_bytes;
    settings->command_crc = rig_nordic_crc32(settings->command_crc, bytes, n_bytes);
    return RIG_DFU_SUCCESS;
}

static bool decode_stored(struct secure *secure, struct sim_secure_state *state)
{
    const struct rig_nordic_settings *settings = secure->settings;
    struct rig_init_packet init;
    if (settings->command_size > most_command_bytes(secure) ||
        rig_init_packet_decode(settings->init_command, settings->command_size, &init) != RIG_INIT_OK)
        return false;
    state->init = init;
    state->has_init = true;
    return true;
}

/* NRF_DFU_SINGLE_BANK_APP_UPDATES is of application and SoftDevice. */
static bool find_room(struct secure *secure, struct sim_secure_state *state)
{
    if (secure_is_older(secure->config))
        return secure_older_find_room(secure, state->firmware_bytes, &state->firmware_at);
    bool single = secure->config->banks == SIM_SECURE_SINGLE &&
                  (state->init.type == RIG_DFU_APPLICATION || state->init.type == RIG_DFU_SOFTDEVICE);
    if (!secure_prepare_cache(secure, state->firmware_bytes, single,
                              secure->config->banks == SIM_SECURE_DUAL_DEMANDED))
        return false;
    state->firmware_at = secure_bank_1(secure);
    return true;
}

static uint16_t execute_new_command(struct secure *secure, struct sim_secure_state *state)
{
    uint16_t result = secure_prevalidate(secure, &state->init, secure->settings->init_command);
    state->firmware_at = 0;
    state->firmware_bytes = 0;
    if (result == RIG_DFU_SUCCESS)
        result = secure_update_bytes(secure, &state->init, &state->firmware_bytes);
    if (result == RIG_DFU_SUCCESS && !find_room(secure, state))
        result = RIG_DFU_NO_RESOURCES;
    state->has_valid_init = result == RIG_DFU_SUCCESS;
    if (!state->has_valid_init && !secure_is_older(secure->config))
        rig_nordic_settings_reset_progress(secure->settings);
    return result;
}

static uint16_t execute_stored_command(struct secure *secure, struct sim_secure_state *state)
{
    if (secure->settings->command_offset != secure->settings->command_size)
        return RIG_DFU_NOT_PERMITTED;
    if (state->has_valid_init && secure_is_older(secure->config))
        return RIG_DFU_SUCCESS;
    if (state->has_valid_init) {
        state->firmware_at = secure_bank_1(secure);
        return secure_update_bytes(secure, &state->init, &state->firmware_bytes);
    }
    if (!decode_stored(secure, state))
        return RIG_DFU_INVALID_OBJECT;
    return execute_new_command(secure, state);
}

/* An image that was begun goes on in its bank. */
static void take_older_init(struct secure *secure, struct sim_secure_state *state)
{
    const struct rig_nordic_bank *banks = secure->settings->banks;
    uint32_t n_bytes = 0;
    for (size_t i = 0; i < 2 && n_bytes == 0; i++)
        if (banks[i].code == RIG_NORDIC_BANK_INVALID)
            n_bytes = banks[i].image_bytes;
    state->firmware_bytes = n_bytes;
    state->has_valid_init = secure->settings->command_size != 0 && decode_stored(secure, state) &&
                            n_bytes != 0 && secure_older_find_room(secure, n_bytes, &state->firmware_at);
}

/* Takes an init packet that the settings hold from an earlier run. false: secure->fault. */
static bool secure_take_stored_init(struct secure *secure, struct sim_secure_state *state)
{
    if (secure_is_older(secure->config)) {
        take_older_init(secure, state);
        return true;
    }
    state->has_valid_init = secure->settings->command_size != 0 && decode_stored(secure, state);
    if (state->has_valid_init && execute_stored_command(secure, state) != RIG_DFU_SUCCESS &&
        !secure_stopped(secure))
        secure->fault = "the init packet in the settings is not complete";
    return !secure_stopped(secure);
}

static void erase_old_first(struct secure *secure)
{
    uint32_t page_bytes = secure->config->map.page_bytes;
    uint32_t n_bytes = secure->settings->banks[0].image_bytes;
    if (secure_has_defect(secure->config, SIM_SECURE_ERASES_OLD_FIRST) &&
        n_bytes < secure->config->map.bootloader_at)
        secure_erase(secure, secure_bank_0(secure), (n_bytes + page_bytes - 1) / page_bytes);
}

static uint16_t execute_command(struct secure *secure, struct sim_secure_state *state)
{
    bool is_done;
    uint16_t result = execute_stored_command(secure, state);
    if (result != RIG_DFU_SUCCESS || secure_stopped(secure))
        return result;
    erase_old_first(secure);
    return secure_queue_settings(secure, state, false, &is_done) ? RIG_DFU_SUCCESS : RIG_DFU_FAILED;
}

static void handle_command(struct secure *secure, struct sim_secure_state *state,
                           const struct secure_request *request, struct secure_answer *answer,
                           uint64_t now_us)
{
    const struct rig_nordic_settings *settings = secure->settings;
    switch (request->op) {
    case RIG_DFU_CREATE:
        secure_restart_inactivity(secure, state, now_us);
        answer->result = create_command(secure, state, request->n_object_bytes);
        return;
    case RIG_DFU_WRITE:
        answer->result = append_command(secure, state->buffers[request->buffer], request->n_bytes);
        if (request->has_buffer)
            secure_free_buffer(state, request->buffer);
        break;
    case RIG_DFU_EXECUTE:
        answer->result = execute_command(secure, state);
        return;
    case RIG_DFU_SELECT:
        answer->max_bytes = most_command_bytes(secure);
        break;
    default:
        break;
    }
    answer->offset = settings->command_offset;
    answer->crc = settings->command_crc;
}

/* --- image --- */

static uint16_t create_data(struct secure *secure, struct sim_secure_state *state, uint32_t n_bytes)
{
    struct rig_nordic_settings *settings = secure->settings;
    uint32_t page_bytes = secure->config->map.page_bytes;
    uint32_t end = settings->image_offset_last + n_bytes;
    if (!state->has_valid_init)
        return RIG_DFU_NOT_PERMITTED;
    if (n_bytes == 0 || (n_bytes % page_bytes != 0 && end != state->firmware_bytes))
        return RIG_DFU_INVALID_PARAMETER;
    if (n_bytes > RIG_DFU_MAX_DATA_OBJECT_BYTES)
        return RIG_DFU_NO_RESOURCES;
    if (end > state->firmware_bytes)
        return RIG_DFU_NOT_PERMITTED;
    settings->data_object_size = n_bytes;
    settings->image_crc = settings->image_crc_last;
    settings->image_offset = settings->image_offset_last;
    settings->write_offset = settings->image_offset_last;
    bool is_queued = secure_queue_erase(secure, state, state->firmware_at + settings->image_offset,
                                        secure_pages_of(secure, n_bytes));
    return is_queued ? RIG_DFU_SUCCESS : RIG_DFU_INVALID_OBJECT;
}

/* What is refused here keeps its buffer for good. */
static void write_data(struct secure *secure, struct sim_secure_state *state,
                       const struct secure_request *request, struct secure_answer *answer)
{
    struct rig_nordic_settings *settings = secure->settings;
    const uint8_t *bytes = state->buffers[request->buffer];
    uint32_t done = settings->image_offset - settings->image_offset_last;
    if (!state->has_valid_init) {
        answer->result = RIG_DFU_NOT_PERMITTED;
        return;
    }
    if (request->n_bytes + done > settings->data_object_size) {
        answer->result = RIG_DFU_INVALID_PARAMETER;
        return;
    }
    uint32_t crc = rig_nordic_crc32(settings->image_crc, bytes, request->n_bytes);
    if (!secure_queue_packet(secure, state, state->firmware_at + settings->write_offset, request)) {
        if (request->has_buffer)
            secure_free_buffer(state, request->buffer);
        return; /* the client sees it by the CRC */
    }
    settings->write_offset += request->n_bytes;
    settings->image_offset += request->n_bytes;
    settings->image_crc = crc;
    answer->offset = settings->image_offset;
    answer->crc = settings->image_crc;
}

static uint16_t postvalidate(struct secure *secure, const struct sim_secure_state *state)
{
    const struct rig_init_packet *init = state->has_init ? &state->init : NULL;
    if (!secure_is_older(secure->config))
        return secure_postvalidate(secure, init, state->firmware_at, state->firmware_bytes);
    bool is_good = secure_hash_fits(secure, init, state->firmware_at, state->firmware_bytes);
    if (!secure_stopped(secure))
        secure_older_finish(secure, init, state->firmware_bytes, is_good);
    return is_good ? RIG_DFU_SUCCESS : RIG_DFU_INVALID_OBJECT;
}

static void complete_image(struct secure *secure, struct sim_secure_state *state, uint64_t now_us)
{
    bool is_done;
    bool is_early = secure_has_defect(secure->config, SIM_SECURE_ANSWERS_EARLY);
    if (is_early)
        secure_answer_execute(state, RIG_DFU_SUCCESS);
    uint16_t result = postvalidate(secure, state);
    if (secure_stopped(secure))
        return;
    if (!is_early)
        secure_answer_execute(state, result);
    if (secure_queue_settings(secure, state, true, &is_done) && is_done)
        secure_disconnect_and_reset(state, now_us);
}

/* A data object's execute that waited for the flash. */
static void secure_execute_data(struct secure *secure, struct sim_secure_state *state, uint64_t now_us)
{
    bool is_done;
    if (secure->settings->image_offset == state->firmware_bytes) {
        complete_image(secure, state, now_us);
        return;
    }
    secure_answer_execute(state, RIG_DFU_SUCCESS);
    /* SDK 12 and 13 always do. */
    if (secure->config->saves_progress || secure->config->sdk == SIM_SECURE_SDK_12)
        (void)secure_queue_settings(secure, state, false, &is_done);
}

static void execute_data(struct secure *secure, struct sim_secure_state *state, struct secure_answer *answer,
                         uint64_t now_us)
{
    struct rig_nordic_settings *settings = secure->settings;
    if (settings->data_object_size != settings->image_offset - settings->image_offset_last) {
        answer->result = RIG_DFU_NOT_PERMITTED;
        return;
    }
    answer->is_ready = false;
    settings->data_object_size = 0;
    settings->image_crc_last = settings->image_crc;
    settings->image_offset_last = settings->image_offset;
    if (!state->queue_runs)
        secure_execute_data(secure, state, now_us);
    else
        state->n_waiting_executes++;
    secure_restart_inactivity(secure, state, now_us);
}

static void handle_data(struct secure *secure, struct sim_secure_state *state,
                        const struct secure_request *request, struct secure_answer *answer, uint64_t now_us)
{
    const struct rig_nordic_settings *settings = secure->settings;
    switch (request->op) {
    case RIG_DFU_CREATE:
        answer->result = create_data(secure, state, request->n_object_bytes);
        return;
    case RIG_DFU_WRITE:
        write_data(secure, state, request, answer);
        return;
    case RIG_DFU_EXECUTE:
        execute_data(secure, state, answer, now_us);
        return;
    case RIG_DFU_SELECT:
        answer->max_bytes = RIG_DFU_MAX_DATA_OBJECT_BYTES; /* four pages of an nRF51 */
        break;
    default:
        break;
    }
    answer->offset = settings->image_offset;
    answer->crc = settings->image_crc;
}

/* --- both --- */

static void handle_object(struct secure *secure, struct sim_secure_state *state,
                          const struct secure_request *request, struct secure_answer *answer, uint64_t now_us)
{
    bool is_typed = request->op == RIG_DFU_SELECT || request->op == RIG_DFU_CREATE;
    bool is_known = request->object == RIG_DFU_COMMAND_OBJECT || request->object == RIG_DFU_DATA_OBJECT;
    if (is_typed && !is_known && secure->config->sdk == SIM_SECURE_SDK_12) {
        answer->result = RIG_DFU_UNSUPPORTED_TYPE;
        return;
    }
    if (is_typed)
        state->object = request->object;
    if (state->object == RIG_DFU_COMMAND_OBJECT) {
        handle_command(secure, state, request, answer, now_us);
    } else if (state->object == RIG_DFU_DATA_OBJECT) {
        handle_data(secure, state, request, answer, now_us);
    } else {
        state->object = 0;
        answer->result = RIG_DFU_INVALID_OBJECT; /* a packet's buffer is lost here, too */
    }
}

static struct secure_answer secure_handle(struct secure *secure, struct sim_secure_state *state,
                                          const struct secure_request *request, uint64_t now_us)
{
    struct secure_answer answer = {.result = RIG_DFU_SUCCESS, .is_ready = true};
    switch (request->op) {
    case RIG_DFU_CREATE:
    case RIG_DFU_GET_CRC:
    case RIG_DFU_EXECUTE:
    case RIG_DFU_SELECT:
    case RIG_DFU_WRITE:
        handle_object(secure, state, request, &answer, now_us);
        break;
    case RIG_DFU_SET_PRN:
        break;
    case RIG_DFU_ABORT:
        secure_disconnect_and_reset(state, now_us);
        answer.is_ready = false;
        break;
    case RIG_DFU_VERSION:
    case RIG_DFU_GET_MTU:
    case RIG_DFU_PING:
    case RIG_DFU_HARDWARE:
    case RIG_DFU_FIRMWARE:
        if (secure->config->full_protocol) /* their payload is for the serial transports */
            break;
        /* fallthrough */
    default:
        answer.result = RIG_DFU_NOT_SUPPORTED;
        break;
    }
    return answer;
}

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

/* A backup that has to be made queues up behind what is on its way to the flash, with the bytes that the main
 * page has now, be it erased; without one what is on its way is lost. */
static void back_up_last(struct secure *secure, struct sim_secure_state *state)
{
    const struct sim_nordic_map *map = &secure->config->map;
    uint8_t page[RIG_NORDIC_SETTINGS_BYTES];
    if (!secure_backs_up(secure->config) || !secure_read(secure, map->settings_at, page, sizeof page) ||
        secure_page_equals(secure, map->parameter_page_at, page))
        return;
    while (state->queue_runs && !secure_stopped(secure))
        (void)secure_queue_step(secure, state);
    secure_erase(secure, map->parameter_page_at, 1);
    secure_write(secure, map->parameter_page_at, page, sizeof page);
}

static void reset_now(struct secure *secure, struct sim_secure_state *state)
{
    back_up_last(secure, state);
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

void sim_secure_drain(const struct sim_secure_config *config, struct sim_secure_state *state,
                      struct sim_flash *flash)
{
    /* Time stands still until nothing is left but a reset. */
    while (!state->stopped && state->queue_runs)
        (void)sim_secure_due(config, state, flash, 0);
    if (!state->stopped && state->reset_at_us != SIM_SECURE_NEVER)
        (void)sim_secure_due(config, state, flash, state->reset_at_us);
}
