/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as the client's side has them: the header, requests encoded, responses decoded. */
#include "protocol/smp/smp.h"

#include "protocol/smp/cbor.h"
#include "base/bytes.h"

#include <string.h>

/* --- responses --- */

/* Reads or skips the value that belongs to key. false: malformed. */
typedef bool (*read_value)(struct rig_cbor_reader *reader, const struct rig_cbor_item *key, void *into,
                           unsigned *seen);

/* Marks a key as seen; false when it was there already. */
static bool once(unsigned *seen, unsigned bit)
{
    bool first = !(*seen & 1u << bit);

    *seen |= 1u << bit;
    return first;
}

static bool read_map(struct rig_cbor_reader *reader, const struct rig_cbor_item *map, read_value value,
                     void *into)
{
    struct rig_cbor_run run = rig_cbor_open(map);
    enum rig_cbor_step step;
    unsigned seen = 0;

    while ((step = rig_cbor_step(reader, &run)) == RIG_CBOR_MORE) {
        struct rig_cbor_item key;

        if (!rig_cbor_next(reader, &key) || key.kind != RIG_CBOR_TEXT || !value(reader, &key, into, &seen))
            return false;
    }
    return step == RIG_CBOR_END;
}

static bool read_kind(struct rig_cbor_reader *reader, enum rig_cbor_kind kind, struct rig_cbor_item *item)
{
    return rig_cbor_next(reader, item) && item->kind == kind;
}

static bool read_number(struct rig_cbor_reader *reader, uint64_t max, uint64_t *number)
{
    struct rig_cbor_item item;

    if (!read_kind(reader, RIG_CBOR_UINT, &item) || item.number > max)
        return false;
    *number = item.number;
    return true;
}

static bool read_u32(struct rig_cbor_reader *reader, uint32_t *value)
{
    uint64_t number;

    if (!read_number(reader, UINT32_MAX, &number))
        return false;
    *value = (uint32_t)number;
    return true;
}

static bool read_bool(struct rig_cbor_reader *reader, bool *value)
{
    struct rig_cbor_item item;

    if (!read_kind(reader, RIG_CBOR_BOOL, &item))
        return false;
    *value = item.number != 0;
    return true;
}

static bool read_text(struct rig_cbor_reader *reader, bool printable, char *text, size_t room)
{
    struct rig_cbor_item item;

    if (!read_kind(reader, RIG_CBOR_TEXT, &item))
        return false;
    rig_cbor_text_copy(&item, printable, text, room);
    return true;
}

static bool skip_value(struct rig_cbor_reader *reader)
{
    struct rig_cbor_item item;

    return rig_cbor_next(reader, &item) && rig_cbor_skip(reader, &item);
}

static bool read_hash(struct rig_cbor_reader *reader, struct rig_smp_image_entry *entry)
{
    struct rig_cbor_item item;

    if (!read_kind(reader, RIG_CBOR_BYTES, &item) || item.n_bytes > sizeof entry->hash)
        return false;
    entry->hash_bytes = item.n_bytes;
    if (item.n_bytes > 0)
        memcpy(entry->hash, item.bytes, item.n_bytes);
    return true;
}

static bool read_entry_flag(struct rig_cbor_reader *reader, const struct rig_cbor_item *key,
                            struct rig_smp_image_entry *entry, unsigned *seen)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"bootable", &entry->bootable},
                 {"pending", &entry->pending},
                 {"confirmed", &entry->confirmed},
                 {"active", &entry->active},
                 {"permanent", &entry->permanent}};

    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (rig_cbor_text_is(key, flags[i].name))
            return once(seen, 8 + i) && read_bool(reader, flags[i].flag);
    }
    return skip_value(reader);
}

