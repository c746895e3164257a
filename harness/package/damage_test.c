/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each damage of a package does what its name says, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "package/package.h"

#define FIRMWARE_BYTES 1000u

struct stand {
    enum rig_package_version version;
    struct rig_key *key;
    struct rig_package_part good, bad;
    struct rig_init_packet packet; /* of bad, where it decodes */
    enum rig_init_status status;
};

static void make(struct stand *stand, enum rig_package_version version, bool with_key, guint32 validation)
{
    static const guint32 sd_req = 0x100, fw_version = 3;
    guint8 *bytes = g_malloc(FIRMWARE_BYTES);
    g_autoptr(GBytes) firmware = g_bytes_new_take(bytes, FIRMWARE_BYTES);
    struct rig_package_recipe recipe = {
        .version = version,
        .firmware = RIG_DFU_APPLICATION,
        .bytes = firmware,
        .fw_version = &fw_version,
        .hw_version = 52,
        .sd_req = &sd_req,
        .n_sd_req = 1,
        .validation = validation,
    };

    rig_image_fill_payload(1, bytes, FIRMWARE_BYTES);
    *stand = (struct stand){.version = version, .key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL)};
    recipe.key = with_key ? stand->key : NULL;
    assert_true(rig_package_make_part(&recipe, &stand->good, NULL));
    assert_true(rig_package_make_part(&recipe, &stand->bad, NULL));
}

static void clear(struct stand *stand)
{
    rig_package_part_clear(&stand->good);
    rig_package_part_clear(&stand->bad);
    rig_key_free(stand->key);
}

static const guint8 *init_of(const struct rig_package_part *part, gsize *n_bytes)
{
    return g_bytes_get_data(part->init_packet, n_bytes);
}

static void damage(struct stand *stand, const char *kind, const guint32 *at)
{
    GError *error = NULL;
    gsize n_bytes;
    const guint8 *bytes;

    if (!rig_package_damage(&stand->bad, stand->version, kind, at, stand->key, &error))
        fail_msg("%s", error->message);
    bytes = init_of(&stand->bad, &n_bytes);
    stand->status = rig_init_packet_decode(bytes, n_bytes, &stand->packet);
}

/* The packet decodes, is signed by the key as it is now, and the firmware is the same. */
static void expect_signed_again(const struct stand *stand)
{
    gsize n_bytes;
    const guint8 *bytes = init_of(&stand->bad, &n_bytes);

    assert_int_equal(stand->status, RIG_INIT_OK);
    assert_true(rig_init_packet_verify(&stand->packet, bytes, stand->key));
    assert_true(g_bytes_equal(stand->good.bytes, stand->bad.bytes));
    assert_false(g_bytes_equal(stand->good.init_packet, stand->bad.init_packet));
}

static void changes_of_the_packet_are_signed_again(void **state)
{
    static const char *const kinds[] = {"wrong-hash",    "no-hash", "hash-type",      "no-type",
                                        "firmware-type", "no-size", "lie-size",       "no-hardware-version",
                                        "no-fw-version", "op-code", "boot-validation"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct stand stand;

        make(&stand, RIG_PACKAGE_SECURE, true, RIG_INIT_BOOT_CRC);
        damage(&stand, kinds[i], NULL);
        if (!g_str_equal(kinds[i], "op-code"))
            expect_signed_again(&stand);
        clear(&stand);
    }
}

#define EXPECT(kind_name, number, condition)                                                                 \
    do {                                                                                                     \
        struct stand stand;                                                                                  \
        const guint32 its_number = number;                                                                   \
        make(&stand, RIG_PACKAGE_SECURE, true, RIG_INIT_BOOT_ECDSA);                                         \
        damage(&stand, kind_name, its_number ? &its_number : NULL);                                          \
        assert_true(condition);                                                                              \
        clear(&stand);                                                                                       \
    } while (0)

