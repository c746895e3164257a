/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serial recovery: the SMP server inside the bootloader, which writes images into the slot that runs. It is
 * not Zephyr's: errors are {"rc"} in each header version, successes carry rc 0, a chunk is taken down to
 * whole write units, and nothing looks at what is uploaded. [SRC mcu-tools/mcuboot
 * boot/boot_serial/src/boot_serial.c] */
#include "sim/firmware/mcuboot/app/app.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

enum { OS_CONSOLE_ECHO = 1 };

/* One request's way. */
struct call {
    const struct sim_recovery_config *config;
    const struct sim_boot_config *boot;
    struct sim_flash *flash;
    struct sim_recovery *state;
    const struct rig_smp_request *request;
    bool decoded; /* the body is a map with keys of their types */
    struct rig_cbor_writer *writer;
};

static bool has(const struct call *call, enum sim_recovery_command command)
{
    return (call->config->commands & (uint32_t)command) != 0;
}

static void put_rc(const struct call *call, unsigned rc)
{
    rig_cbor_put_text(call->writer, "rc");
    rig_cbor_put_uint(call->writer, rc);
}

static unsigned n_slots(const struct call *call)
{
    return call->boot->mode == RIG_SWAP_SINGLE ? 1 : 2;
}

static const struct sim_area *slot_area(const struct call *call, unsigned image, unsigned slot)
{
    return slot == 0 ? &call->boot->primary[image] : &call->boot->secondary[image];
}

static uint32_t first_sector_bytes(const struct call *call, const struct sim_area *area)
{
    uint32_t start, n_bytes;

    return sim_flash_sector_at(call->flash, area->device, area->offset, &start, &n_bytes) ? n_bytes : 0;
}

/* --- the list --- */

struct listed {
    struct rig_image_version version;
    uint32_t flags;
    bool has_hash;
    uint8_t hash[RIG_IMAGE_HASH_BYTES];
};

/* Only images that would be started are listed: each is validated for it. */
static bool look(const struct call *call, unsigned image, unsigned slot, enum rig_swap_type type,
                 struct listed *listed)
{
    struct sim_area area = *slot_area(call, image, slot);
    bool shifted = call->boot->mode == RIG_SWAP_OFFSET && slot == 1 && type != RIG_SWAP_TYPE_REVERT;
    uint32_t skipped = shifted ? first_sector_bytes(call, &area) : 0;
    struct sim_area_reader reader = {
        .flash = call->flash,
        .area = {area.device, area.offset + skipped, area.n_bytes - skipped},
        .powered_only = true,
    };
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;

    if (!sim_boot_is_valid(call->boot, call->flash, image, slot, skipped) ||
        rig_image_read_layout(&source, UINT32_MAX, &layout) != RIG_IMAGE_OK)
        return false;
    listed->version = layout.header.version;
    listed->flags = layout.header.flags;
    listed->has_hash = rig_image_stored_hash(&source, &layout, listed->hash) == RIG_IMAGE_OK;
    return true;
}

static void put_true(struct rig_cbor_writer *writer, const char *name, bool value)
{
    if (!value)
        return;
    rig_cbor_put_text(writer, name);
    rig_cbor_put_bool(writer, true);
}

/* As coded there: a slot 0 that gives way is confirmed, but not active. */
static void put_state(const struct call *call, const struct listed *listed, unsigned slot,
                      enum rig_swap_type type)
{
    bool pending = type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM;

    put_true(call->writer, "bootable", !(listed->flags & RIG_IMAGE_FLAG_NON_BOOTABLE));
    put_true(call->writer, "confirmed",
             slot == 0 ? type != RIG_SWAP_TYPE_REVERT : type == RIG_SWAP_TYPE_REVERT);
    put_true(call->writer, "active", slot == 0 && !pending);
    put_true(call->writer, "pending", slot == 1 && pending);
    put_true(call->writer, "permanent", slot == 1 && type == RIG_SWAP_TYPE_PERM);
}

static void put_listed(const struct call *call, const struct listed *listed, unsigned image, unsigned slot,
                       enum rig_swap_type type)
{
    const struct rig_image_version *version = &listed->version;
    char text[RIG_IMAGE_VERSION_TEXT_BYTES];
    int n = snprintf(text, sizeof text, "%u.%u.%u", version->major, version->minor, version->revision);

