/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building an image: header, payload, protected TLVs, hash, key hash, signature, padding, in imgtool's order.
 */
#include "image/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "image/image_internal.h"
#include "image/trailer.h"

#define SEC_CNT_BYTES 4u
#define UUID_BYTES 16u
#define AES_BLOCK_BYTES 16u
/* Room for the unprotected area of any kind: info, hash, mark of a pure signature, key or its hash,
 * signature, encrypted key. */
#define UNPROTECTED_MAX_BYTES                                                                                \
    (6u * 4u + RIG_IMAGE_HASH_MAX_BYTES + 1u + RIG_KEY_DER_MAX_BYTES + RIG_SIGNATURE_MAX_BYTES +             \
     RIG_ENCRYPT_TLV_MAX_BYTES)

void rig_bytes_clear(struct rig_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct rig_bytes){0};
}

void rig_image_fill_payload(uint64_t seed, uint8_t *into, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 8) {
        uint64_t word = seed += 0x9e3779b97f4a7c15u;

        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
        word = (word ^ word >> 27) * 0x94d049bb133111ebu;
        word ^= word >> 31;
        for (size_t i = 0; i < 8 && at + i < n_bytes; i++)
            into[at + i] = (uint8_t)(word >> 8 * i);
    }
}

/* Where the next byte goes; the room was computed beforehand. bytes NULL: it is being computed. */
struct writer {
    uint8_t *bytes;
    size_t at;
};

static void put_pair(struct writer *writer, uint16_t first, size_t second)
{
    if (writer->bytes) {
        rig_put_le16(writer->bytes + writer->at, first);
        rig_put_le16(writer->bytes + writer->at + 2, (uint16_t)second);
    }
    writer->at += RIG_IMAGE_TLV_HEADER_BYTES;
}

static void put_entry(struct writer *writer, uint16_t type, const void *payload, size_t n_bytes)
{
    put_pair(writer, type, n_bytes);
    if (n_bytes && writer->bytes)
        memcpy(writer->bytes + writer->at, payload, n_bytes);
    writer->at += n_bytes;
}

/* What a compressed image says of what it was before; in the order in which it says it. */
#define PACKING_MAX_TLVS 4u
struct packing {
    uint8_t unpacked_size[4], packed_size[4];
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES], signature[RIG_SIGNATURE_MAX_BYTES];
    struct rig_image_custom_tlv tlvs[PACKING_MAX_TLVS];
    size_t n_tlvs;
};

static uint16_t hash_type_of(const struct rig_image_recipe *recipe)
{
    return rig_key_hash_type(recipe->key ? rig_key_kind(recipe->key) : RIG_KEY_ECDSA_P256, &recipe->how);
}

static size_t put_text(uint8_t *into, const char *text)
{
    size_t n_bytes = strlen(text);

    into[0] = (uint8_t)(0x60 | n_bytes);
    memcpy(into + 1, text, n_bytes);
    return 1 + n_bytes;
}

/* NULL: zeros. */
static size_t put_byte_string(uint8_t *into, const uint8_t *bytes, size_t n_bytes)
{
    into[0] = 0x58;
    into[1] = (uint8_t)n_bytes;
    if (bytes)
        memcpy(into + 2, bytes, n_bytes);
    else
        memset(into + 2, 0, n_bytes);
    return 2 + n_bytes;
}

/* [SRC imgtool/boot_record.py] A CBOR map of type, version, signer, kind of hash, and the hash last, which
 * the bootloader fills in. */
