/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a package: nothing where nothing is wrong, else what a bootloader stumbles over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/softdevice.h"
#include "package/package.h"

struct stand {
    struct rig_key *key;
    struct rig_package package;
    struct rig_package_recipe recipe;
    guint32 fw_version, sd_req[2];
    GPtrArray *problems, *remarks;
};

static GBytes *firmware_of(enum rig_dfu_firmware firmware, gsize n_bytes)
{
    static const struct rig_softdevice s140 = {.flash_bytes = 0x6000, .firmware_id = 0x100, .id = 140};
    guint8 *bytes = g_malloc(n_bytes);

    rig_image_fill_payload(firmware, bytes, n_bytes);
    if (firmware & RIG_DFU_SOFTDEVICE)
        assert_true(rig_softdevice_fill(&s140, bytes, 0x4000));
    return g_bytes_new_take(bytes, n_bytes);
}

static void begin(struct stand *stand, enum rig_package_version version, enum rig_dfu_firmware firmware,
                  gsize n_bytes)
{
    *stand = (struct stand){.key = rig_key_test(RIG_KEY_ECDSA_P256, 0, NULL),
                            .package = {.version = version},
                            .fw_version = 3,
                            .sd_req = {0x100, 0xcafe},
                            .problems = g_ptr_array_new_with_free_func(g_free),
                            .remarks = g_ptr_array_new_with_free_func(g_free)};
    stand->recipe = (struct rig_package_recipe){
        .version = version,
        .firmware = firmware,
        .bytes = firmware_of(firmware, n_bytes),
        .sd_bytes = firmware == RIG_DFU_SOFTDEVICE_BOOTLOADER ? 0x4000 : 0,
        .fw_version = &stand->fw_version,
        .hw_version = 52,
        .sd_req = stand->sd_req,
        .n_sd_req = 2,
        .validation = RIG_INIT_BOOT_CRC,
        .key = version == RIG_PACKAGE_SECURE || version == RIG_PACKAGE_LEGACY_08 ? stand->key : NULL,
    };
}

/* NULL: nothing is wrong. */
static void judge(struct stand *stand, bool with_key, const char *problem, const char *remark)
{
    const struct rig_key *keys[] = {stand->key};
    bool good;

    if (stand->package.n_parts == 0) {
        assert_true(rig_package_make_part(&stand->recipe, &stand->package.parts[0], NULL));
        stand->package.n_parts = 1;
    }
    good = rig_package_judge(&stand->package, keys, with_key ? 1 : 0, stand->problems, stand->remarks);
    g_ptr_array_add(stand->problems, g_strdup(""));
    g_ptr_array_add(stand->remarks, g_strdup(""));
    if (good != (problem == NULL) || !strstr(stand->problems->pdata[0], problem ? problem : "") ||
        !strstr(stand->remarks->pdata[0], remark ? remark : ""))
        fail_msg("'%s', '%s'", (const char *)stand->problems->pdata[0],
                 (const char *)stand->remarks->pdata[0]);
}

static void end(struct stand *stand)
{
    g_bytes_unref(stand->recipe.bytes);
    rig_package_clear(&stand->package);
    rig_key_free(stand->key);
    g_ptr_array_unref(stand->problems);
    g_ptr_array_unref(stand->remarks);
}

static void whole_packages_have_no_problem(void **state)
{
    (void)state;
    for (guint version = RIG_PACKAGE_SECURE; version <= RIG_PACKAGE_LEGACY_08; version++) {
        for (guint firmware = RIG_DFU_APPLICATION; firmware <= RIG_DFU_SOFTDEVICE_BOOTLOADER; firmware++) {
            struct stand stand;
            bool is_signed = version == RIG_PACKAGE_SECURE || version == RIG_PACKAGE_LEGACY_08;

            begin(&stand, (enum rig_package_version)version, (enum rig_dfu_firmware)firmware,
                  firmware == RIG_DFU_SOFTDEVICE ? 0x4000 : 0x5000);
            judge(&stand, is_signed, NULL, NULL);
            end(&stand);
        }
    }
}

static void unsigned_is_a_remark_and_with_a_key_a_problem(void **state)
{
    struct stand stand;

    (void)state;
    for (guint with_key = 0; with_key < 2; with_key++) {
        begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
        stand.recipe.key = NULL;
        judge(&stand, with_key, with_key ? "application: it is not signed" : NULL,
              with_key ? NULL : "not signed");
        end(&stand);
        begin(&stand, RIG_PACKAGE_LEGACY_05, RIG_DFU_APPLICATION, 1000);
        judge(&stand, with_key, with_key ? "application: it is not signed" : NULL,
              with_key ? NULL : "not signed");
        end(&stand);
    }
}

