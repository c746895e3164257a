/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "explore/nordic_fixture.h"

#include "base/bytes.h"
#include "image/nordic_image.h"

#include <string.h>

#define BOOTLOADER_BYTES 0x6000u
#define DATA_BYTES 0x3000u

static guint32 or_else(guint32 value, guint32 otherwise)
{
    return value ? value : otherwise;
}

static void poke(struct nordic_board *board, guint32 at, const void *bytes, gsize n_bytes)
{
    if (sim_flash_poke(board->flash, SIM_FLASH_INTERNAL, at, bytes, n_bytes) != SIM_OK)
        g_error("beyond the flash");
}

static guint8 *noise(guint32 n_bytes, guint32 seed)
{
    guint8 *bytes = g_malloc(n_bytes);

    for (guint32 i = 0; i < n_bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (guint8)(seed >> 24);
    }
    rig_nordic_seal(bytes, n_bytes);
    return bytes;
}

static void make_softdevice(guint32 end, guint32 version, guint8 *bytes)
{
    const struct rig_softdevice softdevice = {end, 0x0101, 132, version};

    if (!rig_softdevice_fill(&softdevice, bytes, end - RIG_SOFTDEVICE_AT))
        g_error("no SoftDevice");
}

static struct rig_init_packet init_of(const guint8 *bytes, guint32 n_bytes, enum rig_dfu_firmware firmware,
                                      guint32 n_softdevice)
{
    struct rig_init_packet init = {.has_op_code = true,
                                   .op_code = RIG_INIT_OP_INIT,
                                   .has_fw_version = true,
                                   .fw_version = 2,
                                   .has_hw_version = true,
                                   .hw_version = 52,
                                   .sd_req = {0x0101},
                                   .n_sd_req = 1,
                                   .has_type = true,
                                   .type = firmware,
                                   .has_sd_size = true,
                                   .sd_size = n_softdevice,
                                   .has_bl_size = true,
                                   .has_app_size = true,
                                   .has_hash = true,
                                   .hash_type = RIG_INIT_HASH_SHA256,
                                   .n_hash_bytes = RIG_IMAGE_HASH_BYTES};

    if (firmware == RIG_DFU_APPLICATION)
        init.app_size = n_bytes;
    else if (firmware != RIG_DFU_SOFTDEVICE)
        init.bl_size = n_bytes - n_softdevice;
    if (!rig_init_hash_of(bytes, n_bytes, init.hash))
        g_error("no hash");
    return init;
}

static void make_legacy_init(guint8 *into, gsize *n_into, const guint8 *bytes, guint32 n_bytes)
{
    struct rig_legacy_init init = {.device_type = RIG_LEGACY_ANY_DEVICE,
                                   .device_revision = RIG_LEGACY_ANY_DEVICE,
                                   .application_version = RIG_LEGACY_ANY_VERSION,
                                   .sd_req = {RIG_INIT_SD_ANY},
                                   .n_sd_req = 1,
                                   .n_extended_bytes = 2};

    rig_put_le16(init.extended, rig_legacy_crc16(0xffff, bytes, n_bytes));
    if (rig_legacy_init_encode(&init, into, n_into) != RIG_INIT_OK)
        g_error("no init packet");
}

static void add_part(struct nordic_board *board, enum rig_dfu_firmware firmware, const guint8 *bytes,
                     guint32 n_bytes, guint32 n_softdevice)
{
    struct rig_init_packet init = init_of(bytes, n_bytes, firmware, n_softdevice);
    guint index = board->package.n_parts++;
    struct rig_explore_part *part = &board->package.parts[index];

    n_softdevice = firmware == RIG_DFU_APPLICATION ? 0 : n_softdevice;
    *part = (struct rig_explore_part){.firmware = firmware,
                                      .init_packet = board->init[index],
                                      .bytes = bytes,
                                      .n_bytes = n_bytes,
                                      .softdevice_bytes = n_softdevice};
    if (board->plan.legacy) {
        make_legacy_init(board->init[index], &part->n_init_packet, bytes, n_bytes);
        return;
    }
    if (rig_init_packet_encode(&init, board->plan.foreign_key ? board->foreign_key : board->key,
                               board->init[index], &part->n_init_packet) != RIG_INIT_OK)
        g_error("no init packet");
}

