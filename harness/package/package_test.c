/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distribution packages as zip files: there and back, in any order, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"
#include "package/package.h"

static GBytes *filler(guint64 seed, gsize n_bytes)
{
    guint8 *bytes = g_malloc(n_bytes);

    rig_image_fill_payload(seed, bytes, n_bytes);
    return g_bytes_new_take(bytes, n_bytes);
}

static void add_part(struct rig_package *package, enum rig_dfu_firmware firmware, gsize n_bytes)
{
    static const guint32 sd_req[] = {0x100, 0xcafe}, fw_version = 3;
    g_autoptr(GBytes) bytes = filler(firmware, n_bytes);
    struct rig_key *key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL);
    struct rig_package_recipe recipe = {
        .version = package->version,
        .firmware = firmware,
        .bytes = bytes,
        .sd_bytes = firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER ? (guint32)n_bytes / 2 : 0,
        .fw_version = &fw_version,
        .hw_version = 52,
        .sd_req = sd_req,
        .n_sd_req = G_N_ELEMENTS(sd_req),
        .validation = RIG_INIT_BOOT_CRC,
        .key = key,
    };

    assert_true(rig_package_make_part(&recipe, &package->parts[package->n_parts++], NULL));
    rig_key_free(key);
}

static void expect_same(const struct rig_package *a, const struct rig_package *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->n_parts, b->n_parts);
    for (guint i = 0; i < a->n_parts; i++) {
        assert_int_equal(a->parts[i].firmware, b->parts[i].firmware);
        assert_true(g_bytes_equal(a->parts[i].init_packet, b->parts[i].init_packet));
        assert_true(g_bytes_equal(a->parts[i].bytes, b->parts[i].bytes));
        assert_int_equal(a->parts[i].sd_bytes, b->parts[i].sd_bytes);
        assert_int_equal(a->parts[i].bl_bytes, b->parts[i].bl_bytes);
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (guint version = RIG_PACKAGE_SECURE; version <= RIG_PACKAGE_LEGACY_08; version++) {
        g_auto(rig_package) package = {.version = (enum rig_package_version)version}, again = {0};
        g_autoptr(GBytes) zip = NULL, second = NULL;
        GError *error = NULL;

        add_part(&package, RIG_DFU_SOFTDEVICE_BOOTLOADER, 30000);
        add_part(&package, RIG_DFU_APPLICATION, 20000);
        zip = rig_package_write(&package, NULL);
        second = rig_package_write(&package, NULL);
        assert_non_null(zip);
        assert_true(g_bytes_equal(zip, second));
        if (!rig_package_read(zip, &again, &error))
            fail_msg("%s", error->message);
        expect_same(&package, &again);
    }
}

static void each_kind_alone_is_read(void **state)
{
    (void)state;
    for (guint firmware = RIG_DFU_APPLICATION; firmware <= RIG_DFU_SOFTDEVICE_BOOTLOADER; firmware++) {
        g_auto(rig_package) package = {.version = RIG_PACKAGE_SECURE}, again = {0};
        g_autoptr(GBytes) zip = NULL;

        add_part(&package, (enum rig_dfu_firmware)firmware, 1000);
        zip = rig_package_write(&package, NULL);
        assert_true(rig_package_read(zip, &again, NULL));
        expect_same(&package, &again);
    }
}

/* --- zip files that somebody else made --- */

struct member {
    const char *name;
    const char *text;
    bool link;
};

static la_ssize_t append(struct archive *zip, void *user, const void *bytes, size_t n_bytes)
{
    (void)zip;
    g_byte_array_append(user, bytes, (guint)n_bytes);
    return (la_ssize_t)n_bytes;
}

