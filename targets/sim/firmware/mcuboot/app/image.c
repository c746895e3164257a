/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image group: slots, which one runs and what the next boot does with them, marking and confirming,
 * erasing, and the upload (the server algorithm of img_mgmt, writes gathered to whole write units). */
#include "sim/firmware/mcuboot/app/app.h"

#include "image/key.h"

#include <stdio.h>
#include <string.h>

struct sim_slot { /* an image as the server lists it */
    unsigned image;
    unsigned slot; /* 0 primary, 1 secondary */
    bool bootable, pending, confirmed, active, permanent;
    struct rig_image_version version;
    uint8_t hash[RIG_IMAGE_HASH_MAX_BYTES];
    size_t n_hash;
};

/* What img_mgmt_get_next_boot_slot() tells: which slot, and whether for good. */
enum next_boot {
    NEXT_SAME,
    NEXT_SAME_ON_TEST, /* the running slot, which has not used its one start: it was programmed so */
    NEXT_OTHER,
    NEXT_TESTS,
    NEXT_REVERTS,
};

enum image_rc { IMAGE_RC_FLASH_OPEN = 10, IMAGE_RC_FLASH_ERASE = 13 };

static uint32_t first_sector_bytes(const struct sim_server *server, const struct sim_area *area)
{
    uint32_t start, n_bytes;

    if (!sim_flash_sector_at(server->flash, area->device, area->offset, &start, &n_bytes) ||
        n_bytes > area->n_bytes)
        return 0;
    return n_bytes;
}

static struct sim_area without_first_sector(const struct sim_server *server, struct sim_area area)
{
    uint32_t n_bytes = first_sector_bytes(server, &area);

    area.offset += n_bytes;
    area.n_bytes -= n_bytes;
    return area;
}

/* img_mgmt_active_slot(): the server knows of slot 1 on boards with one image only. */
static unsigned active_slot(const struct sim_server *server)
{
    return server->boot->n_images > 1 ? 0 : server->slot;
}

static const struct sim_area *slot_area(const struct sim_server *server, unsigned image, unsigned slot)
{
    return slot == 0 ? &server->boot->primary[image] : &server->boot->secondary[image];
}

/* Where updates go: the slot that does not run. */
static const struct sim_area *other_area(const struct sim_server *server, unsigned image)
{
    return slot_area(server, image, 1 - active_slot(server));
}

/* In swap-offset without its first sector. */
static struct sim_area upload_area(const struct sim_server *server, unsigned image)
{
    struct sim_area area = *other_area(server, image);

    return server->boot->mode == RIG_SWAP_OFFSET ? without_first_sector(server, area) : area;
}

/* Swap-offset leaves the old image in the first sector of the secondary during the trial; every other time
 * images start in the second. */
static struct sim_area listed_area(const struct sim_server *server, unsigned image, unsigned slot,
                                   enum next_boot next)
{
    if (slot == 0)
        return server->boot->primary[image];
    if (server->boot->mode != RIG_SWAP_OFFSET || next == NEXT_REVERTS)
        return server->boot->secondary[image];
    return without_first_sector(server, server->boot->secondary[image]);
}

/* An application is built for the hash that its bootloader is built for: IMAGE_TLV_SHA, IMAGE_SHA_LEN. */
static uint16_t hash_type(const struct sim_server *server)
{
    const struct sim_boot_config *boot = server->boot;

    return rig_key_hash_type(boot->n_keys ? rig_key_kind(boot->keys[0]) : RIG_KEY_ECDSA_P256, &boot->how);
}

