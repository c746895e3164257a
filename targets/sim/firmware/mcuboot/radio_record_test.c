/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board on the air on record: thousands of connections, pairings, writes, faults, resets and power cycles
 * by chance, one line for each configuration in fixtures/boot/radio.txt. A line that changes is another
 * board. RIG_WRITE_RECORD=1 writes the file anew. */
#include "sim/firmware/mcuboot/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RECORD RIG_SOURCE_DIR "/fixtures/boot/radio.txt"
#define LINE_BYTES 240u
#define N_ACTIONS 20000u
#define N_CENTRALS 6u

struct record {
    struct bench bench;
    struct rig_bytes image;
    struct sim_ble_central centrals[N_CENTRALS];
    uint8_t keys[N_CENTRALS][SIM_BLE_LTK_BYTES];
    unsigned central;  /* the one that connected last */
    uint8_t half[600]; /* of a message: what has not been written yet */
    size_t n_half;
    uint64_t random;
    unsigned n_connected, n_paired, n_encrypted, n_refused, n_notifications;
    uint64_t outcomes, heard;
};

static void mix(uint64_t *digest, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < n_bytes; i++)
        *digest = (*digest ^ at[i]) * 0x100000001b3u;
}

static uint32_t chance(struct record *record, uint32_t n)
{
    record->random = record->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(record->random >> 33) % n;
}

static void note(struct record *record, unsigned outcome)
{
    const struct sim_board *board = record->bench.board;
    struct sim_board_view view = sim_board_view(board);
    const uint8_t seen[] = {(uint8_t)outcome,
                            sim_board_ble_connected(board),
                            sim_board_ble_encrypted(board),
                            sim_board_ble_advertising(board),
                            sim_board_ble_at_next_address(board),
                            sim_board_ble_last_reason(board),
                            (uint8_t)sim_board_ble_mtu(board),
                            (uint8_t)(sim_board_ble_mtu(board) >> 8),
                            (uint8_t)view.state,
                            (uint8_t)view.n_boots,
                            (uint8_t)view.n_resets};

    mix(&record->outcomes, seen, sizeof seen);
    for (unsigned i = 0; i < N_CENTRALS; i++)
        mix(&record->outcomes, &(uint8_t){sim_board_ble_has_bond(board, record->centrals[i].address)}, 1);
}

static unsigned connect(struct record *record)
{
    static const uint16_t mtus[] = {23, 60, 247, 517, 20};
    enum sim_ble_outcome outcome;
    unsigned central = chance(record, N_CENTRALS);

    outcome = sim_board_ble_connect(record->bench.board, &record->centrals[central], mtus[chance(record, 5)]);
    if (outcome == SIM_BLE_OK) {
        record->central = central;
        record->n_connected++;
        record->n_half = 0;
    }
    return outcome;
}

static unsigned pair(struct record *record)
{
    const struct sim_ble_central_pairing central = {.io = (enum sim_ble_io)chance(record, 5),
                                                    .refuses = chance(record, 8) == 0,
                                                    .has_passkey = chance(record, 4) != 0,
                                                    .passkey =
                                                        chance(record, 4) ? 123456 : chance(record, 1000000)};
    struct sim_ble_pairing_result result;
    enum sim_ble_outcome outcome =
        sim_board_ble_pair(record->bench.board, &central, record->keys[record->central], &result);

    record->n_paired += outcome == SIM_BLE_OK;
    record->n_refused += outcome == SIM_BLE_PAIRING_REFUSED;
    mix(&record->outcomes, &(uint8_t){result.reason}, 1);
    mix(&record->outcomes, &(uint8_t){result.central_failed}, 1);
    return outcome;
}

static unsigned encrypt(struct record *record)
{
    unsigned key = chance(record, 6) ? record->central : chance(record, N_CENTRALS);
    enum sim_ble_outcome outcome = sim_board_ble_encrypt(record->bench.board, record->keys[key]);

    record->n_encrypted += outcome == SIM_BLE_OK;
    return outcome;
}