    if (version->build != 0 && n > 0)
        snprintf(text + n, sizeof text - (size_t)n, ".%lu", (unsigned long)version->build);
    rig_cbor_put_open_map(call->writer);
    if (call->boot->n_images > 1) {
        rig_cbor_put_text(call->writer, "image");
        rig_cbor_put_uint(call->writer, image);
    }
    if (has(call, SIM_RECOVERY_IMAGE_STATE))
        put_state(call, listed, slot, type);
    rig_cbor_put_text(call->writer, "slot");
    rig_cbor_put_uint(call->writer, slot);
    if (has(call, SIM_RECOVERY_HASH) && listed->has_hash) {
        rig_cbor_put_text(call->writer, "hash");
        rig_cbor_put_bytes(call->writer, listed->hash, sizeof listed->hash);
    }
    rig_cbor_put_text(call->writer, "version");
    rig_cbor_put_text(call->writer, text);
    rig_cbor_put_break(call->writer);
}

static void put_list(const struct call *call)
{
    rig_cbor_put_text(call->writer, "images");
    rig_cbor_put_open_array(call->writer);
    for (unsigned image = 0; image < call->boot->n_images; image++) {
        enum rig_swap_type type = sim_boot_swap_type(call->boot, call->flash, image);

        for (unsigned slot = 0; slot < n_slots(call); slot++) {
            struct listed listed;

            if (look(call, image, slot, type, &listed))
                put_listed(call, &listed, image, slot, type);
        }
    }
    rig_cbor_put_break(call->writer);
}

static bool find_image(const struct call *call, const uint8_t *hash, unsigned *image)
{
    for (*image = 0; *image < call->boot->n_images; (*image)++) {
        enum rig_swap_type type = sim_boot_swap_type(call->boot, call->flash, *image);

        for (unsigned slot = 0; slot < n_slots(call); slot++) {
            struct listed listed;

            if (look(call, *image, slot, type, &listed) && listed.has_hash &&
                memcmp(listed.hash, hash, sizeof listed.hash) == 0)
                return true;
        }
    }
    return false;
}

/* Whichever slot the hash is found in, it is slot 1 that is marked. */
static unsigned set_state(const struct call *call)
{
    const struct rig_smp_value *hash = &call->request->keys[RIG_SMP_KEY_HASH];
    bool permanent = call->request->keys[RIG_SMP_KEY_CONFIRM].number != 0;
    unsigned image = 0;

    if (!call->decoded)
        return RIG_SMP_RC_INVALID;
    if (has(call, SIM_RECOVERY_HASH)) {
        if ((hash->n_bytes != RIG_IMAGE_HASH_BYTES && hash->n_bytes != 0) ||
            (hash->n_bytes == 0 && call->boot->n_images > 1))
            return RIG_SMP_RC_INVALID;
        if (hash->n_bytes != 0 && !find_image(call, hash->bytes, &image))
            return RIG_SMP_RC_NO_ENTRY;
    }
    if (call->boot->mode == RIG_SWAP_SINGLE)
        return RIG_SMP_RC_UNKNOWN;
    return sim_boot_set_pending(call->boot, call->flash, image, permanent) == SIM_OK ? 0 : RIG_SMP_RC_INVALID;
}

static void image_state(const struct call *call)
{
    unsigned rc = 0;

    if (call->request->header.op == RIG_SMP_WRITE)
        rc = has(call, SIM_RECOVERY_IMAGE_STATE) ? set_state(call) : RIG_SMP_RC_NOT_SUPPORTED;
    if (rc)
        put_rc(call, rc);
    else
        put_list(call);
}

/* --- the upload --- */

/* Numbers of images count from 1 for slots of their own where those can be chosen; 0 is slot 0 in any case.
 */
