/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The legacy bootloader while it takes an update: control point, packets, its queue of flash operations. The
 * order of checks and what is kept after an error are the real code's. */
#include "sim/firmware/nordic/legacy/internal.h"

#include "image/init_packet.h"

#include "base/bytes.h"

#include <string.h>

#define NEVER UINT64_MAX
#define OVERRUN 0xffffffffu
#define START_PACKET_BYTES 12u
#define OLD_START_PACKET_BYTES 4u
#define INIT_STRUCT_BYTES 12u
#define INIT_LIST_AT 10u
#define INIT_EXTENDED_MIN_BYTES 2u

/* One call. */
struct call {
    const struct sim_legacy_config *config;
    struct sim_flash *flash;
    struct sim_legacy *state;
    uint64_t now_us;
};

static bool has_defect(const struct call *call, enum sim_legacy_defect defect)
{
    return call->config->defects & (unsigned)defect;
}

/* An assertion failed: the real code resets the chip there and then. */
static void fault(struct call *call)
{
    call->state->reset = call->state->fault = true;
    call->state->flash_due_us = call->state->inactive_us = NEVER;
}

/* --- answers --- */

/* One that cannot be sent is an assertion. */
static void send(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;
    struct sim_legacy_answer *answer = &state->answers[state->n_answers];

    if (!state->linked || state->n_answers == SIM_LEGACY_MAX_ANSWERS) {
        fault(call);
        return;
    }
    answer->n_bytes = (uint8_t)n_bytes;
    memcpy(answer->bytes, bytes, n_bytes);
    state->n_answers++;
}

static void answer(struct call *call, uint8_t op, enum rig_legacy_status status)
{
    uint8_t bytes[] = {RIG_LEGACY_RESPONSE, op, (uint8_t)status};

    send(call, bytes, sizeof bytes);
}

/* --- the flash queue --- */

/* A page alone finds its place between two radio events; those of a bank stand in each other's way. */
static uint32_t gap_us(const struct call *call, const struct sim_legacy_operation *operation)
{
    if (!call->state->linked)
        return 0;
    if (operation->kind != SIM_LEGACY_ERASE)
        return call->config->write_gap_us;
    return operation->n_bytes > call->config->map.page_bytes ? call->config->erase_gap_us : 0;
}

static void schedule(struct call *call)
{
    struct sim_legacy *state = call->state;

    state->flash_due_us = state->n_operations ? call->now_us + gap_us(call, &state->operations[0]) : NEVER;
}

/* The SoftDevice refuses a write of no words. */
static bool is_refused(const struct sim_legacy_operation *operation)
{
    return operation->kind != SIM_LEGACY_ERASE && operation->n_bytes == 0;
}

/* One that is refused at once is told, and yet stays: nothing behind it gets its turn any more. */
static bool queue(struct call *call, const struct sim_legacy_operation *operation)
{
    struct sim_legacy *state = call->state;

    if (state->n_operations >= call->config->n_queued)
        return false;
    state->operations[state->n_operations++] = *operation;
    if (state->flash_due_us != NEVER)
        return true;
    if (is_refused(&state->operations[0]))
        return false;
    schedule(call);
    return true;
}

static void must_queue(struct call *call, const struct sim_legacy_operation *operation)
{
    if (!queue(call, operation))
        fault(call);
}

static void queue_erase(struct call *call, uint32_t at, uint32_t n_bytes)
{
    must_queue(call, &(struct sim_legacy_operation){.kind = SIM_LEGACY_ERASE, .at = at, .n_bytes = n_bytes});
}

/* From a copy in RAM that is written over by the next save, so that what a later one leaves alone stays. */
static void queue_settings(struct call *call, bool commits)
{
    uint32_t at = call->config->map.settings_at;

    queue_erase(call, at, RIG_LEGACY_SETTINGS_BYTES);
    must_queue(call, &(struct sim_legacy_operation){.kind = SIM_LEGACY_STORE_SETTINGS,
                                                    .at = at,
                                                    .n_bytes = RIG_LEGACY_SETTINGS_BYTES,
                                                    .commits = commits,
                                                    .bank_0 = call->state->saved.bank_0});
}

/* --- start --- */

