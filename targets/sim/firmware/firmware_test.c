/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of firmware.h, for each firmware: a snapshot at any event goes on as the board itself did, a
 * power cut at any event or flash operation leaves a board that starts again, and the table that a central
 * finds in process is the one that the host stack serves. */
#include "sim/firmware/firmwares.h"

#include "sim/chip/host/air.h"
#include "sim/firmware/example/example.h"
#include "sim/firmware/nordic/nordic_fixture.h"
#include "sim/firmware/nordic/nordic_legacy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define GOES_ON_US (5ull * RIG_SECOND_US)
#define MAX_EVENTS 4000u

struct kind {
    const char *name;
    struct sim_board *(*make)(void);
    /* Something that keeps it busy; a central is connected. false: nothing more to do. */
    bool (*ask)(struct sim_board *board, unsigned number);
};

static struct sim_board *make_mcuboot(void)
{
    struct bench_config config = air_board();
    struct rig_bytes image = bench_image(1, &waits, 3000);
    struct bench bench;

    config.ble.connection_interval_us = 0;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    assert_int_equal(sim_flash_poke(sim_board_flash(bench.board), 0, config.boot.secondary[0].offset,
                                    image.bytes, image.n_bytes),
                     SIM_OK);
    rig_bytes_clear(&image);
    sim_board_on_console(bench.board, NULL, NULL);
    sim_board_on_boot(bench.board, NULL, NULL);
    return bench.board;
}

/* The image group's state, an erase of slot 1, a reset. */
static bool ask_mcuboot(struct sim_board *board, unsigned number)
{
    const struct rig_smp_request_id id = {1, (uint8_t)number};
    uint8_t message[64];
    size_t n = number == 0   ? rig_smp_encode_image_list(id, message, sizeof message)
               : number == 1 ? rig_smp_encode_erase(id, 1, message, sizeof message)
                             : rig_smp_encode_reset(id, false, false, message, sizeof message);

    return number < 3 && sim_board_ble_write(board, 0, false, message, n) == SIM_BLE_OK;
}

static struct sim_board *make_example(void)
{
    const struct bench_config usual = air_board();
    struct sim_board_config config = {.n_devices = 1, .firmware = &sim_example, .ble = usual.ble};

    config.devices[0] = usual.devices[0];
    config.ble.connection_interval_us = 0;
    return sim_board_new(&config, NULL);
}

static bool ask_example(struct sim_board *board, unsigned number)
{
    static const uint8_t right[] = {0x01, 0xde, 0xc0, 0x0d, 0x60}, reset[] = {0x02};

    return number < 2 && sim_board_ble_write(board, 0, true, number == 0 ? right : reset,
                                             number == 0 ? sizeof right : sizeof reset) == SIM_BLE_OK;
}

/* SDK 12, whose application writes the settings page and resets. */
static struct sim_board *make_nordic_secure(void)
{
    struct nordic_set_up set_up = nordic_usual();

    set_up.secure.boot.sdk = SIM_SECURE_SDK_12;
    set_up.secure.boot.enters_by_settings = true;
    set_up.secure.app.buttonless = SIM_BUTTONLESS_EXPERIMENTAL;
    return nordic_board(&set_up);
}

static bool ask_nordic_secure(struct sim_board *board, unsigned number)
{
    return number < 1 && sim_board_ble_write(board, 0, true, (const uint8_t *)"\x01", 1) == SIM_BLE_OK;
}

/* One bank, no application: a start, which erases and says so in the settings. */
static struct sim_board *make_nordic_legacy(void)
{
    struct legacy_set_up set_up = legacy_usual();

    set_up.blank = true;
    set_up.legacy.boot.single_bank = true;
    return legacy_board(&set_up);
}

static bool ask_nordic_legacy(struct sim_board *board, unsigned number)
{
    static const uint8_t start[] = {0x01, 0x04}, sizes[12] = {[9] = 0x10};

    return number < 1 && sim_board_ble_write(board, 1, true, start, sizeof start) == SIM_BLE_OK &&
           sim_board_ble_write(board, 0, false, sizes, sizeof sizes) == SIM_BLE_OK;
}

