/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes and verdicts by content. */
#include "sim/firmware/mcuboot/guest/memo.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define N_ENTRIES 1024u
#define CHUNK_BYTES 4096u

struct digest_entry {
    bool used;
    uint64_t content[2];
    uint32_t n_bytes, offset_in_page;
    uint8_t digest[BOOTLOADER_SHA256_BYTES];
};

struct verdict_entry {
    uint8_t *key;
    size_t n_bytes;
    int32_t verdict;
};

struct guest_memo {
    struct digest_entry digests[N_ENTRIES];
    struct verdict_entry verdicts[N_ENTRIES];
};

struct guest_memo *guest_memo_new(void)
{
    return calloc(1, sizeof(struct guest_memo));
}

void guest_memo_free(struct guest_memo *memo)
{
    for (unsigned i = 0; memo && i < N_ENTRIES; i++)
        free(memo->verdicts[i].key);
    free(memo);
}

static bool compute(const struct sim_flash *flash, unsigned device, uint32_t offset, uint32_t n_bytes,
                    uint8_t *digest)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint8_t chunk[CHUNK_BYTES];
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;

    while (good && n_bytes > 0) {
        uint32_t n_now = n_bytes < CHUNK_BYTES ? n_bytes : CHUNK_BYTES;

        good = sim_flash_peek(flash, device, offset, chunk, n_now) == SIM_OK &&
               EVP_DigestUpdate(hash, chunk, n_now) == 1;
        offset += n_now;
        n_bytes -= n_now;
    }
    good = good && EVP_DigestFinal_ex(hash, digest, NULL) == 1;
    EVP_MD_CTX_free(hash);
    return good;
}

enum sim_status guest_memo_sha256(struct guest_memo *memo, const struct sim_flash *flash, unsigned device,
                                  uint32_t offset, uint32_t n_bytes, uint8_t digest[BOOTLOADER_SHA256_BYTES])
{
    struct digest_entry wanted = {
        .used = true, .n_bytes = n_bytes, .offset_in_page = offset % SIM_FLASH_PAGE_BYTES};

    if (!sim_flash_range_hash(flash, device, offset, n_bytes, wanted.content))
        return SIM_OUT_OF_RANGE;
    struct digest_entry *entry =
        &memo->digests[(wanted.content[0] ^ wanted.content[1] >> 17 ^ n_bytes) % N_ENTRIES];
    bool known = entry->used && entry->content[0] == wanted.content[0] &&
                 entry->content[1] == wanted.content[1] && entry->n_bytes == n_bytes &&
                 entry->offset_in_page == wanted.offset_in_page;

    if (!known) {
        if (!compute(flash, device, offset, n_bytes, wanted.digest))
            return SIM_NO_MEMORY;
        *entry = wanted;
    }
    memcpy(digest, entry->digest, sizeof entry->digest);
    return SIM_OK;
}

/* FNV-1a: it only spreads the entries, keys are compared in full. */
static unsigned place_of(const void *key, size_t n_bytes)
{
    const uint8_t *bytes = key;
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return (unsigned)((hash ^ hash >> 32) % N_ENTRIES);
}

bool guest_memo_recall(const struct guest_memo *memo, const void *key, size_t n_bytes, int32_t *verdict)
{
    const struct verdict_entry *entry = &memo->verdicts[place_of(key, n_bytes)];

    if (!entry->key || entry->n_bytes != n_bytes || memcmp(entry->key, key, n_bytes) != 0)
        return false;
    *verdict = entry->verdict;
    return true;
}

bool guest_memo_remember(struct guest_memo *memo, const void *key, size_t n_bytes, int32_t verdict)
{
    struct verdict_entry *entry = &memo->verdicts[place_of(key, n_bytes)];
    uint8_t *copy = malloc(n_bytes > 0 ? n_bytes : 1);

    if (!copy)
        return false;
    memcpy(copy, key, n_bytes);
    free(entry->key);
    *entry = (struct verdict_entry){copy, n_bytes, verdict};
    return true;
}
