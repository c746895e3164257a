/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaging a part of a package in one named way. */
#include "package/package.h"

#include "base/error.h"

#include <string.h>

/* The part under the knife: a secure packet is decoded, and encoded again when it was changed. */
struct patient {
    enum rig_package_version version;
    struct rig_init_packet packet; /* secure */
    struct rig_legacy_init legacy;
    GByteArray *init;
    GByteArray *bytes;
    const struct rig_key *key;
    const guint32 *at; /* NULL: the default */
    const char *why;   /* it could not be done */
};

enum way {
    BYTES,  /* the bytes of packet or firmware are changed as they are */
    PACKET, /* the decoded packet is changed, and signed again */
    SIGNED, /* the same, but the signature stays as the function left it */
};

static bool refuse(struct patient *patient, const char *why)
{
    patient->why = why;
    return false;
}

static guint32 at_or(const struct patient *patient, guint32 fallback)
{
    return patient->at ? *patient->at : fallback;
}

/* ---- bytes ---- */

static bool flip(struct patient *patient, GByteArray *bytes, guint32 fallback)
{
    guint32 at = at_or(patient, fallback);

    if (at >= bytes->len)
        return refuse(patient, "there is no such byte");
    bytes->data[at] ^= 1;
    return true;
}

static bool flip_payload(struct patient *patient)
{
    return flip(patient, patient->bytes, patient->bytes->len / 2);
}

static bool flip_init(struct patient *patient)
{
    bool secure = patient->version == RIG_PACKAGE_SECURE;

    /* The first byte that is covered is the tag of a field, the next one its value. */
    return flip(patient, patient->init, secure ? (guint32)patient->packet.covered_offset + 1 : 4);
}

static bool cut(struct patient *patient, GByteArray *bytes, guint32 n_bytes)
{
    if (n_bytes == 0 || n_bytes >= bytes->len)
        return refuse(patient, "it can be cut to between 1 byte and one less than it has");
    g_byte_array_set_size(bytes, n_bytes);
    return true;
}

static bool truncate(struct patient *patient)
{
    return cut(patient, patient->bytes, at_or(patient, patient->bytes->len / 8 * 4));
}

static bool truncate_init(struct patient *patient)
{
    return cut(patient, patient->init, at_or(patient, patient->init->len / 2));
}

/* A field that no bootloader knows, so that a secure packet stays a good one; a legacy one has zeros behind
 * it. */
static bool pad_init(struct patient *patient)
{
    guint32 wanted = at_or(patient, RIG_DFU_MAX_COMMAND_OBJECT_BYTES + 1), had = patient->init->len;
    guint32 rest = wanted > had ? wanted - had : 0;
    guint8 head[] = {15 << 3 | 2, (guint8)(0x80 | (rest - 3)), (guint8)((rest - 3) >> 7)};

    if (rest < sizeof head || wanted > 4096)
        return refuse(patient, "it can be made at least three bytes longer, and 4096 bytes long at most");
    g_byte_array_set_size(patient->init, wanted);
    memset(patient->init->data + had, 0, rest);
    if (patient->version == RIG_PACKAGE_SECURE)
        memcpy(patient->init->data + had, head, sizeof head);
    return true;
}

static bool no_command(struct patient *patient)
{
    static const guint8 unknown_field[] = {15 << 3, 0};

    g_byte_array_set_size(patient->init, 0);
    g_byte_array_append(patient->init, unknown_field, sizeof unknown_field);
    return true;
}

static bool both_commands(struct patient *patient)
{
    struct rig_init_packet other = patient->packet;
    guint8 bytes[RIG_INIT_PACKET_MAX_BYTES];
    gsize n_bytes;

    other.is_signed = !other.is_signed;
    other.n_signature_bytes = RIG_INIT_SIGNATURE_BYTES;
    if (rig_init_packet_encode(&other, NULL, bytes, &n_bytes) != RIG_INIT_OK)
        return refuse(patient, "the other command cannot be made");
    g_byte_array_append(patient->init, bytes, (guint)n_bytes);
    return true;
}

/* ---- the decoded packet ---- */

static bool wrong_hash(struct patient *patient)
{
    if (patient->version == RIG_PACKAGE_SECURE) {
        if (patient->packet.n_hash_bytes == 0)
            return refuse(patient, "it has no hash");
        patient->packet.hash[0] ^= 1;
        return true;
    }
    if (patient->legacy.n_extended_bytes < 2)
        return refuse(patient, "it has neither CRC nor hash");
    if (patient->version >= RIG_PACKAGE_LEGACY_07 && patient->legacy.n_extended_bytes <= 8)
        return refuse(patient, "it has no hash");
    /* Of a CRC-16 the last byte; a hash stands behind id and length. */
    patient->legacy
        .extended[patient->version <= RIG_PACKAGE_LEGACY_06 ? patient->legacy.n_extended_bytes - 1 : 8] ^= 1;
    return true;
}

