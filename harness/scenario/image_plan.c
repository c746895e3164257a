/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of an image in `images:`; building it is somebody else's work. */
#include "scenario/scenario.h"

static const char *const signs[] = {"target", "ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", "none", NULL};
static const char *const keys[] = {"board", "stranger", NULL};
static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs", NULL};
static const char *const damages[] = {[RIG_DAMAGE_FLIP_HEADER] = "flip-header",
                                      [RIG_DAMAGE_FLIP_PAYLOAD] = "flip-payload",
                                      [RIG_DAMAGE_FLIP_TLV] = "flip-tlv",
                                      [RIG_DAMAGE_FLIP_PROTECTED] = "flip-protected",
                                      [RIG_DAMAGE_TRUNCATE] = "truncate",
                                      [RIG_DAMAGE_WRONG_HASH] = "wrong-hash",
                                      [RIG_DAMAGE_NO_HASH] = "no-hash",
                                      [RIG_DAMAGE_NO_SIGNATURE] = "no-signature",
                                      [RIG_DAMAGE_NO_TLVS] = "no-tlvs",
                                      [RIG_DAMAGE_LIE_PAYLOAD_SIZE] = "lie-payload-size",
                                      [RIG_DAMAGE_LIE_HEADER_SIZE] = "lie-header-size",
                                      [RIG_DAMAGE_LIE_TLV_TOTAL] = "lie-tlv-total",
                                      [RIG_DAMAGE_LIE_PROTECTED] = "lie-protected",
                                      [RIG_DAMAGE_BAD_MAGIC] = "bad-magic",
                                      [RIG_DAMAGE_WRAP_SIZES] = "wrap-sizes",
                                      NULL};

static const struct rig_field damage_fields[] = {
    RIG_FIELD("kind", CHOICE, struct rig_damage_spec, kind, .required = true, .choices = damages,
              .about = "What is wrong with the image."),
    RIG_FIELD("at", COUNT, struct rig_damage_spec, at, .max = 0xffffffff,
              .about = "Offset in the damaged part; without it, one is chosen by the kind."),
};
static const char *const placed_damages[] = {"flip-header",    "flip-payload", "flip-tlv",
                                             "flip-protected", "truncate",     NULL};
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
    RIG_FIELD("file", TEXT, struct rig_image_spec, file,
              .about = "An image that exists, relative to the scenario's file; nothing is built."),
    RIG_FIELD("header-size", SIZE, struct rig_image_spec, header_bytes, .max = 0xffff,
              .about = "Bytes before the payload; without it, what the target wants."),
};
static const char *const signed_words[] = {"target", "ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", NULL};
static const char *const hanging[] = {"hangs", NULL};
static const char *const active_behaviours[] = {"confirms", "crashes", "hangs", NULL};
#define RULE_OF_A_BUILT_IMAGE(field_name)                                                                    \
    {                                                                                                        \
        .field = field_name, .kind = RIG_RULE_NOT_BESIDE, .other = "file",                                   \
        .why = "an image from a file is taken as it is"                                                      \
    }
static const struct rig_rule image_rules[] = {
    RULE_OF_A_BUILT_IMAGE("version"),
    RULE_OF_A_BUILT_IMAGE("size"),
    RULE_OF_A_BUILT_IMAGE("sign"),
    RULE_OF_A_BUILT_IMAGE("key"),
    RULE_OF_A_BUILT_IMAGE("security-counter"),
    RULE_OF_A_BUILT_IMAGE("depends-on"),
    RULE_OF_A_BUILT_IMAGE("pad"),
    RULE_OF_A_BUILT_IMAGE("confirmed"),
    RULE_OF_A_BUILT_IMAGE("custom-tlvs"),
    RULE_OF_A_BUILT_IMAGE("seed"),
    RULE_OF_A_BUILT_IMAGE("header-size"),
    {.field = "key", .kind = RIG_RULE_NEEDS, .other = "sign", .others = signed_words},
    {.field = "self-test", .kind = RIG_RULE_NEEDS, .other = "behaviour", .others = active_behaviours},
    {.field = "watchdog", .kind = RIG_RULE_NEEDS, .other = "behaviour", .others = hanging},
    {0},
};
const struct rig_shape rig_image_plan_shape = {RIG_SHAPE("image", image_fields, struct rig_image_spec),
                                               .shorthand = "version", .rules = image_rules};
