/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMP server: echo, parameters, reset; list, upload, mark and erase images. [SRC Zephyr SMP protocol
 * pages] */
#include "firmware.h"

enum { RC_INVALID = 3, RC_NOT_SUPPORTED = 8, RC_CORRUPT = 9 };
enum {
    IMAGE_NO_HASH = 8,
    IMAGE_NO_OFF = 20,
    IMAGE_SHORT = 22,
    IMAGE_MAGIC = 23,
    IMAGE_PENDING = 28,
    IMAGE_TOO_LARGE = 30
};

struct request {
    struct item echo, offset, length, chunk, sha, hash, confirm;
};

static const struct field {
    const char *name;
    uint8_t major;
    size_t at;
} fields[] = {
    {"d", 3, offsetof(struct request, echo)},          {"off", 0, offsetof(struct request, offset)},
    {"len", 0, offsetof(struct request, length)},      {"data", 2, offsetof(struct request, chunk)},
    {"sha", 2, offsetof(struct request, sha)},         {"hash", 2, offsetof(struct request, hash)},
    {"confirm", 7, offsetof(struct request, confirm)},
};

struct upload {
    uint32_t offset, n_bytes;
    uint8_t sha[32];
    bool running;
};
static struct upload upload;

static bool is(struct item name, const char *text)
{
    return name.value == text_length(text) && memcmp(name.bytes, text, name.value) == 0;
}

/* Values that are not there have major 0xff. */
static bool read_request(const uint8_t *body, size_t n_bytes, struct request *request)
{
    struct reader reader = {.at = body, .end = body + n_bytes};
    struct item map = cbor_next(&reader);
    uint32_t n_left = map.indefinite ? 0xffffffff : map.value;

    memset(request, 0xff, sizeof *request);
    if (map.major != 5)
        return false;
    for (; n_left > 0 && !reader.broken; n_left--) {
        struct item name = cbor_next(&reader);
        const struct field *field = NULL;
        struct item *into;

        if (name.major == 7 && name.value == 31)
            return map.indefinite && !reader.broken;
        if (name.major != 3)
            return false;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (is(name, fields[i].name))
                field = &fields[i];
        if (!field) {
            cbor_skip(&reader, 0);
            continue;
        }
        into = (struct item *)((uint8_t *)request + field->at);
        *into = cbor_next(&reader);
        if (into->major != field->major)
            return false;
    }
    return !reader.broken;
}

static void put_rc(struct writer *out, uint32_t rc)
{
    cbor_put_text(out, "rc");
    cbor_put(out, 0, rc);
}

static void put_image_error(struct writer *out, uint32_t rc)
{
    cbor_put_text(out, "err");
    cbor_put_simple(out, 0xbf);
    cbor_put_text(out, "group");
    cbor_put(out, 0, 1);
    put_rc(out, rc);
    cbor_put_simple(out, 0xff);
}

static void put_flag(struct writer *out, const char *name, bool flag)
{
    cbor_put_text(out, name);
    cbor_put_simple(out, flag ? 0xf5 : 0xf4);
}

static char *add_number(char *at, uint32_t number)
{
    uint32_t scale = 1;

    while (number / scale >= 10)
        scale *= 10;
    for (; scale > 0; scale /= 10)
        *at++ = (char)('0' + number / scale % 10);
    return at;
}

static void put_version(struct writer *out, const struct image *image)
{
    char text[16], *at = add_number(text, image->version[0]);

    *at++ = '.';
    at = add_number(at, image->version[1]);
    *at++ = '.';
    at = add_number(at, image->version[2] | (uint32_t)image->version[3] << 8);
    cbor_put_text(out, "version");
    cbor_put_bytes(out, 3, text, (uint32_t)(at - text));
}

static void list_images(struct writer *out)
{
    unsigned pending = image_pending();

    cbor_put_text(out, "images");
    cbor_put_simple(out, 0x9f);
    for (unsigned slot = 0; slot < 2; slot++) {
        struct image image;

        if (!image_read(slot ? SLOT1 : SLOT0, &image) || !image.hash)
            continue;
        cbor_put_simple(out, 0xbf);
        cbor_put_text(out, "slot");
        cbor_put(out, 0, slot);
        put_version(out, &image);
        cbor_put_text(out, "hash");
        cbor_put_bytes(out, 2, image.hash, 32);
        put_flag(out, "bootable", true);
        put_flag(out, "pending", slot == 1 && pending);
        put_flag(out, "confirmed", slot == 0);
        put_flag(out, "active", slot == 0);
        put_flag(out, "permanent", slot == 1 && pending == 3);
        cbor_put_simple(out, 0xff);
    }
    cbor_put_simple(out, 0xff);
}

