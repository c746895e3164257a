/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware MCUboot on its chip: boot by the model or by a foreign bootloader, the application's start,
 * its self-test, its transport, what it does with requests. */
#include "sim/firmware/mcuboot/mcuboot.h"

#include "sim/firmware/mcuboot/app/app.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include "base/bytes.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RESET_DELAY_US 250000u
#define DEFAULT_BUF_SIZE 384u
#define DEFAULT_BUF_COUNT 4u
#define MIN_BUF_SIZE 32u
#define DEFAULT_RECOVERY_BYTES 1024u

enum timer {
    TIMER_APP_START,
    TIMER_SELF_TEST,
    TIMER_WATCHDOG,
    TIMER_RESET,
    TIMER_REQUEST = SIM_TIMER_REQUEST,
    TIMER_NOTIFY = SIM_TIMER_NOTIFY,
    TIMER_MAINTENANCE = SIM_TIMER_MAINTENANCE,
};

/* Outlives snapshots: what was taught is about images, not about the board, and memos change nothing but
 * speed. */
struct own {
    struct sim_mcuboot_config config;
    struct sim_boot_memo *boot_memo; /* when the configuration brought none */
    struct sim_app_memo memo;
    struct sim_app_lessons lessons;
    struct sim_boot_result result; /* of the last boot */
};

struct state {
    uint32_t security_counter[SIM_BOOT_MAX_IMAGES];
    uint8_t slot;    /* of image 0, that the last boot started; 0 in the modes that move images */
    uint32_t ram_at; /* RAM load: where */
    struct sim_app_retained retained;
    struct sim_running running;
    struct sim_app app;
    struct sim_recovery recovery;
    struct sim_transport transport; /* last: it is copied apart */
};

static struct own *own_of(const struct sim_chip *chip)
{
    return chip->own;
}

static struct state *state_of(const struct sim_chip *chip)
{
    return chip->state;
}

/* The updater is another program. */
static bool has_maintenance(const struct sim_chip *chip)
{
    return own_of(chip)->config.app.maintenance != SIM_MAINTENANCE_NONE && !state_of(chip)->app.updater_runs;
}

/* SMP's characteristic. */
static unsigned smp_of(const struct sim_chip *chip)
{
    return has_maintenance(chip) ? SIM_MAINTENANCE_CHARACTERISTIC + 1u : 0u;
}

/* --- the transport over the SMP characteristic: write commands into buffers, reassembly, answers cut into
 * notifications --- */

#define ATT_OVERHEAD_BYTES 3u
#define FRAME_OVERHEAD_BYTES 4u
#define MAX_DATAGRAM_BYTES 1500u
#define WIRE_US 1000u /* that a message is on its way */
#define ATT_READ_NOT_PERMITTED 0x02

static void push(struct sim_transport_queue *queue, unsigned buffer)
{
    queue->index[queue->n++] = (uint8_t)buffer;
}

static unsigned pop(struct sim_transport_queue *queue)
{
    unsigned buffer = queue->index[0];

    queue->n--;
    memmove(queue->index, queue->index + 1, queue->n);
    return buffer;
}

static void transport_copy(struct sim_transport *to, const struct sim_transport *from)
{
    memcpy(to, from, offsetof(struct sim_transport, buffers));
    for (unsigned i = 0; i < SIM_TRANSPORT_MAX_BUFFERS; i++)
        if (from->in_use[i])
            memcpy(&to->buffers[i], &from->buffers[i],
                   offsetof(struct sim_transport_buffer, bytes) + from->buffers[i].n_bytes);
}

static void transport_drop_assembly(struct sim_transport *transport)
{
    if (transport->assembling)
        transport->in_use[transport->assembly] = false;
    transport->assembling = false;
}

/* What belongs to the radio; what belongs to wires stays. */
static void purge(struct sim_transport *transport, struct sim_transport_queue *queue, struct sim_chip *chip,
                  unsigned timer)
{
    for (unsigned n = queue->n; n > 0; n--) {
        unsigned buffer = pop(queue);

        if (transport->buffers[buffer].over_wire)
            push(queue, buffer);
        else
            transport->in_use[buffer] = false;
    }
    if (queue->n == 0)
        sim_chip_set_timer(chip, timer, SIM_CHIP_NEVER);
}

/* The link is gone. */
static void transport_unlink(struct sim_transport *transport, struct sim_chip *chip)
{
    purge(transport, &transport->received, chip, SIM_TIMER_REQUEST);
    purge(transport, &transport->leaving, chip, SIM_TIMER_NOTIFY);
    transport->n_sent = 0;
    if (!(chip->radio->defects & SIM_BLE_DEFECT_KEEPS_FRAGMENTS))
        transport_drop_assembly(transport);
}