static unsigned write_some(struct record *record)
{
    static const char text[] =
        "the quick brown fox jumps over the lazy dog, and then it does so once more for the test";
    const struct rig_smp_request_id id = {1, (uint8_t)chance(record, 256)};
    char echo[sizeof text];
    size_t n_now;
    enum sim_ble_outcome outcome;

    if (record->n_half == 0 || chance(record, 12) == 0) {
        snprintf(echo, sizeof echo, "%.*s", (int)chance(record, sizeof text), text);
        record->n_half =
            chance(record, 12) == 0
                ? rig_smp_encode_reset(id, false, chance(record, 2), record->half, sizeof record->half)
                : rig_smp_encode_echo(id, echo, record->half, sizeof record->half);
        if (chance(record, 30) == 0)
            record->half[2 + chance(record, 2)]++;
    }
    n_now = chance(record, 3) == 0 ? 1 + chance(record, 40) : record->n_half;
    if (n_now > record->n_half)
        n_now = record->n_half;
    outcome = bench_write(record->bench.board, record->half, n_now);
    memmove(record->half, record->half + n_now, record->n_half - n_now);
    record->n_half -= n_now;
    return outcome;
}

static unsigned arm(struct record *record)
{
    const struct sim_pdu_fault fault = {.kind = (enum sim_pdu_fault_kind)chance(record, SIM_PDU_N_KINDS),
                                        .direction = (enum sim_pdu_direction)chance(record, 2),
                                        .first = chance(record, 4),
                                        .n_times = 1 + chance(record, 3),
                                        .has_value = chance(record, 2),
                                        .value = chance(record, 40)};

    if (chance(record, 2)) {
        sim_board_end_pdu_faults(record->bench.board);
        return 100;
    }
    return sim_board_arm_pdu_fault(record->bench.board, &fault);
}

static unsigned act(struct record *record)
{
    struct sim_board *board = record->bench.board;
    uint32_t kind = chance(record, 100);

    if (kind < 12)
        return connect(record);
    if (kind < 16)
        return sim_board_ble_disconnect(board), 0;
    if (kind < 26)
        return pair(record);
    if (kind < 38)
        return encrypt(record);
    if (kind < 48)
        return bench_subscribe(board, chance(record, 5) != 0);
    if (kind < 90)
        return write_some(record);
    if (kind < 94)
        return arm(record);
    if (kind == 94)
        return sim_board_power(board, false), 0;
    if (kind == 95)
        return sim_board_reset(board), 0;
    if (kind == 96 && chance(record, 4) == 0)
        return sim_board_ble_forget_bonds(board), 0;
    if (kind == 97 && chance(record, 4) == 0)
        return sim_board_ble_replace_bonds(board), 0;
    return sim_board_power(board, true), 0;
}

static void hear(struct record *record)
{
    static const uint32_t times_us[] = {0, 1000, 15000, 40000, 200000, 6000000};
    uint8_t bytes[SIM_BLE_MAX_MTU];
    size_t n_bytes;

    bench_run(&record->bench, times_us[chance(record, 6)]);
    while (bench_notification(record->bench.board, bytes, &n_bytes)) {
        record->n_notifications++;
        mix(&record->heard, bytes, n_bytes);
        mix(&record->heard, &(uint8_t){(uint8_t)n_bytes}, 1);
    }
}

static void encrypted(struct bench_config *config)
{
    config->ble.security = SIM_BLE_ENCRYPTED;
    config->ble.repairing = SIM_BLE_REPAIRING_REFUSED;
}

static void authenticated(struct bench_config *config)
{
    config->ble.security = SIM_BLE_AUTHENTICATED;
    config->ble.pairing.io = SIM_BLE_IO_DISPLAY;
    config->ble.pairing.fixed_passkey = true;
    config->ble.pairing.passkey = 123456;
}

static void compares(struct bench_config *config)
{
    authenticated(config);
    config->ble.pairing.io = SIM_BLE_IO_KEYBOARD_DISPLAY;
    config->ble.pairing.user = SIM_BLE_USER_AGREES;
    config->app.reassembly = true;
}

