/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images of a scenario on boards with Nordic's bootloaders: packages, their defaults, what a board has not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <glib/gstdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "image/init_packet.h"
#include "image/softdevice.h"
#include "package/package.h"
#include "steps/image_store.h"
#include "steps/stage.h"
#include "steps/verbs.h"

static GBytes *make_payload(const struct rig_board *board, const struct rig_payload_plan *plan, gsize n_bytes,
                            GError **error)
{
    guint8 *bytes = g_malloc(n_bytes);

    (void)board;
    (void)error;
    rig_image_fill_payload(plan->seed, bytes, n_bytes);
    return g_bytes_new_take(bytes, n_bytes);
}

static const struct rig_board_application application = {.make_payload = make_payload};

static struct rig_board board_of(enum rig_bootloader_family family)
{
    bool secure = family == RIG_BOOTLOADER_NORDIC_SECURE;

    return (struct rig_board){
        .application = &application,
        .layout = {.family = family,
                   .signing_needed = secure,
                   .signing = RIG_KEY_ECDSA_P256,
                   .nordic = {.bank_0 = 0x27000,
                              .softdevice_bytes = 0x27000,
                              .softdevice_id = 0x100,
                              .softdevice_version = 7002000,
                              .hardware_version = 52}},
    };
}

/* An image named `it` as a scenario says it; NULL with *error when it cannot be. */
struct stand {
    struct rig_scenario *scenario;
    struct rig_image_store *store;
    struct rig_board board;
    const struct rig_built_image *image;
    GError *error;
};

static void build(struct stand *stand, enum rig_bootloader_family family, const char *plan)
{
    g_autofree char *text =
        g_strdup_printf("scenario: packages\nimages:\n  it: %s\nsteps:\n  - expect-boot: it\n", plan);
    struct rig_diagnostics diagnostics;

    rig_diagnostics_init(&diagnostics);
    *stand = (struct stand){.store = rig_image_store_new(), .board = board_of(family)};
    stand->scenario =
        rig_scenario_from_source(rig_source_from_text("packages.yaml", text), rig_language(), &diagnostics);
    if (!stand->scenario)
        fail_msg("%s", rig_diagnostics_format(&diagnostics, false));
    rig_diagnostics_clear(&diagnostics);
    stand->image = rig_image_store_get(stand->store, g_ptr_array_index(stand->scenario->cases, 0), "it",
                                       &stand->board, &stand->error);
}

static void clear(struct stand *stand)
{
    rig_image_store_free(stand->store);
    rig_scenario_free(stand->scenario);
    g_clear_error(&stand->error);
}

static struct rig_init_packet packet_of(const struct rig_update_part *part, const guint8 **bytes)
{
    struct rig_init_packet packet;
    gsize n_bytes;

    *bytes = g_bytes_get_data(part->init_packet, &n_bytes);
    assert_int_equal(rig_init_packet_decode(*bytes, n_bytes, &packet), RIG_INIT_OK);
    return packet;
}

static void an_application_is_signed_for_the_board_and_known_by_its_bytes(void **state)
{
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    struct stand stand;
    struct rig_init_packet packet;
    const guint8 *bytes;
    guint8 hash[RIG_IMAGE_HASH_BYTES];

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{version: 1.2.3, size: 1508B}");
    assert_non_null(stand.image);
    assert_int_equal(stand.image->n_parts, 1);
    assert_int_equal(stand.image->parts[0].firmware, RIG_DFU_APPLICATION);
    assert_int_equal(g_bytes_get_size(stand.image->parts[0].bytes), 1508);
    assert_true(g_bytes_equal(stand.image->file, stand.image->parts[0].bytes));
    packet = packet_of(&stand.image->parts[0], &bytes);
    assert_true(rig_init_packet_verify(&packet, bytes, key));
    assert_int_equal(packet.fw_version, 1002003);
    assert_int_equal(packet.hw_version, 52);
    assert_int_equal(packet.n_sd_req, 1);
    assert_int_equal(packet.sd_req[0], 0x100);
    assert_int_equal(packet.app_size, 1508);
    assert_int_equal(packet.n_boot_validations, 1);
    assert_int_equal(packet.boot_validations[0].type, RIG_INIT_BOOT_CRC);
    for (guint i = 0; i < RIG_IMAGE_HASH_BYTES; i++)
        hash[i] = packet.hash[RIG_IMAGE_HASH_BYTES - 1 - i];
    assert_memory_equal(stand.image->hash, hash, sizeof hash);
    assert_string_equal(stand.image->version_text, "1.2.3");
    clear(&stand);
    rig_key_free(key);
}

