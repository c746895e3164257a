/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flash and the memo as a guest sees them. Guest memory is touched before and after harness code runs,
 * never by it: a bad pointer of the guest must not leave the flash half-way. */
#include "sim/boot/guest/services.h"

#include <string.h>

/* Begins an access; a guest that makes too many is thrown out. */
static void enter(struct sim_guest *guest)
{
    if (++guest->n_accesses > GUEST_MAX_ACCESSES) {
        guest_throw_out(guest, SIGVTALRM);
    }
    guest->in_service = 1;
}

static void leave(struct sim_guest *guest)
{
    guest->in_service = 0;
    if (guest->expired) {
        guest_throw_out(guest, SIGVTALRM);
    }
}

static const struct sim_area *area_of(const struct sim_guest *guest, uint32_t area, uint32_t offset,
                                      uint32_t n_bytes)
{
    if (area >= RIG_N_AREAS || offset > guest->areas[area].n_bytes ||
        n_bytes > guest->areas[area].n_bytes - offset) {
        return NULL;
    }
    return &guest->areas[area];
}

static int answer(enum sim_status status)
{
    return status == SIM_OK ? 0 : -(int)status;
}

static int service_read(void *harness, uint32_t area, uint32_t offset, void *into, uint32_t n_bytes)
{
    struct sim_guest *guest = harness;
    const struct sim_area *where = area_of(guest, area, offset, n_bytes);
    if (where == NULL || n_bytes > GUEST_BUFFER_BYTES) {
        return answer(SIM_OUT_OF_RANGE);
    }
    enter(guest);
    enum sim_status status =
        sim_flash_read(guest->flash, where->device, where->offset + offset, guest->buffer, n_bytes);
    leave(guest);
    memcpy(into, guest->buffer, n_bytes);
    return answer(status);
}

static int service_write(void *harness, uint32_t area, uint32_t offset, const void *bytes, uint32_t n_bytes)
{
    struct sim_guest *guest = harness;
    const struct sim_area *where = area_of(guest, area, offset, n_bytes);
    if (where == NULL || n_bytes > GUEST_BUFFER_BYTES) {
        return answer(SIM_OUT_OF_RANGE);
    }
    memcpy(guest->buffer, bytes, n_bytes);
    enter(guest);
    enum sim_status status =
        sim_flash_write(guest->flash, where->device, where->offset + offset, guest->buffer, n_bytes);
    leave(guest);
    return answer(status);
}

static int service_erase(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes)
{
    struct sim_guest *guest = harness;
    const struct sim_area *where = area_of(guest, area, offset, n_bytes);
    if (where == NULL) {
        return answer(SIM_OUT_OF_RANGE);
    }
    enter(guest);
    enum sim_status status = sim_flash_erase(guest->flash, where->device, where->offset + offset, n_bytes);
    leave(guest);
    return answer(status);
}

static int service_sector(void *harness, uint32_t area, uint32_t offset, uint32_t *start, uint32_t *n_bytes)
{
    struct sim_guest *guest = harness;
    const struct sim_area *where = area_of(guest, area, offset, 1);
    uint32_t first, length;
    if (where == NULL ||
        !sim_flash_sector_at(guest->flash, where->device, where->offset + offset, &first, &length) ||
        first < where->offset) {
        return answer(SIM_OUT_OF_RANGE);
    }
    *start = first - where->offset;
    *n_bytes = length;
    return 0;
}

/* Content, salt and length: the hash does not depend on where in the flash the bytes lie, as long as pages
 * are met alike. */
static bool hash_of(struct sim_guest *guest, uint32_t area, uint32_t offset, uint32_t n_bytes, uint32_t salt,
                    uint64_t hash[2])
{
    const struct sim_area *where = area_of(guest, area, offset, n_bytes);
    enter(guest);
    bool known = where != NULL &&
                 sim_flash_range_hash(guest->flash, where->device, where->offset + offset, n_bytes, hash);
    leave(guest);
    if (known) {
        hash[0] = (hash[0] ^ salt) * 0x9e3779b97f4a7c15u;
        hash[1] = (hash[1] + salt) * 0xc2b2ae3d27d4eb4fu;
    }
    return known;
}

static int service_recall(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes, uint32_t salt,
                          uint32_t *verdict)
{
    struct sim_guest *guest = harness;
    uint64_t hash[2];
    if (!hash_of(guest, area, offset, n_bytes, salt, hash)) {
        return answer(SIM_OUT_OF_RANGE);
    }
    const struct guest_verdict *kept = &guest->verdicts[(hash[0] >> 20) % GUEST_N_VERDICTS];
    if (!kept->used || kept->hash[0] != hash[0] || kept->hash[1] != hash[1]) {
        return -1;
    }
    *verdict = kept->verdict;
    return 0;
}

static void service_remember(void *harness, uint32_t area, uint32_t offset, uint32_t n_bytes, uint32_t salt,
                             uint32_t verdict)
{
    struct sim_guest *guest = harness;
    uint64_t hash[2];
    if (hash_of(guest, area, offset, n_bytes, salt, hash)) {
        guest->verdicts[(hash[0] >> 20) % GUEST_N_VERDICTS] =
            (struct guest_verdict){true, {hash[0], hash[1]}, verdict};
    }
}

void guest_fill_services(struct sim_guest *guest, struct rig_services *services)
{
    *services = (struct rig_services){.n_bytes = sizeof *services,
                                      .harness = guest,
                                      .read = service_read,
                                      .write = service_write,
                                      .erase = service_erase,
                                      .sector = service_sector,
                                      .recall = service_recall,
                                      .remember = service_remember};
    for (unsigned i = 0; i < RIG_N_AREAS; i++) {
        const struct sim_flash_device_config *device = sim_flash_device(guest->flash, guest->areas[i].device);
        services->areas[i] =
            (struct rig_area_geometry){guest->areas[i].n_bytes, device->write_bytes, device->erased};
    }
}
