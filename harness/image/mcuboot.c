/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The format of images: header, TLV areas, versions and names as text, images that lie in memory. */
#include "image/mcuboot.h"

#include "base/bytes.h"
#include "image/image_internal.h"

#include <stdio.h>
#include <string.h>

const char *rig_image_status_text(enum rig_image_status status)
{
    static const char *const texts[] = {
        [RIG_IMAGE_OK] = "the image is good",
        [RIG_IMAGE_READ_FAILED] = "a part of the image cannot be read or is missing",
        [RIG_IMAGE_NO_IMAGE] = "there is no image",
        [RIG_IMAGE_BAD_MAGIC] = "the header does not start with the image magic",
        [RIG_IMAGE_BAD_HEADER] = "the header contradicts itself",
        [RIG_IMAGE_TOO_LARGE] = "the image is too large",
        [RIG_IMAGE_BAD_TLV] = "the TLV area is malformed",
        [RIG_IMAGE_NO_HASH] = "there is no hash",
        [RIG_IMAGE_BAD_HASH] = "the hash does not match",
        [RIG_IMAGE_NO_SIGNATURE] = "there is no signature by a known key",
        [RIG_IMAGE_BAD_SIGNATURE] = "the signature does not match",
        [RIG_IMAGE_BAD_PAYLOAD] = "the compressed payload is damaged",
        [RIG_IMAGE_UNSUPPORTED] = "the image is encrypted or compressed, which is not supported",
        [RIG_IMAGE_CRYPTO_FAILED] = "the crypto library failed",
        [RIG_IMAGE_NO_KEY_TLV] = "the image is encrypted and its key is missing",
        [RIG_IMAGE_BAD_KEY_TLV] = "the TLV with the image's key has a wrong length",
        [RIG_IMAGE_BAD_ENCRYPTION_KEY] = "the image's key was not made for this encryption key",
    };

    if ((size_t)status >= sizeof texts / sizeof texts[0])
        return "unknown status";
    return texts[status];
}

static bool read_memory(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct rig_memory_image *memory = user;

    if (offset > memory->n_bytes || n_bytes > memory->n_bytes - offset)
        return false;
    if (n_bytes)
        memcpy(into, memory->bytes + offset, n_bytes);
    return true;
}

struct rig_image_source rig_image_source_from_memory(const struct rig_memory_image *memory)
{
    return (struct rig_image_source){
        .read = read_memory,
        .user = memory,
        .n_bytes = memory->n_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)memory->n_bytes,
    };
}

bool rig_image_read(const struct rig_image_source *source, uint32_t offset, void *into, size_t n_bytes)
{
    if (offset > source->n_bytes || n_bytes > source->n_bytes - offset)
        return false;
    return n_bytes == 0 || source->read(source->user, offset, into, n_bytes);
}

/* Eight bytes as in the header and in a dependency. */
static void version_decode(const uint8_t bytes[RIG_IMAGE_VERSION_BYTES], struct rig_image_version *version)
{
    version->major = bytes[0];
    version->minor = bytes[1];
    version->revision = rig_get_le16(bytes + 2);
    version->build = rig_get_le32(bytes + 4);
}

void rig_image_version_encode(const struct rig_image_version *version, uint8_t bytes[RIG_IMAGE_VERSION_BYTES])
{
    bytes[0] = version->major;
    bytes[1] = version->minor;
    rig_put_le16(bytes + 2, version->revision);
    rig_put_le32(bytes + 4, version->build);
}

void rig_image_header_decode(const uint8_t bytes[RIG_IMAGE_HEADER_BYTES], struct rig_image_header *header)
{
    header->magic = rig_get_le32(bytes);
    header->load_address = rig_get_le32(bytes + 4);
    header->header_bytes = rig_get_le16(bytes + 8);
    header->protected_tlv_bytes = rig_get_le16(bytes + 10);
    header->payload_bytes = rig_get_le32(bytes + 12);
    header->flags = rig_get_le32(bytes + 16);
    version_decode(bytes + 20, &header->version);
}

