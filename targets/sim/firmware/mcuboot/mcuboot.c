/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware MCUboot on its chip: boot by the model or by a foreign bootloader, the application's start,
 * its self-test, what it does with requests. */
#include "sim/firmware/mcuboot/mcuboot.h"

#include "sim/firmware/mcuboot/app/app.h"
#include "sim/firmware/mcuboot/guest/guest.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RESET_DELAY_US 250000u
#define DEFAULT_BUF_SIZE 384u
#define DEFAULT_BUF_COUNT 4u
#define MIN_BUF_SIZE 32u

enum timer {
    TIMER_APP_START,
    TIMER_SELF_TEST,
    TIMER_WATCHDOG,
    TIMER_RESET,
    TIMER_REQUEST = SIM_TIMER_REQUEST,
    TIMER_NOTIFY = SIM_TIMER_NOTIFY,
};

/* What sim_mcuboot_teach() said. */
struct taught {
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
    struct sim_app_personality personality;
};

/* Outlives snapshots: what was taught is about images, not about the board, and memos change nothing but
 * speed. */
struct own {
    struct sim_mcuboot_config config;
    struct sim_boot_memo *boot_memo; /* when the configuration brought none */
    struct sim_app_memo memo;
    struct taught *taught;
    size_t n_taught;
    struct sim_boot_result result; /* of the last boot */
};

struct state {
    uint32_t security_counter[SIM_BOOT_MAX_IMAGES];
    struct sim_app_retained retained;
    struct sim_running running;
    struct sim_app app;
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
    for (unsigned image = 0; image < boot->n_images; image++) {
        if (boot->primary[image].n_bytes == 0 || !area_fits(flash, &boot->primary[image]))
            return "a primary slot is not made of whole sectors inside its device";
        if (boot->secondary[image].n_bytes == 0 || !area_fits(flash, &boot->secondary[image]))
            return "a secondary slot is not made of whole sectors inside its device";
    }
    if (boot->scratch.n_bytes != 0 && !area_fits(flash, &boot->scratch))
        return "the scratch area is not made of whole sectors inside its device";
    if (boot->mode == RIG_SWAP_SCRATCH && boot->scratch.n_bytes == 0)
        return "swap with scratch needs a scratch area";
    return NULL;
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
    free(own->taught);
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
    sim_transport_copy(&to->transport, &from->transport);
}

const struct sim_mcuboot_config *sim_mcuboot_config_of(const struct sim_board *board)
{
    return &own_of(sim_board_chip(board))->config;
}

