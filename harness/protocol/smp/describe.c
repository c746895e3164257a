/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for people: error codes of every group, and one line about a message, right or wrong. */
#include "protocol/smp/smp_server.h"

#include "protocol/smp/smp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
    char *text;
    size_t room;
    size_t used;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line->text + line->used, line->room - line->used, format, arguments);
    va_end(arguments);
    if (n > 0)
        line->used += (size_t)n;
    if (line->used >= line->room)
        line->used = line->room - 1;
}

static const struct {
    uint16_t group;
    uint8_t command;
    const char *text;
} names[] = {
    {0, 0, "os echo"},
    {0, 1, "os console echo"},
    {0, 2, "os task statistics"},
    {0, 3, "os memory pools"},
    {0, 4, "os date-time"},
    {0, RIG_SMP_OS_RESET, "os reset"},
    {0, RIG_SMP_OS_PARAMETERS, "os parameters"},
    {0, RIG_SMP_OS_INFO, "os info"},
    {0, RIG_SMP_OS_BOOTLOADER, "os bootloader info"},
    {1, RIG_SMP_IMAGE_STATE, "image state"},
    {1, RIG_SMP_IMAGE_UPLOAD, "image upload"},
    {1, RIG_SMP_IMAGE_ERASE, "image erase"},
    {1, RIG_SMP_IMAGE_SLOT_INFO, "image slot info"},
};

static void add_place(struct line *line, const struct rig_smp_header *header)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].group == header->group && names[i].command == header->command) {
            add(line, " %s", names[i].text);
            return;
        }
    }
    add(line, " group %u command %u", header->group, header->command);
}

static void add_head(struct line *line, const struct rig_smp_header *header)
{
    static const char *const ops[] = {"read", "rsp", "write", "rsp"};

    if (header->op < 4)
        add(line, "%s", ops[header->op]);
    else
        add(line, "op %u", header->op);
    add_place(line, header);
    if (header->version > 1)
        add(line, " version %u", header->version);
}

static void add_hex(struct line *line, const uint8_t *bytes, size_t n_bytes)
{
    size_t n_shown = n_bytes < 4 ? n_bytes : 4;

    for (size_t i = 0; i < n_shown; i++)
        add(line, "%02x", bytes[i]);
    if (n_shown < n_bytes)
        add(line, "...");
}

static void add_number(struct line *line, const struct rig_smp_request *request, enum rig_smp_key key,
                       const char *name)
{
    if (request->keys[key].present)
        add(line, " %s=%" PRIu64, name, request->keys[key].number);
}

static void add_flag(struct line *line, const struct rig_smp_request *request, enum rig_smp_key key,
                     const char *name)
{
    if (request->keys[key].present)
        add(line, " %s=%s", name, request->keys[key].number ? "true" : "false");
}

static void add_string(struct line *line, const struct rig_smp_request *request, enum rig_smp_key key,
                       const char *name)
{
    const struct rig_smp_value *value = &request->keys[key];
    struct rig_cbor_item item = {.bytes = value->bytes, .n_bytes = value->n_bytes};
    char text[40];

    if (!value->present)
        return;
    rig_cbor_text_copy(&item, true, text, sizeof text);
    add(line, " %s=\"%s\"%s", name, text, value->n_bytes >= sizeof text ? "..." : "");
}

static void add_bytes(struct line *line, const struct rig_smp_request *request, enum rig_smp_key key,
                      const char *name)
{
    if (!request->keys[key].present)
        return;
    add(line, " %s=", name);
    add_hex(line, request->keys[key].bytes, request->keys[key].n_bytes);
}

static void add_request(struct line *line, const struct rig_smp_request *request)
{
    add_string(line, request, RIG_SMP_KEY_ECHO, "d");
    add_flag(line, request, RIG_SMP_KEY_FORCE, "force");
    add_number(line, request, RIG_SMP_KEY_BOOT_MODE, "boot_mode");
    add_string(line, request, RIG_SMP_KEY_FORMAT, "format");
    add_string(line, request, RIG_SMP_KEY_QUERY, "query");
    add_bytes(line, request, RIG_SMP_KEY_HASH, "hash");
    add_flag(line, request, RIG_SMP_KEY_CONFIRM, "confirm");
    add_number(line, request, RIG_SMP_KEY_IMAGE, "image");
    add_number(line, request, RIG_SMP_KEY_OFF, "off");
    if (request->keys[RIG_SMP_KEY_CHUNK].present)
        add(line, " data=%zu B", request->keys[RIG_SMP_KEY_CHUNK].n_bytes);
    add_number(line, request, RIG_SMP_KEY_LEN, "len");
    add_bytes(line, request, RIG_SMP_KEY_SHA, "sha");
    add_flag(line, request, RIG_SMP_KEY_UPGRADE, "upgrade");
    add_number(line, request, RIG_SMP_KEY_SLOT, "slot");
    add(line, " seq %u", request->header.sequence);
}