static GBytes *zip_of(const struct member *members, gsize n_members)
{
    struct archive *zip = archive_write_new();
    GByteArray *bytes = g_byte_array_new();

    assert_int_equal(archive_write_set_format_zip(zip), ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_in_last_block(zip, 1), ARCHIVE_OK);
    assert_int_equal(archive_write_open(zip, bytes, NULL, append, NULL), ARCHIVE_OK);
    for (gsize i = 0; i < n_members; i++) {
        struct archive_entry *entry = archive_entry_new();
        gsize n_bytes = strlen(members[i].text);

        archive_entry_set_pathname(entry, members[i].name);
        archive_entry_set_perm(entry, 0644);
        if (members[i].link) {
            archive_entry_set_filetype(entry, AE_IFLNK);
            archive_entry_set_symlink(entry, members[i].text);
        } else {
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_size(entry, (la_int64_t)n_bytes);
        }
        assert_int_equal(archive_write_header(zip, entry), ARCHIVE_OK);
        if (!members[i].link)
            assert_int_equal(archive_write_data(zip, members[i].text, n_bytes), n_bytes);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
    archive_write_free(zip);
    return g_byte_array_free_to_bytes(bytes);
}

#define APPLICATION "{\"manifest\": {\"application\": {\"bin_file\": \"a.bin\", \"dat_file\": \"a.dat\"}}}"

static void members_stand_in_any_order_among_others(void **state)
{
    static const struct member members[] = {
        {"notes/readme.txt", "hello", false},  {"a.dat", "dat", false},
        {"manifest.json", APPLICATION, false}, {"extra.hex", ":00000001FF", false},
        {"a.bin", "firmware", false},          {"link", "a.bin", true},
    };
    g_autoptr(GBytes) zip = zip_of(members, G_N_ELEMENTS(members));
    g_auto(rig_package) package = {0};
    GError *error = NULL;

    (void)state;
    if (!rig_package_read(zip, &package, &error))
        fail_msg("%s", error->message);
    assert_int_equal(package.n_parts, 1);
    assert_int_equal(g_bytes_get_size(package.parts[0].bytes), 8);
    assert_memory_equal(g_bytes_get_data(package.parts[0].init_packet, NULL), "dat", 3);
}

static void expect_refused(GBytes *zip, const char *says)
{
    struct rig_package package;
    g_autoptr(GError) error = NULL;

    assert_false(rig_package_read(zip, &package, &error));
    assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
    if (!strstr(error->message, says))
        fail_msg("'%s' does not say '%s'", error->message, says);
}

static void expect_members_refused(const struct member *members, gsize n_members, const char *says)
{
    g_autoptr(GBytes) zip = zip_of(members, n_members);

    expect_refused(zip, says);
}
#define EXPECT_REFUSED(says, ...)                                                                            \
    do {                                                                                                     \
        const struct member its_members[] = {__VA_ARGS__};                                                   \
        expect_members_refused(its_members, G_N_ELEMENTS(its_members), says);                                \
    } while (0)

static void what_no_honest_tool_makes_is_refused(void **state)
{
    const struct member manifest = {"manifest.json", APPLICATION, false}, bin = {"a.bin", "firmware", false},
                        dat = {"a.dat", "dat", false};

    (void)state;
    EXPECT_REFUSED("it has no 'manifest.json'", bin, dat);
    EXPECT_REFUSED("it has no 'a.bin'", manifest, dat);
    EXPECT_REFUSED("it has no 'a.dat'", manifest, bin);
    EXPECT_REFUSED("'manifest.json' is in it twice", manifest, bin, dat, manifest);
    EXPECT_REFUSED("'a.bin' is in it twice", manifest, bin, dat, bin);
    EXPECT_REFUSED("leads out", manifest, bin, dat, {"../../etc/passwd", "x", false});
    EXPECT_REFUSED("leads out", manifest, bin, dat, {"/etc/passwd", "x", false});
    EXPECT_REFUSED("leads out", manifest, bin, dat, {"a/../../b", "x", false});
    EXPECT_REFUSED("leads out", manifest, bin, dat, {"C:\\x", "x", false});
    EXPECT_REFUSED("'a.bin' is no plain file", manifest, dat, {"a.bin", "/etc/passwd", true});
}

static void expect_manifest_refused(const char *text, const char *says)
{
    EXPECT_REFUSED(says, {"manifest.json", text, false}, {"a.bin", "firmware", false},
                   {"a.dat", "dat", false});
}

static void manifests_that_say_nothing_or_too_much_are_refused(void **state)
{
    g_autofree char *deep = g_strnfill(60000, '[');
    g_autofree char *long_one = g_strnfill(70000, ' ');

    (void)state;
    expect_manifest_refused("", "no JSON object");
    expect_manifest_refused("[]", "no JSON object");
    expect_manifest_refused(deep, "no JSON object");
    expect_manifest_refused(long_one, "has more than 65536 bytes");
    expect_manifest_refused("{\"manifest\": 3}", "no JSON object");
    expect_manifest_refused("{\"manifest\": {}}", "names no application");
    expect_manifest_refused("{\"manifest\": {\"application\": {}}}", "no 'bin_file'");
    expect_manifest_refused("{\"manifest\": {\"application\": {\"bin_file\": 1, \"dat_file\": \"a.dat\"}}}",
                            "no 'bin_file'");
    expect_manifest_refused(
        "{\"manifest\": {\"application\": {\"bin_file\": \"b\\\\a.bin\", \"dat_file\": \"a.dat\"}}}",
        "leads out");
    expect_manifest_refused(
        "{\"manifest\": {\"application\": {\"bin_file\": \"../a.bin\", \"dat_file\": \"a.dat\"}}}",
        "leads out");
    expect_manifest_refused(
        "{\"manifest\": {\"application\": {\"bin_file\": \"a.bin\", \"dat_file\": \"a.bin\"}}}",
        "are one file");
    expect_manifest_refused(
        "{\"manifest\": {\"application\": {\"bin_file\": \"a.bin\", \"dat_file\": \"a.dat\"}, "
        "\"bootloader\": {\"bin_file\": \"a.bin\", \"dat_file\": \"b.dat\"}}}",
        "named for two things");
    expect_manifest_refused(
        "{\"manifest\": {\"dfu_version\": 0.9, \"application\": {\"bin_file\": \"a.bin\", "
        "\"dat_file\": \"a.dat\"}}}",
        "dfu_version");
    expect_manifest_refused("{\"manifest\": {\"application\": {\"bin_file\": \"a\", \"dat_file\": \"b\"}, "
                            "\"bootloader\": {\"bin_file\": \"c\", \"dat_file\": \"d\"}, "
                            "\"softdevice\": {\"bin_file\": \"e\", \"dat_file\": \"f\"}}}",
                            "more than two images");
}

static void a_legacy_package_without_a_version_is_known_by_its_manifest(void **state)
{
    static const struct member members[] = {
        {"manifest.json",
         "{\"manifest\": {\"application\": {\"bin_file\": \"a.bin\", \"dat_file\": \"a.dat\", "
         "\"init_packet_data\": {\"device_type\": 65535}}}}",
         false},
        {"a.bin", "firmware", false},
        {"a.dat", "dat", false},
    };
    g_autoptr(GBytes) zip = zip_of(members, G_N_ELEMENTS(members));
    g_auto(rig_package) package = {0};

    (void)state;
    assert_true(rig_package_read(zip, &package, NULL));
    assert_int_equal(package.version, RIG_PACKAGE_LEGACY_05);
}

/* 17 MiB of zeros in a few KiB. */
static void a_bomb_is_refused(void **state)
{
    g_autofree char *zeros = g_strnfill(17u << 20, 'z');

    (void)state;
    EXPECT_REFUSED("'a.bin' has more than 16777216 bytes", {"manifest.json", APPLICATION, false},
                   {"a.bin", zeros, false}, {"a.dat", "dat", false});
}

/* The zip's directory, at its end, says one byte more or less than there is. */
static void a_size_that_lies_is_refused(void **state)
{
    static const struct member members[] = {
        {"a.dat", "dat", false}, {"manifest.json", APPLICATION, false}, {"a.bin", "firmware", false}};
    g_autoptr(GBytes) zip = zip_of(members, G_N_ELEMENTS(members));
    gsize n_bytes;
    const guint8 *bytes = g_bytes_get_data(zip, &n_bytes);

    (void)state;
    for (int step = -1; step <= 1; step += 2) {
        g_autofree guint8 *changed = g_memdup2(bytes, n_bytes);
        g_autoptr(GBytes) lie = NULL;
        gsize at = n_bytes - 5;

        /* The name's last place is 46 bytes behind the start of its entry, the size is 24 behind it. */
        while (at > 46 && memcmp(changed + at, "a.bin", 5) != 0)
            at--;
        assert_memory_equal(changed + at - 46, "PK\1\2", 4);
        changed[at - 46 + 24] = (guint8)(changed[at - 46 + 24] + step);
        lie = g_bytes_new(changed, n_bytes);
        expect_refused(lie, "'a.bin'");
    }
}

/* Whatever a cut or a flipped bit leaves is a package with the same firmware, or refused: never other bytes.
 */
static void damaged_files_are_refused_or_the_same(void **state)
{
    g_auto(rig_package) package = {.version = RIG_PACKAGE_SECURE};
    g_autoptr(GBytes) zip = NULL;
    gsize n_bytes;
    const guint8 *bytes;
    guint n_refused = 0;

    (void)state;
    add_part(&package, RIG_DFU_APPLICATION, 600);
    zip = rig_package_write(&package, NULL);
    bytes = g_bytes_get_data(zip, &n_bytes);
    for (gsize at = 0; at < n_bytes; at++) {
        g_autofree guint8 *changed = g_memdup2(bytes, n_bytes);
        g_autoptr(GBytes) flipped = NULL, cut = g_bytes_new(bytes, at);
        struct rig_package again;

        changed[at] ^= 0x10;
        flipped = g_bytes_new(changed, n_bytes);
        if (rig_package_read(flipped, &again, NULL)) {
            if (again.parts[0].firmware == RIG_DFU_APPLICATION)
                assert_true(g_bytes_equal(again.parts[0].bytes, package.parts[0].bytes));
            rig_package_clear(&again);
        } else {
            n_refused++;
        }
        if (rig_package_read(cut, &again, NULL)) {
            assert_true(g_bytes_equal(again.parts[0].bytes, package.parts[0].bytes));
            rig_package_clear(&again);
        }
    }
    assert_true(n_refused > n_bytes / 2);
}

static void what_is_no_zip_file_is_refused(void **state)
{
    g_autoptr(GBytes) nothing = g_bytes_new("", 0), text = g_bytes_new_static("PK\3\4 and no more", 16),
                      noise = filler(7, 5000);

    (void)state;
    expect_refused(nothing, "zip");
    expect_refused(text, "");
    expect_refused(noise, "");
}

static void versions_have_one_number(void **state)
{
    guint32 number;

    (void)state;
    assert_true(rig_package_version_number(&(struct rig_image_version){.major = 17, .revision = 2}, &number));
    assert_int_equal(number, 17000002);
    assert_true(rig_package_version_number(
        &(struct rig_image_version){.major = 255, .minor = 255, .revision = 999}, &number));
    assert_int_equal(number, 255255999);
    assert_false(rig_package_version_number(&(struct rig_image_version){.revision = 1000}, &number));
}

static void what_no_package_can_hold_is_not_made(void **state)
{
    g_autoptr(GBytes) bytes = filler(1, 64), empty = g_bytes_new("", 0);
    const guint32 large[] = {0x10000};
    const struct rig_package_recipe recipes[] = {
        {.bytes = empty},
        {.bytes = bytes, .firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER},
        {.bytes = bytes, .firmware = RIG_DFU_SOFTDEVICE_BOOTLOADER, .sd_bytes = 64},
        {.bytes = bytes, .sd_req = large, .n_sd_req = 17},
        {.bytes = bytes, .validation = RIG_INIT_BOOT_ECDSA},
        {.bytes = bytes, .version = RIG_PACKAGE_LEGACY_05, .sd_req = large, .n_sd_req = 1},
        {.bytes = bytes, .version = RIG_PACKAGE_LEGACY_08},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(recipes); i++) {
        struct rig_package_part part;
        g_autoptr(GError) error = NULL;

        if (rig_package_make_part(&recipes[i], &part, &error))
            fail_msg("recipe %zu was made", i);
        assert_true(g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(each_kind_alone_is_read),
        cmocka_unit_test(members_stand_in_any_order_among_others),
        cmocka_unit_test(what_no_honest_tool_makes_is_refused),
        cmocka_unit_test(manifests_that_say_nothing_or_too_much_are_refused),
        cmocka_unit_test(a_legacy_package_without_a_version_is_known_by_its_manifest),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(a_size_that_lies_is_refused),
        cmocka_unit_test(damaged_files_are_refused_or_the_same),
        cmocka_unit_test(what_is_no_zip_file_is_refused),
        cmocka_unit_test(versions_have_one_number),
        cmocka_unit_test(what_no_package_can_hold_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
