/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs in the primary slot; names of defects. */
#include "sim/firmware/mcuboot/app/app.h"

#include <string.h>

const char *sim_app_defect_name(unsigned bit)
{
    static const char *const names[SIM_APP_N_DEFECTS] = {
        "accepts-wrong-offset", "reboots-in-upload",     "second-upload-dead", "confirm-does-nothing",
        "erases-pending",       "accepts-json",          "upload-in-trial",    "no-resume",
        "wrong-hash-accepted",  "maintenance-stays",     "maintenance-erases", "maintenance-outlives-reset",
        "maintenance-not-told", "maintenance-any-value",
    };

    return bit < SIM_APP_N_DEFECTS ? names[bit] : NULL;
}

static bool hash_fits(const struct rig_image_source *source, const struct rig_image_layout *layout,
                      const uint8_t stored[RIG_IMAGE_HASH_BYTES])
{
    uint8_t whole[RIG_IMAGE_HASH_MAX_BYTES], computed[RIG_IMAGE_HASH_MAX_BYTES];
    uint16_t type = 0;
    size_t n_bytes = rig_image_stored_hash_of_any(source, layout, &type, whole);

    return n_bytes && rig_image_compute_hash_of(type, source, layout, computed) == n_bytes &&
           memcmp(computed, whole, n_bytes) == 0 && memcmp(whole, stored, RIG_IMAGE_HASH_BYTES) == 0;
}

static bool is_intact(const struct sim_area_reader *reader, const struct rig_image_layout *layout,
                      const uint8_t stored[RIG_IMAGE_HASH_BYTES], struct sim_app_memo *memo)
{
    struct rig_image_source source = sim_area_source(reader);
    uint64_t key[2];

    if (!sim_flash_range_hash(reader->flash, reader->area.device, reader->area.offset, layout->end, key))
        return hash_fits(&source, layout, stored);
    for (unsigned i = 0; i < SIM_APP_MEMO_ENTRIES; i++) {
        if (memo->entries[i].n_bytes == layout->end && memcmp(memo->entries[i].key, key, sizeof key) == 0)
            return memo->entries[i].intact;
    }

    unsigned place = memo->next++ % SIM_APP_MEMO_ENTRIES;

    memcpy(memo->entries[place].key, key, sizeof key);
    memo->entries[place].n_bytes = layout->end;
    memo->entries[place].intact = hash_fits(&source, layout, stored);
    return memo->entries[place].intact;
}

void sim_app_look(const struct sim_boot_config *boot, const struct sim_flash *flash, unsigned slot,
                  struct sim_app_memo *memo, struct sim_running *running)
{
    struct sim_area_reader reader = {.flash = flash,
                                     .area = slot == 0 ? boot->primary[0] : boot->secondary[0]};
    struct rig_image_source source = sim_area_source(&reader);
    struct rig_image_layout layout;
    uint8_t bytes[SIM_APP_PERSONALITY_BYTES];

    memset(running, 0, sizeof *running);
    if (rig_image_read_layout(&source, reader.area.n_bytes, &layout) != RIG_IMAGE_OK)
        return;
    running->has_image = true;
    running->elsewhere = !rig_swap_mode_loads_ram(boot->mode) &&
                         (layout.header.flags & RIG_IMAGE_FLAG_ROM_FIXED) &&
                         layout.header.load_address != reader.area.offset;
    running->version = layout.header.version;
    bool hashed = rig_image_stored_hash(&source, &layout, running->hash) == RIG_IMAGE_OK;
    running->intact = memo && hashed && is_intact(&reader, &layout, running->hash, memo);
    if (layout.header.payload_bytes >= SIM_APP_PERSONALITY_BYTES &&
        source.read(source.user, layout.header.header_bytes, bytes, sizeof bytes))
        sim_app_read_personality(bytes, &running->personality);
}