static void make_package(struct nordic_board *board)
{
    enum rig_dfu_firmware firmware = board->plan.firmware;
    guint32 end = or_else(board->plan.new_softdevice, board->plan.softdevice);
    guint32 n_softdevice = firmware == RIG_DFU_BOOTLOADER ? 0 : end - RIG_SOFTDEVICE_AT;

    board->n_softdevice = n_softdevice;
    board->n_system = n_softdevice + (firmware == RIG_DFU_SOFTDEVICE ? 0 : 0x1800);
    board->system = g_malloc0(board->n_system);
    if (n_softdevice)
        make_softdevice(end, 7003000, board->system);
    if (board->n_system > n_softdevice)
        rig_nordic_make_bootloader(2, 2, board->system + n_softdevice, board->n_system - n_softdevice);
    if (firmware != RIG_DFU_APPLICATION)
        add_part(board, firmware, board->system, board->n_system, n_softdevice);
    if (firmware == RIG_DFU_APPLICATION || board->plan.then_application)
        add_part(board, RIG_DFU_APPLICATION, board->fresh, board->plan.new_bytes, 0);
    board->package.bonded = board->plan.bonded;
}

static void put_legacy_settings(struct nordic_board *board)
{
    struct rig_legacy_settings settings = {
        .bank_0 = board->plan.no_application ? RIG_LEGACY_BANK_INVALID : RIG_LEGACY_BANK_APPLICATION,
        .bank_0_crc =
            board->plan.checks_crc ? rig_legacy_crc16(0xffff, board->old, board->plan.old_bytes) : 0,
        .bank_1 = RIG_LEGACY_BANK_ERASED,
        .bank_0_bytes = board->plan.old_bytes,
    };
    guint8 bytes[RIG_LEGACY_SETTINGS_BYTES];

    rig_legacy_settings_encode(&settings, board->legacy.adafruit, bytes);
    poke(board, board->legacy.map.settings_at, bytes, sizeof bytes);
}

static void put_settings(struct nordic_board *board)
{
    guint32 crc = rig_nordic_crc32(0, board->old, board->plan.old_bytes);
    struct rig_nordic_settings settings;
    guint8 page[RIG_NORDIC_SETTINGS_BYTES];

    rig_nordic_settings_generate(&settings, 1, 1, board->plan.old_bytes, crc);
    settings.validations[RIG_NORDIC_APPLICATION].type = RIG_NORDIC_VALIDATE_CRC;
    rig_put_le32(settings.validations[RIG_NORDIC_APPLICATION].bytes, crc);
    if (board->plan.no_application)
        settings.banks[0] = (struct rig_nordic_bank){.code = RIG_NORDIC_BANK_INVALID};
    settings.version = board->secure.sdk == SIM_SECURE_SDK_15 ? 2 : 1;
    rig_nordic_settings_seal(&settings);
    memset(page, 0xff, sizeof page);
    if (board->secure.sdk == SIM_SECURE_SDK_15)
        rig_nordic_settings_encode(&settings, page);
    else
        rig_nordic_settings_encode_1(&settings, page);
    poke(board, board->secure.map.settings_at, page, sizeof page);
    if (board->secure.sdk == SIM_SECURE_SDK_15)
        poke(board, board->secure.map.parameter_page_at, page, sizeof page);
}

static void program(struct nordic_board *board)
{
    const struct sim_nordic_map *map = &board->secure.map;
    guint32 bank_0 = board->plan.softdevice;
    g_autofree guint8 *softdevice = g_malloc0(bank_0 - RIG_SOFTDEVICE_AT);
    g_autofree guint8 *bootloader = g_malloc0(0x1800);
    guint8 word[4];

    rig_put_le32(word, 0x20000400u);
    poke(board, 0, word, sizeof word);
    rig_put_le32(word, map->bootloader_at);
    poke(board, SIM_NORDIC_MBR_BOOTLOADER_AT, word, sizeof word);
    rig_put_le32(word, map->parameter_page_at);
    poke(board, SIM_NORDIC_MBR_PARAMETER_AT, word, sizeof word);
    make_softdevice(bank_0, 7002000, softdevice);
    poke(board, RIG_SOFTDEVICE_AT, softdevice, bank_0 - RIG_SOFTDEVICE_AT);
    rig_nordic_make_bootloader(1, 1, bootloader, 0x1800);
    poke(board, map->bootloader_at, bootloader, 0x1800);
    if (!board->plan.no_application)
        poke(board, bank_0, board->old, board->plan.old_bytes);
    if (board->plan.legacy)
        put_legacy_settings(board);
    else
        put_settings(board);
}

