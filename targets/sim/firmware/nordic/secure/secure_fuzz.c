/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hostile client against the secure bootloader, and settings pages of any contents: a script of requests,
 * packets, lost links, time, cuts and resets. Whatever comes: it ends, and unless the settings were spoilt,
 * the bootloader is whole afterwards. */
#include "sim/firmware/nordic/secure/secure.h"

#include "base/bytes.h"
#include "image/nordic_image.h"
#include "protocol/nordic/dfu.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

#define BANK_0 0x6000u
#define OLD_BYTES 0x1400u
#define APP_DATA 0x1d000u
#define BOOTLOADER 0x20000u
#define BOOTLOADER_BYTES 0x1000u
#define PARAMETER_PAGE 0x22000u
#define SETTINGS 0x23000u
#define MAX_ACTS 400

struct board {
    struct sim_flash *flash;
    struct sim_secure_config config;
    struct sim_secure_state state;
    struct sim_secure_start start;
    struct sim_nordic_retained retained;
    uint8_t bootloader[BOOTLOADER_BYTES];
    const uint8_t *at;
    size_t n_left;
    uint64_t now_us;
    bool is_spoilt; /* settings of any contents may let anything be copied anywhere */
};

static uint8_t next(struct board *board)
{
    if (board->n_left == 0)
        return 0;
    board->n_left--;
    return *board->at++;
}

static void poke(struct board *board, uint32_t at, const void *bytes, size_t n_bytes)
{
    if (sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes) != SIM_OK)
        abort();
}

static void put_settings(struct board *board)
{
    uint8_t old[OLD_BYTES], page[RIG_NORDIC_SETTINGS_BYTES];
    struct rig_nordic_settings settings;
    memset(old, 0x33, sizeof old);
    poke(board, BANK_0, old, sizeof old);
    rig_nordic_settings_generate(&settings, 1, 1, sizeof old, rig_nordic_crc32(0, old, sizeof old));
    memset(page, 0xff, sizeof page);
    if (board->config.sdk < SIM_SECURE_SDK_15) {
        settings.version = 1;
        rig_nordic_settings_seal(&settings);
        rig_nordic_settings_encode_1(&settings, page);
    } else {
        rig_nordic_settings_encode(&settings, page);
    }
    poke(board, SETTINGS, page, sizeof page);
    poke(board, PARAMETER_PAGE, page, sizeof page);
}

static bool make(struct board *board, uint8_t options)
{
    static const struct sim_flash_device_config device = {
        .name = "internal", .regions = {{0x1000, 36}}, .n_regions = 1, .write_bytes = 4, .erased = 0xff};
    static const struct sim_nordic_map map = {.page_bytes = 0x1000,
                                              .flash_bytes = 0x24000,
                                              .bootloader_at = BOOTLOADER,
                                              .bootloader_bytes = 0x2000,
                                              .settings_at = SETTINGS,
                                              .parameter_page_at = PARAMETER_PAGE,
                                              .app_data_bytes = BOOTLOADER - APP_DATA};
    static const struct rig_softdevice softdevice = {BANK_0, 0x101, 132, 7002000};
    uint8_t filler[0x2400];
    board->flash = sim_flash_new(&device, 1);
    if (board->flash == NULL)
        return false;
    board->config = sim_secure_example(&map);
    board->config.accepts_unsigned = true;
    board->config.sdk = (enum sim_secure_sdk)(options % 3);
    board->config.banks = (enum sim_secure_banks)(options / 4 % 3);
    board->config.saves_progress = (options & 0x10) != 0;
    board->config.debug = (options & 0x20) != 0;
    board->config.full_protocol = (options & 0x40) != 0;
    board->config.requires_bonds = (options & 0x80) != 0;
    sim_flash_power(board->flash, true);
    if (!rig_softdevice_fill(&softdevice, filler, sizeof filler))
        return false;
    poke(board, RIG_SOFTDEVICE_AT, filler, sizeof filler);
    rig_nordic_make_bootloader(1, 1, board->bootloader, sizeof board->bootloader);
    poke(board, BOOTLOADER, board->bootloader, sizeof board->bootloader);
    put_settings(board);
    return true;
}

static void empty_outbox(struct board *board)
{
    struct sim_secure_wish wish;
    while (sim_secure_next(&board->state, &wish))
        if (wish.kind == SIM_SECURE_SEND && (wish.n_bytes < 3 || wish.n_bytes > RIG_DFU_MAX_RESPONSE_BYTES ||
                                             wish.bytes[0] != RIG_DFU_RESPONSE))
            abort();
}

static void boot(struct board *board)
{
    sim_flash_power(board->flash, true);
    for (int i = 0; i < 6; i++) {
        sim_secure_boot(&board->config, board->flash, &board->retained, board->now_us, &board->state,
                        &board->start);
        if (board->start.outcome == SIM_SECURE_DEAD && !board->is_spoilt)
            abort();
        if (board->start.outcome != SIM_SECURE_RESET)
            break;
    }
    if (board->start.outcome != SIM_SECURE_UPDATER)
        memset(&board->state, 0, sizeof board->state);
    board->state.stopped = board->start.outcome != SIM_SECURE_UPDATER;
}

static void send(struct board *board, bool to_control, const uint8_t *bytes, size_t n_bytes)
{
    if (to_control)
        sim_secure_control(&board->config, &board->state, board->flash, bytes, n_bytes, board->now_us);
    else
        sim_secure_packet(&board->config, &board->state, board->flash, bytes, n_bytes, board->now_us);
}