static bool read_entry_value(struct rig_cbor_reader *reader, const struct rig_cbor_item *key, void *into,
                             unsigned *seen)
{
    struct rig_smp_image_entry *entry = into;

    if (rig_cbor_text_is(key, "image"))
        return once(seen, 0) && read_u32(reader, &entry->image);
    if (rig_cbor_text_is(key, "slot"))
        return once(seen, 1) && read_u32(reader, &entry->slot);
    if (rig_cbor_text_is(key, "version"))
        return once(seen, 2) && read_text(reader, true, entry->version, sizeof entry->version);
    if (rig_cbor_text_is(key, "hash"))
        return once(seen, 3) && read_hash(reader, entry);
    return read_entry_flag(reader, key, entry, seen);
}

static bool read_images(struct rig_cbor_reader *reader, struct rig_smp_response *response)
{
    struct rig_cbor_item item;
    enum rig_cbor_step step;

    if (!read_kind(reader, RIG_CBOR_ARRAY, &item))
        return false;
    struct rig_cbor_run run = rig_cbor_open(&item);
    while ((step = rig_cbor_step(reader, &run)) == RIG_CBOR_MORE) {
        struct rig_smp_image_entry *entry = &response->images[response->n_images];

        if (response->n_images++ == RIG_SMP_MAX_IMAGES)
            return false;
        if (!read_kind(reader, RIG_CBOR_MAP, &item) || !read_map(reader, &item, read_entry_value, entry))
            return false;
    }
    response->has_images = step == RIG_CBOR_END;
    return response->has_images;
}

static bool read_group_error_value(struct rig_cbor_reader *reader, const struct rig_cbor_item *key,
                                   void *into, unsigned *seen)
{
    struct rig_smp_error *error = into;
    uint64_t number = 0;

    if (rig_cbor_text_is(key, "group")) {
        if (!once(seen, 0) || !read_number(reader, UINT16_MAX, &number))
            return false;
        error->group = (uint16_t)number;
        return true;
    }
    if (rig_cbor_text_is(key, "rc"))
        return once(seen, 1) && read_u32(reader, &error->rc);
    return skip_value(reader);
}

static bool read_group_error(struct rig_cbor_reader *reader, struct rig_smp_error *error)
{
    struct rig_cbor_item item;

    if (!read_kind(reader, RIG_CBOR_MAP, &item) || !read_map(reader, &item, read_group_error_value, error))
        return false;
    error->failed = error->rc != 0;
    error->group_error = error->failed;
    return true;
}

static bool read_rc(struct rig_cbor_reader *reader, struct rig_smp_error *error)
{
    uint32_t rc;

    if (!read_u32(reader, &rc))
        return false;
    if (rc != 0 && !error->failed) {
        error->failed = true;
        error->rc = rc;
    }
    return true;
}

static bool read_upload_value(struct rig_cbor_reader *reader, const struct rig_cbor_item *key,
                              struct rig_smp_response *response, unsigned *seen)
{
    if (rig_cbor_text_is(key, "off")) {
        response->has_off = true;
        return once(seen, 4) && read_number(reader, UINT64_MAX, &response->off);
    }
    if (rig_cbor_text_is(key, "match")) {
        response->has_match = true;
        return once(seen, 5) && read_bool(reader, &response->match);
    }
    return skip_value(reader);
}

static bool read_parameter(struct rig_cbor_reader *reader, const struct rig_cbor_item *key,
                           struct rig_smp_response *response, unsigned *seen)
{
    bool size = rig_cbor_text_is(key, "buf_size");

    if (!size && !rig_cbor_text_is(key, "buf_count"))
        return skip_value(reader);
    if (!once(seen, size ? 6 : 7) || !read_u32(reader, size ? &response->buf_size : &response->buf_count))
        return false;
    response->has_parameters = (*seen & 3u << 6) == 3u << 6;
    return true;
}

static bool read_own_value(struct rig_cbor_reader *reader, const struct rig_cbor_item *key,
                           struct rig_smp_response *response, unsigned *seen)
{
    unsigned place = (unsigned)response->header.group << 8 | response->header.command;