static bool allocate(struct sim_transport *transport, const struct sim_app_config *config, unsigned *buffer)
{
    for (unsigned i = 0; i < config->smp_buf_count; i++) {
        if (!transport->in_use[i]) {
            transport->in_use[i] = true;
            transport->buffers[i].n_bytes = 0;
            transport->buffers[i].over_wire = false;
            *buffer = i;
            return true;
        }
    }
    return false;
}

static void append(struct sim_transport_buffer *buffer, const uint8_t *bytes, size_t n_bytes)
{
    memcpy(buffer->bytes + buffer->n_bytes, bytes, n_bytes);
    buffer->n_bytes = (uint16_t)(buffer->n_bytes + n_bytes);
}

static void receive(struct sim_transport *transport, struct sim_chip *chip, unsigned buffer)
{
    uint64_t travels_us =
        transport->buffers[buffer].over_wire ? WIRE_US : chip->radio->connection_interval_us;

    transport->buffers[buffer].arrived_us = sim_chip_now_us(chip) + travels_us;
    push(&transport->received, buffer);
    if (transport->received.n == 1 && !sim_chip_timer_is_set(chip, SIM_TIMER_REQUEST))
        sim_chip_set_timer(chip, SIM_TIMER_REQUEST, transport->buffers[buffer].arrived_us);
}

/* smp_reassembly_collect(): the first fragment says how long the message is; too much data is dropped and the
 * state stays as it was, so that a half message poisons whatever follows it. */
static bool start_assembly(struct sim_transport *transport, const struct sim_app_config *config,
                           const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_header header;
    unsigned buffer;

    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return false;
    rig_smp_header_decode(bytes, &header);
    if (RIG_SMP_HEADER_BYTES + (unsigned)header.length > config->smp_buf_size ||
        !allocate(transport, config, &buffer))
        return false;
    transport->assembling = true;
    transport->assembly = (uint8_t)buffer;
    transport->n_expected = (uint16_t)(RIG_SMP_HEADER_BYTES + header.length);
    return true;
}

static void collect(struct sim_transport *transport, struct sim_chip *chip,
                    const struct sim_app_config *config, const uint8_t *bytes, size_t n_bytes)
{
    if (!transport->assembling && !start_assembly(transport, config, bytes, n_bytes))
        return;
    if (n_bytes > transport->n_expected)
        return;
    append(&transport->buffers[transport->assembly], bytes, n_bytes);
    transport->n_expected = (uint16_t)(transport->n_expected - n_bytes);
    if (transport->n_expected > 0)
        return;
    transport->assembling = false;
    receive(transport, chip, transport->assembly);
}

static void transport_write(struct sim_transport *transport, struct sim_chip *chip,
                            const struct sim_app_config *config, const uint8_t *bytes, size_t n_bytes)
{
    unsigned buffer;

    if (n_bytes == 0)
        return;
    if (config->reassembly) {
        collect(transport, chip, config, bytes, n_bytes);
    } else if (n_bytes <= config->smp_buf_size && allocate(transport, config, &buffer)) {
        append(&transport->buffers[buffer], bytes, n_bytes);
        receive(transport, chip, buffer);
    }
}

/* A frame has to fit its buffer with its length and CRC; of a datagram the server takes what fits its own
 * buffer. */
static void transport_message(struct sim_transport *transport, struct sim_chip *chip,
                              const struct sim_app_config *config, enum sim_wire wire, const uint8_t *bytes,
                              size_t n_bytes)
{
    size_t overhead = wire == SIM_WIRE_SERIAL ? FRAME_OVERHEAD_BYTES : 0;
    unsigned buffer;

    if (wire == SIM_WIRE_DATAGRAM && n_bytes > MAX_DATAGRAM_BYTES)
        n_bytes = MAX_DATAGRAM_BYTES;
    if (n_bytes == 0 || n_bytes + overhead > config->smp_buf_size || !allocate(transport, config, &buffer))
        return;
    transport->buffers[buffer].over_wire = true;
    transport->buffers[buffer].wire = (uint8_t)wire;
    append(&transport->buffers[buffer], bytes, n_bytes);
    receive(transport, chip, buffer);
}

static void schedule_request(const struct sim_transport *transport, struct sim_chip *chip)
{
    if (transport->received.n == 0)
        return;

    uint64_t arrived_us = transport->buffers[transport->received.index[0]].arrived_us;
    uint64_t ready_us = sim_chip_now_us(chip) + chip->radio->service_us;

    sim_chip_set_timer(chip, SIM_TIMER_REQUEST, arrived_us > ready_us ? arrived_us : ready_us);
}