static bool no_hash(struct patient *patient)
{
    patient->packet.has_hash = false;
    patient->legacy.n_extended_bytes = 0;
    return true;
}

static bool hash_type(struct patient *patient)
{
    patient->packet.hash_type = at_or(patient, RIG_INIT_HASH_SHA128);
    return true;
}

static bool no_type(struct patient *patient)
{
    patient->packet.has_type = false;
    return true;
}

static bool firmware_type(struct patient *patient)
{
    patient->packet.type = at_or(patient, RIG_INIT_EXTERNAL_APPLICATION);
    return true;
}

static bool no_size(struct patient *patient)
{
    patient->packet.has_sd_size = patient->packet.has_bl_size = patient->packet.has_app_size = false;
    return true;
}

static bool lie_size(struct patient *patient)
{
    struct rig_init_packet *packet = &patient->packet;
    guint32 *size = packet->type == RIG_DFU_APPLICATION  ? &packet->app_size
                    : packet->type == RIG_DFU_BOOTLOADER ? &packet->bl_size
                                                         : &packet->sd_size;

    *size = at_or(patient, *size + 4);
    return true;
}

static bool no_hardware_version(struct patient *patient)
{
    patient->packet.has_hw_version = false;
    return true;
}

static bool no_fw_version(struct patient *patient)
{
    patient->packet.has_fw_version = false;
    return true;
}

static bool op_code(struct patient *patient)
{
    patient->packet.op_code = at_or(patient, RIG_INIT_OP_RESET);
    return true;
}

static bool boot_validation(struct patient *patient)
{
    if (patient->packet.n_boot_validations == 0)
        return refuse(patient, "it has no boot validation");
    patient->packet.boot_validations[0] = (struct rig_init_boot){.type = at_or(patient, 9)};
    return true;
}

static bool wrong_boot_validation(struct patient *patient)
{
    if (patient->packet.n_boot_validations == 0 || patient->packet.boot_validations[0].n_bytes == 0)
        return refuse(patient, "it has no boot validation with bytes of its own");
    patient->packet.boot_validations[0].bytes[0] ^= 1;
    return true;
}

/* ---- the signature ---- */

static bool has_signature(struct patient *patient)
{
    return (patient->packet.is_signed && patient->packet.n_signature_bytes > 0) ||
           refuse(patient, "it is not signed");
}

static bool no_signature(struct patient *patient)
{
    bool had = has_signature(patient);

    patient->packet.is_signed = false;
    return had;
}

static bool wrong_signature(struct patient *patient)
{
    patient->packet.signature[0] ^= 1;
    return has_signature(patient);
}

static bool short_signature(struct patient *patient)
{
    bool had = has_signature(patient);

    patient->packet.n_signature_bytes -= had;
    return had;
}

static bool signature_type(struct patient *patient)
{
    patient->packet.signature_type = at_or(patient, RIG_INIT_ED25519);
    return has_signature(patient);
}

/* ---- the table ---- */

/* clang-format off */
#define N_KINDS 23
static const struct rig_package_damage damages[N_KINDS] = {
    {"flip-payload", "one bit of the firmware", "the byte (default: its middle)"},
    {"truncate", "only the first bytes of the firmware are there", "how many (default: half)"},
    {"flip-init", "one bit of the init packet; not signed again", "the byte (default: in the firmware's version)"},
    {"truncate-init", "only the first bytes of the init packet are there", "how many (default: half)"},
    {"pad-init", "the init packet is longer, by a field that nobody knows", "its bytes then (default: 513)"},
    {"no-command", "the init packet holds no command", NULL},
    {"both-commands", "the init packet holds its command signed and unsigned", NULL},
    {"wrong-hash", "the hash (legacy: CRC-16 or hash) is that of other bytes", NULL},
    {"no-hash", "there is no hash (legacy: nothing behind the SoftDevice ids)", NULL},
    {"hash-type", "the hash is said to be of another kind", "its number (default: 2, SHA-128)"},
    {"no-type", "the init packet does not say what the firmware is", NULL},
    {"firmware-type", "the init packet says the firmware is something else", "its number (default: 4, external application)"},
    {"no-size", "the init packet does not say how large the firmware is", NULL},
    {"lie-size", "the init packet says another size", "the size (default: 4 more)"},
    {"no-hardware-version", "the init packet has no hardware version", NULL},
    {"no-fw-version", "the init packet has no firmware version", NULL},
    {"op-code", "the init packet is another command", "its number (default: 0, reset)"},
    {"boot-validation", "the boot validation is of another kind and has no bytes", "its number (default: 9, unknown)"},
    {"wrong-boot-validation", "the boot validation is that of other bytes", NULL},
    {"no-signature", "the init packet is the same, and unsigned", NULL},
    {"wrong-signature", "one bit of the signature", NULL},
    {"short-signature", "the signature has 63 bytes", NULL},
    {"signature-type", "the signature is said to be of another kind", "its number (default: 1, Ed25519)"},
};
static const struct {
    enum way way;
    bool legacy; /* of legacy packages, too */
    bool (*damage)(struct patient *patient);
} ways[N_KINDS] = {
    {BYTES, true, flip_payload},
    {BYTES, true, truncate},
    {BYTES, true, flip_init},
    {BYTES, true, truncate_init},
    {BYTES, true, pad_init},
    {BYTES, false, no_command},
    {BYTES, false, both_commands},
    {PACKET, true, wrong_hash},
    {PACKET, true, no_hash},
    {PACKET, false, hash_type},
    {PACKET, false, no_type},
    {PACKET, false, firmware_type},
    {PACKET, false, no_size},
    {PACKET, false, lie_size},
    {PACKET, false, no_hardware_version},
    {PACKET, false, no_fw_version},
    {PACKET, false, op_code},
    {PACKET, false, boot_validation},
    {PACKET, false, wrong_boot_validation},
    {SIGNED, false, no_signature},
    {SIGNED, false, wrong_signature},
    {SIGNED, false, short_signature},
    {SIGNED, false, signature_type},
};
/* clang-format on */