static enum rig_legacy_status check_sizes(struct call *call)
{
    struct sim_legacy *state = call->state;
    uint32_t bank_0 = sim_legacy_bank_0(call->config, call->flash);
    bool softdevice = state->start_mode & RIG_LEGACY_SOFTDEVICE;
    bool bootloader = state->start_mode & RIG_LEGACY_BOOTLOADER;

    if ((state->start_mode & RIG_LEGACY_APPLICATION) && (softdevice || bootloader))
        return RIG_LEGACY_NOT_SUPPORTED;
    if (state->softdevice_bytes % 4 || state->bootloader_bytes % 4 || state->application_bytes % 4)
        return RIG_LEGACY_NOT_SUPPORTED;
    state->image_bytes = state->softdevice_bytes + state->bootloader_bytes + state->application_bytes;
    if (state->bootloader_bytes > call->config->map.settings_at - call->config->map.bootloader_at)
        return RIG_LEGACY_SIZE_LIMIT; /* up to the settings, the MBR's page included */
    if (state->image_bytes > (softdevice ? sim_legacy_region_bytes(call->config, bank_0)
                                         : sim_legacy_max_image_bytes(call->config, call->flash)))
        return RIG_LEGACY_SIZE_LIMIT;
    state->activates = softdevice   ? RIG_LEGACY_SOFTDEVICE
                       : bootloader ? RIG_LEGACY_BOOTLOADER
                                    : RIG_LEGACY_APPLICATION;
    return RIG_LEGACY_SUCCESS;
}

/* Dual bank: the whole of bank 1, whatever the size; Adafruit's: what the image needs. */
static uint32_t bytes_to_erase(const struct call *call, uint32_t bank_0)
{
    const struct sim_legacy *state = call->state;

    if (has_defect(call, SIM_LEGACY_ERASES_APP_DATA))
        return call->config->map.bootloader_at - state->bank;
    if (state->bank == bank_0 || call->config->adafruit)
        return state->image_bytes;
    return sim_legacy_max_image_bytes(call->config, call->flash);
}

static bool takes_bank_0(const struct call *call)
{
    return call->config->single_bank || call->state->activates == RIG_LEGACY_SOFTDEVICE;
}

static void prepare(struct call *call)
{
    struct sim_legacy *state = call->state;
    uint32_t bank_0 = sim_legacy_bank_0(call->config, call->flash);
    bool to_bank_0 = takes_bank_0(call);

    state->bank = to_bank_0 ? bank_0 : sim_legacy_bank_1(call->config, call->flash);
    state->phase = SIM_LEGACY_PREPARING;
    if (has_defect(call, SIM_LEGACY_ERASES_OLD_FIRST) && !to_bank_0)
        queue_erase(call, bank_0, sim_legacy_max_image_bytes(call->config, call->flash));
    queue_erase(call, state->bank, bytes_to_erase(call, bank_0));
}

static void restart_patience(struct call *call)
{
    if (call->config->inactivity_us)
        call->state->inactive_us = call->now_us + call->config->inactivity_us;
}

/* Sizes and kind are taken over before the state is looked at: a start in the middle of a transfer is refused
 * and yet changes how much is waited for, what the end of the erase says of bank 0, and what is activated. */
static enum rig_legacy_status start(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;
    bool old = call->config->version == 0;
    enum rig_legacy_status status;

    if (n_bytes != (old ? OLD_START_PACKET_BYTES : START_PACKET_BYTES))
        return RIG_LEGACY_NOT_SUPPORTED;
    state->start_mode = state->mode;
    state->softdevice_bytes = old ? 0 : rig_get_le32(bytes);
    state->bootloader_bytes = old ? 0 : rig_get_le32(bytes + 4);
    state->application_bytes = rig_get_le32(old ? bytes : bytes + 8);
    status = check_sizes(call);
    if (status != RIG_LEGACY_SUCCESS)
        return status;
    if (state->phase != SIM_LEGACY_IDLE && !has_defect(call, SIM_LEGACY_KEEPS_OFFSET))
        return RIG_LEGACY_INVALID_STATE;
    restart_patience(call);
    state->n_init = 0;
    prepare(call);
    return RIG_LEGACY_SUCCESS;
}

static void take_start(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    enum rig_legacy_status status = start(call, bytes, n_bytes);

    /* Success is answered when the erase is over. */
    if (status != RIG_LEGACY_SUCCESS)
        answer(call, RIG_LEGACY_START, status);
}