void nordic_board_make(struct nordic_board *board, const struct nordic_plan *plan)
{
    guint32 n_pages = or_else(plan->n_pages, 64);
    guint32 end = n_pages * NORDIC_PAGE;
    const struct sim_nordic_map map = {.page_bytes = NORDIC_PAGE,
                                       .flash_bytes = end,
                                       .bootloader_at = end - 8 * NORDIC_PAGE,
                                       .bootloader_bytes = BOOTLOADER_BYTES,
                                       .settings_at = end - NORDIC_PAGE,
                                       .parameter_page_at = end - 2 * NORDIC_PAGE,
                                       .app_data_bytes = plan->app_data == 1 ? 0 : DATA_BYTES};
    const struct sim_flash_device_config device = {.name = "internal",
                                                   .regions = {{NORDIC_PAGE, n_pages}},
                                                   .n_regions = 1,
                                                   .write_bytes = 4,
                                                   .erased = 0xff};

    *board = (struct nordic_board){.plan = *plan};
    board->plan.old_bytes = or_else(plan->old_bytes, 0x2800);
    board->plan.new_bytes = or_else(plan->new_bytes, 0x3404);
    board->flash = sim_flash_new(&device, 1);
    board->key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    board->foreign_key = rig_key_test(RIG_KEY_ECDSA_P256, 1, NULL);
    if (!board->flash || !board->key || !board->foreign_key)
        g_error("no memory");
    sim_flash_power(board->flash, true);
    board->secure = sim_secure_example(&map);
    board->secure.sdk = plan->is_old_sdk ? plan->sdk : SIM_SECURE_SDK_15;
    board->secure.banks = plan->banks;
    board->secure.saves_progress = plan->saves_progress;
    board->secure.defects = plan->defects;
    board->secure.key = board->key;
    board->plan.softdevice = or_else(plan->softdevice, NORDIC_BANK_0);
    board->legacy = sim_legacy_example(&map);
    board->legacy.single_bank = plan->single_bank;
    board->legacy.adafruit = plan->adafruit;
    board->legacy.invalidates_first = plan->invalidates_first;
    board->legacy.defects = plan->legacy_defects;
    board->old = noise(board->plan.old_bytes, 1);
    board->fresh = noise(board->plan.new_bytes, 2);
    make_package(board);
    program(board);
    board->images[RIG_IMAGE_OLD] = (struct rig_explore_image){
        .name = "old", .bytes = board->old, .n_bytes = board->plan.old_bytes, .verified = true};
    board->images[RIG_IMAGE_NEW] =
        (struct rig_explore_image){.name = "new",
                                   .bytes = board->package.parts[board->package.n_parts - 1].bytes,
                                   .n_bytes = board->package.parts[board->package.n_parts - 1].n_bytes,
                                   .verified = !board->plan.foreign_key};
}

void nordic_board_clear(struct nordic_board *board)
{
    sim_flash_free(board->flash);
    rig_key_free(board->key);
    rig_key_free(board->foreign_key);
    g_free(board->old);
    g_free(board->fresh);
    g_free(board->system);
}

struct rig_subject *nordic_board_subject(struct nordic_board *board)
{
    struct rig_subject *subject = board->plan.legacy
                                      ? rig_subject_legacy(&board->legacy, board->flash, &board->package)
                                      : rig_subject_secure(&board->secure, board->flash, &board->package);

    if (!subject)
        g_error("no memory");
    return subject;
}

