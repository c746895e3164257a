/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seals of programs in the simulated flash, remembered by the flash's contents. */
#include "sim/firmware/nordic/sealed.h"

#include "base/bytes.h"

#include <string.h>

struct place {
    const struct sim_flash *flash;
    uint32_t at;
};

static bool read_place(const void *user, uint32_t offset, void *into, size_t n_bytes)
{
    const struct place *place = user;

    return offset <= UINT32_MAX - place->at &&
           sim_flash_peek(place->flash, SIM_FLASH_INTERNAL, place->at + offset, into, n_bytes) == SIM_OK;
}

static enum rig_nordic_seal recall(const struct rig_image_source *source, const struct place *place,
                                   uint32_t room_bytes, uint32_t length, struct sim_nordic_seal_memo *memo)
{
    uint64_t key[2];
    unsigned n = 0;

    if (!sim_flash_range_hash(place->flash, SIM_FLASH_INTERNAL, place->at, length, key))
        return RIG_NORDIC_DAMAGED;
    for (; n < SIM_NORDIC_SEAL_MEMO_ENTRIES; n++)
        if (memo->entries[n].at == place->at && memo->entries[n].n_bytes == length &&
            memcmp(memo->entries[n].key, key, sizeof key) == 0)
            return memo->entries[n].intact ? RIG_NORDIC_INTACT : RIG_NORDIC_DAMAGED;
    n = memo->next++ % SIM_NORDIC_SEAL_MEMO_ENTRIES;
    memo->entries[n].at = place->at;
    memo->entries[n].n_bytes = length;
    memcpy(memo->entries[n].key, key, sizeof key);
    memo->entries[n].intact = rig_nordic_read_seal(source, room_bytes, NULL) == RIG_NORDIC_INTACT;
    return memo->entries[n].intact ? RIG_NORDIC_INTACT : RIG_NORDIC_DAMAGED;
}

enum rig_nordic_seal sim_nordic_seal_at(const struct sim_flash *flash, uint32_t at, uint32_t room_bytes,
                                        struct sim_nordic_seal_memo *memo)
{
    struct place place = {.flash = flash, .at = at};
    struct rig_image_source source = {.read = read_place, .user = &place, .n_bytes = room_bytes};
    uint32_t length;

    if (!rig_nordic_sealed_length(&source, &length))
        return RIG_NORDIC_UNSEALED;
    if (length > room_bytes)
        return RIG_NORDIC_DAMAGED;
    return memo ? recall(&source, &place, room_bytes, length, memo)
                : rig_nordic_read_seal(&source, room_bytes, NULL);
}

bool sim_nordic_sealed_bytes(const struct sim_flash *flash, uint32_t at, uint32_t room_bytes,
                             uint32_t *n_bytes)
{
    struct place place = {.flash = flash, .at = at};
    struct rig_image_source source = {.read = read_place, .user = &place, .n_bytes = room_bytes};

    return rig_nordic_sealed_length(&source, n_bytes) && *n_bytes <= room_bytes;
}