static void prepared(struct call *call)
{
    struct sim_legacy *state = call->state;

    if (has_defect(call, SIM_LEGACY_SILENT_START))
        return;
    if (takes_bank_0(call)) {
        struct rig_legacy_settings now;

        if (!sim_legacy_read_settings(call->config, call->flash, &now))
            return;
        state->saved.bank_0 = RIG_LEGACY_BANK_INVALID;
        state->saved.bank_0_crc = 0;
        state->saved.bank_0_bytes = 0;
        state->saved.bank_1 = now.bank_1;
        queue_settings(call, false);
    }
    state->phase = SIM_LEGACY_READY;
    answer(call, RIG_LEGACY_START, RIG_LEGACY_SUCCESS);
}

/* --- init packet --- */

static enum rig_legacy_status keep_init(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;
    size_t n_words = (n_bytes + 3) / 4 * 4;

    if (state->phase == SIM_LEGACY_READY)
        state->phase = SIM_LEGACY_INIT;
    if (state->phase != SIM_LEGACY_INIT ||
        (state->received > 0 && !has_defect(call, SIM_LEGACY_KEEPS_OFFSET)))
        return RIG_LEGACY_INVALID_STATE;
    restart_patience(call);
    if (state->n_init + n_words > call->config->init_bytes)
        return RIG_LEGACY_FAILED;
    memset(state->init + state->n_init, 0, n_words);
    memcpy(state->init + state->n_init, bytes, n_bytes);
    state->n_init = (uint8_t)(state->n_init + n_words);
    return RIG_LEGACY_SUCCESS;
}

/* SDK 6: what stands first is the CRC. None at all is right, too: then nothing is checked. */
static void take_old_init(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;

    enum rig_legacy_status status = keep_init(call, bytes, n_bytes);

    if (status == RIG_LEGACY_SUCCESS && state->n_init > 0) {
        state->crc = rig_get_le16(state->init);
        state->has_crc = true;
    }
    answer(call, RIG_LEGACY_INIT, status);
}

static void take_init(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    enum rig_legacy_status status;

    if (call->config->version == 0) {
        take_old_init(call, bytes, n_bytes);
        return;
    }
    status = keep_init(call, bytes, n_bytes);
    if (status != RIG_LEGACY_SUCCESS)
        answer(call, RIG_LEGACY_INIT, status);
}

static bool names_softdevice(const struct call *call, const uint8_t *list, uint16_t n)
{
    struct rig_softdevice softdevice = {.firmware_id = 0xffff};

    (void)sim_nordic_softdevice(call->flash, RIG_SOFTDEVICE_AT, &softdevice);
    for (uint16_t i = 0; i < n; i++) {
        uint16_t id = rig_get_le16(list + 2 * i);

        if (id == RIG_INIT_SD_ANY || id == softdevice.firmware_id)
            return true;
    }
    return false;
}

/* An application goes onto every board of Adafruit's. */
static bool checks_revision(const struct call *call)
{
    return call->config->device_revision != RIG_LEGACY_ANY_DEVICE &&
           (!call->config->adafruit ||
            call->state->start_mode & (RIG_LEGACY_SOFTDEVICE | RIG_LEGACY_BOOTLOADER));
}

static enum rig_legacy_status check_init(struct call *call)
{
    struct sim_legacy *state = call->state;
    const struct sim_legacy_config *config = call->config;
    uint32_t end;

    if (state->n_init < INIT_STRUCT_BYTES)
        return RIG_LEGACY_FAILED;
    end = INIT_LIST_AT + 2u * rig_get_le16(state->init + 8);
    if (end + INIT_EXTENDED_MIN_BYTES > state->n_init)
        return RIG_LEGACY_FAILED;
    state->crc = rig_get_le16(state->init + end);
    state->has_crc = true;
    if (has_defect(call, SIM_LEGACY_TAKES_ANY_INIT))
        return RIG_LEGACY_SUCCESS;
    if (config->device_type != RIG_LEGACY_ANY_DEVICE && rig_get_le16(state->init) != config->device_type)
        return RIG_LEGACY_FAILED;
    if (checks_revision(call) && rig_get_le16(state->init + 2) != config->device_revision)
        return RIG_LEGACY_FAILED;
    return names_softdevice(call, state->init + INIT_LIST_AT, rig_get_le16(state->init + 8))
               ? RIG_LEGACY_SUCCESS
               : RIG_LEGACY_FAILED;
}

