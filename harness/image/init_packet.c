/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Init packets of secure DFU. protobuf-c reads and writes the fields; what it would let pass and the
 * bootloader's decoder would not (its arrays are fixed), a walk over the same bytes refuses beforehand. */
#include "image/init_packet.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "init_packet.pb-c.h"

#define SCALAR_BYTES 32u

const char *rig_init_status_text(enum rig_init_status status)
{
    switch (status) {
    case RIG_INIT_OK:
        return "good";
    case RIG_INIT_MALFORMED:
        return "it is no init packet, or cut short";
    case RIG_INIT_LIMIT:
        return "a field is larger than a bootloader has room for";
    case RIG_INIT_FORM:
        return "it must hold one init command, signed or unsigned";
    case RIG_INIT_TOO_LARGE:
        return "it is too large";
    case RIG_INIT_KEY:
        return "the key is no private ecdsa-p256 key";
    }
    return "unknown";
}

/* ---- hash and signature ---- */

static void reverse(uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes / 2; i++) {
        uint8_t kept = bytes[i];

        bytes[i] = bytes[n_bytes - 1 - i];
        bytes[n_bytes - 1 - i] = kept;
    }
}

static bool sha256(const void *bytes, size_t n_bytes, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    bool good = EVP_Digest(bytes, n_bytes, hash, NULL, EVP_sha256(), NULL) == 1;

    if (!good)
        ERR_clear_error();
    return good;
}

bool rig_init_hash_of(const void *bytes, size_t n_bytes, uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    if (!sha256(bytes, n_bytes, hash))
        return false;
    reverse(hash, RIG_IMAGE_HASH_BYTES);
    return true;
}

/* From the DER form, that keys sign in. */
static bool take_scalars(const uint8_t *der, size_t n_bytes, uint8_t signature[RIG_INIT_SIGNATURE_BYTES])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n_bytes);
    bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, SCALAR_BYTES) >= 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + SCALAR_BYTES, SCALAR_BYTES) >= 0;

    ECDSA_SIG_free(pair);
    reverse(signature, SCALAR_BYTES);
    reverse(signature + SCALAR_BYTES, SCALAR_BYTES);
    return good;
}

bool rig_init_sign(const struct rig_key *key, const void *bytes, size_t n_bytes,
                   uint8_t signature[RIG_INIT_SIGNATURE_BYTES])
{
    uint8_t digest[RIG_IMAGE_HASH_BYTES], der[RIG_SIGNATURE_MAX_BYTES];
    size_t n_der = 0;

    if (rig_key_kind(key) == RIG_KEY_ECDSA_P256 && sha256(bytes, n_bytes, digest))
        n_der = rig_key_sign(key, digest, der);
    return n_der && take_scalars(der, n_der, signature);
}

/* The DER form; the number of its bytes, 0 on failure. */
static size_t put_scalars(const uint8_t signature[RIG_INIT_SIGNATURE_BYTES],
                          uint8_t der[RIG_SIGNATURE_MAX_BYTES])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_lebin2bn(signature, SCALAR_BYTES, NULL);
    BIGNUM *s = BN_lebin2bn(signature + SCALAR_BYTES, SCALAR_BYTES, NULL);
    int n_bytes = 0;

    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        n_bytes = i2d_ECDSA_SIG(pair, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return n_bytes > 0 ? (size_t)n_bytes : 0;
}

bool rig_init_signature_matches(const struct rig_key *key, const void *bytes, size_t n_bytes,
                                const uint8_t signature[RIG_INIT_SIGNATURE_BYTES])
{
    uint8_t digest[RIG_IMAGE_HASH_BYTES], der[RIG_SIGNATURE_MAX_BYTES];
    size_t n_der = 0;

    if (rig_key_kind(key) == RIG_KEY_ECDSA_P256 && sha256(bytes, n_bytes, digest))
        n_der = put_scalars(signature, der);
    return n_der && rig_key_verify(key, digest, der, n_der);
}

bool rig_init_packet_verify(const struct rig_init_packet *packet, const uint8_t *bytes,
                            const struct rig_key *key)
{
    return packet->is_signed && packet->signature_type == RIG_INIT_ECDSA_P256_SHA256 &&
           packet->n_signature_bytes == RIG_INIT_SIGNATURE_BYTES &&
           rig_init_signature_matches(key, bytes + packet->covered_offset, packet->n_covered_bytes,
                                      packet->signature);
}

/* ---- the walk ---- */