struct rig_explore_plan nordic_board_plan(struct nordic_board *board, struct rig_subject *subject)
{
    return (struct rig_explore_plan){
        .subject = subject,
        .images = {board->images[0], board->images[1]},
        .life = {.actions = {RIG_ACTION_UPDATE}, .n_actions = 1},
        .torn_write = true,
        .torn_erase = true,
        .invariants = RIG_ALL_INVARIANTS,
        .max_boots = 1,
        .n_workers = 1,
    };
}

struct rig_exploration *nordic_board_explore(struct nordic_board *board)
{
    g_autoptr(rig_subject) subject = nordic_board_subject(board);
    struct rig_explore_plan plan = nordic_board_plan(board, subject);

    plan.max_bytes = (gsize)1 << 30;
    return rig_explore(&plan);
}

guint32 nordic_broken(const struct rig_exploration *seen)
{
    guint32 broken = 0;

    for (guint i = 0; i < seen->findings->len; i++)
        broken |= 1u << ((const struct rig_finding *)g_ptr_array_index(seen->findings, i))->invariant;
    return broken;
}

static void show(const char *name, const struct rig_exploration *seen)
{
    g_print("%s: %u contents, %" G_GUINT64_FORMAT " nodes, %" G_GUINT64_FORMAT " edges, %.1f ms, %s\n", name,
            seen->n_contents, seen->n_nodes, seen->n_edges, (double)seen->elapsed_us / 1e3,
            seen->closed    ? "closed"
            : seen->trouble ? seen->trouble
                            : seen->why_open);
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        g_print("  %s after %u, cuts=%s: %s; %s\n", rig_invariant_name(finding->invariant), finding->n_cuts,
                finding->path, finding->complaint, finding->cause);
    }
}

static bool is_as_said(const struct nordic_row *row)
{
    struct nordic_board board;
    bool closes = row->plan.max_contents == 0;
    bool as_said;

    nordic_board_make(&board, &row->plan);
    g_autoptr(rig_subject) subject = nordic_board_subject(&board);
    struct rig_explore_plan plan = nordic_board_plan(&board, subject);

    plan.max_contents = row->plan.max_contents;
    g_autoptr(rig_exploration) seen = rig_explore(&plan);
    as_said = nordic_broken(seen) == row->broken && !seen->trouble && seen->closed == closes;
    if (!as_said)
        show(row->name, seen);
    nordic_board_clear(&board);
    return as_said;
}

guint nordic_rows_differ(const struct nordic_row *rows, gsize n_rows)
{
    guint n = 0;

    for (gsize i = 0; i < n_rows; i++)
        n += !is_as_said(&rows[i]);
    return n;
}

const struct rig_finding *nordic_first_of(const struct rig_exploration *seen, enum rig_invariant invariant)
{
    for (guint i = 0; i < seen->findings->len; i++) {
        const struct rig_finding *finding = g_ptr_array_index(seen->findings, i);

        if (finding->invariant == invariant)
            return finding;
    }
    return NULL;
}

static bool are_alike(const struct rig_exploration *full, const struct rig_exploration *settled)
{
    bool alike = full->closed && settled->closed && full->n_nodes > settled->n_nodes &&
                 nordic_broken(full) == nordic_broken(settled);

    for (guint i = 0; alike && i < RIG_N_INVARIANTS; i++)
        if (nordic_broken(full) >> i & 1)
            alike = g_str_equal(nordic_first_of(full, (enum rig_invariant)i)->path,
                                nordic_first_of(settled, (enum rig_invariant)i)->path);
    return alike;
}

bool nordic_dead_decides_nothing(const struct nordic_plan *plan)
{
    struct rig_subject_ops all; /* lives longer than the subject */
    struct nordic_board board;
    bool alike;

    nordic_board_make(&board, plan);
    g_autoptr(rig_subject) subject = nordic_board_subject(&board);
    struct rig_explore_plan explored = nordic_board_plan(&board, subject);
    g_autoptr(rig_exploration) settled = rig_explore(&explored);

    all = *subject->ops;
    all.dead = NULL;
    subject->ops = &all;
    g_autoptr(rig_exploration) full = rig_explore(&explored);
    alike = are_alike(full, settled);
    if (!alike) {
        show("settled", settled);
        show("in full", full);
    }
    nordic_board_clear(&board);
    return alike;
}