static void send_own(struct board *board, bool to_control)
{
    size_t n_bytes = next(board);
    n_bytes = n_bytes < board->n_left ? n_bytes : board->n_left;
    send(board, to_control, board->at, n_bytes);
    board->at += n_bytes;
    board->n_left -= n_bytes;
}

/* An unsigned packet that is accepted, for whatever is sent with `what`. */
static void send_good_init(struct board *board, uint8_t what)
{
    uint8_t bytes[RIG_INIT_PACKET_MAX_BYTES], create[6] = {RIG_DFU_CREATE, RIG_DFU_COMMAND_OBJECT};
    static const uint8_t execute = RIG_DFU_EXECUTE;
    size_t n_bytes;
    uint8_t image[256] = {0};
    struct rig_init_packet init = {.has_op_code = true,
                                   .op_code = RIG_INIT_OP_INIT,
                                   .has_fw_version = true,
                                   .fw_version = 5,
                                   .has_hw_version = true,
                                   .hw_version = 52,
                                   .sd_req = {0x101},
                                   .n_sd_req = 1,
                                   .has_type = true,
                                   .has_app_size = true,
                                   .app_size = 4u + what,
                                   .has_hash = true,
                                   .hash_type = RIG_INIT_HASH_SHA256,
                                   .n_hash_bytes = RIG_IMAGE_HASH_BYTES};
    memset(image, what, sizeof image);
    if (!rig_init_hash_of(image, init.app_size < sizeof image ? init.app_size : sizeof image, init.hash) ||
        rig_init_packet_encode(&init, NULL, bytes, &n_bytes) != RIG_INIT_OK)
        abort();
    rig_put_le32(create + 2, (uint32_t)n_bytes);
    send(board, true, create, sizeof create);
    send(board, false, bytes, n_bytes);
    send(board, true, &execute, 1);
}

static void send_good_image(struct board *board, uint8_t what)
{
    uint8_t image[256], create[6] = {RIG_DFU_CREATE, RIG_DFU_DATA_OBJECT};
    static const uint8_t execute = RIG_DFU_EXECUTE;
    size_t n_bytes = 4u + what < SIM_SECURE_MAX_PACKET_BYTES ? 4u + what : SIM_SECURE_MAX_PACKET_BYTES;
    memset(image, what, sizeof image);
    rig_put_le32(create + 2, (uint32_t)n_bytes);
    send(board, true, create, sizeof create);
    send(board, false, image, n_bytes);
    send(board, true, &execute, 1);
}

static void spoil_page(struct board *board)
{
    uint8_t which = next(board), n_bytes = next(board);
    uint32_t at = (which & 1 ? SETTINGS : PARAMETER_PAGE) + (uint32_t)(which >> 1) * 8;
    uint8_t bytes[255] = {0}, page[RIG_NORDIC_SETTINGS_BYTES];
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = next(board);
    board->is_spoilt = true;
    poke(board, at, bytes, n_bytes);
    if (which < 0x80)
        return;
    struct rig_nordic_settings settings;
    if (sim_flash_peek(board->flash, SIM_FLASH_INTERNAL, SETTINGS, page, sizeof page) != SIM_OK)
        abort();
    rig_nordic_settings_decode(page, &settings);
    rig_nordic_settings_seal(&settings);
    rig_nordic_settings_encode(&settings, page);
    poke(board, SETTINGS, page, sizeof page);
}

static void one_act(struct board *board)
{
    uint8_t act = next(board);
    switch (act % 10) {
    case 0:
        send_own(board, true);
        break;
    case 1:
        send_own(board, false);
        break;
    case 2:
        send_good_init(board, next(board));
        break;
    case 3:
        send_good_image(board, next(board));
        break;
    case 4:
        sim_secure_linked(&board->config, &board->state, board->flash, (act & 0x80) != 0);
        break;
    case 5:
        (void)sim_secure_due(&board->config, &board->state, board->flash,
                             board->now_us += (uint64_t)next(board) * 1000000);
        break;
    case 6:
        sim_secure_drain(&board->config, &board->state, board->flash);
        break;
    case 7:
        board->retained.gpregret = next(board);
        boot(board);
        break;
    case 8:
        sim_flash_arm_cut(board->flash, next(board), (enum sim_cut_form)(act / 10 % 3));
        break;
    default:
        spoil_page(board);
        break;
    }
    empty_outbox(board);
}

static void check(struct board *board)
{
    uint8_t bytes[BOOTLOADER_BYTES];
    sim_flash_disarm_cut(board->flash);
    sim_secure_drain(&board->config, &board->state, board->flash);
    boot(board);
    if (sim_flash_peek(board->flash, SIM_FLASH_INTERNAL, BOOTLOADER, bytes, sizeof bytes) != SIM_OK)
        abort();
    bool is_whole = memcmp(bytes, board->bootloader, sizeof bytes) == 0;
    if (!is_whole && !board->is_spoilt && board->config.sdk != SIM_SECURE_SDK_12)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct board *board = calloc(1, sizeof *board);
    if (board == NULL)
        return 0;
    board->at = bytes;
    board->n_left = n_bytes;
    board->retained.gpregret = SIM_NORDIC_GPREGRET_DFU;
    if (make(board, next(board))) {
        boot(board);
        sim_secure_linked(&board->config, &board->state, board->flash, true);
        for (int i = 0; i < MAX_ACTS && board->n_left > 0; i++)
            one_act(board);
        check(board);
    }
    sim_flash_free(board->flash);
    free(board);
    return 0;
}