const struct rig_package_damage *rig_package_damages(gsize *n)
{
    *n = N_KINDS;
    return damages;
}

static bool decode(struct patient *patient)
{
    enum rig_init_status status =
        patient->version == RIG_PACKAGE_SECURE
            ? rig_init_packet_decode(patient->init->data, patient->init->len, &patient->packet)
            : rig_legacy_init_decode(patient->init->data, patient->init->len, &patient->legacy);

    return status == RIG_INIT_OK || refuse(patient, rig_init_status_text(status));
}

static bool encode(struct patient *patient, enum way way)
{
    bool sign = way == PACKET && patient->packet.is_signed;
    guint8 bytes[RIG_INIT_PACKET_MAX_BYTES];
    gsize n_bytes;
    enum rig_init_status status;

    if (sign && !patient->key)
        return refuse(patient, "it is signed: the key is needed to sign it again");
    status = patient->version == RIG_PACKAGE_SECURE
                 ? rig_init_packet_encode(&patient->packet, sign ? patient->key : NULL, bytes, &n_bytes)
                 : rig_legacy_init_encode(&patient->legacy, bytes, &n_bytes);
    if (status)
        return refuse(patient, rig_init_status_text(status));
    g_byte_array_set_size(patient->init, 0);
    g_byte_array_append(patient->init, bytes, (guint)n_bytes);
    return true;
}

static GByteArray *copy(GBytes *bytes)
{
    gsize n_bytes;
    const guint8 *data = g_bytes_get_data(bytes, &n_bytes);
    GByteArray *array = g_byte_array_new();

    g_byte_array_append(array, data, (guint)n_bytes);
    return array;
}

static bool is_same(const GByteArray *array, GBytes *bytes)
{
    return array->len == g_bytes_get_size(bytes) &&
           (array->len == 0 || memcmp(array->data, g_bytes_get_data(bytes, NULL), array->len) == 0);
}

static bool operate(struct patient *patient, gsize kind, const struct rig_package_part *part)
{
    if (!decode(patient) || !ways[kind].damage(patient) ||
        (ways[kind].way != BYTES && !encode(patient, ways[kind].way)))
        return false;
    return !is_same(patient->init, part->init_packet) || !is_same(patient->bytes, part->bytes) ||
           refuse(patient, "it is so already");
}

static gsize find(const char *kind, enum rig_package_version version)
{
    gsize i = 0;

    while (i < N_KINDS &&
           !(g_str_equal(damages[i].name, kind) && (version == RIG_PACKAGE_SECURE || ways[i].legacy)))
        i++;
    return i;
}

bool rig_package_damage(struct rig_package_part *part, enum rig_package_version version, const char *kind,
                        const guint32 *at, const struct rig_key *key, GError **error)
{
    gsize index = find(kind, version);
    struct patient patient = {.version = version, .key = key, .at = at};
    bool done;

    if (index == N_KINDS) {
        g_set_error(error, RIG_ERROR, RIG_ERROR_UNSUPPORTED, "'%s' is no damage of %s package", kind,
                    version == RIG_PACKAGE_SECURE ? "a secure" : "a legacy");
        return false;
    }
    patient.init = copy(part->init_packet);
    patient.bytes = copy(part->bytes);
    done = operate(&patient, index, part);
    if (done) {
        rig_package_part_clear(part);
        part->init_packet = g_byte_array_free_to_bytes(patient.init);
        part->bytes = g_byte_array_free_to_bytes(patient.bytes);
    } else {
        g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "cannot apply %s: %s", kind, patient.why);
        g_byte_array_unref(patient.init);
        g_byte_array_unref(patient.bytes);
    }
    return done;
}
