/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoding of requests, straight into the caller's bytes. */
#include "protocol/smp/smp.h"

#include "protocol/smp/cbor.h"

#include <string.h>

static struct rig_cbor_writer begin(uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room, .n_bytes = RIG_SMP_HEADER_BYTES};

    if (room <= RIG_SMP_HEADER_BYTES) {
        writer.n_bytes = 0;
        writer.overflow = true;
    }
    return writer;
}

static size_t finish(const struct rig_cbor_writer *writer, struct rig_smp_header header)
{
    size_t body_bytes = writer->n_bytes - RIG_SMP_HEADER_BYTES;

    if (writer->overflow || body_bytes > UINT16_MAX)
        return 0;
    header.length = (uint16_t)body_bytes;
    rig_smp_header_encode(&header, writer->bytes);
    return writer->n_bytes;
}

static struct rig_smp_header head(struct rig_smp_request_id id, enum rig_smp_op op, uint16_t group,
                                  uint8_t command)
{
    return (struct rig_smp_header){.version = id.version,
                                   .op = (uint8_t)op,
                                   .group = group,
                                   .sequence = id.sequence,
                                   .command = command};
}

static size_t encode_empty(struct rig_smp_header header, uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = begin(into, room);

    rig_cbor_put_map(&writer, 0);
    return finish(&writer, header);
}

size_t rig_smp_encode_echo(struct rig_smp_request_id id, const char *text, uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = begin(into, room);

    rig_cbor_put_map(&writer, 1);
    rig_cbor_put_text(&writer, "d");
    rig_cbor_put_text(&writer, text);
    return finish(&writer, head(id, RIG_SMP_WRITE, RIG_SMP_GROUP_OS, RIG_SMP_OS_ECHO));
}

size_t rig_smp_encode_parameters(struct rig_smp_request_id id, uint8_t *into, size_t room)
{
    return encode_empty(head(id, RIG_SMP_READ, RIG_SMP_GROUP_OS, RIG_SMP_OS_PARAMETERS), into, room);
}

size_t rig_smp_encode_reset(struct rig_smp_request_id id, bool force, bool to_bootloader, uint8_t *into,
                            size_t room)
{
    struct rig_smp_header header = head(id, RIG_SMP_WRITE, RIG_SMP_GROUP_OS, RIG_SMP_OS_RESET);
    struct rig_cbor_writer writer = begin(into, room);

    if (!force && !to_bootloader)
        return encode_empty(header, into, room);
    rig_cbor_put_map(&writer, (unsigned)force + to_bootloader);
    if (force) {
        rig_cbor_put_text(&writer, "force");
        rig_cbor_put_uint(&writer, 1);
    }
    if (to_bootloader) {
        rig_cbor_put_text(&writer, "boot_mode");
        rig_cbor_put_uint(&writer, 1);
    }
    return finish(&writer, header);
}

size_t rig_smp_encode_image_list(struct rig_smp_request_id id, uint8_t *into, size_t room)
{
    return encode_empty(head(id, RIG_SMP_READ, RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE), into, room);
}

size_t rig_smp_encode_image_write(struct rig_smp_request_id id, const uint8_t *hash, size_t n_hash,
                                  bool confirm, uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = begin(into, room);

    rig_cbor_put_map(&writer, hash ? 2 : 1);
    if (hash) {
        rig_cbor_put_text(&writer, "hash");
        rig_cbor_put_bytes(&writer, hash, n_hash);
    }
    rig_cbor_put_text(&writer, "confirm");
    rig_cbor_put_bool(&writer, confirm);
    return finish(&writer, head(id, RIG_SMP_WRITE, RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE));
}

/* Everything of an upload's map before the chunk's bytes, the key "data" included. */
static void put_upload_keys(struct rig_cbor_writer *writer, const struct rig_smp_upload_chunk *chunk)
{
    bool first = chunk->offset == 0;
    size_t n_pairs = 2 + (first ? 1u : 0u) + (first && chunk->image ? 1u : 0u) +
                     (first && chunk->sha ? 1u : 0u) + (first && chunk->upgrade ? 1u : 0u);

    rig_cbor_put_map(writer, n_pairs);
    if (first && chunk->image) {
        rig_cbor_put_text(writer, "image");
        rig_cbor_put_uint(writer, chunk->image);
    }
    if (first) {
        rig_cbor_put_text(writer, "len");
        rig_cbor_put_uint(writer, chunk->total_bytes);
    }
    rig_cbor_put_text(writer, "off");
    rig_cbor_put_uint(writer, chunk->offset);
    if (first && chunk->sha) {
        rig_cbor_put_text(writer, "sha");
        rig_cbor_put_bytes(writer, chunk->sha, 32);
    }
    if (first && chunk->upgrade) {
        rig_cbor_put_text(writer, "upgrade");
        rig_cbor_put_bool(writer, true);
    }
    rig_cbor_put_text(writer, "data");
}

size_t rig_smp_encode_upload(struct rig_smp_request_id id, const struct rig_smp_upload_chunk *chunk,
                             uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = begin(into, room);

    put_upload_keys(&writer, chunk);
    rig_cbor_put_bytes(&writer, chunk->bytes, chunk->n_bytes);
    return finish(&writer, head(id, RIG_SMP_WRITE, RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_UPLOAD));
}

size_t rig_smp_upload_room(const struct rig_smp_upload_chunk *chunk, size_t message_bytes)
{
    uint8_t keys[128];
    struct rig_cbor_writer writer = begin(keys, sizeof keys);

    put_upload_keys(&writer, chunk);
    if (message_bytes > (size_t)UINT16_MAX + RIG_SMP_HEADER_BYTES)
        message_bytes = (size_t)UINT16_MAX + RIG_SMP_HEADER_BYTES;
    if (message_bytes <= writer.n_bytes + 1)
        return 0;

    size_t left = message_bytes - writer.n_bytes;
    size_t n_bytes = left - rig_cbor_head_bytes(left);

    /* Just below 24, 256 and 65536 the shorter head leaves one more byte. */
    while (n_bytes + 1 + rig_cbor_head_bytes(n_bytes + 1) <= left)
        n_bytes++;
    return n_bytes;
}

size_t rig_smp_encode_erase(struct rig_smp_request_id id, int slot, uint8_t *into, size_t room)
{
    struct rig_smp_header header = head(id, RIG_SMP_WRITE, RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_ERASE);
    struct rig_cbor_writer writer = begin(into, room);

    if (slot < 0)
        return encode_empty(header, into, room);
    rig_cbor_put_map(&writer, 1);
    rig_cbor_put_text(&writer, "slot");
    rig_cbor_put_uint(&writer, (uint64_t)slot);
    return finish(&writer, header);
}