static void what_is_written_stands_in_the_packet(void **state)
{
    struct rig_key *stranger = rig_key_test(RIG_KEY_ECDSA_P256, 1, NULL);
    struct stand stand;
    struct rig_init_packet packet;
    const guint8 *bytes;

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE,
          "{fw-version: 7, hardware-version: 51, sd-req: [0xb6, 0xcafe], debug: true, key: stranger, "
          "boot-validation: ecdsa, size: 1KiB}");
    assert_non_null(stand.image);
    packet = packet_of(&stand.image->parts[0], &bytes);
    assert_int_equal(packet.fw_version, 7);
    assert_int_equal(packet.hw_version, 51);
    assert_int_equal(packet.n_sd_req, 2);
    assert_int_equal(packet.sd_req[1], 0xcafe);
    assert_true(packet.is_debug);
    assert_true(rig_init_packet_verify(&packet, bytes, stranger));
    assert_int_equal(packet.boot_validations[0].type, RIG_INIT_BOOT_ECDSA);
    assert_true(rig_init_signature_matches(stranger, g_bytes_get_data(stand.image->file, NULL), 1024,
                                           packet.boot_validations[0].bytes));
    clear(&stand);
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{sign: none, sd-req: []}");
    packet = packet_of(&stand.image->parts[0], &bytes);
    assert_false(packet.is_signed);
    assert_int_equal(packet.n_sd_req, 0);
    clear(&stand);
    rig_key_free(stranger);
}

static void all_is_two_updates_and_the_application_needs_the_new_softdevice(void **state)
{
    struct stand stand;
    struct rig_init_packet packet;
    struct rig_softdevice softdevice;
    const guint8 *bytes;

    (void)state;
    build(
        &stand, RIG_BOOTLOADER_NORDIC_SECURE,
        "{version: 2.0.0, type: all, softdevice: s140-7.0.1, softdevice-size: 16KiB, bootloader-size: 4KiB}");
    assert_non_null(stand.image);
    assert_int_equal(stand.image->n_parts, 2);
    packet = packet_of(&stand.image->parts[0], &bytes);
    assert_int_equal(packet.type, RIG_DFU_SOFTDEVICE_BOOTLOADER);
    assert_int_equal(packet.sd_size, 16384);
    assert_int_equal(packet.bl_size, 4096);
    assert_int_equal(packet.fw_version, 2000000);
    assert_int_equal(packet.sd_req[0], 0x100);
    assert_int_equal(packet.n_boot_validations, 2);
    assert_true(rig_softdevice_decode((const guint8 *)g_bytes_get_data(stand.image->parts[0].bytes, NULL) +
                                          RIG_SOFTDEVICE_INFO_AT,
                                      &softdevice));
    assert_int_equal(softdevice.firmware_id, 0xca);
    packet = packet_of(&stand.image->parts[1], &bytes);
    assert_int_equal(packet.type, RIG_DFU_APPLICATION);
    assert_int_equal(packet.sd_req[0], 0xca);
    assert_true(g_bytes_equal(stand.image->file, stand.image->parts[1].bytes));
    clear(&stand);
}

static void a_softdevice_alone_has_no_version_of_its_own_and_is_signed_in_any_case(void **state)
{
    struct stand stand;
    struct rig_init_packet packet;
    const guint8 *bytes;

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{type: softdevice}");
    assert_non_null(stand.image);
    packet = packet_of(&stand.image->parts[0], &bytes);
    assert_int_equal(packet.fw_version, G_MAXUINT32);
    assert_int_equal(packet.sd_size, 0x25634);
    clear(&stand);
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{type: softdevice, softdevice-size: 8KiB}");
    assert_null(stand.image);
    assert_true(g_error_matches(stand.error, RIG_ERROR, RIG_ERROR_INPUT));
    clear(&stand);
}

static void a_legacy_package_carries_a_crc(void **state)
{
    struct stand stand;
    struct rig_legacy_init init;
    gsize n_bytes;
    const guint8 *bytes;

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_LEGACY, "{version: 1.0.1, size: 1KiB, device-type: 4}");
    assert_non_null(stand.image);
    bytes = g_bytes_get_data(stand.image->parts[0].init_packet, &n_bytes);
    assert_int_equal(rig_legacy_init_decode(bytes, n_bytes, &init), RIG_INIT_OK);
    assert_int_equal(init.device_type, 4);
    assert_int_equal(init.device_revision, 0xffff);
    assert_int_equal(init.application_version, 1000001);
    assert_int_equal(init.sd_req[0], 0x100);
    assert_int_equal(init.n_extended_bytes, 2);
    assert_int_equal(rig_get_le16(init.extended),
                     rig_legacy_crc16(0xffff, g_bytes_get_data(stand.image->file, NULL), 1024));
    clear(&stand);
}

