/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaging an image in one named way, so that a bootloader's refusal can be told apart by its reason. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "image/build.h"
#include "image/image_internal.h"

static const char *const names[RIG_DAMAGE_N_KINDS] = {
    [RIG_DAMAGE_FLIP_HEADER] = "flip-header",
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
    [RIG_DAMAGE_NO_KEY] = "no-key",
    [RIG_DAMAGE_FLIP_ENCRYPTED_KEY] = "flip-encrypted-key",
    [RIG_DAMAGE_SHORT_ENCRYPTED_KEY] = "short-encrypted-key",
    [RIG_DAMAGE_LIE_ENCRYPTED_KEY] = "lie-encrypted-key",
    [RIG_DAMAGE_NO_ENCRYPTED_KEY] = "no-encrypted-key",
    [RIG_DAMAGE_NO_ENCRYPTED_FLAG] = "no-encrypted-flag",
};

const char *rig_image_damage_name(enum rig_image_damage damage)
{
    return (unsigned)damage < RIG_DAMAGE_N_KINDS ? names[damage] : "unknown";
}

bool rig_image_damage_from_name(const char *name, enum rig_image_damage *damage)
{
    for (unsigned i = 0; name && i < RIG_DAMAGE_N_KINDS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *damage = (enum rig_image_damage)i;
            return true;
        }
    }
    return false;
}

/* The image under the knife; the source reads image's own bytes. */
struct patient {
    struct rig_bytes *image;
    const struct rig_image_source *source;
    struct rig_image_layout layout;
    uint32_t at; /* UINT32_MAX: the default place */
};

static enum rig_image_status flip(const struct patient *patient, uint32_t offset)
{
    if (offset >= patient->image->n_bytes)
        return RIG_IMAGE_READ_FAILED;
    patient->image->bytes[offset] ^= 1;
    return RIG_IMAGE_OK;
}

/* start and n_bytes say the region, fallback the default place within it. */
static enum rig_image_status flip_within(const struct patient *patient, uint32_t start, uint32_t n_bytes,
                                         uint32_t fallback)
{
    uint32_t at = patient->at == UINT32_MAX ? fallback : patient->at;

    return at < n_bytes ? flip(patient, start + at) : RIG_IMAGE_READ_FAILED;
}

/* The byte at position `at` of the concatenated TLV payloads of one area. */
static enum rig_image_status flip_in_area(const struct patient *patient, bool protected_area, uint32_t at)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;

    while (rig_image_next_tlv(patient->source, &patient->layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (entry.protected_area != protected_area)
            continue;
        if (at < entry.n_bytes)
            return flip(patient, entry.offset + at);
        at -= entry.n_bytes;
    }
    return RIG_IMAGE_READ_FAILED;
}

static bool is_hash(uint16_t type)
{
    return rig_image_hash_bytes(type) != 0;
}

static bool is_key(uint16_t type)
{
    return type == RIG_IMAGE_TLV_KEYHASH || type == RIG_IMAGE_TLV_PUBKEY;
}

static bool is_encrypted_key(uint16_t type)
{
    enum rig_encrypt_kind kind;

    return rig_encrypt_kind_of_tlv(type, &kind);
}

/* The first entry outside the protected area whose type is wanted. */
static bool find(const struct patient *patient, bool (*wanted)(uint16_t type),
                 struct rig_image_tlv_entry *entry)
{
    struct rig_image_tlv_cursor cursor = {0};

    while (rig_image_next_tlv(patient->source, &patient->layout, &cursor, entry) == RIG_IMAGE_OK) {
        if (!entry->protected_area && entry->n_bytes && wanted(entry->type))
            return true;
    }
    return false;
}

static enum rig_image_status flip_tlv(const struct patient *patient)
{
    struct rig_image_tlv_entry entry;

    if (patient->at != UINT32_MAX)
        return flip_in_area(patient, false, patient->at);
    if (find(patient, rig_image_tlv_is_signature, &entry) || find(patient, is_hash, &entry))
        return flip(patient, entry.offset + entry.n_bytes - 1u);
    return RIG_IMAGE_READ_FAILED;
}

/* Takes n_bytes at offset out of the TLVs: what follows in the image moves up, what lies behind the image
 * stays. */
static void cut_out(const struct patient *patient, uint32_t offset, uint32_t n_bytes)
{
    struct rig_bytes *image = patient->image;
    uint32_t end = patient->layout.end;

    memmove(image->bytes + offset, image->bytes + offset + n_bytes, end - offset - n_bytes);
    if (image->n_bytes > end)
        memset(image->bytes + end - n_bytes, image->bytes[end], n_bytes);
    else
        image->n_bytes -= n_bytes;
}

