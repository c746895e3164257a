/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding of requests and framing of responses for a server. */
#include "protocol/smp/smp_server.h"

#include <string.h>

enum value_kind { VALUE_UINT, VALUE_BOOL, VALUE_BOOL_OR_INT, VALUE_TEXT, VALUE_BYTES };

static const struct {
    const char *name;
    enum value_kind kind;
} keys[RIG_SMP_N_KEYS] = {
    [RIG_SMP_KEY_ECHO] = {"d", VALUE_TEXT},
    [RIG_SMP_KEY_FORCE] = {"force", VALUE_BOOL_OR_INT},
    [RIG_SMP_KEY_BOOT_MODE] = {"boot_mode", VALUE_UINT},
    [RIG_SMP_KEY_FORMAT] = {"format", VALUE_TEXT},
    [RIG_SMP_KEY_QUERY] = {"query", VALUE_TEXT},
    [RIG_SMP_KEY_HASH] = {"hash", VALUE_BYTES},
    [RIG_SMP_KEY_CONFIRM] = {"confirm", VALUE_BOOL},
    [RIG_SMP_KEY_IMAGE] = {"image", VALUE_UINT},
    [RIG_SMP_KEY_LEN] = {"len", VALUE_UINT},
    [RIG_SMP_KEY_OFF] = {"off", VALUE_UINT},
    [RIG_SMP_KEY_SHA] = {"sha", VALUE_BYTES},
    [RIG_SMP_KEY_CHUNK] = {"data", VALUE_BYTES},
    [RIG_SMP_KEY_UPGRADE] = {"upgrade", VALUE_BOOL},
    [RIG_SMP_KEY_SLOT] = {"slot", VALUE_UINT},
};

#define BIT(key) (1u << (key))
#define READS (1u << RIG_SMP_READ)
#define WRITES (1u << RIG_SMP_WRITE)

/* What becomes of a body that cannot be decoded. */
enum body {
    BODY_REFUSED,
    BODY_READ, /* as far as it goes */
    BODY_IGNORED,
};

static const struct command {
    uint16_t group;
    uint8_t number;
    unsigned ops;
    unsigned keys; /* that a write, or an only read, understands */
    enum body body;
} commands[] = {
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_ECHO, READS | WRITES, BIT(RIG_SMP_KEY_ECHO), BODY_REFUSED},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_RESET, WRITES, BIT(RIG_SMP_KEY_FORCE) | BIT(RIG_SMP_KEY_BOOT_MODE),
     BODY_READ},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_PARAMETERS, READS, 0, BODY_IGNORED},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_INFO, READS, BIT(RIG_SMP_KEY_FORMAT), BODY_REFUSED},
    {RIG_SMP_GROUP_OS, RIG_SMP_OS_BOOTLOADER, READS, BIT(RIG_SMP_KEY_QUERY), BODY_REFUSED},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE, READS, 0, BODY_IGNORED},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_STATE, WRITES, BIT(RIG_SMP_KEY_HASH) | BIT(RIG_SMP_KEY_CONFIRM),
     BODY_REFUSED},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_UPLOAD, WRITES,
     BIT(RIG_SMP_KEY_IMAGE) | BIT(RIG_SMP_KEY_LEN) | BIT(RIG_SMP_KEY_OFF) | BIT(RIG_SMP_KEY_SHA) |
         BIT(RIG_SMP_KEY_CHUNK) | BIT(RIG_SMP_KEY_UPGRADE),
     BODY_REFUSED},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_ERASE, WRITES, BIT(RIG_SMP_KEY_SLOT), BODY_REFUSED},
    {RIG_SMP_GROUP_IMAGE, RIG_SMP_IMAGE_SLOT_INFO, READS, 0, BODY_IGNORED},
};

static const struct command *find_command(uint16_t group, uint8_t command, uint8_t op)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (commands[i].group == group && commands[i].number == command && op < 8 &&
            (commands[i].ops & 1u << op))
            return &commands[i];
    }
    return NULL;
}

bool rig_smp_command_known(uint16_t group, uint8_t command, uint8_t op)
{
    return find_command(group, command, op) != NULL;
}

static bool kind_fits(enum value_kind wanted, const struct rig_cbor_item *item)
{
    switch (wanted) {
    case VALUE_UINT:
        return item->kind == RIG_CBOR_UINT && item->number <= UINT32_MAX;
    case VALUE_BOOL:
        return item->kind == RIG_CBOR_BOOL;
    case VALUE_BOOL_OR_INT:
        return item->kind == RIG_CBOR_BOOL || item->kind == RIG_CBOR_UINT || item->kind == RIG_CBOR_NEGATIVE;
    case VALUE_TEXT:
        return item->kind == RIG_CBOR_TEXT;
    case VALUE_BYTES:
        return item->kind == RIG_CBOR_BYTES;
    }
    return false;
}

static bool store(struct rig_smp_value *value, enum value_kind kind, const struct rig_cbor_item *item)
{
    /* The handlers' variables have 32 bits, and so have lengths. */
    if (value->present || item->wide || !kind_fits(kind, item))
        return false;
    value->present = true;
    value->number = item->kind == RIG_CBOR_NEGATIVE ? 1 : item->number;
    value->bytes = item->bytes;
    value->n_bytes = item->n_bytes;
    return true;
}