static void schedule_notification(const struct sim_transport *transport, struct sim_chip *chip)
{
    bool over_wire = transport->buffers[transport->leaving.index[0]].over_wire;
    uint64_t interval_us = over_wire ? WIRE_US : chip->radio->connection_interval_us;
    uint64_t now_us = sim_chip_now_us(chip);
    uint64_t from_us = now_us > transport->last_notify_us ? now_us : transport->last_notify_us;

    sim_chip_set_timer(chip, SIM_TIMER_NOTIFY, from_us + interval_us);
}

/* [RFC 8949 3] A map of 2^63 pairs, whose first key is an array in an array in an array, as far as one packet
 * reaches; the header of the message fits the bytes. */
static size_t make_bomb(uint8_t *bytes, size_t n_bytes, size_t room)
{
    static const uint8_t map[9] = {0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (n_bytes < RIG_SMP_HEADER_BYTES || room < RIG_SMP_HEADER_BYTES + sizeof map)
        return n_bytes;
    memcpy(bytes + RIG_SMP_HEADER_BYTES, map, sizeof map);
    memset(bytes + RIG_SMP_HEADER_BYTES + sizeof map, 0x81, room - RIG_SMP_HEADER_BYTES - sizeof map);
    rig_put_be16(bytes + 2, (uint16_t)(room - RIG_SMP_HEADER_BYTES));
    return room;
}

/* Where the message that holds byte `at` of a run of messages ends. */
static size_t message_end(const uint8_t *bytes, size_t n_bytes, size_t at)
{
    size_t end = 0;

    while (end <= at && end + RIG_SMP_HEADER_BYTES <= n_bytes) {
        struct rig_smp_header header;

        rig_smp_header_decode(bytes + end, &header);
        end += RIG_SMP_HEADER_BYTES + (size_t)header.length;
    }
    return end > n_bytes || end <= at ? n_bytes : end;
}

static void transport_answer(struct sim_transport *transport, struct sim_chip *chip, unsigned buffer,
                             const uint8_t *bytes, size_t n_bytes)
{
    bool over_wire = transport->buffers[buffer].over_wire;

    schedule_request(transport, chip);
    if (n_bytes == 0 ||
        (!over_wire && !(sim_chip_subscription(chip, smp_of(chip)) & SIM_GATT_NOTIFIED))) {
        transport->in_use[buffer] = false;
        return;
    }
    transport->buffers[buffer].n_bytes = 0;
    append(&transport->buffers[buffer], bytes, n_bytes);
    if (!over_wire && chip->radio->misbehaves & SIM_BLE_CBOR_BOMBS)
        transport->buffers[buffer].n_bytes = (uint16_t)make_bomb(transport->buffers[buffer].bytes, n_bytes,
                                                                 sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES);
    push(&transport->leaving, buffer);
    if (!sim_chip_timer_is_set(chip, SIM_TIMER_NOTIFY))
        schedule_notification(transport, chip);
}

/* Each message on its own. */
static void send_answers(struct sim_transport *transport, struct sim_chip *chip)
{
    unsigned index = pop(&transport->leaving);
    const struct sim_transport_buffer *buffer = &transport->buffers[index];

    transport->in_use[index] = false;
    for (size_t at = 0; at < buffer->n_bytes;) {
        size_t end = message_end(buffer->bytes, buffer->n_bytes, at);

        sim_chip_send(chip, (enum sim_wire)buffer->wire, buffer->bytes + at, end - at);
        at = end;
    }
    if (transport->leaving.n > 0)
        schedule_notification(transport, chip);
}

/* One notification goes over the air. */
static void transport_notify(struct sim_transport *transport, struct sim_chip *chip)
{
    unsigned index = transport->leaving.index[0];
    const struct sim_transport_buffer *buffer = &transport->buffers[index];
    size_t end = message_end(buffer->bytes, buffer->n_bytes, transport->n_sent);
    size_t n_bytes = end - transport->n_sent;
    uint8_t value[SIM_BLE_MAX_MTU];

    if (n_bytes > sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES)
        n_bytes = sim_chip_mtu(chip) - ATT_OVERHEAD_BYTES;
    memcpy(value, buffer->bytes + transport->n_sent, n_bytes);
    if (transport->n_sent == 0 && chip->radio->misbehaves & SIM_BLE_NOTIFIES_NONSENSE)
        sim_chip_notify_nonsense(chip, smp_of(chip));
    transport->last_notify_us = sim_chip_now_us(chip);
    transport->n_sent =
        (uint16_t)(chip->radio->defects & SIM_BLE_DEFECT_CUTS_NOTIFICATIONS ? end
                                                                            : transport->n_sent + n_bytes);
    if (transport->n_sent >= buffer->n_bytes) {
        transport->n_sent = 0;
        transport->in_use[pop(&transport->leaving)] = false;
    }
    if (transport->leaving.n > 0)
        schedule_notification(transport, chip);
    /* Last, since it may end the link and purge all of this. */
    sim_chip_notify(chip, smp_of(chip), value, n_bytes);
}

static void transport_leave(struct sim_transport *transport, struct sim_chip *chip)
{
    if (transport->buffers[transport->leaving.index[0]].over_wire)
        send_answers(transport, chip);
    else
        transport_notify(transport, chip);
}

/* --- making it --- */

static bool area_fits(const struct sim_flash *flash, const struct sim_area *area)
{
    uint32_t start, n_bytes;
    uint32_t device_bytes = sim_flash_bytes(flash, area->device);

    if (area->device >= sim_flash_n_devices(flash) || area->offset >= device_bytes ||
        area->n_bytes > device_bytes - area->offset)
        return false;
    if (!sim_flash_sector_at(flash, area->device, area->offset, &start, &n_bytes) || start != area->offset)
        return false;
    return area->offset + area->n_bytes == device_bytes ||
           (sim_flash_sector_at(flash, area->device, area->offset + area->n_bytes, &start, &n_bytes) &&
            start == area->offset + area->n_bytes);
}

static const char *check_areas(const struct sim_flash *flash, const struct sim_boot_config *boot)
{
    if (boot->n_images < 1 || boot->n_images > SIM_BOOT_MAX_IMAGES)
        return "a board has one or two images";
    if (boot->mode == RIG_SWAP_SINGLE && boot->n_images > 1)
        return "a board with a single slot has one image";
    for (unsigned image = 0; image < boot->n_images; image++) {
        if (boot->primary[image].n_bytes == 0 || !area_fits(flash, &boot->primary[image]))
            return "a primary slot is not made of whole sectors inside its device";
        if (boot->mode != RIG_SWAP_SINGLE &&
            (boot->secondary[image].n_bytes == 0 || !area_fits(flash, &boot->secondary[image])))
            return "a secondary slot is not made of whole sectors inside its device";
    }
    if (boot->scratch.n_bytes != 0 && !area_fits(flash, &boot->scratch))
        return "the scratch area is not made of whole sectors inside its device";
    if (boot->mode == RIG_SWAP_SCRATCH && boot->scratch.n_bytes == 0)
        return "swap with scratch needs a scratch area";
    return NULL;
}

static const char *set_recovery_defaults(struct sim_recovery_config *recovery)
{
    if (recovery->buffer_bytes == 0)
        recovery->buffer_bytes = DEFAULT_RECOVERY_BYTES;
    return recovery->buffer_bytes < 128 || recovery->buffer_bytes > RIG_SMP_MAX_MESSAGE_BYTES
               ? "the buffer of serial recovery holds 128 to 4096 bytes"
               : NULL;
}

static const char *set_defaults(struct sim_app_config *app)
{
    if (app->reset_delay_us == 0)
        app->reset_delay_us = DEFAULT_RESET_DELAY_US;
    if (app->smp_buf_size == 0)
        app->smp_buf_size = DEFAULT_BUF_SIZE;
    if (app->smp_buf_count == 0)
        app->smp_buf_count = DEFAULT_BUF_COUNT;
    if (app->smp_buf_size < MIN_BUF_SIZE || app->smp_buf_size > RIG_SMP_MAX_MESSAGE_BYTES)
        return "an SMP buffer holds 32 to 4096 bytes";
    if (app->smp_buf_count > SIM_TRANSPORT_MAX_BUFFERS)
        return "there are at most 8 SMP buffers";
    return NULL;
}

static void unmake(void *made)
{
    struct own *own = made;

    sim_boot_memo_free(own->boot_memo);
    sim_app_forget_lessons(&own->lessons);
    free(own);
}

static void *make(const void *config, const struct sim_flash *flash, const char **why)
{
    struct own *own = calloc(1, sizeof *own);
    const char *fault;

    if (!own)
        return NULL;
    own->config = *(const struct sim_mcuboot_config *)config;
    fault = set_defaults(&own->config.app);
    if (!fault)
        fault = set_recovery_defaults(&own->config.recovery);
    if (!fault)
        fault = check_areas(flash, &own->config.boot);
    if (fault) {
        *why = fault;
        unmake(own);
        return NULL;
    }
    /* Without a memo the bootloader works too, only slower. */
    if (!own->config.boot.memo)
        own->config.boot.memo = own->boot_memo = sim_boot_memo_new();
    return own;
}

static void copy_state(void *to_state, const void *from_state)
{
    const struct state *from = from_state;
    struct state *to = to_state;

    memcpy(to, from, offsetof(struct state, transport));
    transport_copy(&to->transport, &from->transport);
}

const struct sim_mcuboot_config *sim_mcuboot_config_of(const struct sim_board *board)
{
    return &own_of(sim_board_chip(board))->config;
}

bool sim_mcuboot_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                       const struct sim_app_personality *personality)
{
    struct own *own = own_of(sim_board_chip(board));

    return sim_board_config(board)->firmware == &sim_mcuboot &&
           sim_app_teach(&own->lessons, hash, personality);
}

