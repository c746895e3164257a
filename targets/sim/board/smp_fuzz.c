/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile SMP: the first byte chooses between the response decoder, the describer and the server of a small board. */
#include "protocol/smp/smp_server.h"
#include "sim/app/app.h"
#include "sim/board/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void feed_codec(const uint8_t *bytes, size_t n_bytes)
{
    struct rig_smp_response response;
    struct rig_smp_request request;
    char text[200];

    if (rig_smp_decode_response(bytes, n_bytes, &response) == RIG_SMP_OK && response.n_images > RIG_SMP_MAX_IMAGES)
        abort();
    rig_smp_decode_request(bytes, n_bytes, &request);
    rig_smp_error_text(&response.error, text, sizeof text);
    rig_smp_describe(bytes, n_bytes, text, sizeof text);
    if (!memchr(text, '\0', sizeof text))
        abort();
    rig_smp_describe(bytes, n_bytes, text, 1 + n_bytes % 40);
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
    struct sim_board_config config = bench_config(RIG_SWAP_MOVE);
    struct sim_app app = {0};
    struct sim_app_retained retained = {0};
    struct sim_flash *flash = sim_flash_new(config.devices, config.n_devices);
    static const size_t packet_bytes = 384;
    uint8_t answers[RIG_SMP_MAX_MESSAGE_BYTES];

    config.app.smp_buf_count = 4;
    config.app.defects = defects;
    struct sim_server server = {.config = &config.app, .boot = &config.boot, .flash = flash, .app = &app, .retained = &retained};
    for (size_t at = 0; flash && at < n_bytes; at += packet_bytes) {
        size_t n = n_bytes - at < packet_bytes ? n_bytes - at : packet_bytes;

        check_answers(answers, sim_server_input(&server, bytes + at, n, answers, sizeof answers));
    }
    sim_flash_free(flash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes > 4096)
        return 0;
    feed_codec(bytes + 1, n_bytes - 1);
    if (bytes[0] & 1)
        feed_server(bytes + 1, n_bytes - 1, bytes[0] >> 1);
    return 0;
}
