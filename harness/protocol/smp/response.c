/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding of responses. */
#include "protocol/smp/smp.h"

#include "protocol/smp/cbor.h"

#include <string.h>

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
