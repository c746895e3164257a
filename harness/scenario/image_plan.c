/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of an image in `images:`; building it is somebody else's work. */
#include "scenario/scenario.h"

static const char *const signs[] = {"target", "ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", "none", NULL};
static const char *const keys[] = {"board", "stranger", NULL};
static const char *const behaviours[] = {"waits", "confirms", "crashes", "hangs", NULL};
static const char *const damages[] = {
    "flip-header",   "flip-payload",     "flip-tlv",        "flip-protected",
    "truncate",      "wrong-hash",       "no-hash",         "no-signature",
    "no-tlvs",       "lie-payload-size", "lie-header-size", "lie-tlv-total",
    "lie-protected", "bad-magic",        "wrap-sizes",      NULL};

static const struct rig_field damage_fields[] = {
    {.name = "kind",
     .type = RIG_TYPE_CHOICE,
     .required = true,
     .choices = damages,
     .about = "What is wrong with the image."},
    {.name = "at",
     .type = RIG_TYPE_COUNT,
     .max = 0xffffffff,
     .about = "Offset in the damaged part; without it, one is chosen by the kind."},
};
static const char *const placed_damages[] = {"flip-header",    "flip-payload", "flip-tlv",
                                             "flip-protected", "truncate",     NULL};
static const struct rig_rule damage_rules[] = {
    {.field = "at", .kind = RIG_RULE_NEEDS, .other = "kind", .others = placed_damages},
    {0},
};
static const struct rig_shape damage_shape = {.name = "damage",
                                              .fields = damage_fields,
                                              .n_fields = G_N_ELEMENTS(damage_fields),
                                              .shorthand = "kind",
                                              .rules = damage_rules};

static const struct rig_field dependency_fields[] = {
    {.name = "image",
     .type = RIG_TYPE_COUNT,
     .required = true,
     .max = 255,
     .about = "Index of the image that is needed."},
    {.name = "version",
     .type = RIG_TYPE_VERSION,
     .required = true,
     .about = "The lowest version that will do."},
};
static const struct rig_shape dependency_shape = {
    .name = "dependency", .fields = dependency_fields, .n_fields = G_N_ELEMENTS(dependency_fields)};

static const struct rig_field custom_tlv_fields[] = {
    {.name = "type", .type = RIG_TYPE_COUNT, .required = true, .max = 0xffff, .about = "The TLV's type."},
    {.name = "bytes", .type = RIG_TYPE_HEX, .required = true, .max = 0xf000, .about = "Its payload."},
};
static const struct rig_shape custom_tlv_shape = {
    .name = "custom-tlv", .fields = custom_tlv_fields, .n_fields = G_N_ELEMENTS(custom_tlv_fields)};

/* The image carries it as microseconds in 32 bits. */
#define MAX_SELF_TEST_US (G_GUINT64_CONSTANT(60) * 60 * 1000000)

static const struct rig_field image_fields[] = {
    {.name = "version", .type = RIG_TYPE_VERSION, .default_text = "1.0.0", .about = "Version in the header."},
    {.name = "size",
     .type = RIG_TYPE_SIZE,
     .default_text = "16KiB",
     .max = 16 * 1024 * 1024,
     .about = "Bytes of the payload."},
    {.name = "sign",
     .type = RIG_TYPE_CHOICE,
     .choices = signs,
     .default_text = "target",
     .about = "Kind of signature; `target` is what the target's bootloader checks."},
    {.name = "key",
     .type = RIG_TYPE_CHOICE,
     .choices = keys,
     .default_text = "board",
     .about = "Signed by the key that the board knows, or by a stranger's."},
    {.name = "behaviour",
     .type = RIG_TYPE_CHOICE,
     .choices = behaviours,
     .default_text = "waits",
     .about =
         "What the application does once it runs: waits to be confirmed, confirms itself, crashes, hangs. "
         "Beside `file`: what the simulated board's application does for it; a real board runs what is in "
         "it."},
    {.name = "self-test",
     .type = RIG_TYPE_DURATION,
     .default_text = "100ms",
     .max = MAX_SELF_TEST_US,
     .about = "How long the application runs before it behaves so."},
    {.name = "watchdog",
     .type = RIG_TYPE_DURATION,
     .default_text = "0",
     .max = MAX_SELF_TEST_US,
     .about = "A hanging application is reset after this time; 0 = never."},
    {.name = "security-counter",
     .type = RIG_TYPE_COUNT,
     .max = 0xffffffff,
     .about = "Protected TLV with the security counter; without it one only where the target of its own "
              "accord keeps "
              "a counter, and then that value."},
    {.name = "depends-on",
     .type = RIG_TYPE_RECORD,
     .list = true,
     .may_be_empty = true,
     .shape = &dependency_shape,
     .about = "Protected TLVs with what other images must be there."},
    {.name = "image",
     .type = RIG_TYPE_COUNT,
     .default_text = "0",
     .max = 1,
     .about = "Which image of a board with two."},
    {.name = "damage",
     .type = RIG_TYPE_RECORD,
     .list = true,
     .may_be_empty = true,
     .shape = &damage_shape,
     .about = "What is done to the finished image, in this order."},
    {.name = "pad",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Padded to the slot's size with the trailer's magic, as if marked for test."},
    {.name = "confirmed",
     .type = RIG_TYPE_FLAG,
     .default_text = "false",
     .about = "Padded, and confirmed already."},
    {.name = "custom-tlvs",
     .type = RIG_TYPE_RECORD,
     .list = true,
     .may_be_empty = true,
     .shape = &custom_tlv_shape,
     .about = "Further protected TLVs."},
    {.name = "seed",
     .type = RIG_TYPE_TEXT,
     .about = "What the payload is made from, in any scenario; without it, the names of scenario and image."},
    {.name = "file",
     .type = RIG_TYPE_TEXT,
     .about = "An image that exists, relative to the scenario's file; nothing is built."},
    {.name = "header-size",
     .type = RIG_TYPE_SIZE,
     .max = 0xffff,
     .about = "Bytes before the payload; without it, what the target wants."},
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
const struct rig_shape rig_image_plan_shape = {.name = "image",
                                               .fields = image_fields,
                                               .n_fields = G_N_ELEMENTS(image_fields),
                                               .shorthand = "version",
                                               .rules = image_rules};
