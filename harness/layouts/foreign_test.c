/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devicetrees and partition tables as target files. */
#include "layouts/foreign.h"

#include "bench/layout.h"
#include "image/hex.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static char *read_text(const char *name, const char *text, char **why)
{
    g_autoptr(rig_source) source = rig_source_from_text(name, text);
    GError *error = NULL;
    char *made = rig_layout_read_foreign(source, &error);

    *why = error ? g_strdup(error->message) : NULL;
    g_clear_error(&error);
    return made;
}

static void layout_of(const char *name, const char *text, struct rig_layout *layout,
                      struct rig_target **target)
{
    g_autofree char *why = NULL;
    g_autofree char *made = read_text(name, text, &why);
    GError *error = NULL;

    if (!made)
        fail_msg("%s", why);
    *target = rig_target_from_source(rig_source_from_text("made.yaml", made), "made.yaml", &error);
    if (!*target)
        fail_msg("%s", error->message);
    rig_layout_read((*target)->spec, layout);
}

static void refuse(const char *name, const char *text, const char *reason)
{
    g_autofree char *why = NULL;
    g_autofree char *made = read_text(name, text, &why);

    if (made || !strstr(why, reason))
        fail_msg("%s", made ? made : why);
}

#define PARTITIONS(more)                                                                                     \
    "partitions { compatible = \"fixed-partitions\"; #address-cells = < 0x1 >; #size-cells = < 0x1 "         \
    ">;\n" more "};\n"
#define FLASH(properties, partitions)                                                                        \
    "/dts-v1/;\n/* node '/' { } */\n/ {\n#address-cells = < 0x1 >;\nsoc { controller@4000 { compatible = "   \
    "\"nordic,rram-controller\";\n#address-cells = < 0x1 >; #size-cells = < 0x1 >;\nflash0: flash@0 { "      \
    "compatible = "                                                                                          \
    "\"soc-nv-flash\"; reg = < 0x0 0x80000 >; " properties partitions "};};};\n"                             \
    "nor: mx25@0 { compatible = \"jedec,spi-nor\"; size = < 0x800000 >;" PARTITIONS(                         \
        "slot1_partition: partition@0 { label = \"a; } name\"; reg = < 0x1000 0x20000 >; };") "};\n};\n"
#define SLOT_0                                                                                               \
    "slot0_partition: partition@10000 { label = \"image-0\"; reg = < 0x10000 0x20000 >; }; // comment };\n"

static void a_devicetree_of_a_build_is_a_target(void **state)
{
    struct rig_target *target;
    struct rig_layout layout;

    (void)state;
    layout_of("zephyr.dts",
              FLASH("erase-block-size = < 0x1000 >; write-block-size = < 0x10 >;", PARTITIONS(SLOT_0)),
              &layout, &target);
    assert_int_equal(layout.n_devices, 2);
    assert_int_equal(layout.devices[0].n_bytes, 0x80000);
    assert_int_equal(layout.devices[0].write_bytes, 16);
    assert_true(layout.devices[0].no_erase);
    assert_int_equal(layout.devices[1].n_bytes, 0x100000);
    assert_int_equal(layout.devices[1].runs[0].sector_bytes, 4096);
    assert_false(layout.devices[1].no_erase);
    assert_int_equal(layout.slots[0].device_offset, 0x10000);
    assert_string_equal(layout.slots[1].device, "external");
    assert_int_equal(layout.slots[1].device_offset, 0x1000);
    assert_int_equal(layout.slots[1].n_bytes, 0x20000);
    assert_int_equal(layout.max_align, 16);
    assert_int_equal(layout.max_sectors, 32);
    assert_null(target->spec->options->swap);
    rig_target_free(target);
}

static void subpartitions_and_labels_of_an_overlay_are_found(void **state)
{
    struct rig_target *target;
    struct rig_layout layout;

    (void)state;
    layout_of(
        "board.overlay",
        "#include <mem.h>\n  #define OPEN {\n"
        "&flash0 { erase-block-size = <DT_SIZE_K(8)>; write-block-size = <4>; reg = <0 "
        "DT_SIZE_M(1)>;\n" PARTITIONS(
            "old: partition@0 { label = \"image-0\"; reg = <0 0x1000>; };"
            "whole: partition@10000 { compatible = \"fixed-subpartitions\"; #address-cells = <1>; "
            "#size-cells = <1>;"
            "reg = <0x10000 0x80000>; partition@2000 { label = \"image-0\"; reg = <0x2000 0x20000>; };"
            "second: partition@40000 { label = \"image-1\"; reg = <0x40000 0x20000>; }; };") "};\n"
                                                                                             "/delete-node/ "
                                                                                             "&old;\n",
        &layout, &target);
    assert_int_equal(layout.slots[0].device_offset, 0x12000);
    assert_int_equal(layout.slots[1].device_offset, 0x50000);
    assert_int_equal(layout.slots[1].sector_bytes, 8192);
    rig_target_free(target);
}

