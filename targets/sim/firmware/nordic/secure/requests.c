/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request handler: objects, init packet, image. [SRC nRF5 SDK 17.0.2
 * components/libraries/bootloader/dfu/nrf_dfu_req_handler.c] */
#include "sim/firmware/nordic/secure/loader.h"

#include "protocol/nordic/dfu.h"

#include <string.h>

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

bool secure_take_stored_init(struct secure *secure, struct sim_secure_state *state)
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

void secure_execute_data(struct secure *secure, struct sim_secure_state *state, uint64_t now_us)
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

struct secure_answer secure_handle(struct secure *secure, struct sim_secure_state *state,
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