static bool read_slot(const struct sim_server *server, const struct sim_area *area, struct sim_slot *slot)
{
    struct sim_area_reader reader = {.flash = server->flash, .area = *area, .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    uint16_t type = 0;

    if (rig_image_read_layout(&source, area->n_bytes, &layout) != RIG_IMAGE_OK)
        return false;
    slot->n_hash = rig_image_stored_hash_of_any(&source, &layout, &type, slot->hash);
    if (slot->n_hash == 0 || type != hash_type(server))
        return false;
    slot->version = layout.header.version;
    slot->bootable = !(layout.header.flags & RIG_IMAGE_FLAG_NON_BOOTABLE);
    return true;
}

static bool read_version(const struct sim_server *server, const struct sim_area *area,
                         struct rig_image_version *version)
{
    struct sim_slot slot;
    bool read = read_slot(server, area, &slot);

    *version = slot.version;
    return read;
}

static bool other_is_newer(const struct sim_server *server, unsigned image)
{
    struct rig_image_version own, other;

    return read_version(server, slot_area(server, image, active_slot(server)), &own) &&
           read_version(server, other_area(server, image), &other) &&
           rig_image_version_compare(&own, &other, false) < 0;
}

/* What a slot's trailer lets direct-XIP with revert do with it. */
enum leave { LEAVE_NONE, LEAVE_ONCE, LEAVE_SPENT, LEAVE_ALWAYS };

static enum leave leave_of(const struct sim_server *server, const struct sim_area *area)
{
    struct sim_area_reader reader = {.flash = server->flash, .area = *area, .powered_only = true};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_trailer_geometry geometry;
    struct rig_trailer trailer;

    sim_boot_geometry(server->boot, server->flash, area, &geometry);
    if (!rig_trailer_decode(&geometry, &source, &trailer) || trailer.magic != RIG_MAGIC_GOOD)
        return LEAVE_NONE;
    if (trailer.image_ok == RIG_FLAG_SET)
        return LEAVE_ALWAYS;
    return trailer.copy_done == RIG_FLAG_SET ? LEAVE_SPENT : LEAVE_ONCE;
}

/* img_mgmt_get_next_boot_slot() of builds for direct-XIP with revert; that those for RAM load with revert
 * have it too is taken from their bootloader, which is the same. */
static enum next_boot next_boot_by_leave(const struct sim_server *server, unsigned image)
{
    const struct sim_area *other = other_area(server, image);
    const struct sim_area *active = slot_area(server, image, active_slot(server));
    struct rig_image_version version;
    enum leave own = leave_of(server, active), others = leave_of(server, other);

    if (!read_version(server, active, &version) || !read_version(server, other, &version))
        return NEXT_SAME;
    if (own == LEAVE_SPENT)
        return NEXT_REVERTS;
    if (others == LEAVE_NONE)
        return own == LEAVE_ONCE ? NEXT_SAME_ON_TEST : NEXT_SAME;
    if (!other_is_newer(server, image) || others == LEAVE_SPENT)
        return NEXT_SAME;
    return others == LEAVE_ALWAYS ? NEXT_OTHER : NEXT_TESTS;
}

/* The trailers by the table of the swap modes, which RAM load's server goes by as well. */
static enum next_boot next_boot_by_trailers(const struct sim_server *server, unsigned image)
{
    struct sim_boot_config boot = *server->boot;

    if (boot.mode == RIG_SWAP_RAM_LOAD)
        boot.mode = RIG_SWAP_OVERWRITE;
    switch (sim_boot_swap_type(&boot, server->flash, image)) {
    case RIG_SWAP_TYPE_TEST:
        return NEXT_TESTS;
    case RIG_SWAP_TYPE_PERM:
        return NEXT_OTHER;
    case RIG_SWAP_TYPE_REVERT:
        return NEXT_REVERTS;
    case RIG_SWAP_TYPE_NONE:
    case RIG_SWAP_TYPE_FAIL:
    case RIG_SWAP_TYPE_PANIC:
        break;
    }
    return NEXT_SAME;
}

static enum next_boot next_boot_of(const struct sim_server *server, unsigned image)
{
    if (server->boot->mode == RIG_SWAP_DIRECT_XIP)
        return other_is_newer(server, image) ? NEXT_OTHER : NEXT_SAME;
    return rig_swap_mode_starts_by_trailer(server->boot->mode) ? next_boot_by_leave(server, image)
                                                               : next_boot_by_trailers(server, image);
}

static void set_flags(struct sim_slot *slot, bool active, enum next_boot next)
{
    slot->active = active;
    slot->confirmed = active != (next == NEXT_REVERTS);
    slot->permanent = !active && next == NEXT_OTHER;
    slot->pending = slot->permanent || (!active && next == NEXT_TESTS);
}

/* In the order that the state command lists them. Returns how many. */
static size_t list_slots(const struct sim_server *server, struct sim_slot slots[2 * SIM_BOOT_MAX_IMAGES])
{
    size_t n_slots = 0;

    for (unsigned image = 0; image < server->boot->n_images; image++) {
        enum next_boot next = next_boot_of(server, image);

        for (unsigned slot = 0; slot < 2; slot++) {
            struct sim_area area = listed_area(server, image, slot, next);
            struct sim_slot *entry = &slots[n_slots];

            memset(entry, 0, sizeof *entry);
            entry->image = image;
            entry->slot = slot;
            if (area.n_bytes == 0 || !read_slot(server, &area, entry))
                continue;
            set_flags(entry, slot == active_slot(server), next);
            n_slots++;
        }
    }
    return n_slots;
}

static bool is_erased(const struct sim_server *server, const struct sim_area *area)
{
    uint8_t erased = sim_flash_device(server->flash, area->device)->erased;
    uint8_t bytes[256];

    for (uint32_t at = 0; at < area->n_bytes; at += sizeof bytes) {
        uint32_t n = area->n_bytes - at < sizeof bytes ? area->n_bytes - at : (uint32_t)sizeof bytes;

        if (sim_flash_read(server->flash, area->device, area->offset + at, bytes, n) != SIM_OK)
            return false;
        for (uint32_t i = 0; i < n; i++)
            if (bytes[i] != erased)
                return false;
    }
    return true;
}

static enum sim_status erase_slot(const struct sim_server *server, const struct sim_area *area)
{
    return is_erased(server, area)
               ? SIM_OK
               : sim_flash_erase(server->flash, area->device, area->offset, area->n_bytes);
}

/* From the slot's start, down to a sector. */
static uint32_t trailer_offset(const struct sim_server *server, unsigned image)
{
    const struct sim_area *area = other_area(server, image);
    struct rig_trailer_geometry geometry;
    struct rig_trailer_layout layout;
    uint32_t start, n_bytes;

    sim_boot_geometry(server->boot, server->flash, area, &geometry);
    if (!rig_trailer_layout(&geometry, &layout) ||
        !sim_flash_sector_at(server->flash, area->device, area->offset + layout.status, &start, &n_bytes) ||
        start < area->offset)
        return 0;
    return start - area->offset;
}

/* The trailer's sectors and what lies below an upload's area. */
static enum sim_status erase_trailer(const struct sim_server *server, unsigned image)
{
    const struct sim_area *area = other_area(server, image);
    uint32_t trailer = trailer_offset(server, image);
    uint32_t below = upload_area(server, image).offset - area->offset;
    enum sim_status status = SIM_OK;

    if (below > 0)
        status = sim_flash_erase(server->flash, area->device, area->offset, below);
    if (status == SIM_OK)
        status =
            sim_flash_erase(server->flash, area->device, area->offset + trailer, area->n_bytes - trailer);
    return status;
}

/* What an image of so many bytes covers, down to the slot's start, and the trailer; what lies between them
 * stays. An erased slot is left alone. */
static enum sim_status erase_for_image(const struct sim_server *server, unsigned image, uint32_t n_bytes)
{
    const struct sim_area *area = other_area(server, image);
    uint32_t end = upload_area(server, image).offset - area->offset + n_bytes;
    uint32_t trailer = trailer_offset(server, image);
    uint32_t start, n_sector;
    enum sim_status status = SIM_OK;

    if (is_erased(server, area))
        return SIM_OK;
    if (end > 0 &&
        sim_flash_sector_at(server->flash, area->device, area->offset + end - 1, &start, &n_sector))
        end = start + n_sector - area->offset;
    if (end > area->n_bytes) /* an image as large as the slot does not fit behind its first sector */
        return SIM_OUT_OF_RANGE;
    if (end > 0)
        status = sim_flash_erase(server->flash, area->device, area->offset, end);
    if (status == SIM_OK && trailer >= end)
        status =
            sim_flash_erase(server->flash, area->device, area->offset + trailer, area->n_bytes - trailer);
    return status;
}

/* The slot for updates holds what must not be touched: 0, or the image group's code. */
static unsigned refusal_of(const struct sim_server *server, unsigned image, bool erase)
{
    enum next_boot next = next_boot_of(server, image);
    uint32_t defects = server->config->defects;
    bool pending = next == NEXT_TESTS || next == NEXT_OTHER;

    if (server->boot->mode == RIG_SWAP_DIRECT_XIP || server->boot->mode == RIG_SWAP_RAM_LOAD)
        return 0;
    if (next == NEXT_REVERTS && !(!erase && (defects & SIM_APP_DEFECT_UPLOAD_IN_TRIAL)))
        return RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    if (pending && !server->config->erase_pending_allowed &&
        !(erase && (defects & SIM_APP_DEFECT_ERASES_PENDING)))
        return RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    return 0;
}

static bool defective(const struct sim_server *server, enum sim_app_defect defect)
{
    return (server->config->defects & (uint32_t)defect) != 0;
}

/* The server's variables say by the largest number that nothing came. */
static bool is_given(const struct rig_smp_value *value)
{
    return value->present && value->number != UINT32_MAX;
}

static unsigned check_first(const struct rig_smp_request *request)
{
    static const uint8_t magic[4] = {0x3d, 0xb8, 0xf3, 0x96};
    const struct rig_smp_value *chunk = &request->keys[RIG_SMP_KEY_CHUNK];

    if (chunk->n_bytes < RIG_IMAGE_HEADER_BYTES)
        return RIG_SMP_IMAGE_RC_SHORT_HEADER;
    if (!is_given(&request->keys[RIG_SMP_KEY_LEN]))
        return RIG_SMP_IMAGE_RC_NO_LEN;
    if (memcmp(chunk->bytes, magic, sizeof magic) != 0)
        return RIG_SMP_IMAGE_RC_BAD_MAGIC;
    if (request->keys[RIG_SMP_KEY_SHA].n_bytes > RIG_IMAGE_HASH_BYTES)
        return RIG_SMP_IMAGE_RC_BAD_HASH;
    return 0;
}

static bool resumes(const struct sim_server *server, const struct rig_smp_request *request)
{
    const struct sim_upload *upload = &server->app->upload;
    const struct rig_smp_value *sha = &request->keys[RIG_SMP_KEY_SHA];

    return upload->active && sha->n_bytes > 0 && sha->n_bytes == upload->n_sha &&
           memcmp(sha->bytes, upload->sha, upload->n_sha) == 0 &&
           !defective(server, SIM_APP_DEFECT_NO_RESUME);
}

static bool is_newer(const struct sim_server *server, const uint8_t *header_bytes)
{
    struct sim_running running;
    struct rig_image_header header;

    sim_app_look(server->boot, server->flash, server->slot, NULL, &running);
    rig_image_header_decode(header_bytes, &header);
    return !running.has_image || rig_image_version_compare(&header.version, &running.version, false) > 0;
}

static unsigned pick_slot(const struct sim_server *server, const struct rig_smp_request *request,
                          unsigned *image)
{
    const struct rig_smp_value *len = &request->keys[RIG_SMP_KEY_LEN];
    uint64_t number = server->boot->n_images > 1 ? request->keys[RIG_SMP_KEY_IMAGE].number : 0;

    if (number >= server->boot->n_images)
        return RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    *image = (unsigned)number;

    unsigned refusal = refusal_of(server, *image, false);

    if (refusal)
        return refusal;
    if (len->number > other_area(server, *image)->n_bytes)
        return RIG_SMP_IMAGE_RC_TOO_LARGE;
    if (request->keys[RIG_SMP_KEY_UPGRADE].number &&
        !is_newer(server, request->keys[RIG_SMP_KEY_CHUNK].bytes))
        return RIG_SMP_IMAGE_RC_OLDER;
    return 0;
}

/* Erases the sectors that area offsets below end lie in and that are not erased yet. */
static enum sim_status erase_up_to(const struct sim_server *server, uint32_t end)
{
    struct sim_upload *upload = &server->app->upload;
    struct sim_area area = upload_area(server, upload->image);
    enum sim_status status = SIM_OK;

    while (status == SIM_OK && upload->erased_end < end && upload->erased_end < area.n_bytes) {
        uint32_t start, n_bytes;

        if (!sim_flash_sector_at(server->flash, area.device, area.offset + upload->erased_end, &start,
                                 &n_bytes))
            return SIM_OUT_OF_RANGE;
        status = sim_flash_erase(server->flash, area.device, start, n_bytes);
        upload->erased_end = start + n_bytes - area.offset;
    }
    return status;
}

/* The trailer goes first in both ways of erasing: whatever it asked for belonged to the image that is being
 * replaced. */
static unsigned prepare_slot(const struct sim_server *server, uint32_t n_bytes)
{
    enum sim_status status = server->config->progressive_erase
                                 ? erase_trailer(server, server->app->upload.image)
                                 : erase_for_image(server, server->app->upload.image, n_bytes);

    if (!server->config->progressive_erase)
        server->app->upload.erased_end = UINT32_MAX;
    return status == SIM_OK ? 0 : IMAGE_RC_FLASH_ERASE;
}

static unsigned restart(struct sim_server *server, const struct rig_smp_request *request)
{
    const struct rig_smp_value *sha = &request->keys[RIG_SMP_KEY_SHA];
    struct sim_upload *upload = &server->app->upload;
    unsigned image = 0;
    unsigned rc = pick_slot(server, request, &image);

    if (rc)
        return rc;
    memset(upload, 0, sizeof *upload);
    upload->image = (uint8_t)image;
    rc = prepare_slot(server, (uint32_t)request->keys[RIG_SMP_KEY_LEN].number);
    if (rc)
        return rc;
    upload->active = true;
    upload->n_total = (uint32_t)request->keys[RIG_SMP_KEY_LEN].number;
    upload->n_sha = (uint8_t)sha->n_bytes;
    if (sha->n_bytes > 0)
        memcpy(upload->sha, sha->bytes, sha->n_bytes);
    return 0;
}

static enum sim_status write_units(const struct sim_server *server, uint32_t at, const uint8_t *bytes,
                                   size_t n_bytes)
{
    struct sim_area area = upload_area(server, server->app->upload.image);
    uint32_t trailer = trailer_offset(server, server->app->upload.image);
    uint32_t below = area.offset - other_area(server, server->app->upload.image)->offset;

    if (n_bytes == 0)
        return SIM_OK;
    if (at > area.n_bytes || n_bytes > area.n_bytes - at)
        return SIM_OUT_OF_RANGE;

    /* Progressive erase leaves alone the trailer's sectors, which were erased at the start. */
    uint32_t end = at + (uint32_t)n_bytes;
    uint32_t limit = trailer > below ? trailer - below : 0;
    enum sim_status status = erase_up_to(server, end < limit ? end : limit);

    return status == SIM_OK ? sim_flash_write(server->flash, area.device, area.offset + at, bytes, n_bytes)
                            : status;
}

/* Whole units go out, the rest waits in the tail. */
static enum sim_status append(const struct sim_server *server, const uint8_t *bytes, size_t n_bytes)
{
    struct sim_upload *upload = &server->app->upload;
    struct sim_area area = upload_area(server, upload->image);
    uint32_t unit = sim_flash_device(server->flash, area.device)->write_bytes;
    uint32_t at = upload->offset - upload->n_tail;
    enum sim_status status = SIM_OK;

    if (n_bytes == 0) /* a chunk may be empty, and then its bytes are nowhere */
        return SIM_OK;
    if (upload->n_tail > 0) {
        size_t n_fill = unit - upload->n_tail < n_bytes ? unit - upload->n_tail : n_bytes;

        memcpy(upload->tail + upload->n_tail, bytes, n_fill);
        upload->n_tail = (uint8_t)(upload->n_tail + n_fill);
        bytes += n_fill;
        n_bytes -= n_fill;
        if (upload->n_tail < unit)
            return SIM_OK;
        status = write_units(server, at, upload->tail, unit);
        upload->n_tail = 0;
        at += unit;
    }
    size_t n_whole = n_bytes / unit * unit;

    if (status == SIM_OK)
        status = write_units(server, at, bytes, n_whole);
    upload->n_tail = (uint8_t)(n_bytes - n_whole);
    if (upload->n_tail > 0)
        memcpy(upload->tail, bytes + n_whole, upload->n_tail);
    return status;
}

static enum sim_status flush_tail(const struct sim_server *server)
{
    struct sim_upload *upload = &server->app->upload;
    struct sim_area area = upload_area(server, upload->image);
    const struct sim_flash_device_config *device = sim_flash_device(server->flash, area.device);

    if (upload->n_tail == 0)
        return SIM_OK;
    memset(upload->tail + upload->n_tail, device->erased, device->write_bytes - upload->n_tail);
    return write_units(server, upload->offset - upload->n_tail, upload->tail, device->write_bytes);
}

static void finish_upload(struct sim_server *server)
{
    memset(&server->app->upload, 0, sizeof server->app->upload);
    server->app->n_uploads++;
    server->retained->rebooted_in_upload = false;
}

static void put_offset(struct sim_reply *reply, uint32_t offset)
{
    rig_cbor_put_text(reply->writer, "off");
    rig_cbor_put_uint(reply->writer, offset);
}

static bool reboots_now(const struct sim_server *server)
{
    const struct sim_upload *upload = &server->app->upload;

    return defective(server, SIM_APP_DEFECT_REBOOTS_IN_UPLOAD) && !server->retained->rebooted_in_upload &&
           upload->offset >= upload->n_total / 2;
}

static void take_chunk(struct sim_server *server, const struct rig_smp_value *chunk, struct sim_reply *reply)
{
    struct sim_upload *upload = &server->app->upload;
    enum sim_status status = append(server, chunk->bytes, chunk->n_bytes);

    upload->offset += (uint32_t)chunk->n_bytes;
    if (status == SIM_OK && upload->offset == upload->n_total)
        status = flush_tail(server);
    if (status != SIM_OK) {
        memset(upload, 0, sizeof *upload);
        reply->group_rc = RIG_SMP_IMAGE_RC_FLASH_WRITE;
        return;
    }
    if (reboots_now(server)) {
        server->retained->rebooted_in_upload = true;
        server->app->crash_wanted = true;
        reply->silent = true;
        return;
    }
    put_offset(reply, upload->offset);
    if (upload->offset == upload->n_total)
        finish_upload(server);
}

static void first_chunk(struct sim_server *server, const struct rig_smp_request *request,
                        struct sim_reply *reply)
{
    reply->group_rc = check_first(request);
    if (reply->group_rc)
        return;
    if (resumes(server, request)) {
        put_offset(reply, server->app->upload.offset);
        return;
    }
    reply->group_rc = restart(server, request);
    if (!reply->group_rc)
        take_chunk(server, &request->keys[RIG_SMP_KEY_CHUNK], reply);
}

static void later_chunk(struct sim_server *server, const struct rig_smp_request *request,
                        struct sim_reply *reply)
{
    const struct rig_smp_value *chunk = &request->keys[RIG_SMP_KEY_CHUNK];
    struct sim_upload *upload = &server->app->upload;
    bool wrong = request->keys[RIG_SMP_KEY_OFF].number != upload->offset;

    if (!upload->active || (wrong && !defective(server, SIM_APP_DEFECT_ACCEPTS_WRONG_OFFSET))) {
        put_offset(reply, upload->offset);
        return;
    }
    if (upload->offset > upload->n_total || chunk->n_bytes > upload->n_total - upload->offset) {
        reply->group_rc = RIG_SMP_IMAGE_RC_OVERRUN;
        return;
    }
    take_chunk(server, chunk, reply);
}

static const char *reason_for(unsigned rc)
{
    switch (rc) {
    case RIG_SMP_IMAGE_RC_NO_FREE_SLOT:
        return "no slot";
    case RIG_SMP_IMAGE_RC_FLASH_WRITE:
        return "fa write fail";
    case IMAGE_RC_FLASH_ERASE:
        return "fa erase fail";
    case RIG_SMP_IMAGE_RC_NO_OFF:
    case RIG_SMP_IMAGE_RC_NO_LEN:
    case RIG_SMP_IMAGE_RC_SHORT_HEADER:
        return "header malformed";
    case RIG_SMP_IMAGE_RC_BAD_MAGIC:
        return "magic mismatch";
    case RIG_SMP_IMAGE_RC_OLDER:
        return "downgrade";
    case RIG_SMP_IMAGE_RC_TOO_LARGE:
        return "img too large";
    case RIG_SMP_IMAGE_RC_OVERRUN:
        return "data overrun";
    default:
        return NULL;
    }
}

static void take_upload(struct sim_server *server, const struct rig_smp_request *request,
                        struct sim_reply *reply)
{
    const struct rig_smp_value *off = &request->keys[RIG_SMP_KEY_OFF];

    if (defective(server, SIM_APP_DEFECT_SECOND_UPLOAD_DEAD) && server->app->n_uploads > 0) {
        reply->silent = true;
        return;
    }
    if (!is_given(off))
        reply->group_rc = RIG_SMP_IMAGE_RC_NO_OFF;
    else if (off->number == 0)
        first_chunk(server, request, reply);
    else
        later_chunk(server, request, reply);
    /* Whatever is refused ends the upload that is running. */
    if (reply->group_rc)
        memset(&server->app->upload, 0, sizeof server->app->upload);
    reply->reason = reason_for(reply->group_rc);
}

static void put_flag(struct rig_cbor_writer *writer, const char *name, bool value)
{
    rig_cbor_put_text(writer, name);
    rig_cbor_put_bool(writer, value);
}

static void version_text(const struct rig_image_version *version, char *text, size_t room)
{
    int n = snprintf(text, room, "%u.%u.%u", version->major, version->minor, version->revision);

    if (version->build != 0 && n > 0)
        snprintf(text + n, room - (size_t)n, ".%lu", (unsigned long)version->build);
}

static void put_slot(const struct sim_server *server, struct rig_cbor_writer *writer,
                     const struct sim_slot *slot)
{
    char version[RIG_IMAGE_VERSION_TEXT_BYTES];

    version_text(&slot->version, version, sizeof version);
    rig_cbor_put_open_map(writer);
    if (server->boot->n_images > 1) {
        rig_cbor_put_text(writer, "image");
        rig_cbor_put_uint(writer, slot->image);
    }
    rig_cbor_put_text(writer, "slot");
    rig_cbor_put_uint(writer, slot->slot);
    rig_cbor_put_text(writer, "version");
    rig_cbor_put_text(writer, version);
    rig_cbor_put_text(writer, "hash");
    rig_cbor_put_bytes(writer, slot->hash, slot->n_hash);
    put_flag(writer, "bootable", slot->bootable);
    put_flag(writer, "pending", slot->pending);
    put_flag(writer, "confirmed", slot->confirmed);
    put_flag(writer, "active", slot->active);
    put_flag(writer, "permanent", slot->permanent);
    rig_cbor_put_break(writer);
}

static void put_state(const struct sim_server *server, struct sim_reply *reply)
{
    struct sim_slot slots[2 * SIM_BOOT_MAX_IMAGES];
    size_t n_slots = list_slots(server, slots);

    rig_cbor_put_text(reply->writer, "images");
    rig_cbor_put_open_array(reply->writer);
    for (size_t i = 0; i < n_slots; i++)
        put_slot(server, reply->writer, &slots[i]);
    rig_cbor_put_break(reply->writer);
    rig_cbor_put_text(reply->writer, "splitStatus");
    rig_cbor_put_uint(reply->writer, 0);
}

static unsigned confirm_running(const struct sim_server *server, unsigned image)
{
    enum next_boot next = next_boot_of(server, image);

    if (next == NEXT_TESTS || next == NEXT_OTHER)
        return RIG_SMP_IMAGE_RC_PENDING;
    if (server->config->defects & SIM_APP_DEFECT_CONFIRM_DOES_NOTHING)
        return 0;
    return sim_boot_set_confirmed(server->boot, server->flash, image) == SIM_OK
               ? 0
               : RIG_SMP_IMAGE_RC_FLASH_WRITE;
}

static unsigned schedule(const struct sim_server *server, unsigned image, bool permanent)
{
    enum next_boot next = next_boot_of(server, image);

    /* The fallback of a trial run: confirming it changes nothing, testing it is refused. */
    if (next == NEXT_REVERTS)
        return permanent ? 0 : RIG_SMP_IMAGE_RC_PENDING;
    if (next == (permanent ? NEXT_OTHER : NEXT_TESTS))
        return 0;
    if (next == NEXT_TESTS || next == NEXT_OTHER)
        return RIG_SMP_IMAGE_RC_PENDING;
    return sim_boot_set_pending(server->boot, server->flash, image, permanent) == SIM_OK
               ? 0
               : RIG_SMP_IMAGE_RC_FLASH_WRITE;
}

/* img_mgmt_set_next_boot_slot() of builds for direct-XIP with revert: the trailer alone decides. */
static unsigned give_leave(const struct sim_server *server, unsigned image, unsigned slot, bool confirm)
{
    bool active = slot == active_slot(server);

    if (active && !confirm)
        return RIG_SMP_IMAGE_RC_ACTIVE_DENIED;
    if (active && (server->config->defects & SIM_APP_DEFECT_CONFIRM_DOES_NOTHING))
        return 0;
    enum sim_status status = sim_boot_set_next(server->boot, server->flash, image, slot, confirm);

    if (status == SIM_NOT_ERASED)
        return RIG_SMP_IMAGE_RC_BAD_MAGIC;
    return status == SIM_OK ? 0 : RIG_SMP_IMAGE_RC_FLASH_WRITE;
}

static unsigned set_next(const struct sim_server *server, unsigned image, unsigned slot, bool confirm)
{
    if (rig_swap_mode_starts_by_trailer(server->boot->mode))
        return give_leave(server, image, slot, confirm);
    if (slot != active_slot(server))
        return schedule(server, image, confirm);
    return confirm ? confirm_running(server, image) : RIG_SMP_IMAGE_RC_ACTIVE_DENIED;
}

static const struct sim_slot *find_hash(const struct sim_slot *slots, size_t n_slots, const uint8_t *hash,
                                        bool any_other)
{
    for (size_t i = 0; i < n_slots; i++) {
        if (any_other ? !slots[i].active : memcmp(slots[i].hash, hash, slots[i].n_hash) == 0)
            return &slots[i];
    }
    return NULL;
}

static unsigned mark(const struct sim_server *server, const struct rig_smp_request *request)
{
    const struct rig_smp_value *hash = &request->keys[RIG_SMP_KEY_HASH];
    bool confirm = request->keys[RIG_SMP_KEY_CONFIRM].number != 0;
    struct sim_slot slots[2 * SIM_BOOT_MAX_IMAGES];
    bool any = server->config->defects & SIM_APP_DEFECT_WRONG_HASH_ACCEPTED;

    if (hash->n_bytes == 0)
        return confirm ? set_next(server, 0, active_slot(server), true) : RIG_SMP_IMAGE_RC_BAD_HASH;
    if (hash->n_bytes != rig_image_hash_bytes(hash_type(server)))
        return RIG_SMP_IMAGE_RC_BAD_HASH;

    const struct sim_slot *slot = find_hash(slots, list_slots(server, slots), hash->bytes, any);

    if (!slot)
        return RIG_SMP_IMAGE_RC_HASH_NOT_FOUND;
    unsigned rc = set_next(server, slot->image, slot->slot, confirm);

    server->app->maintenance.marked |= rc == 0 && slot->slot != active_slot(server);
    return rc;
}

/* Only a slot whose image can be read is in use. */
static unsigned erase_refusal(const struct sim_server *server, unsigned image, unsigned slot)
{
    struct sim_area area = listed_area(server, image, slot, next_boot_of(server, image));
    struct sim_slot found;

    if (!read_slot(server, &area, &found))
        return 0;
    return slot == active_slot(server) ? RIG_SMP_IMAGE_RC_NO_FREE_SLOT : refusal_of(server, image, true);
}

static void erase(struct sim_server *server, const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *asked = &request->keys[RIG_SMP_KEY_SLOT];
    uint64_t number = asked->present ? asked->number : 1 - active_slot(server);
    unsigned image = (unsigned)(number / 2), slot = (unsigned)(number % 2);
    bool exists = number < 2 * (uint64_t)server->boot->n_images;

    if (exists)
        reply->group_rc = erase_refusal(server, image, slot);
    if (reply->group_rc)
        return;
    memset(&server->app->upload, 0, sizeof server->app->upload);
    if (!exists)
        reply->group_rc = IMAGE_RC_FLASH_OPEN;
    else if (erase_slot(server, slot_area(server, image, slot)) != SIM_OK)
        reply->group_rc = IMAGE_RC_FLASH_ERASE;
}

static void put_slot_size(struct rig_cbor_writer *writer, unsigned image, unsigned slot, bool active,
                          const struct sim_area *area)
{
    rig_cbor_put_open_map(writer);
    rig_cbor_put_text(writer, "slot");
    rig_cbor_put_uint(writer, slot);
    rig_cbor_put_text(writer, "size");
    rig_cbor_put_uint(writer, area->n_bytes);
    if (!active) {
        rig_cbor_put_text(writer, "upload_image_id");
        rig_cbor_put_uint(writer, image);
    }
    rig_cbor_put_break(writer);
}

static void slot_sizes(const struct sim_server *server, struct rig_cbor_writer *writer)
{
    rig_cbor_put_text(writer, "images");
    rig_cbor_put_open_array(writer);
    for (unsigned image = 0; image < server->boot->n_images; image++) {
        rig_cbor_put_open_map(writer);
        rig_cbor_put_text(writer, "image");
        rig_cbor_put_uint(writer, image);
        rig_cbor_put_text(writer, "slots");
        rig_cbor_put_open_array(writer);
        put_slot_size(writer, image, 0, active_slot(server) == 0, &server->boot->primary[image]);
        put_slot_size(writer, image, 1, active_slot(server) == 1, &server->boot->secondary[image]);
        rig_cbor_put_break(writer);
        rig_cbor_put_break(writer);
    }
    rig_cbor_put_break(writer);
}

static void state(const struct sim_server *server, const struct rig_smp_request *request,
                  struct sim_reply *reply)
{
    /* img_mgmt_handlers[] has no write where versions alone decide. */
    if (request->header.op == RIG_SMP_WRITE && server->boot->mode == RIG_SWAP_DIRECT_XIP) {
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
        return;
    }
    if (request->header.op == RIG_SMP_WRITE)
        reply->group_rc = mark(server, request);
    if (!reply->group_rc)
        put_state(server, reply);
}

void sim_image_handle(struct sim_server *server, const struct rig_smp_request *request,
                      struct sim_reply *reply)
{
    /* MCUMGR_GRP_IMG depends on !MCUBOOT_BOOTLOADER_MODE_SINGLE_APP. */
    if (server->boot->mode == RIG_SWAP_SINGLE) {
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
        return;
    }
    switch (request->header.command) {
    case RIG_SMP_IMAGE_STATE:
        state(server, request, reply);
        break;
    case RIG_SMP_IMAGE_UPLOAD:
        take_upload(server, request, reply);
        break;
    case RIG_SMP_IMAGE_ERASE:
        erase(server, request, reply);
        break;
    case RIG_SMP_IMAGE_SLOT_INFO:
        slot_sizes(server, reply->writer);
        break;
    default:
        reply->rc = RIG_SMP_RC_NOT_SUPPORTED;
    }
}