static enum rig_legacy_status complete_init(struct call *call)
{
    struct sim_legacy *state = call->state;
    enum rig_legacy_status status;

    if (state->phase != SIM_LEGACY_INIT ||
        (state->received > 0 && !has_defect(call, SIM_LEGACY_KEEPS_OFFSET)))
        return RIG_LEGACY_INVALID_STATE;
    status = check_init(call);
    if (status == RIG_LEGACY_SUCCESS)
        state->phase = SIM_LEGACY_DATA;
    else
        state->n_init = 0;
    return status;
}

/* --- data --- */

/* A ring: one that is never taken back ends it, and so does one round of packets that are refused after it.
 */
static struct sim_legacy_buffer *next_buffer(struct call *call, uint8_t *index)
{
    struct sim_legacy *state = call->state;

    *index = state->next_buffer;
    if (state->buffers[*index].used)
        return NULL;
    state->next_buffer = (uint8_t)((*index + 1) % call->config->n_buffers);
    return &state->buffers[*index];
}

/* After one packet too many the count stands at its end: the next ones come to an address that is none. */
static enum rig_legacy_status store(struct call *call, uint8_t buffer, uint32_t n_bytes)
{
    struct sim_legacy *state = call->state;
    struct sim_legacy_operation operation = {
        .kind = SIM_LEGACY_STORE, .buffer = buffer, .at = state->bank + state->received, .n_bytes = n_bytes};

    if (call->config->version == 0 && (state->phase == SIM_LEGACY_READY || state->phase == SIM_LEGACY_INIT))
        state->phase = SIM_LEGACY_DATA;
    if (state->phase != SIM_LEGACY_DATA)
        return RIG_LEGACY_INVALID_STATE;
    if (state->received + n_bytes > state->image_bytes) {
        state->received = OVERRUN;
        return RIG_LEGACY_SIZE_LIMIT;
    }
    restart_patience(call);
    if (state->received % 4 || !queue(call, &operation))
        return RIG_LEGACY_FAILED;
    state->received += n_bytes;
    return RIG_LEGACY_SUCCESS;
}

/* No receipt for the packet that ends the image: its answer says it. */
static void count_packet(struct call *call)
{
    struct sim_legacy *state = call->state;
    uint8_t receipt[5] = {RIG_LEGACY_RECEIPT};

    if (state->received == state->image_bytes || state->prn == 0 || --state->prn_left > 0)
        return;
    state->prn_left = state->prn;
    rig_put_le32(receipt + 1, state->reported);
    send(call, receipt, sizeof receipt);
}

static void take_data(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;
    struct sim_legacy_buffer *buffer;
    enum rig_legacy_status status;
    uint8_t index;

    if (n_bytes % 4) {
        answer(call, RIG_LEGACY_RECEIVE, RIG_LEGACY_NOT_SUPPORTED);
        return;
    }
    buffer = next_buffer(call, &index);
    if (!buffer) {
        if (!has_defect(call, SIM_LEGACY_SILENT_OVERRUN))
            answer(call, RIG_LEGACY_RECEIVE, RIG_LEGACY_FAILED);
        return;
    }
    status = store(call, index, (uint32_t)n_bytes);
    if (status != RIG_LEGACY_SUCCESS) {
        answer(call, RIG_LEGACY_RECEIVE, status);
        return;
    }
    buffer->used = true;
    buffer->n_bytes = (uint8_t)n_bytes;
    memcpy(buffer->bytes, bytes, n_bytes);
    state->reported += (uint32_t)n_bytes;
    if (state->received == state->image_bytes)
        state->final_buffer = (uint8_t)(index + 1);
    count_packet(call);
}

/* Outside the reception nobody takes the buffer back, nor is the image's end told. The end is known by its
 * buffer, which comes round again where a second start made the image longer. */
static void stored(struct call *call, const struct sim_legacy_operation *operation)
{
    struct sim_legacy *state = call->state;

    if (state->phase != SIM_LEGACY_DATA)
        return;
    state->buffers[operation->buffer].used = false;
    if (operation->buffer + 1 == state->final_buffer)
        answer(call, RIG_LEGACY_RECEIVE, RIG_LEGACY_SUCCESS);
}