static bool read_pair(struct rig_cbor_reader *reader, unsigned known, struct rig_smp_request *request)
{
    struct rig_cbor_item name, item;

    if (!rig_cbor_next(reader, &name) || name.kind != RIG_CBOR_TEXT || name.wide ||
        !rig_cbor_next(reader, &item))
        return false;
    for (unsigned key = 0; key < RIG_SMP_N_KEYS; key++) {
        if ((known & BIT(key)) && rig_cbor_text_is(&name, keys[key].name))
            return store(&request->keys[key], keys[key].kind, &item);
    }
    return rig_cbor_skip(reader, &item);
}

static enum rig_smp_status decode_body(struct rig_cbor_reader *reader, unsigned known,
                                       struct rig_smp_request *request)
{
    struct rig_cbor_item item;
    enum rig_cbor_step step;

    if (!rig_cbor_next(reader, &item) || item.kind != RIG_CBOR_MAP || item.wide)
        return RIG_SMP_MALFORMED;
    struct rig_cbor_run run = rig_cbor_open(&item);
    while ((step = rig_cbor_step(reader, &run)) == RIG_CBOR_MORE) {
        if (!read_pair(reader, known, request))
            return RIG_SMP_MALFORMED;
    }
    return step == RIG_CBOR_END ? RIG_SMP_OK : RIG_SMP_MALFORMED;
}

enum rig_smp_status rig_smp_decode_request(const uint8_t *bytes, size_t n_bytes,
                                           struct rig_smp_request *request)
{
    memset(request, 0, sizeof *request);
    if (n_bytes < RIG_SMP_HEADER_BYTES)
        return RIG_SMP_SHORT;
    rig_smp_header_decode(bytes, &request->header);

    const struct command *command =
        find_command(request->header.group, request->header.command, request->header.op);
    struct rig_cbor_reader reader = {.at = bytes + RIG_SMP_HEADER_BYTES,
                                     .n_left = n_bytes - RIG_SMP_HEADER_BYTES};

    if (command && command->body == BODY_IGNORED)
        return RIG_SMP_OK;

    enum rig_smp_status status = decode_body(&reader, command ? command->keys : 0, request);

    return command && command->body == BODY_READ ? RIG_SMP_OK : status;
}

struct rig_cbor_writer rig_smp_response_begin(uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = {.bytes = into, .room = room, .n_bytes = RIG_SMP_HEADER_BYTES};

    if (room <= RIG_SMP_HEADER_BYTES) {
        writer.n_bytes = 0;
        writer.overflow = true;
    }
    rig_cbor_put_open_map(&writer);
    return writer;
}

size_t rig_smp_response_finish(struct rig_cbor_writer *writer, const struct rig_smp_header *request)
{
    rig_cbor_put_break(writer);
    if (writer->overflow || writer->n_bytes - RIG_SMP_HEADER_BYTES > UINT16_MAX)
        return 0;

    struct rig_smp_header header = *request;

    header.version = request->version > 1 ? 1 : request->version;
    header.op = request->op == RIG_SMP_READ ? RIG_SMP_READ_RSP : RIG_SMP_WRITE_RSP;
    header.flags = 0;
    header.length = (uint16_t)(writer->n_bytes - RIG_SMP_HEADER_BYTES);
    rig_smp_header_encode(&header, writer->bytes);
    return writer->n_bytes;
}

size_t rig_smp_encode_rc(const struct rig_smp_header *request, unsigned rc, const char *reason, uint8_t *into,
                         size_t room)
{
    struct rig_cbor_writer writer = rig_smp_response_begin(into, room);

    rig_cbor_put_text(&writer, "rc");
    rig_cbor_put_uint(&writer, rc);
    if (reason) {
        rig_cbor_put_text(&writer, "rsn");
        rig_cbor_put_text(&writer, reason);
    }
    return rig_smp_response_finish(&writer, request);
}

size_t rig_smp_encode_group_error(const struct rig_smp_header *request, unsigned group, unsigned rc,
                                  uint8_t *into, size_t room)
{
    struct rig_cbor_writer writer = rig_smp_response_begin(into, room);

    rig_cbor_put_text(&writer, "err");
    rig_cbor_put_open_map(&writer);
    rig_cbor_put_text(&writer, "group");
    rig_cbor_put_uint(&writer, group);
    rig_cbor_put_text(&writer, "rc");
    rig_cbor_put_uint(&writer, rc);
    rig_cbor_put_break(&writer);
    return rig_smp_response_finish(&writer, request);
}

unsigned rig_smp_version0_rc(unsigned group, unsigned rc)
{
    static const uint8_t image[] = {0, 1, 1, 5, 5, 1, 1, 1, 1, 6, 1, 1, 1, 1, 3, 2, 1, 1,
                                    1, 3, 3, 3, 3, 1, 3, 3, 1, 6, 6, 1, 1, 1, 1, 1, 1};
    static const uint8_t os[] = {0, 1, 3, 8, 5, 1, 3, 1};

    if (group == RIG_SMP_GROUP_IMAGE && rc < sizeof image)
        return image[rc];
    if (group == RIG_SMP_GROUP_OS && rc < sizeof os)
        return os[rc];
    return RIG_SMP_RC_UNKNOWN;
}