enum wire { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

struct message;
struct field {
    uint32_t number;
    enum wire wire;
    uint64_t limit; /* VARINT: the largest number; LENGTH: the most bytes */
    size_t most;    /* elements; 0: the last one counts */
    bool packed;    /* u32 elements */
    const struct message *message;
};
struct message {
    const struct field *fields;
    size_t n_fields;
};

#define N_FIELDS(array) (sizeof(array) / sizeof(array)[0])
#define NO_LIMIT UINT64_MAX
/* The bootloader is built with enumerations and flags of one byte. */
#define ENUM_LIMIT UINT8_MAX
#define BOOL_LIMIT INT8_MAX
#define MOST_FIELDS 10u
#define MOST_TAG_BYTES 5u

/* clang-format off */
static const struct field hash_fields[] = {
    {1, VARINT, ENUM_LIMIT, 0, false, NULL},
    {2, LENGTH, RIG_INIT_MAX_HASH_BYTES, 0, false, NULL},
};
static const struct message hash_message = {hash_fields, N_FIELDS(hash_fields)};
static const struct field boot_fields[] = {
    {1, VARINT, ENUM_LIMIT, 0, false, NULL},
    {2, LENGTH, RIG_INIT_MAX_BOOT_VALIDATION_BYTES, 0, false, NULL},
};
static const struct message boot_message = {boot_fields, N_FIELDS(boot_fields)};
static const struct field init_fields[] = {
    {1, VARINT, UINT32_MAX, 0, false, NULL},
    {2, VARINT, UINT32_MAX, 0, false, NULL},
    {3, VARINT, UINT32_MAX, RIG_INIT_MAX_SD_REQ, true, NULL},
    {4, VARINT, ENUM_LIMIT, 0, false, NULL},
    {5, VARINT, UINT32_MAX, 0, false, NULL},
    {6, VARINT, UINT32_MAX, 0, false, NULL},
    {7, VARINT, UINT32_MAX, 0, false, NULL},
    {8, LENGTH, NO_LIMIT, 0, false, &hash_message},
    {9, VARINT, BOOL_LIMIT, 0, false, NULL},
    {10, LENGTH, NO_LIMIT, RIG_INIT_MAX_BOOT_VALIDATIONS, false, &boot_message},
};
static const struct message init_message = {init_fields, N_FIELDS(init_fields)};
static const struct field command_fields[] = {
    {1, VARINT, ENUM_LIMIT, 0, false, NULL},
    {2, LENGTH, NO_LIMIT, 0, false, &init_message},
};
static const struct message command_message = {command_fields, N_FIELDS(command_fields)};
static const struct field signed_fields[] = {
    {1, LENGTH, NO_LIMIT, 0, false, &command_message},
    {2, VARINT, ENUM_LIMIT, 0, false, NULL},
    {3, LENGTH, RIG_INIT_SIGNATURE_BYTES, 0, false, NULL},
};
static const struct message signed_message = {signed_fields, N_FIELDS(signed_fields)};
static const struct field packet_fields[] = {
    {1, LENGTH, NO_LIMIT, 0, false, &command_message},
    {2, LENGTH, NO_LIMIT, 0, false, &signed_message},
};
static const struct message packet_message = {packet_fields, N_FIELDS(packet_fields)};
/* clang-format on */

/* end bounds what is read. */
struct walk {
    const uint8_t *bytes;
    size_t at, end;
    /* Of the init command that was found. */
    size_t n_inits, covered_offset, n_covered_bytes, length_bytes;
};

static enum rig_init_status read_varint(struct walk *walk, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (walk->at == walk->end)
            return RIG_INIT_MALFORMED;
        byte = walk->bytes[walk->at++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return RIG_INIT_OK;
    }
    return RIG_INIT_MALFORMED;
}

static enum rig_init_status read_length(struct walk *walk, size_t *n_bytes)
{
    uint64_t value;
    enum rig_init_status status = read_varint(walk, &value);

    if (status == RIG_INIT_OK && value > walk->end - walk->at)
        return RIG_INIT_MALFORMED;
    *n_bytes = (size_t)value;
    return status;
}

static enum rig_init_status skip(struct walk *walk, uint64_t wire)
{
    uint64_t ignored;
    size_t n_bytes = 0;
    enum rig_init_status status = RIG_INIT_OK;

    if (wire == VARINT)
        return read_varint(walk, &ignored);
    if (wire == LENGTH)
        status = read_length(walk, &n_bytes);
    else if (wire == FIXED64 || wire == FIXED32)
        n_bytes = wire == FIXED64 ? 8 : 4;
    else
        return RIG_INIT_MALFORMED;
    if (status == RIG_INIT_OK && n_bytes > walk->end - walk->at)
        status = RIG_INIT_MALFORMED;
    if (status == RIG_INIT_OK)
        walk->at += n_bytes;
    return status;
}

static enum rig_init_status walk_number(struct walk *walk, const struct field *field)
{
    uint64_t value;
    enum rig_init_status status = read_varint(walk, &value);