static void a_softdevice_without_its_structure_is_refused_and_one_that_lies_too(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_SOFTDEVICE, 0x4000);
    g_bytes_unref(stand.recipe.bytes);
    stand.recipe.bytes = firmware_of(RIG_DFU_APPLICATION, 0x4000);
    judge(&stand, true, "softdevice: no SoftDevice's info structure stands at 0x2000", NULL);
    end(&stand);
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_SOFTDEVICE,
          0x5004); /* with the MBR 0x6004, and it says 0x6000 */
    judge(&stand, true, "says that it takes 0x6000 bytes of flash, and it has 0x6004", NULL);
    end(&stand);
    begin(&stand, RIG_PACKAGE_LEGACY_05, RIG_DFU_SOFTDEVICE, 0x5004);
    judge(&stand, false, NULL, "says that it takes");
    end(&stand);
}

static void lists_of_softdevices_that_are_refused_are_remarked_on(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
    stand.recipe.n_sd_req = 0;
    judge(&stand, true, NULL, "sd-req is empty");
    end(&stand);
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
    stand.sd_req[1] = RIG_INIT_SD_ANY;
    judge(&stand, true, NULL, "0xfffe (any)");
    end(&stand);
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
    stand.sd_req[0] = 0;
    judge(&stand, true, NULL, "begins with 0 and goes on");
    end(&stand);
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
    stand.recipe.debug = true;
    judge(&stand, true, NULL, "is_debug is set");
    end(&stand);
}

static void a_signature_at_each_start_is_over_the_softdevice_and_fails_beside_a_bootloader(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_SOFTDEVICE_BOOTLOADER, 0x5000);
    stand.recipe.validation = RIG_INIT_BOOT_ECDSA;
    judge(&stand, true, NULL, "against the bootloader");
    end(&stand);
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_APPLICATION, 1000);
    stand.recipe.validation = RIG_INIT_BOOT_ECDSA;
    assert_true(rig_package_make_part(&stand.recipe, &stand.package.parts[0], NULL));
    stand.package.n_parts = 1;
    assert_true(rig_package_damage(&stand.package.parts[0], RIG_PACKAGE_SECURE, "wrong-boot-validation", NULL,
                                   stand.key, NULL));
    judge(&stand, true, "is not a signature of the firmware", NULL);
    end(&stand);
}

static void sizes_of_a_manifest_that_lie_are_told(void **state)
{
    struct stand stand;

    (void)state;
    for (guint version = RIG_PACKAGE_SECURE; version <= RIG_PACKAGE_LEGACY_05; version++) {
        begin(&stand, (enum rig_package_version)version, RIG_DFU_SOFTDEVICE_BOOTLOADER, 0x5000);
        assert_true(rig_package_make_part(&stand.recipe, &stand.package.parts[0], NULL));
        stand.package.n_parts = 1;
        stand.package.parts[0].bl_bytes -= 4;
        judge(&stand, false, "the manifest says 16384 and 4092 bytes", NULL);
        end(&stand);
    }
}

static void a_type_that_is_not_the_manifests_is_told(void **state)
{
    struct stand stand;

    (void)state;
    begin(&stand, RIG_PACKAGE_SECURE, RIG_DFU_BOOTLOADER, 0x1000);
    assert_true(rig_package_make_part(&stand.recipe, &stand.package.parts[0], NULL));
    stand.package.n_parts = 1;
    stand.package.parts[0].firmware = RIG_DFU_APPLICATION;
    judge(&stand, true, "says firmware of type 2, the manifest 0", NULL);
    end(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_packages_have_no_problem),
        cmocka_unit_test(unsigned_is_a_remark_and_with_a_key_a_problem),
        cmocka_unit_test(a_softdevice_without_its_structure_is_refused_and_one_that_lies_too),
        cmocka_unit_test(lists_of_softdevices_that_are_refused_are_remarked_on),
        cmocka_unit_test(a_signature_at_each_start_is_over_the_softdevice_and_fails_beside_a_bootloader),
        cmocka_unit_test(sizes_of_a_manifest_that_lie_are_told),
        cmocka_unit_test(a_type_that_is_not_the_manifests_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