void rig_image_header_encode(const struct rig_image_header *header, uint8_t bytes[RIG_IMAGE_HEADER_BYTES])
{
    rig_put_le32(bytes, header->magic);
    rig_put_le32(bytes + 4, header->load_address);
    rig_put_le16(bytes + 8, header->header_bytes);
    rig_put_le16(bytes + 10, header->protected_tlv_bytes);
    rig_put_le32(bytes + 12, header->payload_bytes);
    rig_put_le32(bytes + 16, header->flags);
    rig_image_version_encode(&header->version, bytes + 20);
    rig_put_le32(bytes + 28, 0);
}

static enum rig_image_status check_header(const struct rig_image_header *header)
{
    const uint32_t aes = RIG_IMAGE_FLAG_ENCRYPTED_AES128 | RIG_IMAGE_FLAG_ENCRYPTED_AES256;
    const uint32_t lzma = RIG_IMAGE_FLAG_COMPRESSED_LZMA1 | RIG_IMAGE_FLAG_COMPRESSED_LZMA2;
    uint64_t end = (uint64_t)header->header_bytes + header->payload_bytes + header->protected_tlv_bytes;

    if (header->magic == 0 || header->magic == UINT32_MAX)
        return RIG_IMAGE_NO_IMAGE;
    if (header->magic != RIG_IMAGE_MAGIC)
        return RIG_IMAGE_BAD_MAGIC;
    if (header->header_bytes < RIG_IMAGE_HEADER_BYTES || end > UINT32_MAX)
        return RIG_IMAGE_BAD_HEADER;
    if ((header->flags & aes) == aes || (header->flags & lzma) == lzma)
        return RIG_IMAGE_BAD_HEADER;
    return RIG_IMAGE_OK;
}

enum rig_image_status rig_image_read_header(const struct rig_image_source *source,
                                            struct rig_image_header *header)
{
    uint8_t bytes[RIG_IMAGE_HEADER_BYTES];

    memset(header, 0, sizeof *header);
    if (!rig_image_read(source, 0, bytes, sizeof bytes))
        return RIG_IMAGE_READ_FAILED;
    rig_image_header_decode(bytes, header);
    return check_header(header);
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int rig_image_version_compare(const struct rig_image_version *a, const struct rig_image_version *b,
                              bool with_build)
{
    int order = compare_u32(a->major, b->major);

    if (order == 0)
        order = compare_u32(a->minor, b->minor);
    if (order == 0)
        order = compare_u32(a->revision, b->revision);
    if (order == 0 && with_build)
        order = compare_u32(a->build, b->build);
    return order;
}

/* strtoul would take blanks, signs and other bases. */
static bool parse_number(const char **text, uint32_t max, uint32_t *value)
{
    const char *at = *text;
    uint64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        sum = sum * 10 + (uint64_t)(*at - '0');
        if (sum > max)
            return false;
    }
    if (at == *text)
        return false;
    *text = at;
    *value = (uint32_t)sum;
    return true;
}