static void add_image(struct line *line, const struct rig_smp_image_entry *entry)
{
    add(line, " [slot %u", entry->slot);
    if (entry->image)
        add(line, " of image %u", entry->image);
    add(line, " %s ", entry->version);
    add_hex(line, entry->hash, entry->hash_bytes);
    add(line, "%s%s%s%s%s]", entry->bootable ? " bootable" : "", entry->pending ? " pending" : "",
        entry->confirmed ? " confirmed" : "", entry->active ? " active" : "",
        entry->permanent ? " permanent" : "");
}

static void add_echo(struct line *line, const char *echo)
{
    struct rig_cbor_item item = {.bytes = (const uint8_t *)echo, .n_bytes = strlen(echo)};
    char text[40];

    rig_cbor_text_copy(&item, true, text, sizeof text);
    add(line, " r=\"%s\"", text);
}

static void add_response(struct line *line, const struct rig_smp_response *response)
{
    char text[160];

    if (response->error.failed) {
        rig_smp_error_text(&response->error, text, sizeof text);
        add(line, " %s", text);
    }
    if (response->has_off)
        add(line, " off=%" PRIu64, response->off);
    if (response->has_match)
        add(line, " match=%s", response->match ? "true" : "false");
    if (response->has_echo)
        add_echo(line, response->echo);
    if (response->has_parameters)
        add(line, " buf_size=%u buf_count=%u", (unsigned)response->buf_size, (unsigned)response->buf_count);
    for (size_t i = 0; i < response->n_images; i++)
        add_image(line, &response->images[i]);
    add(line, " seq %u", response->header.sequence);
}

static void add_length_fault(struct line *line, const struct rig_smp_header *header, size_t n_present)
{
    uint16_t swapped = (uint16_t)(header->length << 8 | header->length >> 8);

    add(line, " seq %u: length %u > %zu bytes present", header->sequence, header->length, n_present);
    if (swapped == n_present)
        add(line, " (sent little endian?)");
    else if (header->length == n_present + RIG_SMP_HEADER_BYTES)
        add(line, " (the header counted in?)");
}

static void add_body_fault(struct line *line, const struct rig_smp_header *header, const uint8_t *body,
                           size_t n_body)
{
    const char *fault = "the body is not a CBOR map that this command takes";

    if (n_body == 0)
        fault = "no body (an empty map is needed)";
    else if (body[0] == '{' && n_body > 1 &&
             (body[1] == '"' || body[1] == ' ' || body[1] == '\n' || body[1] == '}'))
        fault = "the body is JSON text, not CBOR";
    add(line, " seq %u: %s", header->sequence, fault);
}

static void add_answer(struct line *line, const uint8_t *bytes, const struct rig_smp_header *header,
                       const struct rig_smp_decoded *decoded)
{
    struct rig_smp_decoded own;

    if (!decoded) {
        own.status =
            rig_smp_decode_response(bytes, RIG_SMP_HEADER_BYTES + (size_t)header->length, &own.response);
        decoded = &own;
    }
    if (decoded->status == RIG_SMP_OK)
        add_response(line, &decoded->response);
    else
        add_body_fault(line, header, bytes + RIG_SMP_HEADER_BYTES, header->length);
}

static void add_body(struct line *line, const uint8_t *bytes, const struct rig_smp_header *header,
                     const struct rig_smp_decoded *decoded)
{
    size_t n_message = RIG_SMP_HEADER_BYTES + (size_t)header->length;
    struct rig_smp_request request;

    if (header->op == RIG_SMP_READ_RSP || header->op == RIG_SMP_WRITE_RSP) {
        add_answer(line, bytes, header, decoded);
        return;
    }
    if (rig_smp_decode_request(bytes, n_message, &request) == RIG_SMP_OK)
        add_request(line, &request);
    else
        add_body_fault(line, header, bytes + RIG_SMP_HEADER_BYTES, header->length);
}

void rig_smp_describe_kind(const struct rig_smp_header *header, char *text, size_t room)
{
    struct line line = {.text = text, .room = room};

    if (room == 0)
        return;
    text[0] = '\0';
    add_head(&line, header);
}

void rig_smp_describe(const uint8_t *bytes, size_t n_bytes, const struct rig_smp_decoded *decoded, char *text,
                      size_t room)
{
    struct line line = {.text = text, .room = room};
    struct rig_smp_header header;

    if (room == 0)
        return;
    text[0] = '\0';
    if (n_bytes < RIG_SMP_HEADER_BYTES) {
        add(&line, "%zu bytes: shorter than an SMP header", n_bytes);
        return;
    }
    rig_smp_header_decode(bytes, &header);
    add_head(&line, &header);
    if (header.length > n_bytes - RIG_SMP_HEADER_BYTES) {
        add_length_fault(&line, &header, n_bytes - RIG_SMP_HEADER_BYTES);
        return;
    }
    add_body(&line, bytes, &header, decoded);
    if (n_bytes > RIG_SMP_HEADER_BYTES + (size_t)header.length)
        add(&line, " (+%zu bytes)", n_bytes - RIG_SMP_HEADER_BYTES - header.length);
}

