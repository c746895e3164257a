/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile SMP: the codec always; by the first byte also the server alone, or a script of what a central and a
 * power switch can do to a whole board, after which the board must boot and answer. */
#include "protocol/smp/smp_server.h"
#include "sim/firmware/mcuboot/app/app.h"
#include "sim/firmware/mcuboot/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const struct sim_ble_central_pairing just_works;

static void feed_codec(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_response response;
    struct rig_smp_request request;
    char text[200];

    if (rig_smp_decode_response(bytes, n_bytes, &response) == RIG_SMP_OK &&
        response.n_images > RIG_SMP_MAX_IMAGES)
        abort();
    rig_smp_decode_request(bytes, n_bytes, &request);
    rig_smp_error_text(&response.error, text, sizeof text);
    rig_smp_describe(bytes, n_bytes, NULL, text, sizeof text);
    if (!memchr(text, '\0', sizeof text))
        abort();
    rig_smp_describe(bytes, n_bytes, NULL, text, 1 + n_bytes % 40);
}

/* Every answer is made of whole, decodable messages. */
static void check_answers(const uint8_t *answers, size_t n_answers)
{
    while (n_answers > 0) {
        struct rig_smp_response response;

        if (rig_smp_decode_response(answers, n_answers, &response) != RIG_SMP_OK)
            abort();
        answers += RIG_SMP_HEADER_BYTES + (size_t)response.header.length;
        n_answers -= RIG_SMP_HEADER_BYTES + (size_t)response.header.length;
    }
}

static void feed_server(const uint8_t *bytes, size_t n_bytes, uint32_t defects)
{
    struct bench_config config = bench_config(RIG_SWAP_MOVE);
    struct sim_app app = {0};
    struct sim_app_retained retained = {0};
    struct sim_flash *flash = sim_flash_new(config.devices, config.n_devices);
    static const size_t packet_bytes = 384;
    uint8_t answers[RIG_SMP_MAX_MESSAGE_BYTES];

    config.app.smp_buf_count = 4;
    config.app.defects = defects;
    struct sim_server server = {
        .config = &config.app, .boot = &config.boot, .flash = flash, .app = &app, .retained = &retained};
    for (size_t at = 0; flash && at < n_bytes; at += packet_bytes) {
        size_t n = n_bytes - at < packet_bytes ? n_bytes - at : packet_bytes;

        check_answers(answers, sim_server_input(&server, bytes + at, n, answers, sizeof answers));
    }
    sim_flash_free(flash);
}

struct script {
    const uint8_t *at;
    size_t n_left;
};

static uint8_t next_byte(struct script *script)
{
    if (script->n_left == 0)
        return 0;
    script->n_left--;
    return *script->at++;
}

static void write_some(struct bench *bench, struct script *script)
{
    size_t n_bytes = next_byte(script);

    if (n_bytes > script->n_left)
        n_bytes = script->n_left;
    bench_write(bench->board, script->at, n_bytes);
    script->at += n_bytes;
    script->n_left -= n_bytes;
}

static void switch_power(struct bench *bench, uint8_t how)
{
    if (how & 1)
        sim_board_reset(bench->board);
    else
        sim_board_power(bench->board, !sim_board_powered(bench->board));
}

static void arm(struct bench *bench, uint8_t how)
{
    struct sim_cut cut = {.kind = (enum sim_cut_kind)(how % 3),
                          .operation = how / 8,
                          .form = (enum sim_cut_form)(how / 3 % 3),
                          .delay_us = how * 997u,
                          .pattern = "Boot"};

    sim_board_arm_cut(bench->board, &cut);
}

static void go_back(struct bench *bench)
{
    struct sim_snapshot *snapshot = sim_board_save(bench->board);

    bench_run(bench, RIG_SECOND_US);
    if (snapshot)
        sim_board_restore(bench->board, snapshot);
    sim_snapshot_free(snapshot);
}

static void one_act(struct bench *bench, struct script *script)
{
    uint8_t notification[SIM_BLE_MAX_MTU], ltk[SIM_BLE_LTK_BYTES];
    struct sim_ble_pairing_result pairing;
    size_t n_bytes;

    switch (next_byte(script) % 10) {
    case 0:
    case 1:
        write_some(bench, script);
        break;
    case 2:
        bench_run(bench, 100u * next_byte(script));
        break;
    case 3:
        bench_run(bench, 100000u * next_byte(script));
        break;
    case 4:
        bench_subscribe(bench->board, next_byte(script) & 1);
        break;
    case 5:
        sim_board_ble_disconnect(bench->board);
        sim_board_ble_connect(bench->board, &bench_central, (uint16_t)(2u * next_byte(script)));
        break;
    case 6:
        switch_power(bench, next_byte(script));
        break;
    case 7:
        arm(bench, next_byte(script));
        break;
    case 8:
        go_back(bench);
        break;
    case 9:
        sim_board_ble_pair(bench->board, &just_works, ltk, &pairing);
        bench_notification(bench->board, notification, &n_bytes);
        break;
    }
}

static void must_be_alive(struct bench *bench)
{
    const uint8_t echo[] = "\x0a\0\0\x05\0\0\x07\0\xa1\x61\x64\x61\x78";
    struct rig_smp_response response;

    sim_board_disarm_cut(bench->board);
    sim_board_power(bench->board, false);
    bench_run(bench, 10 * RIG_SECOND_US);
    if (!bench_boot(bench))
        abort();
    bench_connect(bench, 247);
    if (!bench_ask(bench, echo, sizeof echo - 1, &response) || !response.has_echo)
        abort();
}

static void feed_board(const uint8_t *bytes, size_t n_bytes, uint8_t options)
{
    struct bench_config config = bench_config((enum rig_swap_mode)(options % 4));
    struct sim_app_personality patient = {.behaviour = SIM_APP_NEVER_CONFIRMS};
    struct rig_bytes image = bench_image(1, &patient, 2000);
    struct script script = {bytes, n_bytes};
    struct bench bench;

    config.app.reassembly = options & 4;
    config.app.progressive_erase = options & 8;
    config.ble.security = options & 16 ? SIM_BLE_ENCRYPTED : SIM_BLE_OPEN;
    bench_open(&bench, &config);
    bench_program(&bench, &image);
    bench_boot(&bench);
    for (unsigned n_acts = 0; script.n_left > 0 && n_acts < 60; n_acts++)
        one_act(&bench, &script);
    config.ble.security = SIM_BLE_OPEN;
    sim_board_set_ble(bench.board, &config.ble);
    must_be_alive(&bench);
    rig_bytes_clear(&image);
    bench_close(&bench);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes > 4096)
        return 0;
    feed_codec(bytes + 1, n_bytes - 1);
    if ((bytes[0] & 0xc0) == 0x80)
        feed_board(bytes + 1, n_bytes - 1, bytes[0] & 0x3f);
    else if (bytes[0] & 1)
        feed_server(bytes + 1, n_bytes - 1, bytes[0] >> 1);
    return 0;
}