static bool find_slot(const struct call *call, uint64_t number, unsigned *image, unsigned *slot)
{
    bool chosen = has(call, SIM_RECOVERY_SLOT_UPLOAD) && number > 0;

    if (number > 2 * SIM_BOOT_MAX_IMAGES)
        return false;
    *image = (unsigned)(chosen ? (number - 1) / 2 : number);
    *slot = chosen ? (unsigned)(number - 1) % 2 : 0;
    if (has(call, SIM_RECOVERY_SLOT_UPLOAD) && number == 0)
        *image = 0;
    return *image < call->boot->n_images && *slot < n_slots(call);
}

static enum sim_status erase_from(const struct call *call, const struct sim_area *area, uint32_t from,
                                  uint32_t last, uint32_t *next)
{
    enum sim_status status = SIM_OK;

    *next = from;
    if (last >= area->n_bytes)
        return SIM_OUT_OF_RANGE;
    while (status == SIM_OK && *next <= last) {
        uint32_t start, n_bytes;

        if (!sim_flash_sector_at(call->flash, area->device, area->offset + *next, &start, &n_bytes))
            return SIM_OUT_OF_RANGE;
        status = sim_flash_erase(call->flash, area->device, start, n_bytes);
        *next = start + n_bytes - area->offset;
    }
    return status;
}

/* false: refused. */
static bool begin(const struct call *call, const struct sim_area *area, unsigned slot)
{
    const struct rig_smp_value *len = &call->request->keys[RIG_SMP_KEY_LEN];
    struct sim_recovery *state = call->state;
    uint32_t next;

    state->offset = 0;
    if (!len->present || len->number > area->n_bytes)
        return false;
    state->erased_end = 0;
    if (!call->config->progressive_erase) {
        if (erase_from(call, area, 0, area->n_bytes - 1, &next) != SIM_OK)
            return false;
        state->erased_end = area->n_bytes;
    }
    state->n_total = (uint32_t)len->number;
    state->skipped = call->boot->mode == RIG_SWAP_OFFSET && slot == 1 ? first_sector_bytes(call, area) : 0;
    return true;
}

/* Whole units; what is left of the last chunk is filled up. */
static enum sim_status write_chunk(const struct call *call, const struct sim_area *area,
                                   const struct rig_smp_value *chunk, uint32_t *n_taken)
{
    const struct sim_flash_device_config *device = sim_flash_device(call->flash, area->device);
    uint32_t n_left = (uint32_t)(chunk->n_bytes % device->write_bytes);
    uint32_t n_whole = (uint32_t)chunk->n_bytes - n_left;
    uint32_t at = call->state->offset + call->state->skipped;
    enum sim_status status = SIM_OK;
    uint8_t unit[32];

    if (call->state->offset + n_whole + n_left < call->state->n_total)
        n_left = 0;
    *n_taken = n_whole + n_left;
    if (at > area->n_bytes || n_whole > area->n_bytes - at)
        return SIM_OUT_OF_RANGE;
    if (n_whole > 0)
        status = sim_flash_write(call->flash, area->device, area->offset + at, chunk->bytes, n_whole);
    if (status != SIM_OK || n_left == 0)
        return status;
    memset(unit, device->erased, sizeof unit);
    memcpy(unit, chunk->bytes + n_whole, n_left);
    if (device->write_bytes > area->n_bytes - at - n_whole)
        return SIM_OUT_OF_RANGE;
    return sim_flash_write(call->flash, area->device, area->offset + at + n_whole, unit, device->write_bytes);
}

/* The first sector of the trailer, whether the image reaches into it or not. */
static enum sim_status erase_trailer(const struct call *call, const struct sim_area *area)
{
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    uint32_t next, start, n_bytes;

    sim_boot_geometry(call->boot, call->flash, area, &geometry);
    if (!rig_trailer_layout(&geometry, &layout) ||
        !sim_flash_sector_at(call->flash, area->device, area->offset + layout.status, &start, &n_bytes))
        return SIM_OUT_OF_RANGE;
    return erase_from(call, area, start - area->offset, start - area->offset, &next);
}