static void a_partition_table_is_a_target(void **state)
{
    struct rig_target *target;
    struct rig_layout layout;

    (void)state;
    layout_of("pm_static.yml",
              "app: {address: 0xc200, size: 0xe00, region: flash_primary, span: &a [x]}\n"
              "mcuboot_primary: {address: 0xc000, end_address: 0x2c000, region: flash_primary, size: "
              "0x20000, span: *a}\n"
              "mcuboot_secondary: {address: 0x0, region: external_flash, size: 0x20000}\n"
              "mcuboot_scratch: {address: 0x2c000, size: 0x1000}\n",
              &layout, &target);
    assert_int_equal(layout.slots[0].device_offset, 0xc000);
    assert_string_equal(layout.slots[1].device, "external");
    assert_int_equal(layout.scratch.device_offset, 0x2c000);
    rig_target_free(target);
}

static void what_is_missing_or_cannot_be_is_told(void **state)
{
    (void)state;
    refuse("a.dts", "/ { };", "there is no 'slot0_partition'");
    refuse("a.dts", "/ { slot0_partition: p { reg = <0 4096>; }; }; /delete-node/ &slot0_partition;",
           "there is no 'slot0_partition'");
    refuse("a.dts", "};", "a '}' too many");
    refuse("a.dts", "/ { a {", "a '}' is missing");
    refuse("a.dts", "/ { s: slot0_partition: p { reg = <1>; }; };", "not made of plain numbers");
    refuse("a.dts", "/ { slot0_partition: p { reg = <0 (4 * 4)>; }; };", "not made of plain numbers");
    refuse("a.dts", "/ { slot0_partition: p { reg = <0 4096>; }; };", "is in no flash");
    refuse("a.dts", FLASH("", PARTITIONS(SLOT_0)), "no size of its sectors");
    refuse("a.yml", "- 1\n", "no map of partitions");
    refuse("a.yml", "mcuboot_primary: {address: 0, size: big}\n", "as numbers");
    refuse("a.yml", "mcuboot_primary: {address: 0, size: 4096, region: ram_flash}\n", "'ram_flash'");
    refuse("a.yml", "mcuboot_primary: {address: 0, size: 4096}\n", "there is no 'mcuboot_secondary'");
}

/* A HEX file of these bytes at an address. The caller owns its path. */
static char *hex_file(const char *folder, const char *name, guint32 address, const guint8 *bytes,
                      gsize n_bytes)
{
    char *path = g_build_filename(folder, name, NULL);
    struct rig_bytes text;

    assert_true(rig_hex_write(bytes, n_bytes, address, &text));
    assert_true(g_file_set_contents(path, (const char *)text.bytes, (gssize)text.n_bytes, NULL));
    rig_bytes_clear(&text);
    return path;
}

static void expect_binaries(const char *bootloader, const char *application, const char *piece)
{
    const char *const paths[] = {bootloader, application, NULL};
    GError *error = NULL;
    g_autofree char *text = rig_layout_read_binaries(paths, &error);
    const char *seen = text ? text : error->message;

    if (!strstr(seen, piece))
        fail_msg("%s", seen);
    g_clear_error(&error);
}

static void programs_for_a_chip_tell_their_slots(void **state)
{
    static guint8 bootloader[0xd000];
    guint8 payload[5000] = {1};
    struct rig_image_recipe recipe = {.payload = payload,
                                      .payload_bytes = sizeof payload,
                                      .pad_to_bytes = 0x20000,
                                      .erased = 0xff,
                                      .confirm = true};
    struct rig_bytes padded, plain;
    g_autofree char *folder = g_dir_make_tmp("binaries-XXXXXX", NULL);

    (void)state;
    assert_int_equal(rig_image_build(&recipe, &padded), RIG_IMAGE_OK);
    recipe.pad_to_bytes = 0;
    assert_int_equal(rig_image_build(&recipe, &plain), RIG_IMAGE_OK);
    memset(bootloader, 0x5a, sizeof bootloader);
    g_autofree char *boot = hex_file(folder, "boot.hex", 0, bootloader, 0xc000);
    g_autofree char *large = hex_file(folder, "large.hex", 0, bootloader, 0xd000);
    g_autofree char *app = hex_file(folder, "app.hex", 0xc000, padded.bytes, padded.n_bytes);
    g_autofree char *bare = hex_file(folder, "bare.hex", 0xc000, plain.bytes, plain.n_bytes);
    expect_binaries(boot, app,
                    "slots:\n  - {offset: 49152B, size: 131072B}\n  - {offset: 180224B, size: 131072B}\n");
    expect_binaries(large, app,
                    "the bootloader ends at 0xd000, in the slot of the image, which begins at 0xc000");
    expect_binaries(boot, bare, "has no trailer behind it");
    expect_binaries(boot, NULL, "no MCUboot image");
    expect_binaries(folder, NULL, "is no plain file");
    for (char **path = (char *[]){boot, large, app, bare, NULL}; *path; path++)
        g_remove(*path);
    g_rmdir(folder);
    rig_bytes_clear(&padded);
    rig_bytes_clear(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_devicetree_of_a_build_is_a_target),
        cmocka_unit_test(subpartitions_and_labels_of_an_overlay_are_found),
        cmocka_unit_test(a_partition_table_is_a_target),
        cmocka_unit_test(programs_for_a_chip_tell_their_slots),
        cmocka_unit_test(what_is_missing_or_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