uint32_t sim_mcuboot_security_counter(const struct sim_board *board, unsigned image)
{
    return image < SIM_BOOT_MAX_IMAGES ? state_of(sim_board_chip(board))->security_counter[image] : 0;
}

void sim_mcuboot_set_security_counter(struct sim_board *board, unsigned image, uint32_t value)
{
    if (image < SIM_BOOT_MAX_IMAGES)
        state_of(sim_board_chip(board))->security_counter[image] = value;
}

/* --- boot --- */

static void log_line(void *chip, char level, const char *line)
{
    char text[200];

    snprintf(text, sizeof text, "%c: %s", level, line);
    sim_chip_line(chip, text);
}

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

static bool is_at(const struct sim_area *area, const struct sim_guest_result *found)
{
    return found->device == area->device && found->offset == area->offset;
}

/* The application model runs from slot 0 of image 0, and from slot 1 where one of them is chosen. */
static bool starts_a_slot(const struct sim_boot_config *boot, const struct sim_guest_result *found,
                          unsigned *slot)
{
    *slot = rig_swap_mode_chooses_slot(boot->mode) && is_at(&boot->secondary[0], found);
    return *slot == 1 || is_at(&boot->primary[0], found);
}

static void tell_finding(struct sim_chip *chip, const struct sim_guest_result *found,
                         struct sim_boot_result *result)
{
    char line[300];