#define BOOT_RECORD_MAX_BYTES 256u
#define BOOT_RECORD_TYPE_MAX_BYTES 12u
static size_t make_boot_record(const struct rig_image_recipe *recipe, uint8_t record[BOOT_RECORD_MAX_BYTES])
{
    uint16_t type = hash_type_of(recipe);
    uint8_t signer[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_signer = recipe->key ? rig_key_hash_of(recipe->key, type, signer) : 0, at = 0;
    char version[RIG_IMAGE_VERSION_TEXT_BYTES], hash[8];

    snprintf(version, sizeof version, "%u.%u.%u", recipe->version.major, recipe->version.minor,
             recipe->version.revision);
    snprintf(hash, sizeof hash, "SHA%u", 8 * (unsigned)rig_image_hash_bytes(type));
    record[at++] = 0xa5;
    record[at++] = 1;
    at += put_text(record + at, recipe->boot_record);
    record[at++] = 4;
    at += put_text(record + at, version);
    record[at++] = 5;
    at += put_byte_string(record + at, n_signer ? signer : NULL, n_signer ? n_signer : RIG_IMAGE_HASH_BYTES);
    record[at++] = 6;
    at += put_text(record + at, hash);
    record[at++] = 2;
    return at + put_byte_string(record + at, NULL, rig_image_hash_bytes(type));
}

static void put_demands(struct writer *writer, const struct rig_image_recipe *recipe)
{
    uint8_t payload[RIG_IMAGE_DEPENDENCY_BYTES] = {0}, record[BOOT_RECORD_MAX_BYTES];

    if (recipe->has_security_counter) {
        rig_put_le32(payload, recipe->security_counter);
        put_entry(writer, RIG_IMAGE_TLV_SEC_CNT, payload, SEC_CNT_BYTES);
    }
    if (recipe->boot_record)
        put_entry(writer, RIG_IMAGE_TLV_BOOT_RECORD, record, make_boot_record(recipe, record));
    rig_put_le32(payload, 0);
    for (size_t i = 0; i < recipe->n_dependencies; i++) {
        payload[0] = recipe->dependencies[i].image;
        rig_image_version_encode(&recipe->dependencies[i].minimum, payload + 4);
        put_entry(writer, RIG_IMAGE_TLV_DEPENDENCY, payload, sizeof payload);
    }
}

static void put_given(struct writer *writer, const struct rig_image_custom_tlv *tlvs, size_t n_tlvs)
{
    for (size_t i = 0; i < n_tlvs; i++)
        put_entry(writer, tlvs[i].type, tlvs[i].bytes, tlvs[i].n_bytes);
}

/* n_bytes: of the whole area, which is not there when it would be empty. */
static void put_protected(struct writer *writer, const struct rig_image_recipe *recipe,
                          const struct packing *packing, size_t n_bytes)
{
    if (n_bytes == 0)
        return;
    put_pair(writer, RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC, n_bytes);
    put_demands(writer, recipe);
    put_given(writer, packing->tlvs, packing->n_tlvs);
    if (recipe->vendor_id)
        put_entry(writer, RIG_IMAGE_TLV_UUID_VID, recipe->vendor_id, UUID_BYTES);
    if (recipe->class_id)
        put_entry(writer, RIG_IMAGE_TLV_UUID_CID, recipe->class_id, UUID_BYTES);
    put_given(writer, recipe->custom, recipe->n_custom);
}

static size_t protected_bytes(const struct rig_image_recipe *recipe, const struct packing *packing)
{
    struct writer measure = {0};

    put_protected(&measure, recipe, packing, 1);
    return measure.at > RIG_IMAGE_TLV_HEADER_BYTES ? measure.at : 0;
}

static unsigned aes_bits_of(const struct rig_image_recipe *recipe)
{
    return recipe->aes_bits ? recipe->aes_bits : 128;
}

static uint32_t aes_flag(const struct rig_image_recipe *recipe)
{
    return aes_bits_of(recipe) == 256 ? RIG_IMAGE_FLAG_ENCRYPTED_AES256 : RIG_IMAGE_FLAG_ENCRYPTED_AES128;
}

static enum rig_encrypt_kind encryption_of(const struct rig_image_recipe *recipe)
{
    return recipe->hmac_sha512 ? RIG_ENCRYPT_ECIES_X25519_SHA512 : rig_encrypt_key_kind(recipe->encrypt_to);
}

/* Draws the image's key, puts its TLV and encrypts the payload. */
static enum rig_image_status encrypt(struct writer *writer, const struct rig_image_recipe *recipe,
                                     const struct rig_image_header *header)
{
    uint8_t image_key[RIG_IMAGE_KEY_MAX_BYTES], tlv[RIG_ENCRYPT_TLV_MAX_BYTES];
    enum rig_encrypt_kind kind = encryption_of(recipe);
    unsigned aes_bits = aes_bits_of(recipe);
    struct rig_ctr *ctr = NULL;
    enum rig_image_status status = RIG_IMAGE_CRYPTO_FAILED;

    if (rig_encrypt_draw_image_key(recipe->encrypt_seed, aes_bits, image_key))
        status = rig_encrypt_wrap(recipe->encrypt_to, kind, image_key, aes_bits, recipe->encrypt_seed, tlv);
    if (status == RIG_IMAGE_OK)
        put_entry(writer, rig_encrypt_tlv(kind), tlv, rig_encrypt_tlv_bytes(kind, aes_bits));
    if (status == RIG_IMAGE_OK && !recipe->clear) {
        ctr = rig_ctr_new(image_key, aes_bits);
        if (!ctr || !rig_ctr_apply(ctr, 0, writer->bytes + header->header_bytes, header->payload_bytes))
            status = RIG_IMAGE_CRYPTO_FAILED;
        rig_ctr_free(ctr);
    }
    OPENSSL_cleanse(image_key, sizeof image_key);
    return status;
}

static bool can_sign(const struct rig_key *key, const struct rig_signed_how *how)
{
    enum rig_key_kind kind = rig_key_kind(key);
    bool rsa = kind == RIG_KEY_RSA2048 || kind == RIG_KEY_RSA3072;

    return rig_key_is_private(key) && (!how->pure || kind == RIG_KEY_ED25519) &&
           (!rsa || rig_key_hash_type(kind, how) == RIG_IMAGE_TLV_SHA256);
}

static void put_key(struct writer *writer, const struct rig_image_recipe *recipe, uint16_t hash_type)
{
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_bytes;

    if (recipe->how.key_in_image) {
        const uint8_t *der = rig_key_public_der(recipe->key, &n_bytes);

        put_entry(writer, RIG_IMAGE_TLV_PUBKEY, der, n_bytes);
        return;
    }
    n_bytes = rig_key_hash_of(recipe->key, hash_type, hash);
    put_entry(writer, RIG_IMAGE_TLV_KEYHASH, hash, n_bytes);
}

/* [SRC imgtool/keys/ecdsa.py] */
static size_t padded_bytes(enum rig_key_kind kind, size_t n_bytes)
{
    size_t wanted = kind == RIG_KEY_ECDSA_P256 ? 72 : kind == RIG_KEY_ECDSA_P384 ? 103 : 0;

    return n_bytes < wanted ? wanted : n_bytes;
}

/* Over the hash, or over the signed_bytes that lie before the area. */
static bool put_signature(struct writer *writer, const struct rig_image_recipe *recipe, const uint8_t *hash,
                          size_t n_hash, size_t signed_bytes)
{
    uint8_t signature[RIG_SIGNATURE_MAX_BYTES] = {0};
    enum rig_key_kind kind = rig_key_kind(recipe->key);
    size_t n_bytes = recipe->how.pure
                         ? rig_key_sign_bytes(recipe->key, writer->bytes, signed_bytes, signature)
                         : rig_key_sign_bytes(recipe->key, hash, n_hash, signature);

    if (n_bytes == 0)
        return false;
    if (recipe->pad_signature)
        n_bytes = padded_bytes(kind, n_bytes);
    put_entry(writer, rig_key_signature_tlv(kind), signature, n_bytes);
    return true;
}

static enum rig_image_status put_unprotected(struct writer *writer, const struct rig_image_recipe *recipe,
                                             const struct rig_image_header *header)
{
    static const uint8_t pure_mark = 1;
    enum rig_image_status status = RIG_IMAGE_OK;
    uint16_t type = hash_type_of(recipe);
    size_t start = writer->at, n_hash = rig_image_hash_bytes(type);
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES];

    if (EVP_Digest(writer->bytes, start, hash, NULL, rig_image_hash_algorithm(n_hash), NULL) != 1)
        return RIG_IMAGE_CRYPTO_FAILED;
    writer->at += RIG_IMAGE_TLV_HEADER_BYTES;
    put_entry(writer, type, hash, n_hash);
    if (recipe->how.pure)
        put_entry(writer, RIG_IMAGE_TLV_SIG_PURE, &pure_mark, 1);
    if (recipe->key) {
        put_key(writer, recipe, type);
        if (!put_signature(writer, recipe, hash, n_hash, start))
            return RIG_IMAGE_CRYPTO_FAILED;
    }
    if (recipe->encrypt_to)
        status = encrypt(writer, recipe, header);
    rig_put_le16(writer->bytes + start, RIG_IMAGE_TLV_INFO_MAGIC);
    rig_put_le16(writer->bytes + start + 2, (uint16_t)(writer->at - start));
    return status;
}