/* --- validate and activate --- */

static enum rig_legacy_status validate(struct call *call)
{
    struct sim_legacy *state = call->state;
    uint16_t crc;

    if (state->phase != SIM_LEGACY_DATA || state->received != state->image_bytes)
        return RIG_LEGACY_INVALID_STATE;
    state->phase = SIM_LEGACY_VALIDATING;
    restart_patience(call);
    if (!has_defect(call, SIM_LEGACY_SKIPS_CRC) && state->has_crc &&
        (sim_legacy_crc(call->flash, state->bank, state->image_bytes, &crc) != SIM_OK || crc != state->crc))
        return RIG_LEGACY_CRC_ERROR;
    state->phase = SIM_LEGACY_VALIDATED;
    return RIG_LEGACY_SUCCESS;
}

/* The CRC never reaches the settings: it was worked out elsewhere, and what is saved is 0. */
static void save_application(struct call *call)
{
    struct rig_legacy_settings *saved = &call->state->saved;

    saved->bank_0 = RIG_LEGACY_BANK_APPLICATION;
    saved->bank_0_crc = 0;
    saved->bank_0_bytes = call->state->application_bytes;
    saved->bank_1 = RIG_LEGACY_BANK_INVALID;
    queue_settings(call, true);
}

static void save_invalid(struct call *call)
{
    call->state->saved.bank_0 = RIG_LEGACY_BANK_INVALID;
    call->state->saved.bank_1 = RIG_LEGACY_BANK_INVALID;
    queue_settings(call, false);
}

static void activate_application(struct call *call)
{
    const struct sim_legacy *state = call->state;
    uint32_t bank_0 = sim_legacy_bank_0(call->config, call->flash);

    if (call->config->single_bank) {
        save_application(call);
        return;
    }
    if (call->config->invalidates_first)
        save_invalid(call);
    queue_erase(call, bank_0, state->application_bytes);
    must_queue(call, &(struct sim_legacy_operation){.kind = SIM_LEGACY_COPY,
                                                    .at = bank_0,
                                                    .from = sim_legacy_bank_1(call->config, call->flash),
                                                    .n_bytes = state->application_bytes});
    save_application(call);
}

static void activate_copy(struct call *call)
{
    struct sim_legacy *state = call->state;
    struct rig_legacy_settings now;

    if (!sim_legacy_read_settings(call->config, call->flash, &now))
        return;
    if (state->activates == RIG_LEGACY_SOFTDEVICE) {
        state->saved.bank_0 = RIG_LEGACY_BANK_SOFTDEVICE;
        state->saved.bank_0_crc = 0;
        state->saved.bank_0_bytes = state->image_bytes;
        state->saved.bank_1 = RIG_LEGACY_BANK_INVALID;
        state->saved.softdevice_start = sim_legacy_bank_0(call->config, call->flash);
    } else {
        state->saved.bank_0 = now.bank_0;
        state->saved.bank_0_crc = now.bank_0_crc;
        state->saved.bank_0_bytes = now.bank_0_bytes;
        state->saved.bank_1 = RIG_LEGACY_BANK_BOOTLOADER;
    }
    state->saved.softdevice_bytes = state->softdevice_bytes;
    state->saved.bootloader_bytes = state->bootloader_bytes;
    state->saved.application_bytes = state->application_bytes;
    queue_settings(call, true);
}

/* What is on its way to the flash is lost, and so is a disconnection that was asked for. */
static void reset(struct call *call)
{
    struct sim_legacy *state = call->state;

    state->reset = true;
    state->gpregret = call->config->adafruit ? SIM_LEGACY_GPREGRET_OTA : 0;
    state->flash_due_us = state->inactive_us = NEVER;
}

/* Out of patience: an application that is valid starts, whoever's bootloader it is. */
static void give_up(struct call *call)
{
    reset(call);
    call->state->gpregret = 0;
}

static void activate(struct call *call)
{
    struct sim_legacy *state = call->state;

    if (state->phase != SIM_LEGACY_VALIDATED) {
        reset(call);
        return;
    }
    state->disconnect = true;
    state->closing = true;
    state->inactive_us = NEVER;
    if (state->activates == RIG_LEGACY_APPLICATION)
        activate_application(call);
    else
        activate_copy(call);
}