static unsigned take_chunk(const struct call *call, const struct sim_area *area)
{
    const struct rig_smp_value *chunk = &call->request->keys[RIG_SMP_KEY_CHUNK];
    struct sim_recovery *state = call->state;
    uint32_t n_taken = 0;

    if (call->config->progressive_erase && chunk->n_bytes > 0) {
        uint32_t last = state->skipped + state->offset + (uint32_t)chunk->n_bytes - 1;

        if (erase_from(call, area, state->erased_end, last, &state->erased_end) != SIM_OK)
            return RIG_SMP_RC_INVALID;
    }
    if (write_chunk(call, area, chunk, &n_taken) != SIM_OK)
        return RIG_SMP_RC_INVALID;
    state->offset += n_taken;
    if (state->offset == state->n_total && call->config->progressive_erase &&
        call->boot->mode != RIG_SWAP_SINGLE && erase_trailer(call, area) != SIM_OK)
        return RIG_SMP_RC_UNKNOWN;
    return 0;
}

/* Each first chunk begins anew. A chunk at another offset is not taken, and told so by success. */
static unsigned upload_chunk(const struct call *call)
{
    const struct rig_smp_value *keys = call->request->keys;
    const struct rig_smp_value *chunk = &keys[RIG_SMP_KEY_CHUNK];
    struct sim_recovery *state = call->state;
    unsigned image, slot;

    if (!call->decoded || !keys[RIG_SMP_KEY_OFF].present || !chunk->present)
        return RIG_SMP_RC_INVALID;
    if (keys[RIG_SMP_KEY_OFF].number == 0)
        state->number = keys[RIG_SMP_KEY_IMAGE].present ? keys[RIG_SMP_KEY_IMAGE].number : 0;
    if (!find_slot(call, state->number, &image, &slot))
        return RIG_SMP_RC_INVALID;

    const struct sim_area *area = slot_area(call, image, slot);

    if (keys[RIG_SMP_KEY_OFF].number == 0) {
        if (!begin(call, area, slot))
            return RIG_SMP_RC_INVALID;
    } else if (keys[RIG_SMP_KEY_OFF].number != state->offset) {
        return 0;
    } else if (state->offset > state->n_total || chunk->n_bytes > state->n_total - state->offset) {
        return RIG_SMP_RC_INVALID;
    }
    return take_chunk(call, area);
}

static void upload(const struct call *call)
{
    unsigned rc = upload_chunk(call);

    put_rc(call, rc);
    if (rc == 0) {
        rig_cbor_put_text(call->writer, "off");
        rig_cbor_put_uint(call->writer, call->state->offset);
    }
}

static void put_slot_info(const struct call *call, unsigned image, unsigned slot)
{
    bool single = call->boot->mode == RIG_SWAP_SINGLE;

    rig_cbor_put_open_map(call->writer);
    rig_cbor_put_text(call->writer, "slot");
    rig_cbor_put_uint(call->writer, slot);
    rig_cbor_put_text(call->writer, "size");
    rig_cbor_put_uint(call->writer, slot_area(call, image, slot)->n_bytes);
    if (has(call, SIM_RECOVERY_SLOT_UPLOAD) || single || slot == 1) {
        rig_cbor_put_text(call->writer, "upload_image_id");
        rig_cbor_put_uint(call->writer, has(call, SIM_RECOVERY_SLOT_UPLOAD) ? 2 * image + slot + 1 : image);
    }
    rig_cbor_put_break(call->writer);
}

static void slot_info(const struct call *call)
{
    if (!has(call, SIM_RECOVERY_SLOT_INFO) || call->request->header.op != RIG_SMP_READ) {
        put_rc(call, RIG_SMP_RC_NOT_SUPPORTED);
        return;
    }
    rig_cbor_put_text(call->writer, "images");
    rig_cbor_put_open_array(call->writer);
    for (unsigned image = 0; image < call->boot->n_images; image++) {
        rig_cbor_put_open_map(call->writer);
        rig_cbor_put_text(call->writer, "image");
        rig_cbor_put_uint(call->writer, image);
        rig_cbor_put_text(call->writer, "slots");
        rig_cbor_put_open_array(call->writer);
        for (unsigned slot = 0; slot < n_slots(call); slot++)
            put_slot_info(call, image, slot);
        rig_cbor_put_break(call->writer);
        rig_cbor_put_text(call->writer, "max_image_size");
        rig_cbor_put_uint(call->writer, sim_boot_max_image_bytes(call->boot, call->flash, image));
        rig_cbor_put_break(call->writer);
    }
    rig_cbor_put_break(call->writer);
}

