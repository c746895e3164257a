/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted images: the flash operations of each mode, swaps that are cut, and what lies outside of primary.
 */
#include "sim/firmware/mcuboot/boot/boot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define KIND RIG_ENCRYPT_ECIES_P256
#define OLD_BYTES 5200u
#define NEW_BYTES 9000u

/* `old` and `fresh` of the board are the images as they are uploaded. */
struct crypt_board {
    struct board board;
    struct rig_encrypt_key *key, *stranger;
    struct rig_bytes old_clear, fresh_clear;
    uint64_t hash; /* of all operations */
    uint64_t n_operations;
    bool plain_outside;
};

static struct rig_bytes encrypted(const struct crypt_board *crypt, uint8_t major, uint32_t n_bytes,
                                  const struct rig_encrypt_key *key, bool clear)
{
    static uint8_t payload[NEW_BYTES];
    static const uint8_t seeds[2][RIG_ENCRYPT_SEED_BYTES] = {{1}, {2}};
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = n_bytes,
                                      .version = {.major = major},
                                      .key = crypt->board.key,
                                      .erased = 0xff,
                                      .encrypt_to = key,
                                      .clear = clear,
                                      .encrypt_seed = seeds[major % 2]};
    struct rig_bytes image;

    rig_image_fill_payload(major, payload, n_bytes);
    assert_int_equal(rig_image_build(&recipe, &image), RIG_IMAGE_OK);
    return image;
}

static void replace(struct rig_bytes *bytes, struct rig_bytes by)
{
    rig_bytes_clear(bytes);
    *bytes = by;
}

static void make(struct crypt_board *crypt, enum rig_swap_mode mode, bool save_enctlv)
{
    struct sim_boot_config *config = &crypt->board.config;

    memset(crypt, 0, sizeof *crypt);
    board_make(&crypt->board, &(struct board_plan){.mode = mode, .n_primary = 8});
    crypt->key = rig_encrypt_key_test(KIND, 128, 0, NULL);
    crypt->stranger = rig_encrypt_key_test(KIND, 128, 1, NULL);
    assert_true(crypt->key && crypt->stranger);
    config->encryption = KIND;
    config->aes_bits = 128;
    config->encryption_key = crypt->key;
    config->save_enctlv = save_enctlv;
    config->key_bytes = save_enctlv ? rig_encrypt_tlv_bytes(KIND, 128) : 16;
    replace(&crypt->board.old, encrypted(crypt, 1, OLD_BYTES, crypt->key, false));
    replace(&crypt->board.fresh, encrypted(crypt, 2, NEW_BYTES, crypt->key, false));
    crypt->old_clear = encrypted(crypt, 1, OLD_BYTES, crypt->key, true);
    crypt->fresh_clear = encrypted(crypt, 2, NEW_BYTES, crypt->key, true);
}

static void clear(struct crypt_board *crypt)
{
    rig_bytes_clear(&crypt->old_clear);
    rig_bytes_clear(&crypt->fresh_clear);
    rig_encrypt_key_free(crypt->key);
    rig_encrypt_key_free(crypt->stranger);
    board_clear(&crypt->board);
}

static void stage(struct crypt_board *crypt)
{
    board_put_primary(&crypt->board, 0, &crypt->old_clear);
    board_put_secondary(&crypt->board, 0, &crypt->board.fresh);
    assert_int_equal(sim_boot_set_pending(&crypt->board.config, crypt->board.flash, 0, false), SIM_OK);
}