static void each_changes_what_it_names(void **state)
{
    (void)state;
    EXPECT("no-hash", 0, !stand.packet.has_hash);
    EXPECT("hash-type", 0, stand.packet.hash_type == 2);
    EXPECT("hash-type", 4, stand.packet.hash_type == 4);
    EXPECT("no-type", 0, !stand.packet.has_type);
    EXPECT("firmware-type", 0, stand.packet.type == 4);
    EXPECT("no-size", 0, !stand.packet.has_app_size);
    EXPECT("lie-size", 0, stand.packet.app_size == FIRMWARE_BYTES + 4);
    EXPECT("lie-size", 7, stand.packet.app_size == 7);
    EXPECT("no-hardware-version", 0, !stand.packet.has_hw_version);
    EXPECT("no-fw-version", 0, !stand.packet.has_fw_version);
    EXPECT("op-code", 0, stand.packet.op_code == 0);
    EXPECT("boot-validation", 0, stand.packet.boot_validations[0].type == 9);
    EXPECT("boot-validation", 3,
           stand.packet.boot_validations[0].type == 3 && stand.packet.boot_validations[0].n_bytes == 0);
    EXPECT("wrong-boot-validation", 0, stand.packet.boot_validations[0].n_bytes == 64);
    EXPECT("no-signature", 0, !stand.packet.is_signed);
    EXPECT("short-signature", 0, stand.packet.n_signature_bytes == 63);
    EXPECT("signature-type", 0, stand.packet.signature_type == 1);
    EXPECT("both-commands", 0, stand.status == RIG_INIT_FORM);
    EXPECT("no-command", 0, stand.status == RIG_INIT_FORM);
    EXPECT("truncate-init", 30, stand.status == RIG_INIT_MALFORMED);
    EXPECT("pad-init", 0, stand.status == RIG_INIT_OK && g_bytes_get_size(stand.bad.init_packet) == 513);
    EXPECT("truncate", 0, g_bytes_get_size(stand.bad.bytes) == 500);
    EXPECT("truncate", 12, g_bytes_get_size(stand.bad.bytes) == 12);
}

static void a_wrong_signature_and_a_flipped_packet_verify_no_more(void **state)
{
    static const char *const kinds[] = {"wrong-signature", "flip-init"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct stand stand;
        gsize n_bytes;
        const guint8 *bytes;

        make(&stand, RIG_PACKAGE_SECURE, true, RIG_INIT_BOOT_CRC);
        damage(&stand, kinds[i], NULL);
        bytes = init_of(&stand.bad, &n_bytes);
        assert_int_equal(stand.status, RIG_INIT_OK);
        assert_false(rig_init_packet_verify(&stand.packet, bytes, stand.key));
        assert_int_equal(stand.packet.fw_version, i == 1 ? 2 : 3);
        clear(&stand);
    }
}

static void one_bit_of_the_firmware(void **state)
{
    static const guint32 at = 5;
    struct stand stand;
    const guint8 *good, *bad;

    (void)state;
    make(&stand, RIG_PACKAGE_SECURE, true, RIG_INIT_BOOT_CRC);
    damage(&stand, "flip-payload", &at);
    assert_true(g_bytes_equal(stand.good.init_packet, stand.bad.init_packet));
    good = g_bytes_get_data(stand.good.bytes, NULL);
    bad = g_bytes_get_data(stand.bad.bytes, NULL);
    for (guint i = 0; i < FIRMWARE_BYTES; i++)
        assert_int_equal(good[i] ^ bad[i], i == at);
    clear(&stand);
}