/* One sector's status records: only the fields that stand at fixed places are kept free, whatever board the
 * slot is on. */
static bool trailer_of(const struct rig_image_recipe *recipe, struct rig_trailer_layout *trailer)
{
    uint32_t max_align = recipe->max_align ? recipe->max_align : 8;
    const struct rig_trailer_geometry geometry = {
        .mode = RIG_SWAP_MOVE,
        .slot_bytes = recipe->pad_to_bytes,
        .write_bytes = max_align,
        .max_align = max_align,
        .max_sectors = 1,
        .erased = recipe->erased,
    };

    return rig_trailer_layout(&geometry, trailer);
}

static enum rig_image_status pad(const struct rig_image_recipe *recipe, size_t n_image_bytes, uint8_t *slot)
{
    struct rig_trailer_layout trailer;

    if (!trailer_of(recipe, &trailer))
        return RIG_IMAGE_BAD_HEADER;
    if (n_image_bytes > trailer.swap_size)
        return RIG_IMAGE_TOO_LARGE;
    memset(slot + n_image_bytes, recipe->erased, recipe->pad_to_bytes - n_image_bytes);
    rig_trailer_magic(recipe->max_align ? recipe->max_align : 8, slot + trailer.magic);
    if (recipe->confirm)
        slot[trailer.image_ok] = 1;
    return RIG_IMAGE_OK;
}