/* --- error codes --- */

#define N_OF(table) (sizeof(table) / sizeof *(table))

static const char *const generic[] = {
    "ok",
    "unknown error",
    "no memory or no buffer",
    "invalid value",
    "timeout",
    "no such entry",
    "bad state",
    "message too large for the response",
    "not supported",
    "corrupt",
    "busy, try later",
    "access denied",
    "protocol version too old",
    "protocol version too new",
};
static const char *const os[] = {
    "ok",
    "unknown error",
    "bad format",
    "the query has no answer",
    "the clock is not set",
    "clock command failed",
    "the query's value is not valid",
    "heap statistics failed",
};
static const char *const image[] = {
    "ok",
    "unknown error",
    "flash configuration query failed",
    "no image in the slot",
    "the image has no TLVs",
    "bad TLV",
    "several hash TLVs",
    "a TLV has the wrong size",
    "hash not found",
    "no free slot",
    "flash open failed",
    "flash read failed",
    "flash write failed",
    "flash erase failed",
    "bad slot",
    "no memory",
    "flash context already set",
    "flash context not set",
    "the flash area has no device",
    "bad page offset",
    "the offset is missing",
    "the length is missing",
    "the first chunk is shorter than an image header",
    "wrong image magic",
    "bad hash",
    "bad flash address",
    "reading the version failed",
    "the current version is newer",
    "an image is already pending",
    "wrong vector table",
    "the image is larger than the slot",
    "the data overruns the declared size",
    "confirm denied",
    "test of the active image denied",
    "the active slot is unknown",
};
static const char *const statistics[] = {
    "ok", "unknown error", "bad group", "bad statistic name", "bad size", "walk aborted",
};
static const char *const settings[] = {
    "ok",
    "unknown error",
    "key too long",
    "key not found",
    "read not supported",
    "root key not found",
    "write not supported",
    "delete not supported",
    "save not supported",
};
static const char *const files[] = {
    "ok",
    "unknown error",
    "bad name",
    "not found",
    "is a directory",
    "open failed",
    "seek failed",
    "read failed",
    "truncate failed",
    "delete failed",
    "write failed",
    "the offset is not valid",
    "the offset is past the file",
    "unknown hash type",
    "mount point missing",
    "read-only",
    "the file is empty",
    "close failed",
};
static const char *const shell[] = {"ok", "unknown error", "command too long", "empty command"};
static const char *const enumeration[] = {"ok", "unknown error", "too many entries", "no heap",
                                          "index too large"};
static const char *const basic[] = {
    "ok", "unknown error", "flash open failed", "flash configuration query failed", "flash erase failed",
};

struct group_texts {
    unsigned group;
    const char *name;
    const char *const *texts;
    size_t n_texts;
};
static const struct group_texts groups[] = {
    {0, "os", os, N_OF(os)},
    {1, "image", image, N_OF(image)},
    {2, "statistics", statistics, N_OF(statistics)},
    {3, "settings", settings, N_OF(settings)},
    {8, "file system", files, N_OF(files)},
    {9, "shell", shell, N_OF(shell)},
    {10, "enumeration", enumeration, N_OF(enumeration)},
    {63, "basic", basic, N_OF(basic)},
};

static const struct group_texts *find_group(unsigned group)
{
    for (size_t i = 0; i < N_OF(groups); i++) {
        if (groups[i].group == group)
            return &groups[i];
    }
    return NULL;
}

const char *rig_smp_rc_text(unsigned rc)
{
    return rc < N_OF(generic) ? generic[rc] : NULL;
}

const char *rig_smp_group_rc_text(unsigned group, unsigned rc)
{
    const struct group_texts *found = find_group(group);

    return found && rc < found->n_texts ? found->texts[rc] : NULL;
}

static void group_error_text(const struct rig_smp_error *error, char *text, size_t room)
{
    const struct group_texts *group = find_group(error->group);
    const char *words = rig_smp_group_rc_text(error->group, error->rc);
    char number[24];

    snprintf(number, sizeof number, "group %u", error->group);
    if (group)
        snprintf(number, sizeof number, "%s group", group->name);
    if (words)
        snprintf(text, room, "%s: %s (%u)", number, words, (unsigned)error->rc);
    else
        snprintf(text, room, "%s: code %u", number, (unsigned)error->rc);
}

void rig_smp_error_text(const struct rig_smp_error *error, char *text, size_t room)
{
    const char *words = rig_smp_rc_text(error->rc);

    if (room == 0)
        return;
    if (!error->failed)
        snprintf(text, room, "ok");
    else if (error->group_error)
        group_error_text(error, text, room);
    else
        snprintf(text, room, "rc %u%s%s%s%s%s", (unsigned)error->rc, words ? ": " : "", words ? words : "",
                 error->reason[0] ? " (" : "", error->reason, error->reason[0] ? ")" : "");
}
