/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of an image in `images:`; building it is somebody else's work. */
#include "image/softdevice.h"
#include "scenario/scenario.h"

static const char *const signs[] = {"target", "ecdsa-p256", "rsa-2048",       "rsa-3072",     "ed25519",
                                    "none",   "ecdsa-p384", "ed25519-sha512", "ed25519-pure", NULL};
static const char *const keys[] = {"board", "stranger", NULL};
static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs", NULL};
static const char *const types[] = {"application",           "softdevice", "bootloader",
                                    "softdevice-bootloader", "all",        NULL};
static const char *const boot_validations[] = {"none", "crc", "sha256", "ecdsa", NULL};
static const char *const packages[] = {"0.5", "0.6", "0.7", "0.8", NULL};
/* image/build.h: rig_image_damage_name(), package/damage.h: rig_package_damage_name(); some are of both. */
static const char *const damages[] = {"flip-header",
                                      "flip-payload",
                                      "flip-tlv",
                                      "flip-protected",
                                      "truncate",
                                      "wrong-hash",
                                      "no-hash",
                                      "no-signature",
                                      "no-tlvs",
                                      "lie-payload-size",
                                      "lie-header-size",
                                      "lie-tlv-total",
                                      "lie-protected",
                                      "bad-magic",
                                      "wrap-sizes",
                                      "no-key",
                                      "flip-encrypted-key",
                                      "short-encrypted-key",
                                      "lie-encrypted-key",
                                      "no-encrypted-key",
                                      "no-encrypted-flag",
                                      "flip-init",
                                      "truncate-init",
                                      "pad-init",
                                      "no-command",
                                      "both-commands",
                                      "hash-type",
                                      "no-type",
                                      "firmware-type",
                                      "no-size",
                                      "lie-size",
                                      "no-hardware-version",
                                      "no-fw-version",
                                      "op-code",
                                      "boot-validation",
                                      "wrong-boot-validation",
                                      "wrong-signature",
                                      "short-signature",
                                      "signature-type",
                                      NULL};

static const struct rig_field damage_fields[] = {
    RIG_FIELD(
        "kind", CHOICE, struct rig_damage_spec, kind, .required = true, .choices = damages,
        .about =
            "What is wrong with the image, or with the package: 'bootrig image damage --list' and 'bootrig "
            "package damage --list' tell what each is."),
    RIG_FIELD("at", COUNT, struct rig_damage_spec, at, .max = 0xffffffff,
              .about = "Offset in the damaged part, or the number that the kind is about; without it, one is "
                       "chosen by the kind."),
};
static const char *const placed_damages[] = {
    "flip-header", "flip-payload",    "flip-tlv",           "flip-protected",
    "truncate",    "flip-init",       "truncate-init",      "pad-init",
    "hash-type",   "firmware-type",   "flip-encrypted-key", "lie-size",
    "op-code",     "boot-validation", "signature-type",     NULL};
static const struct rig_rule damage_rules[] = {
    {.field = "at", .kind = RIG_RULE_NEEDS, .other = "kind", .others = placed_damages},
    {0},
};
static const struct rig_shape damage_shape = {RIG_SHAPE("damage", damage_fields, struct rig_damage_spec),
                                              .shorthand = "kind", .rules = damage_rules};

static const struct rig_field dependency_fields[] = {
    RIG_FIELD("image", COUNT, struct rig_dependency_spec, image, .required = true, .max = 255,
              .about = "Index of the image that is needed."),
    RIG_FIELD("version", VERSION, struct rig_dependency_spec, version, .required = true,
              .about = "The lowest version that will do."),
};
static const struct rig_shape dependency_shape = {
    RIG_SHAPE("dependency", dependency_fields, struct rig_dependency_spec)};

static const struct rig_field custom_tlv_fields[] = {
    RIG_FIELD("type", COUNT, struct rig_tlv_spec, type, .required = true, .max = 0xffff,
              .about = "The TLV's type."),
    RIG_FIELD("bytes", HEX, struct rig_tlv_spec, bytes, .required = true, .max = 0xf000,
              .about = "Its payload."),
};
static const struct rig_shape custom_tlv_shape = {
    RIG_SHAPE("custom-tlv", custom_tlv_fields, struct rig_tlv_spec)};