    snprintf(result->assertion, sizeof result->assertion, "%s: %.150s",
             sim_guest_outcome_text(found->outcome), found->text);
    snprintf(line, sizeof line, "E: ***** the bootloader stopped: %s *****", result->assertion);
    sim_chip_line(chip, line);
}

static void boot_foreign(struct sim_chip *chip, struct sim_boot_result *result)
{
    const struct sim_mcuboot_config *config = &own_of(chip)->config;
    struct sim_guest_result found;
    char line[128];

    for (unsigned i = 0; i < SIM_BOOT_MAX_IMAGES; i++)
        result->swap_type[i] = RIG_SWAP_TYPE_NONE;
    snprintf(line, sizeof line, "*** Booting %s ***", sim_guest_name(config->boot_guest));
    sim_chip_line(chip, line);
    sim_guest_boot(config->boot_guest, chip->flash, log_line, chip, &found);
    result->outcome = outcome_of(found.outcome);
    if (found.outcome == SIM_GUEST_RUNS && !starts_a_slot(&config->boot, &found, &result->slot[0])) {
        found.outcome = SIM_GUEST_BAD_DECISION;
        snprintf(found.text, sizeof found.text,
                 "it starts the image at 0x%lx; with 'swap: %s' the simulated application runs from slot 0%s",
                 (unsigned long)found.offset, rig_swap_mode_name(config->boot.mode),
                 rig_swap_mode_chooses_slot(config->boot.mode) ? " or 1" : " only");
        result->outcome = SIM_BOOT_CRASH;
    }
    if (sim_guest_is_finding(found.outcome) || found.outcome == SIM_GUEST_NOT_RUN)
        tell_finding(chip, &found, result);
    else if (found.outcome == SIM_GUEST_NO_IMAGE && found.text[0])
        log_line(chip, 'E', found.text);
}

static bool swapped(const struct sim_boot_config *config, const struct sim_boot_result *result)
{
    for (unsigned image = 0; image < config->n_images; image++) {
        enum rig_swap_type type = result->swap_type[image];

        if (result->resumed[image] || type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM ||
            type == RIG_SWAP_TYPE_REVERT)
            return true;
    }
    return false;
}

static void after_boot(struct sim_chip *chip, const struct sim_boot_result *result)
{
    const struct sim_mcuboot_config *config = &own_of(chip)->config;

    switch (result->outcome) {
    case SIM_BOOT_RUNS:
        if ((chip->radio->defects & SIM_BLE_DEFECT_BOND_LOST_ON_UPDATE) && swapped(&config->boot, result))
            sim_chip_forget_bonds(chip);
        sim_chip_set_timer(chip, TIMER_APP_START, sim_chip_now_us(chip) + config->app.boot_us);
        break;
    case SIM_BOOT_NO_IMAGE:
        sim_chip_enter(chip, SIM_BOARD_NO_IMAGE);
        break;
    case SIM_BOOT_ASSERT:
    case SIM_BOOT_FLASH_FAULT:
    case SIM_BOOT_CRASH:
        sim_chip_enter(chip, SIM_BOARD_HUNG);
        break;
    case SIM_BOOT_POWER_LOST:
        break;
    }
}