static bool skip(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

bool rig_image_version_parse(const char *text, struct rig_image_version *version)
{
    uint32_t major, minor, revision = 0, build = 0;

    if (!text || !parse_number(&text, UINT8_MAX, &major) || !skip(&text, '.') ||
        !parse_number(&text, UINT8_MAX, &minor))
        return false;
    if (skip(&text, '.') && !parse_number(&text, UINT16_MAX, &revision))
        return false;
    if (skip(&text, '+') && !parse_number(&text, UINT32_MAX, &build))
        return false;
    if (*text)
        return false;
    *version = (struct rig_image_version){(uint8_t)major, (uint8_t)minor, (uint16_t)revision, build};
    return true;
}

void rig_image_version_format(const struct rig_image_version *version,
                              char text[RIG_IMAGE_VERSION_TEXT_BYTES])
{
    if (version->build)
        snprintf(text, RIG_IMAGE_VERSION_TEXT_BYTES, "%u.%u.%u+%u", version->major, version->minor,
                 version->revision, version->build);
    else
        snprintf(text, RIG_IMAGE_VERSION_TEXT_BYTES, "%u.%u.%u", version->major, version->minor,
                 version->revision);
}

struct area {
    uint16_t magic;
    uint16_t n_bytes; /* with these four bytes */
};

static enum rig_image_status read_area(const struct rig_image_source *source, uint32_t offset,
                                       uint32_t max_bytes, struct area *area)
{
    uint8_t bytes[RIG_IMAGE_TLV_HEADER_BYTES];

    if (max_bytes < sizeof bytes || offset > max_bytes - sizeof bytes)
        return RIG_IMAGE_TOO_LARGE;
    if (!rig_image_read(source, offset, bytes, sizeof bytes))
        return RIG_IMAGE_READ_FAILED;
    area->magic = rig_get_le16(bytes);
    area->n_bytes = rig_get_le16(bytes + 2);
    return area->n_bytes < sizeof bytes ? RIG_IMAGE_BAD_TLV : RIG_IMAGE_OK;
}

/* Upstream decides by the first info magic which area comes first, and holds the header's protected size
 * against it. */
static enum rig_image_status read_areas(const struct rig_image_source *source, uint32_t max_bytes,
                                        const struct rig_image_layout *layout, struct area *unprotected)
{
    uint32_t first = layout->header.header_bytes + layout->header.payload_bytes;
    enum rig_image_status status = read_area(source, first, max_bytes, unprotected);

    if (status)
        return status;
    if (unprotected->magic == RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC) {
        if (unprotected->n_bytes != layout->header.protected_tlv_bytes)
            return RIG_IMAGE_BAD_TLV;
        status = read_area(source, layout->tlv_offset, max_bytes, unprotected);
    } else if (layout->header.protected_tlv_bytes != 0) {
        return RIG_IMAGE_BAD_TLV;
    }
    if (status == RIG_IMAGE_OK && unprotected->magic != RIG_IMAGE_TLV_INFO_MAGIC)
        return RIG_IMAGE_BAD_TLV;
    return status;
}

enum rig_image_status rig_image_read_layout(const struct rig_image_source *source, uint32_t max_bytes,
                                            struct rig_image_layout *layout)
{
    struct area unprotected;
    enum rig_image_status status;

    memset(layout, 0, sizeof *layout);
    status = rig_image_read_header(source, &layout->header);
    if (status)
        return status;
    layout->hashed_bytes =
        layout->header.header_bytes + layout->header.payload_bytes + layout->header.protected_tlv_bytes;
    layout->tlv_offset = layout->hashed_bytes;
    status = read_areas(source, max_bytes, layout, &unprotected);
    if (status)
        return status;
    if (unprotected.n_bytes > source->n_bytes - layout->tlv_offset)
        return RIG_IMAGE_BAD_TLV;
    layout->end = layout->tlv_offset + unprotected.n_bytes;
    return layout->end > max_bytes ? RIG_IMAGE_TOO_LARGE : RIG_IMAGE_OK;
}

static uint32_t first_entry(const struct rig_image_layout *layout)
{
    return layout->tlv_offset - layout->header.protected_tlv_bytes + RIG_IMAGE_TLV_HEADER_BYTES;
}

enum rig_image_status rig_image_next_tlv(const struct rig_image_source *source,
                                         const struct rig_image_layout *layout,
                                         struct rig_image_tlv_cursor *cursor,
                                         struct rig_image_tlv_entry *entry)
{
    uint8_t bytes[RIG_IMAGE_TLV_HEADER_BYTES];
    uint32_t at = cursor->next ? cursor->next : first_entry(layout);
    uint32_t area_end;

    if (at == layout->tlv_offset)
        at += RIG_IMAGE_TLV_HEADER_BYTES;
    cursor->next = at;
    if (at >= layout->end)
        return RIG_IMAGE_NO_IMAGE;
    entry->protected_area = at < layout->tlv_offset;
    area_end = entry->protected_area ? layout->tlv_offset : layout->end;
    if (area_end - at < sizeof bytes)
        return RIG_IMAGE_BAD_TLV;
    if (!rig_image_read(source, at, bytes, sizeof bytes))
        return RIG_IMAGE_READ_FAILED;
    entry->type = rig_get_le16(bytes);
    entry->n_bytes = rig_get_le16(bytes + 2);
    entry->offset = at + RIG_IMAGE_TLV_HEADER_BYTES;
    if (entry->n_bytes > area_end - entry->offset)
        return RIG_IMAGE_BAD_TLV;
    cursor->next = entry->offset + entry->n_bytes;
    return RIG_IMAGE_OK;
}

/* The first entry of that type whose payload has n_bytes (0: any); false when there is none or the walk
 * fails. */
static bool find_tlv(const struct rig_image_source *source, const struct rig_image_layout *layout,
                     uint16_t type, uint16_t n_bytes, struct rig_image_tlv_entry *entry)
{
    struct rig_image_tlv_cursor cursor = {0};

    while (rig_image_next_tlv(source, layout, &cursor, entry) == RIG_IMAGE_OK) {
        if (entry->type == type && (n_bytes == 0 || entry->n_bytes == n_bytes))
            return true;
    }
    return false;
}

static const struct {
    uint16_t type;
    uint16_t n_bytes;
    const char *name;
} hashes[] = {
    {RIG_IMAGE_TLV_SHA256, 32, "SHA-256"},
    {RIG_IMAGE_TLV_SHA384, 48, "SHA-384"},
    {RIG_IMAGE_TLV_SHA512, 64, "SHA-512"},
};
#define N_HASHES (sizeof hashes / sizeof hashes[0])

size_t rig_image_hash_bytes(uint16_t type)
{
    for (size_t i = 0; i < N_HASHES; i++) {
        if (hashes[i].type == type)
            return hashes[i].n_bytes;
    }
    return 0;
}

const char *rig_image_hash_name(uint16_t type)
{
    for (size_t i = 0; i < N_HASHES; i++) {
        if (hashes[i].type == type)
            return hashes[i].name;
    }
    return NULL;
}

size_t rig_image_stored_hash_of_any(const struct rig_image_source *source,
                                    const struct rig_image_layout *layout, uint16_t *type,
                                    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES])
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;

    while (rig_image_next_tlv(source, layout, &cursor, &entry) == RIG_IMAGE_OK) {
        size_t n_bytes = rig_image_hash_bytes(entry.type);

        if (n_bytes == 0 || n_bytes != entry.n_bytes || !rig_image_read(source, entry.offset, hash, n_bytes))
            continue;
        if (type)
            *type = entry.type;
        return n_bytes;
    }
    return 0;
}