static size_t payload_bytes(const struct rig_image_recipe *recipe)
{
    size_t rest = recipe->encrypt_to ? recipe->payload_bytes % AES_BLOCK_BYTES : 0;

    return recipe->payload_bytes + (rest ? AES_BLOCK_BYTES - rest : 0);
}

static enum rig_image_status make_header(const struct rig_image_recipe *recipe, const struct packing *packing,
                                         struct rig_image_header *header)
{
    const uint32_t aes = RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256;
    const uint32_t lzma = RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2;
    size_t n_protected, n_payload = payload_bytes(recipe);
    uint32_t flags = recipe->flags;

    if (recipe->encrypt_to &&
        !rig_encrypt_key_fits(recipe->encrypt_to, encryption_of(recipe), aes_bits_of(recipe)))
        return RIG_IMAGE_BAD_ENCRYPTION_KEY;
    if (recipe->encrypt_to)
        flags |= aes_flag(recipe);
    /* Bounds the sum in protected_bytes(). */
    if (recipe->n_dependencies > UINT16_MAX || recipe->n_custom > UINT16_MAX)
        return RIG_IMAGE_BAD_TLV;
    if (recipe->boot_record && strlen(recipe->boot_record) > BOOT_RECORD_TYPE_MAX_BYTES)
        return RIG_IMAGE_BAD_TLV;
    n_protected = protected_bytes(recipe, packing);
    if (n_protected > UINT16_MAX)
        return RIG_IMAGE_BAD_TLV;
    *header = (struct rig_image_header){
        .magic = RIG_IMAGE_MAGIC,
        .load_address = recipe->load_address,
        .header_bytes = recipe->header_bytes ? recipe->header_bytes : RIG_IMAGE_HEADER_BYTES,
        .protected_tlv_bytes = (uint16_t)n_protected,
        .payload_bytes = (uint32_t)n_payload,
        .flags = flags,
        .version = recipe->version,
    };
    if (header->header_bytes < RIG_IMAGE_HEADER_BYTES || (flags & aes) == aes || (flags & lzma) == lzma)
        return RIG_IMAGE_BAD_HEADER;
    if (n_payload > UINT32_MAX - header->header_bytes - n_protected - UNPROTECTED_MAX_BYTES)
        return RIG_IMAGE_BAD_HEADER;
    return RIG_IMAGE_OK;
}

static enum rig_image_status fill(const struct rig_image_recipe *recipe, const struct packing *packing,
                                  const struct rig_image_header *header, struct writer *writer)
{
    if (recipe->reserved)
        memcpy(writer->bytes, recipe->reserved, header->header_bytes);
    else
        memset(writer->bytes, recipe->erased, header->header_bytes);
    rig_image_header_encode(header, writer->bytes);
    writer->at = header->header_bytes;
    if (recipe->payload_bytes)
        memcpy(writer->bytes + writer->at, recipe->payload, recipe->payload_bytes);
    memset(writer->bytes + writer->at + recipe->payload_bytes, 0,
           header->payload_bytes - recipe->payload_bytes);
    writer->at += header->payload_bytes;
    put_protected(writer, recipe, packing, header->protected_tlv_bytes);
    return put_unprotected(writer, recipe, header);
}

static enum rig_image_status build(const struct rig_image_recipe *recipe, const struct packing *packing,
                                   struct rig_bytes *into)
{
    struct rig_image_header header;
    struct writer writer = {0};
    enum rig_image_status status = make_header(recipe, packing, &header);
    size_t room;