static void legacy_packages_have_the_form_of_their_version(void **state)
{
    static const struct {
        const char *plan;
        gsize n_extended_bytes;
    } rows[] = {
        {"{package: 0.5}", 2}, {"{package: 0.6}", 6}, {"{package: 0.7}", 40}, {"{package: 0.8}", 104}};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct stand stand;
        struct rig_legacy_init init;
        gsize n_bytes;
        const guint8 *bytes;

        build(&stand, RIG_BOOTLOADER_NORDIC_LEGACY, rows[i].plan);
        if (!stand.image)
            fail_msg("%s", stand.error->message);
        bytes = g_bytes_get_data(stand.image->parts[0].init_packet, &n_bytes);
        assert_int_equal(rig_legacy_init_decode(bytes, n_bytes, &init), RIG_INIT_OK);
        assert_int_equal(init.n_extended_bytes, rows[i].n_extended_bytes);
        clear(&stand);
    }
}

static void expect_unsupported(enum rig_bootloader_family family, const char *plan, const char *says)
{
    struct stand stand;

    build(&stand, family, plan);
    assert_null(stand.image);
    assert_true(g_error_matches(stand.error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
    if (!strstr(stand.error->message, says))
        fail_msg("%s", stand.error->message);
    clear(&stand);
}

static void what_a_board_has_not_is_a_skip(void **state)
{
    (void)state;
    expect_unsupported(RIG_BOOTLOADER_NORDIC_SECURE, "{pad: true}", "'pad'");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_SECURE, "{security-counter: 3}", "'security-counter'");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_SECURE, "{device-type: 3}", "'device-type'");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_SECURE, "{sign: rsa-2048}", "ecdsa-p256");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_LEGACY, "{boot-validation: crc}", "'boot-validation'");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_LEGACY, "{sign: ecdsa-p256}", "0.8 are signed");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_LEGACY, "{package: 0.8, sign: none}", "0.8 are signed");
    expect_unsupported(RIG_BOOTLOADER_MCUBOOT, "{type: softdevice}", "'type'");
    expect_unsupported(RIG_BOOTLOADER_MCUBOOT, "{fw-version: 3}", "'fw-version'");
}

static void a_version_that_has_no_number_is_an_error(void **state)
{
    struct stand stand;

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{version: 1.0.1000}");
    assert_null(stand.image);
    assert_true(g_error_matches(stand.error, RIG_ERROR, RIG_ERROR_INPUT));
    clear(&stand);
}

/* The language, the table and the store know the same kinds. */
static void every_damage_of_packages_can_be_asked_for(void **state)
{
    gsize n;
    const struct rig_package_damage *damages = rig_package_damages(&n);

    (void)state;
    for (gsize i = 0; i < n; i++) {
        g_autofree char *plan = g_strdup_printf("{boot-validation: ecdsa, damage: %s}", damages[i].name);
        g_autofree char *placed =
            g_strdup_printf("{boot-validation: ecdsa, damage: {kind: %s, at: 40}}", damages[i].name);
        struct stand good, bad;

        build(&good, RIG_BOOTLOADER_NORDIC_SECURE, "{boot-validation: ecdsa}");
        build(&bad, RIG_BOOTLOADER_NORDIC_SECURE, plan);
        if (!bad.image)
            fail_msg("%s: %s", damages[i].name, bad.error->message);
        assert_memory_not_equal(good.image->sha, bad.image->sha, sizeof good.image->sha);
        clear(&bad);
        if (damages[i].at) {
            build(&bad, RIG_BOOTLOADER_NORDIC_SECURE, placed);
            clear(&bad);
        }
        clear(&good);
    }
    expect_unsupported(RIG_BOOTLOADER_NORDIC_SECURE, "{damage: flip-tlv}", "'flip-tlv'");
    expect_unsupported(RIG_BOOTLOADER_NORDIC_LEGACY, "{damage: no-type}", "'no-type'");
    expect_unsupported(RIG_BOOTLOADER_MCUBOOT, "{damage: no-type}", "'no-type'");
}

