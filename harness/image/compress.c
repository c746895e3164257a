/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packing and unpacking payloads. What comes in may lie about every size: the output grows only as it comes.
 */
#include "image/compress.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>

#include "base/bytes.h"
#include "image/encrypt.h"
#include "image/image_internal.h"

/* imgtool's; the bootloader needs a buffer of the dictionary's size. */
#define DICTIONARY_BYTES 131072u
#define LITERAL_CONTEXT 3u
#define LITERAL_POSITION 1u
#define POSITION 2u
#define HEADER_BYTES 2u
#define CHUNK_BYTES 65536u
#define AES_BLOCK_BYTES 16u

static void set_filters(lzma_filter filters[3], lzma_options_lzma *options, bool arm_thumb)
{
    unsigned n = 0;

    if (arm_thumb)
        filters[n++] = (lzma_filter){.id = LZMA_FILTER_ARMTHUMB};
    filters[n++] = (lzma_filter){.id = LZMA_FILTER_LZMA2, .options = options};
    filters[n] = (lzma_filter){.id = LZMA_VLI_UNKNOWN};
}

/* [SPEC xz file format 5.3.1] 2 or 3 times a power of two. */
static uint32_t dictionary_of(uint8_t byte)
{
    return byte < 40 ? (uint32_t)(2 | (byte & 1)) << (byte / 2 + 11) : UINT32_MAX;
}

static uint8_t byte_of_dictionary(uint32_t n_bytes)
{
    uint8_t byte = 0;

    while (dictionary_of(byte) < n_bytes)
        byte++;
    return byte;
}

uint8_t *rig_compress(enum rig_compression compression, const uint8_t *bytes, size_t n_bytes,
                      size_t *n_compressed)
{
    size_t room = lzma_stream_buffer_bound(n_bytes) + HEADER_BYTES, at = HEADER_BYTES;
    uint8_t *packed = malloc(room);
    lzma_options_lzma options;
    lzma_filter filters[3];

    if (!packed || lzma_lzma_preset(&options, 9)) {
        free(packed);
        return NULL;
    }
    options.dict_size = DICTIONARY_BYTES;
    options.lc = LITERAL_CONTEXT;
    options.lp = LITERAL_POSITION;
    options.pb = POSITION;
    set_filters(filters, &options, compression == RIG_COMPRESSION_LZMA2_ARM_THUMB);
    packed[0] = byte_of_dictionary(DICTIONARY_BYTES);
    packed[1] = (POSITION * 5 + LITERAL_POSITION) * 9 + LITERAL_CONTEXT;
    if (lzma_raw_buffer_encode(filters, NULL, bytes, n_bytes, packed, &at, room) != LZMA_OK) {
        free(packed);
        return NULL;
    }
    *n_compressed = at;
    return packed;
}

/* One image while it is unpacked. */
struct unpacking {
    const struct rig_image_source *plain;
    const struct rig_image_layout *layout;
    uint32_t unpacked_bytes; /* DECOMP_SIZE */
    bool has_packed_bytes;   /* COMP_DEC_SIZE */
    uint32_t packed_bytes;
    struct rig_unpacked_image *into;
    size_t room;
    const char *why;
};

static enum rig_image_status refuse(struct unpacking *unpacking, enum rig_image_status status,
                                    const char *why)
{
    unpacking->why = why;
    return status;
}

static bool is_about_packing(uint16_t type)
{
    return type >= RIG_IMAGE_TLV_DECOMP_SIZE && type <= RIG_IMAGE_TLV_COMP_DEC_SIZE;
}

static bool read_u32(const struct unpacking *unpacking, const struct rig_image_tlv_entry *entry,
                     uint32_t *value)
{
    uint8_t bytes[4];

    if (entry->n_bytes != sizeof bytes ||
        !rig_image_read(unpacking->plain, entry->offset, bytes, sizeof bytes))
        return false;
    *value = rig_get_le32(bytes);
    return true;
}

/* Reads the sizes; *n_kept is what the protected entries that stay come to. */
static enum rig_image_status read_sizes(struct unpacking *unpacking, uint32_t max_bytes, size_t *n_kept)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    bool has_size = false, good = true;

    while (good && rig_image_next_tlv(unpacking->plain, unpacking->layout, &cursor, &entry) == RIG_IMAGE_OK &&
           entry.protected_area) {
        if (!is_about_packing(entry.type))
            *n_kept += RIG_IMAGE_TLV_HEADER_BYTES + entry.n_bytes;
        if (entry.type == RIG_IMAGE_TLV_DECOMP_SIZE)
            good = has_size = read_u32(unpacking, &entry, &unpacking->unpacked_bytes);
        if (entry.type == RIG_IMAGE_TLV_COMP_DEC_SIZE)
            good = unpacking->has_packed_bytes = read_u32(unpacking, &entry, &unpacking->packed_bytes);
    }
    if (!good || !has_size)
        return refuse(unpacking, RIG_IMAGE_BAD_TLV, "it does not say to how many bytes the payload unpacks");
    if (unpacking->unpacked_bytes > max_bytes)
        return refuse(unpacking, RIG_IMAGE_BAD_TLV,
                      "it says that the payload unpacks to more than any image has");
    return RIG_IMAGE_OK;
}