static void mark_image(const struct request *request, struct writer *out)
{
    struct image image;
    bool permanent = request->confirm.major == 7 && request->confirm.value == 21;

    if (request->hash.major == 2) {
        if (!image_read(SLOT1, &image) || !image.hash || request->hash.value != 32 ||
            memcmp(image.hash, request->hash.bytes, 32) != 0) {
            put_image_error(out, IMAGE_NO_HASH);
            return;
        }
        if (!image_pending())
            image_mark(permanent);
    }
    list_images(out);
}

static uint32_t begin_upload(const struct request *request)
{
    bool has_sha = request->sha.major == 2 && request->sha.value == 32;

    if (image_pending())
        return IMAGE_PENDING;
    if (request->length.major != 0 || request->length.value > SLOT_BYTES - TRAILER_BYTES)
        return IMAGE_TOO_LARGE;
    if (request->chunk.value < 32)
        return IMAGE_SHORT;
    if (memcmp(request->chunk.bytes, "\x3d\xb8\xf3\x96", 4) != 0)
        return IMAGE_MAGIC;
    if (upload.running && has_sha && upload.n_bytes == request->length.value &&
        memcmp(upload.sha, request->sha.bytes, 32) == 0)
        return 0;
    upload = (struct upload){.n_bytes = request->length.value, .running = true};
    if (has_sha)
        memcpy(upload.sha, request->sha.bytes, 32);
    flash_erase(SLOT1, SLOT_BYTES);
    return 0;
}

static void take_chunk(const struct request *request, struct writer *out)
{
    uint32_t rc = 0;

    if (request->offset.major != 0 || request->chunk.major != 2)
        rc = IMAGE_NO_OFF;
    else if (request->offset.value == 0)
        rc = begin_upload(request);
    if (rc) {
        put_image_error(out, rc);
        return;
    }
    if (upload.running && request->offset.value == upload.offset &&
        request->chunk.value <= upload.n_bytes - upload.offset) {
        flash_write(SLOT1 + upload.offset, request->chunk.bytes, request->chunk.value);
        upload.offset += request->chunk.value;
    }
    cbor_put_text(out, "off");
    cbor_put(out, 0, upload.offset);
    if (upload.offset == upload.n_bytes)
        upload.running = false;
}

static void serve_os(uint8_t command, const struct request *request, struct writer *out, bool *reset)
{
    switch (command) {
    case 0:
        cbor_put_text(out, "r");
        cbor_put_bytes(out, 3, request->echo.bytes, request->echo.major == 3 ? request->echo.value : 0);
        break;
    case 5:
        *reset = true;
        break;
    case 6:
        cbor_put_text(out, "buf_size");
        cbor_put(out, 0, SMP_BUFFER_BYTES);
        cbor_put_text(out, "buf_count");
        cbor_put(out, 0, 2);
        break;
    default:
        put_rc(out, RC_NOT_SUPPORTED);
    }
}

static void serve_image(uint8_t command, bool write, const struct request *request, struct writer *out)
{
    if (command == 0 && !write)
        list_images(out);
    else if (command == 0)
        mark_image(request, out);
    else if (command == 1 && write)
        take_chunk(request, out);
    else if (command == 5 && write)
        flash_erase(SLOT1, SLOT_BYTES);
    else
        put_rc(out, RC_NOT_SUPPORTED);
}

size_t smp_serve(uint8_t *message, size_t n_bytes, bool *reset)
{
    static uint8_t answer[SMP_BUFFER_BYTES];
    struct writer out = {.at = answer, .end = answer + sizeof answer - 8};
    struct request request;
    size_t n_body = n_bytes < 8 ? 0 : (size_t)message[2] << 8 | message[3];
    bool write = (message[0] & 7) == 2;

    if (n_bytes < 8)
        return 0;
    cbor_put_simple(&out, 0xbf);
    if (n_body > n_bytes - 8)
        put_rc(&out, RC_CORRUPT);
    else if (!read_request(message + 8, n_body, &request))
        put_rc(&out, RC_INVALID);
    else if (message[4] == 0 && message[5] == 0)
        serve_os(message[7], &request, &out, reset);
    else if (message[4] == 0 && message[5] == 1)
        serve_image(message[7], write, &request, &out);
    else
        put_rc(&out, RC_NOT_SUPPORTED);
    cbor_put_simple(&out, 0xff);
    n_body = (size_t)(out.at - answer);
    message[0] = (uint8_t)((message[0] & 0x18) | (write ? 3 : 1));
    message[2] = (uint8_t)(n_body >> 8);
    message[3] = (uint8_t)n_body;
    memcpy(message + 8, answer, n_body);
    return 8 + n_body;
}
