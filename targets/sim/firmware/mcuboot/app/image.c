/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image group but for the upload: state, marking and confirming, erase, slot information. */
#include "sim/firmware/mcuboot/app/app.h"

#include <stdio.h>
#include <string.h>

enum image_rc { IMAGE_RC_FLASH_OPEN = 10, IMAGE_RC_FLASH_ERASE = 13 };

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
    rig_cbor_put_bytes(writer, slot->hash, sizeof slot->hash);
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
    size_t n_slots = sim_slots_list(server, slots);

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
    enum rig_swap_type type = sim_boot_swap_type(server->boot, server->flash, image);

    if (type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM)
        return RIG_SMP_IMAGE_RC_PENDING;
    if (server->config->defects & SIM_APP_DEFECT_CONFIRM_DOES_NOTHING)
        return 0;
    return sim_boot_set_confirmed(server->boot, server->flash, image) == SIM_OK
               ? 0
               : RIG_SMP_IMAGE_RC_FLASH_WRITE;
}

static unsigned schedule(const struct sim_server *server, unsigned image, bool permanent)
{
    enum rig_swap_type type = sim_boot_swap_type(server->boot, server->flash, image);
    enum rig_swap_type wanted = permanent ? RIG_SWAP_TYPE_PERM : RIG_SWAP_TYPE_TEST;

    /* The fallback of a trial run: confirming it changes nothing, testing it is refused. */
    if (type == RIG_SWAP_TYPE_REVERT)
        return permanent ? 0 : RIG_SMP_IMAGE_RC_PENDING;
    if (type == wanted)
        return 0;
    if (type == RIG_SWAP_TYPE_TEST || type == RIG_SWAP_TYPE_PERM)
        return RIG_SMP_IMAGE_RC_PENDING;
    return sim_boot_set_pending(server->boot, server->flash, image, permanent) == SIM_OK
               ? 0
               : RIG_SMP_IMAGE_RC_FLASH_WRITE;
}

static const struct sim_slot *find_hash(const struct sim_slot *slots, size_t n_slots, const uint8_t *hash,
                                        bool any_secondary)
{
    for (size_t i = 0; i < n_slots; i++) {
        if (any_secondary ? slots[i].slot == 1 : memcmp(slots[i].hash, hash, RIG_IMAGE_HASH_BYTES) == 0)
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
        return confirm ? confirm_running(server, 0) : RIG_SMP_IMAGE_RC_BAD_HASH;
    if (hash->n_bytes != RIG_IMAGE_HASH_BYTES)
        return RIG_SMP_IMAGE_RC_BAD_HASH;

    const struct sim_slot *slot = find_hash(slots, sim_slots_list(server, slots), hash->bytes, any);

    if (!slot)
        return RIG_SMP_IMAGE_RC_HASH_NOT_FOUND;
    if (slot->slot == 1)
        return schedule(server, slot->image, confirm);
    return confirm ? confirm_running(server, slot->image) : RIG_SMP_IMAGE_RC_ACTIVE_DENIED;
}

static void erase(struct sim_server *server, const struct rig_smp_request *request, struct sim_reply *reply)
{
    const struct rig_smp_value *asked = &request->keys[RIG_SMP_KEY_SLOT];
    uint64_t slot = asked->present ? asked->number : 1;
    unsigned image = (unsigned)(slot / 2);

    if (slot >= 2 * (uint64_t)server->boot->n_images)
        reply->group_rc = IMAGE_RC_FLASH_OPEN;
    else if (slot % 2 == 0)
        reply->group_rc = RIG_SMP_IMAGE_RC_NO_FREE_SLOT;
    else
        reply->group_rc = sim_slots_refusal(server, image, true);
    if (reply->group_rc)
        return;
    if (server->app->upload.active && server->app->upload.image == image)
        memset(&server->app->upload, 0, sizeof server->app->upload);
    if (sim_slots_erase(server, image) != SIM_OK)
        reply->group_rc = IMAGE_RC_FLASH_ERASE;
}

static void put_slot_size(struct rig_cbor_writer *writer, unsigned image, unsigned slot,
                          const struct sim_area *area)
{
    rig_cbor_put_open_map(writer);
    rig_cbor_put_text(writer, "slot");
    rig_cbor_put_uint(writer, slot);
    rig_cbor_put_text(writer, "size");
    rig_cbor_put_uint(writer, area->n_bytes);
    if (slot == 1) {
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
        put_slot_size(writer, image, 0, &server->boot->primary[image]);
        put_slot_size(writer, image, 1, &server->boot->secondary[image]);
        rig_cbor_put_break(writer);
        rig_cbor_put_break(writer);
    }
    rig_cbor_put_break(writer);
}

static void state(const struct sim_server *server, const struct rig_smp_request *request,
                  struct sim_reply *reply)
{
    if (request->header.op == RIG_SMP_WRITE)
        reply->group_rc = mark(server, request);
    if (!reply->group_rc)
        put_state(server, reply);
}

void sim_image_handle(struct sim_server *server, const struct rig_smp_request *request,
                      struct sim_reply *reply)
{
    switch (request->header.command) {
    case RIG_SMP_IMAGE_STATE:
        state(server, request, reply);
        break;
    case RIG_SMP_IMAGE_UPLOAD:
        sim_upload_handle(server, request, reply);
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