    return status == RIG_INIT_OK && value > field->limit ? RIG_INIT_LIMIT : status;
}

static enum rig_init_status walk_packed(struct walk *walk, const struct field *field, size_t *n_elements)
{
    struct walk inner = *walk;
    size_t n_bytes;
    enum rig_init_status status = read_length(&inner, &n_bytes);

    if (status)
        return status;
    inner.end = inner.at + n_bytes;
    while (inner.at < inner.end) {
        status = walk_number(&inner, field);
        if (status)
            return status;
        if (++*n_elements > field->most)
            return RIG_INIT_LIMIT;
    }
    walk->at = inner.at;
    return RIG_INIT_OK;
}

static enum rig_init_status walk_message(struct walk *walk, const struct message *message);

static enum rig_init_status walk_inner(struct walk *walk, const struct field *field)
{
    size_t outer_end = walk->end, length_at = walk->at, n_bytes;
    enum rig_init_status status = read_length(walk, &n_bytes);

    if (status)
        return status;
    if (!field->message) {
        walk->at += n_bytes;
        return n_bytes > field->limit ? RIG_INIT_LIMIT : RIG_INIT_OK;
    }
    if (field->message == &init_message) {
        walk->n_inits++;
        walk->covered_offset = walk->at;
        walk->n_covered_bytes = outer_end - walk->at;
        walk->length_bytes = walk->at - length_at;
    }
    walk->end = walk->at + n_bytes;
    status = walk_message(walk, field->message);
    walk->end = outer_end;
    return status;
}

static const struct field *field_of(const struct message *message, uint64_t number, size_t *index)
{
    for (size_t i = 0; i < message->n_fields; i++) {
        *index = i;
        if (message->fields[i].number == number)
            return &message->fields[i];
    }
    return NULL;
}

static enum rig_init_status walk_field(struct walk *walk, const struct message *message, uint64_t tag,
                                       size_t counts[MOST_FIELDS])
{
    size_t index = 0;
    const struct field *field = field_of(message, tag >> 3, &index);
    uint64_t wire = tag & 7;

    if (!field)
        return tag >> 3 ? skip(walk, wire) : RIG_INIT_MALFORMED;
    if (field->packed && wire == LENGTH)
        return walk_packed(walk, field, &counts[index]);
    if (wire != field->wire)
        return RIG_INIT_MALFORMED;
    if (field->most && ++counts[index] > field->most)
        return RIG_INIT_LIMIT;
    return wire == VARINT ? walk_number(walk, field) : walk_inner(walk, field);
}

/* A tag that the bytes end in the middle of, of no more than a tag may have. */
static bool is_cut_tag(const struct walk *walk, size_t start)
{
    return walk->at == walk->end && walk->at - start <= MOST_TAG_BYTES;
}

/* To the end of the message; of the packet itself a tag 0 is the end too, and one that is cut. */
static enum rig_init_status walk_message(struct walk *walk, const struct message *message)
{
    size_t counts[MOST_FIELDS] = {0};