static bool enters(const struct sim_chip *chip, enum sim_recovery_entrance entrance)
{
    return (own_of(chip)->config.recovery.entrances & (uint32_t)entrance) != 0;
}

static void enter_recovery(struct sim_chip *chip)
{
    if (!sim_flash_powered(chip->flash))
        return;
    log_line(chip, 'I', "Enter the serial recovery mode");
    state_of(chip)->recovery.on = true;
    sim_chip_enter(chip, SIM_BOARD_UPDATER);
}

/* The button is looked at before the slots are; the boot mode after them, swaps included. */
static void boot_model(struct sim_chip *chip, struct sim_boot_result *result)
{
    struct sim_boot_config config = own_of(chip)->config.boot;
    struct state *state = state_of(chip);
    bool wanted = state->retained.updater_wanted && enters(chip, SIM_RECOVERY_BY_BOOT_MODE);

    sim_chip_line(chip, "*** Booting MCUboot v2.3.0 ***");
    if (enters(chip, SIM_RECOVERY_BY_BUTTON) && own_of(chip)->config.recovery.button_held) {
        result->outcome = SIM_BOOT_NO_IMAGE;
        enter_recovery(chip);
        return;
    }
    config.stays = wanted;
    sim_boot_run(&config, chip->flash, state->security_counter, log_line, chip, result);
    if (result->outcome != SIM_BOOT_RUNS && result->outcome != SIM_BOOT_NO_IMAGE)
        return;
    if (wanted)
        state->retained.updater_wanted = false;
    if (wanted || (result->outcome == SIM_BOOT_NO_IMAGE && enters(chip, SIM_RECOVERY_NO_IMAGE)))
        enter_recovery(chip);
}

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    const struct sim_mcuboot_config *config = &own_of(chip)->config;
    struct sim_boot_result *result = &own_of(chip)->result;

    memset(result, 0, sizeof *result);
    if (config->boot_guest) {
        boot_foreign(chip, result);
    } else {
        boot_model(chip, result);
    }
    *start = (struct sim_start){
        .application = result->outcome == SIM_BOOT_RUNS && !state_of(chip)->recovery.on, .account = result};
    if (start->application) {
        state_of(chip)->slot = (uint8_t)result->slot[0];
        state_of(chip)->ram_at = result->ram_at[0];
    }
    if (!state_of(chip)->recovery.on)
        after_boot(chip, result);
}

/* --- the application --- */

/* It needs no application, so nothing that is wrong with that one keeps it from running. */
static void start_updater(struct sim_chip *chip)
{
    enum sim_app_updater updater = own_of(chip)->config.app.updater;

    state_of(chip)->retained.updater_wanted = false;
    state_of(chip)->app.serves = true;
    state_of(chip)->app.updater_runs = true;
    sim_chip_enter(chip, SIM_BOARD_RUNNING);
    sim_chip_advertise(chip,
                       &(struct sim_ble_advertiser){.next_address = updater == SIM_APP_UPDATER_NEXT_ADDRESS,
                                                    .without_bonds = updater != SIM_APP_UPDATER_BONDS_KEPT});
    sim_chip_line(chip, "updater: advertising");
}

static void start_application(struct sim_chip *chip)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES], line[64];
    struct own *own = own_of(chip);
    struct sim_running *running = &state_of(chip)->running;

    sim_app_look(&own->config.boot, chip->flash, state_of(chip)->slot, &own->memo, running);
    if (running->has_image)
        sim_app_recall(&own->lessons, running->hash, &running->personality);
    sim_chip_application_starts(chip);
    if (state_of(chip)->retained.updater_wanted && own->config.app.updater != SIM_APP_UPDATER_NONE) {
        start_updater(chip);
        return;
    }
    if (!running->has_image || !running->intact || running->elsewhere) {
        sim_chip_line(chip, "E: ***** HARD FAULT *****");
        sim_chip_crash(chip);
        return;
    }
    state_of(chip)->app.serves = true;
    sim_chip_enter(chip, SIM_BOARD_RUNNING);
    if (own->config.app.defects & SIM_APP_DEFECT_MAINTENANCE_OUTLIVES_RESET)
        state_of(chip)->app.maintenance.on = state_of(chip)->app.maintenance.was_on =
            state_of(chip)->retained.maintenance_was_on;
    sim_chip_line(chip, "*** Booting Zephyr OS build v4.4.0 ***");
    rig_image_version_format(&running->version, version);
    snprintf(line, sizeof line, "app: version %s", version);
    sim_chip_line(chip, line);
    sim_chip_advertise(chip, &(struct sim_ble_advertiser){0});
    sim_chip_line(chip, "app: advertising");
    if (running->personality.behaviour != SIM_APP_NEVER_CONFIRMS)
        sim_chip_set_timer(chip, TIMER_SELF_TEST, sim_chip_now_us(chip) + running->personality.self_test_us);
}