enum rig_image_status rig_image_stored_hash(const struct rig_image_source *source,
                                            const struct rig_image_layout *layout,
                                            uint8_t hash[RIG_IMAGE_HASH_BYTES])
{
    uint8_t stored[RIG_IMAGE_HASH_MAX_BYTES];

    if (rig_image_stored_hash_of_any(source, layout, NULL, stored) == 0)
        return RIG_IMAGE_NO_HASH;
    memcpy(hash, stored, RIG_IMAGE_HASH_BYTES);
    return RIG_IMAGE_OK;
}

bool rig_image_security_counter(const struct rig_image_source *source, const struct rig_image_layout *layout,
                                uint32_t *counter)
{
    struct rig_image_tlv_entry entry;
    uint8_t bytes[4];

    if (!find_tlv(source, layout, RIG_IMAGE_TLV_SEC_CNT, sizeof bytes, &entry) || !entry.protected_area)
        return false;
    if (!rig_image_read(source, entry.offset, bytes, sizeof bytes))
        return false;
    *counter = rig_get_le32(bytes);
    return true;
}

size_t rig_image_dependencies(const struct rig_image_source *source, const struct rig_image_layout *layout,
                              struct rig_image_dependency *into, size_t max)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    size_t n = 0;

    while (rig_image_next_tlv(source, layout, &cursor, &entry) == RIG_IMAGE_OK && entry.protected_area) {
        uint8_t bytes[RIG_IMAGE_DEPENDENCY_BYTES];

        if (entry.type != RIG_IMAGE_TLV_DEPENDENCY || entry.n_bytes != sizeof bytes)
            continue;
        if (!rig_image_read(source, entry.offset, bytes, sizeof bytes))
            break;
        if (n < max) {
            into[n].image = bytes[0];
            version_decode(bytes + 4, &into[n].minimum);
        }
        n++;
    }
    return n;
}