    while (walk->at < walk->end) {
        size_t start = walk->at;
        uint64_t tag;
        enum rig_init_status status = read_varint(walk, &tag);
        bool ends = status == RIG_INIT_OK ? tag == 0 : is_cut_tag(walk, start);

        if (ends && message == &packet_message) {
            walk->at = walk->end = start;
            return RIG_INIT_OK;
        }
        if (status == RIG_INIT_OK && tag > UINT32_MAX)
            status = RIG_INIT_MALFORMED;
        if (status == RIG_INIT_OK)
            status = walk_field(walk, message, tag, counts);
        if (status)
            return status;
    }
    return RIG_INIT_OK;
}

/* ---- decoding ---- */

/* The walk has bounded it. */
static size_t copy_bytes(const ProtobufCBinaryData *from, uint8_t *into, size_t most)
{
    size_t n_bytes = from->len < most ? from->len : most;

    if (n_bytes)
        memcpy(into, from->data, n_bytes);
    return n_bytes;
}

static void take_init(const RigInit__InitCommand *from, struct rig_init_packet *packet)
{
    packet->has_fw_version = from->has_fw_version;
    packet->fw_version = from->fw_version;
    packet->has_hw_version = from->has_hw_version;
    packet->hw_version = from->hw_version;
    packet->has_type = from->has_type;
    packet->type = from->type;
    packet->has_sd_size = from->has_sd_size;
    packet->sd_size = from->sd_size;
    packet->has_bl_size = from->has_bl_size;
    packet->bl_size = from->bl_size;
    packet->has_app_size = from->has_app_size;
    packet->app_size = from->app_size;
    packet->has_is_debug = from->has_is_debug;
    packet->is_debug = from->is_debug;
    for (size_t i = 0; i < from->n_sd_req && i < RIG_INIT_MAX_SD_REQ; i++)
        packet->sd_req[packet->n_sd_req++] = from->sd_req[i];
    packet->has_hash = from->hash != NULL;
    if (from->hash) {
        packet->hash_type = from->hash->hash_type;
        packet->n_hash_bytes = copy_bytes(&from->hash->hash, packet->hash, RIG_INIT_MAX_HASH_BYTES);
    }
    for (size_t i = 0; i < from->n_boot_validation && i < RIG_INIT_MAX_BOOT_VALIDATIONS; i++) {
        struct rig_init_boot *boot = &packet->boot_validations[packet->n_boot_validations++];

        boot->type = from->boot_validation[i]->type;
        boot->n_bytes =
            copy_bytes(&from->boot_validation[i]->bytes, boot->bytes, RIG_INIT_MAX_BOOT_VALIDATION_BYTES);
    }
}

/* A bootloader decodes the covered bytes of a signed packet a second time: what follows the init command
 * inside its command is part of it then. */
static enum rig_init_status take_covered(const uint8_t *bytes, struct rig_init_packet *packet)
{
    struct walk walk = {.bytes = bytes + packet->covered_offset, .end = packet->n_covered_bytes};
    enum rig_init_status status = walk_message(&walk, &init_message);
    RigInit__InitCommand *init;

    if (status)
        return status;
    init = rig_init__init_command__unpack(NULL, walk.end, walk.bytes);
    if (!init)
        return RIG_INIT_MALFORMED;
    take_init(init, packet);
    rig_init__init_command__free_unpacked(init, NULL);
    return RIG_INIT_OK;
}

static enum rig_init_status take_packet(const RigInit__Packet *from, const uint8_t *bytes,
                                        struct rig_init_packet *packet)
{
    const RigInit__SignedCommand *outer = from->signed_command;
    const RigInit__Command *command = outer ? outer->command : from->command;

    if ((outer && from->command) || !command || !command->init)
        return RIG_INIT_FORM;
    packet->has_op_code = command->has_op_code;
    packet->op_code = command->op_code;
    if (!outer) {
        take_init(command->init, packet);
        return RIG_INIT_OK;
    }
    packet->is_signed = true;
    packet->signature_type = outer->signature_type;
    packet->n_signature_bytes = copy_bytes(&outer->signature, packet->signature, RIG_INIT_SIGNATURE_BYTES);
    return take_covered(bytes, packet);
}

enum rig_init_status rig_init_packet_decode(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_init_packet *packet)
{
    struct walk walk = {.bytes = bytes, .end = n_bytes};
    enum rig_init_status status = walk_message(&walk, &packet_message);
    RigInit__Packet *unpacked;

