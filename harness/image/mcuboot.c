/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image header, versions as text, and images that lie in memory. */
#include "image/mcuboot.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "image/internal.h"

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
        [RIG_IMAGE_UNSUPPORTED] = "the image is encrypted or compressed, which is not supported",
        [RIG_IMAGE_CRYPTO_FAILED] = "the crypto library failed",
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

void rig_image_version_decode(const uint8_t bytes[RIG_IMAGE_VERSION_BYTES], struct rig_image_version *version)
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
    rig_image_version_decode(bytes + 20, &header->version);
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