static void confirm_itself(struct sim_chip *chip)
{
    const struct sim_boot_config *config = &own_of(chip)->config.boot;

    for (unsigned image = 0; image < config->n_images; image++) {
        enum sim_status status =
            rig_swap_mode_starts_by_trailer(config->mode)
                ? sim_boot_set_next(config, chip->flash, image, image == 0 ? state_of(chip)->slot : 0, true)
                : sim_boot_set_confirmed(config, chip->flash, image);

        if (status != SIM_OK) {
            sim_chip_line(chip, "app: confirm failed");
            return;
        }
    }
    sim_chip_line(chip, "app: image confirmed");
}

static void self_test(struct sim_chip *chip)
{
    const struct sim_app_personality personality = state_of(chip)->running.personality;

    sim_app_end_self_test(chip, &personality, TIMER_WATCHDOG, confirm_itself);
}

static void after_request(struct sim_chip *chip)
{
    struct sim_app *app = &state_of(chip)->app;

    sim_maintenance_event(chip, &own_of(chip)->config.app, app, SIM_MAINTENANCE_REQUEST);
    if (app->crash_wanted) {
        sim_chip_line(chip, "app: fatal error, resetting");
        sim_chip_reset(chip);
    } else if (app->reset_wanted && !sim_chip_timer_is_set(chip, TIMER_RESET)) {
        sim_chip_set_timer(chip, TIMER_RESET,
                           sim_chip_now_us(chip) + own_of(chip)->config.app.reset_delay_us);
    }
}

static void serve_recovery(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    const struct sim_mcuboot_config *config = &own_of(chip)->config;
    uint8_t answer[RIG_SMP_MAX_MESSAGE_BYTES];
    unsigned buffer = pop(&state->transport.received);
    const struct sim_transport_buffer *request = &state->transport.buffers[buffer];
    size_t n_answer = sim_recovery_input(&config->recovery, &config->boot, chip->flash, &state->recovery,
                                         request->bytes, request->n_bytes, answer, sizeof answer);

    transport_answer(&state->transport, chip, buffer, answer, n_answer);
    if (state->recovery.reset_wanted && !sim_chip_timer_is_set(chip, TIMER_RESET))
        sim_chip_set_timer(chip, TIMER_RESET, sim_chip_now_us(chip) + DEFAULT_RESET_DELAY_US);
}

static void serve(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    struct sim_server server = {.config = &own_of(chip)->config.app,
                                .boot = &own_of(chip)->config.boot,
                                .flash = chip->flash,
                                .app = &state->app,
                                .slot = state->slot,
                                .retained = &state->retained};
    uint8_t answers[RIG_SMP_MAX_MESSAGE_BYTES];
    /* It stays in use until it is answered. */
    unsigned buffer = pop(&state->transport.received);
    const struct sim_transport_buffer *request = &state->transport.buffers[buffer];
    size_t n_answers = sim_server_input(&server, request->bytes, request->n_bytes, answers, sizeof answers);

    transport_answer(&state->transport, chip, buffer, answers, n_answers);
    after_request(chip);
}

static void on_timer(struct sim_chip *chip, unsigned timer)
{
    switch ((enum timer)timer) {
    case TIMER_APP_START:
        start_application(chip);
        break;
    case TIMER_SELF_TEST:
        self_test(chip);
        break;
    case TIMER_WATCHDOG:
    case TIMER_RESET:
        sim_chip_reset(chip);
        break;
    case TIMER_REQUEST:
        state_of(chip)->recovery.on ? serve_recovery(chip) : serve(chip);
        break;
    case TIMER_NOTIFY:
        transport_leave(&state_of(chip)->transport, chip);
        break;
    case TIMER_MAINTENANCE:
        sim_maintenance_event(chip, &own_of(chip)->config.app, &state_of(chip)->app, SIM_MAINTENANCE_TIMER);
        break;
    }
}

static void stopped(struct sim_chip *chip, bool without_power)
{
    struct state *state = state_of(chip);

    state->retained.maintenance_was_on = state->app.maintenance.on;
    memset(&state->app, 0, sizeof state->app);
    memset(&state->recovery, 0, sizeof state->recovery);
    memset(&state->running, 0, sizeof state->running);
    memset(&state->transport, 0, offsetof(struct sim_transport, buffers));
    if (without_power)
        memset(&state->retained, 0, sizeof state->retained);
}