static bool grow(struct unpacking *unpacking, size_t more)
{
    struct rig_unpacked_image *into = unpacking->into;
    size_t room = unpacking->room ? unpacking->room : CHUNK_BYTES;
    uint8_t *bytes;

    if (unpacking->room - into->n_bytes >= more)
        return true;
    while (room - into->n_bytes < more)
        room *= 2;
    bytes = realloc(into->bytes, room);
    if (!bytes)
        return false;
    into->bytes = bytes;
    unpacking->room = room;
    return true;
}

static bool append(struct unpacking *unpacking, uint32_t offset, uint32_t n_bytes)
{
    if (!grow(unpacking, n_bytes) ||
        !rig_image_read(unpacking->plain, offset, unpacking->into->bytes + unpacking->into->n_bytes, n_bytes))
        return false;
    unpacking->into->n_bytes += n_bytes;
    return true;
}

/* Behind the stream's end there is nothing but encryption's filler. */
static enum rig_image_status check_rest(struct unpacking *unpacking, uint64_t n_taken, uint64_t n_given)
{
    uint32_t payload = unpacking->layout->header.payload_bytes;
    bool encrypted = rig_encrypt_bits_of_flags(unpacking->layout->header.flags) != 0;

    if (n_given != unpacking->unpacked_bytes)
        return refuse(unpacking, RIG_IMAGE_BAD_PAYLOAD, "the payload unpacks to less than it says");
    if (unpacking->has_packed_bytes && n_taken + HEADER_BYTES != unpacking->packed_bytes)
        return refuse(unpacking, RIG_IMAGE_BAD_TLV,
                      "the size of the packed payload (COMP_DEC_SIZE) is another one");
    if (payload - HEADER_BYTES - n_taken >= (encrypted ? AES_BLOCK_BYTES : 1))
        return refuse(unpacking, RIG_IMAGE_BAD_PAYLOAD, "there is something behind the packed payload");
    return RIG_IMAGE_OK;
}

/* A chunk of input and a chunk of room at a time. */
static enum rig_image_status run(struct unpacking *unpacking, lzma_stream *stream)
{
    const struct rig_image_header *header = &unpacking->layout->header;
    uint32_t at = HEADER_BYTES;
    uint8_t chunk[CHUNK_BYTES / 4];
    lzma_ret result = LZMA_OK;

    while (result == LZMA_OK) {
        size_t n_before;

        if (stream->avail_in == 0 && at < header->payload_bytes) {
            size_t n = header->payload_bytes - at < sizeof chunk ? header->payload_bytes - at : sizeof chunk;

            if (!rig_image_read(unpacking->plain, header->header_bytes + at, chunk, n))
                return refuse(unpacking, RIG_IMAGE_READ_FAILED, rig_image_status_text(RIG_IMAGE_READ_FAILED));
            stream->next_in = chunk;
            stream->avail_in = n;
            at += (uint32_t)n;
        }
        if (!grow(unpacking, CHUNK_BYTES))
            return refuse(unpacking, RIG_IMAGE_CRYPTO_FAILED, "out of memory");
        stream->next_out = unpacking->into->bytes + unpacking->into->n_bytes;
        stream->avail_out = n_before = CHUNK_BYTES;
        result = lzma_code(stream, at < header->payload_bytes ? LZMA_RUN : LZMA_FINISH);
        unpacking->into->n_bytes += n_before - stream->avail_out;
        if (stream->total_out > unpacking->unpacked_bytes)
            return refuse(unpacking, RIG_IMAGE_BAD_PAYLOAD, "the payload unpacks to more than it says");
    }
    if (result != LZMA_STREAM_END)
        return refuse(unpacking, RIG_IMAGE_BAD_PAYLOAD,
                      "the packed payload is damaged: it cannot be unpacked");
    return check_rest(unpacking, stream->total_in, stream->total_out);
}

/* No dictionary is larger than what comes out. */
static enum rig_image_status unpack_payload(struct unpacking *unpacking)
{
    const struct rig_image_header *header = &unpacking->layout->header;
    bool arm_thumb = header->flags & RIG_IMAGE_FLAG_ARM_THUMB_FILTER;
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options = {0};
    lzma_filter filters[3];
    enum rig_image_status status;
    uint8_t head[HEADER_BYTES];
    uint32_t dictionary;