/* --- the OS group --- */

static void echo(const struct call *call)
{
    const struct rig_smp_value *text = &call->request->keys[RIG_SMP_KEY_ECHO];

    if (!call->decoded || !text->present) {
        put_rc(call, RIG_SMP_RC_INVALID);
        return;
    }
    rig_cbor_put_text(call->writer, "r");
    rig_cbor_put_text_bytes(call->writer, text->bytes, text->n_bytes);
}

static void parameters(const struct call *call)
{
    rig_cbor_put_text(call->writer, "buf_size");
    rig_cbor_put_uint(call->writer, call->config->buffer_bytes);
    rig_cbor_put_text(call->writer, "buf_count");
    rig_cbor_put_uint(call->writer, 1);
}

static void os_group(const struct call *call)
{
    switch (call->request->header.command) {
    case RIG_SMP_OS_ECHO:
        if (has(call, SIM_RECOVERY_ECHO)) {
            echo(call);
            return;
        }
        break;
    case OS_CONSOLE_ECHO:
        put_rc(call, 0);
        return;
    case RIG_SMP_OS_RESET:
        call->state->reset_wanted = true;
        put_rc(call, 0);
        return;
    case RIG_SMP_OS_PARAMETERS:
        if (has(call, SIM_RECOVERY_PARAMETERS)) {
            parameters(call);
            return;
        }
        break;
    default:
        break;
    }
    put_rc(call, RIG_SMP_RC_NOT_SUPPORTED);
}

static void handle(const struct call *call)
{
    const struct rig_smp_header *header = &call->request->header;

    if (header->group == RIG_SMP_GROUP_OS) {
        os_group(call);
    } else if (header->group == RIG_SMP_GROUP_IMAGE && header->command == RIG_SMP_IMAGE_STATE) {
        image_state(call);
    } else if (header->group == RIG_SMP_GROUP_IMAGE && header->command == RIG_SMP_IMAGE_UPLOAD) {
        upload(call);
    } else if (header->group == RIG_SMP_GROUP_IMAGE && header->command == RIG_SMP_IMAGE_SLOT_INFO) {
        slot_info(call);
    } else {
        put_rc(call, RIG_SMP_RC_NOT_SUPPORTED);
    }
}

/* The header comes back as it was: whatever stands in the version's bits and above. */
static void answer_header(const uint8_t *request, size_t n_body, uint8_t *answer)
{
    memcpy(answer, request, RIG_SMP_HEADER_BYTES);
    answer[0]++;
    answer[1] = 0;
    rig_put_be16(answer + 2, (uint16_t)n_body);
}

size_t sim_recovery_input(const struct sim_recovery_config *config, const struct sim_boot_config *boot,
                          struct sim_flash *flash, struct sim_recovery *state, const uint8_t *message,
                          size_t n_message, uint8_t *answer, size_t room)
{
    struct rig_smp_request request = {0};
    struct rig_cbor_writer writer;

    if (n_message < RIG_SMP_HEADER_BYTES || room < RIG_SMP_HEADER_BYTES)
        return 0;
    rig_smp_header_decode(message, &request.header);
    if ((request.header.op != RIG_SMP_READ && request.header.op != RIG_SMP_WRITE) ||
        request.header.length < n_message - RIG_SMP_HEADER_BYTES)
        return 0;
    writer =
        (struct rig_cbor_writer){.bytes = answer + RIG_SMP_HEADER_BYTES, .room = room - RIG_SMP_HEADER_BYTES};
    bool decoded = rig_smp_decode_request(message, n_message, &request) == RIG_SMP_OK;
    struct call call = {config, boot, flash, state, &request, decoded, &writer};

    rig_smp_header_decode(message, &request.header);
    rig_cbor_put_open_map(&writer);
    handle(&call);
    rig_cbor_put_break(&writer);
    if (writer.overflow || !sim_flash_powered(flash))
        return 0;
    answer_header(message, writer.n_bytes, answer);
    return RIG_SMP_HEADER_BYTES + writer.n_bytes;
}