static void legacy_packets_lose_their_crc_or_get_another(void **state)
{
    (void)state;
    for (guint version = RIG_PACKAGE_LEGACY_05; version <= RIG_PACKAGE_LEGACY_08; version++) {
        struct stand stand;
        struct rig_legacy_init good, bad;
        gsize n_good, n_bad;
        const guint8 *before, *after;

        make(&stand, (enum rig_package_version)version, true, RIG_INIT_BOOT_CRC);
        damage(&stand, "wrong-hash", NULL);
        before = init_of(&stand.good, &n_good);
        after = init_of(&stand.bad, &n_bad);
        assert_int_equal(n_good, n_bad);
        assert_int_equal(rig_legacy_init_decode(before, n_good, &good), RIG_INIT_OK);
        assert_int_equal(rig_legacy_init_decode(after, n_bad, &bad), RIG_INIT_OK);
        assert_memory_not_equal(good.extended, bad.extended, good.n_extended_bytes);
        damage(&stand, "no-hash", NULL);
        assert_int_equal(g_bytes_get_size(stand.bad.init_packet), 12);
        clear(&stand);
    }
}

static void expect_refused(enum rig_package_version version, bool with_key, const char *kind,
                           const guint32 *at, enum rig_error_code code)
{
    struct stand stand;
    g_autoptr(GError) error = NULL;

    make(&stand, version, with_key, RIG_INIT_BOOT_CRC);
    assert_false(rig_package_damage(&stand.bad, version, kind, at, NULL, &error));
    if (!g_error_matches(error, RIG_ERROR, (int)code))
        fail_msg("%s", error->message);
    assert_true(g_bytes_equal(stand.good.init_packet, stand.bad.init_packet));
    assert_true(g_bytes_equal(stand.good.bytes, stand.bad.bytes));
    clear(&stand);
}

static void what_cannot_be_done_changes_nothing(void **state)
{
    const guint32 far = 100000, none = 0;

    (void)state;
    expect_refused(RIG_PACKAGE_SECURE, true, "flip-tlv", NULL, RIG_ERROR_UNSUPPORTED);
    expect_refused(RIG_PACKAGE_LEGACY_05, true, "no-type", NULL, RIG_ERROR_UNSUPPORTED);
    expect_refused(RIG_PACKAGE_SECURE, true, "wrong-hash", NULL, RIG_ERROR_INPUT); /* no key */
    expect_refused(RIG_PACKAGE_SECURE, false, "no-signature", NULL, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, false, "wrong-signature", NULL, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "wrong-boot-validation", NULL, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "flip-payload", &far, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "flip-init", &far, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "truncate", &far, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "truncate", &none, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "pad-init", &far, RIG_ERROR_INPUT);
    expect_refused(RIG_PACKAGE_SECURE, true, "pad-init", &none, RIG_ERROR_INPUT);
}

static void what_is_so_already_cannot_be_made_so(void **state)
{
    static const char *const kinds[] = {"no-hash", "no-type", "no-size", "no-hardware-version",
                                        "no-fw-version"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct stand stand;
        g_autoptr(GError) error = NULL;

        make(&stand, RIG_PACKAGE_SECURE, true, RIG_INIT_BOOT_CRC);
        damage(&stand, kinds[i], NULL);
        assert_false(rig_package_damage(&stand.bad, stand.version, kinds[i], NULL, stand.key, &error));
        assert_non_null(strstr(error->message, "it is so already"));
        clear(&stand);
    }
}

static void every_kind_is_told(void **state)
{
    gsize n;
    const struct rig_package_damage *damages = rig_package_damages(&n);

    (void)state;
    for (gsize i = 0; i < n; i++) {
        assert_non_null(damages[i].name);
        assert_non_null(damages[i].meaning);
        for (gsize k = 0; k < i; k++)
            assert_string_not_equal(damages[i].name, damages[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_the_packet_are_signed_again),
        cmocka_unit_test(each_changes_what_it_names),
        cmocka_unit_test(a_wrong_signature_and_a_flipped_packet_verify_no_more),
        cmocka_unit_test(one_bit_of_the_firmware),
        cmocka_unit_test(legacy_packets_lose_their_crc_or_get_another),
        cmocka_unit_test(what_cannot_be_done_changes_nothing),
        cmocka_unit_test(what_is_so_already_cannot_be_made_so),
        cmocka_unit_test(every_kind_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