static const struct kind kinds[] = {
    {"mcuboot", make_mcuboot, ask_mcuboot},
    {"nordic-secure", make_nordic_secure, ask_nordic_secure},
    {"nordic-legacy", make_nordic_legacy, ask_nordic_legacy},
    {"example", make_example, ask_example},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static void mix(uint64_t *digest, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        *digest = (*digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

static void on_line(void *user, uint64_t at_us, const char *line)
{
    mix(user, &at_us, sizeof at_us);
    mix(user, line, strlen(line));
}

/* What is to be seen of the board when it has gone on for a while. */
static uint64_t goes_on(struct sim_board *board)
{
    struct sim_board_view view;
    struct sim_ble_packet packet;
    uint64_t digest = 0xcbf29ce484222325u, hash[2] = {0}, until_us = sim_board_now_us(board) + GOES_ON_US;

    sim_board_on_console(board, on_line, &digest);
    while (sim_board_step(board, until_us))
        ;
    sim_board_on_console(board, NULL, NULL);
    while (sim_board_ble_receive(board, &packet)) {
        mix(&digest, &packet.characteristic, 1);
        mix(&digest, packet.bytes, packet.n_bytes);
    }
    view = sim_board_view(board);
    mix(&digest, &(uint32_t[]){view.state, view.n_boots, view.n_resets, view.image.has_image}, 16);
    sim_flash_range_hash(sim_board_flash(board), 0, 0, sim_flash_bytes(sim_board_flash(board), 0), hash);
    mix(&digest, hash, sizeof hash);
    return digest;
}

/* Powers it on, connects as soon as it advertises, subscribes to all and asks; then it is the caller's turn.
 */
static bool busy(struct sim_board *board, const struct kind *kind, unsigned number)
{
    uint64_t until_us = sim_board_now_us(board) + RIG_SECOND_US;

    sim_board_power(board, true);
    while (!sim_board_ble_advertising(board) && sim_board_step(board, until_us))
        ;
    if (sim_board_ble_connect(board, &bench_central, 247) != SIM_BLE_OK)
        return false;
    for (unsigned i = 0; i < SIM_GATT_MAX_CHARACTERISTICS; i++)
        (void)sim_board_ble_subscribe(board, i, SIM_GATT_NOTIFIED);
    return kind->ask(board, number);
}

static void a_snapshot_at_any_event_goes_on_as_the_board_did(void **state)
{
    (void)state;
    for (unsigned k = 0; k < N_KINDS; k++) {
        struct sim_board *board = kinds[k].make();
        unsigned n_events = 0;

        for (unsigned number = 0; busy(board, &kinds[k], number); number++) {
            for (bool more = true; more && n_events < MAX_EVENTS; n_events++) {
                struct sim_snapshot *snapshot = sim_board_save(board);
                uint64_t first = goes_on(board), second;

                sim_board_restore(board, snapshot);
                second = goes_on(board);
                assert_true(first == second);
                sim_board_restore(board, snapshot);
                sim_snapshot_free(snapshot);
                more = sim_board_step(board, sim_board_now_us(board) + RIG_SECOND_US);
            }
            sim_board_power(board, false);
        }
        assert_in_range(n_events, 5, MAX_EVENTS - 1);
        sim_board_free(board);
    }
}

/* Off at once, all gone that needs power, and on again. */
static void must_start_again(struct sim_board *board)
{
    uint64_t until_us = sim_board_now_us(board) + 5 * RIG_SECOND_US;

    assert_false(sim_board_powered(board));
    assert_int_equal(sim_board_view(board).state, SIM_BOARD_OFF);
    assert_false(sim_board_ble_advertising(board));
    while (sim_board_step(board, until_us))
        assert_false(sim_board_powered(board));
    sim_board_power(board, true);
    until_us += 10ull * RIG_SECOND_US;
    while (!sim_board_ble_advertising(board) && sim_board_step(board, until_us))
        ;
    assert_true(sim_board_ble_advertising(board));
    assert_false(sim_board_ble_connected(board));
}

static void power_cut_at_any_event_leaves_a_board_that_starts_again(void **state)
{
    (void)state;
    for (unsigned k = 0; k < N_KINDS; k++) {
        struct sim_board *board = kinds[k].make();

        for (unsigned number = 0; busy(board, &kinds[k], number); number++) {
            for (bool more = true; more;) {
                struct sim_snapshot *snapshot = sim_board_save(board);

                sim_board_power(board, false);
                must_start_again(board);
                sim_board_restore(board, snapshot);
                sim_snapshot_free(snapshot);
                more = sim_board_step(board, sim_board_now_us(board) + RIG_SECOND_US);
            }
            sim_board_power(board, false);
        }
        sim_board_free(board);
    }
}

static void power_cut_at_any_flash_operation_leaves_a_board_that_starts_again(void **state)
{
    (void)state;
    for (unsigned k = 0; k < N_KINDS; k++) {
        struct sim_board *board = kinds[k].make();
        unsigned n_cuts = 0;

        for (unsigned number = 0; busy(board, &kinds[k], number); number++) {
            struct sim_snapshot *snapshot = sim_board_save(board);

            for (struct sim_cut cut = {.kind = SIM_CUT_AT_OPERATION, .form = SIM_CUT_HALF};;
                 cut.operation++) {
                sim_board_arm_cut(board, &cut);
                goes_on(board);
                if (!sim_board_cut_report(board).fell)
                    break;
                n_cuts++;
                must_start_again(board);
                sim_board_restore(board, snapshot);
            }
            sim_board_disarm_cut(board);
            sim_board_power(board, false);
            sim_snapshot_free(snapshot);
        }
        assert_in_range(n_cuts, 2, MAX_EVENTS);
        sim_board_free(board);
    }
}

static void what_a_central_finds_in_process_is_what_the_host_stack_serves(void **state)
{
    (void)state;
    for (unsigned k = 0; k < N_KINDS; k++) {
        struct sim_board *board = kinds[k].make();
        struct air *air = calloc(1, sizeof *air);
        struct sim_gatt_services services = {0};
        unsigned number = 14; /* behind GAP and GATT */

        air_open_on(air, board, &(struct sim_stack_config){0});
        air_connect(air);
        air_exchange(air, AIR_ATT, "02 f7 00", "03 f7 00");
        sim_ble_services(sim_board_ble(board), &services);
        assert_in_range(services.n, 1, SIM_GATT_MAX_CHARACTERISTICS);
        for (unsigned i = 0; i < services.n; i++) {
            const struct sim_gatt_characteristic *entry = &services.characteristics[i];
            const struct air_pdu *pdu;
            char request[32];
            uint8_t uuid[16];

            number += entry->service != NULL;
            snprintf(request, sizeof request, "0a %02x 00", number);
            air_send_hex(air, AIR_ATT, request);
            pdu = air_take(air, AIR_ATT);
            assert_non_null(pdu);
            assert_int_equal(pdu->n_bytes, 1 + 3 + 16);
            assert_int_equal(pdu->bytes[1], entry->properties);
            assert_int_equal(pdu->bytes[2], number + 1);
            for (unsigned byte = 0, at = 0; byte < 16; byte++, at += 2) {
                at += entry->uuid[at] == '-';
                assert_int_equal(sscanf(entry->uuid + at, "%2hhx", &uuid[15 - byte]), 1);
            }
            assert_memory_equal(pdu->bytes + 4, uuid, sizeof uuid);
            number += entry->properties & (SIM_GATT_NOTIFY | SIM_GATT_INDICATE) ? 3 : 2;
        }
        air_close(air);
        free(air);
    }
}

static void each_firmware_is_found_by_its_name_and_stands_in_this_test(void **state)
{
    (void)state;
    for (unsigned k = 0; k < N_KINDS; k++) {
        struct sim_board *board = kinds[k].make();

        assert_ptr_equal(sim_firmware_named(kinds[k].name), sim_board_config(board)->firmware);
        sim_board_free(board);
    }
    assert_int_equal(sim_n_firmwares(), N_KINDS);
    assert_null(sim_firmware_named("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_at_any_event_goes_on_as_the_board_did),
        cmocka_unit_test(power_cut_at_any_event_leaves_a_board_that_starts_again),
        cmocka_unit_test(power_cut_at_any_flash_operation_leaves_a_board_that_starts_again),
        cmocka_unit_test(what_a_central_finds_in_process_is_what_the_host_stack_serves),
        cmocka_unit_test(each_firmware_is_found_by_its_name_and_stands_in_this_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