/* --- operations, one after the other --- */

static void finished(struct call *call, const struct sim_legacy_operation *operation)
{
    struct sim_legacy *state = call->state;

    if (operation->kind == SIM_LEGACY_ERASE && state->phase == SIM_LEGACY_PREPARING &&
        operation->at == state->bank)
        prepared(call);
    else if (operation->kind == SIM_LEGACY_STORE)
        stored(call, operation);
    if (!operation->commits)
        return;
    state->reset = true;
    state->gpregret = 0;
    state->flash_due_us = NEVER;
}

static enum sim_status copy_piece(struct call *call, const struct sim_legacy_operation *operation, uint32_t n)
{
    uint8_t bytes[SIM_LEGACY_MAX_PAGE_BYTES];
    enum sim_status status =
        sim_flash_read(call->flash, SIM_FLASH_INTERNAL, operation->from + operation->done, bytes, n);

    return status != SIM_OK
               ? status
               : sim_flash_write(call->flash, SIM_FLASH_INTERNAL, operation->at + operation->done, bytes, n);
}

static enum sim_status store_settings(struct call *call, const struct sim_legacy_operation *operation)
{
    uint8_t bytes[RIG_LEGACY_SETTINGS_BYTES];
    struct rig_legacy_settings settings = call->state->saved;

    settings.bank_0 = operation->bank_0;
    rig_legacy_settings_encode(&settings, call->config->adafruit, bytes);
    return sim_flash_write(call->flash, SIM_FLASH_INTERNAL, operation->at, bytes, sizeof bytes);
}

/* A round: one page erased, or one write of a page at most. */
static enum sim_status work(struct call *call, struct sim_legacy_operation *operation)
{
    uint32_t page_bytes = call->config->map.page_bytes;
    uint32_t left = operation->n_bytes - operation->done;
    uint32_t n = left < page_bytes ? left : page_bytes;
    enum sim_status status = SIM_OK;

    if (is_refused(operation))
        return SIM_OUT_OF_RANGE;
    switch ((enum sim_legacy_flash_kind)operation->kind) {
    case SIM_LEGACY_ERASE:
        status = sim_flash_erase(call->flash, SIM_FLASH_INTERNAL,
                                 operation->at - operation->at % page_bytes + operation->done, page_bytes);
        break;
    case SIM_LEGACY_STORE:
        status = sim_flash_write(call->flash, SIM_FLASH_INTERNAL, operation->at,
                                 call->state->buffers[operation->buffer].bytes, operation->n_bytes);
        break;
    case SIM_LEGACY_COPY:
        status = copy_piece(call, operation, n);
        break;
    case SIM_LEGACY_STORE_SETTINGS:
        status = store_settings(call, operation);
        break;
    }
    operation->done += n;
    return status;
}

static void work_on(struct call *call)
{
    struct sim_legacy *state = call->state;
    struct sim_legacy_operation operation;
    uint64_t before_us = sim_flash_busy_us(call->flash);
    enum sim_status status = work(call, &state->operations[0]);

    call->now_us += sim_flash_busy_us(call->flash) - before_us;
    if (status == SIM_POWER_LOST || !sim_flash_powered(call->flash)) {
        state->flash_due_us = state->inactive_us = NEVER;
        return;
    }
    operation = state->operations[0];
    if (operation.done >= operation.n_bytes) {
        state->n_operations--;
        memmove(state->operations, state->operations + 1, state->n_operations * sizeof operation);
    }
    schedule(call);
    if (status != SIM_OK)
        fault(call);
    else if (operation.done >= operation.n_bytes)
        finished(call, &operation);
}

/* --- entry points --- */

void sim_legacy_enter(const struct sim_legacy_config *config, struct sim_legacy *state, uint64_t now_us)
{
    memset(state, 0, sizeof *state);
    state->running = true;
    state->flash_due_us = state->inactive_us = NEVER;
    if (config->inactivity_us)
        state->inactive_us = now_us + config->inactivity_us;
}

void sim_legacy_link(struct sim_legacy *state, bool up)
{
    state->linked = up;
    if (!up)
        state->n_answers = 0;
}