/* The image carries it as microseconds in 32 bits. */
#define MAX_SELF_TEST_US (G_GUINT64_CONSTANT(60) * 60 * 1000000)

static const struct rig_field image_fields[] = {
    RIG_FIELD("version", VERSION, struct rig_image_spec, version, .default_text = "1.0.0",
              .about = "Version in the header."),
    RIG_FIELD("size", SIZE, struct rig_image_spec, payload_bytes, .default_text = "16KiB",
              .max = 16 * 1024 * 1024, .about = "Bytes of the payload."),
    RIG_FIELD("sign", CHOICE, struct rig_image_spec, sign, .choices = signs, .default_text = "target",
              .about = "Kind of signature; `target` is what the target's bootloader checks."),
    RIG_FIELD("key-in-image", FLAG, struct rig_image_spec, key_in_image,
              .about =
                  "The image carries the whole public key, or its hash alone; without it as the target's "
                  "bootloader wants it."),
    RIG_FIELD("key", CHOICE, struct rig_image_spec, key, .choices = keys, .default_text = "board",
              .about = "Signed by the key that the board knows, or by a stranger's."),
    RIG_FIELD(
        "behaviour", CHOICE, struct rig_image_spec, behaviour, .choices = behaviours, .default_text = "waits",
        .about =
            "What the application does once it runs: waits to be confirmed, confirms itself, crashes, hangs. "
            "Beside `file`: what the simulated board's application does for it; a real board runs what is in "
            "it."),
    RIG_FIELD("self-test", DURATION, struct rig_image_spec, self_test_us, .default_text = "100ms",
              .max = MAX_SELF_TEST_US, .about = "How long the application runs before it behaves so."),
    RIG_FIELD("watchdog", DURATION, struct rig_image_spec, watchdog_us, .default_text = "0",
              .max = MAX_SELF_TEST_US, .about = "A hanging application is reset after this time; 0 = never."),
    RIG_FIELD("security-counter", COUNT, struct rig_image_spec, security_counter, .max = 0xffffffff,
              .about =
                  "Protected TLV with the security counter; without it one only where the target of its own "
                  "accord keeps "
                  "a counter, and then that value."),
    RIG_STRUCT_FIELD("depends-on", RECORD, struct rig_image_spec, dependencies, struct rig_dependency_spec,
                     &dependency_shape, .list = true, .may_be_empty = true,
                     .about = "Protected TLVs with what other images must be there."),
    RIG_FIELD("image", COUNT, struct rig_image_spec, index, .default_text = "0", .max = 1,
              .about = "Which image of a board with two."),
    RIG_STRUCT_FIELD("damage", RECORD, struct rig_image_spec, damages, struct rig_damage_spec, &damage_shape,
                     .list = true, .may_be_empty = true,
                     .about = "What is done to the finished image, in this order."),
    RIG_FIELD("pad", FLAG, struct rig_image_spec, pad, .default_text = "false",
              .about = "Padded to the slot's size with the trailer's magic, as if marked for test."),
    RIG_FIELD("confirmed", FLAG, struct rig_image_spec, confirmed, .default_text = "false",
              .about = "Padded, and confirmed already."),
    RIG_STRUCT_FIELD("custom-tlvs", RECORD, struct rig_image_spec, custom_tlvs, struct rig_tlv_spec,
                     &custom_tlv_shape, .list = true, .may_be_empty = true,
                     .about = "Further protected TLVs."),
    RIG_FIELD(
        "seed", TEXT, struct rig_image_spec, seed,
        .about =
            "What the payload is made from, in any scenario; without it, the names of scenario and image."),
    RIG_FIELD(
        "file", TEXT, struct rig_image_spec, file,
        .about = "An image that exists, relative to the scenario's file; nothing is built. Nordic: a "
                 "distribution package, or an application (binary or Intel HEX), which gets an init packet."),
    RIG_FIELD(
        "encrypt", FLAG, struct rig_image_spec, encrypt,
        .about =
            "The payload is encrypted; without it, where the target's bootloader decrypts "
            "(`encrypt:`). What a set-up puts into slot 0 is decrypted, as a bootloader leaves it there."),
    RIG_FIELD("encryption-key", CHOICE, struct rig_image_spec, encryption_key, .choices = keys,
              .default_text = "board",
              .about = "Encrypted for the key that the board has, or for a stranger's."),
    RIG_FIELD("header-size", SIZE, struct rig_image_spec, header_bytes, .max = 0xffff,
              .about = "Bytes before the payload; without it, what the target wants."),
    RIG_FIELD("built-for-slot", COUNT, struct rig_image_spec, built_for, .max = 3,
              .about = "The slot that it is linked for, as imgtool's --rom-fixed writes it into the header: "
                       "direct-XIP takes it in no other one. Without it the image runs in any slot."),
    RIG_FIELD("ram-load", FLAG, struct rig_image_spec, ram_load,
              .about =
                  "The header's flag RAM_LOAD and a load address; without it as the bootloader wants it."),
    RIG_FIELD("load-address", COUNT, struct rig_image_spec, load_address, .max = 0xffffffff,
              .about =
                  "Where in RAM the bootloader copies it; without it the start of the board's `ram-start`."),
    RIG_FIELD("type", CHOICE, struct rig_image_spec, type, .choices = types,
              .about =
                  "Nordic: what the package holds; without it an application. `all` is softdevice-bootloader "
                  "and an application: two updates that follow each other."),
    RIG_FIELD("fw-version", COUNT, struct rig_image_spec, fw_version, .max = 0xffffffff,
              .about = "Nordic: the version in the init packet; without it a * 1000000 + b * 1000 + c of "
                       "`version: a.b.c`, and 4294967295 of a SoftDevice."),
    RIG_FIELD("hardware-version", COUNT, struct rig_image_spec, hardware_version, .max = 0xffffffff,
              .about = "Nordic, secure: without it the board's own."),
    RIG_FIELD("sd-req", COUNT, struct rig_image_spec, sd_req, .list = true, .may_be_empty = true,
              .in_order = true, .max = 0xffffffff,
              .about =
                  "Nordic: ids of the SoftDevices that the package accepts; without it that of the board, "
                  "and [0] on a board that has none."),
    RIG_FIELD("debug", FLAG, struct rig_image_spec, debug,
              .about = "Nordic, secure: is_debug of the init packet."),
    RIG_FIELD("boot-validation", CHOICE, struct rig_image_spec, boot_validation, .choices = boot_validations,
              .about =
                  "Nordic, secure: how the bootloader checks the firmware before each start; without it by "
                  "its CRC."),
    RIG_FIELD("softdevice", CHOICE, struct rig_image_spec, softdevice, .choices = rig_softdevice_choices + 1,
              .about =
                  "Nordic: the SoftDevice in the package, which is filler with the right figures; without "
                  "it the one that the board has."),
    RIG_FIELD("softdevice-size", SIZE, struct rig_image_spec, softdevice_bytes, .max = 1024 * 1024,
              .about = "Nordic: bytes of the SoftDevice; without it those of the published one."),
    RIG_FIELD("bootloader-size", SIZE, struct rig_image_spec, bootloader_bytes, .max = 1024 * 1024,
              .about = "Nordic: bytes of the bootloader; without it 22 KiB."),
    RIG_FIELD("package", CHOICE, struct rig_image_spec, package, .choices = packages,
              .about = "Nordic, legacy: version of the package, which says what the init packet ends with; "
                       "without it 0.5."),
    RIG_FIELD("device-type", COUNT, struct rig_image_spec, device_type, .max = 0xffff,
              .about = "Nordic, legacy: without it 65535, any."),
    RIG_FIELD("device-revision", COUNT, struct rig_image_spec, device_revision, .max = 0xffff,
              .about = "Nordic, legacy: without it 65535, any."),
};
static const char *const signed_words[] = {"target",         "ecdsa-p256",   "rsa-2048",
                                           "rsa-3072",       "ed25519",      "ecdsa-p384",
                                           "ed25519-sha512", "ed25519-pure", NULL};
