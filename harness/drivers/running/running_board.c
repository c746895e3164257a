/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A clock, a link, and what the target says. */
#include "drivers/running/running_board.h"

#include "base/error.h"
#include "drivers/board/clock_board.h"
#include "drivers/links/links.h"
#include "drivers/sim/sim_driver.h"
#include "drivers/update/update.h"
#include "drivers/wired/wired.h"

struct running {
    struct rig_clock_board clock; /* first */
    const struct rig_target *target;
    struct rig_link_place place;
    char *host;
    struct rig_firmware *firmware;
    struct rig_key *key;
    struct rig_encrypt_key *encryption_key;
    GPtrArray *capabilities; /* const char * */
};

static struct running *self(const struct rig_board *board)
{
    return (struct running *)board;
}

static bool running_adopt(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    return rig_wired_accepts(self(board)->target, setup->options, error);
}

static bool running_describe(const struct rig_board *board, const struct rig_record *options,
                             struct rig_layout *layout, GError **error)
{
    const struct rig_target *target = self(board)->target;

    return rig_wired_accepts(target, options, error) &&
           rig_sim_describe_target(target, options, layout, error);
}

static bool running_prepare(struct rig_board *board, const struct rig_board_setup *setup, GError **error)
{
    (void)setup;
    g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED,
                "target '%s' runs already: 'board:' cannot give it images", self(board)->target->name);
    return false;
}

static GBytes *running_payload(const struct rig_board *board, const struct rig_payload_plan *plan,
                               gsize n_bytes, GError **error)
{
    return rig_firmware_payload(self(board)->firmware, self(board)->target, plan, n_bytes, error);
}

static bool running_make_safe(struct rig_board *board, GError **error)
{
    (void)error;
    rig_link_close(board->link);
    return true;
}

static void running_free(struct rig_board *board)
{
    struct running *running = self(board);

    rig_link_free(board->link);
    rig_firmware_free(running->firmware);
    rig_key_free(running->key);
    rig_encrypt_key_free(running->encryption_key);
    g_ptr_array_unref(running->capabilities);
    g_free(running->host);
    rig_clock_board_clear(&running->clock);
    g_free(running);
}

static const struct rig_board_ops ops = {.now_us = rig_clock_now_us,
                                         .wait = rig_clock_wait,
                                         .prepare = running_prepare,
                                         .make_safe = running_make_safe,
                                         .free = running_free};
static const struct rig_board_options board_options = {.adopt = running_adopt, .describe = running_describe};
static const struct rig_board_application application = {.make_payload = running_payload};
static const struct rig_board_application simulated_application = {.make_payload = rig_sim_make_payload};

static bool fill_place(struct running *running, GError **error)
{
    const struct rig_reach_spec *reach = running->target->spec->reach;

    if (!reach) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s' is of kind 'running' and has no 'reach:' that says where",
                    running->target->name);
        return false;
    }
    if (!reach->ble && running->clock.board.layout.family != RIG_BOOTLOADER_MCUBOOT) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
                    "target '%s': Nordic's DFU goes over Bluetooth: 'reach: {ble: NAME}'",
                    running->target->name);
        return false;
    }
    running->place = (struct rig_link_place){.kind = reach->udp      ? "udp"
                                                     : reach->serial ? "serial"
                                                                     : "bluez",
                                             .tty = reach->serial,
                                             .baud = reach->baud,
                                             .adapter = reach->adapter,
                                             .name = reach->ble,
                                             .max_mtu = running->clock.board.layout.mtu};
    if (reach->udp &&
        !rig_link_split_address(reach->udp, "'udp'", &running->host, &running->place.port, error))
        return false;
    running->place.host = running->host;
    return true;
}

static bool read_files(struct running *running, GError **error)
{
    struct rig_board *board = &running->clock.board;
    GError *cause = NULL;

    running->firmware = rig_firmware_load(running->target, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return false;
    }
    board->header_bytes = running->firmware ? rig_firmware_header_bytes(running->firmware) : 0;
    rig_board_demand(board, &board->layout, NULL);
    if (!rig_target_read_key(running->target, board->layout.signing, &running->key, error) ||
        !rig_target_read_encryption_key(running->target, &running->encryption_key, error))
        return false;
    board->key = running->key;
    board->encryption_key = running->encryption_key;
    return true;
}

static bool make_link(struct running *running, GError **error)
{
    const struct rig_link_kind *kind = rig_link_kind_find(running->place.kind, NULL);
    const struct rig_update_protocol *protocol =
        rig_update_protocol_find(running->target->spec->protocol, error);
    struct rig_board *board = &running->clock.board;

    if (!protocol)
        return false;
    board->link = kind->make(&running->place, board);
    g_ptr_array_add(running->capabilities, (gpointer) "update");
    for (const char *const *capability = protocol->capabilities; *capability; capability++)
        g_ptr_array_add(running->capabilities, (gpointer)*capability);
    for (const char *const *capability = kind->capabilities; *capability; capability++)
        g_ptr_array_add(running->capabilities, (gpointer)*capability);
    g_ptr_array_add(running->capabilities, NULL);
    board->capabilities = (const char *const *)running->capabilities->pdata;
    return true;
}

struct rig_board *rig_running_board_new(const struct rig_target *target, GError **error)
{
    struct running *running;
    struct rig_board *board;

    if (!rig_board_can_have_events(error))
        return NULL;
    running = g_new0(struct running, 1);
    board = &running->clock.board;
    rig_clock_board_init(&running->clock);
    board->ops = &ops;
    board->options = &board_options;
    board->application = target->spec->firmware_word ? &simulated_application : &application;
    running->target = target;
    running->capabilities = g_ptr_array_new();
    if (rig_sim_describe_target(target, NULL, &board->layout, error) && fill_place(running, error) &&
        read_files(running, error) && make_link(running, error))
        return board;
    running_free(board);
    return NULL;
}