static const struct {
    uint16_t type;
    const char *name;
} tlvs[] = {
    {RIG_IMAGE_TLV_KEYHASH, "KEYHASH"},
    {RIG_IMAGE_TLV_PUBKEY, "PUBKEY"},
    {RIG_IMAGE_TLV_SHA256, "SHA256"},
    {RIG_IMAGE_TLV_SHA384, "SHA384"},
    {RIG_IMAGE_TLV_SHA512, "SHA512"},
    {RIG_IMAGE_TLV_RSA2048_PSS, "RSA2048_PSS"},
    {0x21, "ECDSA224"},
    {RIG_IMAGE_TLV_ECDSA_SIG, "ECDSA_SIG"},
    {RIG_IMAGE_TLV_RSA3072_PSS, "RSA3072_PSS"},
    {RIG_IMAGE_TLV_ED25519, "ED25519"},
    {RIG_IMAGE_TLV_SIG_PURE, "SIG_PURE"},
    {RIG_IMAGE_TLV_ENC_RSA2048, "ENC_RSA2048"},
    {RIG_IMAGE_TLV_ENC_KW, "ENC_KW"},
    {RIG_IMAGE_TLV_ENC_EC256, "ENC_EC256"},
    {RIG_IMAGE_TLV_ENC_X25519, "ENC_X25519"},
    {RIG_IMAGE_TLV_ENC_X25519_SHA512, "ENC_X25519_SHA512"},
    {RIG_IMAGE_TLV_DEPENDENCY, "DEPENDENCY"},
    {RIG_IMAGE_TLV_SEC_CNT, "SEC_CNT"},
    {RIG_IMAGE_TLV_BOOT_RECORD, "BOOT_RECORD"},
    {RIG_IMAGE_TLV_DECOMP_SIZE, "DECOMP_SIZE"},
    {RIG_IMAGE_TLV_DECOMP_SHA, "DECOMP_SHA"},
    {RIG_IMAGE_TLV_DECOMP_SIGNATURE, "DECOMP_SIGNATURE"},
    {RIG_IMAGE_TLV_COMP_DEC_SIZE, "COMP_DEC_SIZE"},
    {RIG_IMAGE_TLV_UUID_VID, "UUID_VID"},
    {RIG_IMAGE_TLV_UUID_CID, "UUID_CID"},
};

static const struct {
    uint32_t bit;
    const char *name;
} flags[] = {
    {0x001, "pic"},
    {RIG_IMAGE_FLAG_ENCRYPTED_AES128, "encrypted-aes128"},
    {RIG_IMAGE_FLAG_ENCRYPTED_AES256, "encrypted-aes256"},
    {RIG_IMAGE_FLAG_NON_BOOTABLE, "non-bootable"},
    {RIG_IMAGE_FLAG_RAM_LOAD, "ram-load"},
    {RIG_IMAGE_FLAG_ROM_FIXED, "rom-fixed"},
    {RIG_IMAGE_FLAG_COMPRESSED_LZMA1, "compressed-lzma1"},
    {RIG_IMAGE_FLAG_COMPRESSED_LZMA2, "compressed-lzma2"},
    {RIG_IMAGE_FLAG_ARM_THUMB_FILTER, "arm-thumb-filter"},
};

const char *rig_image_tlv_name(uint16_t type)
{
    for (size_t i = 0; i < sizeof tlvs / sizeof tlvs[0]; i++) {
        if (tlvs[i].type == type)
            return tlvs[i].name;
    }
    return (type & 0xff) >= 0xa0 && type != 0xffff ? "custom" : "unknown";
}

const char *rig_image_flag_name(uint32_t bit)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].bit == bit)
            return flags[i].name;
    }
    return NULL;
}