    if (header->payload_bytes < HEADER_BYTES ||
        !rig_image_read(unpacking->plain, header->header_bytes, head, sizeof head) || head[0] > 40)
        return refuse(unpacking, RIG_IMAGE_BAD_PAYLOAD,
                      "the packed payload does not begin with its properties");
    dictionary = dictionary_of(head[0]);
    if (dictionary > unpacking->unpacked_bytes)
        dictionary = unpacking->unpacked_bytes;
    options.dict_size = dictionary > LZMA_DICT_SIZE_MIN ? dictionary : LZMA_DICT_SIZE_MIN;
    set_filters(filters, &options, arm_thumb);
    if (lzma_raw_decoder(&stream, filters) != LZMA_OK)
        return refuse(unpacking, RIG_IMAGE_CRYPTO_FAILED, "out of memory");
    status = run(unpacking, &stream);
    lzma_end(&stream);
    return status;
}

/* The protected entries that are not about packing. */
static bool append_protected(struct unpacking *unpacking, size_t n_kept)
{
    struct rig_image_tlv_cursor cursor = {0};
    struct rig_image_tlv_entry entry;
    uint8_t *info;

    if (n_kept == 0)
        return true;
    if (!grow(unpacking, RIG_IMAGE_TLV_HEADER_BYTES))
        return false;
    info = unpacking->into->bytes + unpacking->into->n_bytes;
    rig_put_le16(info, RIG_IMAGE_TLV_PROTECTED_INFO_MAGIC);
    rig_put_le16(info + 2, (uint16_t)(n_kept + RIG_IMAGE_TLV_HEADER_BYTES));
    unpacking->into->n_bytes += RIG_IMAGE_TLV_HEADER_BYTES;
    while (rig_image_next_tlv(unpacking->plain, unpacking->layout, &cursor, &entry) == RIG_IMAGE_OK &&
           entry.protected_area) {
        if (!is_about_packing(entry.type) && !append(unpacking, entry.offset - RIG_IMAGE_TLV_HEADER_BYTES,
                                                     RIG_IMAGE_TLV_HEADER_BYTES + entry.n_bytes))
            return false;
    }
    return true;
}

/* [SRC image.py] The header of before: other sizes, no flags of compression. */
static bool append_header(struct unpacking *unpacking, size_t n_kept)
{
    struct rig_image_header header = unpacking->layout->header;

    header.flags &= ~(uint32_t)(RIG_IMAGE_FLAG_COMPRESSED_LZMA2 | RIG_IMAGE_FLAG_ARM_THUMB_FILTER);
    header.payload_bytes = unpacking->unpacked_bytes;
    header.protected_tlv_bytes = (uint16_t)(n_kept ? n_kept + RIG_IMAGE_TLV_HEADER_BYTES : 0);
    if (!append(unpacking, 0, header.header_bytes))
        return false;
    rig_image_header_encode(&header, unpacking->into->bytes);
    return true;
}

enum rig_image_status rig_image_unpack(const struct rig_image_source *plain,
                                       const struct rig_image_layout *layout, uint32_t max_bytes,
                                       struct rig_unpacked_image *into, const char **why)
{
    struct unpacking unpacking = {.plain = plain, .layout = layout, .into = into};
    enum rig_image_status status = RIG_IMAGE_OK;
    size_t n_kept = 0;

    *into = (struct rig_unpacked_image){0};
    if (layout->header.flags & RIG_IMAGE_FLAG_COMPRESSED_LZMA1)
        status = refuse(&unpacking, RIG_IMAGE_UNSUPPORTED,
                        "the payload is packed with LZMA1, which nobody writes");
    if (status == RIG_IMAGE_OK)
        status = read_sizes(&unpacking, max_bytes, &n_kept);
    if (status == RIG_IMAGE_OK && !append_header(&unpacking, n_kept))
        status = refuse(&unpacking, RIG_IMAGE_READ_FAILED, rig_image_status_text(RIG_IMAGE_READ_FAILED));
    if (status == RIG_IMAGE_OK)
        status = unpack_payload(&unpacking);
    if (status == RIG_IMAGE_OK && !append_protected(&unpacking, n_kept))
        status = refuse(&unpacking, RIG_IMAGE_READ_FAILED, rig_image_status_text(RIG_IMAGE_READ_FAILED));
    if (status) {
        free(into->bytes);
        *into = (struct rig_unpacked_image){0};
        *why = unpacking.why;
    }
    return status;
}