static bool remove_first(struct patient *patient, bool (*wanted)(uint16_t type))
{
    struct rig_image_tlv_entry entry;
    uint8_t *total = patient->image->bytes + patient->layout.tlv_offset + 2;
    uint32_t n_bytes;

    if (!find(patient, wanted, &entry))
        return false;
    n_bytes = RIG_IMAGE_TLV_HEADER_BYTES + entry.n_bytes;
    cut_out(patient, entry.offset - RIG_IMAGE_TLV_HEADER_BYTES, n_bytes);
    rig_put_le16(total, (uint16_t)(rig_get_le16(total) - n_bytes));
    patient->layout.end -= n_bytes;
    return true;
}

static enum rig_image_status remove_all(struct patient *patient, bool (*wanted)(uint16_t type),
                                        enum rig_image_status none)
{
    if (!remove_first(patient, wanted))
        return none;
    while (remove_first(patient, wanted))
        continue;
    return RIG_IMAGE_OK;
}

/* Without its last byte: what follows moves up by one. */
static void shorten(struct patient *patient, const struct rig_image_tlv_entry *entry)
{
    uint8_t *bytes = patient->image->bytes, *total = bytes + patient->layout.tlv_offset + 2;

    rig_put_le16(bytes + entry->offset - 2, (uint16_t)(entry->n_bytes - 1));
    rig_put_le16(total, (uint16_t)(rig_get_le16(total) - 1));
    cut_out(patient, entry->offset + entry->n_bytes - 1u, 1);
}

static enum rig_image_status damage_encrypted_key(struct patient *patient, enum rig_image_damage damage)
{
    struct rig_image_tlv_entry entry;

    if (!find(patient, is_encrypted_key, &entry))
        return RIG_IMAGE_NO_KEY_TLV;
    if (damage == RIG_DAMAGE_FLIP_ENCRYPTED_KEY)
        return flip_within(patient, entry.offset, entry.n_bytes, entry.n_bytes - 1u);
    if (damage == RIG_DAMAGE_SHORT_ENCRYPTED_KEY)
        shorten(patient, &entry);
    else
        rig_put_le16(patient->image->bytes + entry.offset - 2, UINT16_MAX);
    return RIG_IMAGE_OK;
}

static enum rig_image_status remove_encrypted_flag(const struct patient *patient)
{
    const uint32_t aes = RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256;
    uint8_t *flags = patient->image->bytes + 16;

    if (!(patient->layout.header.flags & aes))
        return RIG_IMAGE_NO_KEY_TLV;
    rig_put_le32(flags, rig_get_le32(flags) & ~aes);
    return RIG_IMAGE_OK;
}

static enum rig_image_status truncate_at(const struct patient *patient)
{
    uint32_t keep = patient->at == UINT32_MAX ? patient->layout.end / 2 : patient->at;

    if (keep > patient->image->n_bytes)
        return RIG_IMAGE_READ_FAILED;
    patient->image->n_bytes = keep;
    return RIG_IMAGE_OK;
}

static enum rig_image_status damage_hash(const struct patient *patient)
{
    struct rig_image_tlv_entry entry;

    if (!find(patient, is_hash, &entry))
        return RIG_IMAGE_NO_HASH;
    for (uint32_t i = 0; i < entry.n_bytes; i++)
        patient->image->bytes[entry.offset + i] ^= 0xff;
    return RIG_IMAGE_OK;
}

/* With zeros behind the image a walk to the end would find empty entries; an odd rest makes the last one
 * overrun. */
static void lie_tlv_total(const struct patient *patient)
{
    uint8_t *total = patient->image->bytes + patient->layout.tlv_offset + 2;
    uint16_t lie = (0xffffu - rig_get_le16(total)) % RIG_IMAGE_TLV_HEADER_BYTES ? 0xffff : 0xfffe;

    rig_put_le16(total, lie);
}

static void lie_protected(const struct patient *patient)
{
    uint16_t truth = patient->layout.header.protected_tlv_bytes;

    rig_put_le16(patient->image->bytes + 10, (uint16_t)(truth > 0xff00 ? truth - 8 : truth + 8));
}

static void lie_payload_size(const struct patient *patient)
{
    uint32_t truth = patient->layout.header.payload_bytes, room = UINT32_MAX - 0x20000u - truth;
    uint32_t more = patient->image->n_bytes < room ? (uint32_t)patient->image->n_bytes : room;

    rig_put_le32(patient->image->bytes + 12, truth + more);
}

