/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The example firmware. */
#include "sim/firmware/example/example.h"

#include "base/bytes.h"

#include <string.h>

#define START_US 5000u

enum timer { TIMER_START, TIMER_WRITE, TIMER_RESET };
enum command { COMMAND_WORD = 1, COMMAND_RESET = 2 };
enum characteristic { COMMAND, STATUS };

struct state {
    bool waits; /* the bootloader does, for a word that is right */
    uint8_t word[4];
    uint8_t n_written;
};

static uint32_t word_at(const struct sim_chip *chip)
{
    uint32_t start = 0, n_bytes = 0;

    (void)sim_flash_sector_at(chip->flash, 0, sim_flash_bytes(chip->flash, 0) - 1, &start, &n_bytes);
    return start;
}

static bool has_word(const struct sim_chip *chip)
{
    uint8_t word[4];

    return sim_flash_peek(chip->flash, 0, word_at(chip), word, sizeof word) == SIM_OK &&
           rig_get_le32(word) == SIM_EXAMPLE_WORD;
}

static void boot(struct sim_chip *chip, struct sim_start *start)
{
    struct state *state = chip->state;

    sim_chip_line(chip, "example: boot");
    state->waits = !has_word(chip);
    start->application = !state->waits;
    sim_chip_set_timer(chip, TIMER_START, sim_chip_now_us(chip) + START_US);
}

static void start(struct sim_chip *chip)
{
    const struct state *state = chip->state;

    sim_chip_enter(chip, state->waits ? SIM_BOARD_NO_IMAGE : SIM_BOARD_RUNNING);
    if (!state->waits)
        sim_chip_application_starts(chip);
    sim_chip_line(chip, state->waits ? "example: no word, waiting" : "example: application");
    sim_chip_advertise(chip, state->waits ? &(struct sim_ble_advertiser){.name = SIM_EXAMPLE_WAITS,
                                                                         .next_address = true,
                                                                         .without_bonds = true}
                                          : &(struct sim_ble_advertiser){0});
}

/* Nothing is sent when the power went meanwhile: the link is gone then. */
static void write_word(struct sim_chip *chip)
{
    struct state *state = chip->state;
    uint32_t at = word_at(chip);
    uint8_t status[2] = {COMMAND_WORD};

    status[1] = sim_flash_erase(chip->flash, 0, at, sim_flash_bytes(chip->flash, 0) - at) != SIM_OK ||
                sim_flash_write(chip->flash, 0, at, state->word, sizeof state->word) != SIM_OK;
    state->n_written++;
    if (!sim_flash_powered(chip->flash) || state->waits)
        return;
    if (sim_chip_subscription(chip, STATUS) == SIM_GATT_NOTIFIED)
        sim_chip_notify(chip, STATUS, status, sizeof status);
    else if (sim_chip_subscription(chip, STATUS) == SIM_GATT_INDICATED)
        (void)sim_chip_indicate(chip, STATUS, status, sizeof status);
}

static void on_timer(struct sim_chip *chip, unsigned timer)
{
    if (timer == TIMER_START)
        start(chip);
    else if (timer == TIMER_WRITE)
        write_word(chip);
    else
        sim_chip_reset(chip);
}

static void stopped(struct sim_chip *chip, bool without_power)
{
    (void)without_power;
    memset(chip->state, 0, sizeof(struct state));
}

static void view(const struct sim_chip *chip, struct sim_image_view *view)
{
    view->has_image = view->confirmed = has_word(chip);
    view->version.major = 1;
}

static uint32_t application_at(const struct sim_chip *chip)
{
    return word_at(chip);
}

static void services(const struct sim_chip *chip, struct sim_gatt_services *services)
{
    const struct state *state = chip->state;

    services->characteristics[COMMAND] = (struct sim_gatt_characteristic){.service = SIM_EXAMPLE_SERVICE,
                                                                          .uuid = SIM_EXAMPLE_COMMAND,
                                                                          .properties = SIM_GATT_WRITE,
                                                                          .demand = sim_chip_demand(chip)};
    services->characteristics[STATUS] = (struct sim_gatt_characteristic){
        .uuid = SIM_EXAMPLE_STATUS, .properties = SIM_GATT_READ | SIM_GATT_NOTIFY | SIM_GATT_INDICATE};
    services->n = state->waits ? 1 : 2;
}

/* What touches the flash happens in a timer of its own. */
static uint8_t take_write(struct sim_chip *chip, unsigned characteristic, bool with_response,
                          const uint8_t *bytes, size_t n_bytes)
{
    struct state *state = chip->state;
    uint64_t next_us = sim_chip_now_us(chip) + chip->radio->connection_interval_us;

    (void)characteristic;
    (void)with_response;
    if (n_bytes == 1 + sizeof state->word && bytes[0] == COMMAND_WORD) {
        memcpy(state->word, bytes + 1, sizeof state->word);
        sim_chip_set_timer(chip, TIMER_WRITE, next_us);
        return 0;
    }
    if (n_bytes != 1 || bytes[0] != COMMAND_RESET)
        return SIM_EXAMPLE_REFUSED;
    sim_chip_set_timer(chip, TIMER_RESET, next_us);
    return 0;
}

static uint8_t take_read(struct sim_chip *chip, unsigned characteristic, uint8_t *bytes, size_t *n_bytes)
{
    (void)characteristic;
    bytes[0] = ((const struct state *)chip->state)->n_written;
    *n_bytes = 1;
    return 0;
}

static void confirmed(struct sim_chip *chip, unsigned characteristic)
{
    (void)characteristic;
    sim_chip_line(chip, "example: confirmed");
}

const struct sim_firmware sim_example = {
    .name = "example",
    .state_bytes = sizeof(struct state),
    .boot = boot,
    .timer = on_timer,
    .stopped = stopped,
    .view = view,
    .application_at = application_at,
    .gatt = {.services = services, .write = take_write, .read = take_read, .confirmed = confirmed},
};
