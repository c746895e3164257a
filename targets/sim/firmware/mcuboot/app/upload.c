/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image upload: the server algorithm of img_mgmt, writes gathered to whole write units. */
#include "sim/firmware/mcuboot/app/app.h"

#include <string.h>

#define IMAGE_RC_FLASH_ERASE 13

static bool defective(const struct sim_server *server, enum sim_app_defect defect)
{
    return (server->config->defects & (uint32_t)defect) != 0;
}

static unsigned check_first(const struct rig_smp_request *request)
{
    static const uint8_t magic[4] = {0x3d, 0xb8, 0xf3, 0x96};
    const struct rig_smp_value *chunk = &request->keys[RIG_SMP_KEY_CHUNK];

    if (chunk->n_bytes < RIG_IMAGE_HEADER_BYTES)
        return RIG_SMP_IMAGE_RC_SHORT_HEADER;
    if (!request->keys[RIG_SMP_KEY_LEN].present)
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

    sim_app_look(server->boot, server->flash, NULL, &running);
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

    unsigned refusal = sim_slots_refusal(server, *image, false);

    if (refusal)
        return refusal;
    if (len->number > sim_slots_upload_area(server, *image).n_bytes)
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
    struct sim_area area = sim_slots_upload_area(server, upload->image);
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
static unsigned prepare_slot(const struct sim_server *server)
{
    enum sim_status status = server->config->progressive_erase
                                 ? sim_slots_erase_trailer(server, server->app->upload.image)
                                 : sim_slots_erase(server, server->app->upload.image);

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
    rc = prepare_slot(server);
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
    struct sim_area area = sim_slots_upload_area(server, server->app->upload.image);
    uint32_t trailer = sim_slots_trailer_offset(server, server->app->upload.image);
    uint32_t below = area.offset - server->boot->secondary[server->app->upload.image].offset;

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
    struct sim_area area = sim_slots_upload_area(server, upload->image);
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
    struct sim_area area = sim_slots_upload_area(server, upload->image);
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
    case RIG_SMP_IMAGE_RC_SHORT_HEADER:
        return "header malformed";
    case RIG_SMP_IMAGE_RC_BAD_MAGIC:
        return "magic mismatch";
    case RIG_SMP_IMAGE_RC_OLDER:
        return "downgrade";
    default:
        return NULL;
    }
}

void sim_upload_handle(struct sim_server *server, const struct rig_smp_request *request,
                       struct sim_reply *reply)
{
    const struct rig_smp_value *off = &request->keys[RIG_SMP_KEY_OFF];

    if (defective(server, SIM_APP_DEFECT_SECOND_UPLOAD_DEAD) && server->app->n_uploads > 0) {
        reply->silent = true;
        return;
    }
    if (!off->present)
        reply->group_rc = RIG_SMP_IMAGE_RC_NO_OFF;
    else if (off->number == 0)
        first_chunk(server, request, reply);
    else
        later_chunk(server, request, reply);
    reply->reason = reason_for(reply->group_rc);
}