static void expect_from_file(enum rig_bootloader_family family, const char *path, guint n_parts)
{
    g_autofree char *plan = g_strdup_printf("{file: %s}", path);
    struct stand stand;

    build(&stand, family, plan);
    if (!stand.image && n_parts)
        fail_msg("%s", stand.error->message);
    assert_int_equal(stand.image ? stand.image->n_parts : 0, n_parts);
    if (!n_parts)
        assert_true(g_error_matches(stand.error, RIG_ERROR, RIG_ERROR_UNSUPPORTED));
    else
        assert_true(stand.image->has_hash);
    clear(&stand);
}

/* An application at 0x27000 with a register behind the flash, as Intel HEX. */
static void expect_program(const char *folder)
{
    static const char hex[] = ":020000040002F8\n:08700000414243444546474864\n:020000041000EA\n"
                              ":041014000080070051\n:00000001FF\n";
    g_autofree char *path = g_build_filename(folder, "app.hex", NULL);
    g_autofree char *plan = g_strdup_printf("{file: %s}", path);
    struct stand stand;

    assert_true(g_file_set_contents(path, hex, -1, NULL));
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, plan);
    if (!stand.image)
        fail_msg("%s", stand.error->message);
    assert_int_equal(g_bytes_get_size(stand.image->file), 8);
    assert_memory_equal(g_bytes_get_data(stand.image->file, NULL), "ABCDEFGH", 8);
    clear(&stand);
    assert_true(g_file_set_contents(path, ":020000040002F8\n:0260000041421B\n:00000001FF\n", -1, NULL));
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, plan);
    assert_null(stand.image);
    assert_non_null(strstr(stand.error->message, "for address 0x26000"));
    clear(&stand);
    assert_true(g_file_set_contents(path, ":0870000041", -1, NULL));
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, plan);
    assert_null(stand.image);
    assert_true(g_error_matches(stand.error, RIG_ERROR, RIG_ERROR_INPUT));
    clear(&stand);
    g_unlink(path);
}

static void a_file_is_a_package_or_an_application(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("package-image-XXXXXX", NULL);
    g_autofree char *zip_path = g_build_filename(folder, "all.zip", NULL);
    g_autofree char *bin_path = g_build_filename(folder, "app.bin", NULL);
    struct stand stand;
    struct rig_package package = {.version = RIG_PACKAGE_SECURE};
    GBytes *zip;

    (void)state;
    build(&stand, RIG_BOOTLOADER_NORDIC_SECURE, "{type: all, softdevice-size: 12KiB}");
    for (guint i = 0; i < stand.image->n_parts; i++)
        package.parts[package.n_parts++] =
            (struct rig_package_part){.firmware = stand.image->parts[i].firmware,
                                      .init_packet = stand.image->parts[i].init_packet,
                                      .bytes = stand.image->parts[i].bytes};
    zip = rig_package_write(&package, NULL);
    assert_true(
        g_file_set_contents(zip_path, g_bytes_get_data(zip, NULL), (gssize)g_bytes_get_size(zip), NULL));
    assert_true(g_file_set_contents(bin_path, "an application of 32 bytes here.", 32, NULL));
    g_bytes_unref(zip);
    clear(&stand);
    expect_from_file(RIG_BOOTLOADER_NORDIC_SECURE, zip_path, 2);
    expect_from_file(RIG_BOOTLOADER_NORDIC_LEGACY, zip_path, 0);
    expect_from_file(RIG_BOOTLOADER_NORDIC_SECURE, bin_path, 1);
    expect_program(folder);
    expect_from_file(RIG_BOOTLOADER_NORDIC_LEGACY, bin_path, 1);
    g_unlink(zip_path);
    g_unlink(bin_path);
    g_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_is_signed_for_the_board_and_known_by_its_bytes),
        cmocka_unit_test(what_is_written_stands_in_the_packet),
        cmocka_unit_test(all_is_two_updates_and_the_application_needs_the_new_softdevice),
        cmocka_unit_test(a_softdevice_alone_has_no_version_of_its_own_and_is_signed_in_any_case),
        cmocka_unit_test(a_legacy_package_carries_a_crc),
        cmocka_unit_test(legacy_packages_have_the_form_of_their_version),
        cmocka_unit_test(what_a_board_has_not_is_a_skip),
        cmocka_unit_test(a_version_that_has_no_number_is_an_error),
        cmocka_unit_test(every_damage_of_packages_can_be_asked_for),
        cmocka_unit_test(a_file_is_a_package_or_an_application),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