bool sim_mcuboot_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                       const struct sim_app_personality *personality)
{
    struct own *own = own_of(sim_board_chip(board));
    struct taught *taught = NULL;

    if (sim_board_config(board)->firmware != &sim_mcuboot)
        return false;

    for (size_t i = 0; i < own->n_taught && !taught; i++)
        if (memcmp(own->taught[i].hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            taught = &own->taught[i];
    if (!taught) {
        taught = realloc(own->taught, (own->n_taught + 1) * sizeof *taught);
        if (!taught)
            return false;
        own->taught = taught;
        taught += own->n_taught++;
    }
    memcpy(taught->hash, hash, RIG_IMAGE_HASH_BYTES);
    taught->personality = *personality;
    return true;
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

/* The application model runs from slot 0 of image 0 only. */
static bool starts_slot_0(const struct sim_boot_config *boot, const struct sim_guest_result *found)
{
    const struct sim_area *primary = &boot->primary[0];

    return found->device == primary->device && found->offset == primary->offset;
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
    if (found.outcome == SIM_GUEST_RUNS && !starts_slot_0(&config->boot, &found)) {
        found.outcome = SIM_GUEST_BAD_DECISION;
        snprintf(found.text, sizeof found.text,
                 "it starts the image at 0x%lx; the simulated application runs from slot 0 only",
                 (unsigned long)found.offset);
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

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    const struct sim_mcuboot_config *config = &own_of(chip)->config;
    struct sim_boot_result *result = &own_of(chip)->result;

    memset(result, 0, sizeof *result);
    if (config->boot_guest) {
        boot_foreign(chip, result);
    } else {
        sim_chip_line(chip, "*** Booting MCUboot v2.3.0 ***");
        sim_boot_run(&config->boot, chip->flash, state_of(chip)->security_counter, log_line, chip, result);
    }
    *start = (struct sim_start){.application = result->outcome == SIM_BOOT_RUNS, .account = result};
    after_boot(chip, result);
}

/* --- the application --- */

static void recall_personality(const struct own *own, struct sim_running *running)
{
    for (size_t i = 0; i < own->n_taught; i++)
        if (running->has_image && memcmp(own->taught[i].hash, running->hash, RIG_IMAGE_HASH_BYTES) == 0)
            running->personality = own->taught[i].personality;
}

/* It needs no application, so nothing that is wrong with that one keeps it from running. */
static void start_updater(struct sim_chip *chip)
{
    enum sim_app_updater updater = own_of(chip)->config.app.updater;

    state_of(chip)->retained.updater_wanted = false;
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

    sim_app_look(&own->config.boot, chip->flash, &own->memo, running);
    recall_personality(own, running);
    sim_chip_application_starts(chip);
    if (state_of(chip)->retained.updater_wanted && own->config.app.updater != SIM_APP_UPDATER_NONE) {
        start_updater(chip);
        return;
    }
    if (!running->has_image || !running->intact) {
        sim_chip_line(chip, "E: ***** HARD FAULT *****");
        sim_chip_crash(chip);
        return;
    }
    sim_chip_enter(chip, SIM_BOARD_RUNNING);
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

    sim_chip_line(chip, "app: self-test passed");
    for (unsigned image = 0; image < config->n_images; image++) {
        if (sim_boot_set_confirmed(config, chip->flash, image) != SIM_OK) {
            sim_chip_line(chip, "app: confirm failed");
            return;
        }
    }
    sim_chip_line(chip, "app: image confirmed");
}

static void self_test(struct sim_chip *chip)
{
    const struct sim_app_personality personality = state_of(chip)->running.personality;

    switch (personality.behaviour) {
    case SIM_APP_NEVER_CONFIRMS:
        break;
    case SIM_APP_CONFIRMS:
        confirm_itself(chip);
        break;
    case SIM_APP_CRASHES:
        sim_chip_line(chip, "app: fatal error, resetting");
        sim_chip_crash(chip);
        break;
    case SIM_APP_HANGS:
        sim_chip_hang(chip);
        if (personality.watchdog_us > 0)
            sim_chip_set_timer(chip, TIMER_WATCHDOG, sim_chip_now_us(chip) + personality.watchdog_us);
        break;
    }
}

static void after_request(struct sim_chip *chip)
{
    const struct sim_app *app = &state_of(chip)->app;

    if (app->crash_wanted) {
        sim_chip_line(chip, "app: fatal error, resetting");
        sim_chip_reset(chip);
    } else if (app->reset_wanted && !sim_chip_timer_is_set(chip, TIMER_RESET)) {
        sim_chip_set_timer(chip, TIMER_RESET,
                           sim_chip_now_us(chip) + own_of(chip)->config.app.reset_delay_us);
    }
}

static void serve(struct sim_chip *chip)
{
    struct state *state = state_of(chip);
    struct sim_server server = {.config = &own_of(chip)->config.app,
                                .boot = &own_of(chip)->config.boot,
                                .flash = chip->flash,
                                .app = &state->app,
                                .retained = &state->retained};
    uint8_t packet[RIG_SMP_MAX_MESSAGE_BYTES], answers[RIG_SMP_MAX_MESSAGE_BYTES];
    size_t n_packet;
    unsigned buffer = sim_transport_take_request(&state->transport, packet, &n_packet);
    size_t n_answers = sim_server_input(&server, packet, n_packet, answers, sizeof answers);

    sim_transport_answer(&state->transport, chip, buffer, answers, n_answers);
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
        serve(chip);
        break;
    case TIMER_NOTIFY:
        sim_transport_notify(&state_of(chip)->transport, chip);
        break;
    }
}

static void stopped(struct sim_chip *chip, bool without_power)
{
    struct state *state = state_of(chip);

    memset(&state->app, 0, sizeof state->app);
    memset(&state->running, 0, sizeof state->running);
    memset(&state->transport, 0, offsetof(struct sim_transport, buffers));
    if (without_power)
        memset(&state->retained, 0, sizeof state->retained);
}

/* --- the SMP service --- */

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    services->n = 1;
    services->characteristics[SIM_SMP_CHARACTERISTIC] =
        (struct sim_gatt_characteristic){.service = RIG_SMP_SERVICE_UUID,
                                         .uuid = RIG_SMP_CHARACTERISTIC_UUID,
                                         .properties = SIM_GATT_WRITE_COMMAND | SIM_GATT_NOTIFY,
                                         .demand = sim_chip_demand(chip)};
}

static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    (void)characteristic;
    (void)with_response;
    sim_transport_write(&state_of(chip)->transport, chip, &own_of(chip)->config.app, bytes, n_bytes);
    return 0;
}

static uint8_t take_subscription(struct sim_chip *chip, unsigned characteristic,
                                 enum sim_gatt_subscription how)
{
    (void)characteristic;
    if (!how)
        sim_transport_drop_assembly(&state_of(chip)->transport);
    return 0;
}

static void linked(struct sim_chip *chip, bool up)
{
    if (!up)
        sim_transport_unlink(&state_of(chip)->transport, chip);
    else if (chip->radio->misbehaves & SIM_BLE_NOTIFIES_UNASKED)
        sim_chip_notify_nonsense(chip, SIM_SMP_CHARACTERISTIC);
}

/* --- what a probe sees --- */

static bool is_confirmed(const struct sim_chip *chip)
{
    const struct sim_boot_config *config = &own_of(chip)->config.boot;
    const struct sim_area *primary = &config->primary[0];
    struct sim_area_reader reader = {.flash = chip->flash, .area = *primary};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    sim_boot_geometry(config, chip->flash, primary, &geometry);
    if (!rig_trailer_decode(&geometry, &source, &trailer))
        return false;
    return trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET;
}

static void view(const struct sim_chip *chip, struct sim_image_view *view)
{
    struct sim_running running;

    sim_app_look(&own_of(chip)->config.boot, chip->flash, NULL, &running);
    view->has_image = running.has_image;
    view->version = running.version;
    memcpy(view->hash, running.hash, sizeof view->hash);
    view->confirmed = running.has_image && is_confirmed(chip);
}

static uint32_t application_at(const struct sim_chip *chip)
{
    return own_of(chip)->config.boot.primary[0].offset;
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
    .gatt = {.services = services, .write = take_write, .subscribe = take_subscription, .linked = linked},
};