static const char *const softdevice_types[] = {"softdevice", "softdevice-bootloader", "all", NULL};
static const char *const bootloader_types[] = {"bootloader", "softdevice-bootloader", "all", NULL};
static const char *const without_application[] = {"softdevice", "bootloader", "softdevice-bootloader", NULL};
static const char *const bootloader_alone[] = {"bootloader", NULL};
static const char *const no_words[] = {"false", NULL};
static const char *const hanging[] = {"hangs", NULL};
static const char *const active_behaviours[] = {"confirms", "crashes", "hangs", NULL};
#define RULE_OF_A_BUILT_IMAGE(field_name)                                                                    \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "file",                                   \
        .why = "an image from a file is taken as it is"                                                      \
    }
#define RULE_OF_AN_APPLICATION(field_name)                                                                   \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "type", .others = without_application,    \
        .why = "it is about an application"                                                                  \
    }
static const struct rig_rule image_rules[] = {
    RULE_OF_A_BUILT_IMAGE("version"),
    RULE_OF_A_BUILT_IMAGE("size"),
    RULE_OF_A_BUILT_IMAGE("sign"),
    RULE_OF_A_BUILT_IMAGE("key"),
    RULE_OF_A_BUILT_IMAGE("key-in-image"),
    RULE_OF_A_BUILT_IMAGE("security-counter"),
    RULE_OF_A_BUILT_IMAGE("depends-on"),
    RULE_OF_A_BUILT_IMAGE("pad"),
    RULE_OF_A_BUILT_IMAGE("confirmed"),
    RULE_OF_A_BUILT_IMAGE("custom-tlvs"),
    RULE_OF_A_BUILT_IMAGE("seed"),
    RULE_OF_A_BUILT_IMAGE("header-size"),
    RULE_OF_A_BUILT_IMAGE("built-for-slot"),
    RULE_OF_A_BUILT_IMAGE("ram-load"),
    RULE_OF_A_BUILT_IMAGE("load-address"),
    {.field = "load-address", .kind = RIG_RULE_NOT_BESIDE, .other = "ram-load", .others = no_words},
    {.field = "built-for-slot", .kind = RIG_RULE_NOT_BESIDE, .other = "load-address"},
    RULE_OF_A_BUILT_IMAGE("encrypt"),
    RULE_OF_A_BUILT_IMAGE("encryption-key"),
    RULE_OF_A_BUILT_IMAGE("type"),
    RULE_OF_A_BUILT_IMAGE("fw-version"),
    RULE_OF_A_BUILT_IMAGE("hardware-version"),
    RULE_OF_A_BUILT_IMAGE("sd-req"),
    RULE_OF_A_BUILT_IMAGE("debug"),
    RULE_OF_A_BUILT_IMAGE("boot-validation"),
    RULE_OF_A_BUILT_IMAGE("softdevice"),
    RULE_OF_A_BUILT_IMAGE("softdevice-size"),
    RULE_OF_A_BUILT_IMAGE("bootloader-size"),
    RULE_OF_A_BUILT_IMAGE("package"),
    RULE_OF_A_BUILT_IMAGE("device-type"),
    RULE_OF_A_BUILT_IMAGE("device-revision"),
    RULE_OF_AN_APPLICATION("behaviour"),
    {.field = "boot-validation",
     .kind = RIG_RULE_NOT_BESIDE,
     .other = "type",
     .others = bootloader_alone,
     .why = "no bootloader checks itself"},
    {.field = "softdevice", .kind = RIG_RULE_NEEDS, .other = "type", .others = softdevice_types},
    {.field = "softdevice-size", .kind = RIG_RULE_NEEDS, .other = "type", .others = softdevice_types},
    {.field = "bootloader-size", .kind = RIG_RULE_NEEDS, .other = "type", .others = bootloader_types},
    {.field = "key", .kind = RIG_RULE_NEEDS, .other = "sign", .others = signed_words},
    {.field = "encryption-key", .kind = RIG_RULE_NOT_BESIDE, .other = "encrypt", .others = no_words},
    {.field = "key-in-image", .kind = RIG_RULE_NEEDS, .other = "sign", .others = signed_words},
    {.field = "self-test", .kind = RIG_RULE_NEEDS, .other = "behaviour", .others = active_behaviours},
    {.field = "watchdog", .kind = RIG_RULE_NEEDS, .other = "behaviour", .others = hanging},
    {0},
};
const struct rig_shape rig_image_plan_shape = {RIG_SHAPE("image", image_fields, struct rig_image_spec),
                                               .shorthand = "version", .rules = image_rules};