static enum rig_image_status apply_flip(const struct patient *patient, enum rig_image_damage damage)
{
    const struct rig_image_header *header = &patient->layout.header;

    if (damage == RIG_DAMAGE_FLIP_HEADER)
        return flip_within(patient, 0, header->header_bytes, 22);
    if (damage == RIG_DAMAGE_FLIP_PAYLOAD)
        return flip_within(patient, header->header_bytes, header->payload_bytes, header->payload_bytes / 2);
    if (damage == RIG_DAMAGE_FLIP_PROTECTED)
        return flip_in_area(patient, true, patient->at == UINT32_MAX ? 0 : patient->at);
    return flip_tlv(patient);
}

static void apply_lie(const struct patient *patient, enum rig_image_damage damage)
{
    uint8_t *bytes = patient->image->bytes;

    if (damage == RIG_DAMAGE_LIE_PAYLOAD_SIZE)
        lie_payload_size(patient);
    else if (damage == RIG_DAMAGE_LIE_HEADER_SIZE)
        rig_put_le16(bytes + 8, 0);
    else if (damage == RIG_DAMAGE_LIE_TLV_TOTAL)
        lie_tlv_total(patient);
    else if (damage == RIG_DAMAGE_LIE_PROTECTED)
        lie_protected(patient);
    else if (damage == RIG_DAMAGE_BAD_MAGIC)
        rig_put_le32(bytes, ~RIG_IMAGE_MAGIC);
    else
        rig_put_le32(bytes + 12, UINT32_MAX - 15);
}

static enum rig_image_status apply(struct patient *patient, enum rig_image_damage damage)
{
    switch (damage) {
    case RIG_DAMAGE_FLIP_HEADER:
    case RIG_DAMAGE_FLIP_PAYLOAD:
    case RIG_DAMAGE_FLIP_TLV:
    case RIG_DAMAGE_FLIP_PROTECTED:
        return apply_flip(patient, damage);
    case RIG_DAMAGE_TRUNCATE:
        return truncate_at(patient);
    case RIG_DAMAGE_WRONG_HASH:
        return damage_hash(patient);
    case RIG_DAMAGE_NO_HASH:
        return remove_all(patient, is_hash, RIG_IMAGE_NO_HASH);
    case RIG_DAMAGE_NO_SIGNATURE:
        return remove_all(patient, rig_image_tlv_is_signature, RIG_IMAGE_NO_SIGNATURE);
    case RIG_DAMAGE_NO_TLVS:
        cut_out(patient, patient->layout.tlv_offset, patient->layout.end - patient->layout.tlv_offset);
        return RIG_IMAGE_OK;
    case RIG_DAMAGE_NO_KEY:
        return remove_all(patient, is_key, RIG_IMAGE_NO_KEY_TLV);
    case RIG_DAMAGE_NO_ENCRYPTED_KEY:
        return remove_all(patient, is_encrypted_key, RIG_IMAGE_NO_KEY_TLV);
    case RIG_DAMAGE_FLIP_ENCRYPTED_KEY:
    case RIG_DAMAGE_SHORT_ENCRYPTED_KEY:
    case RIG_DAMAGE_LIE_ENCRYPTED_KEY:
        return damage_encrypted_key(patient, damage);
    case RIG_DAMAGE_NO_ENCRYPTED_FLAG:
        return remove_encrypted_flag(patient);
    case RIG_DAMAGE_LIE_PAYLOAD_SIZE:
    case RIG_DAMAGE_LIE_HEADER_SIZE:
    case RIG_DAMAGE_LIE_TLV_TOTAL:
    case RIG_DAMAGE_LIE_PROTECTED:
    case RIG_DAMAGE_BAD_MAGIC:
    case RIG_DAMAGE_WRAP_SIZES:
        apply_lie(patient, damage);
        return RIG_IMAGE_OK;
    }
    return RIG_IMAGE_READ_FAILED;
}

enum rig_image_status rig_image_damage(struct rig_bytes *image, enum rig_image_damage damage, uint32_t at)
{
    const struct rig_memory_image memory = {image->bytes, image->n_bytes};
    const struct rig_image_source source = rig_image_source_from_memory(&memory);
    struct patient patient = {.image = image, .source = &source, .at = at};
    enum rig_image_status status = rig_image_read_layout(&source, UINT32_MAX, &patient.layout);

    return status ? status : apply(&patient, damage);
}
