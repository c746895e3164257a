/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Remembered verdicts of image validation: a table of fixed size in which a newer entry replaces an older
 * one. */
#include "sim/firmware/mcuboot/boot/loader.h"

#include <stdlib.h>

#define N_ENTRIES 4096u

struct entry {
    bool used;
    struct memo_key key;
    enum rig_image_status status;
};

struct sim_boot_memo {
    uint64_t n_hits;
    struct entry entries[N_ENTRIES];
};

struct sim_boot_memo *sim_boot_memo_new(void)
{
    return calloc(1, sizeof(struct sim_boot_memo));
}

void sim_boot_memo_free(struct sim_boot_memo *memo)
{
    free(memo);
}

uint64_t sim_boot_memo_n_hits(const struct sim_boot_memo *memo)
{
    return memo->n_hits;
}

static struct entry *entry_of(struct sim_boot_memo *memo, const struct memo_key *key)
{
    return &memo->entries[(key->lane[0] ^ key->lane[1] >> 17) % N_ENTRIES];
}

bool memo_find(struct sim_boot_memo *memo, const struct memo_key *key, enum rig_image_status *status)
{
    const struct entry *entry = entry_of(memo, key);
    if (!entry->used || entry->key.lane[0] != key->lane[0] || entry->key.lane[1] != key->lane[1]) {
        return false;
    }
    *status = entry->status;
    memo->n_hits++;
    return true;
}

void memo_keep(struct sim_boot_memo *memo, const struct memo_key *key, enum rig_image_status status)
{
    *entry_of(memo, key) = (struct entry){.used = true, .key = *key, .status = status};
}