    if (place == (RIG_SMP_GROUP_IMAGE << 8 | RIG_SMP_IMAGE_UPLOAD))
        return read_upload_value(reader, key, response, seen);
    if (place == (RIG_SMP_GROUP_IMAGE << 8 | RIG_SMP_IMAGE_STATE) && rig_cbor_text_is(key, "images"))
        return once(seen, 8) && read_images(reader, response);
    if (place == (RIG_SMP_GROUP_OS << 8 | RIG_SMP_OS_PARAMETERS))
        return read_parameter(reader, key, response, seen);
    if (place == (RIG_SMP_GROUP_OS << 8 | RIG_SMP_OS_ECHO) && rig_cbor_text_is(key, "r")) {
        response->has_echo = true;
        return once(seen, 9) && read_text(reader, false, response->echo, sizeof response->echo);
    }
    return skip_value(reader);
}

static bool read_response_value(struct rig_cbor_reader *reader, const struct rig_cbor_item *key, void *into,
                                unsigned *seen)
{
    struct rig_smp_response *response = into;
    struct rig_smp_error *error = &response->error;

    if (rig_cbor_text_is(key, "rc"))
        return once(seen, 0) && read_rc(reader, error);
    if (rig_cbor_text_is(key, "err"))
        return once(seen, 1) && read_group_error(reader, error);
    if (rig_cbor_text_is(key, "rsn"))
        return once(seen, 2) && read_text(reader, true, error->reason, sizeof error->reason);
    return read_own_value(reader, key, response, seen);
}

enum rig_smp_status rig_smp_decode_response(const uint8_t *bytes, size_t n_bytes,
                                            struct rig_smp_response *response)
{
    struct rig_cbor_item item;

    memset(response, 0, sizeof *response);
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return RIG_SMP_SHORT;
    rig_smp_header_decode(bytes, &response->header);
    if (response->header.op != RIG_SMP_READ_RSP && response->header.op != RIG_SMP_WRITE_RSP)
        return RIG_SMP_MALFORMED;
    if (n_bytes - RIG_SMP_HEADER_BYTES < response->header.length)
        return RIG_SMP_SHORT;

    struct rig_cbor_reader reader = {.at = bytes + RIG_SMP_HEADER_BYTES, .n_left = response->header.length};

    if (!read_kind(&reader, RIG_CBOR_MAP, &item) || !read_map(&reader, &item, read_response_value, response))
        return RIG_SMP_MALFORMED;
    return reader.n_left == 0 ? RIG_SMP_OK : RIG_SMP_MALFORMED;
}

/* --- the header --- */

void rig_smp_header_encode(const struct rig_smp_header *header, uint8_t bytes[RIG_SMP_HEADER_BYTES])
{
    bytes[0] = (uint8_t)((header->version & 3) << 3 | (header->op & 7));
    bytes[1] = header->flags;
    rig_put_be16(bytes + 2, header->length);
    rig_put_be16(bytes + 4, header->group);
    bytes[6] = header->sequence;
    bytes[7] = header->command;
}

void rig_smp_header_decode(const uint8_t bytes[RIG_SMP_HEADER_BYTES], struct rig_smp_header *header)
{
    header->version = bytes[0] >> 3 & 3;
    header->op = bytes[0] & 7;
    header->flags = bytes[1];
    header->length = rig_get_be16(bytes + 2);
    header->group = rig_get_be16(bytes + 4);
    header->sequence = bytes[6];
    header->command = bytes[7];
}

/* --- requests, straight into the caller's bytes --- */

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

/* Bytes that one head with this number takes: 1, 2, 3, 5 or 9. */
static size_t cbor_head_bytes(uint64_t number)
{
    if (number < 24)
        return 1;
    if (number <= UINT8_MAX)
        return 2;
    if (number <= UINT16_MAX)
        return 3;
    return number <= UINT32_MAX ? 5 : 9;
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
    size_t n_bytes = left - cbor_head_bytes(left);

    /* Just below 24, 256 and 65536 the shorter head leaves one more byte. */
    while (n_bytes + 1 + cbor_head_bytes(n_bytes + 1) <= left)
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