/* --- the services --- */

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct sim_app_config *config = &own_of(chip)->config.app;

    services->no_service_changed = config->no_service_changed;
    if (config->table_moves)
        services->n_ahead = state_of(chip)->running.version.minor % 4u;
    if (!has_maintenance(chip) || sim_maintenance_services(chip, config, &state_of(chip)->app, services))
        services->characteristics[services->n++] =
            (struct sim_gatt_characteristic){.service = RIG_SMP_SERVICE_UUID,
                                             .uuid = RIG_SMP_CHARACTERISTIC_UUID,
                                             .properties = SIM_GATT_WRITE_COMMAND | SIM_GATT_NOTIFY,
                                             .demand = sim_chip_demand(chip)};
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    struct state *state = state_of(chip);
    const struct sim_app_config *config = &own_of(chip)->config.app;

    (void)with_response;
    if (characteristic != smp_of(chip))
        return sim_maintenance_write(chip, config, &state->app, bytes, n_bytes);
    transport_write(&state->transport, chip, config, bytes, n_bytes);
    return 0;
}

static uint8_t take_read(struct sim_chip *chip, unsigned characteristic, uint8_t *bytes, size_t *n_bytes)
{
    *n_bytes = 0;
    if (characteristic == smp_of(chip))
        return ATT_READ_NOT_PERMITTED;
    bytes[0] = state_of(chip)->app.maintenance.on;
    *n_bytes = 1;
    return 0;
}

static void take_message(struct sim_chip *chip, enum sim_wire wire, const uint8_t *bytes, size_t n_bytes)
{
    if (state_of(chip)->recovery.on && wire == SIM_WIRE_SERIAL) {
        /* It decodes into one byte more, and waits 250 ms before a reset without listening. */
        struct sim_app_config room = own_of(chip)->config.app;

        room.smp_buf_size = (uint16_t)(own_of(chip)->config.recovery.buffer_bytes + 1);
        if (!state_of(chip)->recovery.reset_wanted)
            transport_message(&state_of(chip)->transport, chip, &room, wire, bytes, n_bytes);
    }
    if (state_of(chip)->app.serves)
        transport_message(&state_of(chip)->transport, chip, &own_of(chip)->config.app, wire, bytes, n_bytes);
}

static uint8_t take_subscription(struct sim_chip *chip, unsigned characteristic,
                                 enum sim_gatt_subscription how)
{
    if (!how && characteristic == smp_of(chip))
        transport_drop_assembly(&state_of(chip)->transport);
    return 0;
}

static void button(struct sim_chip *chip, bool held)
{
    if (held && has_maintenance(chip))
        sim_maintenance_event(chip, &own_of(chip)->config.app, &state_of(chip)->app, SIM_MAINTENANCE_BUTTON);
}

static void linked(struct sim_chip *chip, bool up)
{
    if (!up)
        transport_unlink(&state_of(chip)->transport, chip);
    else if (chip->radio->misbehaves & SIM_BLE_NOTIFIES_UNASKED)
        sim_chip_notify_nonsense(chip, smp_of(chip));
}

/* --- what a probe sees --- */

static const struct sim_area *running_area(const struct sim_chip *chip)
{
    const struct sim_boot_config *config = &own_of(chip)->config.boot;

    return state_of(chip)->slot == 0 ? &config->primary[0] : &config->secondary[0];
}

static bool is_confirmed(const struct sim_chip *chip)
{
    const struct sim_boot_config *config = &own_of(chip)->config.boot;
    const struct sim_area *area = running_area(chip);
    struct sim_area_reader reader = {.flash = chip->flash, .area = *area};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    sim_boot_geometry(config, chip->flash, area, &geometry);
    if (!rig_trailer_decode(&geometry, &source, &trailer))
        return false;
    return trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET;
}

static void view(const struct sim_chip *chip, struct sim_image_view *view)
{
    struct sim_running running;

    sim_app_look(&own_of(chip)->config.boot, chip->flash, state_of(chip)->slot, NULL, &running);
    view->has_image = running.has_image;
    view->version = running.version;
    memcpy(view->hash, running.hash, sizeof view->hash);
    view->confirmed = running.has_image && is_confirmed(chip);
}

static uint32_t application_at(const struct sim_chip *chip)
{
    return state_of(chip)->ram_at ? state_of(chip)->ram_at : running_area(chip)->offset;
}

const struct sim_firmware sim_mcuboot = {
    .name = "mcuboot",
    .state_bytes = sizeof(struct state),
    .make = make,
    .free = unmake,
    .copy_state = copy_state,
    .boot = boot,
    .timer = on_timer,
    .stopped = stopped,
    .view = view,
    .application_at = application_at,
    .message = take_message,
    .button = button,
    .gatt = {.services = services,
             .write = take_write,
             .read = take_read,
             .subscribe = take_subscription,
             .linked = linked},
};