static void refuses(struct bench_config *config)
{
    authenticated(config);
    config->ble.pairing.io = SIM_BLE_IO_KEYBOARD;
    config->ble.pairing.user = SIM_BLE_USER_REFUSES;
    config->ble.pairing.refuses_just_works = true;
}

static void mistypes(struct bench_config *config)
{
    authenticated(config);
    config->ble.pairing.kind = SIM_BLE_PAIRING_LEGACY;
    config->ble.pairing.io = SIM_BLE_IO_KEYBOARD_DISPLAY;
    config->ble.pairing.user = SIM_BLE_USER_MISTYPES;
}

static void nobody(struct bench_config *config)
{
    authenticated(config);
    config->ble.pairing.io = SIM_BLE_IO_YES_NO;
    config->ble.pairing.user = SIM_BLE_USER_NOBODY;
}

static void reassembles(struct bench_config *config)
{
    config->app.reassembly = true;
    config->app.smp_buf_size = 80;
    config->ble.mtu = 60;
}

static void no_bonds(struct bench_config *config)
{
    config->ble.bonding = false;
}

static void updater_kept(struct bench_config *config)
{
    encrypted(config);
    config->app.updater = SIM_APP_UPDATER_BONDS_KEPT;
}

static void updater_unknown(struct bench_config *config)
{
    encrypted(config);
    config->app.updater = SIM_APP_UPDATER_BONDS_UNKNOWN;
}

static void updater_next(struct bench_config *config)
{
    encrypted(config);
    config->app.updater = SIM_APP_UPDATER_NEXT_ADDRESS;
}

static const struct {
    const char *name;
    void (*change)(struct bench_config *config);
} rows[] = {
    {"open", NULL},
    {"encrypted", encrypted},
    {"authenticated", authenticated},
    {"compares", compares},
    {"refuses", refuses},
    {"mistypes", mistypes},
    {"nobody", nobody},
    {"reassembles", reassembles},
    {"no bonds", no_bonds},
    {"updater", updater_kept},
    {"updater without bonds", updater_unknown},
    {"updater at the next address", updater_next},
};

static void play(size_t row, char line[LINE_BYTES])
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct record *record = calloc(1, sizeof *record);

    assert_non_null(record);
    if (rows[row].change)
        rows[row].change(&config);
    record->random = row + 1;
    record->outcomes = record->heard = 0xcbf29ce484222325u;
    for (unsigned i = 0; i < N_CENTRALS; i++)
        memcpy(record->centrals[i].address, (uint8_t[]){0xc0, 1, 2, 3, 4, (uint8_t)i}, SIM_BLE_ADDRESS_BYTES);
    record->image = bench_image(1, &waits, 2000);
    bench_open(&record->bench, &config);
    bench_program(&record->bench, &record->image);
    assert_true(bench_boot(&record->bench));
    for (unsigned i = 0; i < N_ACTIONS; i++) {
        note(record, act(record));
        hear(record);
    }
    snprintf(line, LINE_BYTES,
             "%s: %u connected, %u paired, %u refused, %u encrypted, %u notifications, %u lines; outcomes "
             "%08x, heard "
             "%08x\n",
             rows[row].name, record->n_connected, record->n_paired, record->n_refused, record->n_encrypted,
             record->n_notifications, record->bench.n_lines, (unsigned)record->outcomes,
             (unsigned)record->heard);
    bench_close(&record->bench);
    rig_bytes_clear(&record->image);
    free(record);
}

static void every_board_does_what_is_on_record(void **state)
{
    const char *write = getenv("RIG_WRITE_RECORD");
    FILE *file = fopen(RECORD, write ? "w" : "r");
    unsigned n_wrong = 0;

    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[LINE_BYTES], kept[LINE_BYTES] = "";

        play(i, line);
        if (write) {
            fputs(line, file);
        } else if (!fgets(kept, sizeof kept, file) || strcmp(line, kept) != 0) {
            print_error("on record: %snow:       %s", kept, line);
            n_wrong++;
        }
    }
    fclose(file);
    if (n_wrong > 0)
        fail_msg("%u lines are not as on record; RIG_WRITE_RECORD=1 writes them anew, if that is meant",
                 n_wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_board_does_what_is_on_record)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