    *packet = (struct rig_init_packet){0};
    if (status)
        return status;
    if (walk.n_inits != 1)
        return RIG_INIT_FORM;
    packet->covered_offset = walk.covered_offset;
    packet->n_covered_bytes = walk.n_covered_bytes;
    packet->length_bytes = walk.length_bytes;
    unpacked = rig_init__packet__unpack(NULL, walk.end, bytes);
    if (!unpacked)
        return RIG_INIT_MALFORMED;
    status = take_packet(unpacked, bytes, packet);
    rig_init__packet__free_unpacked(unpacked, NULL);
    return status;
}

/* ---- encoding ---- */

/* A message with everything that it points to. */
struct outgoing {
    RigInit__Hash hash;
    RigInit__BootValidation boots[RIG_INIT_MAX_BOOT_VALIDATIONS];
    RigInit__BootValidation *boot_list[RIG_INIT_MAX_BOOT_VALIDATIONS];
    RigInit__InitCommand init;
    RigInit__Command command;
    RigInit__SignedCommand signed_command;
    RigInit__Packet packet;
};

static void put_init(struct rig_init_packet *packet, struct outgoing *out)
{
    RigInit__InitCommand *init = &out->init;

    *init = (RigInit__InitCommand)RIG_INIT__INIT_COMMAND__INIT;
    init->has_fw_version = packet->has_fw_version;
    init->fw_version = packet->fw_version;
    init->has_hw_version = packet->has_hw_version;
    init->hw_version = packet->hw_version;
    init->n_sd_req = packet->n_sd_req;
    init->sd_req = packet->sd_req;
    init->has_type = packet->has_type;
    init->type = packet->type;
    init->has_sd_size = packet->has_sd_size;
    init->sd_size = packet->sd_size;
    init->has_bl_size = packet->has_bl_size;
    init->bl_size = packet->bl_size;
    init->has_app_size = packet->has_app_size;
    init->app_size = packet->app_size;
    init->has_is_debug = packet->has_is_debug;
    init->is_debug = packet->is_debug;
    out->hash = (RigInit__Hash)RIG_INIT__HASH__INIT;
    out->hash.hash_type = packet->hash_type;
    out->hash.hash = (ProtobufCBinaryData){packet->n_hash_bytes, packet->hash};
    init->hash = packet->has_hash ? &out->hash : NULL;
    for (size_t i = 0; i < packet->n_boot_validations; i++) {
        struct rig_init_boot *boot = &packet->boot_validations[i];

        out->boots[i] = (RigInit__BootValidation)RIG_INIT__BOOT_VALIDATION__INIT;
        out->boots[i].type = boot->type;
        out->boots[i].bytes = (ProtobufCBinaryData){boot->n_bytes, boot->bytes};
        out->boot_list[i] = &out->boots[i];
    }
    init->n_boot_validation = packet->n_boot_validations;
    init->boot_validation = out->boot_list;
}

static void put_command(struct rig_init_packet *packet, struct outgoing *out)
{
    put_init(packet, out);
    out->command = (RigInit__Command)RIG_INIT__COMMAND__INIT;
    out->command.has_op_code = packet->has_op_code;
    out->command.op_code = packet->op_code;
    out->command.init = &out->init;
    out->signed_command = (RigInit__SignedCommand)RIG_INIT__SIGNED_COMMAND__INIT;
    out->signed_command.command = &out->command;
    out->signed_command.signature_type = packet->signature_type;
    out->signed_command.signature = (ProtobufCBinaryData){packet->n_signature_bytes, packet->signature};
    out->packet = (RigInit__Packet)RIG_INIT__PACKET__INIT;
    if (packet->is_signed)
        out->packet.signed_command = &out->signed_command;
    else
        out->packet.command = &out->command;
}

static bool fits(const struct rig_init_packet *packet)
{
    for (size_t i = 0; i < packet->n_boot_validations && i < RIG_INIT_MAX_BOOT_VALIDATIONS; i++)
        if (packet->boot_validations[i].n_bytes > RIG_INIT_MAX_BOOT_VALIDATION_BYTES)
            return false;
    return packet->n_sd_req <= RIG_INIT_MAX_SD_REQ && packet->n_hash_bytes <= RIG_INIT_MAX_HASH_BYTES &&
           packet->n_boot_validations <= RIG_INIT_MAX_BOOT_VALIDATIONS &&
           packet->n_signature_bytes <= RIG_INIT_SIGNATURE_BYTES;
}

static bool sign(struct rig_init_packet *packet, const struct outgoing *out, const struct rig_key *key)
{
    uint8_t init[RIG_INIT_PACKET_MAX_BYTES];
    size_t n_bytes = rig_init__init_command__get_packed_size(&out->init);

    if (n_bytes > sizeof init)
        return false;
    rig_init__init_command__pack(&out->init, init);
    packet->is_signed = true;
    packet->signature_type = RIG_INIT_ECDSA_P256_SHA256;
    packet->n_signature_bytes = RIG_INIT_SIGNATURE_BYTES;
    return rig_init_sign(key, init, n_bytes, packet->signature);
}

enum rig_init_status rig_init_packet_encode(struct rig_init_packet *packet, const struct rig_key *key,
                                            uint8_t into[RIG_INIT_PACKET_MAX_BYTES], size_t *n_bytes)
{
    struct walk walk = {.bytes = into};
    struct outgoing out;

    *n_bytes = 0;
    if (!fits(packet))
        return RIG_INIT_TOO_LARGE;
    put_init(packet, &out);
    if (key && !sign(packet, &out, key))
        return RIG_INIT_KEY;
    put_command(packet, &out);
    walk.end = rig_init__packet__get_packed_size(&out.packet);
    if (walk.end > RIG_INIT_PACKET_MAX_BYTES)
        return RIG_INIT_TOO_LARGE;
    *n_bytes = rig_init__packet__pack(&out.packet, into);
    (void)walk_message(&walk, &packet_message);
    packet->covered_offset = walk.covered_offset;
    packet->n_covered_bytes = walk.n_covered_bytes;
    packet->length_bytes = walk.length_bytes;
    return RIG_INIT_OK;
}