static void report_size(struct call *call)
{
    uint8_t bytes[7] = {RIG_LEGACY_RESPONSE, RIG_LEGACY_REPORT_SIZE, RIG_LEGACY_SUCCESS};

    rig_put_le32(bytes + 3, call->state->reported);
    send(call, bytes, sizeof bytes);
}

static void take_op_with_parameter(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_legacy *state = call->state;
    bool old = call->config->version == 0;

    if (n_bytes < 2 && !old) {
        answer(call, bytes[0], RIG_LEGACY_FAILED);
        return;
    }
    state->packet_type = bytes[0];
    if (bytes[0] == RIG_LEGACY_START)
        state->mode = n_bytes < 2 ? RIG_LEGACY_APPLICATION : bytes[1];
    else if (n_bytes >= 2 && bytes[1] == 1)
        answer(call, bytes[0], complete_init(call));
}

static void take_prn(struct call *call, const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < 3) {
        answer(call, RIG_LEGACY_SET_PRN, RIG_LEGACY_NOT_SUPPORTED);
        return;
    }
    call->state->prn = rig_get_le16(bytes + 1);
    if (call->state->prn)
        call->state->prn_left = call->state->prn;
}

void sim_legacy_control(const struct sim_legacy_config *config, struct sim_flash *flash,
                        struct sim_legacy *state, const uint8_t *bytes, size_t n_bytes, uint64_t now_us)
{
    struct call call = {config, flash, state, now_us};

    if (!state->running || state->reset || n_bytes == 0)
        return;
    if (state->closing) { /* to disconnect once more is an error of the SoftDevice, and an assertion */
        if (bytes[0] == RIG_LEGACY_ACTIVATE || bytes[0] == RIG_LEGACY_RESET)
            fault(&call);
        return;
    }
    switch (bytes[0]) {
    case RIG_LEGACY_START:
    case RIG_LEGACY_INIT:
        take_op_with_parameter(&call, bytes, n_bytes);
        break;
    case RIG_LEGACY_RECEIVE:
        state->packet_type = RIG_LEGACY_RECEIVE;
        break;
    case RIG_LEGACY_VALIDATE:
        answer(&call, RIG_LEGACY_VALIDATE, validate(&call));
        break;
    case RIG_LEGACY_ACTIVATE:
        activate(&call);
        break;
    case RIG_LEGACY_RESET:
        reset(&call);
        break;
    case RIG_LEGACY_REPORT_SIZE:
        report_size(&call);
        break;
    case RIG_LEGACY_SET_PRN:
        take_prn(&call, bytes, n_bytes);
        break;
    default:
        answer(&call, bytes[0], RIG_LEGACY_NOT_SUPPORTED);
        break;
    }
}

void sim_legacy_packet(const struct sim_legacy_config *config, struct sim_flash *flash,
                       struct sim_legacy *state, const uint8_t *bytes, size_t n_bytes, uint64_t now_us)
{
    struct call call = {config, flash, state, now_us};

    if (!state->running || state->reset || state->closing || n_bytes > config->packet_bytes)
        return;
    if (state->packet_type == RIG_LEGACY_START)
        take_start(&call, bytes, n_bytes);
    else if (state->packet_type == RIG_LEGACY_INIT)
        take_init(&call, bytes, n_bytes);
    else if (state->packet_type == RIG_LEGACY_RECEIVE)
        take_data(&call, bytes, n_bytes);
}

uint64_t sim_legacy_due_us(const struct sim_legacy *state)
{
    if (!state->running || state->reset)
        return NEVER;
    return state->flash_due_us < state->inactive_us ? state->flash_due_us : state->inactive_us;
}

void sim_legacy_due(const struct sim_legacy_config *config, struct sim_flash *flash, struct sim_legacy *state,
                    uint64_t now_us)
{
    struct call call = {config, flash, state, now_us};

    if (!state->running || state->reset)
        return;
    if (state->n_operations > 0 && state->flash_due_us <= now_us)
        work_on(&call);
    else if (state->inactive_us <= now_us)
        give_up(&call);
}

void sim_legacy_drain(const struct sim_legacy_config *config, struct sim_flash *flash,
                      struct sim_legacy *state)
{
    while (state->running && !state->reset && state->flash_due_us != NEVER && sim_flash_powered(flash)) {
        struct call call = {config, flash, state, state->flash_due_us};

        work_on(&call);
    }
}