    *into = (struct rig_bytes){0};
    if (status)
        return status;
    if ((recipe->key && !can_sign(recipe->key, &recipe->how)) || (!recipe->key && recipe->how.pure))
        return RIG_IMAGE_NO_SIGNATURE;
    room = header.header_bytes + header.payload_bytes + header.protected_tlv_bytes + UNPROTECTED_MAX_BYTES;
    writer.bytes = malloc(room > recipe->pad_to_bytes ? room : recipe->pad_to_bytes);
    if (!writer.bytes)
        return RIG_IMAGE_CRYPTO_FAILED;
    status = fill(recipe, packing, &header, &writer);
    if (status == RIG_IMAGE_OK && recipe->pad_to_bytes)
        status = pad(recipe, writer.at, writer.bytes);
    if (status) {
        free(writer.bytes);
        return status;
    }
    *into = (struct rig_bytes){writer.bytes, recipe->pad_to_bytes ? recipe->pad_to_bytes : writer.at};
    return RIG_IMAGE_OK;
}

static void add_packing(struct packing *packing, uint16_t type, const uint8_t *bytes, size_t n_bytes)
{
    packing->tlvs[packing->n_tlvs++] = (struct rig_image_custom_tlv){type, bytes, (uint16_t)n_bytes};
}

/* Hash and signature of the image as it would be without compression and encryption. */
static enum rig_image_status describe_unpacked(const struct rig_image_recipe *recipe, struct packing *packing)
{
    struct rig_image_recipe unpacked = *recipe;
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    struct rig_image_layout layout;
    struct rig_memory_image memory;
    struct rig_image_source source;
    struct rig_bytes image;
    enum rig_image_status status;

    unpacked.encrypt_to = NULL;
    unpacked.pad_to_bytes = 0;
    if (recipe->encrypt_to)
        unpacked.flags |= aes_flag(recipe);
    status = build(&unpacked, packing, &image);
    if (status)
        return status;
    memory = (struct rig_memory_image){image.bytes, image.n_bytes};
    source = rig_image_source_from_memory(&memory);
    status = rig_image_read_layout(&source, UINT32_MAX, &layout);
    rig_put_le32(packing->unpacked_size, layout.header.payload_bytes);
    add_packing(packing, RIG_IMAGE_TLV_DECOMP_SIZE, packing->unpacked_size, sizeof packing->unpacked_size);
    add_packing(packing, RIG_IMAGE_TLV_DECOMP_SHA, packing->hash,
                rig_image_stored_hash_of_any(&source, &layout, NULL, packing->hash));
    while (status == RIG_IMAGE_OK && rig_image_next_tlv(&source, &layout, &cursor, &entry) == RIG_IMAGE_OK) {
        if (!rig_image_tlv_is_signature(entry.type))
            continue;
        memcpy(packing->signature, image.bytes + entry.offset, entry.n_bytes);
        add_packing(packing, RIG_IMAGE_TLV_DECOMP_SIGNATURE, packing->signature, entry.n_bytes);
    }
    rig_bytes_clear(&image);
    return status;
}

static size_t packing_bytes(const struct packing *packing)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < packing->n_tlvs; i++)
        n_bytes += packing->tlvs[i].n_bytes;
    return n_bytes;
}

static enum rig_image_status build_compressed(const struct rig_image_recipe *recipe, struct rig_bytes *into)
{
    static const struct packing not_packed;
    struct rig_image_recipe packed = *recipe;
    struct packing packing = {0};
    enum rig_image_status status = describe_unpacked(recipe, &packing);
    size_t n_packed = 0;
    uint8_t *payload;

    if (status)
        return status;
    payload = rig_compress(recipe->compression, recipe->payload, recipe->payload_bytes, &n_packed);
    if (!payload)
        return RIG_IMAGE_BAD_PAYLOAD;
    /* [SRC main.py] Without the two bytes in front, and without what encryption adds. */
    if (n_packed - 2 + packing_bytes(&packing) < recipe->payload_bytes) {
        packed.payload = payload;
        packed.payload_bytes = n_packed;
        packed.flags |=
            RIG_IMAGE_FLAG_COMPRESSED_LZMA2 |
            (recipe->compression == RIG_COMPRESSION_LZMA2_ARM_THUMB ? RIG_IMAGE_FLAG_ARM_THUMB_FILTER : 0u);
        rig_put_le32(packing.packed_size, (uint32_t)n_packed);
        if (recipe->encrypt_to)
            add_packing(&packing, RIG_IMAGE_TLV_COMP_DEC_SIZE, packing.packed_size,
                        sizeof packing.packed_size);
        status = build(&packed, &packing, into);
    } else {
        status = build(recipe, &not_packed, into);
    }
    free(payload);
    return status;
}

enum rig_image_status rig_image_build(const struct rig_image_recipe *recipe, struct rig_bytes *into)
{
    static const struct packing not_packed;

    *into = (struct rig_bytes){0};
    return recipe->compression ? build_compressed(recipe, into) : build(recipe, &not_packed, into);
}