static void add(struct crypt_board *crypt, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        crypt->hash = (crypt->hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

/* A block of a payload that runs, written anywhere but into primary. */
static bool has_plain(const struct rig_bytes *image, const struct sim_flash_operation *operation)
{
    for (size_t at = 32; at + 16 <= 32 + OLD_BYTES; at += 16)
        for (size_t i = 0; i + 16 <= operation->n_bytes; i += 4)
            if (memcmp(image->bytes + at, operation->bytes + i, 16) == 0)
                return true;
    return false;
}

static void note(void *user, const struct sim_flash_operation *operation)
{
    struct crypt_board *crypt = user;
    const struct sim_area *primary = &crypt->board.config.primary[0];
    const uint32_t numbers[] = {operation->kind, operation->offset, operation->n_bytes};
    bool inside =
        operation->offset >= primary->offset && operation->offset - primary->offset < primary->n_bytes;

    crypt->n_operations++;
    add(crypt, numbers, sizeof numbers);
    if (operation->kind != SIM_FLASH_WRITE)
        return;
    add(crypt, operation->bytes, operation->n_bytes);
    crypt->plain_outside =
        crypt->plain_outside ||
        (!inside && (has_plain(&crypt->old_clear, operation) || has_plain(&crypt->fresh_clear, operation)));
}

static void boot_noted(struct crypt_board *crypt, enum sim_boot_outcome expected)
{
    crypt->hash = 0xcbf29ce484222325u;
    crypt->n_operations = 0;
    sim_flash_observe(crypt->board.flash, note, crypt);
    (void)board_boot_counted(&crypt->board, expected);
    sim_flash_observe(crypt->board.flash, NULL, NULL);
}

/* Numbers and bytes are those of upstream's C, built with MCUBOOT_ENCRYPT_EC256 and played on the same flash.
 */
static void the_operations_of_each_mode_are_upstreams(void **state)
{
    static const struct {
        enum rig_swap_mode mode;
        bool save_enctlv;
        uint64_t n_upgrade, upgrade, n_revert, revert;
    } modes[] = {
        {RIG_SWAP_MOVE, false, 62, 0xa67b11ed2ccfa8c4, 67, 0x612d85195b521b22},
        {RIG_SWAP_MOVE, true, 62, 0x762774337fb68d76, 67, 0x4b80431a21dfbb88},
        {RIG_SWAP_SCRATCH, false, 68, 0x8cc0d1acd53abf7, 69, 0xe2bc8f63744e74c1},
        {RIG_SWAP_SCRATCH, true, 68, 0xa7419afd51cc309f, 69, 0xa5ade27438bd62dd},
        {RIG_SWAP_OFFSET, false, 45, 0x5ec6c18895a83d2d, 56, 0x33df1fb1925f52d3},
        {RIG_SWAP_OFFSET, true, 45, 0x60442461236c06fc, 56, 0x9f022da9fab5c283},
        {RIG_SWAP_OVERWRITE, false, 42, 0xafb3e29dbee4d634, 0, 0xcbf29ce484222325},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct crypt_board crypt;
        uint64_t n_upgrade, upgrade;

        make(&crypt, modes[i].mode, modes[i].save_enctlv);
        stage(&crypt);
        boot_noted(&crypt, SIM_BOOT_RUNS);
        n_upgrade = crypt.n_operations;
        upgrade = crypt.hash;
        assert_true(board_runs(&crypt.board, &crypt.fresh_clear));
        boot_noted(&crypt, SIM_BOOT_RUNS);
        if (upgrade != modes[i].upgrade || crypt.hash != modes[i].revert || n_upgrade != modes[i].n_upgrade ||
            crypt.n_operations != modes[i].n_revert)
            fail_msg("mode %d, save_enctlv %d: %u, 0x%llx, %u, 0x%llx", modes[i].mode, modes[i].save_enctlv,
                     (unsigned)n_upgrade, (unsigned long long)upgrade, (unsigned)crypt.n_operations,
                     (unsigned long long)crypt.hash);
        assert_false(crypt.plain_outside);
        if (modes[i].mode != RIG_SWAP_OVERWRITE)
            assert_true(board_runs(&crypt.board, &crypt.old_clear));
        clear(&crypt);
    }
}

static void a_swap_that_is_cut_goes_on_with_the_keys_of_its_trailer(void **state)
{
    static const enum rig_swap_mode modes[] = {RIG_SWAP_MOVE, RIG_SWAP_SCRATCH, RIG_SWAP_OFFSET};

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct crypt_board crypt;
        uint64_t n_operations;

        make(&crypt, modes[i / 2], i % 2);
        stage(&crypt);
        struct sim_flash_content *staged = sim_flash_keep(crypt.board.flash);
        n_operations = board_boot_counted(&crypt.board, SIM_BOOT_RUNS);
        for (uint64_t at = 0; at + 1 < n_operations; at++) { /* the last one ends the swap */
            sim_flash_restore(crypt.board.flash, staged);
            sim_flash_arm_cut(crypt.board.flash, at, at % 2 ? SIM_CUT_HALF : SIM_CUT_BEFORE);
            (void)board_boot(&crypt.board);
            sim_flash_disarm_cut(crypt.board.flash);
            boot_noted(&crypt, SIM_BOOT_RUNS);
            assert_true(board_runs(&crypt.board, &crypt.fresh_clear));
            assert_true(board_holds(&crypt.board, &crypt.board.config.secondary[0], &crypt.board.old));
            assert_false(crypt.plain_outside);
        }
        sim_flash_content_free(staged);
        clear(&crypt);
    }
}

static void a_running_image_for_another_key_stops_the_swap(void **state)
{
    struct crypt_board crypt;

    (void)state;
    make(&crypt, RIG_SWAP_MOVE, false);
    replace(&crypt.old_clear, encrypted(&crypt, 1, OLD_BYTES, crypt.stranger, true));
    stage(&crypt);
    boot_noted(&crypt, SIM_BOOT_ASSERT);
    assert_int_equal(crypt.n_operations, 0);
    assert_non_null(strstr(crypt.board.result.assertion, "the key of the primary image cannot be loaded"));
    clear(&crypt);
}

static void a_pending_image_for_another_key_is_refused_and_says_why(void **state)
{
    struct crypt_board crypt;

    (void)state;
    make(&crypt, RIG_SWAP_SCRATCH, false);
    replace(&crypt.board.fresh, encrypted(&crypt, 2, NEW_BYTES, crypt.stranger, false));
    stage(&crypt);
    boot_noted(&crypt, SIM_BOOT_RUNS);
    assert_int_equal(crypt.board.result.secondary[0], RIG_IMAGE_BAD_ENCRYPTION_KEY);
    assert_true(board_runs(&crypt.board, &crypt.old_clear));
    clear(&crypt);
}

static void one_memo_serves_boards_with_different_keys(void **state)
{
    struct crypt_board one, other;
    struct sim_boot_memo *own;

    (void)state;
    make(&one, RIG_SWAP_MOVE, false);
    make(&other, RIG_SWAP_MOVE, false);
    own = other.board.config.memo;
    other.board.config.memo = one.board.config.memo;
    other.board.config.encryption_key = other.stranger;
    stage(&one);
    boot_noted(&one, SIM_BOOT_RUNS);
    assert_true(board_runs(&one.board, &one.fresh_clear));
    stage(&other);
    boot_noted(&other, SIM_BOOT_RUNS);
    assert_int_equal(other.board.result.secondary[0], RIG_IMAGE_BAD_ENCRYPTION_KEY);
    other.board.config.memo = own;
    clear(&one);
    clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operations_of_each_mode_are_upstreams),
        cmocka_unit_test(a_swap_that_is_cut_goes_on_with_the_keys_of_its_trailer),
        cmocka_unit_test(a_running_image_for_another_key_stops_the_swap),
        cmocka_unit_test(a_pending_image_for_another_key_is_refused_and_says_why),
        cmocka_unit_test(one_memo_serves_boards_with_different_keys),
    };
    return cmocka_run_group_tests_name("boot_crypt", tests, NULL, NULL);
}
