/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a board, its time, power, and what can be seen of it. */
#include "sim/chip/state.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_RESET_DELAY_US 250000u
#define DEFAULT_BUF_SIZE 384u
#define DEFAULT_BUF_COUNT 4u
#define MIN_BUF_SIZE 32u

const char *sim_board_state_name(enum sim_board_state state)
{
    static const char *const names[] = {"off", "booting", "running", "hung", "no image"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

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
    if (app->smp_buf_count > SIM_BLE_MAX_BUFFERS)
        return "there are at most 8 SMP buffers";
    return NULL;
}

static const char *open_board(struct sim_board *board, const struct sim_board_config *config)
{
    const char *fault = set_defaults(&board->config.app);

    board->flash = sim_flash_new(config->devices, config->n_devices);
    if (!board->flash)
        return "flash devices that cannot be, or no memory";
    return fault ? fault : check_areas(board->flash, &config->boot);
}

struct sim_board *sim_board_new(const struct sim_board_config *config, const char **why)
{
    struct sim_board *board = calloc(1, sizeof *board);
    const char *fault = "no memory";

    if (board) {
        board->config = *config;
        fault = open_board(board, config);
    }
    if (fault) {
        sim_board_free(board);
        if (why)
            *why = fault;
        return NULL;
    }
    sim_ble_init(&board->ram.ble, &config->ble, board->config.app.smp_buf_size,
                 (uint8_t)board->config.app.smp_buf_count, config->app.reassembly, config->seed);
    /* Without a memo the bootloader works too, only slower. */
    if (!board->config.boot.memo)
        board->config.boot.memo = board->boot_memo = sim_boot_memo_new();
    sim_flash_observe(board->flash, board_cut_observe, board);
    board->ram.cut.due_us = BOARD_NEVER;
    board_die(board);
    return board;
}

void sim_board_free(struct sim_board *board)
{
    if (!board)
        return;
    sim_flash_free(board->flash);
    sim_boot_memo_free(board->boot_memo);
    free(board->taught);
    free(board);
}

bool sim_board_teach(struct sim_board *board, const uint8_t hash[RIG_IMAGE_HASH_BYTES],
                     const struct sim_app_personality *personality)
{
    struct sim_taught *taught = NULL;

    for (size_t i = 0; i < board->n_taught && !taught; i++)
        if (memcmp(board->taught[i].hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
            taught = &board->taught[i];
    if (!taught) {
        taught = realloc(board->taught, (board->n_taught + 1) * sizeof *taught);
        if (!taught)
            return false;
        board->taught = taught;
        taught += board->n_taught++;
    }
    memcpy(taught->hash, hash, RIG_IMAGE_HASH_BYTES);
    taught->personality = *personality;
    return true;
}

void board_recall_personality(const struct sim_board *board, struct sim_running *running)
{
    for (size_t i = 0; i < board->n_taught; i++)
        if (running->has_image && memcmp(board->taught[i].hash, running->hash, RIG_IMAGE_HASH_BYTES) == 0)
            running->personality = board->taught[i].personality;
}

const struct sim_board_config *sim_board_config(const struct sim_board *board)
{
    return &board->config;
}

uint64_t sim_board_now_us(const struct sim_board *board)
{
    return board_clock(board);
}

static uint64_t due_of(const struct sim_board *board, enum board_event event)
{
    switch (event) {
    case BOARD_EVENT_CUT:
        return board->ram.powered ? board->ram.cut.due_us : BOARD_NEVER;
    case BOARD_EVENT_LINK_LOST:
        return board->ram.ble.lost_us;
    case BOARD_EVENT_REQUEST:
        return board->ram.ble.request_us;
    case BOARD_EVENT_NOTIFY:
        return board->ram.ble.notify_us;
    case BOARD_EVENT_LATE_PDU:
        return sim_pdu_faults_due_us(&board->ram.ble.faults);
    case BOARD_EVENT_BOOT:
    case BOARD_EVENT_APP_START:
    case BOARD_EVENT_SELF_TEST:
    case BOARD_EVENT_WATCHDOG:
    case BOARD_EVENT_RESET:
        break;
    }
    return board->ram.due_us[event];
}

bool sim_board_step(struct sim_board *board, uint64_t until_us)
{
    uint64_t first_us = BOARD_NEVER;
    enum board_event first = BOARD_EVENT_CUT;

    for (unsigned event = 0; event < BOARD_N_EVENTS; event++) {
        uint64_t due_us = due_of(board, (enum board_event)event);

        if (due_us < first_us) {
            first_us = due_us;
            first = (enum board_event)event;
        }
    }
    if (first_us == BOARD_NEVER || first_us > until_us) {
        if (until_us > board->ram.now_us)
            board->ram.now_us = until_us;
        return false;
    }
    if (first_us > board->ram.now_us)
        board->ram.now_us = first_us;
    board_act(board, first);
    return true;
}

void sim_board_on_console(struct sim_board *board, sim_console_line line, void *user)
{
    board->console = line;
    board->console_user = user;
}

void sim_board_on_boot(struct sim_board *board, sim_boot_seen seen, void *user)
{
    board->boot_seen = seen;
    board->boot_user = user;
}

void sim_board_on_flash(struct sim_board *board, sim_flash_observer observer, void *user)
{
    board->observer = observer;
    board->observer_user = user;
}

void sim_board_on_pdu_fault(struct sim_board *board, sim_pdu_struck struck, void *user)
{
    board->struck = struck;
    board->struck_user = user;
}

void sim_board_power(struct sim_board *board, bool on)
{
    if (on && !board->ram.powered)
        board_power_on(board);
    else if (!on && board->ram.powered)
        board_die(board);
}

bool sim_board_powered(const struct sim_board *board)
{
    return board->ram.powered;
}

void sim_board_reset(struct sim_board *board)
{
    board->ram.n_fast_crashes = 0;
    if (board->ram.powered)
        board_reboot(board);
}

static bool is_confirmed(const struct sim_board *board)
{
    const struct sim_area *primary = &board->config.boot.primary[0];
    struct sim_area_reader reader = {.flash = board->flash, .area = *primary};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    sim_boot_geometry(&board->config.boot, board->flash, primary, &geometry);
    if (!rig_trailer_decode(&geometry, &source, &trailer))
        return false;
    return trailer.magic != RIG_MAGIC_GOOD || trailer.image_ok == RIG_FLAG_SET;
}

struct sim_board_view sim_board_view(const struct sim_board *board)
{
    struct sim_board_view view = {
        .state = board->ram.state, .n_boots = board->ram.n_boots, .n_resets = board->ram.n_resets};
    struct sim_running running;

    sim_app_look(&board->config.boot, board->flash, NULL, &running);
    view.has_image = running.has_image;
    view.version = running.version;
    memcpy(view.hash, running.hash, sizeof view.hash);
    view.confirmed = running.has_image && is_confirmed(board);
    return view;
}

struct sim_flash *sim_board_flash(struct sim_board *board)
{
    return board->flash;
}

uint32_t sim_board_security_counter(const struct sim_board *board, unsigned image)
{
    return image < SIM_BOOT_MAX_IMAGES ? board->ram.security_counter[image] : 0;
}

void sim_board_set_security_counter(struct sim_board *board, unsigned image, uint32_t value)
{
    if (image < SIM_BOOT_MAX_IMAGES)
        board->ram.security_counter[image] = value;
}
